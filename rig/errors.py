"""What can go wrong, in words a user can act on.

A message says what happened, what it means and what to do next. Commands end with
`exit_code`: 2 where the input was bad, 1 where the fault is ours or the machine's.
"""

from pathlib import Path
from typing import Any


class MocambaError(Exception):
    """Base of every error Mocamba raises on purpose."""

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Its message and fields, so that it can go from one process to another whatever it is made from."""
        return _again, (type(self), str(self), self.__dict__)


def _again(kind: type[MocambaError], message: str, values: dict[str, Any]) -> MocambaError:
    error = kind.__new__(kind, message)
    error.__dict__.update(values)
    return error


class BadInputError(MocambaError):
    """What the user gave cannot be used as it is."""

    exit_code = 2


class FileFormatError(BadInputError):
    """`path` is not what it should be; `reason` says where and how, `remedy` what to do."""

    def __init__(self, path: Path | str, reason: str, remedy: str = "") -> None:
        self.path = Path(path)
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{self.path}: {reason}" + (f" {remedy}" if remedy else ""))


class OutputExistsError(BadInputError):
    """`path` is there already and would be replaced."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        super().__init__(f"{self.path} exists already. Use --force to replace it, or choose another name.")


class MissingToolError(MocambaError):
    """Something this job needs is not installed on the machine; the message names the remedy."""


class CancelledError(MocambaError):
    """The user stopped it."""
