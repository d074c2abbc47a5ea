"""Where recordings lie that tests read and never copy."""

import gc
import multiprocessing
import multiprocessing.resource_tracker
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

# the tests' tensors are small: threads that wait for each other cost more than they bring, most on a busy machine
os.environ.setdefault("OMP_NUM_THREADS", "1")
# windows that nobody has to see
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

DATA = Path(os.environ.get("MOCAMBA_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))


@pytest.fixture(scope="session")
def recording() -> Callable[[str], Path]:
    def find(name: str) -> Path:
        path = DATA / "recordings" / name
        if not path.is_dir():
            pytest.skip(f"{path} is not on this machine (MOCAMBA_DATA)")
        return path

    return find


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that real hardware needs and simulated sensors do not."""
    monkeypatch.setattr("mocamba.devices.witmotion.setup.PAUSE", 0.03)
    monkeypatch.setattr("mocamba.devices.witmotion.setup.LISTEN", 0.15)
    monkeypatch.setattr("mocamba.devices.witmotion.reader.COUNTED", 0.6)
    monkeypatch.setattr("mocamba.devices.slimevr.simulate.PATIENCE_NS", 800_000_000)
    monkeypatch.setattr("mocamba.devices.slimevr.simulate.KNOCK_EVERY_NS", 100_000_000)
    monkeypatch.setattr("mocamba.devices.sensor.SILENCE", 1.0)
    monkeypatch.setattr("mocamba.devices.csv_lines.reader.HEADER_WITHIN", -1.0)
    monkeypatch.setattr("mocamba.devices.ximu3.reader.NAME_WITHIN", 0.3)
    monkeypatch.setattr("mocamba.devices.ximu3.reader.SETTLING", 100_000_000)


@pytest.fixture
def spawning() -> None:
    """What Python itself keeps for as long as it runs, once it has started a child and shared memory with it."""
    multiprocessing.resource_tracker.ensure_running()
    # kept for all later ones, which take their part of it: room for as many as garbage may still hold
    multiprocessing.get_context("spawn").RawArray("b", 1 << 20)


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Fails where a test leaves a thread or an open file behind."""
    yield from _compared(allowed=0)


@pytest.fixture
def nothing_left_but_a_bus() -> Iterator[None]:
    """The same for Bluetooth: bleak closes the D-Bus connection of a loop that is gone when the next loop needs one."""
    yield from _compared(allowed=1)


def _compared(allowed: int) -> Iterator[None]:
    threads, files = set(threading.enumerate()), open_files()
    yield
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline:
        left = [thread.name for thread in threading.enumerate() if thread not in threads]
        opened = open_files() - files
        if not left and len(opened) <= allowed:
            return
        gc.collect()
        time.sleep(0.02)
    pytest.fail(f"left behind: threads {left}, files {sorted(opened)}")


def open_files() -> frozenset[str]:
    """What this process has open, where the system tells: sockets, pipes and terminals by number."""
    folder = Path("/proc/self/fd")
    found = set()
    for entry in folder.iterdir() if folder.is_dir() else ():
        with suppress(OSError):
            found.add(f"{entry.name} {entry.readlink()}")
    return frozenset(name for name in found if "/proc/" not in name)


@pytest.fixture(scope="session")
def addon() -> Iterator[None]:
    """The add-on, registered in the Blender of this process."""
    bpy = pytest.importorskip("bpy", reason="bpy is not installed")
    import mocamba

    entry = bpy.context.preferences.addons.new()
    entry.module = "mocamba"
    mocamba.register()
    yield
    mocamba.unregister()
    bpy.context.preferences.addons.remove(entry)


@pytest.fixture
def blender(addon: None, tmp_path: Path) -> Iterator[Any]:
    """`bpy` with an empty file, takes in `tmp_path/takes`, and nothing running before and after."""
    import bpy
    from mocamba.addon.preferences import preferences
    from mocamba.addon.runtime import runtime
    from mocamba.addon.takes_list import refresh

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    (tmp_path / "takes").mkdir()
    preferences().take_folder = str(tmp_path / "takes")
    preferences().engine_folder = str(tmp_path / "engine")
    refresh()
    runtime.message = ""
    yield bpy
    runtime.stop_all()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("mocamba ")]


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A file for what only names it."""
    path = tmp_path / "phone 1.mp4"
    path.write_bytes(b"pictures")
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    """Of a panel that nobody has used."""
    core = pytest.importorskip("PySide6.QtCore", reason="PySide6 is not installed")
    made = core.QSettings(str(tmp_path / "panel.ini"), core.QSettings.Format.IniFormat)
    made.setValue("folder", str(tmp_path / "takes"))
    made.setValue("language", "en")
    made.setValue("delay", 0)
    made.setValue("sounds", False)
    return made


@pytest.fixture
def panel(qapp: Any, qtbot: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Closed at the end; fails where it leaves a thread, a process or a timer behind."""
    from mocamba.panel.app import Panel
    from PySide6.QtCore import QTimer

    monkeypatch.setenv("MOCAMBA_LINK", str(Path(settings.fileName()).parent / "link.json"))
    threads = set(threading.enumerate())
    made = Panel(qapp, settings)
    qtbot.waitExposed(made.window)
    yield made
    with qtbot.waitSignal(made.window.gone, timeout=30_000):
        made.window.close()
    assert not [timer for timer in made.window.findChildren(QTimer) if timer.isActive()]
    made.window.deleteLater()
    made.speak("en")
    qtbot.waitUntil(lambda: not set(threading.enumerate()) - threads, timeout=10_000)
    assert not [child for child in multiprocessing.active_children() if child.name == "mocamba worker"]
