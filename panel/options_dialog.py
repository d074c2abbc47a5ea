"""How each sensor family is set up; it counts from the next connection on."""

import inspect
from dataclasses import fields, replace
from typing import Any

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ..capture.sources import FamilyOptions, families, usual_options

Field = QCheckBox | QSpinBox | QDoubleSpinBox


def kept_options(settings: QSettings) -> dict[str, FamilyOptions]:
    """What the user changed, by family."""
    return {name: _kept(settings, name, usual) for name, usual in usual_options().items()}


def _kept(settings: QSettings, family: str, usual: FamilyOptions) -> FamilyOptions:
    changed: dict[str, Any] = {}
    for name, value in _plain(usual).items():
        kept = settings.value(f"family/{family}/{name}")
        try:
            if kept is not None:
                changed[name] = str(kept).lower() == "true" if isinstance(value, bool) else type(value)(float(kept))
        except (TypeError, ValueError):
            continue  # as it is by default
    return replace(usual, **changed)


def _plain(options: FamilyOptions) -> dict[str, bool | int | float]:
    """Those that a tick or a number can say."""
    values = {field.name: getattr(options, field.name) for field in fields(options)}
    return {name: value for name, value in values.items() if isinstance(value, bool | int | float)}


class OptionsDialog(QDialog):
    """A tab for each family; kept with OK."""

    def __init__(self, settings: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Options of sensors"))
        self._settings = settings
        self.parts: dict[tuple[str, str], Field] = {}
        self.tabs = QTabWidget()
        titles = families()
        for family, options in kept_options(settings).items():
            self.tabs.addTab(self._page(family, options), titles[family])
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(self.tr("They count from the next connection on.")))
        layout.addWidget(self.tabs)
        layout.addWidget(buttons)

    def _page(self, family: str, options: FamilyOptions) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        for name, value in _plain(options).items():
            field = self.parts[family, name] = _field(value)
            words = name.replace("_", " ")
            field.setAccessibleName(words)
            form.addRow(words, field)
        about = QLabel(" ".join((inspect.getdoc(type(options)) or "").replace("`", "").split()))
        about.setWordWrap(True)
        form.addRow(about)
        return page

    def accept(self) -> None:
        for (family, name), field in self.parts.items():
            value = field.isChecked() if isinstance(field, QCheckBox) else field.value()
            self._settings.setValue(f"family/{family}/{name}", value)
        super().accept()


def _field(value: bool | float) -> Field:
    if isinstance(value, bool):
        tick = QCheckBox()
        tick.setChecked(value)
        return tick
    number: QSpinBox | QDoubleSpinBox = QSpinBox() if isinstance(value, int) else QDoubleSpinBox()
    number.setRange(0, 1_000_000)
    number.setValue(value)  # type: ignore[arg-type]
    return number
