"""What the control panel costs over a whole session: CPU, frames, the longest block of its event loop, memory.

    python benchmarks/panel.py --seconds 600
    QT_QPA_PLATFORM=offscreen python benchmarks/panel.py --seconds 60

Beside it runs a process that only sleeps and looks how late it wakes: what the machine itself keeps waiting.
"""

import argparse
import multiprocessing
import tempfile
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from mocamba.capture.status import State
from mocamba.panel.app import Panel, make_app
from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtWidgets import QApplication
from rich.console import Console

BEAT = 0.005  # seconds
SETTLED = 5.0  # seconds after going live that are not counted
LIMIT = 0.05  # seconds


@dataclass
class Beats:
    """Seconds that a beat came late, and how much of it the thread itself was busy."""

    late: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    _last: float = 0.0
    _used: float = 0.0

    def beat(self) -> None:
        """Now."""
        now, used = time.perf_counter(), time.thread_time()
        if self._last:
            self.late.append(max(0.0, now - self._last - BEAT))
            self.busy.append(used - self._used)
        self._last, self._used = now, used

    def words(self) -> str:
        """For people."""
        late = np.array(self.late)
        worst = int(late.argmax())
        busy = f", {1000 * self.busy[worst]:.0f} ms of it busy" if self.busy else ""
        return (
            f"longest {1000 * late[worst]:.0f} ms{busy}; 99.9 %: {1000 * np.percentile(late, 99.9):.1f} ms; "
            f"{int((late > LIMIT).sum())} of {len(late)} over {1000 * LIMIT:.0f} ms"
        )


def sleeper(link: Connection) -> None:
    """The process beside it."""
    beats = Beats()
    while not link.poll():
        beats.beat()
        time.sleep(BEAT)
    link.send(beats.late)


def memory() -> float:
    """Megabytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


class Watch:
    """Fed by timers of the panel's own loop."""

    def __init__(self, panel: Panel, seconds: float) -> None:
        self.panel, self.seconds = panel, seconds
        self.beats = Beats()
        self.memory: list[float] = []
        self.live_at = self.began = self.cpu = self.own = 0.0
        self.shown = self.poses = 0
        self._beat, self._look = QTimer(), QTimer()
        self._beat.setTimerType(Qt.TimerType.PreciseTimer)
        self._beat.timeout.connect(self._tick)
        self._look.timeout.connect(self._tock)
        self._beat.start(round(1000 * BEAT))
        self._look.start(1000)

    def _tick(self) -> None:
        if self.began:
            self.beats.beat()

    def _tock(self) -> None:
        now = time.perf_counter()
        if not self.live_at and self.panel.window.view.shown:
            self.live_at = now
        elif self.live_at and not self.began and now - self.live_at > SETTLED:
            self.began, self.cpu, self.own = now, time.process_time(), time.thread_time()
            self.shown, self.poses = self.panel.window.view.shown, self.panel.live.status.frames
        elif self.began:
            self.memory.append(memory())
            if now - self.began > self.seconds:
                self._end(now - self.began)

    def _end(self, seconds: float) -> None:
        self._beat.stop()
        self._look.stop()
        view, status = self.panel.window.view, self.panel.live.status
        self.lines = [
            f"{seconds:.0f} s, {type(view.canvas).__name__} {view.width()}x{view.height()}, "
            f"{QApplication.platformName()}, {status.state}",
            f"poses {(status.frames - self.poses) / seconds:.1f} a second, {status.dropped} dropped in all",
            f"3D view {(view.shown - self.shown) / seconds:.1f} frames a second",
            f"CPU: {100 * (time.thread_time() - self.own) / seconds:.0f} % of a core for the window's thread, "
            f"{100 * (time.process_time() - self.cpu) / seconds:.0f} % for all its process",
            f"event loop late: {self.beats.words()}",
            "longest in each tenth of the time, ms: "
            + " ".join(f"{1000 * part.max():.0f}" for part in np.array_split(self.beats.late, 10)),
            "memory, MB, in ten parts of the time: "
            + " ".join(f"{np.median(part):.0f}" for part in np.array_split(self.memory, 10) if len(part)),
        ]
        self.panel.window.close()


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    arguments = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    beside = multiprocessing.get_context("spawn").Process(target=sleeper, args=(theirs,), daemon=True)
    beside.start()
    app = make_app()
    with tempfile.TemporaryDirectory() as folder:
        settings = QSettings(str(Path(folder) / "panel.ini"), QSettings.Format.IniFormat)
        settings.setValue("folder", str(Path(folder) / "takes"))
        panel = Panel(app, settings)
        began = time.perf_counter()
        panel.window.connect_page.try_button.click()
        watch = Watch(panel, arguments.seconds)
        app.exec()
    console.print(f"first pose {watch.live_at - began:.1f} s after the click")
    console.print("\n".join(watch.lines))
    ours.send(True)
    console.print(f"a process beside it that only sleeps: {Beats(ours.recv()).words()}")
    beside.join(5)
    left = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    children = [child.name for child in multiprocessing.active_children()]
    console.print(f"left after closing: threads {left}, processes {children}, session {State(panel.live.status.state)}")


if __name__ == "__main__":
    main()
