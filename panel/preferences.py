"""What the panel remembers between two starts, in the user's own settings."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, QStandardPaths

from ..capture.equipment import Equipment
from ..capture.session_options import Wish
from ..rig.lens import NARROWEST, WIDEST
from .theme import Theme

NAME = "mocamba"


def user_settings() -> QSettings:
    """Of this user on this computer."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, NAME, "panel")


def takes_folder() -> str:
    """Where takes are kept unless another folder is chosen."""
    movies = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
    return str(Path(movies or Path.home()) / "Mocamba takes")


@dataclass
class Preferences:
    """`language` "" is the system's; `source` a spec as `mocamba capture --imu` takes it; `delay` in seconds before a
    recording; `camera` as docs/cameras.md says; `field` of its view, degrees, 0 where nobody knows; `network` "" is the
    usual one; `smooth`, `feet` and `drift` as `SessionOptions` has them."""

    theme: str = Theme.SYSTEM.value
    language: str = ""
    performer: str = "performer"
    height: float = 1.70
    source: str = "all"
    folder: str = ""
    network: str = ""
    device: str = "auto"
    way: str = "sequence"
    delay: int = 3
    sounds: bool = True
    equipment: str = ""
    camera: str = ""
    field: float = 0.0
    smooth: bool = False
    feet: bool = False
    drift: bool = False
    started: bool = False  # whether anything was ever connected

    @property
    def wish(self) -> Wish:
        """`device`, as a session takes it."""
        return Wish(self.device) if self.device in list(Wish) else Wish.AUTO

    @classmethod
    def read(cls, settings: QSettings) -> "Preferences":
        """What is there; a value that makes no sense is left as it is by default."""
        found = cls()
        for field in fields(cls):
            value: Any = settings.value(field.name)
            if value is None:
                continue
            default = getattr(found, field.name)
            try:
                made = str(value).lower() == "true" if isinstance(default, bool) else type(default)(value)
            except (TypeError, ValueError):
                continue
            setattr(found, field.name, made)
        found.height = found.height if 0.5 <= found.height <= 2.6 else 1.70
        found.theme = found.theme if found.theme in list(Theme) else Theme.SYSTEM.value
        found.folder = found.folder or takes_folder()
        found.field = found.field if NARROWEST <= found.field <= WIDEST else 0.0
        if found.equipment not in list(Equipment):
            found.equipment = Equipment.BOTH if found.camera else Equipment.SENSORS
        return found

    def write(self, settings: QSettings) -> None:
        """All of it."""
        for field in fields(self):
            settings.setValue(field.name, getattr(self, field.name))
