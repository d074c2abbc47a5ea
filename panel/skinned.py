"""The free body, ready to be drawn at the full rate: bones as matrices, vertices and normals of a pose."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..rig.body import fitted_to, load_body
from ..rig.kinematics import joint_positions, local_to_global
from ..rig.rotation import quaternion_to_matrix
from ..rig.skeleton import SMPL24, Skeleton

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SkinnedBody:
    """`vertices (V, 3)` and `normals (V, 3)` of the T-pose, metres; `triangles (F, 3)`; `joints (V, 4)` and their
    `weights (V, 4)`; `areas (V,)`: square metres of skin about each vertex."""

    skeleton: Skeleton
    vertices: Array
    normals: Array
    triangles: NDArray[np.uint32]
    joints: NDArray[np.int32]
    weights: Array
    areas: Array
    rest: Array  # joints of the T-pose (24, 3)
    dense: Array  # weights of all joints (V, 24)
    quads: NDArray[np.int32]

    def bones(self, rotations: Array, translation: Array) -> Array:
        """Matrices `(24, 3, 4)` that take the T-pose to a pose: `rotations (24, 4)` local, `translation (3,)`."""
        turns = local_to_global(rotations)
        places = joint_positions(turns, translation, self.skeleton)
        matrices = quaternion_to_matrix(turns)
        offsets = places - np.einsum("jab,jb->ja", matrices, self.rest)
        bones: Array = np.concatenate([matrices, offsets[:, :, None]], axis=2).astype(np.float32)
        return bones

    def posed(self, bones: Array) -> tuple[Array, Array]:
        """Vertices and normals `(V, 3)`; as `rig.body.skin`, with all bones of a vertex blended at once."""
        blended = (self.dense @ bones.reshape(len(bones), 12)).reshape(-1, 3, 4)
        vertices = np.einsum("vab,vb->va", blended[:, :, :3], self.vertices) + blended[:, :, 3]
        normals = np.einsum("vab,vb->va", blended[:, :, :3], self.normals)
        return vertices, normals


@cache
def skinned_body(height: float | None = None) -> SkinnedBody:
    """Of a performer of `height` metres; None: as tall as the skeleton's own."""
    skeleton = SMPL24 if height is None else SMPL24.scaled_to(height)
    body = fitted_to(load_body(), skeleton)
    triangles = np.concatenate([body.quads[:, [0, 1, 2]], body.quads[:, [0, 2, 3]]]).astype(np.uint32)
    corners = body.vertices[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
    normals, areas = np.zeros_like(body.vertices), np.zeros(len(body.vertices), np.float32)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], across)
        np.add.at(areas, triangles[:, corner], np.linalg.norm(across, axis=1) / 3)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    dense = np.zeros((len(body.vertices), 24), np.float32)
    np.add.at(dense, (np.arange(len(dense))[:, None], body.joints), body.weights)
    return SkinnedBody(
        skeleton=skeleton,
        vertices=body.vertices,
        normals=normals,
        triangles=triangles,
        joints=body.joints,
        weights=body.weights,
        areas=areas,
        rest=skeleton.rest_positions().astype(np.float32),
        dense=dense,
        quads=body.quads,
    )
