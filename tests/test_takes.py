"""Takes on disk: whole, cut off, in the way, on a full disk."""

import errno
import io
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mocamba.capture import take
from mocamba.capture.importing import ImportOptions, import_source, write_take
from mocamba.capture.manifest import read_manifest
from mocamba.capture.take import Take, TakeWriter, check_take_name, new_take, open_take
from mocamba.devices.log import Recording, SensorLogs
from mocamba.devices.simulated.gestures import TIMING
from mocamba.devices.simulated.performer import perform
from mocamba.devices.simulated.sensors import simulate
from mocamba.rig.amass import write_amass
from mocamba.rig.bvh import write_bvh
from mocamba.rig.errors import BadInputError, FileFormatError, OutputExistsError
from mocamba.rig.imu import CLEAN, SLOT_JOINTS, WORN
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import angle_between
from mocamba.rig.skeleton import SMPL24


@pytest.fixture(scope="module")
def motion() -> Motion:
    return perform(SMPL24)


@pytest.fixture(scope="module")
def logs(motion: Motion) -> SensorLogs:
    return simulate(motion, WORN, 1, still_until=TIMING.t_pose_end)


@pytest.fixture(scope="module")
def source(motion: Motion, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "motion.npz"
    write_amass(motion, path)
    return path


def make(path: Path, logs: SensorLogs, **options: Any) -> Take:
    with new_take(path, force=bool(options.get("force"))) as part:
        write_take(part, Recording("simulated", logs), "test", 1.8, ImportOptions(**options))
    return open_take(path)


def left_over(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_what_goes_in_comes_out(tmp_path: Path, logs: SensorLogs) -> None:
    made = make(tmp_path / "a.take", logs, performer="Zoë", height=1.8)
    read, warnings = made.logs()
    assert not warnings
    for wrote, got in zip(logs, read, strict=True):
        assert (got.name, got.slot, got.rate) == (wrote.name, wrote.slot, pytest.approx(wrote.rate, rel=1e-5))
        np.testing.assert_array_equal(got.t_ns, wrote.t_ns)
        np.testing.assert_array_equal(got.orientation, wrote.orientation)
        np.testing.assert_array_equal(got.acceleration, wrote.acceleration)
    told = json.loads((made.path / "take.json").read_text(encoding="utf-8"))
    assert told["mocamba_take"] == 1
    assert told["performer"] == "Zoë"
    assert told["height"] == 1.8
    assert {"mocamba", "mcap", "python"} <= set(told["versions"])
    assert len(told["calibration"]["sensors"]) == 6
    assert all(s["reason"] for s in told["calibration"]["sensors"])
    assert read_manifest(made.path / "take.json") == made.manifest
    imu, _ = made.imu()
    assert len(imu) == pytest.approx(TIMING.end * 60, abs=2)
    assert imu.present.mean() > 0.95
    assert made.skeleton.height == pytest.approx(1.8, abs=1e-3)


def test_existing_take_is_kept_unless_forced(tmp_path: Path, logs: SensorLogs) -> None:
    make(tmp_path / "a.take", logs, performer="first")
    with pytest.raises(OutputExistsError, match="--force"):
        make(tmp_path / "a.take", logs, performer="second")
    assert open_take(tmp_path / "a.take").manifest.performer == "first"
    assert make(tmp_path / "a.take", logs, performer="second", force=True).manifest.performer == "second"
    assert left_over(tmp_path) == ["a.take"]


def test_force_keeps_the_old_take_if_the_new_one_fails(tmp_path: Path, logs: SensorLogs) -> None:
    make(tmp_path / "a.take", logs, performer="first")
    with pytest.raises(BadInputError):
        make(tmp_path / "a.take", tuple(replace(log, slot=None) for log in logs), force=True)
    assert open_take(tmp_path / "a.take").manifest.performer == "first"
    assert left_over(tmp_path) == ["a.take"]


def test_force_replaces_takes_and_nothing_else(tmp_path: Path, logs: SensorLogs) -> None:
    diary = tmp_path / "mine.take" / "diary.txt"
    diary.parent.mkdir()
    diary.write_text("dear")
    (tmp_path / "file.take").write_text("text")
    (tmp_path / "empty.take").mkdir()
    for path, content in ((diary, "dear"), (tmp_path / "file.take", "text")):
        with pytest.raises(BadInputError, match="is no take"):
            make(path.parent if path == diary else path, logs, force=True)
        assert path.read_text() == content
    assert make(tmp_path / "empty.take", logs, force=True).imu()[0].present.any()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_force_through_a_link_replaces_what_it_points_to(tmp_path: Path, logs: SensorLogs) -> None:
    make(tmp_path / "a.take", logs, performer="first")
    (tmp_path / "link.take").symlink_to("a.take")
    make(tmp_path / "link.take", logs, performer="second", force=True)
    assert open_take(tmp_path / "a.take").manifest.performer == "second"
    assert (tmp_path / "link.take").is_symlink()
    assert left_over(tmp_path) == ["a.take", "link.take"]


@pytest.mark.skipif(sys.platform == "win32", reason="longer names are allowed there")
def test_a_name_too_long(tmp_path: Path, logs: SensorLogs) -> None:
    for length in (245, 300):
        with pytest.raises(BadInputError, match="too long"):
            make(tmp_path / ("x" * length + ".take"), logs)
    assert left_over(tmp_path) == []


def test_interrupt_while_a_take_is_replaced(tmp_path: Path, logs: SensorLogs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between the old take's leaving and the new one's coming waits until both are where they belong."""
    make(tmp_path / "a.take", logs, performer="first")
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        signal.raise_signal(signal.SIGINT)
        return moved

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "a.take", logs, performer="second", force=True)
    assert open_take(tmp_path / "a.take").manifest.performer == "second"
    assert left_over(tmp_path) == ["a.take"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, 0.0], ids=["NaN", "infinity", "huge", "zero"])
def test_samples_that_mean_nothing_are_left_out(tmp_path: Path, logs: SensorLogs, value: float) -> None:
    taken = make(tmp_path / "a.take", logs)
    with TakeWriter(tmp_path / "b.take", taken.manifest) as writer:
        for log in logs:
            orientation = log.orientation.copy()
            orientation[100:110] = value
            writer.add_logs((replace(log, orientation=orientation),))
    imu, warnings = open_take(tmp_path / "b.take").imu()
    assert np.isfinite(imu.orientation[imu.present]).all()
    assert imu.present.any(axis=1).mean() > 0.9
    assert any("60 of its samples" in warning for warning in warnings)


def test_a_solve_is_named_after_its_weights_file(tmp_path: Path, logs: SensorLogs, motion: Motion) -> None:
    made, elsewhere = make(tmp_path / "a.take", logs), tmp_path / "mine.safetensors"
    assert made.save_solved(motion, str(elsewhere)) == made.path / "solved" / "mine.npz"
    assert made.solved_file(str(elsewhere)) == made.solved_file("mine")
    assert left_over(tmp_path) == ["a.take"]


def test_import_says_that_the_pelvis_is_missing(tmp_path: Path, logs: SensorLogs) -> None:
    made = make(tmp_path / "a.take", tuple(log for log in logs if log.slot != "pelvis"))
    assert any("pelvis" in warning for warning in made.manifest.warnings)
    assert not any("pelvis" in warning for warning in make(tmp_path / "b.take", logs).manifest.warnings)


@pytest.mark.parametrize(
    "damage",
    [
        {"height": float("nan")},
        {"height": -3},
        {"mounting": [0, 0, 0, 0]},
        {"mounting": [float("nan"), 0, 0, 0]},
        {"heading": float("inf")},
        {"sensor": "another"},
    ],
    ids=str,
)
def test_take_json_with_numbers_nobody_has(tmp_path: Path, logs: SensorLogs, damage: dict[str, Any]) -> None:
    path = make(tmp_path / "a.take", logs).path
    told = json.loads((path / "take.json").read_text(encoding="utf-8"))
    for place in (told, *told["calibration"]["sensors"]):
        place.update({key: value for key, value in damage.items() if key in place})
    (path / "take.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(BadInputError, match="Import the recording again"):
        open_take(path).imu()


@pytest.mark.parametrize(
    "name", ["with space.take", "it's.take", "päffchen 動作.take", 'say "hi".take', "-x.take", "a.b.take"]
)
def test_unusual_names(tmp_path: Path, logs: SensorLogs, name: str) -> None:
    if sys.platform == "win32" and '"' in name:
        pytest.skip("not a name on Windows")
    assert make(tmp_path / name, logs).imu()[0].present.any()
    assert left_over(tmp_path) == [name]


@pytest.mark.parametrize("name", ["con.take", "NUL.take", "Com1.take", "lpt9.x.take", "aux.take"])
def test_names_windows_keeps(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError, match="Windows"):
        check_take_name(tmp_path / name)


@pytest.mark.parametrize("name", ["walk", "walk.mcap", "take"])
def test_a_take_is_called_take(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError, match=r"\.take"):
        check_take_name(tmp_path / name)


@pytest.mark.parametrize("after", [0, 2_000, 40_000])
def test_full_disk_leaves_nothing(
    tmp_path: Path, logs: SensorLogs, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    class FullDisk(io.FileIO):
        written = 0

        def write(self, data: Any) -> int:
            FullDisk.written += len(data)
            if FullDisk.written > after:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    opened = Path.open

    def open_on_it(self: Path, mode: str = "r", *args: Any, **more: Any) -> Any:
        return io.BufferedWriter(FullDisk(self, "xb")) if mode == "xb" else opened(self, mode, *args, **more)

    monkeypatch.setattr(Path, "open", open_on_it)
    with pytest.raises(BadInputError, match="No space left"):
        make(tmp_path / "a.take", logs)
    assert left_over(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("often", [0.0, 60.0], ids=["at once", "at the end"])
def test_full_disk_for_real(tmp_path: Path, logs: SensorLogs, monkeypatch: pytest.MonkeyPatch, often: float) -> None:
    monkeypatch.setattr("mocamba.capture.raw._FLUSH_EVERY", often)
    opened = Path.open

    def open_on_it(self: Path, mode: str = "r", *args: Any, **more: Any) -> Any:
        return opened(Path("/dev/full"), "wb") if mode == "xb" else opened(self, mode, *args, **more)

    monkeypatch.setattr(Path, "open", open_on_it)
    with pytest.raises(BadInputError, match="cannot be written"):
        make(tmp_path / "a.take", logs)
    assert left_over(tmp_path) == []


def test_folder_that_cannot_be_written(tmp_path: Path, logs: SensorLogs) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match="cannot be written"):
        make(tmp_path / "file" / "a.take", logs)
    if os.name == "posix" and os.geteuid() != 0:
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
        with pytest.raises(BadInputError, match="cannot be written"):
            make(locked / "a.take", logs)


def test_denied_folder(tmp_path: Path, logs: SensorLogs, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(self: Path, *args: Any, **more: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(take.Path, "mkdir", deny)
    with pytest.raises(BadInputError, match="Permission denied"):
        make(tmp_path / "a.take", logs)


def test_interrupt_leaves_nothing(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(TakeWriter, "set_calibration", interrupt)
    with pytest.raises(KeyboardInterrupt):
        import_source(source, tmp_path / "a.take")
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mocamba_take": 99}, "version 99"),
        ({"mocamba_take": "x"}, "version 'x'"),
        ({"height": "tall"}, "damaged"),
        ({"calibration": {"sensors": []}}, "damaged"),
        ({"calibration": 5}, "damaged"),
    ],
)
def test_take_json_of_another_version_or_damaged(
    tmp_path: Path, logs: SensorLogs, change: dict[str, Any], said: str
) -> None:
    path = make(tmp_path / "a.take", logs).path / "take.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change))
    with pytest.raises(BadInputError, match=said):
        open_take(path.parent)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\x00\xff", '{"mocamba_take": 1}'])
def test_take_json_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.take").mkdir()
    (tmp_path / "a.take" / "take.json").write_text(text, encoding="latin-1")
    with pytest.raises(FileFormatError, match=r"take\.json"):
        open_take(tmp_path / "a.take")


def test_no_take(tmp_path: Path, logs: SensorLogs) -> None:
    (tmp_path / "file.take").write_text("")
    for name in ("nothing.take", "file.take"):
        with pytest.raises(FileFormatError, match="mocamba import"):
            open_take(tmp_path / name)
    made = make(tmp_path / "a.take", logs)
    with pytest.raises(FileFormatError, match="mocamba solve"):
        made.load_solved()
    (made.path / "raw.mcap").unlink()
    with pytest.raises(FileFormatError, match=r"raw\.mcap"):
        made.imu()


def test_solves_are_kept_beside_each_other(tmp_path: Path, logs: SensorLogs, motion: Motion) -> None:
    made = make(tmp_path / "a.take", logs)
    made.save_solved(motion, "one")
    time.sleep(0.02)
    shorter = replace(
        motion,
        rotations=motion.rotations[:90],
        translation=motion.translation[:90],
        t_ns=motion.t_ns[:90],
        confidence=motion.confidence[:90],
    )
    made.save_solved(shorter, "two")
    assert len(made.load_solved()) == 90
    assert len(made.load_solved("one")) == len(motion)
    before = (made.path / "raw.mcap").read_bytes()
    made.save_solved(motion, "two")
    assert (made.path / "raw.mcap").read_bytes() == before
    with pytest.raises(FileFormatError, match="by three"):
        made.load_solved("three")


def test_motion_files_become_simulated_sensors(tmp_path: Path, motion: Motion, source: Path) -> None:
    write_bvh(motion, tmp_path / "motion.bvh")
    (tmp_path / "misnamed.bin").write_bytes(b"")
    truth = local_to_global(motion.rotations)[:, list(SLOT_JOINTS)]
    for k, file in enumerate((source, tmp_path / "motion.bvh")):
        made = import_source(file, tmp_path / f"{k}.take")
        imu, _ = made.imu()
        count = min(len(imu), len(motion))
        assert abs(len(imu) - len(motion)) <= 1
        assert np.degrees(angle_between(imu.orientation[:count], truth[:count])).max() < 0.5
        assert made.manifest.height == pytest.approx(motion.skeleton.height, abs=0.01)
    noisy = import_source(source, tmp_path / "worn.take", ImportOptions(errors=WORN))
    assert noisy.imu()[0].present.mean() < 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.bvh", b"", "empty"),
        ("a.xyz", b"hello", "no recording that Mocamba knows"),
        ("a.npz", b"PK\x03\x04rubbish", "a.npz"),
        ("a.bvh", b"HIERARCHY\nROOT", "a.bvh"),
        ("a.mvnx", b"<?xml version='1.0'?><mvnx>", "a.mvnx"),
        ("a.csv", b"a,b,c\n1,2,3\n", "no recording"),
    ],
)
def test_sources_of_no_use(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInputError, match=said):
        import_source(tmp_path / name, tmp_path / "a.take")
    assert left_over(tmp_path) == [name]


def test_folders_of_no_use(tmp_path: Path, logs: SensorLogs) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match="no recording"):
        import_source(tmp_path / "empty", tmp_path / "a.take")
    with pytest.raises(BadInputError, match="does not exist"):
        import_source(tmp_path / "nowhere", tmp_path / "a.take")
    make(tmp_path / "b.take", logs)
    with pytest.raises(BadInputError, match="a take already"):
        import_source(tmp_path / "b.take", tmp_path / "a.take")
    assert left_over(tmp_path) == ["b.take", "empty"]


@pytest.mark.parametrize("height", [0.1, 17.0, float("nan")])
def test_heights_nobody_has(tmp_path: Path, source: Path, height: float) -> None:
    with pytest.raises(BadInputError, match="height"):
        import_source(source, tmp_path / "a.take", ImportOptions(height=height))


def test_clean_sensors_by_default() -> None:
    assert ImportOptions().errors == CLEAN
