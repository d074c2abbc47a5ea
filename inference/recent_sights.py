"""The last pictures' joints: what a stream knows of joints that are hidden now."""

from collections import deque

import numpy as np

from ..rig.lifted.even import EvenKeypoints, even_keypoints
from ..rig.quaternion import Array
from .views import View

KEPT = 0.8  # seconds


class RecentSights:
    """As `even_keypoints`, of the newest picture from those before it alone."""

    def __init__(self) -> None:
        self._views: deque[tuple[int, Array, Array]] = deque()

    def add(self, view: View) -> EvenKeypoints:
        """The newest pictures up to this one, at their own times."""
        t_ns = view.t_ns
        if self._views and t_ns - self._views[-1][0] > KEPT * 1e9:
            self._views.clear()
        self._views.append((t_ns, view.rays.astype(np.float64), view.confidence.astype(np.float64)))
        while t_ns - self._views[0][0] > KEPT * 1e9:
            self._views.popleft()
        times = np.array([time for time, _, _ in self._views], np.int64)
        rays, confidence = (np.stack([one[k] for one in self._views]) for k in (1, 2))
        return even_keypoints(times, rays, confidence, times)
