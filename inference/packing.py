"""Matrices at fewer than 8 bits a weight: whole numbers, 64 to a scale, packed as planes of bits."""

from itertools import product

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

BITS = range(4, 8)
GROUP = 64  # weights to a scale, which costs each a quarter of a bit
CLIPS = [1 + k / 20 for k in range(11)]  # how far a group's largest weight may lie beyond the last number


def pack(weights: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Planes `(bits, ⌈n / 8⌉)` uint8, the highest bit first, of n weights row by row; float16 scales `(⌈n / 64⌉,)`."""
    flat = weights.float().flatten()
    half = 2 ** (bits - 1)
    whole, scales = _nearest(pad(flat, (0, -len(flat) % GROUP)).view(-1, GROUP), half)
    levels = (whole.flatten()[: len(flat)] + half).to(torch.uint8).numpy()
    planes = np.stack([np.packbits(levels >> bit & 1) for bit in reversed(range(bits))])
    return torch.from_numpy(planes), scales.half()


def _nearest(groups: Tensor, half: int) -> tuple[Tensor, Tensor]:
    """Of rows: whole numbers from -half to half - 1 and the scale that give them back with the least squared error."""
    largest = groups.gather(1, groups.abs().argmax(dim=1, keepdim=True))
    least = torch.full_like(largest, torch.inf)
    whole, scales = torch.zeros_like(groups), torch.full_like(largest, torch.nan)  # which stay where weights are NaN
    for clip, last in product(CLIPS, (half - 1, -half)):  # a negative scale uses the number that has no opposite
        scale = (largest / (clip * last)).half().float()
        scale[scale == 0] = 6e-8  # float16's smallest
        near = torch.round(groups / scale).clamp(-half, half - 1)
        error = (near * scale - groups).square().sum(dim=1, keepdim=True)
        better = error < least
        least = torch.where(better, error, least)
        whole, scales = torch.where(better, near, whole), torch.where(better, scale, scales)
    return whole, scales[:, 0]


def unpack(planes: Tensor, scales: Tensor, shape: torch.Size) -> Tensor:
    """The float32 weights of `shape`. Raises ValueError where these are not so many or the bits are not known."""
    bits, count = planes.shape[0] if planes.dim() else 0, shape.numel()
    if bits not in BITS:
        raise ValueError(f"has {bits} bits a weight, where {BITS[0]} to {BITS[-1]} are known")
    if planes.shape != (bits, -(-count // 8)) or scales.shape != (-(-count // GROUP),):
        raise ValueError(f"does not hold the {count} weights that its network has there")
    levels = np.zeros(count, np.uint8)
    for plane in planes.numpy():
        levels *= 2
        levels += np.unpackbits(plane, count=count)
    whole = torch.from_numpy(levels).float() - float(2 ** (bits - 1))
    return (whole * scales.float().repeat_interleave(GROUP)[:count]).view(shape)
