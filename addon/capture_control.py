"""The capture engine of this Blender."""

from collections.abc import Callable

from ..rig.errors import MissingToolError
from .engine import Capture, Engine
from .engine_setup import fingerprint
from .preferences import engine_folder, existing_python, user_folder
from .runtime import runtime


class CaptureControl:
    """At most one `mocamba capture`, started from here. `trouble` is why the engine cannot run, read by `look`."""

    def __init__(self) -> None:
        self.trouble = ""
        self._capture: Capture | None = None

    @property
    def engine(self) -> Engine:
        """Of the preferences."""
        return Engine(engine_folder(), existing_python(), user_folder("weights"))

    @property
    def running(self) -> bool:
        """Ours, not one started elsewhere."""
        return self._capture is not None and self._capture.running

    def look(self) -> str:
        """Read anew whether the engine can run; the panel draws what was read."""
        self.trouble = self.engine.state(fingerprint())
        return self.trouble

    def need(self) -> Engine:
        """The engine. Raises MissingToolError where it cannot run."""
        if trouble := self.look():
            raise MissingToolError(trouble)
        return self.engine

    def start(self, arguments: list[str]) -> None:
        """Raises MissingToolError where there is no engine."""
        self._capture = Capture(self.need(), arguments)
        if self._watch not in runtime.on_tick:
            runtime.on_tick.append(self._watch)
        runtime.wake()

    def stop(self) -> Callable[[], None]:
        """What ends it, to be called where waiting for a take to be finished hurts nobody. Twice does nothing."""
        capture, self._capture = self._capture, None
        self._unwatch()
        return capture.stop if capture is not None else lambda: None

    def _watch(self) -> None:
        """Tell, once, when the engine has ended by itself."""
        if self._capture is not None and (why := self._capture.ended()):
            self._capture = None
            taken = runtime.recording.take if runtime.recording is not None else None
            runtime.disconnect()
            runtime.say(f"{why} {f'What was recorded is in {taken}.' if taken else ''}".strip(), error=True)
        if self._capture is None:
            self._unwatch()

    def _unwatch(self) -> None:
        if self._watch in runtime.on_tick:
            runtime.on_tick.remove(self._watch)


capture_control = CaptureControl()
