"""Keeps to one person where several are in the picture, by where they are and by the colours they wear.

A detector follows a person on its own until they are hidden or another one crosses; then it goes on with whomever it
has. So a step that no body makes counts as lost, everybody is looked at from time to time, and the one who is most like
the person followed is taken.
"""

import numpy as np
from numpy.typing import NDArray

from .keypoints import KeypointDetector, Keypoints, distance
from .looks import Look, difference, look_of

LOOK_EVERY = 500_000_000  # ns between two looks at everybody while one is followed
FAST = 2.0  # of a person's sizes a second, the fastest that one moves in the picture
SLACK = 0.25  # sizes, a detector's own
NEAR = 1.0  # sizes at which people may cover each other: their colours are not learnt then
STRANGER = 0.85  # difference of looks over which it is somebody else: bent down, a person is half unlike themselves
MARGIN = 0.25  # by which another one has to look more like the person than whom the detector follows
PATIENCE = 3_000_000_000  # ns that a lost person is waited for before anybody will do
LEARN = 0.1  # share of a new look in the one that is remembered


class Follower:
    """`person`: a point (x, y) of the first pictures, pixels, near to which the one to follow is; None for the largest
    and most central one. Pictures are those of one camera, in their order."""

    def __init__(self, detector: KeypointDetector, person: tuple[float, float] | None = None) -> None:
        self.detector = detector
        self._person = person
        self._last: Keypoints | None = None
        self._look: Look | None = None
        self._lost = True
        self._looked_ns = 0

    def follow(self, picture: NDArray[np.uint8], t_ns: int) -> Keypoints | None:
        """The person in this picture; None where they are not to be seen. `t_ns` rises from picture to picture."""
        found = None if self._last is None else self._go_on(picture, t_ns)
        if found is None:
            found = self._search(picture, t_ns)
        self._lost = found is None
        self._last = found or self._last
        return found

    def _go_on(self, picture: NDArray[np.uint8], t_ns: int) -> Keypoints | None:
        """With whom the detector follows, if that is still the person; the lost one is looked for where they were."""
        assert self._last is not None  # `follow` looked
        found = self.detector.detect(picture, t_ns)
        if found is None:
            return None
        if self._steps(found) > 1 or (self._lost and not self._may_be(picture, found)):
            self.detector.follow(self._last)
            return None
        if t_ns - self._looked_ns < LOOK_EVERY:
            return found
        self._looked_ns = t_ns
        others = [one for one in self.detector.people(picture, t_ns) if distance(one, found) > SLACK]
        if self._look is not None and (own := look_of(picture, found)) is not None:
            likest = min(others, key=lambda one: self._unlike(picture, one), default=None)
            if likest is not None and self._unlike(picture, likest) < difference(own, self._look) - MARGIN:
                return self._take(likest, picture)
        if all(distance(one, found) > NEAR for one in others):
            self._learn(picture, found)
        return found

    def _search(self, picture: NDArray[np.uint8], t_ns: int) -> Keypoints | None:
        """Among everybody, the one who is or who may be the person."""
        people = self.detector.people(picture, t_ns)
        self._looked_ns = t_ns
        if self._last is None:
            found = max(people, key=self._prominence, default=None)
        elif t_ns - self._last.t_ns > PATIENCE:
            found = max(people, key=lambda one: self._prominence(one) * (1 - self._unlike(picture, one)), default=None)
        else:
            may_be = [one for one in people if self._may_be(picture, one)]
            found = min(may_be, key=lambda one: self._steps(one) + self._unlike(picture, one), default=None)
        return None if found is None else self._take(found, picture)

    def _take(self, person: Keypoints, picture: NDArray[np.uint8]) -> Keypoints:
        self.detector.follow(person)
        if self._look is None:
            self._look = look_of(picture, person)
        return person

    def _may_be(self, picture: NDArray[np.uint8], one: Keypoints) -> bool:
        """Whether the lost person can have got there and looks it; where they were last, the look may differ: they
        have bent down, or half of them is hidden."""
        assert self._last is not None  # nobody is looked for before somebody was found
        near = distance(one, self._last) < SLACK
        return near or (self._steps(one) < 1 and self._unlike(picture, one) < STRANGER)

    def _steps(self, one: Keypoints) -> float:
        """How far from the last place, or how much larger or smaller, in what a body can do in the time."""
        assert self._last is not None  # nobody is looked for before somebody was found
        seconds = max(one.t_ns - self._last.t_ns, 0) / 1e9
        growth = abs(float(np.log(max(one.size, 1.0) / max(self._last.size, 1.0))))
        return max(distance(one, self._last), growth) / (SLACK + FAST * seconds)

    def _unlike(self, picture: NDArray[np.uint8], one: Keypoints) -> float:
        """Difference of looks from 0 to 1; half where it cannot be told."""
        look = look_of(picture, one)
        return 0.5 if look is None or self._look is None else difference(look, self._look)

    def _learn(self, picture: NDArray[np.uint8], found: Keypoints) -> None:
        look = look_of(picture, found)
        if look is not None and self._look is not None and difference(look, self._look) < STRANGER:
            self._look = (1 - LEARN) * self._look + LEARN * look

    def _prominence(self, one: Keypoints) -> float:
        """Large, in the middle (or near to the point that was given), and well seen."""
        middle = one.points.mean(axis=0)
        wanted = self._person or (one.width / 2, one.height / 2)
        away = float(np.hypot(*(middle - wanted))) / float(np.hypot(one.width, one.height))
        size = one.size if self._person is None else 1.0
        return size * float(one.confidence.mean()) * max(0.05, 1 - 2 * away)
