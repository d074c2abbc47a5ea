"""What a camera is asked for."""

from dataclasses import dataclass

PICTURES_RATE = 30.0  # Hz, of a sequence of pictures that no rate was given for


@dataclass(frozen=True)
class CameraOptions:
    """Size in pixels and rate in Hz to ask for; None takes what comes.

    Only a camera on this computer can be asked for a size. Recorded files keep their own rate; of a sequence of
    pictures `rate` is how many are shown a second.
    """

    width: int | None = None
    height: int | None = None
    rate: float | None = None
