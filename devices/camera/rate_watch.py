"""Whether a camera gives the rate that was asked of it: in the dark many give half, and none says so."""

from ..errors import DeviceError, Reason

SPAN = 2_000_000_000  # ns that the rate is taken over
ENOUGH = 0.8  # share of the asked rate


class RateWatch:
    """Measures by when frames came; `asked` Hz, None where nothing was asked for or promised."""

    def __init__(self, name: str, asked: float | None) -> None:
        self._name = name
        self._asked = asked
        self._from: int | None = None
        self._count = 0
        self._slow = False

    def add(self, host_ns: int) -> DeviceError | None:
        """A frame came; a fault, once, when the rate has fallen under what was asked for."""
        if self._asked is None:
            return None
        if self._from is None:
            self._from = host_ns
            return None
        self._count += 1
        span = host_ns - self._from
        if span < SPAN:
            return None
        rate = self._count * 1e9 / span
        self._from, self._count = host_ns, 0
        was_slow, self._slow = self._slow, rate < ENOUGH * self._asked
        if was_slow or not self._slow:
            return None
        return DeviceError(
            self._name,
            Reason.SETTING,
            f"it gives {rate:.1f} pictures a second instead of {self._asked:g}.",
            "Make more light, ask for a smaller size, or use another USB socket.",
        )
