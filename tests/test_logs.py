"""Log readers: layouts as published, damage as it happens."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mocamba.devices.dot.log import WRAP, is_dot, parse_dot, read_dot, unwrap
from mocamba.devices.log import GRAVITY, SensorLog, assign_slots, slot_from_name, z_up_to_y_up
from mocamba.devices.ximu3.log import is_ximu3, match_stamps, read_ximu3
from mocamba.rig.errors import BadInputError, FileFormatError
from mocamba.rig.quaternion import from_axis_angle, normalise, rotate

DOT_HEAD = "sep=,\nDeviceTag:,a\nOutputRate:,60Hz\n\nPacketCounter,SampleTimeFine,Quat_W,Quat_X,Quat_Y,Quat_Z,"
DOT_HEAD += "FreeAcc_X,FreeAcc_Y,FreeAcc_Z,Status\n"


def check_named(error: FileFormatError, name: str) -> None:
    assert name in str(error)


def dot_rows(count: int, start: int = 1000, step: int = 16667) -> list[str]:
    return [f"{k + 1},{(start + k * step) % WRAP},0.6,0.8,0,0,1.0,2.0,3.0,0" for k in range(count)]


def dot_file(folder: Path, name: str, rows: list[str]) -> Path:
    path = folder / name
    path.write_text(DOT_HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def ximu3_sensor(folder: Path, name: str, turns: list[str], inertial: list[str]) -> Path:
    sensor = folder / name
    sensor.mkdir(parents=True)
    (sensor / "Quaternion.csv").write_text("Timestamp (us),W,X,Y,Z\n" + "\n".join(turns) + "\n")
    head = "Timestamp (us),Gyroscope X (deg/s),Gyroscope Y (deg/s),Gyroscope Z (deg/s),"
    head += "Accelerometer X (g),Accelerometer Y (g),Accelerometer Z (g)\n"
    (sensor / "Inertial.csv").write_text(head + "\n".join(inertial) + "\n")
    return sensor


def ximu3_rows(count: int) -> tuple[list[str], list[str]]:
    stamps = [900_000_000 + 20_000 * k for k in range(count)]
    return [f"{t},1,0,0,0" for t in stamps], [f"{t},0,0,0,0,0,1" for t in stamps]


@pytest.mark.parametrize(
    ("name", "slot"),
    [
        ("LTibia_20210820_202113_811", "left_shin"),
        ("RFemur_20210820_202113_840", "right_thigh"),
        ("Pelvis_1", "pelvis"),
        ("pelvis 64F0EDBF (UDP)", "pelvis"),
        ("Left Lower Leg 64F61CB3 (UDP)", "left_shin"),
        ("Right Upper Leg 64F61C2E (UDP)", "right_thigh"),
        ("Left Foot 64F0EBCE (UDP)", "left_foot"),
        ("left_shin", "left_shin"),
        ("shin-left", "left_shin"),
        ("hip", "pelvis"),
        ("RightForeArm", "right_forearm"),
        ("L_forearm", "left_forearm"),
        ("left wrist", "left_forearm"),
        ("HEAD", "head"),
        ("LeftLowerLeg", "left_shin"),
        ("leftover hip", "pelvis"),
        ("forehead left", None),
        ("shin", None),
        ("left right shin", None),
        ("D422CD0012", None),
        ("", None),
    ],
)
def test_slot_from_name(name: str, slot: str | None) -> None:
    assert slot_from_name(name) == slot


def test_slots_as_the_user_says_them(tmp_path: Path) -> None:
    for name in ("LTibia_1.csv", "abc1.csv", "abc2.csv"):
        dot_file(tmp_path, name, dot_rows(30))
    logs = read_dot(tmp_path).logs
    said = {log.name: log.slot for log in assign_slots(logs, {"abc1": "left_shin", "abc2": "pelvis"})}
    assert said == {"LTibia_1": None, "abc1": "left_shin", "abc2": "pelvis"}
    for given_slots, part in (
        ({"abc": "pelvis"}, "2 sensors"),
        ({"xyz": "pelvis"}, "no sensor"),
        ({"abc1": "tail"}, "no slot 'tail'"),
        ({"abc1": "pelvis", "abc2": "pelvis"}, "Both"),
    ):
        with pytest.raises(BadInputError, match=part):
            assign_slots(logs, given_slots)


def test_dot_is_turned_into_our_world(tmp_path: Path) -> None:
    log, warnings = parse_dot(DOT_HEAD + "\n".join(dot_rows(30)), tmp_path / "LTibia_1.csv")
    assert (log.slot, len(log), warnings) == ("left_shin", 30, ())
    np.testing.assert_allclose(log.acceleration[0], [1, 3, -2])
    # what the sensor called up (its world's z) is our y
    z_up = normalise(np.array([0.6, 0.8, 0.0, 0.0]))
    for v in np.eye(3):
        x, y, z = rotate(z_up, v)
        np.testing.assert_allclose(rotate(log.orientation[0], v), [x, z, -y], atol=1e-12)
    assert log.rate == pytest.approx(60, abs=0.01)


def test_dot_clock_wraps(tmp_path: Path) -> None:
    log, warnings = parse_dot(DOT_HEAD + "\n".join(dot_rows(60, WRAP - 30 * 16667)), tmp_path / "a.csv")
    assert not warnings
    assert set(np.diff(log.t_ns)) == {16_667_000}
    np.testing.assert_array_equal(unwrap(np.array([WRAP - 1.0, 1.0, 5.0])), [WRAP - 1, WRAP + 1, WRAP + 5])


@pytest.mark.parametrize("names", [("LTibia.csv", "RTibia.csv"), ("RTibia.csv", "LTibia.csv")])
def test_dot_sensors_started_on_either_side_of_a_wrap_overlap(tmp_path: Path, names: tuple[str, str]) -> None:
    dot_file(tmp_path, names[0], dot_rows(120, WRAP - 20 * 16667))
    dot_file(tmp_path, names[1], dot_rows(120, 10 * 16667))
    one, two = read_dot(tmp_path).logs
    assert abs(int(one.t_ns[0]) - int(two.t_ns[0])) < 1e9
    assert min(one.t_ns[0], two.t_ns[0]) >= 0


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("31,501677,nan,0,0,0,1,2,3,0", "is not a number"),
        ("31,501677,0,0,0,0,1,2,3,0", "no unit quaternion"),
        ("31,1000,1,0,0,0,1,2,3,0", "time stamp"),
        ("31,50167", "cut off"),
    ],
)
def test_a_bad_line_costs_only_itself_and_is_named(tmp_path: Path, bad: str, said: str) -> None:
    rows = dot_rows(60)
    rows[30] = bad
    log, warnings = parse_dot(DOT_HEAD + "\n".join(rows), tmp_path / "LTibia.csv")
    assert len(log) == 59
    assert len(warnings) == 1
    assert said in warnings[0]
    assert "line 36" in warnings[0]
    assert "LTibia.csv" in warnings[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("  \n\n", "empty"),
        ("hello\nworld\n", "SampleTimeFine"),
        (DOT_HEAD, "no measurement follows"),
        (DOT_HEAD.replace("FreeAcc_X,", ""), "FreeAcc_X"),
        (DOT_HEAD + "\n".join(["1,1,0,0,0,0,1,2,3,0"] * 9), "no unit quaternion"),
        (DOT_HEAD + "\n".join(["1,5,1,0,0,0,1,2,3,0"] * 9), "time stamp"),
    ],
)
def test_a_file_of_no_use_is_refused_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FileFormatError, match=said) as raised:
        parse_dot(text, tmp_path / "x.csv")
    assert "x.csv" in str(raised.value)


def test_one_bad_file_of_several_is_left_out_with_a_warning(tmp_path: Path) -> None:
    dot_file(tmp_path, "LTibia.csv", dot_rows(60))
    (tmp_path / "RTibia.csv").write_text("")
    read = read_dot(tmp_path)
    assert [log.slot for log in read.logs] == ["left_shin"]
    assert len(read.warnings) == 1
    assert "RTibia.csv" in read.warnings[0]


def test_ximu3_removes_gravity(tmp_path: Path) -> None:
    tilt = from_axis_angle(np.array([1.0, 0, 0]), np.array(0.5))
    down = rotate(tilt * np.array([1, -1, -1, -1]), np.array([0.0, 0.0, 1.0]))
    stamps = [20_000 * k for k in range(40)]
    turns = [f"{t},{','.join(map(str, tilt))}" for t in stamps]
    inertial = [f"{t},0,0,0,{','.join(map(str, down + np.array([0.1, 0, 0])))}" for t in stamps]
    ximu3_sensor(tmp_path, "Left Lower Leg", turns, inertial)
    log = read_ximu3(tmp_path).logs[0]
    assert log.slot == "left_shin"
    np.testing.assert_allclose(log.acceleration, np.tile([0.1 * GRAVITY, 0, 0], (40, 1)), atol=1e-9)


def test_ximu3_lost_samples_of_either_file(tmp_path: Path) -> None:
    turns, inertial = ximu3_rows(100)
    # one sample of acceleration is bridged; a dozen are not
    del turns[10], inertial[20], inertial[50:62]
    ximu3_sensor(tmp_path, "pelvis", turns, inertial)
    log = read_ximu3(tmp_path).logs[0]
    assert 100 - 1 - 13 <= len(log) <= 100 - 1 - 12
    np.testing.assert_allclose(log.acceleration, 0, atol=1e-9)


@pytest.mark.parametrize("what", ["missing", "empty", "other clock"])
def test_ximu3_without_usable_acceleration(tmp_path: Path, what: str) -> None:
    turns, inertial = ximu3_rows(50)
    if what == "other clock":
        inertial = [row.replace("9", "3", 1) for row in inertial]
    folder = ximu3_sensor(tmp_path, "pelvis", turns, inertial)
    if what == "missing":
        (folder / "Inertial.csv").unlink()
    if what == "empty":
        (folder / "Inertial.csv").write_text("")
    with pytest.raises(FileFormatError, match=r"Inertial\.csv"):
        read_ximu3(tmp_path)


@given(
    stamps=st.lists(st.integers(0, 10_000), min_size=2, max_size=60, unique=True).map(sorted),
    wanted=st.lists(st.integers(-100, 10_100), min_size=1, max_size=60).map(sorted),
)
def test_matching_stamps_interpolates_within_measured_spans(stamps: list[int], wanted: list[int]) -> None:
    times, at = np.array(stamps, float), np.array(wanted, float)
    values, measured = match_stamps(at, times, np.stack([times, -times, 2 * times], axis=-1))
    np.testing.assert_allclose(values[measured, 0], at[measured], atol=1e-6)
    assert measured[np.isin(at, times)].all()
    assert not measured[(at < times[0]) | (at > times[-1])].any()


@given(data=st.binary(max_size=400), cut=st.integers(0, 4000), place=st.integers(0, 4000))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_makes_the_dot_parser_fail_otherwise(data: bytes, cut: int, place: int) -> None:
    whole = (DOT_HEAD + "\n".join(dot_rows(60))).encode()
    damaged = (whole[:place] + data + whole[place:])[: len(whole) - cut]
    try:
        log, _ = parse_dot(damaged.decode(errors="replace"), Path("LTibia.csv"))
    except FileFormatError as error:
        check_named(error, "LTibia.csv")
    else:
        check_log(log)


@given(
    data=st.text(alphabet="0123456789.,-einfa\n", max_size=300), place=st.integers(0, 3000), cut=st.integers(0, 3000)
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_makes_the_ximu3_parser_fail_otherwise(
    tmp_path_factory: pytest.TempPathFactory, data: str, place: int, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("ximu3")
    sensor = ximu3_sensor(folder, "pelvis", *ximu3_rows(60))
    for name in ("Quaternion.csv", "Inertial.csv"):
        whole = (sensor / name).read_text()
        (sensor / name).write_text((whole[:place] + data + whole[place:])[: max(len(whole) - cut, 0)])
    try:
        read = read_ximu3(folder)
    except FileFormatError as error:
        check_named(error, "pelvis")
    else:
        check_log(read.logs[0])


def check_log(log: SensorLog) -> None:
    assert len(log) >= 2
    assert (np.diff(log.t_ns) > 0).all()
    np.testing.assert_allclose(np.linalg.norm(log.orientation, axis=-1), 1, atol=1e-9)
    assert np.isfinite(log.acceleration).all()


def test_world_change_keeps_what_is_up() -> None:
    q, a = z_up_to_y_up(np.array([[1.0, 0, 0, 0]]), np.array([[0.0, 0, 9.0]]))
    np.testing.assert_allclose(a, [[0, 9, 0]])
    np.testing.assert_allclose(rotate(q[0], np.array([0.0, 0, 1])), [0, 1, 0], atol=1e-12)


def test_kinds_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    dot_file(tmp_path / "a", "x.csv", dot_rows(3))
    ximu3_sensor(tmp_path / "b", "pelvis", *ximu3_rows(5))
    assert is_dot(tmp_path / "a")
    assert not is_ximu3(tmp_path / "a")
    assert is_ximu3(tmp_path / "b")
    assert not is_dot(tmp_path / "b")
    assert is_ximu3(tmp_path / "b" / "pelvis")


def test_real_recordings_are_read_whole(recording: Callable[[str], Path]) -> None:
    ximu3 = read_ximu3(recording("ximu3_lower_body"))
    assert len(ximu3.logs) == 7
    assert not ximu3.warnings
    assert sorted(log.slot or "" for log in ximu3.logs) == sorted(
        ["pelvis", *(f"{side}_{part}" for side in ("left", "right") for part in ("thigh", "shin", "foot"))]
    )
    dot = read_dot(recording("dot_lower_body"))
    assert [len(log) for log in dot.logs] == [195, 381, 382, 381, 382]
    for log in (*ximu3.logs, *dot.logs):
        check_log(log)
        # free acceleration of a body that stands
        assert np.linalg.norm(log.acceleration[:20].mean(axis=0)) < 0.25
