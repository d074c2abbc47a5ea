"""The loss as a CUDA graph against the loss as it is."""

import pytest
import torch
from mocamba.inference.lifters import answer
from mocamba.inference.lifting import LiftingClips
from mocamba.inference.losses import lifting_losses
from mocamba.inference.networks.vimcan import Vimcan, VimcanConfig
from mocamba.inference.training.captured import CapturedLoss
from torch import Tensor


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_replayed_loss_is_the_loss_on_new_clips() -> None:
    torch.manual_seed(0)
    network = Vimcan(VimcanConfig(width=16, group_width=16, pairs=1, frames=9, drop_path=0.0)).cuda()

    def loss(*clips: Tensor) -> dict[str, Tensor]:
        said = answer(network, LiftingClips(*clips))
        return lifting_losses(said.estimate, said.truth)

    def clips() -> list[Tensor]:
        shapes = ((4, 9, 17, 2), (4, 9, 8, 4), (4, 9, 17, 3), (4, 9))
        return [torch.rand(*shape, device="cuda") for shape in shapes]

    captured = CapturedLoss(loss, network.parameters(), clips())
    for _ in range(3):
        new = clips()
        total, terms = captured(*new)
        total.backward()
        found = [p.grad.clone() if p.grad is not None else None for p in network.parameters()]
        network.zero_grad()
        plain = loss(*new)
        torch.stack(list(plain.values())).sum().backward()
        for name, value in plain.items():
            torch.testing.assert_close(terms[name], value, rtol=1e-4, atol=1e-6)
        for mine, parameter in zip(found, network.parameters(), strict=True):
            assert (mine is None) == (parameter.grad is None)
            if mine is not None and parameter.grad is not None:
                torch.testing.assert_close(mine, parameter.grad, rtol=2e-3, atol=1e-5)
        network.zero_grad()
