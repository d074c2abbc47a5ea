"""Triton kernels carried out on a CPU: by Triton's interpreter, which has to be chosen before Triton is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch


def run_interpreted(file: str) -> None:
    """The test module `file` as a program of its own; skipped without Triton, and with a GPU to try the kernels on."""
    pytest.importorskip("triton", minversion="3.3")
    if torch.cuda.is_available():
        pytest.skip("the kernels themselves are tried on the GPU")
    command = [sys.executable, "-m", f"tests.{Path(file).stem}"]
    environment, root = os.environ | {"TRITON_INTERPRET": "1"}, Path(__file__).parents[1]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
