"""One way for operators to fail: a sentence in the panel and in the status bar, the rest in the log."""

import functools
import logging
from collections.abc import Callable
from typing import Any

from ..rig.errors import MocambaError
from .runtime import runtime

log = logging.getLogger(__name__)

Result = set[str]
Execute = Callable[[Any, Any], Result]


def told(execute: Execute) -> Execute:
    """`execute` of an operator, whose MocambaErrors are told and end it; in scripts they are RuntimeErrors."""

    @functools.wraps(execute)
    def run(self: Any, context: Any) -> Result:
        try:
            return execute(self, context)
        except MocambaError as error:
            log.info("%s refused", self.bl_idname, exc_info=True)
            text = str(error)
        except Exception as error:  # the boundary to Blender: its own pop-up would be a traceback
            log.exception("%s failed", self.bl_idname)
            text = f"That failed ({type(error).__name__}: {error}). The log in Help says more."
        runtime.say(text, error=True)
        self.report({"ERROR"}, text)
        return {"CANCELLED"}

    return run


def done(operator: Any, text: str) -> Result:
    """The usual end of an operator."""
    runtime.say(text)
    operator.report({"INFO"}, text)
    return {"FINISHED"}
