"""Tracks of keypoints: kept and read again, refused where they are damaged; sides put right."""

import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.devices.keypoints.keypoints import Keypoints
from mocamba.devices.keypoints.sides import ARMS, HOLD, LEGS, SideKeeper, mend_sides
from mocamba.devices.keypoints.track import KeypointTrack, load_track, track_of
from mocamba.devices.simulated.performer import perform
from mocamba.rig.errors import BadInputError, FileFormatError
from mocamba.rig.h36m import MIRROR, h36m_positions
from mocamba.rig.skeleton import SMPL24

SIZE = (640, 600)


def performed(rate: float) -> KeypointTrack:
    """The simulated performer, who walks, turns round twice, squats, waves and kicks, before a camera 6 m away."""
    joints = h36m_positions(perform(SMPL24, rate)).astype(np.float64)
    depth = 6 - joints[..., 2]
    points = np.stack([320 + 700 * joints[..., 0] / depth, 300 - 700 * (joints[..., 1] - 0.9) / depth], axis=-1)
    t_ns = (np.arange(len(joints)) * 1e9 / rate).astype(np.int64)
    sure = np.full(points.shape[:2], 0.9, np.float32)
    return KeypointTrack(t_ns, points.astype(np.float32), sure, *SIZE, rate, "none")


@pytest.fixture(scope="module")
def track() -> KeypointTrack:
    return performed(30)


def exchanged(track: KeypointTrack, rows: slice, group: tuple[int, ...] = ARMS + LEGS) -> KeypointTrack:
    points, confidence, mirror = track.points.copy(), track.confidence.copy(), [MIRROR[joint] for joint in group]
    points[rows, list(group)], confidence[rows, list(group)] = (
        track.points[rows, mirror],
        track.confidence[rows, mirror],
    )
    return replace(track, points=points, confidence=confidence)


def with_gap(track: KeypointTrack, rows: slice, joints: object = slice(None)) -> KeypointTrack:
    points, confidence = track.points.copy(), track.confidence.copy()
    points[rows, joints], confidence[rows, joints] = np.nan, 0
    return replace(track, points=points, confidence=confidence)


def assert_same(a: KeypointTrack, b: KeypointTrack) -> None:
    np.testing.assert_array_equal(a.points, b.points)
    np.testing.assert_array_equal(a.confidence, b.confidence)


def test_a_track_is_read_as_it_was_kept(track: KeypointTrack, tmp_path: Path) -> None:
    kept = replace(with_gap(track, slice(5, 9)), warnings=("it breaks off", "ändern"))
    kept.save(tmp_path / "keypoints.npz")
    again = load_track(tmp_path / "keypoints.npz")
    assert_same(again, kept)
    np.testing.assert_array_equal(again.t_ns, kept.t_ns)
    assert again.t_ns.dtype == np.int64
    assert (again.width, again.height, again.fps, again.detector) == (*SIZE, 30, "none")
    assert again.warnings == kept.warnings
    assert not again.present[5:9].any()
    assert again.present.sum() == len(again) - 4


def test_a_damaged_track_is_refused_by_name(track: KeypointTrack, tmp_path: Path) -> None:
    path = tmp_path / "keypoints.npz"
    with pytest.raises(FileFormatError, match=r"keypoints\.npz: does not exist"):
        load_track(path)
    track.save(path)
    whole = path.read_bytes()
    for end in (0, 3, 100, len(whole) // 2, len(whole) - 30):
        path.write_bytes(whole[:end])
        with pytest.raises(FileFormatError, match=r"keypoints\.npz"):
            load_track(path)
    np.savez(path, something=np.zeros(3))
    with pytest.raises(FileFormatError, match="holds no keypoints"):
        load_track(path)
    with pytest.raises(BadInputError, match="cannot be written"):
        track.save(path / "below" / "it.npz")


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_no_damaged_byte_ends_otherwise_than_in_our_error(seed: int) -> None:
    random = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "k.npz"
        short = track_of([], [], SIZE, "none")
        short.save(path)
        data = bytearray(path.read_bytes())
        for place in random.integers(0, len(data), 4):
            data[place] = random.integers(0, 256)
        path.write_bytes(bytes(data))
        with suppress(FileFormatError):
            load_track(path)


@pytest.mark.parametrize(
    "change",
    [
        {"t_ns": np.zeros(3, np.int64)},
        {"points": np.zeros((3, 16, 2), np.float32)},
        {"confidence": np.zeros((3, 17), np.float32)},
    ],
)
def test_what_cannot_be_a_track_is_none(change: dict[str, np.ndarray]) -> None:
    good = KeypointTrack(
        np.arange(3), np.ones((3, 17, 2), np.float32), np.ones((3, 17), np.float32), *SIZE, 30.0, "none"
    )
    with pytest.raises(ValueError, match=r"times|confidence"):
        replace(good, **change)


def test_hidden_joints_and_absent_people_are_nan() -> None:
    points = np.tile(np.array([100.0, 100.0], np.float32), (17, 1))
    sure = np.full(17, 0.9, np.float32)
    sure[3], points[6] = 0.2, (700, 100)  # hidden; out of the picture
    track = track_of([Keypoints(points, sure, 0, *SIZE), None], [0, 40_000_000], SIZE, "none")
    assert np.isnan(track.points[0, [3, 6]]).all()
    assert (track.confidence[0, [3, 6]] == 0).all()
    assert track.seen[0].sum() == 15
    assert track.present.tolist() == [True, False]
    assert track.fps == pytest.approx(25)


@pytest.mark.parametrize("rate", [12, 15, 30, 60])
def test_who_turns_and_crosses_their_arms_and_legs_is_left_alone(rate: float) -> None:
    whole = performed(rate)
    assert_same(mend_sides(whole), whole)
    noise = np.random.default_rng(0).normal(0, 4, whole.points.shape).astype(np.float32)
    shaken = replace(whole, points=whole.points + noise)
    assert_same(mend_sides(shaken), shaken)


@given(start=st.integers(0, 850), length=st.integers(1, 25), group=st.sampled_from([ARMS + LEGS, ARMS, LEGS]))
@settings(max_examples=40, deadline=None)
def test_exchanged_sides_are_put_right(start: int, length: int, group: tuple[int, ...]) -> None:
    """Wherever left and right lie apart; where they do not, nothing can be told and little is wrong."""
    whole = performed(30)
    rows = slice(start, start + length)
    apart = np.linalg.norm(whole.points - whole.points[:, list(MIRROR)], axis=-1)[:, list(group)].sum(axis=1)
    edges = [max(rows.start - 1, 0), rows.start, rows.stop - 1, min(rows.stop, len(whole) - 1)]
    mended = mend_sides(exchanged(whole, rows, group))
    if apart[edges].min() > 0.8 * 250:
        assert_same(mended, whole)


def test_sides_are_put_right_beside_gaps(track: KeypointTrack) -> None:
    hidden = with_gap(with_gap(track, slice(70, 75)), slice(60, 90), [3, 16])
    assert_same(mend_sides(exchanged(hidden, slice(64, 68))), hidden)
    nobody = with_gap(track, slice(None))
    assert_same(mend_sides(nobody), nobody)


def test_live_sides_are_held_and_given_up(track: KeypointTrack) -> None:
    wrong = exchanged(track, slice(20, 28))
    keeper = SideKeeper()
    rows = [Keypoints(p, c, int(t), *SIZE) for p, c, t in zip(wrong.points, wrong.confidence, wrong.t_ns, strict=True)]
    kept = np.array([keeper.keep(one).points for one in rows[:40]])
    np.testing.assert_array_equal(kept, track.points[:40])
    # a detector that stays with the other side was wrong before
    for_good = exchanged(track, slice(20, None))
    rows = [
        Keypoints(p, c, int(t), *SIZE) for p, c, t in zip(for_good.points, wrong.confidence, track.t_ns, strict=True)
    ]
    keeper = SideKeeper()
    kept = np.array([keeper.keep(one).points for one in rows[:60]])
    held = 20 + int(HOLD / 1e9 * 30)
    np.testing.assert_array_equal(kept[:held], track.points[:held])
    np.testing.assert_array_equal(kept[held + 2 :], for_good.points[held + 2 : 60])
