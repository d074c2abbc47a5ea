"""A batch over two devices is the same run as on one: two processes on the CPU, as two GPUs would."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from .motions import walk
from .shard_files import write_shard

RUN = """
import sys
from pathlib import Path
from mocamba.inference.networks.hiposer import HiPoserConfig
from mocamba.inference.networks.vimcan import VimcanConfig
from mocamba.inference.training.fit import fit
from mocamba.inference.training.hiposer import TrainingConfig
from mocamba.inference.training.lifting import LiftingTraining

kind, data, folder, devices = sys.argv[1:]
small = dict(steps=5, batch=4, warm_up=2)
configs = {
    "hiposer": TrainingConfig(network=HiPoserConfig(width=16), frames=12, **small),
    "vimcan": LiftingTraining(
        VimcanConfig(width=8, group_width=8, pairs=1, frames=9, drop_path=0.0), lengths=(9,), windows=2, **small
    ),
}
fit(
    configs[kind], Path(data), Path(folder), kind, validate_every=5, devices=int(devices), accelerator="cpu",
    enable_progress_bar=False, enable_model_summary=False,
)
"""


def losses(folder: Path) -> list[float]:
    """The sum of all terms at every step that was noted."""
    with next(folder.glob("curves/*/metrics.csv")).open(encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row.get("train/position")]
    parts = [key for key in rows[0] if key.startswith("train/") and key not in ("train/loss", "train/finite")]
    return [sum(float(row[key]) for key in parts) for row in rows]


@pytest.mark.parametrize("kind", ["hiposer", "vimcan"])
def test_two_devices_give_the_losses_of_one(kind: str, tmp_path: Path) -> None:
    clips = [("a", "ann", walk(4.0)), ("b", "cmu_01", walk(3.0)), ("c", "uiprmd_s07", walk(3.0))]
    (tmp_path / "data").mkdir()
    write_shard(tmp_path / "data" / "cmu.npz", clips)
    script = tmp_path / "run.py"  # Lightning starts it again for the second device
    script.write_text(RUN)
    found = {}
    for devices in ("1", "2"):
        folder = tmp_path / devices
        command = [sys.executable, "-W", "ignore", str(script), kind, str(tmp_path / "data"), str(folder), devices]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr[-2000:]
        assert (folder / f"{kind}.safetensors").exists()
        found[devices] = losses(folder)
    assert len(found["1"]) >= 3
    assert found["2"] == pytest.approx(found["1"], rel=1e-4)
