"""HMRMamba: sizes, its cells against plainer ways to say the same, shapes, what it refuses, and that it learns."""

from dataclasses import replace
from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference import dual_scan
from mocamba.inference.coevolution import Coevolution
from mocamba.inference.deformable import DeformableAttention
from mocamba.inference.dual_scan import Axis, DualScan, TwoWayScan, limbs
from mocamba.inference.lifting import mirror_points
from mocamba.inference.mesh_losses import edge_loss, normal_loss
from mocamba.inference.networks.hmrmamba import (
    VARIANTS,
    HMRMamba,
    HMRMambaConfig,
    MotionAttention,
    joint_velocity,
    on_body,
)
from mocamba.inference.scan import own_kernels, selective_scan_reference
from mocamba.inference.sizes import measure
from mocamba.rig.errors import BadInputError
from mocamba.rig.h36m import PARENTS
from mocamba.rig.topology import Topology, free_topology
from torch import Tensor, nn

from .interpreter import run_interpreted

SMALL = HMRMambaConfig(depth=2, vertices=40, coarse=10, frames=6, width=16, evolution_width=8, drop_path=0.0)


def small(**changes: object) -> HMRMamba:
    torch.manual_seed(0)
    return HMRMamba(replace(SMALL, **changes))  # type: ignore[arg-type]


def inputs(batch: int = 2, frames: int = 6, seed: int = 1) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, frames, 17, 2, generator=generator), torch.randn(batch, frames, 2048, generator=generator)


def shaken(module: nn.Module) -> nn.Module:
    """In float64, every parameter moved off its first value: zeros would hide a missing one."""
    generator = torch.Generator().manual_seed(0)
    for parameter in module.double().eval().parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return module


def normal(*shape: int, seed: int = 2) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(
    ("variant", "visible", "true", "published"),
    [("s", 79_705_087, 80_889_087, 79.63), ("l", 89_064_971, 91_035_403, 89.04)],
)
def test_size(variant: str, visible: int, true: int, published: float) -> None:
    """Within 0.1 % of the published sizes, on SMPL's 6890 vertices; no layout is known to give them to the digit."""
    net = HMRMamba(VARIANTS[variant])
    size = measure(net, *inputs(1, 16), frames=16)
    assert (size.profiler_params, size.true_params) == (visible, true)
    assert size.profiler_params / 1e6 == pytest.approx(published, rel=1e-3)


def test_size_on_the_free_body() -> None:
    config = on_body(VARIANTS["s"], free_topology())
    assert (config.vertices, config.coarse) == (13_492, 844)
    with torch.device("meta"):
        net = HMRMamba(config)
    assert sum(p.numel() for p in net.parameters()) == 146_889_749


def test_limbs_are_paths_from_the_root() -> None:
    assert limbs(PARENTS) == [
        [0, 1, 2, 3],
        [0, 4, 5, 6],
        [0, 7, 8, 9, 10],
        [0, 7, 8, 11, 12, 13],
        [0, 7, 8, 14, 15, 16],
    ]


def test_two_way_scan_is_two_reference_scans() -> None:
    scan, u = shaken(TwoWayScan(6, 2)), normal(2, 6, 20)
    answers = []
    for way, x in enumerate((u, u.flip(-1))):
        low, b, c = torch.einsum("bcl,ec->bel", x, scan.select[way]).split([2, 16, 16], dim=1)
        delta = nn.functional.softplus(torch.einsum("brl,cr->bcl", low, scan.steps[way]) + scan.bias[way][:, None])
        A = -torch.exp(scan.A_log[way])
        answers.append(selective_scan_reference(x, delta, A, b[:, None], c[:, None], scan.D[way])[0])
    torch.testing.assert_close(scan(u), answers[0] + answers[1].flip(-1), rtol=1e-11, atol=1e-12)


def check_two_way_kernels(device: str) -> None:
    """The same scan by our kernels in float32: answers and all gradients."""
    scan, u, weights = shaken(TwoWayScan(6, 2)), normal(2, 6, 11), normal(2, 6, 11)
    answers = []
    for dtype, where in ((torch.float64, "cpu"), (torch.float32, device)):
        scan, x = scan.to(where, dtype), u.detach().to(where, dtype).requires_grad_()
        with mock.patch.object(dual_scan, "has_kernels", return_value=dtype == torch.float32):
            y = scan(x)
        answers.append([y, *torch.autograd.grad((y * weights.to(y)).sum(), [x, *scan.parameters()])])
    for one, other in zip(*answers, strict=True):
        torch.testing.assert_close(other.cpu().double(), one, rtol=1e-4, atol=1e-5 * float(one.detach().abs().max()))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_two_way_scan_by_our_kernels() -> None:
    if own_kernels() is None:
        pytest.skip("Triton is not installed")
    check_two_way_kernels("cuda")


def test_two_way_scan_by_our_kernels_in_the_interpreter() -> None:
    run_interpreted(__file__)


@pytest.mark.parametrize("axis", ["joints", "frames"])
def test_the_limb_scan_visits_limbs_and_averages(axis: Axis) -> None:
    """One visit after another, written out."""
    net, grid = shaken(DualScan(4, axis, PARENTS)), normal(1, 3, 17, 8)
    visits = [joint for limb in limbs(PARENTS) for joint in limb]
    said = torch.zeros_like(grid)
    if axis == "joints":
        for t in range(3):
            line = net.limbs(torch.stack([grid[0, t, j] for j in visits], dim=-1)[None])[0]
            for place, j in enumerate(visits):
                said[0, t, j] += line[:, place] / visits.count(j)
    else:
        line = net.limbs(torch.stack([grid[0, t, j] for j in visits for t in range(3)], dim=-1)[None])[0]
        for place, j in enumerate(visits):
            said[0, :, j] += line[:, 3 * place : 3 * place + 3].T / visits.count(j)
    torch.testing.assert_close(net._along_limbs(grid), said, rtol=1e-6, atol=1e-7)  # the shares are float32


def test_along_joints_frames_do_not_see_each_other() -> None:
    net, x = shaken(DualScan(8, "joints", PARENTS)), normal(1, 4, 17, 8)
    changed = x.clone()
    changed[:, 2] += 1
    moved = (net(changed) - net(x)).abs().amax((0, 2, 3))
    assert moved[[0, 1, 3]].max() == 0
    assert moved[2] > 1e-3


def test_along_frames_joints_hear_of_their_limbs() -> None:
    net, x = shaken(DualScan(8, "frames", PARENTS)), normal(1, 4, 17, 8)
    changed = x.clone()
    changed[:, :, 1] += 1
    moved = (net(changed) - net(x)).abs().amax((0, 1, 3))
    assert moved.min() > 0
    assert moved[2] > 2 * moved[16]  # the knee of the moved hip more than the other side's wrist


def test_deformable_attention_is_its_formula() -> None:
    net, query, values = (
        shaken(DeformableAttention(8, heads=2, points=3)),
        normal(1, 4, 5, 8),
        normal(1, 4, 5, 8, seed=3),
    )
    nn.init.normal_(net.offsets.weight, std=0.3)
    said = torch.zeros(1, 4, 5, 8, dtype=torch.float64)
    v = net.value(values)[0]
    for t in range(4):
        for j in range(5):
            offsets = net.offsets(query[0, t, j]).reshape(2, 3, 2)
            weights = net.weights(query[0, t, j]).reshape(2, 3).softmax(-1)
            for head in range(2):
                for point in range(3):
                    place = torch.tensor([t, j]) + offsets[head, point]
                    part = between(v[..., 4 * head : 4 * head + 4], place)
                    said[0, t, j, 4 * head : 4 * head + 4] += weights[head, point] * part
    torch.testing.assert_close(net(query, values), net.out(said), rtol=1e-9, atol=1e-10)


def between(grid: Tensor, place: Tensor) -> Tensor:
    """`grid (T, J, C)` at a fractional place, held at its border."""
    last = torch.tensor(grid.shape[:2]) - 1
    place = torch.minimum(place.clamp(min=0), last.to(place))
    low = place.floor().long()
    high = torch.minimum(low + 1, last)
    a, b = (place - low).unbind()
    top = (1 - b) * grid[low[0], low[1]] + b * grid[low[0], high[1]]
    bottom = (1 - b) * grid[high[0], low[1]] + b * grid[high[0], high[1]]
    return (1 - a) * top + a * bottom


def test_gradients() -> None:
    x = normal(1, 3, 17, 3)
    cells: list[tuple[nn.Module, tuple[Tensor, ...]]] = [
        (DualScan(3, "joints", PARENTS), (x,)),
        (DualScan(3, "frames", PARENTS), (x,)),
        (DeformableAttention(4, heads=2, points=2), (normal(1, 3, 5, 4), normal(1, 3, 5, 4, seed=3))),
        (Coevolution(17, 10, 8, 12, 0.0), (normal(1, 17, 3), normal(1, 10, 3, seed=3), normal(1, 12))),
    ]
    for cell, given_ in cells:
        shaken(cell)
        given_ = tuple(value.requires_grad_(True) for value in given_)
        weights = tuple(cell.parameters())

        def said(*values: Tensor, cell: nn.Module = cell, count: int = len(given_)) -> Tensor:
            answer = cell(*values[:count])
            return answer if isinstance(answer, Tensor) else torch.cat(answer, dim=1)

        assert torch.autograd.gradcheck(said, (*given_, *weights), atol=1e-6, fast_mode=True)


def test_velocity() -> None:
    positions = normal(2, 5, 17, 3)
    velocity = joint_velocity(positions)
    torch.testing.assert_close(velocity[:, 3], positions[:, 3] - positions[:, 2])
    torch.testing.assert_close(velocity[:, 0], (positions[:, -1] - positions[:, 0]) / 4)
    assert joint_velocity(positions[:, :1]).abs().max() == 0


@settings(max_examples=12, deadline=None)
@given(batch=st.integers(1, 2), frames=st.integers(1, 6))
def test_any_length_up_to_the_limit(batch: int, frames: int) -> None:
    output = small().eval()(*inputs(batch, frames))
    assert output.lifted.shape == (batch, frames, 17, 3)
    assert output.joints.shape == (batch, 17, 3)
    assert output.vertices.shape == (batch, 40, 3)
    assert all(torch.isfinite(part).all() for part in output)


def test_another_skeleton() -> None:
    """Nineteen joints, as on 3DPW."""
    parents = (-1, 0, 1, 1, 1, 1, 4, 5, 6, 7, 0, 0, 10, 11, 12, 13, 2, 3, 16)
    output = small(parents=parents).eval()(torch.zeros(1, 4, 19, 2), torch.zeros(1, 4, 2048))
    assert output.lifted.shape == (1, 4, 19, 3)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"keypoints": torch.zeros(1, 4, 16, 2)}, "reads keypoints of shape"),
        ({"features": torch.zeros(1, 4, 512)}, "reads image features of shape"),
        ({"features": torch.zeros(1, 5, 2048)}, "same sequences and frames"),
        ({"keypoints": torch.zeros(1, 7, 17, 2), "features": torch.zeros(1, 7, 2048)}, "up to 6 frames"),
        ({"keypoints": torch.zeros(1, 0, 17, 2), "features": torch.zeros(1, 0, 2048)}, "no frames"),
        ({"keypoints": torch.full((1, 4, 17, 2), float("nan"))}, "keypoints with values that are not numbers"),
        ({"features": torch.full((1, 4, 2048), float("inf"))}, "image features with values that are not numbers"),
    ],
)
def test_bad_input_is_refused(changes: dict[str, Tensor], says: str) -> None:
    given_ = {"keypoints": torch.zeros(1, 4, 17, 2), "features": torch.zeros(1, 4, 2048)} | changes
    with pytest.raises(BadInputError, match=says):
        small()(**given_)


def test_bad_layouts_are_refused() -> None:
    for changes in ({"depth": 0}, {"coarse": 7000}, {"width": 100}, {"parents": (0, -1)}, {"parents": ()}):
        with pytest.raises(ValueError, match=r".+"):
            HMRMambaConfig(**changes)


def test_coarse_vertices_start_at_the_nearest_joint() -> None:
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 2, 0], [0.9, 0, 0]]).numpy()
    regressor = torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]).numpy()
    topology = Topology(vertices, torch.tensor([[0, 1, 2]]).numpy(), regressor)
    topology.__dict__["coarse_vertices"] = torch.tensor([1, 2, 3]).numpy()
    config = replace(SMALL, vertices=4, coarse=3, parents=(-1, 0, 0))
    assert HMRMamba(config, topology).home.tolist() == [1, 2, 1]
    with pytest.raises(ValueError, match="topology"):
        HMRMamba(replace(config, coarse=2), topology)


def test_every_weight_learns() -> None:
    net = small().train()
    for parameter in net.parameters():  # what begins as zero hides what is behind it
        parameter.data += 0.02 * torch.randn_like(parameter)
    sum(part.square().mean() for part in net(*inputs())).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_motion_steers_the_mesh() -> None:
    """The same middle frame, moved to in another way, makes another mesh."""
    net = small().eval()
    features = inputs()[1]
    lifted = torch.randn(2, 6, 17, 3, generator=torch.Generator().manual_seed(5))
    other = lifted.clone()
    other[:, 2] += 0.3
    assert (net.guide(features, lifted)[:, 3] - net.guide(features, other)[:, 3]).abs().max() > 1e-3
    assert isinstance(net.guide.look_explicit, MotionAttention)


def test_mesh_losses() -> None:
    vertices = torch.tensor([[[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]])
    faces = torch.tensor([[0, 1, 2], [0, 1, 3]])
    assert edge_loss(vertices, vertices, faces) == 0
    assert normal_loss(vertices, vertices, faces) < 1e-6
    torch.testing.assert_close(edge_loss(2 * vertices, vertices, faces), torch.tensor((4 + 2 * 2**0.5) / 6))
    quarter = torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    turned = vertices @ quarter.T
    assert normal_loss(turned[:, :3], vertices[:, :3], faces[:1]) > 0.5


def test_trained_with_flips_a_flipped_input_gives_the_flipped_output() -> None:
    """Joints of all frames, and a mesh whose second half is the mirror image of the first."""
    net, (keypoints, features) = small(depth=1), inputs(frames=2)
    seen_in_mirror = torch.randn(2, 2, 2048, generator=torch.Generator().manual_seed(7))
    depth = torch.randn(2, 2, 17, 1, generator=torch.Generator().manual_seed(8))
    joints = torch.cat([0.3 * keypoints, 0.1 * depth], dim=-1)
    mesh = 0.3 * torch.randn(2, 40, 3, generator=torch.Generator().manual_seed(9))
    images = torch.cat([keypoints, mirror_points(keypoints)]), torch.cat([features, seen_in_mirror])
    truth, meshes = torch.cat([joints, mirror_points(joints)]), torch.cat([mesh, mirrored_mesh(mesh)])
    rest = [parameter for name, parameter in net.named_parameters() if not name.startswith("lifting.")]
    optimiser = torch.optim.AdamW([{"params": net.lifting.parameters(), "lr": 5e-3}, {"params": rest, "lr": 1e-3}])
    for _ in range(75):
        optimiser.zero_grad()
        output = net(*images)
        ((output.lifted - truth).norm(dim=-1).mean() + (output.vertices - meshes).norm(dim=-1).mean()).backward()
        optimiser.step()
    net.eval()
    with torch.inference_mode():
        straight, mirror = net(keypoints, features), net(mirror_points(keypoints), seen_in_mirror)
    for said, flipped, other in (
        (straight.lifted, mirror_points(mirror.lifted), mirror.lifted),
        (straight.vertices, mirrored_mesh(mirror.vertices), mirror.vertices),
    ):
        assert (said - flipped).norm(dim=-1).mean() < 0.2 * (said - other).norm(dim=-1).mean()


def mirrored_mesh(vertices: Tensor) -> Tensor:
    return vertices.roll(20, dims=1) * torch.tensor([-1, 1, 1])


if __name__ == "__main__":
    check_two_way_kernels("cpu")
