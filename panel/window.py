"""The control panel's window: what every part shows and asks for, wired together."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QObject, QSettings, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QInputDialog,
    QLabel,
    QMainWindow,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from .. import __version__
from ..capture.equipment import Equipment
from ..capture.session_options import SessionOptions, Wish
from ..capture.sources import Found, find_sensors, parse_spec
from ..capture.status import LivePose, SessionStatus, State
from ..capture.take import open_take
from .body_view import BodyView
from .camera_panel import CameraPanel
from .devices_panel import DevicesPanel
from .job_bar import JobBar
from .jobs import Jobs
from .latency_bar import LatencyBar
from .live import Live
from .menus import make_menus
from .message_bar import LogWindow, MessageBar
from .network_box import NetworkBox
from .options_dialog import OptionsDialog, kept_options
from .page_calibrate import CalibratePage
from .page_check import CheckPage
from .page_connect import ConnectPage
from .page_place import PlacePage
from .page_record import RecordPage
from .page_stand import StandPage
from .preferences import Preferences
from .prompt_view import PromptView
from .prompting import Cue, cue, prompt_of
from .record_box import RecordBox
from .replay import ReplayBar
from .sounds import Sounds
from .takes_box import TakesBox
from .theme import Colours, Theme, apply_theme, colours
from .wizard import Wizard
from .words import OF_CAMERA, STATE_WORDS, note_words, word

STATE_SHADES = {State.LIVE: "good", State.RECORDING: "bad", State.CALIBRATING: "warn", State.FAILED: "bad"}


class MainWindow(QMainWindow):
    """`language_changed` asks for a window in another language; `gone` comes once nothing is left."""

    language_changed = Signal(str)
    gone = Signal()

    def __init__(self, live: Live, preferences: Preferences, settings: QSettings) -> None:
        super().__init__()
        self.live, self.preferences, self.settings = live, preferences, settings
        self._colours = colours(Theme(preferences.theme))
        self._status = SessionStatus()
        self._told: tuple[str, ...] = ()
        self._closing = False
        self.jobs = Jobs(self)
        self.sounds = Sounds(self)
        self.sounds.on = preferences.sounds
        self.setWindowTitle("Mocamba")
        self._make_parts()
        self._lay_out()
        self._wire()
        self.sounds_action = make_menus(self)
        self.equip(self.connect_page.equipment)
        self._restore()
        self.show_status(live.status)
        self.takes.set_folder(Path(preferences.folder))

    def _make_parts(self) -> None:
        look: Colours = self._colours
        self.devices = DevicesPanel(look)
        self.view = BodyView(look.look)
        self.view.set_height(self.preferences.height)
        self.prompt = PromptView(self.view)
        self.view.installEventFilter(self)
        self.camera = CameraPanel(lambda: self.live.camera_picture)
        self.latency = LatencyBar()
        self.replay = ReplayBar()
        self.connect_page = ConnectPage(self.preferences)
        self.place_page = PlacePage()
        self.calibrate_page = CalibratePage(self.preferences)
        self.check_page = CheckPage(look)
        self.stand_page, self.record_page = StandPage(), RecordPage()
        first = (self.connect_page, self.place_page, self.calibrate_page)
        self.wizard = Wizard((*first, self.check_page, self.stand_page, self.record_page))
        self.record = RecordBox(self.preferences)
        self.takes = TakesBox(self.jobs)
        self.takes.performer_height = self.preferences.height
        self.network = NetworkBox(self.preferences, look)
        self.bar = MessageBar(look)
        self.job_bar = JobBar(self.jobs)
        self.rate = QLabel()

    def _lay_out(self) -> None:
        self.pictures = QSplitter(Qt.Orientation.Horizontal)
        self.pictures.addWidget(self.view)
        self.pictures.addWidget(self.camera)
        self.pictures.setStretchFactor(0, 3)
        self.pictures.setStretchFactor(1, 2)
        self.pictures.setSizes([600, 400])
        centre = _column(self.pictures, self.replay, self.latency)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.takes, self.tr("Takes"))
        self.tabs.addTab(self.network, self.tr("Network"))
        self.right = QSplitter(Qt.Orientation.Vertical)
        self.right.addWidget(self.wizard)
        self.right.addWidget(self.record)
        self.right.addWidget(self.tabs)
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        for part, share in ((self.devices, 0), (centre, 1), (self.right, 0)):
            self.columns.addWidget(part)
            self.columns.setStretchFactor(self.columns.count() - 1, share)
        self.setCentralWidget(_column(self.columns, self.job_bar, self.bar, first=1))
        self.columns.setSizes([520, 640, 380])
        self.right.setSizes([430, 120, 330])
        self.resize(1540, 940)

    def _wire(self) -> None:
        live, page = self.live, self.connect_page
        live.pose_arrived.connect(self.show_pose)
        live.status_changed.connect(self.show_status)
        live.refused.connect(self.complain)
        live.ended.connect(self._session_ended)
        page.try_out.connect(lambda: self._start(self.connect_page.options(tried=True)))
        page.connect_now.connect(lambda: self._start(self.connect_page.options(tried=False)))
        page.stop.connect(live.stop)
        page.equipped.connect(self.equip)
        self.calibrate_page.calibrate.connect(lambda start: live.ask(lambda session: session.calibrate(start)))
        self.calibrate_page.use_kept.connect(lambda: live.ask(lambda session: session.use_kept()))
        self.check_page.redo.connect(self._redo)
        self.check_page.reset.connect(lambda full: live.ask(lambda session: session.reset(full)))
        self.record.record.connect(lambda name: live.ask(lambda session: session.record(name)))
        self.record.stop.connect(lambda: live.ask(lambda session: session.stop_recording(), self._recorded))
        self.record.counted.connect(self._counted)
        self.network.swap.connect(self._swap)
        self._wire_devices()
        self._wire_takes()
        self.bar.log_wanted.connect(self.show_log)
        QShortcut(QKeySequence("F5"), self, self.takes.refresh)
        self._space = QShortcut(QKeySequence("Space"), self, self.record.press)
        self._space.setEnabled(False)

    def _wire_devices(self) -> None:
        devices = self.devices
        devices.worn.connect(self._wear)
        devices.scan.connect(self.search)
        devices.add.connect(self.add_device)
        devices.options.connect(self.show_options)
        devices.forget.connect(lambda address: self.live.ask(lambda session: session.forget(address)))

    def _wire_takes(self) -> None:
        self.takes.trouble.connect(self.complain)
        self.takes.made.connect(self.bar.say)
        self.takes.replay.connect(self.play_take)
        self.replay.pose.connect(self.view.show_pose)
        self.replay.closed.connect(self._replay_closed)

    # what comes from the session

    def show_pose(self, pose: LivePose) -> None:
        """Unless a take is being looked at."""
        if not self.replay.playing:
            self.view.show_pose(pose.rotations, pose.translation)

    def show_status(self, status: SessionStatus) -> None:
        """To every part."""
        before, self._status = self._status, status
        # until there is something to record it ticks boxes and presses buttons, as everywhere
        self._space.setEnabled(status.state in (State.LIVE, State.RECORDING))
        for part in (self.devices, self.wizard, self.record, self.network, self.camera):
            part.show_status(status)
        self.latency.show_figures(status.latency)
        self._show_prompt()
        if (sound := cue(before, status)) is not None:
            self.sounds.play(sound)
        self._show_message(before, status)

    def _show_prompt(self) -> None:
        if self.record.left:
            self.prompt.say(self.tr("Recording starts"), str(self.record.left))
            return
        prompt = prompt_of(self._status)
        self.prompt.say(prompt.text, prompt.count, prompt.trouble, prompt.share)

    def _show_message(self, before: SessionStatus, status: SessionStatus) -> None:
        shade = getattr(self._colours, STATE_SHADES.get(status.state, "off"))
        self.bar.show_state(word(STATE_WORDS[status.state]), shade)
        fresh = status.notes[len(self._told) :] if status.notes[: len(self._told)] == self._told else status.notes
        self._told = status.notes
        for sentence in fresh:
            (self.bar.say if sentence.startswith(OF_CAMERA) else self.complain)(note_words(sentence))
        if status.state is State.FAILED and before.state is not State.FAILED:
            self.complain(status.message)
        elif status.message != before.message and not fresh and status.message:
            self.bar.say(note_words(status.message))

    def complain(self, sentence: str) -> None:
        """To the line at the bottom, and the log."""
        self.bar.complain(sentence)

    # what the user asks for

    def equip(self, equipment: Equipment) -> None:
        """Only steps, parts and networks for what the performer is captured with."""
        self.wizard.take_steps(equipment)
        self.record_page.take_start(equipment)
        self.network.show_those_for(equipment)
        self.takes.network = self.preferences.network
        self.devices.setVisible(equipment is not Equipment.CAMERA)

    def _start(self, options: SessionOptions) -> None:
        if self.live.running:
            return
        self.equip(options.equipment)
        self.preferences.started = True
        self.view.set_height(options.height)
        self._told = ()
        self.takes.set_folder(options.folder)
        self.takes.performer_height = options.height
        self.live.start(replace(options, families=kept_options(self.settings)))

    def _session_ended(self) -> None:
        self.equip(self.connect_page.equipment)
        if self._closing:
            self.close()

    def _redo(self, sensors: tuple[str, ...]) -> None:
        self.live.ask(lambda session: session.calibrate(only=sensors))

    def _wear(self, worn: dict[str, str]) -> None:
        def said(_: Any) -> None:
            if self._status.state is State.LIVE:
                self.bar.say(self.tr("Places count from the next calibration on: calibrate again."))

        self.live.ask(lambda session: session.wear(worn), said)

    def _counted(self, number: int) -> None:
        if number:
            self.sounds.play(Cue.TICK)
        self._show_prompt()

    def _recorded(self, answer: Any) -> None:
        self.record.recorded()
        self.takes.refresh()
        if answer.get("fault"):
            self.complain(answer["fault"])

    def _swap(self, network: str, device: str) -> None:
        self.takes.network = network
        if self.live.running:
            self.live.ask(lambda session: session.swap_network(network, Wish(device)))

    def search(self) -> None:
        """For sensors, a few seconds in the background; what is found joins the session."""
        held = {device.address for device in self._status.devices}
        self.jobs.run(self.tr("Searching"), lambda report: find_sensors(held), self._found, self.complain)

    def _found(self, found: list[Found]) -> None:
        usable = [thing for thing in found if thing.usable]
        for thing in found:
            if not thing.usable:
                self.bar.note(f"{thing.address}: {thing.detail}")
        if not found:
            self.complain(self.tr("Nothing new is within reach. Is it switched on, charged, and near?"))
        elif not usable:
            self.complain(f"{found[0].address}: {found[0].detail}")
        elif self.live.running:
            self.live.ask(lambda session: session.connect(usable))
            self.bar.say(self.tr("Connecting to {0}.").format(", ".join(thing.label for thing in usable)))
        else:
            self.bar.say(self.tr("Found {0}. Now connect.").format(", ".join(thing.label for thing in usable)))

    def add_device(self) -> None:
        """One whose address is known."""
        text, given = QInputDialog.getText(
            self, self.tr("Add a device"), self.tr("FAMILY:ADDRESS, for example csv:/dev/ttyUSB0 or slimevr:udp:6969")
        )
        if given and text.strip():
            self.add_spec(text.strip())

    def add_spec(self, spec: str) -> None:
        """See `add_device`."""
        found = parse_spec(spec)
        if found is None:
            self.complain(self.tr("“{0}” is no FAMILY:ADDRESS. For example: csv:/dev/ttyUSB0").format(spec))
        else:
            self.live.ask(lambda session: session.connect([found]))

    def show_options(self) -> None:
        """Of the sensor families."""
        self.options = OptionsDialog(self.settings, self)
        self.options.open()

    def play_take(self, path: Path) -> None:
        """In the 3D view."""
        self.jobs.run(
            self.tr("Opening {0}").format(path.stem),
            lambda report: open_take(path).load_solved(),
            lambda motion: self._play(path, motion),
            self.complain,
        )

    def _play(self, path: Path, motion: Any) -> None:
        self.view.set_height(motion.skeleton.height)
        self.replay.play(path, motion)

    def _replay_closed(self) -> None:
        options = self.live.options
        self.view.set_height(self.preferences.height if options is None else options.height)

    def show_log(self) -> None:
        """All messages, to be copied."""
        self.log = LogWindow(self.bar.lines, f"Mocamba {__version__}", self)
        self.log.show()

    # the window itself

    def switch_sounds(self) -> None:
        """And keep it."""
        self.sounds.on = self.preferences.sounds = self.sounds_action.isChecked()

    def set_theme(self, name: str) -> None:
        """And keep it."""
        self.preferences.theme = name
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, Theme(name))
        self._colours = colours(Theme(name))
        self.devices.set_colours(self._colours)
        self.view.set_look(self._colours.look)
        self.bar.set_colours(self._colours)
        self.show_status(self._status)

    def _restore(self) -> None:
        for name, restore in (
            ("geometry", self.restoreGeometry),
            ("columns", self.columns.restoreState),
            ("right", self.right.restoreState),
            ("pictures", self.pictures.restoreState),
        ):
            if isinstance(state := self.settings.value(f"window/{name}"), QByteArray):
                restore(state)

    def keep(self) -> None:
        """How the window is, and the preferences."""
        self.connect_page.keep()
        self.preferences.write(self.settings)
        self.settings.setValue("window/geometry", self.saveGeometry())
        for name in ("columns", "right", "pictures"):
            self.settings.setValue(f"window/{name}", getattr(self, name).saveState())
        self.settings.sync()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.view and event.type() == QEvent.Type.Resize:
            self.prompt.resize(self.view.size())
        return super().eventFilter(watched, event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.keep()
        if self.live.running:
            # the take is finished and sensors are let go first; the window goes on drawing meanwhile
            self._closing = True
            self.bar.say(self.tr("Finishing: the take is made whole and sensors are let go."))
            self.live.stop()
            event.ignore()
            return
        self.let_go()
        super().closeEvent(event)
        self.gone.emit()

    def let_go(self) -> None:
        """Of everything but the session."""
        for signal in (self.live.pose_arrived, self.live.status_changed, self.live.refused, self.live.ended):
            signal.disconnect()
        self.replay.end()
        self.camera.end()
        self.jobs.close()


def _column(*parts: QWidget, first: int = 1) -> QWidget:
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    for number, part in enumerate(parts):
        layout.addWidget(part, first if number == 0 else 0)
    return column
