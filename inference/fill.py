"""Giving a network the weights of a file, or saying in one sentence which of them does not fit."""

from pathlib import Path

import torch
from torch import Tensor, nn

from ..rig.errors import FileFormatError


def fill(path: Path, network: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Raises FileFormatError, naming the file and the first key at fault, and leaves the network as it was."""
    wanted = network.state_dict()
    both = wanted.keys() & tensors.keys()
    faults = {
        "lacks": wanted.keys() - tensors.keys(),
        "has unknown": tensors.keys() - wanted.keys(),
        "has another shape for": {key for key in both if wanted[key].shape != tensors[key].shape},
    }
    for fault, keys in faults.items():
        if keys:
            more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
            advice = "Is it of another network or version?"
            raise FileFormatError(path, f"{fault} {min(keys)}{more}: these weights do not fit.", advice)
    broken = [key for key, value in tensors.items() if not torch.isfinite(value).all()]
    if broken:
        raise FileFormatError(path, f"{broken[0]} holds values that are not numbers.", "Copy or download it again.")
    network.load_state_dict(tensors)
