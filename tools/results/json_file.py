"""JSON as the benchmarks write it, NaN and all."""

import json
from pathlib import Path
from typing import Any

from ...rig.errors import FileFormatError


def read_json(path: Path) -> Any:
    """Raises FileFormatError for a file that is not there or no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileFormatError(path, f"cannot be read ({error}).", "Run the benchmark that writes it again.") from error
