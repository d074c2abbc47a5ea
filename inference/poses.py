"""From what a network says to local joint rotations."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..rig.kinematics import global_to_local
from ..rig.rotation import matrix_to_quaternion


def nearest_rotation(entries: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation nearest to each matrix `(..., 3, 3)` (Procrustes; Levinson et al., NeurIPS 2020)."""
    u, _, vt = np.linalg.svd(entries)
    u[..., :, 2] *= np.linalg.det(u @ vt)[..., None]
    rotation: NDArray[np.float64] = u @ vt
    return rotation


def poses_from_output(rotations: Tensor, frame: Tensor, root: Tensor) -> NDArray[np.float32]:
    """Local quaternions `(T, 24, 4)` from the network's entries `(T, 24, 3, 3)` in its `frame (T, 3, 3)`.

    The pelvis is the sensor's own rotation `root (T, 3, 3)`, as in the paper.
    """
    world = frame.double().numpy()[:, None] @ nearest_rotation(rotations.double().numpy())
    world[:, 0] = root.double().numpy()
    return global_to_local(matrix_to_quaternion(world)).astype(np.float32)
