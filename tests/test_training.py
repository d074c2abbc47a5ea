"""Training data and the training run itself, small."""

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mocamba.inference.networks.mdtf import BoneAwareConfig, MDTFConfig
from mocamba.inference.networks.posemamba import PoseMambaConfig
from mocamba.inference.networks.vimcan import VimcanConfig
from mocamba.inference.random_source import RandomSource
from mocamba.inference.rotations import joint_positions, local_to_global
from mocamba.inference.shards import Clip
from mocamba.inference.training.bank import FADE, MotionBank, build_bank
from mocamba.inference.training.split import TEST, VALIDATION, People, read_clips, split_clips
from mocamba.inference.training.windows import MARGIN, PAST, Augmentation, draw_windows
from mocamba.inference.training.worn import FAR, wear_sensors
from mocamba.inference.weights_file import load_network, load_weights
from mocamba.rig.errors import BadInputError, FileFormatError, MocambaError
from mocamba.rig.kinematics import forward_kinematics
from mocamba.rig.skeleton import MIRROR, PARENTS, SMPL24

from .conftest import DATA
from .motions import showcase, walk
from .shard_files import write_shard

SMALL_LIFTERS = {
    "PoseMamba": PoseMambaConfig(width=8, pairs=1, frames=6),
    "VIMCAN": VimcanConfig(width=8, group_width=8, pairs=1, frames=6),
    "MDTF": MDTFConfig(width=8, depth=1, frames=6, bone_aware=BoneAwareConfig((8, 4))),
}
PLAIN = Augmentation(0, 0, 0, 0, 0, 0, 0, 6, 0, 8)


def people() -> list[Clip]:
    tall = SMPL24.scaled_to(1.95)
    return [
        Clip("a1", "ann", walk(3.0)),
        Clip("b1", "ben", walk(4.0, skeleton=tall)),
        Clip("a2", "ann", showcase()),
        Clip("b2", "ben", walk(2.5, skeleton=tall)),
    ]


def source(seed: int = 0) -> RandomSource:
    return RandomSource(torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def bank() -> MotionBank:
    return build_bank(people(), seed=3)


def test_no_person_is_in_two_groups() -> None:
    if not (DATA / "motion" / "cmu.npz").exists():
        pytest.skip(f"{DATA / 'motion'} is not on this machine (MOCAMBA_DATA)")
    clips = read_clips(DATA / "motion")
    groups = split_clips(clips)
    subjects = [{clip.subject for clip in group} for group in groups]
    assert sum(map(len, groups)) == len(clips)
    assert sum(map(len, subjects)) == len(set.union(*subjects))
    assert subjects[1:] == [set(VALIDATION), set(TEST)]  # and every name there is one of the data's


def test_joined_clips_go_on_where_the_last_one_ended(bank: MotionBank) -> None:
    turned = (bank.rotations[1:] * bank.rotations[:-1]).sum(-1).clamp(-1, 1).acos().mul(2).rad2deg()
    moved = bank.translation.diff(dim=0).norm(dim=-1)
    clips = people()
    fastest = max(float(np.linalg.norm(np.diff(c.motion.translation, axis=0), axis=-1).max()) for c in clips)
    within = max(
        float(np.degrees(2 * np.arccos(np.clip(np.sum(q[1:] * q[:-1], axis=-1), -1, 1))).max())
        for q in (c.motion.rotations for c in clips)
    )
    # a fade over FADE frames of poses up to half a turn apart; an unfaded joint would jump by all of it at once
    assert turned.max() < within + 1.5 * 180 / FADE
    assert moved.max() < fastest + 0.05
    assert float((bank.rotations[1:] * bank.rotations[:-1]).sum(-1).min()) > 0


def test_every_frame_has_the_body_of_its_person(bank: MotionBank) -> None:
    """The feet of the standing clips stay on the floor only with the right bones."""
    assert len(bank.person) == len(bank.rotations) == len(bank.translation)
    starts = bank.starts.tolist()
    names = [clip.subject for clip in people()]
    heights = {s: float(np.abs(c.motion.skeleton.offsets).sum()) for s, c in zip(names, people(), strict=True)}
    sizes = bank.offsets.abs().sum((1, 2))[bank.person]
    for begin, order in zip(starts, ["ann", "ann", "ben", "ben"] * 2, strict=True):
        assert float(sizes[begin]) == pytest.approx(heights[order], rel=1e-4)
    lengths = sum(len(c.motion) for c in people()) * 2 - FADE * (len(starts) - 1)
    assert len(bank.rotations) == lengths


@pytest.mark.parametrize("clip_start", [0.0, 1.0])
@pytest.mark.parametrize(("even", "expected"), [(0.0, 0.8), (0.5, 2 / 3), (1.0, 0.5)])
def test_people_are_drawn_as_evenly_as_asked(even: float, expected: float, clip_start: float) -> None:
    """Ben is there for four times as many clips and frames as Ann; the mirror image has the same size."""
    tall = SMPL24.scaled_to(1.95)
    often = [Clip(f"b{k}", "ben", walk(20.0, skeleton=tall)) for k in range(4)]
    bank = build_bank([Clip("a", "ann", walk(20.0)), *often], seed=0, passes=1)
    windows = draw_windows(bank, 4000, 2, replace(PLAIN, clip_start=clip_start, even=even), source())
    ben = windows.offsets.abs().sum((1, 2)) > 1.05 * np.abs(SMPL24.offsets).sum()
    assert float(ben.float().mean()) == pytest.approx(expected, abs=0.04)


def test_windows_depend_on_the_seed_alone(bank: MotionBank) -> None:
    one, again, other = (draw_windows(bank, 6, 40, Augmentation(), source(s)) for s in (7, 7, 8))
    for mine, same in zip(one, again, strict=True):
        assert torch.equal(mine, same)
    assert not torch.equal(one.rotations, other.rotations)
    assert one.rotations.shape == (6, PAST + 40 + MARGIN, 24, 3, 3)


def test_windows_without_augmentation_are_the_bank(bank: MotionBank) -> None:
    """Local rotations below the pelvis come back as they are; the pelvis is turned about the vertical."""
    windows = draw_windows(bank, 4, 30, PLAIN, source())
    q = bank.rotations.double().numpy()
    for k in range(4):
        knee = windows.rotations[k, 0, 1]
        distances = [float((quaternion_matrix(x) - knee.double()).abs().max()) for x in q[:, 1]]
        assert min(distances) < 1e-4
    found, known = (x.abs().sum((1, 2)) for x in (windows.offsets, bank.offsets))
    assert (found[:, None] - known).abs().amin(1).max() < 1e-3


def quaternion_matrix(q: np.ndarray) -> torch.Tensor:
    from mocamba.rig.rotation import quaternion_to_matrix

    return torch.from_numpy(quaternion_to_matrix(q))


def test_a_mirrored_window_is_the_mirror_image(bank: MotionBank) -> None:
    plain, flipped = (draw_windows(bank, 5, 30, replace(PLAIN, mirror=m), source(2)) for m in (0.0, 1.0))

    def positions(windows):
        world = joint_positions(local_to_global(windows.rotations), windows.offsets)
        return world + windows.translation[:, :, None]

    # both were turned by the same random angle, after the mirror: heights are comparable as they are, and distances
    a, b = positions(plain), positions(flipped)[:, :, list(MIRROR)]
    torch.testing.assert_close(a[..., 1], b[..., 1], rtol=0, atol=1e-5)
    torch.testing.assert_close(torch.cdist(a, a), torch.cdist(b, b), rtol=0, atol=2e-3)

    def volume(x):  # of pelvis, head, left hand, left foot: changes its sign in a mirror
        return torch.linalg.det(torch.stack([x[..., k, :] - x[..., 0, :] for k in (15, 22, 10)], dim=-1))

    torch.testing.assert_close(volume(a), -volume(b), rtol=1e-3, atol=1e-4)


def test_kinematics_on_tensors_are_the_rigs() -> None:
    motion = walk(0.5)
    rotations = quaternion_matrix(motion.rotations)
    offsets = torch.from_numpy(motion.skeleton.offsets)[None]
    mine = joint_positions(local_to_global(rotations)[None], offsets)[0]
    theirs = forward_kinematics(motion.rotations, np.zeros((30, 3), np.float32), motion.skeleton)
    np.testing.assert_allclose(mine.numpy(), theirs, atol=1e-5)
    assert len(PARENTS) == 24


def test_worn_windows(bank: MotionBank) -> None:
    windows = draw_windows(bank, 64, 50, Augmentation(), source())
    worn = wear_sensors(windows, FAR, clean=0.5, random=source(1))
    assert worn.readings.orientation.shape == (64, 50, 6, 3, 3)
    truth = worn.global_rotations[:, PAST : PAST + 50, [18, 19, 4, 5, 15, 0]]
    off = (worn.readings.orientation - truth).abs().amax((1, 2, 3, 4))
    assert 0.3 < float((off < 1e-5).float().mean()) < 0.7  # half of the performers wear perfect sensors
    assert all(torch.isfinite(x.float()).all() for x in worn.readings)


def test_a_run_is_resumed_and_its_weights_load(tmp_path: Path) -> None:
    pytest.importorskip("lightning", reason="training needs the train extra")
    from mocamba.inference.networks.hiposer import HiPoserConfig
    from mocamba.inference.training.fit import fit
    from mocamba.inference.training.hiposer import TrainingConfig

    clips = [("t", "somebody", walk(3.0)), ("t2", "somebody", showcase()), ("v", VALIDATION[0], walk(1.0))]
    (tmp_path / "data").mkdir()
    write_shard(tmp_path / "data" / "small.npz", clips)
    network = HiPoserConfig(width=16, residual=True)
    config = TrainingConfig(network, steps=4, batch=2, frames=24, warm_up=1)
    quiet = {"accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False}
    run = tmp_path / "run"
    fit(config, tmp_path / "data", run, "small", validate_every=2, **quiet)
    assert checkpoint_step(tmp_path) == 4
    weights = fit(replace(config, steps=6), tmp_path / "data", run, "small", validate_every=2, **quiet)
    assert checkpoint_step(tmp_path) == 6
    assert (run / "curves.png").stat().st_size > 1000
    assert len(list(run.glob("curves/*/metrics.csv"))) == 2  # what was before the resume is kept
    loaded = load_network(str(weights))
    assert loaded.network.config == network
    assert loaded.card.training["steps"] == 6
    best = torch.load(run / "best.ckpt", map_location="cpu", weights_only=True)["state_dict"]
    for key, value in loaded.network.state_dict().items():
        torch.testing.assert_close(value, best[f"network.{key}"], rtol=1e-3, atol=1e-4)


def test_averaged_weights_leave_the_tables_of_joints_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An average of whole numbers, cut to whole numbers, exchanges joints, and a run is chosen by nobody's errors."""
    pytest.importorskip("lightning", reason="training needs the train extra")
    from mocamba.inference.networks.hiposer import HiPoserConfig
    from mocamba.inference.training import fit
    from mocamba.inference.training.hiposer import HiPoserTask, TrainingConfig

    monkeypatch.setattr(fit, "AVERAGED", 3.125)  # 0.96 stays of what was, as in a run of 1,000 steps
    monkeypatch.setattr(fit, "AVERAGE_EVERY", 1)
    config = TrainingConfig(HiPoserConfig(width=16), steps=8, batch=2, frames=24, warm_up=1)
    task = HiPoserTask(config, build_bank(people(), 0, passes=1), people())
    before = {name: values.clone() for name, values in task.network.named_buffers()}
    fit.run(task, tmp_path, config.steps, validate_every=8, **QUIET)
    for name, values in task.network.named_buffers():
        torch.testing.assert_close(values, before[name])


@pytest.mark.parametrize("kind", ["PoseMamba", "VIMCAN", "MDTF"])
def test_lifting_networks_are_trained_and_their_weights_load(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("lightning", reason="training needs the train extra")
    from mocamba.inference.training.fit import fit
    from mocamba.inference.training.lifting import LiftingTraining

    clips = [("t", "somebody", walk(3.0)), ("t2", "somebody", showcase()), ("v", VALIDATION[0], showcase())]
    (tmp_path / "data").mkdir()
    write_shard(tmp_path / "data" / "small.npz", clips)
    network = SMALL_LIFTERS[kind]
    config = LiftingTraining(network, steps=2, bone_steps=2, batch=2, lengths=(3, 5), warm_up=1, windows=2)
    quiet = {"accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False}
    weights = fit(config, tmp_path / "data", tmp_path / "run", "small", validate_every=1, **quiet)
    loaded = load_weights(str(weights))
    assert loaded.network.config == network
    assert loaded.card.training["lengths"] == [3, 5]
    assert (tmp_path / "run" / "curves.png").stat().st_size > 1000
    assert (tmp_path / "run" / "bones" / "best.ckpt").exists() == (kind == "MDTF")
    best = torch.load(tmp_path / "run" / "best.ckpt", map_location="cpu", weights_only=True)["state_dict"]
    for key, value in loaded.network.state_dict().items():
        torch.testing.assert_close(value, best[f"network.{key}"], rtol=1e-3, atol=1e-4)
    with pytest.raises(FileFormatError, match=f"{type(loaded.network).__name__} needs a camera"):
        load_network(str(weights))


def test_the_first_stage_of_mdtf_is_trained_before_the_second(tmp_path: Path) -> None:
    """And then left alone: what the second starts from is what the first ended with, and the last weights hold it."""
    pytest.importorskip("lightning", reason="training needs the train extra")
    from mocamba.inference.training.fit import fit
    from mocamba.inference.training.lifting import LiftingTraining

    write_shard(tmp_path / "a.npz", [("t", "somebody", walk(3.0)), ("v", VALIDATION[0], showcase())])
    config = LiftingTraining(SMALL_LIFTERS["MDTF"], steps=2, bone_steps=3, batch=2, lengths=(4,), warm_up=1, windows=2)
    quiet = {"accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False}
    weights = load_weights(str(fit(config, tmp_path, tmp_path / "run", "m", validate_every=1, **quiet))).network
    first = torch.load(tmp_path / "run" / "bones" / "best.ckpt", map_location="cpu", weights_only=True)["state_dict"]
    bones = {key: value for key, value in weights.state_dict().items() if key.startswith("bone_aware.")}
    assert bones
    for key, value in bones.items():
        torch.testing.assert_close(value, first["network." + key.removeprefix("bone_aware.")], rtol=1e-3, atol=1e-4)


def test_a_folder_without_motion_is_one_clear_error(tmp_path: Path) -> None:
    pytest.importorskip("lightning", reason="training needs the train extra")
    from mocamba.inference.training.fit import fit
    from mocamba.inference.training.hiposer import TrainingConfig

    with pytest.raises(BadInputError, match="no motion shards"):
        fit(TrainingConfig(), tmp_path, tmp_path / "run", "small", accelerator="cpu")


def checkpoint_step(folder: Path) -> int:
    return int(torch.load(folder / "run" / "last.ckpt", map_location="cpu", weights_only=True)["global_step"])


QUIET = {"accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False}


def small_run(folder: Path, **changes: Any) -> Any:
    """A run of four steps that can be called again."""
    pytest.importorskip("lightning", reason="training needs the train extra")
    from mocamba.inference.networks.hiposer import HiPoserConfig
    from mocamba.inference.training.fit import fit
    from mocamba.inference.training.hiposer import TrainingConfig

    if not (folder / "data").exists():
        (folder / "data").mkdir()
        clips = [("t", "somebody", walk(3.0)), ("v", VALIDATION[0], walk(1.0))]
        write_shard(folder / "data" / "small.npz", clips)
    config = TrainingConfig(HiPoserConfig(width=16), steps=2, batch=2, frames=24, warm_up=1)
    return fit(replace(config, **changes), folder / "data", folder / "run", "small", validate_every=1, **QUIET)


def test_a_run_of_another_configuration_is_not_gone_on_with(tmp_path: Path) -> None:
    small_run(tmp_path)
    before = (tmp_path / "run" / "last.ckpt").read_bytes()
    with pytest.raises(BadInputError, match=r"batch was 2 and is 4; rate was 0\.001 and is 0\.01.*another folder"):
        small_run(tmp_path, batch=4, rate=0.01, steps=9)
    assert (tmp_path / "run" / "last.ckpt").read_bytes() == before
    (tmp_path / "run" / "config.json").write_text("{")
    with pytest.raises(FileFormatError, match="damaged"):
        small_run(tmp_path)


def test_nobody_is_on_both_sides() -> None:
    with pytest.raises(BadInputError, match="ann: nobody can be chosen by and tested on"):
        People(("ann", "ben"), ("ann",))
    training, validation, test = split_clips(people(), People(("ann",), ("ben",)))
    assert (training, {c.subject for c in validation}, {c.subject for c in test}) == ([], {"ann"}, {"ben"})


def test_a_batch_that_devices_cannot_share_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("lightning", reason="training needs the train extra")
    from mocamba.inference.training.fit import fit
    from mocamba.inference.training.hiposer import TrainingConfig

    with pytest.raises(BadInputError, match="3 windows a step cannot be shared by 2 devices"):
        fit(TrainingConfig(batch=3), tmp_path, tmp_path / "run", "small", devices=2, **QUIET)


def test_a_full_gpu_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mocamba.inference.training import hiposer

    def full(*_: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(hiposer, "losses", full)
    with pytest.raises(MocambaError, match=r"memory is full with 2 windows a step. Train with --batch 1"):
        small_run(tmp_path)


def test_a_full_disk_leaves_the_checkpoint_before_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up in the middle of writing: half of the new checkpoint is there."""
    small_run(tmp_path)
    path = tmp_path / "run" / "last.ckpt"
    before = path.read_bytes()
    from fsspec.implementations.local import LocalFileOpener

    def half(self: LocalFileOpener, data: bytes) -> int:
        self.f.write(bytes(data)[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(LocalFileOpener, "write", half)
    with pytest.raises(MocambaError, match=r"disk of .* is full. The last checkpoint there is whole"):
        small_run(tmp_path, steps=4)
    monkeypatch.undo()
    assert path.read_bytes() == before
    small_run(tmp_path, steps=4)
    assert checkpoint_step(tmp_path) == 4


def test_mixed_precision_learns(tmp_path: Path) -> None:
    small_run(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    QUIET_BF16 = {**QUIET, "precision": "bf16-mixed"}
    from mocamba.inference.training.fit import fit
    from mocamba.inference.training.lifting import LiftingTraining

    for kind, network in SMALL_LIFTERS.items():
        config = LiftingTraining(network, steps=2, bone_steps=1, batch=2, lengths=(4,), warm_up=1, windows=2)
        weights = fit(config, tmp_path / "data", other / kind, kind, validate_every=1, **QUIET_BF16)
        assert all(torch.isfinite(value).all() for value in load_weights(str(weights)).network.state_dict().values())
