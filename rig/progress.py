"""How far long work is."""

from collections.abc import Callable

Progress = Callable[[float, str], None]  # share done, 0 to 1, and what is being done


def within(progress: Progress, start: float, end: float) -> Progress:
    """Of a part of the work, which is from `start` to `end` of all of it."""
    return lambda share, doing: progress(start + (end - start) * min(max(share, 0.0), 1.0), doing)
