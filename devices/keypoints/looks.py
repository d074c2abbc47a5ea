"""What a person wears, in colours: enough to know them again among a few."""

import numpy as np
from numpy.typing import NDArray

from .keypoints import Keypoints

SHOULDERS, HIPS, KNEES = (11, 14), (4, 1), (5, 2)  # left, right
GRID = 12  # samples along each side of the trunk
BINS = (6, 2, 3)
RANGES = (180, 256, 256)
LEAST = 0.5  # share of the samples that must lie in the picture

Look = NDArray[np.float32]


def look_of(picture: NDArray[np.uint8], person: Keypoints) -> Look | None:
    """`(2, 96)` shares of colours on the trunk and on the thighs; None where too little of them is in the picture."""
    import cv2

    joints = person.points
    share = np.linspace(0.1, 0.9, GRID)[:, None]
    top, bottom = (joints[left] + share * (joints[right] - joints[left]) for left, right in (SHOULDERS, HIPS))
    trunk = (top + share[:, None] * (bottom - top)).reshape(-1, 2)
    thighs = np.concatenate(
        [joints[hip] + share * (joints[knee] - joints[hip]) for hip, knee in zip(HIPS, KNEES, strict=True)]
    )
    rows = []
    for places in (trunk, thighs):
        column, row = places.round().astype(int).T
        inside = (column >= 0) & (row >= 0) & (column < picture.shape[1]) & (row < picture.shape[0])
        if inside.mean() < LEAST:
            return None
        colours = cv2.cvtColor(picture[row[inside], column[inside]][None], cv2.COLOR_BGR2HSV)
        counted = cv2.calcHist([colours], [0, 1, 2], None, list(BINS), [end for top in RANGES for end in (0, top)])
        rows.append(counted.ravel() / inside.sum())
    return np.array(rows, np.float32)


def difference(a: Look, b: Look) -> float:
    """Hellinger's distance, from 0 (the same) to 1 (no colour in common), the mean of trunk and thighs."""
    overlap = np.sqrt(a * b).sum(axis=1).clip(max=1.0)
    return float(np.sqrt(1 - overlap).mean())
