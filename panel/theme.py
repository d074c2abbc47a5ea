"""Light and dark: Qt's Fusion style in two palettes, and the colours that say how something is doing."""

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from .scene import Look


class Theme(StrEnum):
    """What the user chooses; `SYSTEM` follows the desktop."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Colours:
    """Beside the palette: of states, and of the 3D view. All texts in them have a contrast of 4.5 to 1 or more."""

    good: str
    warn: str
    bad: str
    off: str
    accent: str
    look: Look


LIGHT = Colours(
    good="#146c2e",
    warn="#8a5000",
    bad="#b3261e",
    off="#5f6368",
    accent="#0b57d0",
    look=Look((236, 239, 243), (188, 194, 203), (205, 160, 132), ((30, 100, 220), (214, 84, 30))),
)
DARK = Colours(
    good="#7ddc91",
    warn="#ffc46b",
    bad="#ff8a80",
    off="#a7adb5",
    accent="#8ab4f8",
    look=Look((28, 30, 34), (70, 75, 84), (214, 170, 140), ((100, 170, 255), (255, 140, 90))),
)
_ROLES = {
    QPalette.ColorRole.Window: ("#f5f6f8", "#26282c"),
    QPalette.ColorRole.WindowText: ("#1b1c1e", "#e8eaed"),
    QPalette.ColorRole.Base: ("#ffffff", "#1e2023"),
    QPalette.ColorRole.AlternateBase: ("#eef0f3", "#2b2e33"),
    QPalette.ColorRole.Text: ("#1b1c1e", "#e8eaed"),
    QPalette.ColorRole.Button: ("#e6e9ee", "#35383e"),
    QPalette.ColorRole.ButtonText: ("#1b1c1e", "#e8eaed"),
    QPalette.ColorRole.ToolTipBase: ("#ffffff", "#35383e"),
    QPalette.ColorRole.ToolTipText: ("#1b1c1e", "#e8eaed"),
    QPalette.ColorRole.PlaceholderText: ("#5f6368", "#a7adb5"),
    QPalette.ColorRole.Highlight: ("#0b57d0", "#3f6fc4"),
    QPalette.ColorRole.HighlightedText: ("#ffffff", "#ffffff"),
    QPalette.ColorRole.Link: ("#0b57d0", "#8ab4f8"),
}
# the style draws the edge of an empty box darker than the window: in the dark nobody sees it
_BOXES = """QCheckBox::indicator:unchecked { width: 12px; height: 12px; border: 1px solid %s; background: %s; }"""
_FADED = (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText)


def is_dark(theme: Theme) -> bool:
    """As asked for, or as the desktop is."""
    if theme is Theme.SYSTEM:
        return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
    return theme is Theme.DARK


def colours(theme: Theme) -> Colours:
    """Of `theme`."""
    return DARK if is_dark(theme) else LIGHT


def apply_theme(app: QApplication, theme: Theme) -> None:
    """To every window."""
    dark = is_dark(theme)
    palette = QPalette()
    for role, shades in _ROLES.items():
        palette.setColor(role, QColor(shades[dark]))
    for role in _FADED:
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor("#8b9097" if not dark else "#7b8088"))
    app.setStyle("Fusion")
    app.setPalette(palette)
    app.setStyleSheet(_BOXES % ("#7b8088", "#1e2023") if dark else "")
