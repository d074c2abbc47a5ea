"""What HMRMamba is trained on: free motion on the free body, seen by random cameras, with the truth beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ...rig.body import Body, fitted_to
from ...rig.topology import topology_of
from ..cameras import place_cameras, project, to_camera
from ..random_source import RandomSource
from ..rotations import joint_positions, local_to_global, quaternion_to_matrix
from ..shards import Clip
from .bank import MotionBank, build_bank
from .rendering import BodyTensors, StandInBackbone, body_tensors, draw, skin

AT_ONCE = 256  # bodies skinned and drawn together
CROP = 1.2  # half side of the picture around a person, in half extents of the keypoints


@dataclass(frozen=True)
class Filming:
    """How windows are filmed."""

    frames: int = 16
    stride: int = 2  # of 60 Hz
    noise: float = 0.006  # of 2D keypoints, as a share of the picture's half width: three pixels of a thousand


class Scenes(NamedTuple):
    """`keypoints (B, T, J, 2)` normalised, `features (B, T, 2048)`; the truth in metres, camera frame, from the root:
    `joints (B, T, J, 3)` and, of the middle frame, `vertices (B, V, 3)`."""

    keypoints: Tensor
    features: Tensor
    joints: Tensor
    vertices: Tensor


@dataclass(frozen=True, eq=False)
class Studio:
    """Motion, the bodies of those who perform it, the joints of their meshes, and what looks at the pictures."""

    bank: MotionBank
    bodies: BodyTensors
    regressor: Tensor
    backbone: StandInBackbone

    def to(self, device: torch.device) -> "Studio":
        """The same on another device."""
        return Studio(
            self.bank.to(device),
            BodyTensors(*(part.to(device) for part in self.bodies)),
            self.regressor.to(device),
            self.backbone.to(device),
        )


def build_studio(clips: Sequence[Clip], body: Body, seed: int) -> Studio:
    """Each person of the clips gets the body in their own proportions."""
    bank = build_bank(clips, seed, passes=1)
    skeletons = {clip.motion.skeleton.offsets.tobytes(): clip.motion.skeleton for clip in clips}
    people = [skeletons[offsets.tobytes()] for offsets in bank.offsets.numpy()]
    bodies = body_tensors([fitted_to(body, person) for person in people])
    return Studio(bank, bodies, torch.from_numpy(topology_of(body).joint_regressor), StandInBackbone())


@torch.no_grad()
def film(studio: Studio, count: int, filming: Filming, random: RandomSource) -> Scenes:
    """`count` windows at random places of the motion, each through a camera of its own."""
    turns, places, person = _perform(studio.bank, count, filming, random)
    cameras = place_cameras(places[:, filming.frames // 2, 0], random)
    turns, places = cameras.rotation[:, None, None] @ turns, to_camera(places, cameras)
    focal = cameras.focal[:, None].expand_as(person)
    parts = [
        _shoot(studio, *bodies)
        for bodies in zip(*(x.flatten(0, 1).split(AT_ONCE) for x in (turns, places, person, focal)), strict=True)
    ]
    keypoints, features, joints = (
        torch.unflatten(torch.cat(values), 0, person.shape)
        for values in zip(*(part[:3] for part in parts), strict=True)
    )
    middle = torch.arange(count, device=person.device) * filming.frames + filming.frames // 2
    vertices = torch.cat([part[3] for part in parts])[middle]
    noise = filming.noise * random.normal(*keypoints.shape)
    return Scenes(keypoints + noise, features, joints, vertices)


def _perform(bank: MotionBank, count: int, filming: Filming, random: RandomSource) -> tuple[Tensor, Tensor, Tensor]:
    """World rotations `(B, T, 24, 3, 3)` and positions `(B, T, 24, 3)`, and who it is `(B, T)`."""
    length = (filming.frames - 1) * filming.stride + 1
    begin = (random.uniform(count) * (len(bank.rotations) - length)).long()
    frames = begin[:, None] + filming.stride * torch.arange(filming.frames, device=begin.device)
    person = bank.person[frames[:, filming.frames // 2]]
    turns = local_to_global(quaternion_to_matrix(bank.rotations[frames]))
    places = joint_positions(turns, bank.offsets[person]) + bank.translation[frames][:, :, None]
    return turns, places, person[:, None].expand(-1, filming.frames)


def _shoot(
    studio: Studio, turns: Tensor, places: Tensor, person: Tensor, focal: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Keypoints, features, joints and vertices of N bodies whose joints are turned and placed in a camera's frame."""
    vertices, normals = skin(studio.bodies, person, turns, places)
    joints = torch.einsum("jv,nva->nja", studio.regressor, vertices)
    keypoints, points, root = project(joints, focal), project(vertices, focal), joints[:, :1]
    low, high = keypoints.amin(1, keepdim=True), keypoints.amax(1, keepdim=True)
    half = (high - low).amax(-1, keepdim=True) * (CROP / 2)
    picture = draw((points - (low + high) / 2) / half, (vertices - root)[..., 2], normals)
    return keypoints, studio.backbone(picture), joints - root, vertices - root
