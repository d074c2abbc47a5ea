"""The menus, with a key for everything."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from .theme import Theme

if TYPE_CHECKING:
    from .window import MainWindow


translate = QCoreApplication.translate


def make_menus(window: "MainWindow") -> QAction:
    """Put them on `window`; gives the action that switches sounds."""
    session = window.menuBar().addMenu(translate("Menus", "&Session"))
    entries: tuple[tuple[str, str, Callable[[], object]], ...] = (
        (translate("Menus", "&Try it without sensors"), "Ctrl+T", window.connect_page.try_button.click),
        (translate("Menus", "&Connect or stop"), "Ctrl+K", window.connect_page.connect_button.click),
        (translate("Menus", "Se&arch for sensors"), "Ctrl+F", window.search),
        (translate("Menus", "&Record or stop"), "Ctrl+R", window.record.press),
        (translate("Menus", "&Next step"), "Alt+Right", window.wizard.next_button.click),
        (translate("Menus", "&Back"), "Alt+Left", window.wizard.back_button.click),
        (translate("Menus", "&Log"), "Ctrl+L", window.show_log),
        (translate("Menus", "&Quit"), "Ctrl+Q", window.close),
    )
    for text, keys, do in entries:
        _add(session, text, keys, do)
    look = window.menuBar().addMenu(translate("Menus", "&View"))
    themes = (
        (translate("Menus", "As the &desktop"), Theme.SYSTEM.value),
        (translate("Menus", "&Light"), Theme.LIGHT.value),
        (translate("Menus", "Dar&k"), Theme.DARK.value),
    )
    _add_choices(look, themes, window.preferences.theme, window.set_theme)
    look.addSeparator()
    languages = ((translate("Menus", "The system's language"), ""), ("English", "en"), ("Deutsch", "de"))
    _add_choices(look, languages, window.preferences.language, window.language_changed.emit)
    look.addSeparator()
    sounds = _add(look, translate("Menus", "&Sounds"), "Ctrl+M", window.switch_sounds)
    sounds.setCheckable(True)
    sounds.setChecked(window.sounds.on)
    return sounds


def _add(menu: QMenu, text: str, keys: str, do: Callable[[], object]) -> QAction:
    action: QAction = menu.addAction(text)
    action.setShortcut(QKeySequence(keys))
    action.triggered.connect(lambda: do())
    return action


def _add_choices(menu: QMenu, entries: tuple[tuple[str, str], ...], kept: str, chosen: Callable[[str], object]) -> None:
    group = QActionGroup(menu)
    for text, value in entries:
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(value == kept)
        action.triggered.connect(lambda _=False, value=value: chosen(value))
        group.addAction(action)
