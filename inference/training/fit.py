"""The training run: Lightning trainer, checkpoints, curves, and weights at the end."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities import rank_zero_only
from torch import nn
from torch.utils.data import DataLoader

from ...rig.errors import BadInputError
from ..networks.mdtf import BoneAware, MDTFConfig
from ..shards import Clip
from ..weights_file import WeightsCard, save_weights
from .bank import MotionBank, build_bank
from .curves import draw_panels
from .hiposer import HiPoserTask, TrainingConfig
from .lifting import BoneTask, LiftingTask, LiftingTraining
from .run_folder import begin_or_resume, explained
from .split import OURS, People, read_clips, split_clips

QUICK_VALIDATION = 60  # clips; all of a validation person's is more than a curve needs
AVERAGE_EVERY = 4  # steps
AVERAGED = 0.1  # share of the run that the averaged weights remember
Training = TrainingConfig | LiftingTraining
PARTS = ("position", "velocity", "upper", "lower", "torso", "motion", "contact")
HIPOSER_PANELS = (
    ("training losses", tuple(f"train/{part}" for part in PARTS)),
    ("SIP (°) + Pos (cm) on validation people", ("val/score",)),
    ("SIP on validation people, °", ("val/cmu/SIP", "val/uiprmd/SIP")),
)
LIFTER_PANELS = (("training loss", ("train/loss",)), ("MPJPE on validation people, mm", ("val/score",)))


def fit(
    config: Training,
    data: Path,
    folder: Path,
    name: str,
    *,
    people: People = OURS,
    validate_every: int = 550,
    **trainer: Any,
) -> Path:
    """Train on the shards in `data`, or go on from `folder/last.ckpt`; returns the weights file.

    The best averaged weights by `val/score` are kept. Raises BadInputError where `data` has no motion to train on or
    `folder` holds a run of another configuration, MocambaError for a full GPU or disk.
    """
    lightning.seed_everything(config.seed)
    torch.set_float32_matmul_precision("high")  # TF32 on GPUs that have it; weights stay float32
    if config.batch % (devices := trainer.get("devices", 1)):
        raise BadInputError(f"{config.batch} windows a step cannot be shared by {devices} devices. Change --batch.")
    training, validation, _ = split_clips(read_clips(data), people)
    if not training or not validation:
        named = ", ".join(people.validation)
        raise BadInputError(f"{data}: no motion shards with people to train on and to choose by ({named}).")
    begin_or_resume(folder, config)
    bank = build_bank(training, config.seed)
    options = {"validate_every": validate_every, **trainer}
    with explained(folder, config.batch):
        if isinstance(config, TrainingConfig):
            network = _fit_hiposer(config, bank, validation, folder, options)
        else:
            network = _fit_lifter(config, bank, validation, folder, options)
    weights = folder / f"{name}.safetensors"
    card = WeightsCard(name, f"shards in {data.name}", "", asdict(config))
    rank_zero_only(save_weights)(network, card, weights)
    return weights


def _fit_hiposer(
    config: TrainingConfig, bank: MotionBank, validation: list[Clip], folder: Path, options: dict[str, Any]
) -> nn.Module:
    task = HiPoserTask(config, bank, validation[:: 1 + len(validation) // QUICK_VALIDATION])
    run(task, folder, config.steps, **options)
    draw_panels(sorted(folder.glob("curves/*/metrics.csv")), HIPOSER_PANELS, folder / "curves.png")
    return task.network


def _fit_lifter(
    config: LiftingTraining, bank: MotionBank, validation: list[Clip], folder: Path, options: dict[str, Any]
) -> nn.Module:
    bones: BoneAware | None = None
    if isinstance(config.network, MDTFConfig):
        first = BoneTask(config, bank, validation)
        run(first, folder / "bones", config.bone_steps, **options)
        assert isinstance(first.network, BoneAware)
        bones = first.network
    task = LiftingTask(config, bank, validation, bones)
    run(task, folder, config.steps, **options)
    draw_panels(sorted(folder.glob("curves/*/metrics.csv")), LIFTER_PANELS, folder / "curves.png")
    return task.network


def run(task: lightning.LightningModule, folder: Path, steps: int, *, validate_every: int, **trainer: Any) -> None:
    """Train `task` for `steps`, or what is left of them, and give it the best averaged weights by `val/score`."""
    often = min(validate_every, steps)
    best = ModelCheckpoint(folder, "best", monitor="val/score", enable_version_counter=False)
    # its own: `save_last` goes with the best, and a resumed run would fall back to that
    latest = ModelCheckpoint(folder, "last", every_n_train_steps=often, enable_version_counter=False)
    # averaging every step would cost small networks as much as learning; a longer memory lags behind in short runs
    decay = max(0.0, 1 - AVERAGE_EVERY / (AVERAGED * steps))
    averaging = EMAWeightAveraging(
        use_buffers=False,  # they are tables of joints: an average of whole numbers ends below them
        decay=decay,
        update_every_n_steps=AVERAGE_EVERY,
    )
    lightning_trainer = lightning.Trainer(
        max_steps=steps,
        val_check_interval=often,
        check_val_every_n_epoch=None,
        callbacks=[best, latest, averaging],
        # a part for each start: the logger would clear the part before a resume
        logger=CSVLogger(folder, name="curves", version=len(list(folder.glob("curves/*")))),
        default_root_dir=folder,
        num_sanity_val_steps=0,
        log_every_n_steps=min(50, 1 + steps // 20),
        **trainer,
    )
    last = folder / "last.ckpt"
    # tasks make their own batches on the device: the loaders only count
    counted: DataLoader[int] = DataLoader(range(steps))  # type: ignore[arg-type]
    once: DataLoader[int] = DataLoader([0])  # type: ignore[arg-type]
    lightning_trainer.fit(task, counted, once, ckpt_path=last if last.exists() else None)
    task.load_state_dict(torch.load(best.best_model_path, map_location="cpu", weights_only=True)["state_dict"])
