"""Motion shards: the published layout, faulty files, and the real ones against their own loader."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mocamba.inference.shards import KEYS, read_shard
from mocamba.rig import quaternion
from mocamba.rig.errors import FileFormatError
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import angle_between
from mocamba.rig.skeleton import SMPL24

from .conftest import DATA
from .motions import walk, wild
from .shard_files import write_shard


@pytest.fixture(scope="module")
def clips() -> list[tuple[str, str, Motion]]:
    tall = SMPL24.scaled_to(1.9)
    return [("one", "ann", walk(0.5)), ("two", "ben", wild(40, skeleton=tall)), ("three", "ann", walk(0.3))]


@pytest.fixture
def shard(tmp_path: Path, clips: list[tuple[str, str, Motion]]) -> Path:
    return write_shard(tmp_path / "shard.npz", clips)


def test_what_is_written_is_read(shard: Path, clips: list[tuple[str, str, Motion]]) -> None:
    found = list(read_shard(shard))
    assert [(c.name, c.subject) for c in found] == [(name, subject) for name, subject, _ in clips]
    for clip, (_, _, motion) in zip(found, clips, strict=True):
        assert angle_between(clip.motion.rotations, motion.rotations).max() < 2e-4
        np.testing.assert_allclose(clip.motion.translation, motion.translation, atol=2e-3)
        np.testing.assert_array_equal(clip.motion.skeleton.offsets, motion.skeleton.offsets)
        assert clip.motion.rate == pytest.approx(60, rel=1e-6)
        np.testing.assert_allclose(np.linalg.norm(clip.motion.rotations, axis=-1), 1, atol=1e-6)


def test_other_rates_are_brought_to_60_hz(tmp_path: Path, clips: list[tuple[str, str, Motion]]) -> None:
    path = write_shard(tmp_path / "slow.npz", clips, fps=np.array(30.0))
    for clip, (_, _, motion) in zip(read_shard(path), clips, strict=True):
        assert clip.motion.rate == pytest.approx(60)
        assert len(clip.motion) == 2 * len(motion) - 1
        turned = quaternion.angle_between(clip.motion.rotations[::2], motion.rotations)
        assert np.degrees(turned).max() < 0.1


@pytest.mark.parametrize("rate", [0.0, np.nan, np.inf, -60.0])
def test_no_frame_rate(tmp_path: Path, clips: list[tuple[str, str, Motion]], rate: float) -> None:
    with pytest.raises(FileFormatError, match="frame rate"):
        list(read_shard(write_shard(tmp_path / "odd.npz", clips, fps=np.array(rate))))


def test_cut_off_file(shard: Path) -> None:
    shard.write_bytes(shard.read_bytes()[:-300])
    with pytest.raises(FileFormatError, match="cut off"):
        list(read_shard(shard))


def test_a_label_is_kept_where_there_is_one(tmp_path: Path, shard: Path, clips: list[tuple[str, str, Motion]]) -> None:
    assert {clip.label for clip in read_shard(shard)} == {"test"}
    bare = write_shard(tmp_path / "bare.npz", clips, label=None)
    assert {clip.label for clip in read_shard(bare)} == {""}


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no such file"):
        list(read_shard(tmp_path / "none.npz"))


@pytest.mark.parametrize("key", KEYS)
def test_missing_key(tmp_path: Path, clips: list[tuple[str, str, Motion]], key: str) -> None:
    with pytest.raises(FileFormatError, match=key):
        list(read_shard(write_shard(tmp_path / "shard.npz", clips, **{key: None})))


def test_broken_values(tmp_path: Path, clips: list[tuple[str, str, Motion]]) -> None:
    place = np.concatenate([m.translation for _, _, m in clips])
    place[45] = np.nan
    with pytest.raises(FileFormatError, match="two"):
        list(read_shard(write_shard(tmp_path / "nan.npz", clips, trans=place)))
    name, subject, motion = clips[0]
    zero = Motion(motion.rotations * 0, motion.translation, motion.t_ns, motion.skeleton, motion.confidence)
    with pytest.raises(FileFormatError, match="zero"):
        list(read_shard(write_shard(tmp_path / "zero.npz", [(name, subject, zero)])))
    with pytest.raises(FileFormatError, match="length"):
        list(read_shard(write_shard(tmp_path / "short.npz", clips, trans=place[:-5])))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1), value=st.integers(0, 255), length=st.floats(0, 2))
def test_spoilt_bytes_read_or_are_refused(shard: Path, place: float, value: int, length: float) -> None:
    whole = shard.with_suffix(".whole")
    if not whole.exists():
        whole.write_bytes(shard.read_bytes())
    content = bytearray(whole.read_bytes())
    content[int(place * (len(content) - 1))] = value
    shard.write_bytes(bytes(content[: int(len(content) * min(1.0, length))]))
    try:
        list(read_shard(shard))
    except FileFormatError as error:
        assert str(shard) in str(error)  # noqa: PT017


@pytest.mark.parametrize("name", ["cmu", "uiprmd"])
def test_published_shards_against_their_loader(name: str) -> None:
    path = DATA / "motion" / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"{path} is not on this machine (MOCAMBA_DATA)")
    spec = importlib.util.spec_from_file_location("motion_loader", path.with_name("loader.py"))
    assert spec
    assert spec.loader
    loader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loader)
    count = 0
    for k, (mine, theirs) in enumerate(zip(read_shard(path), loader.clips(path), strict=True)):
        count += 1
        assert (mine.name, mine.subject) == (theirs["name"], theirs["subject"])
        if k % 60 == 0:
            _, positions = loader.fk(theirs["quat"], theirs["trans"].astype(np.float32), theirs["offsets"])
            np.testing.assert_allclose(mine.motion.joint_positions(), positions, atol=1e-4)
    assert count > 50
