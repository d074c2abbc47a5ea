"""The training run: data split, Lightning trainer, checkpoints, weights at the end."""

import json
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader

from .bank import build_bank
from .hiposer import HiPoserTask, TrainingConfig
from .split import read_clips, split_clips


def fit(config: TrainingConfig, data: Path, folder: Path, *, validate_every: int = 500, **trainer: Any) -> HiPoserTask:
    """Train, or go on from `folder/last.ckpt`; the best averaged weights end up in the returned task."""
    lightning.seed_everything(config.seed)
    training, validation, _ = split_clips(read_clips(data))
    bank = build_bank(training, config.seed)
    task = HiPoserTask(config, bank, validation[::4] if len(validation) > 100 else validation)
    best = ModelCheckpoint(folder, "best", monitor="val/score", save_last=True, enable_version_counter=False)
    run = lightning.Trainer(
        max_steps=config.steps,
        val_check_interval=validate_every,
        check_val_every_n_epoch=None,
        callbacks=[best, EMAWeightAveraging(decay=0.998, update_starting_at_step=config.steps // 4)],
        logger=CSVLogger(folder, name="", version=""),
        default_root_dir=folder,
        num_sanity_val_steps=0,
        log_every_n_steps=50,
        **trainer,
    )
    last = folder / "last.ckpt"
    counter: DataLoader[Any] = DataLoader(range(config.steps))  # type: ignore[arg-type]
    run.fit(task, counter, DataLoader([0]), ckpt_path=last if last.exists() else None)  # type: ignore[arg-type]
    state = torch.load(best.best_model_path, map_location="cpu", weights_only=True)["state_dict"]
    task.load_state_dict(state)
    (folder / "best.json").write_text(json.dumps({"score": float(best.best_model_score or 0)}))
    return task
