"""How x-IMU3 sensors are set up."""

from dataclasses import dataclass

PORT = 8000  # UDP, of this computer
ANNOUNCED = 10000  # UDP port on which the sensors say where they are
TOP_RATE = 400  # messages a second; others are this divided by a whole number


@dataclass(frozen=True)
class XImu3Options:
    """`rate` of samples with orientation, acceleration and rate of turn; `configure` False writes nothing.

    `command_port`: where the sensors listen over UDP; None is the port that they send from.
    """

    rate: float = 100
    baud: int = 115200
    configure: bool = True
    command_port: int | None = None
