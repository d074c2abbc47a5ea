"""Tables as Markdown, and the blocks of a page that are made by command."""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ...rig.errors import FileFormatError

BLOCK = re.compile(r"<!-- table: (?P<what>[^\n]+?) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)
OPENING = "<!-- table: "
NOTHING = "–"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column is words, the others are numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def number(value: float | None, digits: int) -> str:
    """A dash where there is none."""
    if value is None or math.isnan(value):
        return NOTHING
    text = f"{value:,.{digits}f}"
    return text.replace("-", "−") if value < 0 and text.strip("-0.") else text.lstrip("-")


def percent(before: float, after: float) -> str:
    """How much larger, with its sign."""
    return f"{signed(100 * (after / before - 1), 0)} %"


def signed(value: float, digits: int) -> str:
    """With a true minus, and zero without any."""
    text = number(value, digits)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def replace_blocks(path: Path, text: str, render: Callable[[str], str]) -> str:
    """`text` of the page `path` with every block's body anew. Raises FileFormatError for one without an end."""
    whole = list(BLOCK.finditer(text))
    if len(whole) != text.count(OPENING) or any(OPENING in block["body"] for block in whole):
        raise FileFormatError(path, "a table without its end.", "Close each `<!-- table: … -->` with `<!-- end -->`.")
    return BLOCK.sub(lambda block: f"{OPENING}{block['what']} -->\n{render(block['what'])}<!-- end -->", text)
