"""The training run: Lightning trainer, checkpoints, curves, and weights at the end."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader

from ...rig.errors import BadInputError
from ..weights_file import WeightsCard, save_weights
from .bank import build_bank
from .curves import draw_curves
from .hiposer import HiPoserTask, TrainingConfig
from .split import read_clips, split_clips

QUICK_VALIDATION = 60  # clips; all of a validation person's is more than a curve needs


def fit(
    config: TrainingConfig, data: Path, folder: Path, name: str, *, validate_every: int = 550, **trainer: Any
) -> Path:
    """Train on the shards in `data`, or go on from `folder/last.ckpt`; returns the weights file.

    The best averaged weights by `val/score` are kept. Raises BadInputError where `data` has no motion to train on.
    """
    lightning.seed_everything(config.seed)
    training, validation, _ = split_clips(read_clips(data))
    if not training or not validation:
        raise BadInputError(f"{data}: no motion shards with people to train on and to choose by.")
    task = HiPoserTask(
        config, build_bank(training, config.seed), validation[:: 1 + len(validation) // QUICK_VALIDATION]
    )
    best = ModelCheckpoint(folder, "best", monitor="val/score", save_last=True, enable_version_counter=False)
    run = lightning.Trainer(
        max_steps=config.steps,
        val_check_interval=min(validate_every, config.steps),
        check_val_every_n_epoch=None,
        callbacks=[best, EMAWeightAveraging(decay=0.998, update_starting_at_step=config.steps // 4)],
        # a part for each start: the logger would clear the part before a resume
        logger=CSVLogger(folder, name="curves", version=len(list(folder.glob("curves/*")))),
        default_root_dir=folder,
        num_sanity_val_steps=0,
        log_every_n_steps=min(50, 1 + config.steps // 20),
        **trainer,
    )
    last = folder / "last.ckpt"
    # windows are drawn on the device: the loaders only count
    steps: DataLoader[int] = DataLoader(range(config.steps))  # type: ignore[arg-type]
    once: DataLoader[int] = DataLoader([0])  # type: ignore[arg-type]
    run.fit(task, steps, once, ckpt_path=last if last.exists() else None)
    state = torch.load(best.best_model_path, map_location="cpu", weights_only=True)["state_dict"]
    task.load_state_dict(state)
    weights = folder / f"{name}.safetensors"
    save_weights(task.network, WeightsCard(name, f"shards in {data.name}", "", asdict(config)), weights)
    draw_curves({name: sorted(folder.glob("curves/*/metrics.csv"))}, folder / "curves.png")
    return weights
