"""The free body: a neutral adult skinned to SMPL-24, after MakeHuman (see rig/data/LICENSE.md)."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .kinematics import joint_positions, local_to_global
from .quaternion import Array, between_vectors
from .rotation import quaternion_to_matrix
from .skeleton import ENDS, JOINTS, PARENTS, SMPL24, Skeleton, joint

BODY_FILE = Path(__file__).parent / "data" / "body.npz"

# Joints with several children: the one whose bone carries the flesh.
CONTINUES = {joint("pelvis"): joint("spine1"), joint("spine3"): joint("neck")}
MIN_BONE = 0.01  # metres; shorter bones have no direction worth following


@dataclass(frozen=True, eq=False)
class Body:
    """`vertices (V, 3)` of the T-pose, metres from the pelvis; `quads (F, 4)`; four `joints` and `weights (V, 4)`."""

    vertices: NDArray[np.float32]
    quads: NDArray[np.int32]
    joints: NDArray[np.int32]
    weights: NDArray[np.float32]
    skeleton: Skeleton


@cache
def load_body() -> Body:
    """The body that comes with Mocamba, on the skeleton `SMPL24`."""
    with np.load(BODY_FILE, allow_pickle=False) as archive:
        return Body(
            vertices=archive["vertices"].astype(np.float32) / 1e5,
            quads=archive["quads"].astype(np.int32),
            joints=archive["joints"].astype(np.int32),
            weights=archive["weights"].astype(np.float32) / 255,
            skeleton=SMPL24,
        )


def save_body(path: Path, vertices: Array, quads: Array, joints: Array, weights: Array) -> None:
    """Write what `load_body` reads: `vertices` to 0.01 mm, `weights` in 1/255."""
    np.savez_compressed(
        path,
        vertices=np.round(vertices * 1e5).astype(np.int32),
        quads=quads.astype(np.uint16),
        joints=joints.astype(np.uint8),
        weights=weights.astype(np.uint8),
    )


def fitted_to(body: Body, skeleton: Skeleton, build: float = 1.0) -> Body:
    """The body stretched bone by bone to other proportions; girth follows the performer's height, times `build`."""
    girth = build * skeleton.height / body.skeleton.height
    old, new = body.skeleton.rest_positions(), skeleton.rest_positions()
    stretch = np.stack([_stretch(body.skeleton, skeleton, index, girth) for index in range(len(JOINTS))])
    local = body.vertices[:, None] - old[body.joints]
    moved = new[body.joints] + np.einsum("vkab,vkb->vka", stretch[body.joints], local)
    vertices = np.einsum("vk,vka->va", body.weights, moved)
    return replace(body, vertices=vertices.astype(np.float32), skeleton=skeleton)


def _stretch(old: Skeleton, new: Skeleton, index: int, girth: float) -> NDArray[np.float64]:
    """Matrix (3, 3) that makes one bone as long as the other skeleton's, and as thick as `girth` says."""
    a, b = _bone(old, index), _bone(new, index)
    if min(np.linalg.norm(a), np.linalg.norm(b)) < MIN_BONE:
        return np.eye(3) * girth
    length = np.clip(np.linalg.norm(b) / np.linalg.norm(a), girth * 0.6, girth * 1.6)
    along = a / np.linalg.norm(a)
    scaled = np.eye(3) * girth + (length - girth) * np.outer(along, along)
    turned: NDArray[np.float64] = quaternion_to_matrix(between_vectors(a, b)) @ scaled
    return turned


def _bone(skeleton: Skeleton, index: int) -> Array:
    """From a joint to the end of its flesh, metres `(3,)`; zero for hands, whose end no skeleton gives."""
    child = CONTINUES.get(index, PARENTS.index(index) if index in PARENTS else 0)
    bone: Array = skeleton.ends[ENDS[index]] if index in ENDS else skeleton.offsets[child]
    return bone.astype(np.float64)


def skin(body: Body, rotations: Array, translation: Array) -> Array:
    """Vertices `(V, 3)` of one pose, metres, by linear blend skinning.

    `rotations (24, 4)` parent-relative and `translation (3,)` of the pelvis, for the body's own skeleton.
    """
    turns = local_to_global(rotations)
    places = joint_positions(turns, translation, body.skeleton)
    matrices = quaternion_to_matrix(turns)
    local = body.vertices[:, None] - body.skeleton.rest_positions()[body.joints]
    moved = places[body.joints] + np.einsum("vkab,vkb->vka", matrices[body.joints], local)
    vertices: Array = np.einsum("vk,vka->va", body.weights, moved)
    return vertices
