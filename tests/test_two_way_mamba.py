"""The two-way Mamba cell and its graph convolution, against plainer ways to say the same."""

import pytest
import torch
from mocamba.inference.mamba import MambaBlock
from mocamba.inference.networks.mdtf import skeleton_graph
from mocamba.inference.two_way_mamba import GraphConvolution, TwoWayMamba
from torch import Tensor, nn


def shaken(module: nn.Module, seed: int = 0) -> nn.Module:
    """In float64, every parameter moved off its first value: zeros would hide a missing one."""
    generator = torch.Generator().manual_seed(seed)
    module.double().eval()
    for parameter in module.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return module


def signal(length: int = 17, width: int = 8) -> Tensor:
    return torch.randn(2, length, width, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def one_way(cell: TwoWayMamba, way: int) -> MambaBlock:
    """A Mamba block with one direction's weights and the cell's projections."""
    block = MambaBlock(cell.in_proj.in_features, expand=1).double()
    weights = cell.paths[way].state_dict()
    block.load_state_dict(weights | {f"{n}.weight": getattr(cell, n).weight for n in ("in_proj", "out_proj")})
    return block


def test_it_is_the_mean_of_two_mamba_blocks() -> None:
    cell, x = shaken(TwoWayMamba(8)), signal(40)
    assert isinstance(cell, TwoWayMamba)
    there = one_way(cell, 0)(x)[0]
    back = one_way(cell, 1)(x.flip(1))[0].flip(1)
    torch.testing.assert_close(cell(x), (there + back) / 2, rtol=1e-11, atol=1e-12)


def test_reversed_input_with_reversed_weights_gives_reversed_output() -> None:
    cell, mirrored = shaken(TwoWayMamba(8, skeleton_graph())), shaken(TwoWayMamba(8, skeleton_graph().flip(0, 1)))
    mirrored.load_state_dict({exchanged(name): value for name, value in cell.state_dict().items()})
    torch.testing.assert_close(mirrored(signal().flip(1)).flip(1), cell(signal()), rtol=1e-11, atol=1e-12)


def exchanged(name: str) -> str:
    """The name of a weight in the other direction."""
    part, _, rest = name.partition(".")
    return name if part not in ("paths", "graphs") else f"{part}.{1 - int(rest[0])}{rest[1:]}"


def test_graph_convolution_is_its_formula() -> None:
    layer, x = GraphConvolution(8, skeleton_graph()), signal()
    layer.norm.running_mean.normal_(generator=torch.Generator().manual_seed(2))
    layer.norm.running_var.uniform_(0.5, 2, generator=torch.Generator().manual_seed(3))
    shaken(layer)
    graph = skeleton_graph().double()
    degree = graph.sum(-1)
    y = torch.zeros_like(x)
    for i in range(17):
        mixed = x[:, i] @ layer.itself.weight.T + layer.itself.bias
        for j in range(17):
            share = graph[i, j] / (degree[i] * degree[j]).sqrt()
            mixed = mixed + share * (x[:, j] @ layer.neighbours.weight.T + layer.neighbours.bias)
        norm = layer.norm
        mixed = (mixed - norm.running_mean[i]) / (norm.running_var[i] + norm.eps).sqrt()
        y[:, i] = torch.relu(x[:, i] + mixed * norm.weight[i] + norm.bias[i])
    torch.testing.assert_close(layer(x), y, rtol=1e-6, atol=1e-7)  # the graph's weights are float32


@pytest.mark.parametrize("graph", [None, skeleton_graph()])
def test_gradients(graph: Tensor | None) -> None:
    cell, x = shaken(TwoWayMamba(3, graph)), signal(17, 3)[:1].requires_grad_(True)
    assert torch.autograd.gradcheck(lambda x, *_: cell(x), (x, *cell.parameters()), atol=1e-6, fast_mode=True)


def test_every_parameter_learns() -> None:
    cell = shaken(TwoWayMamba(8, skeleton_graph())).train()
    cell(signal()).square().sum().backward()
    for name, parameter in cell.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name
