"""TotalCapture as it is handed out: ground truth and sensors of a known motion, and files that are none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mocamba.capture.importing import ImportOptions, import_source
from mocamba.devices.totalcapture.log import is_totalcapture, read_totalcapture
from mocamba.inference.datasets.collect import collect
from mocamba.rig import totalcapture
from mocamba.rig.errors import FileFormatError
from mocamba.rig.imu import SLOT_JOINTS, SLOTS
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import angle_between, multiply, rotate
from mocamba.rig.skeleton import SMPL24
from mocamba.rig.totalcapture import ORIENTATIONS, POSITIONS

from .motions import walk
from .totalcapture_files import HALF_TURN, write_sensors, write_vicon

HELD = [0, 1, 2, 4, 5, 6, 9, 12, 15, 16, 17, 18, 19]  # joints that the set has, but for ends of limbs and spine
Change = Callable[[list[str]], list[str]]


@pytest.fixture(scope="module")
def truth() -> Motion:
    return walk(1.0, skeleton=SMPL24.scaled_to(1.8))


@pytest.fixture
def folder(truth: Motion, tmp_path: Path) -> Path:
    """As the archives leave it: S1/acting1 and s1/s1_acting1_…"""
    write_vicon(truth, tmp_path / "S1" / "acting1")
    write_sensors(truth, tmp_path / "s1", "s1_acting1")
    return tmp_path


def worlds(motion: Motion) -> np.ndarray:
    return local_to_global(motion.rotations.astype(np.float64))


def test_the_ground_truth_is_the_motion(folder: Path, truth: Motion) -> None:
    found = totalcapture.read_totalcapture(folder / "S1" / "acting1" / ORIENTATIONS)
    assert found.rate == pytest.approx(60)
    assert len(found) == len(truth)
    expected = multiply(HALF_TURN, worlds(truth))  # the performer faces the other way there
    assert np.degrees(angle_between(worlds(found), expected))[:, HELD].max() < 0.1
    there, real = found.joint_positions(), rotate(HALF_TURN, truth.joint_positions().astype(np.float64))
    assert np.linalg.norm(there - real, axis=-1)[:, HELD].max() < 0.03
    np.testing.assert_allclose(found.translation, real[:, 0], atol=1e-4)


def test_it_is_collected_by_person(folder: Path, truth: Motion) -> None:
    write_vicon(truth, folder / "S2" / "walking2")
    found = collect([folder])
    assert not found.left_out
    people = [(clip.subject.rpartition("_")[2], clip.name) for clip in found.clips]
    assert people == [("S1", "acting1"), ("S2", "walking2")]
    assert {clip.label for clip in found.clips} == {"TotalCapture"}


def test_sensors_say_how_bones_are_turned(folder: Path, truth: Motion, tmp_path: Path) -> None:
    path = folder / "s1" / "s1_acting1_Xsens.sensors"
    assert is_totalcapture(path)
    recording = read_totalcapture(path)
    assert (len(recording.logs), recording.warnings, recording.aligned) == (13, (), True)
    expected = multiply(HALF_TURN, worlds(truth))
    for slot, joint in zip(SLOTS, SLOT_JOINTS, strict=True):
        (log,) = (log for log in recording.logs if log.slot == slot)
        assert np.degrees(angle_between(log.orientation, expected[:, joint])).max() < 3, slot
        assert np.abs(log.acceleration).max() < 1e-3  # gravity is gone
    take = import_source(path, tmp_path / "acting1.take", ImportOptions(height=1.8))
    imu, warnings = take.imu()
    assert not warnings
    assert imu.present.all()
    assert np.degrees(angle_between(imu.orientation, expected[: len(imu), list(SLOT_JOINTS)])).max() < 3


def test_sensors_with_more_fields_in_one_folder(truth: Motion, tmp_path: Path) -> None:
    one = write_vicon(truth, tmp_path / "acting1")
    path = write_sensors(truth, one, "acting1", aux=True).rename(one / "acting1_Xsens_AuxFields.sensors")
    assert len(read_totalcapture(path).logs) == 13


def changed(path: Path, change: Change) -> None:
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")


NAN = "nan nan nan"


def without(line: str) -> str:
    return line.replace(line.split("\t")[3], NAN)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (POSITIONS, lambda lines: [], "has no frames"),
        (POSITIONS, lambda lines: lines[:1], "has no frames"),
        (POSITIONS, lambda lines: lines[:-3], "positions and"),
        (POSITIONS, lambda lines: [lines[0], "word " * 63, *lines[2:]], "no table of numbers"),
        (POSITIONS, lambda lines: [lines[0].replace("Hips", "Hats"), *lines[1:]], "of other joints"),
        (POSITIONS, lambda lines: [lines[0], *("1.0 2.0" for _ in lines[1:])], "2 numbers a frame"),
        (POSITIONS, lambda lines: [lines[0], *map(without, lines[1:])], "no frame without NaN"),
        (POSITIONS, lambda lines: [*lines[:9], without(lines[9]), *lines[10:]], "NaN between"),
        (ORIENTATIONS, lambda lines: [lines[0], *("0 0 0 2\t" * 21 for _ in lines[1:])], "no unit quaternions"),
        (ORIENTATIONS, lambda lines: [lines[0], *("0.6 0 0.8 0\t" * 21 for _ in lines[1:])], "do not carry"),
    ],
)
def test_ground_truth_that_is_none(folder: Path, name: str, change: Change, said: str) -> None:
    changed(folder / "S1" / "acting1" / name, change)
    with pytest.raises(FileFormatError, match=said):
        totalcapture.read_totalcapture(folder / "S1" / "acting1")


def test_frames_that_were_not_solved_are_cut_off_at_the_ends(folder: Path, truth: Motion) -> None:
    path = folder / "S1" / "acting1" / POSITIONS
    nothing = "\t".join([NAN] * 21)
    changed(path, lambda lines: [lines[0], nothing, nothing, *lines[3:-1], nothing])
    assert len(totalcapture.read_totalcapture(path)) == len(truth) - 3


def test_a_file_is_missing_or_empty(folder: Path) -> None:
    place = folder / "S1" / "acting1"
    (place / ORIENTATIONS).write_bytes(b"")
    with pytest.raises(FileFormatError, match="is empty"):
        totalcapture.read_totalcapture(place)
    (place / POSITIONS).unlink()
    with pytest.raises(FileFormatError, match="cannot be read"):
        totalcapture.read_totalcapture(place)
    with pytest.raises(FileFormatError, match="needs the ground truth's files"):
        read_totalcapture(folder / "s1" / "s1_acting1_Xsens.sensors")
    assert "cannot be read" in collect([folder]).left_out[0]


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("Xsens.sensors", lambda lines: ["13 sensors"], "no table of sensors"),
        ("Xsens.sensors", lambda lines: lines[:5], "no whole frame"),
        ("Xsens.sensors", lambda lines: [line.replace("Head", "Hat") for line in lines], "that the set has not: Hat"),
        ("Xsens.sensors", lambda lines: [*lines[:20], lines[21], lines[20], *lines[22:]], "change from frame to frame"),
        ("Xsens.sensors", lambda lines: [" ".join(line.split()[:4]) for line in lines], "no whole frame"),
        ("calib_imu_bone.txt", lambda lines: lines[:3], "no calibration of"),
        ("calib_imu_ref.txt", lambda lines: [*lines[:2], "Pelvis 1 2"], "no table of quaternions"),
        ("calib_imu_ref.txt", lambda lines: [lines[0], *(line.split()[0] + " 1 1 1 1" for line in lines[1:])], "unit"),
    ],
)
def test_sensors_that_are_none(folder: Path, name: str, change: Change, said: str) -> None:
    changed(folder / "s1" / f"s1_acting1_{name}", change)
    with pytest.raises(FileFormatError, match=said):
        read_totalcapture(folder / "s1" / "s1_acting1_Xsens.sensors")


def test_samples_that_mean_nothing_and_a_file_that_breaks_off(folder: Path, truth: Motion) -> None:
    path = folder / "s1" / "s1_acting1_Xsens.sensors"
    text = path.read_text().splitlines()
    text[16] = "Head 0 0 0 0 nan 0 0"
    path.write_text("\n".join(text[:-20]))
    recording = read_totalcapture(path)
    assert "breaks off" in recording.warnings[0]
    assert "1 samples of Head" in recording.warnings[1]
    head, pelvis = recording.logs[0], recording.logs[2]
    assert len(head) == len(pelvis) - 1 < len(truth)
    (folder / "s1" / "s1_acting1_calib_imu_ref.txt").unlink()
    with pytest.raises(FileFormatError, match="holds no s1_acting1_calib_imu_ref"):
        read_totalcapture(path)
