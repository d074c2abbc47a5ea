"""From sensors to motion: live and recorded alike, faults of sensors and of weights files."""

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mocamba.inference.metrics import pose_errors
from mocamba.inference.networks.hiposer import HiPoser, HiPoserConfig
from mocamba.inference.shipped import shipped_networks
from mocamba.inference.solver import LiveSolver, SolvedFrames, solve, solve_frames
from mocamba.inference.weights_file import WeightsCard, load_network, save_weights
from mocamba.rig.errors import BadInputError, FileFormatError
from mocamba.rig.imu import ImuSequence
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import angle_between
from safetensors.torch import load_file, save_file

from .performers import clean_sensors, cut, network, performance


def live(net: HiPoser, imu: ImuSequence) -> SolvedFrames:
    solver = LiveSolver(net)
    frames = [solver.push(*frame) for frame in zip(imu.orientation, imu.acceleration, imu.present, strict=True)]
    names = ("rotations", "translation", "confidence", "contact")
    return SolvedFrames(*(np.concatenate([getattr(f, n) for f in frames]) for n in names))


def apart(a: SolvedFrames, b: SolvedFrames) -> float:
    return float(angle_between(a.rotations.astype(np.float64), b.rotations.astype(np.float64)).max())


def with_dropouts(imu: ImuSequence) -> ImuSequence:
    present = imu.present.copy()
    present[50:80, 5] = present[290:310, 5] = present[100:200, 0] = present[250:, 3] = False
    orientation, acceleration = imu.orientation.copy(), imu.acceleration.copy()
    orientation[~present], acceleration[~present] = np.nan, np.inf
    return replace(imu, orientation=orientation, acceleration=acceleration, present=present)


@pytest.mark.parametrize("name", sorted(name for name in shipped_networks() if name.startswith("hiposer")))
@pytest.mark.parametrize("dropouts", [False, True])
def test_frame_by_frame_is_the_recording(name: str, dropouts: bool) -> None:
    imu = cut(clean_sensors(), 400, 1050)  # over two edges of the 300-frame windows
    imu = with_dropouts(imu) if dropouts else imu
    one, other = live(network(name).network, imu), solve_frames(network(name).network, imu)
    assert apart(one, other) < 1e-4
    assert np.abs(one.translation - other.translation).max() < 1e-4
    np.testing.assert_array_equal(one.confidence, other.confidence)


@pytest.mark.parametrize("states", ["all", "config", "single", "none"])
def test_frame_by_frame_is_the_recording_for_other_layouts(states: str) -> None:
    torch.manual_seed(1)
    net = HiPoser(HiPoserConfig(width=32, states=states, contact=states == "all", window=40, smoothing=3)).eval()
    imu = cut(clean_sensors(), 400, 500)
    assert apart(live(net, imu), solve_frames(net, imu)) < 1e-4


def test_a_minute_does_not_drift_apart() -> None:
    whole = clean_sensors()
    imu = ImuSequence(
        np.concatenate([whole.orientation] * 3)[:3600],
        np.concatenate([whole.acceleration] * 3)[:3600],
        np.concatenate([whole.present] * 3)[:3600],
        np.arange(3600, dtype=np.int64) * 16_666_667,
    )
    assert apart(live(network().network, imu), solve_frames(network().network, imu)) < 1e-4


def test_a_live_frame_does_not_write_into_what_it_is_given() -> None:
    imu = with_dropouts(cut(clean_sensors(), 0, 100))
    kept = imu.orientation.copy(), imu.acceleration.copy(), imu.present.copy()
    live(network().network, imu)
    for before, after in zip(kept, (imu.orientation, imu.acceleration, imu.present), strict=True):
        np.testing.assert_array_equal(before, after)


def test_two_live_solvers_share_nothing() -> None:
    imu = cut(clean_sensors(), 400, 460)
    alone = live(network().network, imu)
    one, other = LiveSolver(network().network), LiveSolver(network().network)
    for t in range(len(imu)):
        mine = one.push(imu.orientation[t], imu.acceleration[t], imu.present[t])
        other.push(imu.orientation[-t], imu.acceleration[-t], imu.present[-t])
        np.testing.assert_array_equal(mine.rotations[0], alone.rotations[t])


def test_without_pelvis() -> None:
    imu = cut(clean_sensors(), 0, 60)
    present = imu.present.copy()
    present[:, 5] = False
    with pytest.raises(BadInputError, match="pelvis"):
        solve_frames(network().network, replace(imu, present=present))
    solver = LiveSolver(network().network)
    with pytest.raises(BadInputError, match="pelvis"):
        solver.push(imu.orientation[0], imu.acceleration[0], present[0])
    assert np.isfinite(solver.push(imu.orientation[1], imu.acceleration[1], imu.present[1]).rotations).all()


def test_unknown_network() -> None:
    with pytest.raises(BadInputError, match=r"'hiposer-x'.*hiposer-d"):
        solve(cut(clean_sensors(), 0, 10), network="hiposer-x")


@pytest.fixture(scope="module")
def solved() -> dict[str, Motion]:
    return {mode: solve(clean_sensors(), mode=mode) for mode in ("live", "offline")}


def test_the_performer_is_recognised(solved: dict[str, Motion]) -> None:
    motion, truth = solved["live"], performance()
    assert pose_errors(motion, truth).SIP < 20
    steps = angle_between(motion.rotations[1:], motion.rotations[:-1])
    assert np.degrees(steps.max()) < 30
    toes = motion.joint_positions()[:, [10, 11], 1]
    assert toes.min() > motion.skeleton.sole_depth - 1e-4  # never under the floor
    assert np.isfinite(motion.translation).all()
    assert motion.origin.network.startswith("hiposer-d")
    assert len(motion.origin.weights) == 32


def test_looking_ahead_does_not_hurt(solved: dict[str, Motion]) -> None:
    now, later = (pose_errors(solved[mode], performance()) for mode in ("live", "offline"))
    assert later.SIP <= now.SIP + 0.1
    assert later.Pos <= now.Pos + 0.05
    assert later.jitter <= now.jitter * 1.05


def test_solving_tells_how_far_it_is() -> None:
    told: list[float] = []
    solve(cut(clean_sensors(), 0, 700), mode="offline", progress=lambda share, doing: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) == 9  # three windows, three passes


SMALL = HiPoserConfig(width=16)
CARD = WeightsCard("small", "no data", "CC0-1.0", {"steps": 3}, {"SIP": 90.0})


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_weights(HiPoser(SMALL), CARD, tmp_path / "small.safetensors")
    return tmp_path / "small.safetensors"


def test_weights_come_back(weights: Path) -> None:
    loaded = load_network(str(weights))
    assert loaded.network.config == SMALL
    assert loaded.card == CARD
    assert not loaded.network.training
    torch.manual_seed(0)
    for name, value in HiPoser(SMALL).state_dict().items():
        torch.testing.assert_close(loaded.network.state_dict()[name], value.half().float(), rtol=0, atol=0)
    assert [path.name for path in weights.parent.iterdir()] == [weights.name]


def rewrite(path: Path, tensors: Callable = lambda t: t, header: Callable = lambda h: h) -> None:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        metadata = dict(file.metadata())
    save_file(tensors(load_file(path)), path, metadata=header(metadata))


def configured(**changes: object) -> Callable:
    return lambda h: h | {"config": json.dumps(json.loads(h["config"]) | changes)}


KEY = "head_velocity.weight"
FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut off": (lambda p: p.write_bytes(p.read_bytes()[:-100]), "whole safetensors"),
    "empty": (lambda p: p.write_bytes(b""), "whole safetensors"),
    "random bytes": (lambda p: p.write_bytes(np.random.default_rng(0).bytes(5000)), "whole safetensors"),
    "pickle": (lambda p: p.write_bytes(pickle.dumps({"a": 1})), "whole safetensors"),
    "torch checkpoint": (lambda p: torch.save({"a": torch.ones(3)}, p), "whole safetensors"),
    "other version": (lambda p: rewrite(p, header=lambda h: h | {"format": "mocamba-hiposer-9"}), "mocamba-hiposer-9"),
    "no header": (lambda p: rewrite(p, header=lambda h: {"a": "b"}), "no format name"),
    "no config": (lambda p: rewrite(p, header=lambda h: {k: v for k, v in h.items() if k != "config"}), "config"),
    "config of another thing": (lambda p: rewrite(p, header=configured(wings=2)), "wings"),
    "config is a list": (lambda p: rewrite(p, header=lambda h: h | {"config": "[1, 2]"}), "HiPoser"),
    "config is no JSON": (lambda p: rewrite(p, header=lambda h: h | {"config": "{"}), "HiPoser"),
    "negative width": (lambda p: rewrite(p, header=configured(width=-4)), "width"),
    "absurd width": (lambda p: rewrite(p, header=configured(width=10**9)), "width"),
    "unknown backbone": (lambda p: rewrite(p, header=configured(backbone="gru")), "backbone"),
    "part missing": (lambda p: rewrite(p, header=configured(order=["torso", "lower"])), "order"),
    "window of nothing": (lambda p: rewrite(p, header=configured(window=0)), "window"),
    "no taps": (lambda p: rewrite(p, header=configured(smoothing=0)), "smoothing"),
    "card is no JSON": (lambda p: rewrite(p, header=lambda h: h | {"card": "?"}), "card"),
    "card of another thing": (lambda p: rewrite(p, header=lambda h: h | {"card": '{"x": 1}'}), "card"),
    "key missing": (lambda p: rewrite(p, lambda t: {k: v for k, v in t.items() if k != KEY}), f"lacks {KEY}"),
    "key too many": (lambda p: rewrite(p, lambda t: t | {"wing.weight": torch.ones(2)}), "unknown wing.weight"),
    "other shape": (lambda p: rewrite(p, lambda t: t | {KEY: torch.ones(3, 15)}), f"shape for {KEY}"),
    "NaN": (lambda p: rewrite(p, lambda t: t | {KEY: t[KEY] * np.nan}), f"{KEY} holds"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_weights_file_is_one_clear_error(weights: Path, fault: str) -> None:
    spoil, words = FAULTS[fault]
    spoil(weights)
    with pytest.raises(FileFormatError, match=words) as caught:
        load_network(str(weights))
    assert str(weights) in str(caught.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1), value=st.integers(0, 255), length=st.floats(0, 1))
def test_spoilt_bytes_load_or_are_refused(weights: Path, place: float, value: int, length: float) -> None:
    whole = weights.with_name("whole")
    if not whole.exists():
        whole.write_bytes(weights.read_bytes())
    content = bytearray(whole.read_bytes())
    # the header is where parsers break: half of the places lie in it
    content[int(place * min(3000, len(content) - 1))] = value
    weights.write_bytes(bytes(content[: max(1, int(len(content) * min(1.0, 2 * length)))]))
    try:
        load_network(str(weights))
    except FileFormatError as error:
        assert str(weights) in str(error)  # noqa: PT017


@pytest.mark.parametrize("layout", [(False, True), (True, False), (False, False)])
def test_live_and_recorded_agree_without_hierarchy_or_parts(layout: tuple[bool, bool]) -> None:
    torch.manual_seed(1)
    net = HiPoser(HiPoserConfig(width=32, hierarchy=layout[0], parts=layout[1])).requires_grad_(False).eval()
    imu = cut(clean_sensors(), 400, 460)
    assert apart(live(net, imu), solve_frames(net, imu)) < 1e-4
