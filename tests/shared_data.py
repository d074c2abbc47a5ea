"""Recorded motion for tests, read where it lies; tests that need it are skipped where it is absent."""

import importlib.util
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("MOCAMBA_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def clips(name: str, every: int = 1) -> Iterator[dict[str, Any]]:
    """Clips of `motion/<name>.npz`, one in `every`."""
    path = DATA / "motion" / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    spec = importlib.util.spec_from_file_location("motion_loader", path.with_name("loader.py"))
    assert spec
    assert spec.loader
    loader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loader)
    return islice(loader.clips(path), 0, None, every)
