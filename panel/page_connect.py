"""The wizard's first page: which sensors, who performs, where takes go."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QWidget,
)

from ..capture.calibrating.start import Start
from ..capture.equipment import Equipment
from ..capture.network_table import network_for
from ..capture.session_options import NO_SENSORS, SessionOptions
from ..capture.sources import ALL, SIMULATED, families
from ..capture.status import SessionStatus, State
from ..rig.lens import NARROWEST, WIDEST
from .live import RUNNING
from .live_switches import LiveSwitches
from .page import Page
from .preferences import Preferences

FIRST_CAMERA = "0"
FIRST = 48  # pixels of height of the one button that a first start is about


class ConnectPage(Page):
    """`try_out` and `connect_now` ask for a session, `stop` ends it; `equipped` tells with what it would be."""

    try_out = Signal()
    connect_now = Signal()
    stop = Signal()
    equipped = Signal(object)

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self.title = self.tr("Connect")
        self._preferences = preferences
        self._state = State.IDLE
        self.try_button = QPushButton(self.tr("&Try it without sensors"))
        self.try_button.setToolTip(self.tr("A simulated performer walks in six simulated sensors."))
        self.try_button.clicked.connect(self.try_out)
        if not preferences.started:
            self.try_button.setMinimumHeight(FIRST)
        self.connect_button = QPushButton(self.tr("&Connect"))
        self.connect_button.clicked.connect(self._connect_or_stop)
        self._make_fields()
        self.form = form = QFormLayout()
        for label, field in (
            (self.tr("Captured &with:"), self.equipment_),
            (self.tr("&Sensors:"), self.source),
            (self.tr("&Performer:"), self.performer),
            (self.tr("&Height:"), self.height_),
            (self.tr("C&amera:"), self.camera),
            (self.tr("Fi&eld of view:"), self.field),
        ):
            form.addRow(label, field)
        form.addRow(self.tr("Live:"), self.switches)
        form.addRow(self.tr("Ta&kes in:"), self._folder_row())
        if not preferences.started:
            self.layout_.addWidget(self.try_button)
        self.layout_.addLayout(form)
        self.layout_.addWidget(self.connect_button)
        if preferences.started:
            self.layout_.addWidget(self.try_button)
        self.layout_.addStretch(1)
        self._show_fields()
        self.equipment_.currentIndexChanged.connect(self._equip)

    def _make_fields(self) -> None:
        kept = self._preferences
        self.equipment_ = QComboBox()
        for equipment, words in (
            (Equipment.SENSORS, self.tr("Sensors")),
            (Equipment.BOTH, self.tr("Sensors and a camera")),
            (Equipment.CAMERA, self.tr("A camera alone")),
        ):
            self.equipment_.addItem(words, equipment)
        self.equipment_.setCurrentIndex(max(0, self.equipment_.findData(kept.equipment)))
        self.source = QComboBox()
        self.source.addItem(self.tr("All within reach"), ALL)
        for name, title in families().items():
            self.source.addItem(title, name)
        self.source.addItem(self.tr("Simulated, with calibration"), SIMULATED)
        self.source.setCurrentIndex(max(0, self.source.findData(kept.source)))
        self.source.setEditable(False)
        self.performer = QLineEdit(kept.performer)
        self.height_ = QDoubleSpinBox()
        self.height_.setRange(0.5, 2.6)
        self.height_.setSingleStep(0.01)
        self.height_.setSuffix(" m")
        self.height_.setValue(kept.height)
        self.camera = QLineEdit(kept.camera)
        self.camera.setPlaceholderText(self.tr("0; or another number, an address, a video"))
        self.field = QDoubleSpinBox()
        self.field.setRange(NARROWEST - 1, WIDEST)
        self.field.setDecimals(0)
        self.field.setSuffix("°")
        self.field.setSpecialValueText(self.tr("not known"))
        self.field.setToolTip(
            self.tr("Degrees along the longer side of its picture. Phones: 65 to 75, webcams: 55 to 80.")
        )
        self.field.setValue(kept.field)
        self.switches = LiveSwitches(kept)
        self.folder = QLineEdit(kept.folder)
        self.folder.setAccessibleName(self.tr("Folder of takes"))

    def _folder_row(self) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        choose = QPushButton("…")
        choose.setAccessibleName(self.tr("Choose the folder of takes"))
        choose.setFixedWidth(34)
        choose.clicked.connect(self._choose_folder)
        layout.addWidget(self.folder)
        layout.addWidget(choose)
        return row

    def _choose_folder(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, self.tr("Folder of takes"), self.folder.text()):
            self.folder.setText(chosen)

    def _connect_or_stop(self) -> None:
        (self.stop if self._state in RUNNING else self.connect_now).emit()

    @property
    def equipment(self) -> Equipment:
        """What is chosen."""
        return Equipment(self.equipment_.currentData())

    def _equip(self) -> None:
        self._preferences.network = ""  # the one that was chosen reads something else
        self._show_fields()
        self.equipped.emit(self.equipment)

    def _show_fields(self) -> None:
        """Those that what is chosen has a use for."""
        alone = self.equipment is Equipment.CAMERA
        self.form.setRowVisible(self.source, not alone)
        self.switches.drift.setVisible(not alone)
        for field in (self.camera, self.field):
            self.form.setRowVisible(field, self.equipment is not Equipment.SENSORS)
        self.help.setText(
            self.tr("Put the camera where it sees the whole body, then connect.")
            if alone
            else self.tr("Switch the sensors on, then connect. None at hand? Try it without.")
        )

    def keep(self) -> None:
        """What is filled in, in the preferences."""
        kept = self._preferences
        kept.source, kept.performer = self.source.currentData(), self.performer.text().strip() or "performer"
        kept.height, kept.camera = self.height_.value(), self.camera.text().strip()
        kept.equipment = self.equipment
        kept.field = self.field.value() if self.field.value() >= NARROWEST else 0.0
        kept.folder = self.folder.text().strip() or kept.folder
        self.switches.keep()

    def options(self, *, tried: bool) -> SessionOptions:
        """Of the session that is asked for; `tried`: simulated sensors that need no calibration."""
        self.keep()
        kept = self._preferences
        equipment = Equipment.SENSORS if tried and self.equipment is Equipment.CAMERA else self.equipment
        sensors = SIMULATED if tried else kept.source
        return SessionOptions(
            imu=(NO_SENSORS if equipment is Equipment.CAMERA else sensors,),
            camera=None if equipment is Equipment.SENSORS else kept.camera or FIRST_CAMERA,
            lens=kept.field or None,
            network=network_for(equipment, kept.network),
            device=kept.wish,
            folder=Path(kept.folder),
            performer=kept.performer,
            height=kept.height,
            drift=kept.drift,
            smooth=kept.smooth,
            feet=kept.feet,
            start=Start.AUTO if tried else Start.SEQUENCE,
            hold=not tried,
        )

    @property
    def ready(self) -> bool:
        """Once sensors are connected."""
        return self._state in (State.CALIBRATING, State.LIVE, State.RECORDING)

    def show_status(self, status: SessionStatus) -> None:
        """See `Page`."""
        if status.state is self._state:
            return
        self._state = status.state
        running = status.state in RUNNING
        self.connect_button.setText(self.tr("Sto&p") if running else self.tr("&Connect"))
        self.connect_button.setEnabled(status.state is not State.STOPPING)
        self.try_button.setEnabled(not running)
        fields = (self.source, self.performer, self.height_, self.camera, self.field, self.folder)
        for field in (self.equipment_, *fields, self.switches):
            field.setEnabled(not running)
        self.changed.emit()
