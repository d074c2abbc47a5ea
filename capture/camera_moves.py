"""What is said, and done, when a camera that is taken to stand still was moved."""

from collections.abc import Sequence
from typing import NamedTuple

from ..devices.camera.view_watch import ViewMove

SHORT = 1.5  # seconds: a longer movement is no bump
GOES_ON = 2.0  # seconds of movement after which it is told before it ends
NAMED = 3  # movements that are named one by one
ADVICE = "Put it on something solid"


def moves_in_words(moves: Sequence[ViewMove], begin_ns: int, *, worn: bool) -> list[str]:
    """A sentence about each, for a recording that begins at `begin_ns`; one about them all where they are many. `worn`:
    sensors are, by which it is found where the camera stood before and after."""
    if len(moves) > NAMED:
        seconds = sum(move.end_ns - move.begin_ns for move in moves) / 1e9
        when = f"{len(moves)} times, {seconds:.0f} s in all, first at {_clock(moves[0].begin_ns - begin_ns)}"
        return [f"The camera moved {when}. {_what_follows(worn)} {ADVICE} and film again."]
    return [_of_one(move, begin_ns, worn) for move in moves]


def _of_one(move: ViewMove, begin_ns: int, worn: bool) -> str:
    begin, end = (_clock(t - begin_ns) for t in (move.begin_ns, move.end_ns))
    far = f"{100 * move.far:.0f} % of its picture" if move.far >= 0.01 else "a little"
    if move.rests and move.end_ns - move.begin_ns < SHORT * 1e9:
        what = f"The camera was bumped at {begin}: its view jumped by {far}."
    else:
        what = f"The camera moved from {begin} to {end}, by {far}: it was held, or followed the performer."
    remedy = "." if worn else ", or cut the video there and solve both parts."
    return f"{what} {_what_follows(worn)} {ADVICE}{remedy}"


def _what_follows(worn: bool) -> str:
    if worn:
        return "Sensors alone tell the pose meanwhile, and where it stands is found again for what follows."
    return "It is taken to stand still, so place and heading are wrong from then on."


def _clock(ns: int) -> str:
    return f"{ns // 60_000_000_000}:{ns / 1e9 % 60:04.1f}"


class Told(NamedTuple):
    """A sentence; `elsewhere`: the camera stands in another place now."""

    says: str
    elsewhere: bool


class MovesTold:
    """Remembers which movements of a live camera were told."""

    def __init__(self) -> None:
        self._rested: ViewMove | None = None
        self._moving_ns: int | None = None

    def fresh(self, moves: Sequence[ViewMove]) -> Told | None:
        """Of the last one, where there is something new to say."""
        if not moves or moves[-1] == self._rested:
            return None
        last = moves[-1]
        if last.rests:
            self._rested, self._moving_ns = last, None
            return Told(
                f"The camera was moved by {100 * last.far:.0f} % of its picture. Where it stands now is found again: "
                f"move about in its sight, or without sensors stand upright. {ADVICE}.",
                True,
            )
        if last.end_ns - last.begin_ns > GOES_ON * 1e9 and self._moving_ns != last.begin_ns:
            self._moving_ns = last.begin_ns
            return Told(f"The camera is moving. Poses from it are wrong until it stands still. {ADVICE}.", False)
        return None
