"""What the network reads: independent of where the performer faces, the same from frames and sequences."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference.features import ACCELERATION_LIMIT, SensorFrames, heading_matrix, sensor_features
from mocamba.inference.frame_network import FrameNetwork
from mocamba.inference.rotations import about_y
from mocamba.inference.solver import solve_frames
from mocamba.rig.imu import ImuSequence
from mocamba.rig.quaternion import about_y as quaternion_about_y
from mocamba.rig.quaternion import angle_between, multiply, rotate
from mocamba.rig.rotation import quaternion_to_matrix
from torch import Tensor

from .performers import clean_sensors, cut, network, turned


def tensors(imu: ImuSequence, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    matrices = torch.from_numpy(quaternion_to_matrix(imu.orientation.astype(np.float64))).to(dtype)
    return matrices[None], torch.from_numpy(imu.acceleration).to(dtype)[None], torch.from_numpy(imu.present)[None]


@settings(max_examples=20, deadline=None)
@given(angle=st.floats(-7, 7))
def test_heading_says_nothing(angle: float) -> None:
    orientation, acceleration, present = tensors(cut(clean_sensors(), 300, 500), torch.float64)
    turn = about_y(torch.tensor(angle, dtype=torch.float64))
    here = sensor_features(orientation, acceleration, present)
    there = sensor_features(turn @ orientation, acceleration @ turn.T, present)
    torch.testing.assert_close(there.features, here.features, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(there.frame, turn @ here.frame, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("angle", [0.7, 2.4, -3.0])
def test_a_turned_recording_gives_the_turned_motion(angle: float) -> None:
    imu = cut(clean_sensors(), 200, 620)
    here, there = (solve_frames(network().network, x) for x in (imu, turned(imu, angle)))
    turn = quaternion_about_y(np.float64(angle))
    expected = here.rotations.astype(np.float64)
    expected[:, 0] = multiply(np.broadcast_to(turn, expected[:, 0].shape), expected[:, 0])
    assert angle_between(expected, there.rotations.astype(np.float64)).max() < 1e-3
    assert np.abs(rotate(turn, here.translation) - there.translation).max() < 1e-3


def test_heading_of_tilted_rotations() -> None:
    """Twist and swing: what remains has no turn about the vertical."""
    g = torch.Generator().manual_seed(0)
    raw = torch.linalg.qr(torch.randn(200, 3, 3, generator=g, dtype=torch.float64))[0]
    rotation = raw * torch.linalg.det(raw)[:, None, None]
    heading = heading_matrix(rotation)
    swing = heading.mT @ rotation
    torch.testing.assert_close(swing[:, 0, 2], swing[:, 2, 0], rtol=0, atol=1e-12)
    torch.testing.assert_close(heading[:, :, 1], torch.eye(3, dtype=torch.float64)[1].expand(200, 3))


def test_frames_and_pieces_give_the_sequences_features() -> None:
    orientation, acceleration, present = tensors(cut(clean_sensors(), 350, 470))
    whole = sensor_features(orientation, acceleration, present)
    for sizes in ([1] * 120, [1, 2, 3, 4, 110], [60, 60]):
        past, pieces = None, []
        for o, a, p in zip(*(torch.split(x, sizes, dim=1) for x in (orientation, acceleration, present)), strict=True):
            frames = sensor_features(o, a, p, past)
            past = frames.past
            pieces.append(frames)
        for k, name in enumerate(SensorFrames._fields[:4]):
            joined = torch.cat([piece[k] for piece in pieces], dim=1)
            torch.testing.assert_close(joined, getattr(whole, name), rtol=1e-6, atol=1e-6)


def test_the_live_path_senses_the_same() -> None:
    imu = cut(clean_sensors(), 350, 420)
    present = imu.present.copy()
    present[20:40, 2] = False
    orientation, acceleration, _ = tensors(imu)
    whole = sensor_features(orientation, acceleration, torch.from_numpy(present)[None])
    live = FrameNetwork(network().network)
    for t in range(len(imu)):
        sensed = live.sense(orientation[0, t].numpy(), imu.acceleration[t], present[t])
        for name in ("features", "root", "frame", "heading"):
            np.testing.assert_allclose(getattr(sensed, name), getattr(whole, name)[0, t].numpy(), atol=2e-6)


def test_frame_is_a_rotation_near_the_pelvis() -> None:
    frames = sensor_features(*tensors(clean_sensors(), torch.float64))
    identity = torch.eye(3, dtype=torch.float64).expand(frames.frame.shape)
    torch.testing.assert_close(frames.frame @ frames.frame.mT, identity, rtol=0, atol=1e-9)
    cosine = ((frames.frame.mT @ frames.root).diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2
    assert torch.rad2deg(torch.acos(cosine.clamp(-1, 1))).max() < 15


def test_layout_and_values() -> None:
    """A pelvis that does not turn: accelerations relative to its own, then rotations as they are."""
    orientation = torch.eye(3).expand(1, 3, 6, 3, 3)
    acceleration = torch.arange(18.0).reshape(6, 3).expand(1, 3, 6, 3)
    features = sensor_features(orientation, acceleration, torch.ones(1, 3, 6, dtype=torch.bool)).features[0, 1]
    expected = (acceleration[0, 0, :5] - acceleration[0, 0, 5]) / 10
    torch.testing.assert_close(features[:15].reshape(5, 3), expected)
    torch.testing.assert_close(features[15:18], acceleration[0, 0, 5] / 10)
    torch.testing.assert_close(features[18:].reshape(6, 3, 3), torch.eye(3).expand(6, 3, 3))


def test_a_glitch_is_clamped_and_an_absent_slot_is_zero() -> None:
    orientation, acceleration, present = tensors(cut(clean_sensors(), 300, 320))
    acceleration, present = acceleration.clone(), present.clone()
    acceleration[0, 5, 1] = torch.tensor([1e6, -1e6, 1e6])
    present[0, 8, 3] = False
    features = sensor_features(orientation, acceleration, present).features[0]
    assert features[5, 3:6].abs().max() == ACCELERATION_LIMIT
    assert features[:, :18].abs().max() <= ACCELERATION_LIMIT
    assert features[8, 9:12].abs().max() == 0
    assert features[8, 18 + 27 : 18 + 36].abs().max() == 0
    assert features[7, 18 + 27 : 18 + 36].abs().max() > 0.3
