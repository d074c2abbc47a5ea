"""A session in a process of its own, for faces that have a window: drawing keeps no sensor waiting, sensors keep no
window waiting, and a window that dies leaves a take that was closed."""

import atexit
import itertools
import multiprocessing
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import NamedTuple

from ..rig.errors import BadInputError
from .live_camera import KEEP, CameraPicture
from .requests import Answer, Request, Requests
from .session import END_WITHIN, Session
from .session_options import SessionOptions
from .sinks import Sink
from .status import LivePose, SessionStatus, State, check_step

PICTURES = 30.0  # a second, at most
OVER = frozenset({State.IDLE, State.FAILED})


class News(NamedTuple):
    """What the process says at once: the newest pose, status and picture where there are new ones, and all answers by
    number."""

    pose: LivePose | None
    status: SessionStatus | None
    picture: CameraPicture | None
    answers: tuple[tuple[int, object], ...]


class SessionProcess(Requests):
    """As `Session`. Sinks are called by a thread of this process; one that is slow skips poses, and none queue."""

    def __init__(self, options: SessionOptions, sinks: Sequence[Sink] = ()) -> None:
        self.options = options
        self._sinks = tuple(sinks)
        self._status = SessionStatus(folder=options.folder)
        self._picture: CameraPicture | None = None
        self._numbers = itertools.count()
        self._answers: dict[int, Answer] = {}
        self._sending = threading.Lock()
        self._link: Connection | None = None
        self._process: multiprocessing.process.BaseProcess | None = None
        self._reader: threading.Thread | None = None

    @property
    def status(self) -> SessionStatus:
        """The newest snapshot; from any thread."""
        return self._status

    @property
    def camera_picture(self) -> CameraPicture | None:
        """See `Session`."""
        picture = self._picture
        return picture if picture is not None and picture.age < KEEP else None

    @property
    def pid(self) -> int | None:
        """Of the process, once it was started."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Connect, calibrate, and go live."""
        check_step(self._status.state, State.CONNECTING)
        self._status = SessionStatus(State.CONNECTING, "Starting the capture process.", folder=self.options.folder)
        context = multiprocessing.get_context("spawn")
        self._link, theirs = context.Pipe()
        self._process = context.Process(target=host, args=(theirs, self.options), name="mocamba session")
        self._process.start()
        theirs.close()
        # Python waits for its children before it closes what they listen to
        atexit.register(self.stop)
        self._reader = threading.Thread(target=self._read, args=(self._link,), name="mocamba session", daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """End in any state: finish the take, free sensors, GPU and ports. A second call does nothing."""
        if self._process is None or self._reader is None or self._link is None:
            return
        atexit.unregister(self.stop)
        self._send(None)
        self._reader.join(END_WITHIN)
        if self._reader.is_alive():
            self._process.kill()
            self._reader.join()
        self._link.close()

    def request(self, what: Request) -> Answer:
        """See `Requests`."""
        answer: Answer = Future()
        number = next(self._numbers)
        self._answers[number] = answer
        sent = self._reader is not None and self._reader.is_alive() and self._send((number, what))
        if not sent and self._answers.pop(number, None) is not None:
            answer.set_exception(BadInputError("The session is not running. Start it first."))
        return answer

    def _send(self, message: tuple[int, Request] | None) -> bool:
        assert self._link is not None
        with self._sending, suppress(OSError):
            self._link.send(message)
            return True
        return False

    def _read(self, link: Connection) -> None:
        with suppress(EOFError, OSError):
            while True:
                self._take(link.recv())
        assert self._process is not None
        self._process.join()
        if self._status.state not in OVER:
            self._show(replace(self._status, state=State.FAILED, message=_ended(self._process.exitcode)))
        while self._answers:
            self._answers.popitem()[1].set_exception(BadInputError("The session has ended."))

    def _take(self, news: News) -> None:
        if news.pose is not None:
            for sink in self._sinks:
                sink.pose(news.pose)
        self._picture = news.picture or self._picture
        if news.status is not None:
            self._show(news.status)
        for number, said in news.answers:
            answer = self._answers.pop(number)
            if isinstance(said, Exception):
                answer.set_exception(said)
            else:
                answer.set_result(said)  # type: ignore[arg-type]

    def _show(self, status: SessionStatus) -> None:
        self._status = status
        for sink in self._sinks:
            sink.status(status)


def _ended(code: int | None) -> str:
    return (
        f"The capture process ended unasked (exit code {code}). A take that was being recorded is there up to its last "
        "second. Connect again to go on."
    )


def host(link: Connection, options: SessionOptions) -> None:
    """The process: a session until it is told to stop, or nobody listens any more."""
    # Ctrl-C in a terminal reaches all its processes; the face ends this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outbox = _Outbox(link)
    session = Session(options, (outbox,))
    outbox.start(session, with_camera=options.camera is not None)
    session.start()
    try:
        while (asked := link.recv()) is not None:
            number, what = asked
            session.request(what).add_done_callback(lambda done, number=number: outbox.answer(number, done))  # type: ignore[misc]
    except (EOFError, OSError):
        pass  # the face is gone
    finally:
        session.stop()
        outbox.end()


class _Outbox:
    """The sink: sends the newest there is from a thread of its own, which may wait for a slow reader."""

    def __init__(self, link: Connection) -> None:
        self._link = link
        self._changed = threading.Condition()
        self._pose: LivePose | None = None
        self._status: SessionStatus | None = None
        self._picture: CameraPicture | None = None
        self._answers: list[tuple[int, object]] = []
        self._over = False

    def start(self, session: Session, with_camera: bool) -> None:
        """Send; with a camera, its pictures too."""
        arguments = (session, 1 / PICTURES if with_camera else None)
        self._thread = threading.Thread(target=self._run, args=arguments, name="mocamba outbox", daemon=True)
        self._thread.start()

    def pose(self, pose: LivePose) -> None:
        """See `Sink`."""
        with self._changed:
            self._pose = pose
            self._changed.notify()

    def status(self, status: SessionStatus) -> None:
        """See `Sink`."""
        with self._changed:
            self._status = status
            self._changed.notify()

    def close(self) -> None:
        """The last status comes after this."""

    def answer(self, number: int, done: Answer) -> None:
        """Of a request."""
        error = done.exception()
        with self._changed:
            self._answers.append((number, error or done.result()))
            self._changed.notify()

    def end(self) -> None:
        """Send what is left."""
        with self._changed:
            self._over = True
            self._changed.notify()
        self._thread.join(END_WITHIN)

    def _run(self, session: Session, every: float | None) -> None:
        with suppress(OSError):
            while (news := self._next(session, every)) is not None:
                if any(news):
                    self._link.send(news)

    def _next(self, session: Session, every: float | None) -> News | None:
        """What is new, after `every` seconds at most; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._pose or self._status or self._answers, every)
            picture, before = session.camera_picture, self._picture
            self._picture = picture
            news = News(self._pose, self._status, None if picture is before else picture, tuple(self._answers))
            self._pose, self._status = None, None
            self._answers.clear()
            return None if self._over and not any(news) else news
