"""Numbers that a network's code holds, as tensors that are sent to a device once."""

from functools import cache

import torch
from torch import Tensor


@cache
def constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """One dimension; shared by all callers, so not to be written to. A CUDA graph can read it, but not send it."""
    with torch.inference_mode(False):  # else no gradient could be taken through it later
        return torch.tensor(values, dtype=dtype, device=device)
