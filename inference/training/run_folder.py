"""The folder of a training run: what it was begun with, and what can go wrong in it."""

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ...rig.errors import BadInputError, FileFormatError, MocambaError
from ...rig.whole_file import whole_file, written

CONFIG = "config.json"
MAY_CHANGE = ("steps", "bone_steps")  # a run can be made longer


def begin_or_resume(folder: Path, config: Any) -> None:
    """Keep `config`, a dataclass, in a new run's folder. Raises BadInputError, with every difference, where the folder
    holds a run of another one."""
    path = folder / CONFIG
    mine = json.loads(json.dumps(asdict(config)))
    if not path.exists():
        with written(path):
            folder.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part:
            part.write_text(json.dumps(mine, indent=1) + "\n", encoding="utf-8")
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FileFormatError(path, "is damaged.", "Train into another folder.") from error
    if different := [*_differences(before, mine)]:
        raise BadInputError(
            f"{folder} holds a run of another configuration: {'; '.join(different)}. Go on with the old one, or train "
            f"into another folder."
        )


def _differences(before: Any, now: Any, name: str = "") -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}):
            if name or key not in MAY_CHANGE:
                yield from _differences(before.get(key), now.get(key), f"{name}.{key}" if name else key)
    elif before != now:
        yield f"{name} was {before} and is {now}"


@contextmanager
def explained(folder: Path, batch: int) -> Iterator[None]:
    """Raises MocambaError in place of what a full GPU or a full disk raises."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MocambaError(
            f"The GPU's memory is full with {batch} windows a step. Train with --batch {max(1, batch // 2)}, or close "
            f"what else uses the GPU; the run goes on from its last checkpoint."
        ) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise MocambaError(
            f"The disk of {folder} is full. The last checkpoint there is whole: make room, and the same command goes "
            f"on."
        ) from error
