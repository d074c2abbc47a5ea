"""Curves of several runs in one picture."""

import subprocess
import sys
from pathlib import Path

from PIL import Image

REPOSITORY = Path(__file__).parents[1]


def draw(runs: Path, *names: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, REPOSITORY / "benchmarks" / "training_curves.py", runs, "--panel", "fusion", *names]
    return subprocess.run([*command, "--out", runs / "all.png"], capture_output=True, text=True, check=False)


def left(runs: Path, name: str, start: int, scores: list[float]) -> None:
    """What a run's logger leaves: losses and validations in rows of their own."""
    folder = runs / name / "curves" / f"version_{start}"
    folder.mkdir(parents=True)
    rows = [f"0,{100 * (start + k)},0.1,\n0,{100 * (start + k)},,{score}\n" for k, score in enumerate(scores)]
    (folder / "metrics.csv").write_text("epoch,step,train/loss,val/score\n" + "".join(rows), encoding="utf-8")


def test_runs_one_of_which_was_resumed_are_one_picture(tmp_path: Path) -> None:
    left(tmp_path, "vimcan-t", 0, [200.0, 80.0])
    left(tmp_path, "vimcan-t", 2, [60.0, 50.0])
    left(tmp_path, "vimcan-b", 0, [150.0, 70.0])
    said = draw(tmp_path, "vimcan-t", "vimcan-b")
    assert said.returncode == 0, said.stderr
    with Image.open(tmp_path / "all.png") as picture:
        assert len(picture.convert("RGB").getcolors(1 << 20) or ()) > 10


def test_a_run_that_left_no_curves_is_named(tmp_path: Path) -> None:
    left(tmp_path, "vimcan-t", 0, [200.0, 80.0])
    said = draw(tmp_path, "vimcan-t", "vimcan-b", "posemamba-s")
    assert said.returncode == 1
    assert "no curves of vimcan-b, posemamba-s. Train these networks first." in said.stderr
    assert not (tmp_path / "all.png").exists()


def test_a_run_that_was_not_validated_yet_is_named(tmp_path: Path) -> None:
    left(tmp_path, "vimcan-t", 0, [])
    said = draw(tmp_path, "vimcan-t")
    assert said.returncode == 1
    assert "vimcan-t has no val/score yet" in said.stderr
    assert not (tmp_path / "all.png").exists()
