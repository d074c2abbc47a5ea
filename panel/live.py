"""The session as Qt sees it: a process of its own, of which the newest pose and status come here, never more."""

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from ..capture.live_camera import CameraPicture
from ..capture.requests import Answer, Requests
from ..capture.session_options import SessionOptions
from ..capture.session_process import SessionProcess
from ..capture.status import LivePose, SessionStatus, State
from ..rig.errors import BadInputError

RUNNING = frozenset({State.CONNECTING, State.CALIBRATING, State.LIVE, State.RECORDING, State.STOPPING})


class Live(QObject):
    """One session after another. All signals arrive on Qt's thread; what a request was refused with goes to `refused`.

    `pose_arrived` and `status_changed` carry the newest there is: a window that is slow skips, and nothing queues.
    """

    pose_arrived = Signal(object)
    status_changed = Signal(object)
    refused = Signal(str)
    ended = Signal()
    _pose_waits = Signal()
    _status_waits = Signal()
    _answered = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session: SessionProcess | None = None
        self._ending: threading.Thread | None = None
        self._pose: LivePose | None = None
        self._status = SessionStatus()
        self._pose_asked = self._status_asked = False
        self._pose_waits.connect(self._give_pose)
        self._status_waits.connect(self._give_status)
        self._answered.connect(self._give_answer)

    @property
    def status(self) -> SessionStatus:
        """As of the last `status_changed`."""
        return self._status

    @property
    def running(self) -> bool:
        """Whether anything is open."""
        return self._session is not None

    @property
    def options(self) -> SessionOptions | None:
        """Of the session at hand."""
        return None if self._session is None else self._session.options

    @property
    def camera_picture(self) -> CameraPicture | None:
        """The newest of the session's camera, None where there is no fresh one."""
        return None if self._session is None else self._session.camera_picture

    def start(self, options: SessionOptions) -> None:
        """A session; the one before has to have ended."""
        if self._session is not None:
            self.refused.emit(self.tr("A session is running. Stop it first."))
            return
        self._session = SessionProcess(options, (_Relay(self),))
        self._session.start()

    def stop(self) -> None:
        """End it, without waiting: `ended` says when nothing is left."""
        if self._session is None or self._ending is not None:
            return
        self._ending = threading.Thread(target=self._end, args=(self._session,), name="mocamba stop", daemon=True)
        self._ending.start()

    def ask(self, request: Callable[[Requests], Answer], then: Callable[[Any], None] | None = None) -> None:
        """What `request` asks of the session; `then` is given the answer on Qt's thread."""
        if self._session is None:
            self.refused.emit(self.tr("Nothing is connected yet. Connect first."))
            return
        answer = request(self._session)
        answer.add_done_callback(lambda done: self._answered.emit(done, then))

    def _end(self, session: SessionProcess) -> None:
        session.stop()
        self._answered.emit(None, None)

    @Slot()
    def _give_pose(self) -> None:
        self._pose_asked = False
        if self._pose is not None:
            self.pose_arrived.emit(self._pose)

    @Slot()
    def _give_status(self) -> None:
        self._status_asked = False
        self.status_changed.emit(self._status)
        if self._status.state is State.FAILED and self._session is not None:
            self.stop()  # its thread has ended: a new one may begin

    @Slot(object, object)
    def _give_answer(self, done: Answer | None, then: Callable[[Any], None] | None) -> None:
        if done is None:
            if self._ending is not None:
                self._ending.join()
            self._session = self._ending = None
            self.ended.emit()
        elif (error := done.exception()) is not None:
            self.refused.emit(str(error) if isinstance(error, BadInputError) else f"{type(error).__name__}: {error}")
        elif then is not None:
            then(done.result())

    def keep_pose(self, pose: LivePose) -> None:
        """From the session's thread."""
        self._pose = pose
        if not self._pose_asked:
            self._pose_asked = True
            self._pose_waits.emit()

    def keep_status(self, status: SessionStatus) -> None:
        """From the session's thread."""
        self._status = status
        if not self._status_asked:
            self._status_asked = True
            self._status_waits.emit()


class _Relay:
    """The sink; see `capture.sinks.Sink`."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def pose(self, pose: LivePose) -> None:
        """Every pose."""
        self._live.keep_pose(pose)

    def status(self, status: SessionStatus) -> None:
        """Several times a second."""
        self._live.keep_status(status)

    def close(self) -> None:
        """The last status comes after this."""
