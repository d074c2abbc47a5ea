"""PoseMamba: the published sizes, checkpoints of its authors, one answer from clip and frame, what it refuses."""

import io
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from mocamba.inference.film_solver import load_lifter
from mocamba.inference.frame_lifter import frame_step
from mocamba.inference.networks.posemamba import LIMBS, VARIANTS, PoseMamba, PoseMambaConfig
from mocamba.inference.scan import selective_scan_reference
from mocamba.rig.errors import BadInputError, FileFormatError
from torch import Tensor

SMALL = PoseMambaConfig(width=16, pairs=2, frames=12, drop_path=0.0)


def small(**changes: Any) -> PoseMamba:
    """Every parameter moved off its first value: positions of zero would hide a missing one."""
    torch.manual_seed(3)
    net = PoseMamba(replace(SMALL, **changes)).requires_grad_(False).eval()
    for parameter in net.parameters():
        parameter += 0.05 * torch.randn_like(parameter)
    return net


def keypoints(frames: int = 12, count: int = 2, seed: int = 0) -> Tensor:
    return 0.5 * torch.randn(count, frames, 17, 2, generator=torch.Generator().manual_seed(seed))


def reference(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """The authors' network from nothing but a checkpoint, as models are written down on paper."""
    width = len(weights["Spatial_patch_to_embedding.bias"])

    def norm(name: str, x: Tensor, eps: float = 1e-6) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], eps)

    def linear(name: str, x: Tensor) -> Tensor:
        return F.linear(x, weights[f"{name}.weight"], weights.get(f"{name}.bias"))

    def scan(name: str, row: Tensor, k: int) -> Tensor:
        inner, rank = 2 * width, -(-width // 16)
        chosen = weights[f"{name}.x_proj_weight"][k] @ row
        low, b, c = chosen.split([rank, 16, 16], dim=1)
        bias = weights[f"{name}.dt_projs_bias"][k][:, None]
        step = F.softplus(weights[f"{name}.dt_projs_weight"][k] @ low + bias)
        rows = slice(k * inner, (k + 1) * inner)
        A = -torch.exp(weights[f"{name}.A_logs"][rows])
        return selective_scan_reference(row, step, A, b[:, None], c[:, None], weights[f"{name}.Ds"][rows])[0]

    def mix(name: str, x: Tensor) -> Tensor:
        frames = x.shape[1]
        u, gate = linear(f"{name}.in_proj", x).chunk(2, dim=-1)
        u = u.permute(0, 3, 1, 2)
        u = F.silu(
            F.conv2d(u, weights[f"{name}.conv2d.weight"], weights[f"{name}.conv2d.bias"], padding=1, groups=2 * width)
        )
        by_frame = (u + u[..., list(LIMBS)]).flatten(2)
        by_joint = u.transpose(2, 3).flatten(2)
        first = scan(name, by_frame, 0) + scan(name, by_frame.flip(2), 2).flip(2)
        second = scan(name, by_joint, 1) + scan(name, by_joint.flip(2), 3).flip(2)
        y = first.unflatten(2, (frames, 17)) + second.unflatten(2, (17, frames)).transpose(2, 3)
        return linear(f"{name}.out_proj", norm(f"{name}.out_norm", y.permute(0, 2, 3, 1), 1e-5) * F.silu(gate))

    def block(name: str, x: Tensor) -> Tensor:
        x = x + mix(f"{name}.op", norm(f"{name}.norm", x))
        return x + linear(f"{name}.mlp.fc2", F.gelu(linear(f"{name}.mlp.fc1", norm(f"{name}.norm2", x))))

    x = linear("Spatial_patch_to_embedding", x) + weights["Spatial_pos_embed"]
    x = norm("Spatial_norm", block("STEblocks.0", x))
    x = x + weights["Temporal_pos_embed"][:, : x.shape[1], None]
    x = norm("Temporal_norm", block("TTEblocks.0", x))
    for pair in range(1, len({key.split(".")[1] for key in weights if key.startswith("STEblocks")})):
        x = norm("Spatial_norm", block(f"STEblocks.{pair}", x))
        x = norm("Temporal_norm", block(f"TTEblocks.{pair}", x))
    return linear("head.1", norm("head.0", x, 1e-5))


@pytest.mark.parametrize(("variant", "true"), [("s", 1_470_211), ("b", 4_742_659), ("l", 9_450_499), ("x", 33_318_915)])
def test_true_sizes(variant: str, true: int) -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in PoseMamba(VARIANTS[variant]).parameters()) == true


@pytest.mark.parametrize("wrapper", [None, "model_pos", "model"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_checkpoint_gives_the_authors_answer(wrapper: str | None, prefix: str, tmp_path: Path) -> None:
    weights = small().state_dict()
    saved: dict[str, Any] = {prefix + key: value for key, value in weights.items()}
    saved[f"{prefix}head.1.total_ops"] = torch.zeros(1, dtype=torch.float64)  # what a profiler leaves behind
    path = tmp_path / "best_epoch.bin"
    torch.save({wrapper: saved, "epoch": 3, "lr": 1e-4} if wrapper else saved, path)
    loaded = PoseMamba.from_checkpoint(path)
    assert not loaded.training
    assert loaded.config == replace(SMALL, drop_path=PoseMambaConfig().drop_path)
    x = keypoints(9)
    torch.testing.assert_close(loaded(x), reference(weights, x), atol=1e-4, rtol=1e-4)
    double = loaded.double()(x.double())
    exact = reference({key: value.double() for key, value in weights.items()}, x.double())
    torch.testing.assert_close(double, exact, atol=1e-9, rtol=1e-9)


class Malice:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path("/nowhere").touch, ())


def with_changes(**changes: Any) -> dict[str, Any]:
    """A checkpoint's weights, some of them put in another's place or, where None, left out."""
    weights = {**small().state_dict(), **{key.replace("__", "."): value for key, value in changes.items()}}
    return {key: value for key, value in weights.items() if value is not None}


SAVED: dict[str, Callable[[], Any]] = {
    "missing": lambda: with_changes(TTEblocks__1__op__Ds=None),
    "extra": lambda: with_changes(decoder__weight=torch.zeros(3)),
    "another network": lambda: {"blocks_depth.0.weight": torch.zeros(3), "joints_embed.weight": torch.zeros(3)},
    "shape": lambda: with_changes(head__1__weight=torch.zeros(3, 8)),
    "NaN": lambda: with_changes(head__1__bias=torch.full((3,), float("nan"))),
    "no weights": lambda: {"model": {}},
    "list": lambda: [torch.zeros(3)],
    "number": lambda: with_changes(head__1__bias=3.0),
    "odd": lambda: with_changes(Temporal_pos_embed=torch.zeros(4)),
    "code in a checkpoint": lambda: {"model": with_changes(), "hook": Malice()},
}
WRITTEN: dict[str, Callable[[], bytes]] = {
    "truncated": lambda: saved_bytes(with_changes())[:2000],
    "code": lambda: pickle.dumps(Malice(), protocol=2),
    "text": lambda: b"<html>404</html>",
    "empty": lambda: b"",
}


def saved_bytes(saved: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(saved, stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", r"lacks TTEblocks.1.op.Ds"),
        ("extra", r"has unknown decoder.weight"),
        ("another network", r"no PoseMamba checkpoint"),
        ("shape", r"another shape for head.1.weight"),
        ("NaN", r"head.1.bias holds values that are not numbers"),
        ("no weights", r"holds no weights"),
        ("list", r"holds no weights"),
        ("number", r"float under 'head.1.bias'"),
        ("odd", r"another shape"),
        ("truncated", r"cut off"),
        ("code", r"more than weights, which is refused"),
        ("code in a checkpoint", r"more than weights, which is refused"),
        ("text", r"no checkpoint"),
        ("empty", r"cut off|no checkpoint"),
    ],
)
def test_another_checkpoint_is_one_clear_error(kind: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "given.bin"
    path.write_bytes(WRITTEN[kind]() if kind in WRITTEN else saved_bytes(SAVED[kind]()))
    with pytest.raises(FileFormatError, match=says) as caught:
        PoseMamba.from_checkpoint(path)
    assert "given.bin" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_checkpoint_there(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no such file"):
        PoseMamba.from_checkpoint(tmp_path / "nothing.bin")
    with pytest.raises(FileFormatError, match="cannot be read"):
        PoseMamba.from_checkpoint(tmp_path)


def test_a_thousand_frames_one_by_one_are_the_recording() -> None:
    net, x = small(scan="causal"), keypoints(1000, count=1)
    state, said = None, []
    for frame in x.unbind(1):
        pose, state = net.step(frame, state)
        said.append(pose)
    assert (torch.stack(said, dim=1) - net(x)).abs().max() < 1e-4


def test_a_performers_frames_are_the_recording() -> None:
    net, x = small(scan="causal"), keypoints(1000, count=1)
    step = frame_step(net)
    said = [step(frame) for frame in x.unbind(1)]
    assert (torch.stack(said, dim=1) - net(x)).abs().max() < 1e-4
    with pytest.raises(BadInputError, match="not numbers"):
        step(torch.full((1, 17, 2), float("nan")))


def test_the_shipped_networks_frames_are_the_recording() -> None:
    net, x = load_lifter("posemamba-s-causal").network, keypoints(200, count=1)
    with torch.inference_mode():
        step = frame_step(net)
        said = [step(frame) for frame in x.unbind(1)]
        assert (torch.stack(said, dim=1) - net(x)).abs().max() < 1e-4


@pytest.mark.parametrize("scan", ["global-local", "causal"])
def test_look_ahead_says_what_an_answer_depends_on(scan: str) -> None:
    net, x = small(scan=scan), keypoints()
    changed = x.clone()
    changed[:, 7:] += 0.3
    moved = (net(x) - net(changed)).abs().amax((0, 2, 3))
    assert moved[7] > 1e-4
    assert (net.look_ahead == 0) == (scan == "causal")
    assert (moved[:7].max() < 1e-6) == (scan == "causal")


@pytest.mark.parametrize("frames", range(1, 13))
def test_any_length_without_padding(frames: int) -> None:
    assert small()(keypoints(frames)).shape == (2, frames, 17, 3)


def test_every_keypoint_is_read_and_every_scan_differs() -> None:
    x = keypoints(5)
    answers = [small(scan=scan)(x) for scan in ("global-local", "bidirectional", "fs-ft", "fs-bt", "bs-ft", "bs-bt")]
    for k, one in enumerate(answers):
        assert all((one - other).abs().max() > 1e-4 for other in answers[:k])
    for joint in range(17):
        changed = x.clone()
        changed[:, :, joint] += 0.1
        assert (small()(changed) - answers[0]).abs().max() > 1e-4


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (torch.zeros(2, 3, 16, 2), "reads keypoints of shape"),
        (torch.zeros(3, 17, 2), "reads keypoints of shape"),
        (torch.zeros(2, 0, 17, 2), "no frames"),
        (torch.zeros(2, 13, 17, 2), "up to 12 frames"),
        (torch.full((2, 3, 17, 2), float("nan")), "not numbers"),
        (torch.zeros(2, 3, 17, 2, dtype=torch.long), "floating point"),
    ],
)
def test_bad_input_is_one_clear_sentence(x: Tensor, says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        small()(x)


def test_a_two_way_network_does_not_stream() -> None:
    with pytest.raises(BadInputError, match="causal"):
        small().step(torch.zeros(1, 17, 2), None)


@pytest.mark.parametrize("changes", [{"width": 0}, {"pairs": 0}, {"frames": 10**9}, {"drop_path": 1.0}])
def test_a_layout_that_is_none(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        replace(SMALL, **changes)
