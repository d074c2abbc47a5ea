"""Starts the panel: settings, language, theme, window."""

import gc
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QLocale, QSettings, QTimer, QTranslator
from PySide6.QtWidgets import QApplication

from .live import Live
from .preferences import Preferences, user_settings
from .theme import Theme, apply_theme
from .window import MainWindow

TRANSLATIONS = Path(__file__).parent / "translations"
SWITCH = 0.0002  # seconds for which another thread may keep Python from the window
HEARTBEAT = 500  # milliseconds between two moments at which Python can see that Ctrl-C was pressed


class Panel:
    """The application's one window, made anew for another language while the session goes on."""

    def __init__(self, app: QApplication, settings: QSettings) -> None:
        self.app, self.settings = app, settings
        self.preferences = Preferences.read(settings)
        self.live = Live()
        self._translator: QTranslator | None = None
        self.speak(self.preferences.language)
        apply_theme(app, Theme(self.preferences.theme))
        self.window = self._open()

    def _open(self) -> MainWindow:
        window = MainWindow(self.live, self.preferences, self.settings)
        window.language_changed.connect(self.set_language)
        window.gone.connect(self.app.quit)
        window.show()
        return window

    def speak(self, language: str) -> None:
        """Texts that are made from now on; "" for the system's language."""
        if self._translator is not None:
            self.app.removeTranslator(self._translator)
        self._translator = QTranslator(self.app)
        locale = QLocale(language) if language else QLocale.system()
        if self._translator.load(locale, "mocamba", "_", str(TRANSLATIONS)):
            self.app.installTranslator(self._translator)
        QLocale.setDefault(locale)

    def set_language(self, language: str) -> None:
        """In a window of its own; the session is not touched."""
        self.preferences.language = language
        old = self.window
        old.keep()
        old.let_go()
        self.speak(language)
        self.window = self._open()
        old.deleteLater()


def make_app() -> QApplication:
    """Qt, and a Python that keeps a window waiting as little as it can."""
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Mocamba")
    app.setQuitOnLastWindowClosed(False)
    sys.setswitchinterval(SWITCH)
    # what was imported stays: looking through it for garbage takes tens of milliseconds
    gc.freeze()
    return app


def run_panel() -> int:
    """Until the window is closed; the exit code."""
    app = make_app()
    panel = Panel(app, user_settings())
    signal.signal(signal.SIGINT, lambda *_: panel.window.close())
    signal.signal(signal.SIGTERM, lambda *_: panel.window.close())
    beat = QTimer(app)
    beat.timeout.connect(lambda: None)
    beat.start(HEARTBEAT)
    return app.exec()
