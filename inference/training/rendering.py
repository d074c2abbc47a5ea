"""Pictures of the free body, and numbers from them in place of an image backbone's.

HMRMamba reads 2048 features of a picture, which SPIN's ResNet-50 gives in the paper. Its weights may not be used here
(they are bound to non-commercial data), and no backbone is shipped yet. So that the network can be trained at all, the
body is drawn at 64 x 64 with its depth and normals, and convolutions that are random, seeded and never trained make
2048 numbers of that. It is a **stand-in**: it shows that the network learns from what is in a picture, and says nothing
about photographs.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...rig.body import Body

PIXELS = 64
CHANNELS = 5  # where the body is, its depth from the pelvis, its normals
THICKNESS = 0.02  # metres: vertices so close behind the first one are part of the same surface


class BodyTensors(NamedTuple):
    """`vertices` and `normals (K, V, 3)` of K people in rest, `joints (K, 24, 3)`, skin `weights (V, 24)`."""

    vertices: Tensor
    normals: Tensor
    joints: Tensor
    weights: Tensor


def body_tensors(bodies: list[Body]) -> BodyTensors:
    """Of bodies with one topology."""
    first = bodies[0]
    weights = np.zeros((len(first.vertices), 24), np.float32)
    np.add.at(weights, (np.arange(len(weights))[:, None], first.joints), first.weights)
    vertices = torch.from_numpy(np.stack([body.vertices for body in bodies])).float()
    joints = torch.from_numpy(np.stack([body.skeleton.rest_positions() for body in bodies]))
    quads = torch.from_numpy(first.quads).long()
    return BodyTensors(vertices, _normals(vertices, quads), joints.float(), torch.from_numpy(weights))


def _normals(vertices: Tensor, quads: Tensor) -> Tensor:
    corners = vertices[:, quads]
    faces = torch.linalg.cross(corners[:, :, 2] - corners[:, :, 0], corners[:, :, 3] - corners[:, :, 1])
    sums = torch.zeros_like(vertices)
    for corner in quads.unbind(-1):
        sums.index_add_(1, corner, faces)
    return F.normalize(sums, dim=-1)


def skin(bodies: BodyTensors, person: Tensor, turns: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """Vertices and normals `(N, V, 3)` by linear blend skinning.

    `person (N,)`; world rotations `turns (N, 24, 3, 3)` and positions `places (N, 24, 3)` of the joints.
    """
    moved = places - torch.einsum("njab,njb->nja", turns, bodies.joints[person])
    transforms = torch.cat([turns, moved[..., None]], dim=-1).flatten(2)  # (N, 24, 12)
    blended = torch.unflatten(bodies.weights @ transforms, -1, (3, 4))
    vertices = torch.einsum("nvab,nvb->nva", blended[..., :3], bodies.vertices[person]) + blended[..., 3]
    normals = torch.einsum("nvab,nvb->nva", blended[..., :3], bodies.normals[person])
    return vertices, F.normalize(normals, dim=-1)


def draw(seen: Tensor, depth: Tensor, normals: Tensor) -> Tensor:
    """Pictures `(N, 5, 64, 64)` of points: a depth buffer with the mean normal of what is in front.

    `seen (N, V, 2)` in [-1, 1] across the picture, `depth (N, V)` metres from the pelvis along the view, `normals
    (N, V, 3)`. A pixel is about 3 cm of a standing person and the free body's vertices are about 1 cm apart, so that
    points leave no holes.
    """
    count, inside = len(seen), (seen.abs() < 1).all(-1)
    cell = ((seen.clamp(-1, 1) + 1) * (PIXELS / 2)).long().clamp(max=PIXELS - 1)
    cell = cell[..., 1] * PIXELS + cell[..., 0]
    far = depth.masked_fill(~inside, torch.inf)
    front = depth.new_full((count, PIXELS**2), torch.inf).scatter_reduce(1, cell, far, "amin")
    shown = (far <= front.gather(1, cell) + THICKNESS) & inside
    values = torch.cat([torch.ones_like(normals[..., :1]), depth[..., None], normals], dim=-1) * shown[..., None]
    sums = depth.new_zeros(count, PIXELS**2, CHANNELS)
    sums.scatter_add_(1, cell[..., None].expand(-1, -1, CHANNELS), values)
    mean = sums / sums[..., :1].clamp(min=1)
    return torch.unflatten(mean.transpose(1, 2), -1, (PIXELS, PIXELS))


class StandInBackbone(nn.Module):
    """`(N, 5, 64, 64)` to `(N, 2048)`: two random convolutions, never trained; the same seed gives the same numbers."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        for name, (inputs, outputs) in {"near": (CHANNELS, 32), "far": (32, 128)}.items():
            weight = torch.randn(outputs, inputs, 8, 8, generator=generator) * (2 / (inputs * 64)) ** 0.5
            self.register_buffer(name, weight)

    @torch.no_grad()
    def forward(self, pictures: Tensor) -> Tensor:
        """Of zero mean and unit variance over the 2048."""
        x = torch.relu(F.conv2d(pictures, self.get_buffer("near"), stride=4, padding=2))
        x = torch.relu(F.conv2d(x, self.get_buffer("far"), stride=4, padding=2))
        return F.layer_norm(x.flatten(1), (2048,))
