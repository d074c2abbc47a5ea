"""Motion that nobody recorded: smooth random turns of every joint within what bodies can do."""

import torch
from torch import Tensor

from ...rig.skeleton import MIRROR, joint
from ..random_source import RandomSource
from ..rotations import rotation_vector_to_matrix

# Least and most of the rotation vector from the T-pose in degrees, about left (x), up (y) and forward (z). Rounded from
# clinical ranges of motion (AAOS 1965), which the three vertebral joints share. Right-hand joints mirror these.
LIMITS: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "left_hip": ((-110, 20), (-35, 35), (-20, 40)),
    "left_knee": ((0, 130), (-8, 8), (-3, 3)),
    "left_ankle": ((-20, 40), (-15, 15), (-15, 15)),
    "spine1": ((-8, 25), (-12, 12), (-12, 12)),
    "spine2": ((-8, 20), (-12, 12), (-10, 10)),
    "spine3": ((-8, 15), (-12, 12), (-10, 10)),
    "neck": ((-20, 20), (-30, 30), (-18, 18)),
    "head": ((-20, 20), (-30, 30), (-12, 12)),
    "left_collar": ((-5, 5), (-12, 12), (-5, 20)),
    "left_shoulder": ((-50, 50), (-100, 30), (-90, 70)),
    "left_elbow": ((-60, 60), (-135, 0), (-4, 4)),
}
FASTEST = 1.2  # Hz


def limits() -> tuple[Tensor, Tensor]:
    """Least and most `(24, 3)`, degrees; zero for joints without motion of their own here."""
    least, most = torch.zeros(24, 3), torch.zeros(24, 3)
    for name, ranges in LIMITS.items():
        index = joint(name)
        least[index], most[index] = torch.tensor(ranges, dtype=torch.float32).T
        other = MIRROR[index]
        if other != index:
            away = torch.tensor([1.0, -1, -1])
            ends = torch.stack([least[index] * away, most[index] * away])
            least[other], most[other] = ends.amin(0), ends.amax(0)
    return least, most


def invent(rotations: Tensor, random: RandomSource) -> Tensor:
    """`rotations (B, L, 24, 3, 3)` local, with new ones for every joint but the pelvis."""
    count, length = rotations.shape[:2]
    least, most = (bound.to(rotations.device) for bound in limits())
    drift = random.normal(count, 1, 72) + random.uniform(count, 1, 1) * random.smooth(count, length, 72, FASTEST)
    share = torch.sigmoid(1.2 * torch.unflatten(drift, -1, (24, 3)))
    turns = rotation_vector_to_matrix(torch.deg2rad(least + share * (most - least)))
    return torch.cat([rotations[:, :, :1], turns[:, :, 1:]], dim=2)
