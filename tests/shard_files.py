"""Motion shards written in the published layout, for tests."""

from pathlib import Path

import numpy as np
from mocamba.rig.motion import Motion


def packed(rotations: np.ndarray) -> np.ndarray:
    """`(T, 24, 4)` to int16 time differences, one channel a row, low bytes then high bytes."""
    values = np.round(rotations * 32767).astype(np.int16).reshape(len(rotations), -1)
    steps = np.diff(values, axis=0, prepend=np.zeros_like(values[:1])).T  # wraps around, and back when summed
    return np.ascontiguousarray(steps).astype("<i2").view(np.uint8).reshape(*steps.shape, 2).transpose(0, 2, 1).copy()


def write_shard(path: Path, clips: list[tuple[str, str, Motion]], **changes: object) -> Path:
    """`clips` are (name, subject, motion)."""
    motions = [motion for _, _, motion in clips]
    arrays = {
        "quat_delta": packed(np.concatenate([m.rotations for m in motions])),
        "trans": np.concatenate([m.translation for m in motions]).astype(np.float16),
        "start": np.cumsum([0, *(len(m) for m in motions)]),
        "name": np.array([name for name, _, _ in clips]),
        "subject": np.array([subject for _, subject, _ in clips]),
        "source": np.array(["test"] * len(clips)),
        "label": np.array(["test"] * len(clips)),
        "offset_index": np.arange(len(clips)),
        "offsets": np.stack([m.skeleton.offsets for m in motions]),
        "ends": np.stack([m.skeleton.ends for m in motions]),
        "fps": np.array(60.0),
    }
    arrays |= changes
    np.savez_compressed(path, **{name: value for name, value in arrays.items() if value is not None})
    return path
