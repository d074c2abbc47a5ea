"""Licensed SMPL, SMPL-H and SMPL-X model files that their user has: `.npz`, or `.pkl` read without running anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .amass import DAMAGE
from .errors import FileFormatError
from .plain_pickle import array_of, read_plain
from .skeleton import JOINTS

FINGERS = tuple(f"{finger}{k}" for finger in ("index", "middle", "pinky", "ring", "thumb") for k in (1, 2, 3))
HANDS = tuple(f"{side}_{finger}" for side in ("left", "right") for finger in FINGERS)
NAMES: dict[int, tuple[str, ...]] = {
    24: JOINTS,
    52: (*JOINTS[:22], *HANDS),
    55: (*JOINTS[:22], "jaw", "left_eye_smplhf", "right_eye_smplhf", *HANDS),
}
WEIGHTS = 4  # bones that move a vertex; models have no more in use


@dataclass(frozen=True, eq=False)
class SmplBody:
    """`vertices (V, 3)` and `joints (J, 3)` of the T-pose, metres, Y up, standing on y = 0 with the pelvis over the
    origin; `faces (F, 3)`; `weights (V, J)`; `names` and `parents` of the joints, -1 for the pelvis."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    joints: NDArray[np.float64]
    weights: NDArray[np.float64]

    def strongest(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The few joints `(V, 4)` that move a vertex most, and their shares `(V, 4)`, summing to one."""
        joints = np.argsort(-self.weights, axis=1)[:, :WEIGHTS]
        shares = np.take_along_axis(self.weights, joints, axis=1)
        return joints, shares / shares.sum(axis=1, keepdims=True)


def read_smpl(path: Path) -> SmplBody:
    """Raises FileFormatError for what is no such model, or a damaged one."""
    values = _values(path)
    try:
        vertices = array_of(values["v_template"]).astype(np.float64)
        faces = array_of(values["f"]).astype(np.int64)
        weights = array_of(values["weights"]).astype(np.float64)
        regressor = array_of(values["J_regressor"]).astype(np.float64)
        tree = array_of(values["kintree_table"]).astype(np.int64)
        return _checked(path, vertices, faces, weights, regressor, tree)
    except KeyError as error:
        raise FileFormatError(
            path, f"has no {error.args[0]!r}.", "It is no SMPL model; choose another file."
        ) from error
    except (TypeError, ValueError, IndexError, OverflowError, AttributeError) as error:
        raise FileFormatError(path, f"is damaged ({error}).", "Download the model again.") from error


def _checked(path: Path, vertices: Any, faces: Any, weights: Any, regressor: Any, tree: Any) -> SmplBody:
    count = weights.shape[1]
    if count not in NAMES:
        raise FileFormatError(path, f"has {count} joints, and no model of SMPL's family has.", "Choose another file.")
    right = (
        vertices.shape[1:] == (3,)
        and faces.shape[1:] == (3,)
        and weights.shape == (len(vertices), count)
        and regressor.shape == (count, len(vertices))
        and tree.shape == (2, count)
        and 0 <= faces.min() <= faces.max() < len(vertices)
        and all(np.isfinite(array).all() for array in (vertices, weights, regressor))
    )
    if not right:
        raise FileFormatError(path, "has arrays that do not fit each other.", "Download the model again.")
    parents = (-1, *(int(parent) for parent in tree[0, 1:]))
    if any(not 0 <= parent < child for child, parent in enumerate(parents[1:], start=1)):
        raise FileFormatError(path, "has joints that are not in the order of their parents.", "Download it again.")
    joints = regressor @ vertices
    down = np.array([joints[0, 0], vertices[:, 1].min(), joints[0, 2]])
    return SmplBody(NAMES[count], parents, vertices - down, faces, joints - down, weights)


def _values(path: Path) -> Mapping[str, Any]:
    try:
        if path.suffix.lower() == ".npz":
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                wanted = ("v_template", "f", "weights", "J_regressor", "kintree_table")
                return {key: archive[key] for key in wanted if key in archive.files}
    except DAMAGE as error:
        raise FileFormatError(path, f"cannot be read as a model ({error}).", "Choose another file.") from error
    return read_plain(path)
