"""From what detectors mark to the 17 joints of Human3.6M.

Detectors mark ears, shoulders and hips; pelvis, spine, neck and head are between them. Where exactly was read off the
body of `rig.skeleton`, upright: the pelvis joint 15 % of the way from the hips to the shoulders, the neck joint 15 % of
the torso above the shoulders, the middle of the spine 34 % of the way from pelvis to neck, the head joint 65 % of the
way from the neck to the ears, its top above them by 59 % of that way.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
PELVIS, NECK, SPINE, HEAD, TOP = 0.154, 0.148, 0.345, 0.65, 0.59

# By joint of the 17, the marks whose middle it is
MEDIAPIPE: dict[int, tuple[int, ...]] = {
    0: (23, 24),
    1: (24,),
    2: (26,),
    3: (28,),
    4: (23,),
    5: (25,),
    6: (27,),
    11: (11,),
    12: (13,),
    13: (15,),
    14: (12,),
    15: (14,),
    16: (16,),
}
MEDIAPIPE_EARS, MEDIAPIPE_SHOULDERS = (7, 8), (11, 12)
COCO: dict[int, tuple[int, ...]] = {
    0: (11, 12),
    1: (12,),
    2: (14,),
    3: (16,),
    4: (11,),
    5: (13,),
    6: (15,),
    11: (5,),
    12: (7,),
    13: (9,),
    14: (6,),
    15: (8,),
    16: (10,),
}
COCO_EARS, COCO_SHOULDERS = (3, 4), (5, 6)


def from_mediapipe(points: Floats, confidence: Floats) -> tuple[Floats, Floats]:
    """The 33 landmarks of MediaPipe Pose `(33, 2)` and their visibility `(33,)` to `(17, 2)` and `(17,)`."""
    return _mapped(points, confidence, MEDIAPIPE, MEDIAPIPE_EARS, MEDIAPIPE_SHOULDERS)


def from_coco(points: Floats, confidence: Floats) -> tuple[Floats, Floats]:
    """The 17 keypoints of COCO `(17, 2)` and their scores `(17,)` to the 17 of Human3.6M."""
    return _mapped(points, confidence, COCO, COCO_EARS, COCO_SHOULDERS)


def _mapped(
    points: Floats,
    confidence: Floats,
    middles: dict[int, tuple[int, ...]],
    ears: tuple[int, int],
    shoulders: tuple[int, int],
) -> tuple[Floats, Floats]:
    found, sure = np.zeros((17, 2), np.float32), np.zeros(17, np.float32)
    for joint, marks in middles.items():
        found[joint], sure[joint] = points[list(marks)].mean(axis=0), confidence[list(marks)].min()
    chest, ear = points[list(shoulders)].mean(axis=0), points[list(ears)].mean(axis=0)
    found[0] += PELVIS * (chest - found[0])
    found[8] = chest + NECK * (chest - found[0])
    found[7] = found[0] + SPINE * (found[8] - found[0])
    found[9] = found[8] + HEAD * (ear - found[8])
    found[10] = ear + TOP * (ear - found[8])
    trunk = min(sure[0], confidence[list(shoulders)].min())
    # one ear is enough: from the side the other is always hidden, and where it is guessed hardly matters
    sure[7] = sure[8] = trunk
    sure[9] = sure[10] = min(trunk, confidence[list(ears)].max())
    return found, sure
