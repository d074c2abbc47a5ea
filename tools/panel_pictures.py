"""Takes the pictures of docs/panel.md: python -m mocamba.tools.panel_pictures

Real sessions of simulated sensors in a real window, driven by clicks; without a screen, under `xvfb-run -s "-screen 0
1600x1000x24"`. What goes wrong in them goes wrong in truth: a sensor is unplugged, the worker is killed.
"""

import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QDialogButtonBox

from ..capture import live_camera, sources
from ..capture.equipment import Equipment
from ..capture.session import Session
from ..capture.status import State, WorkerState
from ..devices.camera.simulate import SimulatedCamera, project
from ..devices.keypoints import detectors
from ..devices.keypoints.keypoints import Keypoints
from ..devices.simulated.performer import perform
from ..devices.simulated.speaker import Imperfections, Unplugging
from ..panel import live
from ..panel.app import Panel, make_app
from ..panel.takes_box import TakesBox
from ..panel.wizard import CHECK, CONNECT, PLACE, RECORD
from ..rig.h36m import h36m_positions
from ..rig.skeleton import SMPL24
from .small_png import shrink

OUT = Path(__file__).resolve().parents[1] / "docs" / "images"
SIZE = (1500, 900)
PATIENCE = 120.0  # seconds that anything may take
WIDTH = 1100  # pixels of a picture: under 200 KB


class Photographer:
    """One panel after another, each with settings of its own."""

    def __init__(self, app: QApplication, folder: Path) -> None:
        self.app, self.folder = app, folder

    def open(self, theme: str, language: str = "en") -> Panel:
        """A panel that nobody has used."""
        settings = QSettings(str(self.folder / f"{theme}-{time.monotonic_ns()}.ini"), QSettings.Format.IniFormat)
        for key, value in (("theme", theme), ("language", language), ("delay", 5), ("sounds", False)):
            settings.setValue(key, value)
        settings.setValue("folder", str(self.folder / "takes"))
        panel = Panel(self.app, settings)
        panel.window.gone.disconnect()
        panel.window.resize(*SIZE)
        panel.window.move(0, 0)
        self.wait(panel.window.isVisible)
        return panel

    def close(self, panel: Panel) -> None:
        """Until nothing is left of it."""
        panel.window.close()
        self.wait(lambda: not panel.window.isVisible())

    def wait(self, done: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """While the window lives on."""
        end = time.monotonic() + seconds
        while not done():
            self.app.processEvents()
            time.sleep(0.002)
            if time.monotonic() > end:
                raise SystemExit("It did not come to the next picture.")

    def rest(self, seconds: float) -> None:
        """Let it run on."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end)

    def take(self, panel: Panel, name: str) -> None:
        """As it is on the screen."""
        self.rest(0.3)
        picture = panel.window.screen().grabWindow(panel.window.winId())
        smaller = picture.scaledToWidth(WIDTH, Qt.TransformationMode.SmoothTransformation)
        path = OUT / f"panel-{name}.png"
        smaller.save(str(path))
        shrink(path)


def main() -> None:
    """All of them, a few minutes."""
    app = make_app()
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        photographer = Photographer(app, Path(folder))
        first_run(photographer)
        wizard(photographer)
        camera_alone(photographer)
        failures(photographer)


def first_run(photographer: Photographer) -> None:
    """Light, nothing connected; then the try-out, also as the view alone."""
    panel = photographer.open("light")
    photographer.take(panel, "1-connect")
    panel.window.connect_page.try_button.click()
    photographer.wait(lambda: panel.window.view.shown > 400)
    photographer.take(panel, "light")
    panel.window.view.grab().save(str(OUT / "panel-3d.png"))
    shrink(OUT / "panel-3d.png")
    photographer.close(panel)


def wizard(photographer: Photographer) -> None:
    """Dark, the steps one by one."""
    panel = photographer.open("dark")
    window, page = panel.window, panel.window.connect_page
    page.source.setCurrentIndex(page.source.findData("simulated"))
    page.connect_button.click()
    photographer.wait(lambda: window.wizard.page == PLACE and window.place_page.ready)
    photographer.rest(2)
    photographer.take(panel, "2-place")
    window.wizard.next_button.click()
    window.calibrate_page.start_button.click()
    photographer.wait(lambda: "straight out" in window.prompt.text and bool(window.prompt.count))
    photographer.take(panel, "3-calibrate")
    photographer.wait(lambda: window.wizard.page == CHECK)
    photographer.take(panel, "4-check")
    window.wizard.next_button.click()
    window.record.press()
    photographer.wait(lambda: window.prompt.count == "3")
    photographer.take(panel, "countdown")
    photographer.wait(lambda: (take := panel.live.status.recording) is not None and take.seconds > 6)
    photographer.take(panel, "5-record")
    window.record.press()
    photographer.wait(lambda: panel.live.status.state is State.LIVE and window.takes.list.count() == 1)
    window.takes.list.setCurrentRow(0)
    window.takes.solve()
    photographer.wait(lambda: not window.jobs.running and not window.takes.list.item(0).icon().isNull())
    window.takes.list.setCurrentRow(0)
    window.takes.replay_chosen()
    photographer.wait(lambda: window.replay.frame > 150)
    photographer.take(panel, "replay")
    add_video(window.takes)
    window.wizard.go(CONNECT)
    photographer.close(panel)


def add_video(takes: TakesBox) -> None:
    """The dialog alone, filled in."""
    dialog = takes.ask_added()
    assert dialog is not None
    dialog.file.setText("phone.mp4")
    dialog.known.setChecked(True)
    dialog.start.setValue(9.8)
    dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(True)
    dialog.grab().save(str(OUT / "panel-add-video.png"))
    shrink(OUT / "panel-add-video.png")
    dialog.reject()


class Shown(SimulatedCamera):
    """A simulated camera whose performer a detector can be told of."""

    began = 0.0
    joints = h36m_positions(perform(SMPL24, rate=30)).astype(np.float64)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        Shown.began = self._began


class Knowing:
    """Knows where that camera shows the joints."""

    name = "knowing"

    def detect(self, picture: Any, t_ns: int) -> Keypoints:
        """At the time of the picture."""
        frame = max(0, int((t_ns / 1e9 - Shown.began) * 30)) % len(Shown.joints)
        points = np.array(project(Shown.joints[frame], (640, 480)), np.float32)
        return Keypoints(points, np.full(17, 0.9, np.float32), t_ns, 640, 480)

    def people(self, picture: Any, t_ns: int) -> list[Keypoints]:
        """One."""
        return [self.detect(picture, t_ns)]

    def follow(self, person: Keypoints) -> None:
        """Nobody else is there."""

    def close(self) -> None:
        """Holds nothing."""


def camera_alone(photographer: Photographer) -> None:
    """Light: no sensors; the stick figure that the camera shows is found by one who knows it."""
    live_camera.SimulatedCamera = Shown  # type: ignore[attr-defined]
    detectors.DETECTORS["mediapipe"] = Knowing
    whole, live.SessionProcess = live.SessionProcess, Session  # type: ignore[assignment, attr-defined]
    panel = photographer.open("light")
    window, page = panel.window, panel.window.connect_page
    page.equipment_.setCurrentIndex(page.equipment_.findData(Equipment.CAMERA))
    page.camera.setText("simulated")
    page.field.setValue(51)
    page.connect_button.click()
    photographer.wait(lambda: window.wizard.page == RECORD and window.view.shown > 40)
    photographer.take(panel, "camera-alone")
    photographer.close(panel)
    live.SessionProcess = whole  # type: ignore[attr-defined]


def failures(photographer: Photographer) -> None:
    """German: a sensor falls silent, then the worker is killed twice."""
    unplugged = Imperfections(clock_ppm=30, unplug=(Unplugging("left_shin", 14.0, 12.0),))
    sources.Imperfections = lambda **_: unplugged  # type: ignore[assignment, attr-defined]
    live.SessionProcess = Session  # type: ignore[assignment, attr-defined]  # in this process, where the sensors are unplugged
    panel = photographer.open("dark", "de")
    status = panel.live
    panel.window.connect_page.try_button.click()
    photographer.wait(lambda: any("silent" in note for note in status.status.notes))
    photographer.rest(1)
    photographer.take(panel, "failed-sensor")
    for _ in range(2):
        photographer.wait(lambda: (worker := status.status.worker) is not None and worker.state is WorkerState.READY)
        assert status.status.worker is not None
        os.kill(status.status.worker.pid or 0, signal.SIGTERM)
        photographer.rest(2)
    photographer.wait(lambda: (worker := status.status.worker) is not None and worker.state is WorkerState.DEAD)
    panel.window.tabs.setCurrentWidget(panel.window.network)
    photographer.take(panel, "dead-worker")
    photographer.close(panel)


if __name__ == "__main__":
    main()
