"""What a network refuses: a layout that is none, a wrong shape, no frames or too many, values that are not finite."""

import torch
from torch import Tensor

from ..rig.errors import BadInputError


def check_input(network: str, what: str, x: Tensor, entry: tuple[int, ...], longest: int | None = None) -> None:
    """Raises BadInputError, in one sentence, unless `x` is (B, T, *entry), floating and finite, 1 ≤ T ≤ `longest`."""
    wanted = ", ".join(("B", "T", *map(str, entry)))
    if x.dim() < 3 or x.shape[2:] != entry or not len(x):
        raise BadInputError(f"{network} reads {what} of shape ({wanted}), not {tuple(x.shape)}.")
    if not x.is_floating_point():
        raise BadInputError(f"{network} reads {what} as floating point numbers, not {x.dtype}.")
    frames = x.shape[1]
    if frames == 0:
        raise BadInputError(f"{network} was given {what} of no frames; at least one is needed.")
    if longest is not None and frames > longest:
        raise BadInputError(
            f"{network} reads up to {longest} frames at once, not {frames}: cut the {what} into shorter clips."
        )
    check_finite(network, what, x)


def check_alike(network: str, **inputs: Tensor) -> None:
    """Raises BadInputError unless all `inputs (B, T, …)`, by their names, have the same B and T."""
    shapes = {name: tuple(x.shape[:2]) for name, x in inputs.items()}
    if len(set(shapes.values())) > 1:
        said = ", ".join(f"{name} of {shape}" for name, shape in shapes.items())
        raise BadInputError(f"{network} reads inputs of the same sequences and frames, but was given {said}.")


def check_layout(config: object, **limits: tuple[float, float]) -> None:
    """Raises ValueError unless every named field of `config` is from least to most: configurations come from files."""
    for name, (least, most) in limits.items():
        value = getattr(config, name)
        if not least <= value <= most:
            raise ValueError(f"{name} {value} is not between {least} and {most}")


def check_finite(network: str, what: str, x: Tensor) -> None:
    """Raises BadInputError unless all of `x (B, T, …)` are numbers."""
    if x.is_meta or (x.is_cuda and torch.cuda.is_current_stream_capturing()):
        return  # no values to look at; a graph being captured may not wait for an answer
    finite = torch.isfinite(x)
    if not finite.all():
        sequence, frame = (~finite).nonzero()[0, :2].tolist()
        where = f"first in frame {frame} of sequence {sequence}"
        raise BadInputError(f"{network} was given {what} with values that are not numbers, {where}.")
