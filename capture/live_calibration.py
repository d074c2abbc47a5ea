"""The calibration of a running session: found at its start, kept for the performer, redone and reset while live."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..rig.errors import BadInputError, MocambaError
from .calibrating.resets import full_reset, yaw_reset
from .calibrating.run import Result
from .calibrating.samples import SampleBuffer
from .calibrating.start import Start
from .calibrating.step import Plan
from .calibrating.store import store
from .calibration import Calibration
from .session_options import SessionOptions
from .sources import Sensors
from .stamping import Stamped
from .starting import CalibrationView, Started, Starting, result_view

RESET_REST = 0.5  # seconds before a full reset in which the performer has to have rested


class LiveCalibration:
    """Fed with every sample. `note` is told what the user should know."""

    def __init__(self, options: SessionOptions, sensors: Sensors, note: Callable[[str], None]) -> None:
        self._options, self._sensors, self._note = options, sensors, note
        self._starting: Starting | None = None
        self._recent: SampleBuffer | None = None
        self._result: Result | None = None
        self.calibration: Calibration | None = options.calibration
        self.view: CalibrationView | None = None

    @property
    def under_way(self) -> bool:
        """Whether one is being found."""
        return self._starting is not None

    def begin(self, start: Start | None = None, only: frozenset[str] = frozenset()) -> None:
        """From the next samples on, as `start` or else the options say. Raises BadInputError for a request that cannot
        be met; what is at hand stays then."""
        wanted = self._options.wanted()
        if only:
            if self._result is None:
                raise BadInputError("Single sensors can be redone only after a whole sequence. Calibrate all of them.")
            wanted = replace(wanted, start=Start.SEQUENCE, before=self._result, only=only)
        elif start is not None:
            wanted = replace(wanted, start=start, given=None)
        elif self._recent is not None:
            wanted = replace(wanted, given=None)
        self._starting = Starting(wanted, self._sensors.only_simulated, self._sensors.expected)
        self._sensors.begin_again()
        self._recent, self.view = None, self._starting.view

    def use_kept(self) -> None:
        """Instead of the sequence under way. Raises BadInputError where nothing kept fits."""
        if self._starting is None:
            raise BadInputError("A kept calibration can be chosen while calibrating. Calibrate again first.")
        self._starting.use_kept()

    def add(self, samples: Sequence[Stamped]) -> None:
        """What came."""
        if self._starting is not None:
            self._starting.add(samples)
        elif self._recent is not None:
            for one in samples:
                self._recent.add(one.sensor, one.t_ns, one.values[:4], one.values[4:7])

    def poll(self) -> Started | None:
        """What was found, once; it is kept for the performer where somebody went through the sequence for it."""
        if self._starting is None:
            return None
        self.view = self._starting.view
        started = self._starting.poll()
        if started is None:
            return None
        steps = Plan(checks=self._options.checks).steps
        self.view = None if started.result is None else result_view(started.result, [step.value for step in steps])
        self._starting, self.calibration = None, started.calibration
        self._recent = SampleBuffer({one.sensor: one.slot for one in started.calibration.sensors})
        for warning in started.calibration.warnings:
            self._note(warning)
        if started.result is not None:
            self._result = started.result
            self._keep(started.calibration)
        return started

    def reset_yaw(self) -> Calibration:
        """The way the performer faces now becomes forward. Raises BadInputError before the first calibration."""
        calibration, recent = self._live()
        return self._changed(yaw_reset(calibration, self._mean(recent, 0.1)))

    def reset_full(self) -> Calibration:
        """Headings and mountings anew from the pose that is held now. Raises BadInputError unless everybody rests."""
        calibration, recent = self._live()
        if moving := recent.moving():
            raise BadInputError(f"{', '.join(moving)} moved. Stand still in the T-pose, facing forward, and try again.")
        return self._changed(full_reset(calibration, self._mean(recent, RESET_REST), self._options.pose))

    def _changed(self, calibration: Calibration) -> Calibration:
        self.calibration = calibration
        return calibration

    def _live(self) -> tuple[Calibration, SampleBuffer]:
        if self.calibration is None or self._recent is None:
            raise BadInputError("There is no calibration to reset yet. Calibrate first.")
        return self.calibration, self._recent

    @staticmethod
    def _mean(recent: SampleBuffer, seconds: float) -> dict[str, NDArray[np.float64]]:
        now = recent.newest_ns or 0
        block = recent.block(now - round(seconds * 1e9), now)
        return {name: block.mean(name) for name in block.sensors}

    def _keep(self, calibration: Calibration) -> None:
        options = self._options
        try:
            store(options.calibrations, options.performer, options.height, calibration)
        except MocambaError as error:  # the session itself is none the worse for it
            self._note(f"The calibration could not be kept for another day: {error}")
