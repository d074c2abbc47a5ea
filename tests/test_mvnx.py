"""MVNX: the layout that MVN 4 to 2024 write, in small."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mocamba.devices.mvn.mvnx import is_mvnx, read_mvnx
from mocamba.rig.errors import FileFormatError
from mocamba.rig.quaternion import Array, angle_between, from_axis_angle, multiply, rotate

# all 23, in MVN's order
SEGMENTS = [
    "Pelvis",
    "L5",
    "L3",
    "T12",
    "T8",
    "Neck",
    "Head",
    "RightShoulder",
    "RightUpperArm",
    "RightForeArm",
    "RightHand",
    "LeftShoulder",
    "LeftUpperArm",
    "LeftForeArm",
    "LeftHand",
    "RightUpperLeg",
    "RightLowerLeg",
    "RightFoot",
    "RightToe",
    "LeftUpperLeg",
    "LeftLowerLeg",
    "LeftFoot",
    "LeftToe",
]
SENSORS = [
    "Pelvis",
    "T8",
    "Head",
    "RightShoulder",
    "RightUpperArm",
    "RightForeArm",
    "RightHand",
    "LeftShoulder",
    "LeftUpperArm",
    "LeftForeArm",
    "LeftHand",
    "RightUpperLeg",
    "RightLowerLeg",
    "RightFoot",
    "LeftUpperLeg",
    "LeftLowerLeg",
    "LeftFoot",
]
X, Y, Z = np.eye(3)
# hanging arms are MVN's identity; arms out, palms down
ARMS_OUT = {"RightForeArm": np.array([0.5, -0.5, 0.5, 0.5]), "LeftForeArm": np.array([0.5, 0.5, 0.5, -0.5])}


def check_named(error: FileFormatError, name: str) -> None:
    assert name in str(error)


def numbers(values: Array) -> str:
    return " ".join(f"{value:.6f}" for value in np.ravel(values))


def t_pose() -> Array:
    return np.stack([ARMS_OUT.get(name, np.array([1.0, 0, 0, 0])) for name in SEGMENTS])


def mvnx(
    turns: list[Array],
    *,
    free: bool = True,
    with_t_pose: bool = True,
    times: list[object] | None = None,
    rate: str = "60",
) -> str:
    segments = "".join(
        f'<segment label="{name}" id="{k + 1}"><points><point label="p"><pos_b>0 0 0</pos_b></point></points></segment>'
        for k, name in enumerate(SEGMENTS)
    )
    sensors = "".join(f'<sensor label="{name}"/>' for name in SENSORS)
    poses = [
        f'<frame time="0" index="" tc="" ms="0" type="identity"><orientation>{numbers(t_pose())}</orientation></frame>'
    ]
    if with_t_pose:
        poses.append(
            f'<frame time="0" index="" tc="" ms="0" type="tpose"><orientation>{numbers(t_pose())}</orientation></frame>'
        )
    frames = []
    for k, turn in enumerate(turns):
        time = times[k] if times else round(k * 1000 / 60)
        acceleration = np.tile([1.0, 2.0, 3.0], len(SENSORS))
        own = np.tile([4.0, 5.0, 6.0], len(SEGMENTS))
        tracker = f"<sensorFreeAcceleration>{numbers(acceleration)}</sensorFreeAcceleration>" if free else ""
        frames.append(
            f'<frame time="{time}" index="{k}" tc="00:00:00:00" ms="14787881862{k:02}" type="normal">'
            f"<orientation>{numbers(turn)}</orientation><position>{numbers(np.zeros(69))}</position>"
            f"<acceleration>{numbers(own)}</acceleration>{tracker}<centerOfMass>0 0 0</centerOfMass></frame>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<mvnx xmlns="http://www.xsens.com/mvn/mvnx" version="4">\n'
        '<mvn version="2023.2.0" build="x"/>\n<comment></comment>\n'
        f'<subject label="A" frameRate="{rate}" segmentCount="23" recDate="d" originalFilename="f">\n'
        f"<segments>{segments}</segments>\n<sensors>{sensors}</sensors>\n<joints></joints>\n"
        f'<frames segmentCount="23" sensorCount="17" jointCount="22">\n'
        + "\n".join(poses + frames)
        + "\n</frames></subject></mvnx>\n"
    )


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_t_pose_becomes_identity_and_the_world_ours(tmp_path: Path) -> None:
    # MVN's forward is x: a body that bends forward turns about +y (left)
    bend = from_axis_angle(Y, np.array(0.3))
    read = read_mvnx(write(tmp_path / "a.mvnx", mvnx([t_pose()] * 3 + [multiply(bend, t_pose())] * 3)))
    assert read.aligned
    assert len(read.logs) == 10
    for log in read.logs:
        assert angle_between(log.orientation[0], np.array([1.0, 0, 0, 0])) < 1e-5
        assert angle_between(log.orientation[5], from_axis_angle(X, np.array(0.3))) < 1e-5
        np.testing.assert_allclose(log.acceleration, np.tile([2.0, 3.0, 1.0], (6, 1)))
    assert {log.slot for log in read.logs} >= {"pelvis", "head", "left_shin", "right_forearm"}


def test_hanging_arm_points_down(tmp_path: Path) -> None:
    hanging = t_pose()
    hanging[SEGMENTS.index("LeftForeArm")] = [1, 0, 0, 0]
    for with_t_pose in (True, False):
        text = mvnx([hanging] * 3, with_t_pose=with_t_pose)
        logs = {log.slot: log for log in read_mvnx(write(tmp_path / "a.mvnx", text)).logs}
        # our forearm lies along +X in the T-pose
        np.testing.assert_allclose(rotate(logs["left_forearm"].orientation[0], X), [0, -1, 0], atol=1e-5)


def test_without_trackers_the_segments_acceleration(tmp_path: Path) -> None:
    read = read_mvnx(write(tmp_path / "a.mvnx", mvnx([t_pose()] * 3, free=False)))
    np.testing.assert_allclose(read.logs[0].acceleration[0], [5, 6, 4])
    assert any("free acceleration" in warning for warning in read.warnings)


def test_without_stamps_the_frame_rate(tmp_path: Path) -> None:
    read = read_mvnx(write(tmp_path / "a.mvnx", mvnx([t_pose()] * 5, times=[0] * 5, rate="240")))
    assert np.diff(read.logs[0].t_ns)[0] == pytest.approx(1e9 / 240, abs=2)


def test_time_running_back_and_nan(tmp_path: Path) -> None:
    turns = [t_pose() for _ in range(8)]
    turns[5] = turns[5] * np.nan
    turns[6] = turns[6] * 0
    read = read_mvnx(write(tmp_path / "a.mvnx", mvnx(turns, times=[0, 17, 33, 20, 67, 83, 100, 117])))
    assert len(read.logs[0]) == 5
    assert "3 such" in read.warnings[-1]
    assert "line" in read.warnings[-1]


def test_cut_off_file_keeps_its_frames(tmp_path: Path) -> None:
    text = mvnx([t_pose()] * 20)
    read = read_mvnx(write(tmp_path / "a.mvnx", text[: int(len(text) * 0.8)]))
    assert 5 < len(read.logs[0]) < 20
    assert "breaks off" in read.warnings[0]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[:1500], "line"),
        (lambda text: text.replace("<orientation>", "<orientation>9 "), "numbers of orientation"),
        (lambda text: text.replace("1.000000", "one", 400), "something else than numbers"),
        (lambda text: text.replace('type="normal"', 'type="pose"'), "no measured frames"),
        (
            lambda text: (
                text.replace("Leg", "Log")
                .replace("Arm", "Erm")
                .replace("Pelvis", "P")
                .replace("Head", "H")
                .replace("Foot", "F")
            ),
            "none of the segments",
        ),
        (lambda text: text.replace("<mvnx xmlns", '<!DOCTYPE mvnx [<!ENTITY a "aaaa">]><mvnx xmlns', 1), "entity"),
    ],
)
def test_refused_in_a_sentence(tmp_path: Path, damage: object, said: str) -> None:
    path = write(tmp_path / "a.mvnx", damage(mvnx([t_pose()] * 4)))  # type: ignore[operator]
    with pytest.raises(FileFormatError, match=said) as raised:
        read_mvnx(path)
    assert "a.mvnx" in str(raised.value)


def test_told_by_content(tmp_path: Path) -> None:
    assert is_mvnx(write(tmp_path / "take.xml", mvnx([t_pose()] * 2)))
    assert not is_mvnx(write(tmp_path / "take.mvnx", "hello"))


@given(data=st.binary(max_size=60), place=st.integers(0, 12_000), cut=st.integers(0, 6_000))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_makes_it_fail_otherwise(tmp_path: Path, data: bytes, place: int, cut: int) -> None:
    whole = mvnx([t_pose()] * 4).encode()
    path = tmp_path / "a.mvnx"
    path.write_bytes((whole[:place] + data + whole[place:])[: len(whole) - cut])
    try:
        read = read_mvnx(path)
    except FileFormatError as error:
        check_named(error, "a.mvnx")
    else:
        for log in read.logs:
            assert (np.diff(log.t_ns) > 0).all()
            assert np.isfinite(log.orientation).all()
