"""Lifting networks on motion files: what a detector does, windows and streams, and the command."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from mocamba.capture.commands.app import build_app
from mocamba.inference.detector import MEDIAPIPE_LIKE, PERFECT, detect
from mocamba.inference.lifting import LiftingClips
from mocamba.inference.lifting_evaluation import all_cameras, evaluate_lifter, lift, lift_all
from mocamba.inference.networks.posemamba import PoseMamba, PoseMambaConfig
from mocamba.inference.networks.vimcan import Vimcan, VimcanConfig
from mocamba.inference.position_metrics import position_errors
from mocamba.inference.random_source import RandomSource
from mocamba.inference.weights_file import WeightsCard, save_weights
from mocamba.rig.errors import BadInputError
from typer.testing import CliRunner

from .motions import walk
from .shard_files import write_shard

SMALL = PoseMambaConfig(width=8, pairs=1, frames=9)


def random(seed: int = 0) -> RandomSource:
    return RandomSource(torch.Generator().manual_seed(seed))


def test_a_perfect_detector_changes_nothing() -> None:
    keypoints = torch.rand(2, 5, 17, 2)
    torch.testing.assert_close(detect(keypoints, torch.ones(2, 5), PERFECT, random()), keypoints)


def test_each_error_of_a_detector_has_its_size_and_pace() -> None:
    still, metre = torch.zeros(40, 240, 17, 2), torch.ones(40, 240)
    noise = detect(still, metre, replace(PERFECT, noise=0.004), random())
    assert noise[:, :, 0].std() == pytest.approx(0.004, rel=0.05)
    assert noise[:, :, 16].std() == pytest.approx(0.006, rel=0.05)
    assert noise.diff(dim=1)[:, :, 0].std() == pytest.approx(0.004 * 2**0.5, rel=0.05)
    wander = detect(still, metre, replace(PERFECT, wander=0.004), random())
    assert wander[:, :, 0].std() == pytest.approx(0.004, rel=0.15)
    assert wander.diff(dim=1)[:, :, 0].std() < 0.001
    habit = detect(still, metre, replace(PERFECT, habit=0.004), random())
    assert habit.diff(dim=1).abs().max() == 0
    assert habit[:, 0, 0].std() == pytest.approx(0.004, rel=0.3)
    hidden = detect(still, metre, replace(PERFECT, lost=0.1, guess=0.1), random()).abs().amax(-1) > 1e-6
    assert hidden.float().mean() == pytest.approx(0.1, abs=0.04)


def test_errors_grow_with_the_performer_in_the_picture() -> None:
    keypoints, errors = torch.rand(3, 20, 17, 2), replace(PERFECT, noise=0.01, wander=0.01, lost=0.1)
    far = detect(keypoints, torch.full((3, 20), 0.3), errors, random()) - keypoints
    near = detect(keypoints, torch.full((3, 20), 0.6), errors, random()) - keypoints
    torch.testing.assert_close(near, 2 * far, atol=1e-6, rtol=1e-4)


def test_a_mistaken_side_is_the_other_ones() -> None:
    keypoints = torch.rand(40, 240, 17, 2)
    seen = detect(keypoints, torch.ones(40, 240), replace(PERFECT, swapped=0.1), random())
    legs = (seen[..., 1:7, :] != keypoints[..., 1:7, :]).any(-1).any(-1)
    assert legs.float().mean() == pytest.approx(0.1, abs=0.04)
    torch.testing.assert_close(seen[legs][:, [1, 2, 3, 4, 5, 6]], keypoints[legs][:, [4, 5, 6, 1, 2, 3]])
    torch.testing.assert_close(seen[..., [0, 7, 8, 9, 10], :], keypoints[..., [0, 7, 8, 9, 10], :])


def test_four_cameras_see_the_performer_from_four_sides() -> None:
    seen = all_cameras(walk(1.0), torch.device("cpu"))
    assert seen.keypoints.shape[0] == 4
    assert seen.keypoints.abs().max() < 1.0
    left, right = seen.positions[:, 0, 11], seen.positions[:, 0, 14]
    facing_x = (left - right)[:, 0] > 0
    assert facing_x.tolist().count(True) == 2  # seen from the front twice, from behind twice
    joined = (left - right).norm(dim=-1)
    torch.testing.assert_close(joined, joined[:1].expand(4), atol=1e-4, rtol=0)


@pytest.mark.parametrize("frames", [4, 9, 1000])
def test_windows_cover_every_clip_and_the_last_one_is_moved_back(frames: int) -> None:
    torch.manual_seed(0)
    net = PoseMamba(SMALL).eval()
    clips = [all_cameras(walk(seconds), torch.device("cpu")) for seconds in (0.5, 0.35)]
    frames = min(frames, SMALL.frames)
    for found, seen in zip(lift_all(net, clips, frames), clips, strict=True):
        assert found.shape == seen.positions.shape
        first, last = (LiftingClips(*(x[:, part] for x in seen)) for part in (slice(frames), slice(-frames, None)))
        np.testing.assert_allclose(found[:, :frames], lift(net, first), atol=1e-5)
        rest = found.shape[1] % frames or frames
        np.testing.assert_allclose(found[:, -rest:], lift(net, last)[:, -rest:], atol=1e-5)
        assert np.abs(found[:, :, 0]).max() == 0


def test_a_causal_network_is_not_cut_into_windows() -> None:
    torch.manual_seed(0)
    net = PoseMamba(replace(SMALL, scan="causal")).eval()
    seen = all_cameras(walk(0.5), torch.device("cpu"))
    np.testing.assert_allclose(lift_all(net, [seen], 4)[0], lift(net, seen), atol=1e-6)


def test_a_network_that_says_the_truth_has_no_error(tmp_path: Path) -> None:
    """And one that says nothing has the error of saying nothing: metres and pixels are told apart."""
    path = write_shard(tmp_path / "a.npz", [("t", "ann", walk(0.5)), ("u", "ben", walk(0.4))])
    torch.manual_seed(0)
    mute = Vimcan(VimcanConfig(width=8, group_width=8, pairs=1))
    for parameter in mute.head.parameters():
        parameter.data.zero_()
    found = evaluate_lifter(mute, path, PERFECT, people=["ann"])
    assert (found.people, found.clips, found.cameras) == (("ann",), 1, 4)
    truth = all_cameras(walk(0.5), torch.device("cpu")).positions.numpy()
    expected = np.mean([position_errors(np.zeros_like(x), x).MPJPE for x in truth])
    assert pytest.approx(expected, rel=1e-3) == found.errors.MPJPE
    with pytest.raises(BadInputError, match="no clip of nobody"):
        evaluate_lifter(mute, path, MEDIAPIPE_LIKE, people=["nobody"])


def test_the_command(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.npz", [("t", "ann", walk(0.3))])
    torch.manual_seed(0)
    weights = tmp_path / "small.safetensors"
    save_weights(PoseMamba(SMALL), WeightsCard("small", "", ""), weights)
    arguments = ["evaluate", str(weights), "--motion", str(tmp_path / "a.npz"), "--window", "9"]
    said = CliRunner().invoke(build_app(), [*arguments, "--detector", "mediapipe-like", "--json"])
    assert said.exit_code == 0, said.output
    values = json.loads(said.stdout)
    assert values["MPJPE"] > values["PA_MPJPE"] > 0
    assert values["look_ahead"] is None
    assert values["detector"] == "mediapipe-like"
    shown = CliRunner().invoke(build_app(), arguments)
    assert "PA-MPJPE" in shown.stdout
