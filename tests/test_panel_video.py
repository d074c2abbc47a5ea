"""A video for a take of sensors, asked for by clicks: what the command is given, and what cannot be asked."""

from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("PySide6", reason="PySide6 is not installed")

from mocamba.capture.importing import import_source
from mocamba.capture.take import KEYPOINTS
from mocamba.panel import takes_box
from mocamba.panel.app import Panel
from mocamba.panel.video_dialog import VideoDialog
from mocamba.rig.amass import write_amass
from mocamba.rig.errors import BadInputError
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QLabel
from pytestqt.qtbot import QtBot

from . import motions
from .windows import click, wait


@pytest.fixture
def walk(panel: Panel, qtbot: QtBot, tmp_path: Path) -> Path:
    """A take of six sensors, chosen."""
    write_amass(motions.walk(2.0), tmp_path / "walk.npz")
    takes = panel.window.takes
    assert not takes.buttons["add"].isEnabled()
    path = import_source(tmp_path / "walk.npz", tmp_path / "takes" / "walk.take").path
    takes.refresh()
    wait(qtbot, lambda: takes.list.count() == 1)
    takes.list.setCurrentRow(0)
    return path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The commands of a computer on which all works."""
    told: list[Sequence[str]] = []
    monkeypatch.setattr(takes_box, "run_command", lambda arguments, report: told.append(arguments) or {})
    return told


def dialog_of(panel: Panel, qtbot: QtBot) -> VideoDialog:
    click(qtbot, panel.window.takes.buttons["add"])
    return next(dialog for dialog in panel.window.takes.findChildren(VideoDialog) if dialog.isVisible())


def agree(panel: Panel, qtbot: QtBot, dialog: VideoDialog) -> None:
    click(qtbot, dialog.buttons.button(QDialogButtonBox.StandardButton.Ok))
    wait(qtbot, lambda: not panel.window.jobs.running)


def test_a_video_is_added_wherever_it_began(
    panel: Panel, qtbot: QtBot, walk: Path, video: Path, asked: list[Sequence[str]]
) -> None:
    dialog = dialog_of(panel, qtbot)
    assert not dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()
    assert not dialog.start.isEnabled()
    dialog.file.setText(str(video))
    agree(panel, qtbot, dialog)
    assert asked == [("solve", str(walk), "--video", str(video))]


def test_when_it_began_can_be_told_and_is_kept_for_the_next_try(
    panel: Panel, qtbot: QtBot, walk: Path, video: Path, asked: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> dict[str, object]:
        raise BadInputError("The video fits the take at 1.0 and 4.1 s.")

    with monkeypatch.context() as patch:
        patch.setattr(takes_box, "run_command", refuse)
        first = dialog_of(panel, qtbot)
        first.file.setText(str(video))
        agree(panel, qtbot, first)
    wait(qtbot, lambda: "fits the take at" in panel.window.bar.message.text())
    again = dialog_of(panel, qtbot)
    assert again.file.text() == str(video)
    qtbot.keyClick(again.known, Qt.Key.Key_Space)
    again.start.setValue(-1.5)
    agree(panel, qtbot, again)
    assert asked == [("solve", str(walk), "--video", str(video), "--video-start", "-1.5")]
    third = dialog_of(panel, qtbot)
    assert (third.known.isChecked(), third.start.value()) == (True, -1.5)
    third.reject()


def test_a_video_that_is_there_is_replaced_after_that_was_said(
    panel: Panel, qtbot: QtBot, walk: Path, video: Path, asked: list[Sequence[str]]
) -> None:
    (walk / KEYPOINTS).write_bytes(b"joints")
    dialog = dialog_of(panel, qtbot)
    assert any("takes the place" in label.text() for label in dialog.findChildren(QLabel))
    dialog.file.setText(str(video))
    agree(panel, qtbot, dialog)
    assert asked[0][-1] == "--force"


def test_nothing_is_done_when_the_dialog_is_left(
    panel: Panel, qtbot: QtBot, walk: Path, asked: list[Sequence[str]]
) -> None:
    dialog = dialog_of(panel, qtbot)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert not asked
