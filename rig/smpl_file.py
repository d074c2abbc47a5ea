"""Licensed SMPL, SMPL-H and SMPL-X model files that their user has: `.npz`, or `.pkl` read without running anything.

A pickle is a program. Here every name in it stands for an empty box that keeps what it is given, but for the few of
NumPy's that make plain arrays; no name is ever looked up anywhere.
"""

import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .amass import DAMAGE
from .errors import FileFormatError
from .skeleton import JOINTS

FINGERS = tuple(f"{finger}{k}" for finger in ("index", "middle", "pinky", "ring", "thumb") for k in (1, 2, 3))
HANDS = tuple(f"{side}_{finger}" for side in ("left", "right") for finger in FINGERS)
NAMES: dict[int, tuple[str, ...]] = {
    24: JOINTS,
    52: (*JOINTS[:22], *HANDS),
    55: (*JOINTS[:22], "jaw", "left_eye_smplhf", "right_eye_smplhf", *HANDS),
}
WEIGHTS = 4  # bones that move a vertex; models have no more in use
LARGEST = 1 << 31  # bytes


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
        vertices = _array(values["v_template"]).astype(np.float64)
        faces = _array(values["f"]).astype(np.int64)
        weights = _array(values["weights"]).astype(np.float64)
        regressor = _array(values["J_regressor"]).astype(np.float64)
        tree = _array(values["kintree_table"]).astype(np.int64)
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
        if path.stat().st_size > LARGEST:
            raise FileFormatError(path, "is larger than any model.", "Choose another file.")
        values = _Reader(io.BytesIO(path.read_bytes()), encoding="latin1").load()
    except (*DAMAGE, pickle.UnpicklingError, AttributeError, IndexError, ImportError, RecursionError) as error:
        raise FileFormatError(path, f"cannot be read as a model ({error}).", "Choose another file.") from error
    if not isinstance(values, dict):
        raise FileFormatError(path, "holds no table of arrays.", "Choose another file.")
    return {str(key): value for key, value in values.items()}


class _Box:
    """What a name in a pickle becomes: it keeps what it is given and does nothing."""

    arguments: tuple[Any, ...] = ()
    state: Any = None

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _ArrayBox(_Box):
    """`numpy.ndarray` as a pickle builds it: shape, type and bytes."""

    def array(self) -> NDArray[Any]:
        """Raises TypeError for arrays of Python objects."""
        _, shape, kind, fortran, data = self.state
        dtype = kind.dtype() if isinstance(kind, _TypeBox) else None
        if dtype is None or dtype.hasobject:
            raise TypeError("an array of objects")
        raw = data.encode("latin1") if isinstance(data, str) else bytes(data)
        return np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran else "C")


class _TypeBox(_Box):
    """`numpy.dtype`."""

    def dtype(self) -> Any:
        """Of numbers; others raise."""
        order: Any = self.state[1] if self.state is not None else "="
        kind = np.dtype(str(self.arguments[0]))
        return kind if order in ("|", "=") else kind.newbyteorder(order)


def _reconstruct(*_arguments: Any) -> _ArrayBox:
    return _ArrayBox()


def _from_buffer(data: Any, kind: Any, shape: Any, order: Any) -> _ArrayBox:
    """How NumPy pickles arrays in protocol 5."""
    box = _ArrayBox()
    box.state = (1, shape, kind, order == "F", data)
    return box


def _encode(text: Any, _encoding: Any = None) -> bytes:
    """`_codecs.encode`, by which Python 3 pickles bytes in old protocols."""
    return str(text).encode("latin1")


_KNOWN: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("numpy", "ndarray"): _ArrayBox,
    ("numpy", "dtype"): _TypeBox,
    ("_codecs", "encode"): _encode,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Never the thing of that name."""
        return _KNOWN.get((module, name)) or type("_Named", (_Box,), {"named": f"{module}.{name}"})


def _array(value: Any) -> NDArray[Any]:
    """A plain array of an array, of a sparse matrix by columns, or of chumpy's wrapping of one."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, _ArrayBox):
        return value.array()
    state = getattr(value, "state", None)
    if isinstance(state, tuple):
        state = next((part for part in state if isinstance(part, dict)), None)
    if isinstance(state, dict) and "x" in state:  # chumpy.ch.Ch
        return _array(state["x"])
    if isinstance(state, dict) and {"data", "indices", "indptr"} <= set(state):
        return _dense(state)
    raise TypeError(f"{type(value).__name__} where numbers were expected")


def _dense(state: Mapping[str, Any]) -> NDArray[Any]:
    """A compressed sparse column matrix, as scipy pickles it."""
    data, indices, starts = (_array(state[key]) for key in ("data", "indices", "indptr"))
    shape = state.get("_shape", state.get("shape"))
    rows, columns = (int(size) for size in shape)
    if len(starts) != columns + 1:
        raise ValueError("a sparse matrix that is not by columns")
    dense = np.zeros((rows, columns))
    dense[indices, np.repeat(np.arange(columns), np.diff(starts))] = data
    return dense
