"""From keypoints to places: holes, virtual cameras, the pelvis before the camera, the floor, the path."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.capture.video_solving import fusion_network
from mocamba.devices.simulated.performer import perform
from mocamba.inference.aiming import aim, aimed
from mocamba.inference.lift_track import LiftStream, lift_track, window_begins
from mocamba.inference.networks.posemamba import PoseMamba, PoseMambaConfig
from mocamba.inference.networks.vimcan import VARIANTS, Vimcan
from mocamba.inference.virtual_film import Tripod, film_motion
from mocamba.rig.errors import BadInputError
from mocamba.rig.h36m import BONES, h36m_positions
from mocamba.rig.lifted.absence import bridge_absences
from mocamba.rig.lifted.agree import (
    DEPTH,
    KEYPOINT,
    LIMB_BONES,
    LOOSE,
    OUTLIER,
    RIGID,
    ROUNDS,
    Opinion,
    agreed_joints,
    mean_opinion,
)
from mocamba.rig.lifted.align import best_turn, heading_change, misses, small_turn
from mocamba.rig.lifted.even import EvenKeypoints, even_axis, even_keypoints
from mocamba.rig.lifted.ground import find_up, ground_of
from mocamba.rig.lifted.jumps import without_jumps
from mocamba.rig.lifted.lag import camera_lag
from mocamba.rig.lifted.path import FELT_STEP, felt_errors, fused_path, planted_steps
from mocamba.rig.lifted.place import bone_lengths, in_metres, place_pelvis
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import Array, angle_between, from_rotation_vector, multiply
from mocamba.rig.rotation import quaternion_to_matrix
from mocamba.rig.skeleton import SMPL24

from .motions import showcase, walk

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def walker() -> Motion:
    return showcase()


def even_of(motion: Motion, tripod: Tripod | None = None, **how: float) -> tuple[EvenKeypoints, Array, Array]:
    """Keypoints, true joints in the camera's frame and its rotation."""
    film = film_motion(motion, tripod, **how)  # type: ignore[arg-type]
    truth = film_motion(motion, tripod)
    even = even_keypoints(film.t_ns, film.rays, film.confidence, motion.t_ns)
    return even, truth.joints, truth.turn


@given(rate=st.floats(15, 60), hole=st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_any_rate_and_short_holes_come_back_even(rate: float, hole: int) -> None:
    t_ns = np.arange(int(4 * rate)) * round(SECOND / rate)
    place = np.stack([np.sin(t_ns / SECOND), 0.1 * t_ns / SECOND], axis=-1)
    rays = place[:, None] + np.linspace(-0.3, 0.3, 17)[:, None]
    confidence = np.full((len(t_ns), 17), 0.9)
    gone = slice(20, 20 + hole)
    rays[gone, 13], confidence[gone, 13] = np.nan, 0
    axis = even_axis(t_ns)
    even = even_keypoints(t_ns, rays, confidence, axis)
    expected = np.stack([np.sin(axis / SECOND), 0.1 * axis / SECOND], axis=-1) + np.linspace(-0.3, 0.3, 17)[13]
    assert np.abs(even.rays[:, 13] - expected).max() < 0.02
    assert even.present.all()
    if hole:
        middle = np.argmin(np.abs(axis - t_ns[gone].mean()))
        assert 0 < even.sure[middle, 13] < 0.9
        assert even.sure[middle, 12] == pytest.approx(0.9)


def test_long_hidden_joints_keep_their_place_in_the_body(walker: Motion) -> None:
    film = film_motion(walker)
    rays, confidence = film.rays.copy(), film.confidence.copy()
    legs = [2, 3, 5, 6]
    rays[:, legs], confidence[:, legs] = np.nan, 0
    even = even_keypoints(film.t_ns, rays, confidence, walker.t_ns)
    assert np.isfinite(even.rays).all()
    assert (even.sure[:, legs] == 0).all()
    size = np.ptp(film.rays[..., 1], axis=1).mean()
    assert np.abs(even.rays - film.rays).max() < 0.7 * size


def test_who_leaves_is_absent_and_who_blinks_is_not(walker: Motion) -> None:
    film = film_motion(walker)
    rays, confidence = film.rays.copy(), film.confidence.copy()
    for gone in (slice(60, 75), slice(200, 320)):
        rays[gone], confidence[gone] = np.nan, 0
    even = even_keypoints(film.t_ns, rays, confidence, walker.t_ns)
    assert even.present[:200].all()
    assert not even.present[205:315].any()
    assert even.present[325:].all()
    assert np.isfinite(even.rays).all()


def test_nobody_at_all_is_no_error_here_but_absent() -> None:
    even = even_keypoints(np.arange(10) * SECOND // 30, np.full((10, 17, 2), np.nan), np.zeros((10, 17)), np.arange(5))
    assert not even.present.any()
    assert np.isfinite(even.rays).all()


@given(st.floats(-1.2, 1.2), st.floats(-0.8, 0.8))
def test_aimed_cameras_look_there_and_stay_level(x: float, y: float) -> None:
    turn = aim(np.array([[x, y]]))[0]
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)
    seen = turn @ [x, y, 1]
    np.testing.assert_allclose(seen[:2], 0, atol=1e-12)
    assert turn[0, 1] == 0  # its right stays level
    np.testing.assert_allclose(aimed(np.array([[[x, y]] * 17]), turn[None])[0], 0, atol=1e-6)


def test_windows_cover_everything_and_end_with_the_recording() -> None:
    for length in (5, 27, 28, 100, 243):
        begins = window_begins(length, min(27, length))
        covered = {t for begin in begins for t in range(begin, begin + min(27, length))}
        assert covered == set(range(length))


def tiny(causal: bool = False) -> PoseMamba:
    torch.manual_seed(3)
    scan = "causal" if causal else "global-local"
    return PoseMamba(PoseMambaConfig(width=8, pairs=2, frames=27, scan=scan)).eval()  # type: ignore[arg-type]


def test_seams_of_windows_are_no_jumps(walker: Motion) -> None:
    even, _, _ = even_of(walker)
    joints = lift_track(tiny(), even.rays, frames=27)
    steps = np.linalg.norm(np.diff(joints, axis=0), axis=-1).max(axis=1)
    begins = window_begins(len(joints), 27)
    seams = np.array(sorted({*begins[1:], *(begin + 27 for begin in begins[:-1])})) - 1
    inside = np.delete(steps, seams)
    assert steps[seams].max() <= inside.max()


def test_a_stream_is_the_whole_clip(walker: Motion) -> None:
    torch.manual_seed(1)
    network = Vimcan(VARIANTS["t-causal"]).eval()
    even, _, _ = even_of(walk(0.4))
    whole = lift_track(network, even.rays)
    stream = LiftStream(network)
    np.testing.assert_allclose(np.stack([stream.push(rays) for rays in even.rays]), whole, atol=1e-9)
    assert np.isfinite(whole).all()


def test_a_camera_that_looks_past_changes_nothing(walker: Motion) -> None:
    """The virtual camera sees the same whichever way the real one looks, so that the pose only turns."""
    straight, _, first = even_of(walker, Tripod(height=0.8))
    aside, _, second = even_of(walker, Tripod(height=0.8, aside=20))
    network = tiny()
    a, b = lift_track(network, straight.rays, frames=27) @ first, lift_track(network, aside.rays, frames=27) @ second
    assert np.abs(a - b).max() < 0.03 * np.abs(a).max()


def test_true_joints_are_placed_where_they_are() -> None:
    even, truth, _ = even_of(walk(2.5), Tripod(bearing=70, aside=15))
    place = place_pelvis(truth - truth[:, :1], even.rays, even.sure)
    assert np.linalg.norm(place - truth[:, 0], axis=-1).max() < 0.02  # the distance is smoothed


def test_outliers_do_not_carry_the_body_away(walker: Motion) -> None:
    even, truth, _ = even_of(walker)
    rays = even.rays.copy()
    rays[:, 16] += 0.3
    place = place_pelvis(truth - truth[:, :1], rays, even.sure)
    assert np.linalg.norm(place - truth[:, 0], axis=-1).mean() < 0.06


@given(scale=st.floats(0.05, 5))
@settings(max_examples=10, deadline=None)
def test_any_unit_becomes_metres(scale: float) -> None:
    joints = h36m_positions(walk(1.0)).astype(np.float64)
    joints -= joints[:, :1]
    again = in_metres(scale * joints, SMPL24, np.ones(joints.shape[:2]))
    lengths = [np.linalg.norm(again[:, b] - again[:, a], axis=-1).mean() for a, b in BONES]
    np.testing.assert_allclose(lengths, bone_lengths(SMPL24), rtol=0.03)


def test_agreement_keeps_the_truth_and_mends_what_the_picture_knows(walker: Motion) -> None:
    even, truth, _ = even_of(walker)
    own, lengths = truth - truth[:, :1], bone_lengths(walker.skeleton)
    error = np.full(own.shape[:2], 0.06)
    kept = agreed_joints([Opinion(own, error)], truth[:, 0], even.rays, even.sure, lengths)
    assert np.abs(kept - truth).max() < 0.01
    wrong = own + np.random.default_rng(0).normal(size=own.shape) * 0.05
    wrong -= wrong[:, :1]
    mended = agreed_joints([Opinion(wrong, error)], truth[:, 0], even.rays, even.sure, lengths)
    assert np.linalg.norm(mended - truth, axis=-1).mean() < 0.75 * np.linalg.norm(wrong - own, axis=-1).mean()


def test_hidden_joints_follow_who_saw_them(walker: Motion) -> None:
    even, truth, _ = even_of(walker)
    own, hidden = truth - truth[:, :1], np.zeros(even.sure.shape)
    far = own + np.array([0.3, 0, 0])
    opinions = [Opinion(own, np.full(hidden.shape, 0.03)), Opinion(far, np.full(hidden.shape, 30.0))]
    found = agreed_joints(opinions, truth[:, 0], even.rays, hidden, bone_lengths(walker.skeleton))
    assert np.abs(found - found[:, :1] - own).max() < 0.01


def agreed_by_definition(opinions: list[Opinion], pelvis: Array, rays: Array, sure: Array, lengths: Array) -> Array:
    """One frame, a row a wish: each round the least squares of all of them at once."""
    joints = pelvis + mean_opinion(opinions)[0]
    for _ in range(ROUNDS):
        rows, off = [np.sqrt(1e-3) * np.eye(51)], [np.zeros(51)]

        def wish(weight: float, of: dict[int, Array], miss: float, rows: list[Array] = rows, off: list = off) -> None:
            row = np.zeros((17, 3))
            for joint, along in of.items():
                row[joint] = along
            rows.append(np.sqrt(weight) * row.reshape(1, 51))
            off.append(np.sqrt(weight) * np.array([miss]))

        for k in range(17):
            lines = np.array([[1, 0, -rays[k, 0]], [0, 1, -rays[k, 1]]])
            miss = lines @ joints[k]
            weight = sure[k] / KEYPOINT**2 / (1 + miss @ miss / (OUTLIER * KEYPOINT) ** 2)
            for line, one in zip(lines, miss, strict=True):
                wish(weight, {k: line}, one)
        wish(DEPTH**-2, {0: np.array([0, 0, 1.0])}, joints[0, 2] - pelvis[2])
        for opinion in opinions:
            for k, axis in ((k, axis) for k in range(1, 17) for axis in np.eye(3)):
                said = opinion.joints[0, k] - opinion.joints[0, 0]
                wish(opinion.error[0, k] ** -2, {0: -axis, k: axis}, axis @ (joints[k] - joints[0] - said))
        for (parent, child), length in zip(BONES, lengths, strict=True):
            bone = joints[child] - joints[parent]
            along, rigid = bone / np.linalg.norm(bone), (parent, child) in LIMB_BONES
            miss = np.linalg.norm(bone) - length
            wish((RIGID if rigid else LOOSE) ** -2, {parent: -along, child: along}, miss)
        joints = joints - np.linalg.lstsq(np.concatenate(rows), np.concatenate(off), rcond=None)[0].reshape(17, 3)
    return joints


def test_agreement_is_the_least_squares_of_all_wishes(walker: Motion) -> None:
    even, truth, _ = even_of(walker)
    random, lengths, few = np.random.default_rng(4), bone_lengths(walker.skeleton), slice(100, 103)
    own = (truth - truth[:, :1])[few]
    opinions = [
        Opinion(own + random.normal(0, 0.05, own.shape), random.uniform(0.03, 0.2, own.shape[:2])) for _ in range(2)
    ]
    sure = random.uniform(0, 1, own.shape[:2]) * (random.random(own.shape[:2]) < 0.8)
    pelvis, rays = truth[few, 0] + [0, 0, 0.1], even.rays[few] + random.normal(0, 0.02, (3, 17, 2))
    found = agreed_joints(opinions, pelvis, rays, sure, lengths)
    for t in range(3):
        single = [Opinion(opinion.joints[[t]], opinion.error[[t]]) for opinion in opinions]
        expected = agreed_by_definition(single, pelvis[t], rays[t], sure[t], lengths)
        np.testing.assert_allclose(found[t], expected, atol=1e-8)


def test_pictures_own_times_are_as_any_axis(walker: Motion) -> None:
    film = film_motion(walker, every=2)
    few = slice(0, 24)
    t_ns, rays, confidence = film.t_ns[few], film.rays[few].copy(), film.confidence[few].copy()
    rays[5:8, 13], confidence[5:8, 13] = np.nan, 0
    live = even_keypoints(t_ns, rays, confidence, t_ns)
    longer = even_keypoints(t_ns, rays, confidence, np.append(t_ns, t_ns[-1] + 1))
    for mine, other in ((live.rays, longer.rays), (live.sure, longer.sure), (live.present, longer.present)):
        np.testing.assert_allclose(mine, other[:-1], atol=1e-12)


@pytest.mark.parametrize("tripod", [Tripod(), Tripod(bearing=130, height=2.2), Tripod(aside=15, height=0.6)])
def test_up_floor_and_front_are_found(tripod: Tripod) -> None:
    motion = perform(SMPL24)
    _, truth, turn = even_of(motion, tripod)
    present = np.ones(len(truth), bool)
    up = find_up(truth, present)
    assert np.degrees(np.arccos(up @ turn[:, 1])) < 1.5
    ground = ground_of(truth, present, up, motion.skeleton)
    world, real = ground.to_world(truth), h36m_positions(motion)
    assert np.abs(world[0] - real[0] + real[0, 0] * [1, 0, 1]).max() < 0.12
    np.testing.assert_allclose(ground.to_camera(world), truth, atol=1e-9)


def test_steps_and_sights_make_one_path() -> None:
    rng, t = np.random.default_rng(0), np.arange(300) / 60
    real = np.stack([t, np.zeros_like(t), np.sin(t)], axis=-1)
    seen = real + rng.normal(size=real.shape) * [0.01, 0.01, 0.1]
    steps = np.diff(real, axis=0) + 0.0005
    path = fused_path(seen, np.ones(300), steps)
    assert np.abs(path - real).max() < 0.06
    assert np.abs(np.diff(path, axis=0)).max() < 0.05
    trust = np.ones(300)
    trust[100:250] = 0
    seen[100:250] = 50
    assert np.abs(fused_path(seen, trust, np.diff(real, axis=0)) - real).max() < 0.06


def test_steps_felt_wrongly_are_followed_less() -> None:
    rng, t = np.random.default_rng(1), np.arange(600) / 60
    real = np.stack([t, np.zeros_like(t), np.cos(t)], axis=-1)
    seen, trust = real + rng.normal(size=real.shape) * [0.02, 0.02, 0.05], np.ones(600)
    steps = np.diff(real, axis=0)
    np.testing.assert_allclose(felt_errors(seen, trust, steps), FELT_STEP, rtol=0.5)
    wrong = steps.copy()
    wrong[200:400] += [0, 0, 0.6 / 60]  # 0.6 m/s away from the camera, which sees that worst
    errors = felt_errors(seen, trust, wrong)
    assert errors[250:350].min() > 3 * FELT_STEP > 2 * errors[:100].max()
    path = fused_path(seen, trust, wrong, step=errors)
    assert np.abs(path - real).max() < 0.5 * np.abs(fused_path(seen, trust, wrong, step=FELT_STEP) - real).max()
    np.testing.assert_allclose(felt_errors(seen, np.zeros(600), wrong), FELT_STEP)  # nothing is seen against them


def test_planted_feet_carry_the_pelvis(walker: Motion) -> None:
    stands = np.zeros((len(walker), 2), bool)
    own = walker.translation.astype(np.float64)
    np.testing.assert_allclose(planted_steps(walker, stands, own), np.diff(own, axis=0))
    stands[:, 0] = True
    toes = walker.joint_positions()[:, 10].astype(np.float64)
    np.testing.assert_allclose(planted_steps(walker, stands, own), np.diff(own - toes, axis=0), atol=1e-5)


def test_an_absence_holds_the_pose_and_goes_over(walker: Motion) -> None:
    present = np.ones(len(walker), bool)
    present[:20], present[100:250], present[-30:] = False, False, False
    bridged = bridge_absences(walker, present)
    assert (bridged.confidence[~present] == 0).all()
    np.testing.assert_array_equal(bridged.rotations[100], walker.rotations[99])
    np.testing.assert_allclose(bridged.translation[:20], np.tile(walker.translation[20], (20, 1)), atol=1e-6)
    np.testing.assert_allclose(bridged.translation[-30:], np.tile(walker.translation[-31], (30, 1)), atol=1e-6)
    steps = np.linalg.norm(np.diff(bridged.translation, axis=0), axis=-1)
    assert steps.max() < 0.2


def test_flips_are_spread_and_movement_stays(walker: Motion) -> None:
    calm = without_jumps(walker)
    np.testing.assert_allclose(np.abs((calm.rotations * walker.rotations).sum(-1)), 1, atol=1e-5)
    rotations = walker.rotations.copy()
    flip = from_rotation_vector(np.array([0, 3.0, 0], np.float32))
    rotations[200:260, 16] = multiply(rotations[200:260, 16], flip)
    rotations[300, 4] = multiply(rotations[300, 4], flip)
    mended = without_jumps(replace(walker, rotations=rotations))
    steps = np.degrees(angle_between(mended.rotations[1:], mended.rotations[:-1]))
    assert steps.max() < 30
    far = [*range(280), *range(320, len(walker))]
    np.testing.assert_allclose(mended.rotations[far][:, 4], walker.rotations[far][:, 4], atol=1e-5)


@given(heading=st.floats(-3.1, 3.1), tilt=st.floats(-0.4, 0.3))
@settings(max_examples=15, deadline=None)
def test_the_camera_is_found_among_the_sensors(heading: float, tilt: float) -> None:
    motion = walk(1.5)
    even, _truth, turn = even_of(motion, Tripod(bearing=np.degrees(heading), height=1.2 - 4 * tilt))
    body = h36m_positions(motion).astype(np.float64)
    body -= body[:, :1]
    total = misses(body, even.rays, even.sure)
    found = best_turn(total)
    np.testing.assert_allclose(found, turn, atol=1e-3)
    assert total.of(found) < 1e-6
    drift = quaternion_to_matrix(from_rotation_vector(np.array([0, 0.1, 0])))
    part = misses(body @ drift, even.rays, even.sure)
    assert heading_change(part, found, 0.0) == pytest.approx(0.1, abs=1e-3)
    assert abs(heading_change(part, found, 1e9)) < 1e-3


def test_a_body_that_leans_is_put_upright(walker: Motion) -> None:
    even, truth, _ = even_of(walker)
    lean = quaternion_to_matrix(from_rotation_vector(np.array([0.2, 0.05, -0.1])))
    total = misses((truth - truth[:, :1]) @ lean, even.rays, even.sure)
    np.testing.assert_allclose(small_turn(total, 0.0), lean, atol=1e-4)
    np.testing.assert_allclose(small_turn(total, 1e6), np.eye(3), atol=1e-3)


def test_too_little_to_find_the_camera_is_said() -> None:
    body = np.zeros((5, 17, 3))
    with pytest.raises(BadInputError, match="too briefly"):
        best_turn(misses(body, np.zeros((5, 17, 2)), np.ones((5, 17))))


@pytest.mark.parametrize("every", [1, 2, 4])
def test_a_cameras_lag_is_found(every: int) -> None:
    motion = perform(SMPL24)
    film = film_motion(motion, every=every)
    body = h36m_positions(motion).astype(np.float64)
    body -= body[:, :1]
    part = slice(300 // every, 1200 // every)
    for late, about in ((-7_654_000_000, None), (-123_000_000, 0)):
        seen = film.t_ns[part] + late
        lag = camera_lag(body, motion.t_ns, seen, film.rays[part], film.confidence[part], about=about)
        assert abs(lag + late) < 3e6


def test_who_only_stands_tells_no_lag() -> None:
    film = film_motion(showcase())
    body = h36m_positions(perform(SMPL24))[:130].astype(np.float64)  # the T-pose
    times = perform(SMPL24).t_ns[:130]
    with pytest.raises(BadInputError, match="not one movement"):
        camera_lag(body - body[:, :1], times, film.t_ns, film.rays, film.confidence)


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        (("vimcan-t", "vimcan-t-causal"), "vimcan-t"),
        (("hiposer-s", "vimcan-t-causal"), "vimcan-t-causal"),  # what Blender's add-on carries
        (("hiposer-s",), "vimcan-t"),  # and the command names it
    ],
)
def test_sensors_and_a_camera_are_solved_by_a_network_that_is_there(
    there: tuple[str, ...], chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in there:
        (tmp_path / f"{name}.safetensors").touch()
    monkeypatch.setattr("mocamba.inference.shipped.FOLDER", tmp_path)
    monkeypatch.delenv("MOCAMBA_WEIGHTS", raising=False)
    assert fusion_network() == chosen
