"""Several selections of S6 side by side: each sequence of a stack is scanned with weights of its own."""

from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .scan import full_precision, selective_scan


class Selection(NamedTuple):
    """Weights of k scans over `inner` channels with N states: `select (k, rank + 2 N, inner)` to the step's low rank, B
    and C; `steps (k, inner, rank)` and `bias (k, inner)` to the step sizes; `A_log (k, inner, N)`; `D (k, inner)`."""

    select: Tensor
    steps: Tensor
    bias: Tensor
    A_log: Tensor
    D: Tensor


def scan_selected(sequences: Tensor, selection: Selection, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """`sequences (B, k, inner, L)` to the same shape and the states `(B, k·inner, N)`, in float32 or better."""
    states, rank = selection.A_log.shape[-1], selection.steps.shape[-1]
    with full_precision(sequences):
        sequences = sequences.float() if sequences.dtype != torch.float64 else sequences
        chosen = torch.einsum("bkdl,kcd->bkcl", sequences, selection.select)
        low, b, c = chosen.split([rank, states, states], dim=2)
        steps = F.softplus(torch.einsum("bkrl,kdr->bkdl", low, selection.steps) + selection.bias[..., None])
        y, state = selective_scan(
            sequences.flatten(1, 2),
            steps.flatten(1, 2),
            -torch.exp(selection.A_log.flatten(0, 1)),
            b,
            c,
            selection.D.flatten(),
            state,
        )
    return torch.unflatten(y, 1, sequences.shape[1:3]), state


def scan_ordered(
    sources: Tensor, selection: Selection, order: Tensor, state: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """As `triton_scan.scan_tokens`, with the selection made here: `sources (S, B, L, inner)` to `(k, B, L, inner)`."""
    from .triton_scan import scan_tokens

    (count, batch, tokens, _), rank = sources.shape, selection.steps.shape[-1]
    states = selection.A_log.shape[-1]
    with full_precision(sources):
        select = selection.select.unflatten(0, (-1, count)).permute(1, 3, 0, 2)  # (S, inner, k / S, rank + 2 N)
        chosen = torch.bmm(sources.flatten(1, 2), select.flatten(2)).view(count, batch, tokens, *select.shape[2:])
        low, b, c = chosen.split([rank, states, states], dim=-1)
        low = low.permute(3, 0, 1, 2, 4).reshape(-1, batch * tokens, rank)
        raw = torch.bmm(low, selection.steps.mT).unflatten(1, (batch, tokens))
        A = -torch.exp(selection.A_log)
        return scan_tokens(sources, raw, A, b, c, selection.bias, selection.D, order, state)


@cache  # and never dropped: CUDA graphs that were captured go on reading it
def there_and_back(length: int, device: torch.device) -> Tensor:
    """The order of a scan forward and one backward, `(2, 1, L)`."""
    with torch.inference_mode(False):  # training may come after solving
        there = torch.arange(length, dtype=torch.int32, device=device)
        return torch.stack([there, there.flip(0)])[:, None]
