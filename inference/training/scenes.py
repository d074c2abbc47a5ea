"""What HMRMamba is trained on: free motion on the free body, seen by random cameras, with the truth beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ...rig.body import fitted_to, load_body
from ...rig.topology import Topology
from ..random_source import RandomSource
from ..rotations import about_y, joint_positions, local_to_global, quaternion_to_matrix, rotation_vector_to_matrix
from ..shards import Clip
from .bank import MotionBank, build_bank
from .rendering import BodyTensors, StandInBackbone, body_tensors, draw, skin

AT_ONCE = 256  # bodies skinned and drawn together
FOCAL = 2.29  # of Human3.6M's cameras, in half widths of the picture
CROP = 1.2  # half side of the picture around a person, in half extents of the keypoints


@dataclass(frozen=True)
class Filming:
    """How windows are filmed. Angles in degrees, distances in metres, noise as a share of the picture's half width."""

    frames: int = 16
    stride: int = 2  # of 60 Hz
    pitch: float = 12.0
    nearest: float = 3.5
    farthest: float = 6.0
    aside: float = 0.6
    noise: float = 0.006  # of 2D keypoints: about three pixels of a thousand


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


def build_studio(clips: Sequence[Clip], topology: Topology, seed: int) -> Studio:
    """Each person of the clips gets a free body of their own proportions."""
    bank = build_bank(clips, seed, passes=1)
    skeletons = {clip.motion.skeleton.offsets.tobytes(): clip.motion.skeleton for clip in clips}
    people = [skeletons[offsets.tobytes()] for offsets in bank.offsets.numpy()]
    bodies = body_tensors([fitted_to(load_body(), person) for person in people])
    return Studio(bank, bodies, torch.from_numpy(topology.joint_regressor), StandInBackbone())


@torch.no_grad()
def film(studio: Studio, count: int, filming: Filming, random: RandomSource) -> Scenes:
    """`count` windows at random places of the motion, each through a camera of its own."""
    turns, places, person = _perform(studio.bank, count, filming, random)
    turns, places, station = _view(turns, places, filming, random)
    parts = [
        _shoot(studio, turn, place, who, where)
        for turn, place, who, where in zip(
            *(x.flatten(0, 1).split(AT_ONCE) for x in (turns, places, person, station)), strict=True
        )
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


def _view(turns: Tensor, places: Tensor, filming: Filming, random: RandomSource) -> tuple[Tensor, Tensor, Tensor]:
    """The same in the frame of a camera (x right, y down, z ahead) with the pelvis at the origin, and where that is."""
    count = len(turns)
    pitch = torch.deg2rad(filming.pitch * (2 * random.uniform(count) - 1))
    tilt = rotation_vector_to_matrix(torch.stack([pitch, 0 * pitch, 0 * pitch], dim=-1))
    upright = torch.diag(turns.new_tensor([1, -1, -1]))
    camera = (tilt @ upright @ about_y(2 * torch.pi * random.uniform(count)))[:, None, None]
    away = filming.nearest + (filming.farthest - filming.nearest) * random.uniform(count, 1)
    aside = filming.aside * (2 * random.uniform(count, 2) - 1)
    middle = places[:, turns.shape[1] // 2, :1][:, None]
    seen = (camera @ (places - middle)[..., None])[..., 0]
    pelvis = seen[:, :, :1]
    station = pelvis[:, :, 0] + torch.cat([aside, away], dim=-1)[:, None]
    return camera @ turns, seen - pelvis, station


def _shoot(
    studio: Studio, turns: Tensor, places: Tensor, person: Tensor, station: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Keypoints, features, joints and vertices of N bodies, whose pelvis stands at `station (N, 3)`."""
    vertices, normals = skin(studio.bodies, person, turns, places)
    joints = torch.einsum("jv,nva->nja", studio.regressor, vertices)
    root = joints[:, :1]
    keypoints, points = _project(joints, station), _project(vertices, station)
    low, high = keypoints.amin(1, keepdim=True), keypoints.amax(1, keepdim=True)
    half = (high - low).amax(-1, keepdim=True) * (CROP / 2)
    features = studio.backbone(draw((points - (low + high) / 2) / half, vertices[..., 2], normals))
    return keypoints, features, joints - root, vertices - root


def _project(points: Tensor, station: Tensor) -> Tensor:
    """`(N, P, 3)` to normalised picture coordinates `(N, P, 2)`."""
    placed = points + station[:, None]
    return FOCAL * placed[..., :2] / placed[..., 2:].clamp(min=0.1)
