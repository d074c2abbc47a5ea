"""From what a network says to local joint rotations."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..rig.kinematics import global_to_local
from ..rig.rotation import matrix_to_quaternion


def nearest_rotation(entries: NDArray[np.floating]) -> NDArray[np.floating]:
    """The rotation nearest to each matrix `(..., 3, 3)` (Procrustes; Levinson et al., NeurIPS 2020)."""
    u, _, vt = np.linalg.svd(entries)
    u[..., :, 2] *= np.linalg.det(u @ vt)[..., None]
    return u @ vt


def poses_from_output(rotations: Tensor, root: Tensor) -> NDArray[np.float32]:
    """Local quaternions `(T, 24, 4)` from root-relative entries `(T, 24, 3, 3)` and the pelvis sensor `(T, 3, 3)`.

    The pelvis is the sensor's own rotation, as in the paper.
    """
    relative = nearest_rotation(rotations.double().numpy())
    relative[:, 0] = np.eye(3)
    world = root.double().numpy()[:, None] @ relative
    return global_to_local(matrix_to_quaternion(world)).astype(np.float32)
