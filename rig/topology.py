"""The topology of a body mesh: which vertices make its faces, and how joints follow from vertices.

A file of it is an .npz with

    vertices         (V, 3)  float, metres, any rest pose
    faces            (F, 3)  integer, triangles
    joint_regressor  (J, V)  float; each row sums to 1; the joints of the keypoints' skeleton, its root first

so that a body whose licence forbids shipping it (SMPL: V = 6890) can be used by those who have it. The free body's is
made here.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from .body import Body, load_body
from .errors import FileFormatError
from .h36m import h36m_positions
from .motion import evenly_timed
from .quaternion import Array
from .skeleton import JOINTS

COARSENESS = 16  # vertices for one coarse vertex: SMPL's 6890 make the 431 of its twice halved mesh
KEYS = ("vertices", "faces", "joint_regressor")
NEAR = 160  # vertices of the free body that tell where a joint is


@dataclass(frozen=True, eq=False)
class Topology:
    """`vertices (V, 3)` of a rest pose, metres; `faces (F, 3)`; `joint_regressor (J, V)`."""

    vertices: NDArray[np.float32]
    faces: NDArray[np.int64]
    joint_regressor: NDArray[np.float32]

    @cached_property
    def coarse_vertices(self) -> NDArray[np.int64]:
        """Rows of a sixteenth of the vertices, spread evenly: each next one is the farthest from all before it."""
        count = -(-len(self.vertices) // COARSENESS)
        chosen = [int(np.argmax(self.vertices[:, 1]))]
        distance = np.full(len(self.vertices), np.inf)
        while len(chosen) < count:
            away = np.sum((self.vertices - self.vertices[chosen[-1]]) ** 2, axis=-1)
            distance = np.minimum(distance, away)
            chosen.append(int(np.argmax(distance)))
        return np.sort(np.array(chosen))


@cache
def free_topology() -> Topology:
    """Of the body that comes with Mocamba: 13,492 vertices."""
    return topology_of(load_body())


def topology_of(body: Body) -> Topology:
    """Quads in halves, and the joints of H36M-17 from the vertices around them."""
    triangles = np.concatenate([body.quads[:, [0, 1, 2]], body.quads[:, [0, 2, 3]]]).astype(np.int64)
    rest = evenly_timed(np.tile([1.0, 0.0, 0.0, 0.0], (1, len(JOINTS), 1)), np.zeros((1, 3)), body.skeleton)
    joints = h36m_positions(rest)[0]
    rows = [_regressor_row(body.vertices, joint) for joint in joints]
    return Topology(body.vertices, triangles, np.stack(rows).astype(np.float32))


def _regressor_row(vertices: Array, joint: Array) -> Array:
    """Weights `(V,)` of sum 1 that put the vertices around a joint on it: those nearest to a plain mean."""
    near = np.argsort(np.sum((vertices - joint) ** 2, axis=-1))[:NEAR]
    conditions = np.concatenate([vertices[near].T.astype(np.float64), np.ones((1, NEAR))])
    mean = np.full(NEAR, 1 / NEAR)
    row = np.zeros(len(vertices))
    row[near] = mean + np.linalg.pinv(conditions) @ (np.append(joint, 1.0) - conditions @ mean)
    return row


def read_topology(path: Path) -> Topology:
    """Raises FileFormatError where `path` holds no topology. Pickles are refused: they can run code."""
    try:
        # opened here: numpy leaves a damaged archive open
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            missing = [key for key in KEYS if key not in archive]
            if missing:
                raise FileFormatError(path, f"not a body topology: it lacks {', '.join(missing)}.")
            arrays = [np.asarray(archive[key]) for key in KEYS]
    except FileNotFoundError as error:
        raise FileFormatError(path, "there is no such file.") from error
    except (BadZipFile, ValueError, EOFError, OSError, TypeError, AttributeError) as error:
        reason = f"cannot be read as an .npz of plain arrays ({error})."
        raise FileFormatError(path, reason, "A pickled body model has to be saved as .npz first.") from error
    return _checked(path, *arrays)


def _checked(path: Path, vertices: Array, faces: Array, regressor: Array) -> Topology:
    count = len(vertices) if vertices.ndim == 2 else 0
    faults = (
        (vertices.shape != (count, 3) or not count, f"vertices are {vertices.shape}, not (V, 3)"),
        (faces.ndim != 2 or faces.shape[-1] != 3 or faces.dtype.kind not in "iu", "faces are not (F, 3) of integers"),
        (regressor.ndim != 2 or regressor.shape[-1] != count, f"joint_regressor is not (J, {count})"),
    )
    for wrong, what in faults:
        if wrong:
            raise FileFormatError(path, f"{what}.")
    if faces.size and not 0 <= faces.min() <= faces.max() < count:
        raise FileFormatError(path, "faces name vertices that are not there.")
    if not (np.isfinite(vertices).all() and np.isfinite(regressor).all()):
        raise FileFormatError(path, "vertices or joint_regressor hold values that are not numbers.")
    if not np.allclose(regressor.sum(-1), 1, atol=1e-2):
        raise FileFormatError(path, "rows of joint_regressor do not sum to 1.")
    return Topology(vertices.astype(np.float32), faces.astype(np.int64), regressor.astype(np.float32))
