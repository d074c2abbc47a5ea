"""How Xsens DOT sensors are set up."""

from dataclasses import dataclass

from .parse import Mode

RATES = (1, 4, 10, 12, 15, 20, 30, 60)  # Hz, while streaming


@dataclass(frozen=True)
class DotOptions:
    """`dynamic`: the filter for fast movement (sports, jumps) instead of the general one."""

    rate: int = 60
    mode: Mode = Mode.COMPLETE_QUATERNION
    dynamic: bool = True
