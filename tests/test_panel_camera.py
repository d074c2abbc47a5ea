"""The panel with a camera, beside sensors or alone: by clicks and keys, and as its user reads it."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PySide6", reason="PySide6 is not installed")
pytest.importorskip("cv2", reason="OpenCV is not installed")

from mocamba.capture.camera_poses import AT_WORK, STAND, CameraPoses, CameraPoseStatus
from mocamba.capture.equipment import Equipment
from mocamba.capture.live_networks import live_networks
from mocamba.capture.network_table import network_table
from mocamba.capture.session import Session
from mocamba.capture.shelf import list_takes
from mocamba.capture.status import SessionStatus, State, WorkerState, WorkerStatus
from mocamba.devices.keypoints import detectors
from mocamba.panel import live, takes_box
from mocamba.panel.app import Panel
from mocamba.panel.page_connect import ConnectPage
from mocamba.panel.preferences import Preferences
from mocamba.panel.wizard import CHECK, CONNECT, RECORD
from mocamba.panel.wizard import STAND as STAND_PAGE
from mocamba.panel.words import camera_words
from PySide6.QtCore import QSettings, Qt
from pytestqt.qtbot import QtBot

from .live_cameras import Virtual
from .panels import live_status
from .windows import click, shown, wait


def choose(qtbot: QtBot, page: ConnectPage, equipment: Equipment) -> None:
    """By the keyboard."""
    page.equipment_.setFocus()
    qtbot.keyClick(page.equipment_, Qt.Key.Key_Home)
    for _ in range(list(Equipment).index(equipment)):
        qtbot.keyClick(page.equipment_, Qt.Key.Key_Down)
    assert page.equipment is equipment


def networks(panel: Panel) -> list[str]:
    box = panel.window.network.network
    return [box.itemText(number) for number in range(box.count())]


def test_what_is_asked_for_is_what_is_shown(panel: Panel, qtbot: QtBot, settings: QSettings) -> None:
    window, page = panel.window, panel.window.connect_page
    rows = {"sensors": page.source, "camera": page.camera, "field": page.field}
    expected = {
        Equipment.SENSORS: ({"sensors"}, 5, "hiposer-s", ("all",), None),
        Equipment.BOTH: ({"sensors", "camera", "field"}, 5, "vimcan-t-causal", ("all",), "0"),
        Equipment.CAMERA: ({"camera", "field"}, 3, "posemamba-s-causal", ("none",), "0"),
    }
    for equipment, (fields, steps, network, imu, camera) in expected.items():
        choose(qtbot, page, equipment)
        assert {name for name, row in rows.items() if row.isVisibleTo(page)} == fields
        assert window.wizard.steps.text().count("›") == steps - 1
        assert window.devices.isVisible() == ("sensors" in fields)
        options = page.options(tried=False)
        assert (options.network, options.imu, options.camera) == (network, imu, camera)
        assert options.equipment is equipment
        assert window.network.network.currentText() == network
        live_networks(options)  # refuses what does not fit
        assert all(equipment.suits(one) for one in network_table() if one.name in networks(panel))
    page.field.setValue(70)
    assert page.options(tried=False).lens == 70.0
    tried = page.options(tried=True)  # without sensors, but with simulated ones
    assert (tried.imu, tried.camera, tried.network) == (("simulated",), None, "hiposer-s")
    window.keep()
    kept = Preferences.read(settings)
    assert (kept.equipment, kept.field) == (Equipment.CAMERA, 70.0)


def test_a_network_that_was_chosen_stays_until_it_is_of_no_use(panel: Panel, qtbot: QtBot) -> None:
    window, page = panel.window, panel.window.connect_page
    window.network.network.setCurrentText("hiposer-d")
    window.network.apply_button.click()
    assert page.options(tried=False).network == "hiposer-d"
    choose(qtbot, page, Equipment.CAMERA)
    assert page.options(tried=False).network == "posemamba-s-causal"
    assert "hiposer-d" not in networks(panel)
    choose(qtbot, page, Equipment.SENSORS)
    assert page.options(tried=False).network == "hiposer-s"


def test_a_camera_of_old_settings_is_still_used(settings: QSettings) -> None:
    assert Preferences.read(settings).equipment == Equipment.SENSORS
    settings.setValue("camera", "1")
    assert Preferences.read(settings).equipment == Equipment.BOTH
    settings.setValue("equipment", "telescope")
    settings.setValue("field", 700.0)
    kept = Preferences.read(settings)
    assert (kept.equipment, kept.field) == (Equipment.BOTH, 0.0)


def seen(says: str, **changes: Any) -> SessionStatus:
    worker = WorkerStatus(WorkerState.READY, 1, "posemamba-s-causal", "posemamba-s-causal", "ab", "cpu")
    pose = CameraPoseStatus(worker, says, 0.0, None, 0.0, 14.0, ())
    return live_status(camera_pose=pose, worker=None, devices=(), slots=(), **changes)


def test_a_performer_is_told_to_stand_from_afar_in_both_languages(panel: Panel) -> None:
    panel.window.equip(Equipment.CAMERA)
    window = shown(panel, seen(STAND, state=State.CALIBRATING))
    assert window.wizard.page == STAND_PAGE
    assert window.prompt.isVisible()
    assert window.prompt.text.startswith("Stand upright in the camera's sight")
    assert not window.wizard.next_button.isEnabled()
    window = shown(panel, seen("no picture, the pose waits", state=State.CALIBRATING, notes=("Camera: at work.",)))
    assert window.prompt.text == "No picture, the pose waits."
    window = shown(panel, seen(AT_WORK, notes=("Camera: at work.",), message="Camera: at work."))
    assert window.wizard.page == RECORD
    assert not window.prompt.isVisible()
    assert "Camera: at work." in window.record_page.figures.text()
    assert window.bar.message.text() == "Camera: at work."
    assert not window.bar.message.styleSheet()  # that is no trouble
    window.wizard.back_button.click()
    assert window.wizard.page == STAND_PAGE
    panel.speak("de")
    panel.window.equip(Equipment.CAMERA)
    german = shown(panel, seen(STAND, state=State.CALIBRATING, notes=("Camera: no picture, the pose waits.",)))
    assert german.prompt.text == "Steh ein paar Sekunden aufrecht vor der Kamera, der ganze Körper im Bild."
    assert german.bar.message.text() == "Kamera: kein Bild, die Pose wartet."


def sayings() -> set[str]:
    """All that a session may say of its camera: pictures and sights there and not, networks in every state."""
    found = set()
    things = ((None, "", "seen"), (None, False, True), (True, False), (True, False), list(WorkerState))
    for picture, found_in, worn, timed, state in itertools.product(*things):
        poses = CameraPoses.__new__(CameraPoses)
        keypoints = picture or None
        poses.worn = worn
        poses.worker = _with(ready=state is WorkerState.READY, status=_with(state=state.value))
        poses.camera = _with(picture=None if picture is None else _with(keypoints=keypoints))
        poses._sight = None if found_in is None else _with(found=found_in, timed=timed)
        found.add(poses._says())
    return found - {f"its network is closed, {rest}" for rest in ("sensors alone", "the pose waits")}


def _with(**values: Any) -> Any:
    return type("Part", (), values)()


def test_all_that_is_said_of_a_camera_is_translated(panel: Panel) -> None:
    assert len(sayings()) == 12
    panel.speak("de")
    english = {says for says in sayings() if camera_words(says) == f"{says[:1].upper()}{says[1:]}."}
    assert english == set()


def test_a_camera_alone_from_connecting_to_a_take(
    panel: Panel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in (("hidden", False), ("sensors", None), ("began", 0), ("film_ns", None)):
        monkeypatch.setattr(Virtual, name, value)
    monkeypatch.setitem(detectors.DETECTORS, "mediapipe", Virtual)
    monkeypatch.setattr(live, "SessionProcess", Session)  # in this process, where the performer is known
    window, page = panel.window, panel.window.connect_page
    choose(qtbot, page, Equipment.CAMERA)
    qtbot.keyClicks(page.camera, "simulated")
    page.field.setValue(66)
    click(qtbot, page.connect_button)
    wait(qtbot, lambda: window.wizard.page == STAND_PAGE)
    assert not page.equipment_.isEnabled()
    wait(qtbot, lambda: window.prompt.text.startswith("Stand upright"))
    assert window.camera.isVisible()
    wait(qtbot, lambda: window.wizard.page == RECORD and window.view.shown > 10)
    assert not window.devices.isVisible()
    window.record.name.setText("alone")
    qtbot.keyClick(window, Qt.Key.Key_Space)
    wait(qtbot, lambda: (take := panel.live.status.recording) is not None and take.seconds > 1)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    wait(qtbot, lambda: panel.live.status.state is State.LIVE and window.takes.list.count() == 1)
    (take,) = list_takes(tmp_path / "takes").takes
    assert (take.path.stem, take.faults, take.worn) == ("alone", (), False)
    window.takes.list.setCurrentRow(0)
    assert window.takes.buttons["solve"].isEnabled()
    assert not window.takes.buttons["repair"].isEnabled()
    assert asked_to_solve(panel, qtbot, monkeypatch, "") == ["takes", "solve", str(take.path)]
    assert asked_to_solve(panel, qtbot, monkeypatch, "hiposer-s") == ["takes", "solve", str(take.path)]
    wanted = ["takes", "solve", str(take.path), "--network", "posemamba-s-causal"]
    assert asked_to_solve(panel, qtbot, monkeypatch, "posemamba-s-causal") == wanted
    qtbot.keyClick(window.takes.polish, Qt.Key.Key_End)
    polished = ["takes", "solve", str(take.path), "--feet", "--floor", "--smooth", "0.05"]
    assert asked_to_solve(panel, qtbot, monkeypatch, "") == polished
    window.wizard.go(CONNECT)
    click(qtbot, page.connect_button)
    wait(qtbot, lambda: not panel.live.running)
    assert page.equipment_.isEnabled()


def asked_to_solve(panel: Panel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, network: str) -> list[str]:
    """The command behind the button, where `network` is chosen."""
    asked: list[Sequence[str]] = []
    monkeypatch.setattr(takes_box, "run_command", lambda arguments, report: asked.append(arguments) or {})
    panel.window.takes.network = network
    click(qtbot, panel.window.takes.buttons["solve"])
    qtbot.waitUntil(lambda: bool(asked) and not panel.window.jobs.running)
    panel.window.takes.list.setCurrentRow(0)
    return list(asked[0])


def test_a_tried_session_goes_through_the_sensors_steps(panel: Panel, qtbot: QtBot) -> None:
    window, page = panel.window, panel.window.connect_page
    choose(qtbot, page, Equipment.CAMERA)
    window.equip(page.options(tried=True).equipment)
    shown(panel, live_status(state=State.CALIBRATING))
    shown(panel, replace(live_status(), calibration=None))
    assert window.wizard.page == RECORD
    assert window.devices.isVisible()
    window.wizard.go(CHECK)
    assert window.wizard.page == CHECK
