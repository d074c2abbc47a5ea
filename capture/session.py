"""A capture session: devices, clock, calibration, worker and sinks as one object with a small state machine.

One thread owns all of it. Faces call `start`, watch `status` (a frozen snapshot, replaced several times a second),
give sinks, and ask for things: every request gives a `Future`. The session goes on whatever happens to one part; what
ends it is in `status.message`, in a sentence.
"""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from ..rig.errors import BadInputError, MocambaError
from .calibrating.start import Start
from .live_camera import CameraPicture
from .requests import Answer, Request, Requests
from .run import Run
from .session_options import SessionOptions
from .sinks import Sink, status_values
from .status import SessionStatus, State, check_step

END_WITHIN = 30.0  # seconds; each part has a shorter limit of its own


class Session(Requests):
    """Made idle. `start` returns at once; `stop` waits until nothing is left."""

    def __init__(
        self, options: SessionOptions, sinks: Sequence[Sink] = (), clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self.options = options
        self._sinks = tuple(sinks)
        self._clock = clock
        self._asked: queue.SimpleQueue[tuple[Request, Answer]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._current: Run | None = None
        self._changed = threading.Condition()
        self._status = SessionStatus(folder=options.folder)

    @property
    def status(self) -> SessionStatus:
        """The newest snapshot; from any thread."""
        return self._status

    @property
    def camera_picture(self) -> CameraPicture | None:
        """The newest picture of the session's camera, with the joints in it; from any thread. None where there is no
        fresh one."""
        run = self._current
        return None if run is None or run.camera is None else run.camera.picture

    def wait_for(self, *states: State, timeout: float) -> SessionStatus:
        """Until the session is in one of `states`, or `timeout` seconds are over; the status then."""
        with self._changed:
            self._changed.wait_for(lambda: self._status.state in states, timeout)
        return self._status

    def start(self) -> None:
        """Connect, calibrate, and go live."""
        check_step(self._status.state, State.CONNECTING)
        self._stop.clear()
        self._show(SessionStatus(State.CONNECTING, "Looking for sensors.", folder=self.options.folder))
        self._thread = threading.Thread(target=self._run, name="capture session", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End in any state: finish the take, free sensors, GPU and ports. A second call does nothing."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(END_WITHIN)

    def ask(self, what: str, values: Mapping[str, Any]) -> Answer:
        """A command of docs/link.md."""
        match what:
            case "status":
                return self.request(lambda _: {"status": status_values(self._status)})
            case "record":
                return self.record(str(values.get("name", "")))
            case "stop_recording":
                return self.stop_recording()
            case "calibrate":
                return self._calibrate_by_link(values)
            case "keep_calibration":
                return self.use_kept()
            case "reset_yaw" | "reset_full":
                return self.reset(full=what == "reset_full")
            case "network":
                return self.swap_network(str(values.get("name", "")))
        return _refused(f"There is no command '{what[:40]}'.")

    def _calibrate_by_link(self, values: Mapping[str, Any]) -> Answer:
        only, how = values.get("only", []), values.get("how")
        if not isinstance(only, list) or not all(isinstance(name, str) for name in only):
            return _refused("'only' is a list of sensors' names.")
        if how is not None and how not in list(Start):
            return _refused(f"'how' is one of: {', '.join(Start)}.")
        return self.calibrate(None if how is None else Start(how), only)

    def request(self, what: Request) -> Answer:
        """See `Requests`."""
        if self._thread is None or not self._thread.is_alive():
            return _refused("The session is not running. Start it first.")
        answer: Answer = Future()
        self._asked.put((what, answer))
        return answer

    def _show(self, status: SessionStatus) -> None:
        with self._changed:
            self._status = status
            self._changed.notify_all()

    def _run(self) -> None:
        failure = None
        self._current = run = Run(self.options, self._sinks, self.ask, self._show, self._clock)
        try:
            run.open()
            while not self._stop.is_set():
                while not self._asked.empty():
                    _answer(run, *self._asked.get())
                run.turn()
        except MocambaError as error:
            failure = str(error)
        except Exception as error:  # the boundary of the thread: faces show the message
            failure = f"{type(error).__name__}: {error}"
        finally:
            run.close(failure)
            while not self._asked.empty():
                self._asked.get()[1].set_exception(BadInputError("The session has ended."))


def _refused(sentence: str) -> Answer:
    answer: Answer = Future()
    answer.set_exception(BadInputError(sentence))
    return answer


def _answer(run: Run, what: Request, answer: Answer) -> None:
    try:
        answer.set_result(what(run))
    except MocambaError as error:
        answer.set_exception(error)
