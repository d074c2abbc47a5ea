"""What is done to live poses, chosen in the panel."""

import pytest

pytest.importorskip("PySide6", reason="PySide6 is not installed")

from mocamba.capture.equipment import Equipment
from mocamba.panel.app import Panel
from mocamba.panel.preferences import Preferences
from PySide6.QtCore import QSettings, Qt
from pytestqt.qtbot import QtBot

from .windows import click


def test_switches_reach_the_session_and_are_remembered(panel: Panel, qtbot: QtBot, settings: QSettings) -> None:
    page = panel.window.connect_page
    before = page.options(tried=False)
    assert (before.smooth, before.feet, before.drift) == (False, False, False)
    for box in (page.switches.smooth, page.switches.feet):
        qtbot.keyClick(box, Qt.Key.Key_Space)
    click(qtbot, page.switches.drift)
    chosen = page.options(tried=False)
    assert (chosen.smooth, chosen.feet, chosen.drift) == (True, True, True)
    panel.window.preferences.write(settings)
    kept = Preferences.read(settings)
    assert (kept.smooth, kept.feet, kept.drift) == (True, True, True)


def test_a_camera_alone_has_no_drift(panel: Panel) -> None:
    page = panel.window.connect_page
    page.equipment_.setCurrentIndex(page.equipment_.findData(Equipment.CAMERA))
    assert page.switches.drift.isHidden()
    assert not page.switches.feet.isHidden()
