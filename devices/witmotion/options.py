"""How WitMotion modules are set up."""

from dataclasses import dataclass

RATES = {0.2: 1, 0.5: 2, 1: 3, 2: 4, 5: 5, 10: 6, 20: 7, 50: 8, 100: 9, 200: 0x0B}  # Hz: value of register 03
BAUDS = {4800: 1, 9600: 2, 19200: 3, 38400: 4, 57600: 5, 115200: 6, 230400: 7, 460800: 8, 921600: 9}  # register 04


@dataclass(frozen=True)
class WitMotionOptions:
    """`rate` (a key of `RATES`) asked of the module; `baud` None tries the usual ones.

    `configure` False reads what the module sends and writes nothing to it. `save` keeps the settings in the module
    after it is switched off. `six_axis` leaves the magnetometer out of its orientation, which indoors drifts less than
    it errs. `angles` gives the orientation of Bluetooth models, which know angles alone: near a pitch of 90 degrees
    they jump, so that fusing rate and acceleration is better.
    """

    rate: float = 100
    baud: int | None = None
    configure: bool = True
    save: bool = False
    six_axis: bool = True
    angles: bool = False
