"""DIP-IMU, TotalCapture and AMASS as TransPose's preprocessing leaves them: `.pt` files of lists of tensors."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...rig.errors import FileFormatError
from ...rig.quaternion import to_rotation_vector
from ...rig.rotation import matrix_to_quaternion
from ..shards import Clip
from .vectors import motion_of

RATE = 60.0  # Hz


def read_tensors(path: Path, subject: str) -> Iterator[Clip]:
    """`pose`: tensors `(T, 72)`, `(T, 24, 3)` or matrices `(T, 24, 3, 3)`; `tran`: `(T, 3)`, zeros in DIP-IMU.
    Tensors alone are loaded. Raises FileFormatError."""
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise FileFormatError(path, f"cannot be read as tensors ({error}).", "Is it cut off?") from error
    poses = values.get("pose") if isinstance(values, dict) else None
    places = values.get("tran") if isinstance(values, dict) else None
    if not isinstance(poses, list) or not isinstance(places, list) or len(poses) != len(places):
        raise FileFormatError(path, "does not hold lists 'pose' and 'tran' of one length.", "Leave it out.")
    for k, (pose, place) in enumerate(zip(poses, places, strict=True)):
        yield _clip(path, subject, k, pose, place)


def _clip(path: Path, subject: str, k: int, pose: Any, place: Any) -> Clip:
    if not isinstance(pose, Tensor) or not isinstance(place, Tensor):
        raise FileFormatError(path, f"sequence {k} is no tensor.", "Leave it out.")
    vectors = pose.detach().double().numpy()
    if vectors.shape[1:] == (24, 3, 3):
        vectors = to_rotation_vector(matrix_to_quaternion(vectors))
    moves = place.detach().double().numpy()
    # zeros throughout say that nobody knows
    return Clip(f"{path.stem}_{k:04d}", subject, motion_of(path, vectors, moves if np.any(moves) else None, RATE))
