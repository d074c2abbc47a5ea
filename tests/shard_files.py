"""Motion shards written in the published layout, for tests."""

from pathlib import Path

import numpy as np
from mocamba.inference.shards import _difference
from mocamba.rig.motion import Motion


def write_shard(path: Path, clips: list[tuple[str, str, Motion]], **changes: object) -> Path:
    """`clips` are (name, subject, motion)."""
    motions = [motion for _, _, motion in clips]
    arrays = {
        "quat_delta": _difference(np.concatenate([m.rotations for m in motions])),
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
