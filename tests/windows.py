"""A panel's window as its user handles it."""

from collections.abc import Callable

from mocamba.capture.status import SessionStatus
from mocamba.panel.app import Panel
from mocamba.panel.window import MainWindow
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from .panels import LIVE_WITHIN


def click(qtbot: QtBot, button: QAbstractButton) -> None:
    assert button.isEnabled(), button.text()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def shown(panel: Panel, status: SessionStatus) -> MainWindow:
    panel.window.show_status(status)
    return panel.window


def wait(qtbot: QtBot, done: Callable[[], bool]) -> None:
    qtbot.waitUntil(done, timeout=LIVE_WITHIN)
