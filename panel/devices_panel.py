"""The left side: which sensors there are, where they are worn, and how they are."""

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..capture.status import SessionStatus
from ..rig.imu import SLOTS
from .body_figure import MIME, BodyFigure
from .device_rows import Level, Row, places, rows, shaken
from .theme import Colours
from .words import slot_words

SENSOR, ADDRESS = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class SensorList(QTreeWidget):
    """Rows can be dragged onto the figure."""

    def mimeData(self, items: Sequence[QTreeWidgetItem]) -> QMimeData:
        data = QMimeData()
        if items and (sensor := items[0].data(0, SENSOR)):
            data.setData(MIME, sensor.encode())
        return data


class DevicesPanel(QWidget):
    """`worn` gives all places, by sensor, as they were just changed; `forget` an address."""

    worn = Signal(dict)
    scan = Signal()
    add = Signal()
    forget = Signal(str)
    options = Signal()

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._status = SessionStatus()
        self._rows: tuple[Row, ...] = ()
        self._shaken = ""
        self.figure = BodyFigure(colours)
        self.figure.dropped.connect(self.wear)
        self.figure.chosen.connect(self._choose_slot)
        self.list = self._make_list()
        self.place = QComboBox()
        self.place.addItem(self.tr("– choose –"), "")
        for slot in SLOTS:
            self.place.addItem(slot_words(slot), slot)
        self.place.setAccessibleName(self.tr("Where the chosen sensor is worn"))
        self.place.activated.connect(self._place_chosen)
        self.identify = QCheckBox(self.tr("Shake to &identify"))
        self.identify.setToolTip(self.tr("Shake one sensor: its row is chosen."))
        self._lay_out()
        self._enable()

    def _make_list(self) -> SensorList:
        made = SensorList()
        made.setHeaderLabels(
            [
                self.tr("Sensor"),
                self.tr("Worn on"),
                self.tr("State"),
                self.tr("Hz"),
                self.tr("Age"),
                self.tr("Loss"),
                self.tr("Battery"),
                self.tr("Field"),
            ]
        )
        made.setRootIsDecorated(False)
        made.setAlternatingRowColors(True)
        made.setDragEnabled(True)
        made.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        made.setAccessibleName(self.tr("Sensors"))
        made.currentItemChanged.connect(lambda *_: self._enable())
        for column, width in enumerate((88, 90, 66, 60, 48, 46, 50, 50)):
            made.setColumnWidth(column, width)
        return made

    def _lay_out(self) -> None:
        self.scan_button = QPushButton(self.tr("&Search"))
        self.add_button = QPushButton(self.tr("&Add…"))
        self.forget_button = QPushButton(self.tr("&Forget"))
        self.options_button = QPushButton(self.tr("O&ptions…"))
        buttons = QHBoxLayout()
        for button, signal in (
            (self.scan_button, self.scan),
            (self.add_button, self.add),
            (self.options_button, self.options),
        ):
            button.clicked.connect(signal)
            buttons.addWidget(button)
        self.forget_button.clicked.connect(self._forget)
        buttons.insertWidget(2, self.forget_button)
        worn = QHBoxLayout()
        label = QLabel(self.tr("&Worn on:"))
        label.setBuddy(self.place)
        for part in (label, self.place, self.identify):
            worn.addWidget(part)
        worn.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.figure, 3)
        layout.addLayout(worn)
        layout.addWidget(self.list, 2)
        layout.addLayout(buttons)

    def set_colours(self, colours: Colours) -> None:
        """Of another theme."""
        self._colours = colours
        self.figure.set_colours(colours)
        self._rows = ()
        self.show_status(self._status)

    def show_status(self, status: SessionStatus) -> None:
        """The newest."""
        self._status = status
        fresh = tuple(rows(status))
        chosen = self.sensor
        rebuilt = [(row.address, row.sensor) for row in fresh] != [(row.address, row.sensor) for row in self._rows]
        if rebuilt:
            self._rebuild(len(fresh))
        for number, row in enumerate(fresh):
            if (item := self.list.topLevelItem(number)) is not None:
                self._fill(item, row)
        self._rows = fresh
        if rebuilt and chosen:
            self.choose(chosen)
        self.figure.show_levels({row.slot: row.level for row in fresh if row.slot})
        if self.identify.isChecked():
            self._identify(shaken(status))
        self._enable()

    def _rebuild(self, count: int) -> None:
        self.list.clear()
        self.list.addTopLevelItems([QTreeWidgetItem() for _ in range(count)])

    def _fill(self, item: QTreeWidgetItem, row: Row) -> None:
        texts = (row.title, slot_words(row.slot) if row.slot else "–", row.state, *row.cells)
        shade = (self._colours.good, self._colours.warn, self._colours.bad, self._colours.off)[row.level]
        for column, text in enumerate(texts):
            if item.text(column) != text:
                item.setText(column, text)
        if item.data(2, ADDRESS) != shade:
            item.setForeground(2, QBrush(QColor(shade)))
            item.setData(2, ADDRESS, shade)
        item.setData(0, SENSOR, row.sensor)
        item.setData(0, ADDRESS, row.address)
        item.setToolTip(0, f"{row.title}\n{row.device}")

    @property
    def sensor(self) -> str:
        """The chosen one's name; "" for none."""
        item = self.list.currentItem()
        return "" if item is None else item.data(0, SENSOR) or ""

    def _identify(self, sensor: str) -> None:
        if sensor and sensor != self._shaken:
            self.choose(sensor)
        self._shaken = sensor

    def choose(self, sensor: str) -> None:
        """Its row."""
        for number in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(number)
            if item is not None and item.data(0, SENSOR) == sensor:
                self.list.setCurrentItem(item)
                return

    def wear(self, sensor: str, slot: str) -> None:
        """Put `sensor` on `slot`; what was worn there goes where `sensor` was."""
        worn = places(self._status)
        before = worn.get(sensor)
        other = next((name for name, place in worn.items() if place == slot and name != sensor), None)
        worn[sensor] = slot
        if other is not None and before is not None:
            worn[other] = before
        elif other is not None:
            del worn[other]
        self.worn.emit(worn)

    def _choose_slot(self, slot: str) -> None:
        worn = places(self._status)
        self.choose(next((name for name, place in worn.items() if place == slot), ""))

    def _place_chosen(self) -> None:
        if self.sensor and self.place.currentData():
            self.wear(self.sensor, self.place.currentData())

    def _forget(self) -> None:
        if (item := self.list.currentItem()) is not None:
            self.forget.emit(item.data(0, ADDRESS))

    def _enable(self) -> None:
        chosen = self.list.currentItem()
        self.forget_button.setEnabled(chosen is not None)
        self.place.setEnabled(bool(self.sensor))
        slot = places(self._status).get(self.sensor, "")
        if not self.place.view().isVisible():
            self.place.setCurrentIndex(max(0, self.place.findData(slot)))

    @property
    def levels(self) -> tuple[Level, ...]:
        """Of all rows."""
        return tuple(row.level for row in self._rows)
