"""Which network runs, and where; both can be changed while poses go out."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QPushButton, QWidget

from ..capture.equipment import Equipment
from ..capture.network_table import ShippedNetwork, network_for, network_table
from ..capture.session_options import Wish
from ..capture.status import SessionStatus, State, WorkerState, WorkerStatus
from .preferences import Preferences
from .theme import Colours


class NetworkBox(QWidget):
    """`swap` asks for a network and a place to run it."""

    swap = Signal(str, str)

    def __init__(self, preferences: Preferences, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preferences, self._colours = preferences, colours
        self._table = {one.name: one for one in network_table()}
        self.network = QComboBox()
        self.show_those_for(Equipment(preferences.equipment or Equipment.SENSORS))
        self.device = QComboBox()
        words = {Wish.AUTO: self.tr("Mocamba's choice"), Wish.CPU: self.tr("CPU"), Wish.CUDA: self.tr("GPU (CUDA)")}
        for wish in Wish:
            self.device.addItem(words.get(wish, self.tr("GPU (Apple)")), wish.value)
        self.device.setCurrentIndex(max(0, self.device.findData(preferences.device)))
        self.about, self.worker = QLabel(), QLabel()
        for label in (self.about, self.worker):
            label.setWordWrap(True)
        self.apply_button = QPushButton(self.tr("&Use it"))
        self.apply_button.clicked.connect(self._apply)
        form = QFormLayout(self)
        form.addRow(self.tr("Net&work:"), self.network)
        form.addRow(self.tr("Runs &on:"), self.device)
        form.addRow(self.about)
        form.addRow(self.apply_button)
        form.addRow(self.worker)
        self.network.currentIndexChanged.connect(lambda _: self._describe())
        self._describe()
        self.show_status(SessionStatus())

    def show_those_for(self, equipment: Equipment) -> None:
        """Only networks that read what there is."""
        self.network.clear()
        for name, one in self._table.items():
            if equipment.suits(one):
                self.network.addItem(name, name)
        self.network.setCurrentIndex(self.network.findData(network_for(equipment, self._preferences.network)))

    def _describe(self) -> None:
        chosen: ShippedNetwork | None = self._table.get(self.network.currentData())
        if chosen is None:
            self.about.setText("")
            return
        error = "" if chosen.error is None else self.tr(" Error of all joints: {0}°.").format(f"{chosen.error:.1f}")
        text = self.tr("Needs {0}. {1} million parameters.{2} Licence of the weights: {3}.")
        self.about.setText(text.format(chosen.reads, f"{chosen.params / 1e6:.2f}", error, chosen.licence))
        self.about.setToolTip(chosen.data)

    def _apply(self) -> None:
        self._preferences.network, self._preferences.device = self.network.currentData(), self.device.currentData()
        self.swap.emit(self._preferences.network, self._preferences.device)

    def show_status(self, status: SessionStatus) -> None:
        """The newest."""
        worker = status.worker if status.camera_pose is None else status.camera_pose.worker
        running = status.state in (State.CALIBRATING, State.LIVE, State.RECORDING)
        self.apply_button.setText(self.tr("&Use it now") if running else self.tr("&Use it from the next start on"))
        if worker is None:
            self.worker.setText(self.tr("The network is not loaded."))
            return
        text = self._words(worker)
        if self.worker.text() != text:
            self.worker.setText(text)
            self.worker.setStyleSheet(f"color: {self._colours.bad}" if worker.state is WorkerState.DEAD else "")

    def _words(self, worker: WorkerStatus) -> str:
        state = {
            WorkerState.STARTING: self.tr("Loading {0}…"),
            WorkerState.READY: self.tr("{0} is running"),
            WorkerState.DEAD: self.tr("The worker with {0} stopped. Choose a network to start it anew."),
            WorkerState.CLOSED: self.tr("{0} is not loaded."),
        }[worker.state].format(worker.name or worker.network)
        if worker.state is not WorkerState.READY:
            return f"{state} {worker.last_fault}"
        cost = self.tr(" on {0}, {1} ms a frame of 16.7.").format(worker.device.upper(), f"{worker.warm_ms:.2f}")
        others = ", ".join(worker.gpus.values()) or self.tr("none")
        return state + cost + " " + self.tr("GPUs here: {0}.").format(others)
