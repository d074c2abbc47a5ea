"""Losses on meshes (PMCE; HMRMamba eq. 15). Vertices `(B, V, 3)` in metres, `faces (F, 3)`."""

import torch
import torch.nn.functional as F
from torch import Tensor


def edge_loss(said: Tensor, truth: Tensor, faces: Tensor) -> Tensor:
    """Mean difference of the lengths of all edges, metres."""
    return F.l1_loss(_edges(said, faces).norm(dim=-1), _edges(truth, faces).norm(dim=-1))


def normal_loss(said: Tensor, truth: Tensor, faces: Tensor) -> Tensor:
    """Mean |cosine| between edges and the true normals of their faces; 0 where every face is turned right."""
    a, b, c = truth[:, faces].unbind(2)
    normals = F.normalize(torch.linalg.cross(b - a, c - a), dim=-1)
    directions = F.normalize(_edges(said, faces), dim=-1)
    return (directions * normals[:, :, None]).sum(-1).abs().mean()


def _edges(vertices: Tensor, faces: Tensor) -> Tensor:
    """`(B, F, 3, 3)`: three vectors around each face."""
    corners = vertices[:, faces]
    return corners.roll(-1, dims=2) - corners
