"""How text lines are read."""

from dataclasses import dataclass

PORT = 9250  # UDP, where nothing else is said


@dataclass(frozen=True)
class CsvOptions:
    """`baud` counts for serial ports alone; `columns` where the lines come without a header that names them."""

    baud: int = 115200
    columns: tuple[str, ...] | None = None
