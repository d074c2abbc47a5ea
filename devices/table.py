"""Reading sensor tables: rows of numbers under a line of column names, whole or damaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..rig.errors import FileFormatError


@dataclass(frozen=True, eq=False)
class Table:
    """`values (N, C)` of the asked columns, NaN where a field is no number; `lines (N,)` of the file, from 1."""

    values: NDArray[np.float64]
    lines: NDArray[np.int64]
    warnings: tuple[str, ...] = ()


def read_text(path: Path) -> str:
    """The file as text; a broken byte becomes a replacement character and so fails only in its own field."""
    try:
        return path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).") from error


def parse_table(text: str, columns: Sequence[str], path: Path, remedy: str = "") -> Table:
    """Find the line that names all `columns` and read the rows below it.

    A row with too few fields is left out and counted in a warning: the last one of a log cut off by a dead
    battery must not cost the recording. No header or no row at all is refused.
    """
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        raise FileFormatError(path, "the file is empty.", remedy)
    header, places = _find_header(lines, columns)
    if not places:
        missing = ", ".join(columns)
        raise FileFormatError(path, f"no line of it names the columns {missing}.", remedy)
    rows, numbers, broken = [], [], []
    for number, line in enumerate(lines[header + 1 :], start=header + 2):
        fields = line.split(",")
        if max(places) < len(fields):
            rows.append([_number(fields[place]) for place in places])
            numbers.append(number)
        elif line.strip():
            broken.append(number)
    if not rows:
        raise FileFormatError(path, f"line {header + 1} names the columns, but no measurement follows.", remedy)
    warnings = (f"{path}: line {broken[0]} is cut off ({len(broken)} such), left out.",) if broken else ()
    return Table(np.array(rows), np.array(numbers, np.int64), warnings)


def _find_header(lines: list[str], columns: Sequence[str]) -> tuple[int, list[int]]:
    for index, line in enumerate(lines[:100]):
        names = [name.strip() for name in line.split(",")]
        if set(columns) <= set(names):
            return index, [names.index(column) for column in columns]
    return 0, []


def _number(field: str) -> float:
    try:
        return float(field)
    except ValueError:
        return float("nan")


def keep_valid(
    table: Table, stamps: NDArray[np.float64], quaternions: NDArray[np.float64], path: Path
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Rows that hold a measurement, and what is wrong with the others.

    Left out, with a warning: numbers that are NaN or infinite, quaternions of no direction, and stamps that run
    backwards or repeat (kept are those later than every one before). Refused: a file in which most rows are so.
    """
    finite = np.isfinite(table.values).all(axis=-1) & np.isfinite(stamps)
    norm = np.linalg.norm(np.where(np.isfinite(quaternions), quaternions, 0), axis=-1)
    unit = finite & (np.abs(norm - 1) < 0.05)
    timed = np.where(unit, stamps, -np.inf)
    before = np.concatenate([[-np.inf], np.maximum.accumulate(timed)[:-1]])
    later = unit & (stamps > before)
    warnings = []
    for bad, what in (
        (~finite, "is not a number"),
        (finite & ~unit, "holds no unit quaternion"),
        (unit & ~later, "has a time stamp that is not after the one before it"),
    ):
        if bad.any():
            warnings.append(f"{path}: line {table.lines[bad][0]} {what} ({int(bad.sum())} such), left out.")
    if later.sum() < max(2, len(later) / 2):
        reason = warnings[0].removeprefix(f"{path}: ").removesuffix(", left out.") if warnings else "it has one row"
        raise FileFormatError(path, f"{reason}; too little is left to use.", "Record it again or leave the file out.")
    return later, tuple(warnings)
