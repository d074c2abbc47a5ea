"""Whether the computer slept: its monotonic clock stands still then on some systems and runs on on others."""

import time

LEAST = 1.0  # seconds


def _since_boot() -> float | None:
    """Seconds, sleep included, where the system tells."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return None if clock is None else time.clock_gettime(clock)


class SleepWatch:
    """Asked several times a second; whoever asks may be kept by work of its own program, which is no sleep."""

    def __init__(self) -> None:
        self._looked, self._worked = time.monotonic(), time.process_time()
        self._asleep = self._standing_still()

    def slept(self) -> float:
        """Seconds since the last call that nothing ran; 0 where that is less than `LEAST`. Wall clocks that are set do
        not count."""
        now, worked, asleep = time.monotonic(), time.process_time(), self._standing_still()
        gap, own = now - self._looked + asleep - self._asleep, worked - self._worked
        self._looked, self._worked, self._asleep = now, worked, asleep
        return gap if gap - own > LEAST else 0.0

    def _standing_still(self) -> float:
        boot = _since_boot()
        return 0.0 if boot is None else boot - time.monotonic()
