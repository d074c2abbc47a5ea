"""Augmented windows of motion, drawn from the bank on the training device."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ...rig.skeleton import MIRROR
from ..random_source import RandomSource
from ..rotations import about_y, quaternion_to_matrix, rotation_vector_to_matrix
from .bank import MotionBank
from .invented import invent

PAST = 64  # frames before the window: the motion states look there
MARGIN = 4  # frames after it: accelerations by central differences
UPPER = (12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23)


@dataclass(frozen=True)
class Augmentation:
    """Chances (0 to 1) and sizes of what is done to a window. Angles in degrees."""

    clip_start: float = 0.5  # begin where a clip begins, with nothing known before
    mirror: float = 0.5
    speed: float = 0.2  # ± share of the pace
    size: float = 0.15  # ± share of the height
    proportions: float = 0.06  # standard deviation of each bone's length
    recombine: float = 0.25  # upper body of another window
    offset: float = 0.5  # constant turn of every joint
    offset_angle: float = 6.0
    wobble: float = 0.3  # smooth turn of every joint over time
    wobble_angle: float = 8.0
    invented: float = 0.0  # smooth random motion within the joints' limits, on the pelvis of this window
    even: float = 0.0  # 0: a person is drawn as often as they were recorded, 1: everybody as often as anybody


class Windows(NamedTuple):
    """`rotations (B, L, 24, 3, 3)` local, `translation (B, L, 3)`, `offsets (B, 24, 3)`; L = PAST + T + MARGIN.

    `fresh (B,)`: nothing is known of the time before the window.
    """

    rotations: Tensor
    translation: Tensor
    offsets: Tensor
    fresh: Tensor


def draw_windows(
    bank: MotionBank, count: int, frames: int, augmentation: Augmentation, random: RandomSource
) -> Windows:
    """`count` windows of `frames` frames at random places, augmented."""
    fresh = random.chance(count, augmentation.clip_start)
    q, x, offsets = _cut(bank, count, frames, augmentation, fresh, random)
    mirrored = random.chance(count, augmentation.mirror)
    q, x, offsets = _mirror(q, x, offsets, mirrored)
    rotations = quaternion_to_matrix(q)
    rotations = _recombine(rotations, random.chance(count, augmentation.recombine))
    if augmentation.invented:
        made_up = random.chance(count, augmentation.invented)[:, None, None, None, None]
        rotations = torch.where(made_up, invent(rotations, random), rotations)
    rotations = _perturb(rotations, augmentation, random)
    turn = about_y(random.uniform(count) * 2 * torch.pi)
    rotations = torch.cat([turn[:, None, None] @ rotations[:, :, :1], rotations[:, :, 1:]], dim=2)
    return Windows(rotations, torch.einsum("bij,btj->bti", turn, x), offsets, fresh)


def _cut(
    bank: MotionBank, count: int, frames: int, augmentation: Augmentation, fresh: Tensor, random: RandomSource
) -> tuple[Tensor, Tensor, Tensor]:
    """Local rotations `(B, L, 24, 4)`, translation and bone offsets, at a changed pace and body size."""
    length = PAST + frames + MARGIN
    pace = 1 + augmentation.speed * (2 * random.uniform(count) - 1)
    longest = int(length * (1 + augmentation.speed)) + 2
    anywhere = _draw(bank.person[: len(bank.rotations) - longest], count, augmentation.even, random)
    starts = bank.starts[_draw(bank.person[bank.starts], count, augmentation.even, random)]
    begin = starts - (PAST * pace).long()
    begin = torch.where(fresh, begin, anywhere).clamp(0, len(bank.rotations) - longest)
    place = begin[:, None] + torch.arange(length, device=begin.device) * pace[:, None]
    low = place.long()
    weight = (place - low).float()[..., None]
    q0, q1 = bank.rotations[low], bank.rotations[low + 1]
    q = q0 + weight[..., None] * (q1 * (q0 * q1).sum(-1, keepdim=True).sign() - q0)
    x = bank.translation[low] + weight * (bank.translation[low + 1] - bank.translation[low])
    offsets = bank.offsets[bank.person[begin + (PAST * pace).long()]]  # who is there once the window begins
    size = 1 + augmentation.size * (2 * random.uniform(count) - 1)
    bones = 1 + augmentation.proportions * random.normal(count, 24)
    bones = (bones + bones[:, list(MIRROR)]) / 2
    return q, x * size[:, None, None], offsets * (size[:, None] * bones)[..., None]


def _draw(person: Tensor, count: int, even: float, random: RandomSource) -> Tensor:
    """Rows `(count,)` of `person (N,)`, each weighted by how many rows are that person's to the power of -`even`."""
    if not even:
        return (random.uniform(count) * len(person)).long()
    share = torch.bincount(person).double()[person] ** -even
    upto = share.cumsum(0)
    return torch.searchsorted(upto, random.uniform(count).double() * upto[-1]).clamp(max=len(person) - 1)


def _mirror(q: Tensor, x: Tensor, offsets: Tensor, which: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Swap left and right: reflection in the plane x = 0."""
    flipped = q[:, :, list(MIRROR)] * q.new_tensor([1, 1, -1, -1])
    away = x.new_tensor([-1, 1, 1])
    return (
        torch.where(which[:, None, None, None], flipped, q),
        torch.where(which[:, None, None], x * away, x),
        torch.where(which[:, None, None], offsets[:, list(MIRROR)] * away, offsets),
    )


def _recombine(rotations: Tensor, which: Tensor) -> Tensor:
    """Neck, head and arms of the neighbour in the batch on this one's trunk and legs."""
    mixed = rotations.clone()
    mixed[:, :, list(UPPER)] = rotations.roll(1, dims=0)[:, :, list(UPPER)]
    return torch.where(which[:, None, None, None, None], mixed, rotations)


def _perturb(rotations: Tensor, augmentation: Augmentation, random: RandomSource) -> Tensor:
    """Turn every joint but the pelvis: by a constant, by a smooth function of time, or both."""
    count, length = rotations.shape[:2]
    constant = random.normal(count, 1, 72) * random.chance(count, augmentation.offset)[:, None, None]
    wobble = random.smooth(count, length, 72, 1.5) * random.uniform(count, 1, 1)
    wobble = wobble * random.chance(count, augmentation.wobble)[:, None, None]
    degrees = constant * augmentation.offset_angle + wobble * augmentation.wobble_angle
    turns = rotation_vector_to_matrix(torch.unflatten(torch.deg2rad(degrees), -1, (24, 3)))
    return torch.cat([rotations[:, :, :1], rotations[:, :, 1:] @ turns[:, :, 1:]], dim=2)
