"""The control panel by clicks and keys: real sessions on simulated sensors, and windows shown statuses."""

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PySide6", reason="PySide6 is not installed")

from mocamba.capture.calibrating.finding import bad
from mocamba.capture.calibrating.step import PROMPTS, Step
from mocamba.capture.equipment import Equipment
from mocamba.capture.live_camera import CameraPicture, CameraStatus
from mocamba.capture.shelf import list_takes
from mocamba.capture.starting import CalibrationView
from mocamba.capture.status import State, WorkerState
from mocamba.devices.device import State as DeviceState
from mocamba.devices.keypoints.keypoints import Keypoints
from mocamba.panel import camera_view
from mocamba.panel.app import Panel
from mocamba.panel.body_figure import MIME
from mocamba.panel.wizard import CALIBRATE, CHECK, CONNECT, PLACE, RECORD
from mocamba.rig.imu import SLOTS
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QListWidget, QTreeWidget, QWidget
from pytestqt.qtbot import QtBot

from .panels import LIVE_WITHIN, calibrating, dead_status, device, health, live_status, silent_status
from .windows import click, shown, wait

LEFT = Qt.MouseButton.LeftButton


def test_from_try_it_without_sensors_to_an_exported_take(panel: Panel, qtbot: QtBot, tmp_path: Path) -> None:
    window = panel.window
    click(qtbot, window.connect_page.try_button)
    wait(qtbot, lambda: window.view.shown > 30)
    assert window.wizard.page == RECORD
    assert not window.connect_page.try_button.isEnabled()
    assert "Latency" in window.latency.text()
    assert window.latency.accessibleDescription() == window.latency.text()
    assert {row.text(2) for row in rows(window.devices.list)} <= {"good", "late", "loses some", "slow"}

    # a take, by the keyboard
    window.record.name.setText("größe")
    qtbot.keyClick(window, Qt.Key.Key_Space)
    wait(qtbot, lambda: panel.live.status.state is State.RECORDING)
    wait(qtbot, lambda: (take := panel.live.status.recording) is not None and take.seconds > 1)
    assert "größe" in window.record.figures.text()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    wait(qtbot, lambda: panel.live.status.state is State.LIVE and window.takes.list.count() == 1)
    assert window.record.name.text() == "größe_002"
    assert [take.path.stem for take in list_takes(tmp_path / "takes").takes] == ["größe"]

    # the same name again is refused, in a sentence
    window.record.name.setText("größe")
    click(qtbot, window.record.button)
    wait(qtbot, lambda: "never replaced" in window.bar.message.text())

    # the worker is killed, and started again; killed again, it stays dead until somebody chooses
    for _ in range(2):
        worker = panel.live.status.worker
        assert worker is not None
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        gone = worker.pid
        wait(qtbot, lambda gone=gone: changed_worker(panel, gone))
    wait(qtbot, lambda: "choose a network" in window.bar.message.text())
    window.tabs.setCurrentWidget(window.network)
    window.network.network.setCurrentText("hiposer-s")
    click(qtbot, window.network.apply_button)
    wait(qtbot, lambda: panel.live.status.worker.name == "hiposer-s")  # type: ignore[union-attr]
    before = window.view.shown
    wait(qtbot, lambda: window.view.shown > before + 10)

    # solved again, replayed, exported
    window.tabs.setCurrentWidget(window.takes)
    window.takes.list.setCurrentRow(0)
    click(qtbot, window.takes.buttons["solve"])
    assert window.job_bar.isVisible()
    wait(qtbot, lambda: window.takes.buttons["replay"].isEnabled() or reselect(window.takes.list))
    wait(qtbot, lambda: not window.takes.list.item(0).icon().isNull())
    click(qtbot, window.takes.buttons["replay"])
    wait(qtbot, lambda: window.replay.playing and window.replay.frame > 3)
    click(qtbot, window.replay.pause_button)
    window.replay.slider.setFocus()
    qtbot.keyClick(window.replay.slider, Qt.Key.Key_Home)
    assert window.replay.frame == 0
    click(qtbot, window.replay.close_button)
    out = tmp_path / "walk.bvh"
    window.takes.export_to(out)
    wait(qtbot, out.exists)
    wait(qtbot, lambda: not panel.window.jobs.running)


def rows(tree: QTreeWidget) -> list:  # type: ignore[type-arg]
    return [tree.topLevelItem(number) for number in range(tree.topLevelItemCount())]


def changed_worker(panel: Panel, pid: int) -> bool:
    worker = panel.live.status.worker
    return worker is not None and worker.pid != pid and worker.state in (WorkerState.READY, WorkerState.DEAD)


def reselect(takes: QListWidget) -> bool:
    takes.setCurrentRow(0)
    return False


def test_the_wizard_leads_through_a_whole_calibration(
    panel: Panel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = panel.window
    page = window.connect_page
    usual = page.options
    # without the check movements, which take half a minute more
    monkeypatch.setattr(page, "options", lambda *, tried: replace(usual(tried=tried), checks=False))
    page.source.setCurrentIndex(page.source.findData("simulated"))
    assert not window.wizard.next_button.isEnabled()
    click(qtbot, page.connect_button)
    wait(qtbot, lambda: window.wizard.page == PLACE and window.place_page.ready)
    wait(qtbot, lambda: len(rows(window.devices.list)) == 6)

    # one sensor on another place, by the list and the choice beside it; the one there moves over
    head = next(row for row in rows(window.devices.list) if row.text(1) == "head")
    pelvis = next(row for row in rows(window.devices.list) if row.text(1) == "pelvis")
    for target in ("pelvis", "head"):
        window.devices.list.setCurrentItem(head)
        window.devices.place.setCurrentIndex(window.devices.place.findData(target))
        window.devices.place.activated.emit(0)
        wait(qtbot, lambda target=target: head.text(1) == target)
    assert pelvis.text(1) == "pelvis"

    click(qtbot, window.wizard.next_button)
    assert window.wizard.page == CALIBRATE
    click(qtbot, window.calibrate_page.start_button)
    wait(qtbot, lambda: window.prompt.text == PROMPTS[Step.STILL])
    wait(qtbot, lambda: window.prompt.count == "1")
    assert window.prompt.isVisible()
    wait(qtbot, lambda: window.prompt.text == PROMPTS[Step.T_POSE])
    wait(qtbot, lambda: window.wizard.page == CHECK)
    assert panel.live.status.state is State.LIVE
    assert {row.text(1) for row in rows(window.check_page.list)} == {"good"}
    assert not window.prompt.isVisible()
    click(qtbot, window.check_page.yaw_button)
    wait(qtbot, lambda: "forward now" in " ".join(window.bar.lines))
    click(qtbot, window.wizard.next_button)
    assert window.wizard.page == RECORD
    click(qtbot, window.wizard.back_button)
    assert window.wizard.page == CHECK

    # a device is forgotten, and nothing is left of it
    window.devices.list.setCurrentItem(rows(window.devices.list)[0])
    click(qtbot, window.devices.forget_button)
    wait(qtbot, lambda: not rows(window.devices.list))
    window.wizard.go(CONNECT)
    click(qtbot, page.connect_button)  # now it says Stop
    wait(qtbot, lambda: panel.live.status.state is State.IDLE and not panel.live.running)
    assert page.try_button.isEnabled()


def test_a_session_that_cannot_start_says_why_and_another_one_can(panel: Panel, qtbot: QtBot, tmp_path: Path) -> None:
    window = panel.window
    page = window.connect_page
    page.source.addItem("gone", "csv:/dev/no-such-port")
    page.source.setCurrentIndex(page.source.count() - 1)
    with qtbot.waitSignal(panel.live.ended, timeout=LIVE_WITHIN):
        click(qtbot, page.connect_button)
    assert panel.live.status.state is State.FAILED
    assert "no-such-port" in window.bar.message.text()
    assert window.wizard.page == CONNECT
    assert page.connect_button.isEnabled()
    window.record.press()
    assert not window.record.button.isEnabled()
    window.devices.forget.emit("nobody")
    assert "Connect first" in window.bar.message.text()
    window.add_spec("nonsense")
    assert "no FAMILY:ADDRESS" in window.bar.message.text()


def test_each_step_of_a_calibration_is_shown_large(panel: Panel, qtbot: QtBot) -> None:
    for number, step in enumerate((Step.STILL, Step.HEADING, Step.T_POSE, Step.LEFT_ARM, Step.TURN)):
        window = shown(panel, calibrating(step))
        assert window.prompt.isVisible()
        assert window.prompt.text == PROMPTS[step]
        assert PROMPTS[step] in window.prompt.accessibleName()
        assert window.wizard.page == CALIBRATE
        marks = [window.calibrate_page.steps.item(k).text()[0] for k in range(window.calibrate_page.steps.count())]
        assert marks.count("▶") == 1
        assert marks.count("✓") >= number
    window = shown(panel, calibrating(Step.T_POSE, attempt=2, trouble="Your arms are not out to the sides yet."))
    assert window.prompt.trouble.startswith("Your arms")
    assert "Attempt 2 of 3" in window.calibrate_page.words.text()
    failed = CalibrationView("failed", "Not calibrated.", 0.0, trouble="head never rested.")
    window = shown(panel, live_status(state=State.CALIBRATING, calibration=failed))
    assert window.calibrate_page.start_button.isEnabled()


def test_findings_name_the_sensor_and_ask_for_it_to_be_redone(
    panel: Panel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(panel, calibrating(Step.TURN))
    found = bad("head", "head", Step.NOD, "It turns the wrong way. Strap it on the back of the head.")
    view = CalibrationView("done", "Calibrated.", 1.0, ("still",), findings=(found,))
    window = shown(panel, live_status(calibration=view))
    assert window.wizard.page == CHECK
    row = next(row for row in rows(window.check_page.list) if row.text(0) == "head")
    assert (row.text(1), row.text(2)) == ("redo", found.reason)
    asked: list[tuple[str, ...]] = []
    window.check_page.redo.connect(asked.append)
    window.check_page.list.setCurrentItem(row)
    click(qtbot, window.check_page.redo_button)
    assert asked == [("head",)]


def test_silent_sensors_and_dead_workers_are_seen_at_one_glance(panel: Panel) -> None:
    window = shown(panel, live_status())
    window = shown(panel, silent_status())
    told = {row.text(0): row.text(2) for row in rows(window.devices.list)}
    assert told["left_shin"] == "silent"
    assert told["dot D4:99"].startswith("failed")
    assert "left shin sensor is silent" in window.bar.message.text()
    window = shown(panel, dead_status())
    assert "choose a network" in window.bar.message.text()
    assert "stopped" in window.network.worker.text()
    window.show_log()
    window.log.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert "left shin sensor is silent" in copied
    assert "choose a network" in copied
    window.log.close()


def test_a_sensor_is_dropped_on_a_limb(panel: Panel, qtbot: QtBot) -> None:
    status = live_status(devices=(device([health("a"), health("b"), health("head")]),), places={"a": "pelvis"})
    window = shown(panel, status)
    figure, asked = window.devices.figure, []
    window.devices.worn.connect(asked.append)
    data = QMimeData()
    data.setData(MIME, b"b")
    copy, buttons, modifiers = Qt.DropAction.CopyAction, LEFT, Qt.KeyboardModifier.NoModifier
    figure.dropEvent(QDropEvent(figure.place("left_shin"), copy, data, buttons, modifiers))
    assert asked[-1] == {"a": "pelvis", "b": "left_shin", "head": "head"}
    # onto one that is taken: the two change places
    data.setData(MIME, b"a")
    figure.dropEvent(QDropEvent(figure.place("head"), copy, data, buttons, modifiers))
    assert asked[-1] == {"a": "head", "head": "pelvis"}
    figure.dropEvent(QDropEvent(QPointF(1, 1), copy, data, buttons, modifiers))
    assert len(asked) == 2
    # a click on the figure chooses the sensor that is worn there
    qtbot.mouseClick(figure, LEFT, pos=figure.place("pelvis").toPoint())
    assert window.devices.sensor == "a"


def test_a_shaken_sensor_is_chosen(panel: Panel, qtbot: QtBot) -> None:
    sensors = [health(slot) for slot in SLOTS]
    window = shown(panel, live_status())
    sensors[2] = health(SLOTS[2], shaking=12.0)
    shaking = live_status(devices=(device(sensors),))
    shown(panel, shaking)
    assert window.devices.sensor == ""
    window.devices.identify.click()
    shown(panel, shaking)
    assert window.devices.sensor == SLOTS[2]


def test_the_view_turns_by_mouse_and_keys(panel: Panel, qtbot: QtBot) -> None:
    view = panel.window.view
    for key, part in ((Qt.Key.Key_Left, "yaw"), (Qt.Key.Key_Up, "pitch"), (Qt.Key.Key_Plus, "distance")):
        before = getattr(view.orbit, part)
        qtbot.keyClick(view, key)
        assert getattr(view.orbit, part) != before
    qtbot.keyClick(view, Qt.Key.Key_Home)
    home = view.orbit
    qtbot.mousePress(view, LEFT, pos=QPoint(100, 100))
    qtbot.mouseMove(view, QPoint(160, 120))
    qtbot.mouseRelease(view, LEFT)
    assert view.orbit.yaw != home.yaw


def test_a_countdown_ends_where_it_is_cancelled(panel: Panel, qtbot: QtBot) -> None:
    window = shown(panel, live_status())
    window.record.delay.setCurrentIndex(window.record.delay.findData(3))
    asked: list[str] = []
    window.record.record.connect(asked.append)
    click(qtbot, window.record.button)
    shown(panel, live_status(frames=700))  # the session goes on meanwhile
    assert (window.prompt.count, window.prompt.isVisible()) == ("3", True)
    click(qtbot, window.record.button)
    assert not window.prompt.isVisible()
    click(qtbot, window.record.button)
    shown(panel, live_status(state=State.FAILED))
    assert not window.prompt.isVisible()
    assert asked == []


def camera_status(**changes: object) -> CameraStatus:
    well = CameraStatus("camera 0", "mediapipe", DeviceState.CONNECTED, 64, 48, 30.0, True, 90, 2, (), 0, "")
    return replace(well, **changes)  # type: ignore[arg-type]


def test_the_camera_is_shown_with_its_joints(
    panel: Panel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window, view = panel.window, panel.window.camera.view
    shown(panel, live_status())
    assert not window.camera.isVisible()
    shown(panel, live_status(camera=camera_status(fault="camera 0: it is gone. Plug it in again.")))
    assert window.camera.isVisible()
    wait(qtbot, lambda: "Plug it in again" in view.message)
    points = np.full((17, 2), (32.0, 24.0), np.float32)
    points[[11, 12, 13]] = [[30, 10], [10, 10], [10, 30]]  # the left arm
    sure = np.full(17, 0.9, np.float32)
    sure[[14, 15, 16]] = 0.1
    found = Keypoints(points, sure, 0, 64, 48)
    picture = CameraPicture(np.full((48, 64, 3), (0, 0, 200), np.uint8), 0, time.monotonic_ns(), found)
    monkeypatch.setattr(type(window.live), "camera_picture", property(lambda self: picture))
    wait(qtbot, lambda: view._picture is picture)
    drawn = view.grab().toImage()
    scale = min(view.width() / 64, view.height() / 48)
    left, top = (view.width() - 64 * scale) / 2, (view.height() - 48 * scale) / 2
    corner = drawn.pixelColor(round(left + 60 * scale), round(top + 44 * scale))
    assert corner.red() > 180 > 60 > corner.green()
    elbow = drawn.pixelColor(round(left + 10 * scale), round(top + 20 * scale))
    assert (elbow.red(), elbow.green(), elbow.blue()) == pytest.approx(camera_view.LEFT.getRgb()[:3], abs=20)
    assert camera_view.RIGHT.rgb() not in {
        drawn.pixel(x, y) for x in range(drawn.width()) for y in range(drawn.height())
    }
    nobody = replace(picture, keypoints=None)
    monkeypatch.setattr(type(window.live), "camera_picture", property(lambda self: nobody))
    wait(qtbot, lambda: view._picture is nobody)
    strip = view.grab().toImage().pixelColor(round(left) + 4, round(top + 48 * scale) - 6)
    assert strip.red() < 80
    shown(panel, live_status(state=State.IDLE, camera=camera_status()))
    assert not window.camera.isVisible()


def test_the_camera_that_is_filled_in_is_the_sessions(panel: Panel, qtbot: QtBot) -> None:
    page = panel.window.connect_page
    page.equipment_.setCurrentIndex(page.equipment_.findData(Equipment.BOTH))
    page.camera.setText(" 2 ")
    assert page.options(tried=True).camera == "2"
    page.camera.setText("")
    assert page.options(tried=False).camera == "0"  # the first there is
    page.equipment_.setCurrentIndex(page.equipment_.findData(Equipment.SENSORS))
    page.camera.setText("2")
    assert page.options(tried=False).camera is None


def test_language_theme_and_window_are_kept(panel: Panel, qtbot: QtBot, settings: QSettings) -> None:
    window = panel.window
    shown(panel, live_status())
    window.right.setSizes([200, 150, 450])
    kept = window.right.sizes()
    window.set_theme("dark")
    assert QApplication.palette().window().color().lightness() < 80
    window.set_theme("light")
    assert QApplication.palette().window().color().lightness() > 200
    window.language_changed.emit("de")
    german = panel.window
    assert german is not window
    assert german.connect_page.try_button.text().replace("&", "") == "Ohne Sensoren ausprobieren"
    shown(panel, calibrating(Step.T_POSE))
    assert "Arme" in german.prompt.text
    assert german.right.sizes()[0] == pytest.approx(kept[0], abs=30)  # the screen may be smaller than the window
    german.keep()
    assert settings.value("theme") == "light"
    assert settings.value("language") == "de"


def test_everything_can_be_reached_by_keyboard_and_has_a_name(panel: Panel) -> None:
    window = shown(panel, live_status())
    for kind in (QAbstractButton, QComboBox, QLineEdit, QListWidget, QTreeWidget):
        for part in window.findChildren(kind):
            if part.objectName().startswith("qt_") or not part.parentWidget() or isinstance(part.parent(), QComboBox):
                continue
            assert part.focusPolicy() & Qt.FocusPolicy.TabFocus, part
            assert spoken(part), (type(part).__name__, part.objectName(), part.parent())
    keys = [action.shortcut().toString() for menu in window.menuBar().actions() for action in menu.menu().actions()]
    used = [key for key in keys if key]
    assert len(used) == len(set(used)) >= 7


def spoken(part: QWidget) -> str:
    """What a screen reader says."""
    from PySide6.QtGui import QAccessible

    return QAccessible.queryAccessibleInterface(part).text(QAccessible.Text.Name)


def test_a_video_that_is_none_is_refused_in_the_command_s_own_words(panel: Panel, qtbot: QtBot, tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    video = tmp_path / "walk.mp4"
    video.write_text("no video")
    panel.window.takes.solve_from(video)
    assert panel.window.job_bar.isVisible()
    wait(qtbot, lambda: "walk.mp4" in panel.window.bar.message.text())
    assert not (tmp_path / "takes" / "walk.take").exists()
    wait(qtbot, lambda: not panel.window.jobs.running)
