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
    """`(2, 36)` shares of colours on the trunk and on the thighs; zeros for what is out of the picture, None where
    both are."""
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
            rows.append(np.zeros(int(np.prod(BINS))))
            continue
        colours = cv2.cvtColor(picture[row[inside], column[inside]][None], cv2.COLOR_BGR2HSV)
        counted = cv2.calcHist([colours], [0, 1, 2], None, list(BINS), [end for top in RANGES for end in (0, top)])
        rows.append(counted.ravel() / inside.sum())
    look = np.array(rows, np.float32)
    return look if look.any() else None


def difference(a: Look, b: Look) -> float:
    """Hellinger's distance, from 0 (the same) to 1 (no colour in common), the mean over trunk and thighs as far as both
    show them; 0.5 where they show nothing alike."""
    both = a.any(axis=1) & b.any(axis=1)
    if not both.any():
        return 0.5
    overlap = np.sqrt(a[both] * b[both]).sum(axis=1).clip(max=1.0)
    return float(np.sqrt(1 - overlap).mean())
