"""Where recordings lie that tests read and never copy."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

# the tests' tensors are small: threads that wait for each other cost more than they bring, most on a busy machine
os.environ.setdefault("OMP_NUM_THREADS", "1")

DATA = Path(os.environ.get("MOCAMBA_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))


@pytest.fixture(scope="session")
def recording() -> Callable[[str], Path]:
    def find(name: str) -> Path:
        path = DATA / "recordings" / name
        if not path.is_dir():
            pytest.skip(f"{path} is not on this machine (MOCAMBA_DATA)")
        return path

    return find
