"""Calibrations kept for each performer, and what is put right while live."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mocamba.capture.calibrating.resets import align_headings, full_reset, yaw_reset
from mocamba.capture.calibrating.store import file_of, read_stored, store, stored, why_not
from mocamba.capture.calibration import Calibration, Pose, SensorCalibration, reference_pose
from mocamba.rig.errors import BadInputError, FileFormatError
from mocamba.rig.imu import SLOTS
from mocamba.rig.quaternion import Array, about_y, angle_between, conjugate, from_rotation_vector, multiply


def calibration(seed: int = 0) -> Calibration:
    random = np.random.default_rng(seed)
    sensors = []
    for slot in SLOTS:
        mounting = from_rotation_vector(random.standard_normal(3))
        w, x, y, z = map(float, mounting)
        sensors.append(SensorCalibration(slot, slot, float(random.uniform(-3, 3)), (w, x, y, z), 1.0, "test"))
    return Calibration(1, 2, Pose.T_POSE, tuple(sensors))


def says(calibrated: Calibration, bone: dict[str, Array]) -> dict[str, Array]:
    """What sensors so mounted say of bones."""
    return {
        s.sensor: multiply(multiply(about_y(np.array(s.heading)), bone[s.slot]), np.array(s.mounting))
        for s in calibrated.sensors
    }


def bones(calibrated: Calibration, said: dict[str, Array]) -> dict[str, Array]:
    return {
        s.slot: multiply(
            multiply(conjugate(about_y(np.array(s.heading))), said[s.sensor]), conjugate(np.array(s.mounting))
        )
        for s in calibrated.sensors
    }


def test_yaw_reset_turns_the_whole_performer() -> None:
    made = calibration()
    pose = {slot: from_rotation_vector(np.array([0.2, 0.1 * k, 0.3])) for k, slot in enumerate(SLOTS)}
    turned = {slot: multiply(about_y(np.array(1.2)), q) for slot, q in pose.items()}
    before = bones(made, says(made, turned))
    after = bones(yaw_reset(made, says(made, turned)), says(made, turned))
    pelvis = float(np.degrees(2 * np.arctan2(after["pelvis"][2], after["pelvis"][0])))
    assert abs(pelvis) < 1e-6
    for slot in SLOTS:
        relative = angle_between(
            multiply(conjugate(before["pelvis"]), before[slot]), multiply(conjugate(after["pelvis"]), after[slot])
        )
        assert relative < 1e-6
    with pytest.raises(BadInputError, match="pelvis"):
        yaw_reset(made, {})


@pytest.mark.parametrize("pose", list(Pose))
def test_resets_put_drift_and_slips_right(pose: Pose) -> None:
    made, random = calibration(), np.random.default_rng(2)
    stands = {slot: reference_pose(pose, slot) for slot in SLOTS}
    said = says(made, stands)
    drifted = {name: multiply(about_y(np.array(random.uniform(-1, 1))), q) for name, q in said.items()}
    found = align_headings(made, drifted, pose)
    for slot, q in bones(found, drifted).items():
        assert angle_between(q, stands[slot]) < 1e-6
    assert [s.mounting for s in found.sensors] == [s.mounting for s in made.sensors]
    slipped = {name: multiply(q, from_rotation_vector(np.array([0.1, 0.2, -0.1]))) for name, q in drifted.items()}
    for slot, q in bones(full_reset(made, slipped, pose), slipped).items():
        assert angle_between(q, stands[slot]) < 1e-6


@given(st.text(max_size=60))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_performer_is_kept(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("s")
    path = store(folder, name, 1.8, calibration())
    assert path.parent == folder
    assert path.name.isascii()
    assert read_stored(path).performer == name
    assert read_stored(path).calibration == calibration()
    assert stored(folder)[0][0].height == 1.8


def test_names_that_look_alike_have_files_of_their_own(tmp_path: Path) -> None:
    assert len({file_of(tmp_path, name).name for name in ("Zoë", "Zoe", "zoe", "Zo e", "con", "")}) == 6


def test_what_fits_is_offered(tmp_path: Path) -> None:
    store(tmp_path, "Ann", 1.7, calibration())
    (tmp_path / "x.calibration.json").write_text("{")
    found, troubles = stored(tmp_path)
    assert len(troubles) == 1
    slots = {slot: slot for slot in SLOTS}
    assert why_not(found[0], slots) == ""
    assert "knows nothing of new" in why_not(found[0], {"new": "pelvis"})
    assert "elsewhere" in why_not(found[0], {"head": "pelvis"})
    assert "hours old" in why_not(found[0], slots, datetime.now(UTC) + timedelta(days=3))
    assert stored(tmp_path / "nowhere") == ((), ())


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(
    st.sampled_from(
        [
            "performer",
            "height",
            "created",
            "calibration",
            "sensors",
            "heading",
            "mounting",
            "pose",
            "start_ns",
            "slot",
            "quality",
        ]
    ),
    VALUES,
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_field_of_any_value_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: object
) -> None:
    path = store(tmp_path_factory.mktemp("f"), "Ann", 1.7, calibration())
    told = json.loads(path.read_text())
    for place in (told, told["calibration"], told["calibration"]["sensors"][0]):
        if key in place:
            place[key] = value
            break
    path.write_text(json.dumps(told))
    with suppress(FileFormatError):
        assert read_stored(path).calibration.sensors


@given(st.binary(max_size=200))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("b") / "a.calibration.json"
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        read_stored(path)
