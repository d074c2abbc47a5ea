"""What a panel sees and asks for in a session, below any window."""

import math
import re
import shutil
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from mocamba.capture.calibrating.run import CalibrationRun
from mocamba.capture.calibrating.start import Start
from mocamba.capture.child_command import run_command
from mocamba.capture.network_table import network_table
from mocamba.capture.session import Session
from mocamba.capture.session_options import SessionOptions
from mocamba.capture.sources import families, parse_spec, usual_options
from mocamba.capture.status import State
from mocamba.devices.csv_lines.options import CsvOptions
from mocamba.devices.health import HealthMonitor
from mocamba.devices.log import SensorLog
from mocamba.devices.reading import Acceleration, Reading
from mocamba.devices.simulated.cast import Cast, Production
from mocamba.inference.weights_file import load_network
from mocamba.rig.child_process import run_child
from mocamba.rig.errors import BadInputError, CancelledError, MocambaError

from .drills import feed, worn

ROOT = Path(__file__).resolve().parents[1]


def reading(sensor: str, k: int, pull: float) -> Reading:
    return Reading(
        sensor=sensor,
        host_ns=time.monotonic_ns() + k * 10_000_000,
        orientation=(1.0, 0.0, 0.0, 0.0),
        acceleration=(0.0, 0.0, pull),
        acceleration_kind=Acceleration.RAW,
    )


def test_the_sensor_that_is_shaken_shows_and_its_rate_is_told_beside_the_set_one() -> None:
    monitor = HealthMonitor()
    monitor.set_rate(100.0)
    for k in range(100):
        monitor.add([reading("shaken", k, 9.8 + 8 * math.sin(k)), reading("still", k, 9.8 + 0.01 * (k % 2))])
    shaken, still = monitor.report()
    assert shaken.shaking > 4.0 > 0.1 > still.shaking
    assert (shaken.nominal, still.nominal) == (100.0, 100.0)


def test_a_session_holds_until_it_is_asked_to_calibrate(tmp_path: Path) -> None:
    options = SessionOptions(folder=tmp_path, link=None, network="hiposer-s", hold=True)
    session = Session(options)
    session.start()
    try:
        session.wait_for(State.CALIBRATING, State.FAILED, timeout=30)
        while sum(len(device.sensors) for device in session.status.devices) < 6:
            time.sleep(0.05)
        view = session.status.calibration
        assert view is not None
        assert (session.status.state, view.step) == (State.CALIBRATING, "waiting")
        with pytest.raises(BadInputError, match="no place elbow"):
            session.wear({"head": "elbow"}).result(5)
        # a place for a sensor that nobody heard: told, and the session waits on
        session.wear({"nobody": "head"}).result(5)
        session.calibrate().result(5)
        until(lambda: bool(session.status.calibration and session.status.calibration.trouble))
        assert session.status.state is State.CALIBRATING
        session.wear({}).result(5)
        assert session.status.places == {}
        session.calibrate(Start.AUTO).result(5)
        assert session.wait_for(State.LIVE, State.FAILED, timeout=60).state is State.LIVE
        devices_come_and_go(session)
    finally:
        session.stop()


def devices_come_and_go(session: Session) -> None:
    with Cast(Production("csv", "tcp", slots=("head",))) as cast:
        more = parse_spec(f"csv:{cast.addresses[0]}")
        assert more is not None
        session.connect([more]).result(5)
        until(lambda: len(session.status.devices) == 2)
        added = next(device for device in session.status.devices if device.address == more.address)
        until(lambda: any(one.address == added.address and one.sensors for one in session.status.devices))
        session.forget(added.address).result(5)
    until(lambda: len(session.status.devices) == 1)
    with pytest.raises(BadInputError, match="no device"):
        session.forget("nowhere").result(5)
    gone = parse_spec("csv:/dev/no-such-port")
    assert gone is not None
    session.connect([gone]).result(5)
    until(lambda: any(device.fault is not None for device in session.status.devices))
    session.forget(gone.address).result(5)
    until(lambda: len(session.status.devices) == 1)


def until(done, seconds: float = 20.0) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_a_sensor_with_a_hole_in_its_first_seconds_is_waited_for() -> None:
    """Clocks settle and radios crowd when a session begins; only who stays silent is called so."""

    def hole(log: SensorLog) -> SensorLog:
        seconds = (log.t_ns - log.t_ns[0]) / 1e9
        keep = (seconds < 0.2) | (seconds > 1.8)
        return replace(
            log,
            t_ns=log.t_ns[keep],
            t_device=log.t_device[keep],
            orientation=log.orientation[keep],
            acceleration=log.acceleration[keep],
        )

    drill = worn(faults={"head": hole})
    run = feed(CalibrationRun(drill.slots), drill.logs)
    assert not [found for found in run.result().findings if found.slot == "head"]


def test_families_and_their_usual_options() -> None:
    assert set(families()) == set(usual_options())
    assert usual_options()["csv"] == CsvOptions()


def test_networks_are_told_without_torch() -> None:
    code = "import sys; from mocamba.capture.network_table import *; network_table(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    table = {one.name: one for one in network_table()}
    loaded = load_network("hiposer-d")
    assert table["hiposer-d"].params == sum(p.numel() for p in loaded.network.parameters())
    assert table["hiposer-d"].licence == loaded.card.licence
    assert table["hiposer-d"].live


@pytest.mark.parametrize(
    "content",
    [b"", b"abc", struct.pack("<Q", 1 << 60), struct.pack("<Q", 4) + b"[1]\n", struct.pack("<Q", 2) + b"{}"],
)
def test_a_damaged_weights_file_is_left_out(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.safetensors").write_bytes(content)
    monkeypatch.setenv("MOCAMBA_WEIGHTS", str(tmp_path))
    assert "broken" not in {one.name for one in network_table()}


def test_a_command_tells_its_progress_result_and_faults(tmp_path: Path) -> None:
    said: list[tuple[float, str]] = []
    values = run_command(["takes", "list", str(tmp_path)], lambda share, doing: said.append((share, doing)))
    assert values["takes"] == []
    with pytest.raises(MocambaError, match="does not exist"):
        run_command(["takes", "list", str(tmp_path / "gone")], lambda *_: None)
    code = "import sys; sys.stderr.write('out of luck'); sys.exit(3)"
    with pytest.raises(MocambaError, match=r"code 3.*out of luck\. Try again\."):
        run_child([sys.executable, "-c", code], {}, lambda *_: None, "Try again.")


def test_a_command_that_is_cancelled_ends_at_once(nothing_left: None) -> None:
    def cancel(share: float, doing: str) -> None:
        raise CancelledError("No more.")

    began = time.monotonic()
    with pytest.raises(CancelledError):
        run_child([sys.executable, "-c", "import time; time.sleep(60)"], {}, cancel)
    assert time.monotonic() - began < 10


def test_progress_lines_are_told() -> None:
    code = "import sys\nfor k in range(3): print(f'mocamba-progress {k / 2} step {k}', file=sys.stderr)\nprint('{}')"
    said: list[tuple[float, str]] = []
    assert run_child([sys.executable, "-c", code], {}, lambda share, doing: said.append((share, doing))) == {}
    assert [one for one in said if one[1]] == [(0.0, "step 0"), (0.5, "step 1"), (1.0, "step 2")]


def test_translations_are_whole() -> None:
    """Every text has its German, and what is shipped is what was translated last."""
    folder = ROOT / "panel" / "translations"
    source = (folder / "mocamba_de.ts").read_text("utf-8")
    assert 'type="unfinished"' not in source
    assert 'type="vanished"' not in source
    places = [(set(re.findall(r"\{\d\}", one)), set(re.findall(r"\{\d\}", other))) for one, other in pairs(source)]
    assert all(one == other for one, other in places)


def test_what_is_translated_is_what_the_panel_says_and_what_is_shipped(tmp_path: Path) -> None:
    tools = Path(pytest.importorskip("PySide6").__file__).parent
    folder, copy, made = ROOT / "panel" / "translations", tmp_path / "mocamba_de.ts", tmp_path / "made.qm"
    if not (tools / "lupdate").exists():
        pytest.skip("this PySide6 has no tools for translations where Linux has them")
    shutil.copy(folder / "mocamba_de.ts", copy)
    texts = [str(file) for file in sorted((ROOT / "panel").glob("*.py"))]
    for tool, arguments in (
        ("lupdate", ["-locations", "none", "-no-obsolete", *texts, "-ts", str(copy)]),
        ("lrelease", [str(copy), "-qm", str(made)]),
    ):
        code = f"import sys; sys.argv[0] = {tool!r}; from PySide6.scripts.pyside_tool import {tool}; {tool}()"
        subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
    assert "unfinished" not in copy.read_text("utf-8")
    assert made.read_bytes() == (folder / "mocamba_de.qm").read_bytes()


def pairs(source: str) -> list[tuple[str, str]]:
    messages = ElementTree.fromstring(source).iter("message")
    return [(one.findtext("source", ""), one.findtext("translation", "")) for one in messages]
