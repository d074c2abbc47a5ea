"""Retargeting in numbers alone: maps and their files, detection, the solve by plain kinematics, channels, the fit."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.rig.contacts import estimate_contact, standing
from mocamba.rig.errors import BadInputError, FileFormatError
from mocamba.rig.kinematics import joint_positions, local_to_global
from mocamba.rig.motion import Motion, evenly_timed
from mocamba.rig.quaternion import (
    Array,
    angle_between,
    conjugate,
    from_axis_angle,
    from_rotation_vector,
    multiply,
    normalise,
    rotate,
)
from mocamba.rig.retarget.bone_map import BoneMap, Switch, bone_word, load_map, map_from_json, map_to_json, save_map
from mocamba.rig.retarget.bones import Bones
from mocamba.rig.retarget.channels import rotation_channels
from mocamba.rig.retarget.detect import detect
from mocamba.rig.retarget.fit import Fit, Fitting
from mocamba.rig.retarget.hands import CAPSULES, HANDS, from_line, hip_width
from mocamba.rig.retarget.retarget import Retarget
from mocamba.rig.rotation import euler_to_quaternion
from mocamba.rig.skeleton import JOINTS, PARENTS, SMPL24, Skeleton, joint

from . import motions

ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
BODY = tuple(JOINTS[:22])


def turned(rng: np.random.Generator, *shape: int) -> Array:
    return normalise(rng.normal(size=(*shape, 4)))


def smpl_like(seed: int = 0, **changes: object) -> Bones:
    """Our joints, every bone rolled and pointing anywhere, on a root, with posed bones between some of them."""
    rng = np.random.default_rng(seed)
    names, parents, heads = ["root"], [-1], [np.zeros(3)]
    places = SMPL24.rest_positions() + np.array([0, SMPL24.pelvis_height, 0])
    for index, name in enumerate(BODY):
        parent = names.index(BODY[PARENTS[index]]) if index else 0
        if name in ("spine2", "left_elbow", "head"):
            names.append(f"{name} twist")
            parents.append(parent)
            heads.append((places[PARENTS[index]] + places[index]) / 2)
            parent = len(names) - 1
        names.append(name)
        parents.append(parent)
        heads.append(places[index])
    count = len(names)
    posed = np.tile([1.0, 0, 0, 0], (count, 1))
    for row, name in enumerate(names):
        if "twist" in name:
            posed[row] = from_rotation_vector(rng.uniform(-0.2, 0.2, 3))
    no = np.zeros(count, bool)
    parts = {"owner": "'Rig'", "names": tuple(names), "parents": tuple(parents), "rotations": turned(rng, count),
             "heads": np.array(heads), "lengths": np.full(count, 0.1), "posed": posed, "fixed": no,
             "armature_turn": no, "parent_move": no}  # fmt: skip
    return Bones(**parts | changes)  # type: ignore[arg-type]


def plain_map(**changes: str) -> BoneMap:
    return BoneMap("by hand", {name: name for name in BODY} | changes)


def evaluated(bones: Bones, retarget: Retarget, rotations: Array, location: Array) -> tuple[Array, Array]:
    """Armature-space rotations and heads `(N, …)` of one pose, bone by bone as Blender does it."""
    own = dict(zip(retarget.names, rotations, strict=True))
    turns, heads = np.zeros((len(bones.names), 4)), np.zeros((len(bones.names), 3))
    for row, (name, parent) in enumerate(zip(bones.names, bones.parents, strict=True)):
        basis = own.get(name, bones.posed[row])
        rest, head = bones.rotations[row], bones.heads[row]
        base, place = rest, head
        if parent >= 0:
            since = multiply(turns[parent], conjugate(bones.rotations[parent]))
            place = heads[parent] + rotate(since, head - bones.heads[parent])
            base = rest if bones.armature_turn[row] else multiply(since, rest)
        if name == retarget.moved:
            place = place + (rotate(turns[parent] if bones.parent_move[row] else base, location))
        turns[row], heads[row] = multiply(base, basis), place
    return turns, heads


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), *[st.booleans()] * 3, st.sampled_from([np.float32, np.float64]))
def test_every_joint_is_where_plain_kinematics_puts_it(
    seed: int, no_turn: bool, no_move: bool, posed: bool, kind: type
) -> None:
    bones = smpl_like(seed)
    if not posed:
        bones = replace(bones, posed=np.tile([1.0, 0, 0, 0], (26, 1)))
    if no_turn:
        bones = replace(bones, armature_turn=np.array([name == "neck" for name in bones.names]))
    if no_move:
        bones = replace(bones, parent_move=np.ones(len(bones.names), bool))
    retarget = Retarget(bones, plain_map(), SMPL24)
    rng = np.random.default_rng(seed)
    local, place = turned(rng, 24).astype(kind), rng.normal(size=3).astype(kind)
    pose = retarget.bound(evenly_timed(local[None], place[None], retarget.binding.target))
    turns, heads = evaluated(bones, retarget, pose.rotations[0], pose.location[0])
    # bones between that are posed make the rig's proportions other than ours; without, they are ours
    body = retarget.binding.target if posed else SMPL24
    scale = retarget.binding.scale if posed else 1.0
    expected = joint_positions(local_to_global(local.astype(np.float64)), place.astype(np.float64), body) * scale
    rows = [bones.index[name] for name in BODY]
    np.testing.assert_allclose(heads[rows] - (heads[rows[0]] - expected[0]), expected[:22], atol=2e-5)
    if not posed:
        np.testing.assert_allclose(heads[rows[0]], place, atol=2e-5)

    world = np.stack([turns[bones.index[name]] for name in retarget.names])[None]
    back = retarget.back(world, heads[None, bones.index["pelvis"]], 60)
    there, here = (local_to_global(q.astype(np.float64))[:22] for q in (back.rotations[0], local))
    apart = angle_between(there, here)
    assert np.degrees(apart).max() < 0.05
    np.testing.assert_allclose(back.translation[0], place, atol=2e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_live_and_whole_agree(seed: int) -> None:
    bones = smpl_like(seed)
    retarget = Retarget(bones, plain_map(), SMPL24.scaled_to(1.5), Fitting(feet=False, hands=False))
    motion = motions.wild(5, seed=seed)
    whole = retarget.motion(motion)
    for t in range(5):
        one = retarget.pose(motion.rotations[t], motion.translation[t])
        np.testing.assert_allclose(angle_between(one.rotations, whole.rotations[t]), 0, atol=1e-5)
        np.testing.assert_allclose(one.location, whole.location[t], atol=1e-5)


def test_a_bone_that_follows_against_the_order_of_joints() -> None:
    """As in Rigify: the pelvis' second bone hangs from the spine that it carries."""
    names = ("torso", "spine1", "lower", "left_hip", "left_knee", "left_ankle", "right_hip", "head")
    parents = (-1, 0, 1, 2, 3, 4, 2, 0)
    places = SMPL24.rest_positions() + np.array([0, SMPL24.pelvis_height, 0])
    heads = np.stack([places[3], places[3] + [0, 0.1, 0], places[3], *places[[1, 4, 7, 2, 15]]])
    rng, no = np.random.default_rng(3), np.zeros(len(names), bool)
    bones = Bones("'Rig'", names, parents, turned(rng, len(names)), heads, np.ones(len(names)),
                  np.tile([1.0, 0, 0, 0], (len(names), 1)), no, no, no)  # fmt: skip
    # the pelvis itself is a point of the lower bone that no mapped bone has as its head
    tip = replace(
        bones, names=(*names, "tip"), parents=(*parents, 2), rotations=turned(rng, 9), lengths=np.ones(9),
        heads=np.concatenate([heads, places[:1]]), posed=np.tile([1.0, 0, 0, 0], (9, 1)),
        fixed=np.zeros(9, bool), armature_turn=np.zeros(9, bool), parent_move=np.zeros(9, bool),
    )  # fmt: skip
    joints = {"pelvis": "torso"} | {n: n for n in names if n in JOINTS}
    retarget = Retarget(tip, BoneMap("", joints, {"lower": "pelvis"}, {"pelvis": "tip"}), SMPL24)
    local = turned(rng, 24)
    pose = retarget.bound(evenly_timed(local[None], np.array([[0.3, 1.0, -0.2]]), SMPL24))
    _, placed = evaluated(tip, retarget, pose.rotations[0], pose.location[0])
    expected = joint_positions(local_to_global(local), np.array([0.3, 1.0, -0.2]), SMPL24)
    np.testing.assert_allclose(placed[8], expected[0], atol=1e-5)
    np.testing.assert_allclose(placed[[3, 4, 5]], expected[[1, 4, 7]], atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([*ORDERS, "AXIS_ANGLE", "QUATERNION"]), st.floats(0.01, 4))
def test_channels_are_the_same_rotations_without_jumps(seed: int, mode: str, speed: float) -> None:
    rng = np.random.default_rng(seed)
    t = np.linspace(0, speed, 240)
    axis = np.stack([np.sin(t + rng.uniform(0, 6)), np.cos(1.3 * t), np.sin(0.7 * t)], axis=1) + rng.normal(size=3)
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    q = from_axis_angle(axis, 6 * np.sin(2 * t)) * rng.choice([-1, 1], size=(240, 1))
    values = rotation_channels(q, mode)
    if mode == "QUATERNION":
        again = values
    elif mode == "AXIS_ANGLE":
        again = from_axis_angle(values[:, 1:], values[:, 0])
    else:
        again = euler_to_quaternion(values[:, ["XYZ".index(letter) for letter in mode[::-1]]], mode[::-1])
    np.testing.assert_allclose(angle_between(again, q), 0, atol=1e-6)
    if mode in ORDERS:
        step = np.abs(np.diff(values, axis=0)).sum(axis=1)
        turn = angle_between(q[1:], q[:-1])
        middle = np.abs(np.cos(values[:, "XYZ".index(mode[1])]))
        assert (step <= 4 * turn / np.minimum(middle[1:], middle[:-1]).clip(1e-9) + 1e-6).all()
    if mode == "QUATERNION":
        assert (np.sum(values[1:] * values[:-1], axis=1) > 0).all()


@pytest.mark.parametrize("mode", [*ORDERS, "AXIS_ANGLE", "QUATERNION"])
def test_no_rotation_at_all_is_a_channel_too(mode: str) -> None:
    still = rotation_channels(np.tile([1.0, 0, 0, 0], (5, 1)), mode)
    assert np.isfinite(still).all()
    assert (np.diff(still, axis=0) == 0).all()
    starting = np.concatenate([np.tile([1.0, 0, 0, 0], (3, 1)), from_axis_angle(np.eye(3)[[1]], np.array([0.2]))])
    assert np.isfinite(rotation_channels(starting, mode)).all()


def test_axis_angle_turns_on_past_half_a_turn() -> None:
    angle = np.linspace(0.1, 15, 400)
    values = rotation_channels(from_axis_angle(np.eye(3)[[2]], angle), "AXIS_ANGLE")
    np.testing.assert_allclose(values[:, 0] * values[:, 3], angle, atol=1e-9)


# ---- maps


MAP = BoneMap("Rigify", {"pelvis": "torso", "left_hip": "thigh_fk.L"}, {"spine_fk": "pelvis"}, {"pelvis": "ORG-spine"},
              (Switch("thigh_parent.L", "IK_FK", 1.0),))  # fmt: skip


def test_a_map_comes_back_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "Ünïcode rig.json"
    save_map(MAP, path)
    assert load_map(path) == MAP
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    with pytest.raises(BadInputError, match=r"\.json"):
        save_map(MAP, tmp_path / "map.txt")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "no bone map"),
        ('{"bones": {"pelvis": "Hips"}}', "no bone map"),
        ('{"format": "other"}', "no bone map"),
        ('{"format": "mocamba-bone-map"}', "version None"),
        ('{"format": "mocamba-bone-map", "version": true}', "version True"),
        ('{"format": "mocamba-bone-map", "version": 2, "bones": {}}', "newer Mocamba.*Update Mocamba"),
        ('{"format": "mocamba-bone-map", "version": 1, "bones": []}', "'bones'"),
        ('{"format": "mocamba-bone-map", "version": 1, "bones": {"pelvis": 7}}', "'bones'"),
        ('{"format": "mocamba-bone-map", "version": 1, "bones": {"tail": "Tail"}}', "none of SMPL's: tail"),
        ('{"format": "mocamba-bone-map", "version": 1, "bones": {"pelvis": "A", "neck": "A"}}', "'?A'? two joints"),
        ('{"format": "mocamba-bone-map", "version": 1, "bones": {}, "switches": [1]}', "'switches'"),
        ('{"format": "mocamba-bone-map", "version": 1, "switches": [{"bone": "a", "property": "b", "value": "1"}]}',
         "'switches'"),
    ],
)  # fmt: skip
def test_bad_maps_say_why_and_what_to_do(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=said) as caught:
        load_map(path)
    assert str(caught.value).count("\n") == 0
    assert str(path) in str(caught.value)
    assert caught.value.remedy


def test_map_files_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="does not exist"):
        load_map(tmp_path / "none.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00\x81" * 10)
    with pytest.raises(FileFormatError, match="no text"):
        load_map(tmp_path / "binary.json")
    with pytest.raises(FileFormatError, match="cannot be read"):
        load_map(tmp_path)
    (tmp_path / "big.json").write_bytes(b" " * 1_100_000)
    with pytest.raises(FileFormatError, match="too large"):
        load_map(tmp_path / "big.json")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_maps_fail_only_as_bad_files(data: st.DataObject) -> None:
    text = map_to_json(MAP)
    at = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:at] + data.draw(st.text(max_size=3)) + text[at + data.draw(st.integers(0, 5)) :]
    try:
        found = map_from_json(damaged)
    except FileFormatError:
        return
    assert map_from_json(map_to_json(found)) == found


def test_a_shared_map_fits_another_name_space() -> None:
    fitted = BoneMap("", {"pelvis": "mixamorig:Hips", "head": "mixamorig:Head"}).fitted_to(("mixamorig7:Hips", "Tail"))
    assert fitted.bones == {"pelvis": "mixamorig7:Hips"}
    json.loads(map_to_json(fitted))


# ---- rigs that cannot be used


def renamed(bones: Bones, **names: str) -> Bones:
    return replace(bones, names=tuple(names.get(name, name) for name in bones.names))


def test_an_armature_without_a_person_in_it() -> None:
    bones = replace(smpl_like(), names=tuple(f"thing{k}" for k in range(26)), parents=(-1, *range(25)))
    with pytest.raises(BadInputError, match=r"'Rig' has no bones that are named or arranged like.*Bone Map"):
        detect(bones)


def test_two_skeletons_in_one_armature() -> None:
    one = smpl_like()
    other = replace(one, names=tuple(f"second:{name}" for name in one.names))
    both = replace(
        one, names=one.names + other.names,
        parents=one.parents + tuple(p + len(one.names) if p >= 0 else -1 for p in one.parents),
        **{key: np.concatenate([getattr(one, key)] * 2) for key in
           ("rotations", "heads", "lengths", "posed", "fixed", "armature_turn", "parent_move")},
    )  # fmt: skip
    with pytest.raises(BadInputError, match=r"two skeletons, under 'root' and 'second:root'.*Separate"):
        detect(both)


def test_bones_under_two_roots() -> None:
    bones = smpl_like()
    cut = replace(bones, parents=tuple(-1 if name == "left_hip" else p
                                       for name, p in zip(bones.names, bones.parents, strict=True)))  # fmt: skip
    with pytest.raises(BadInputError, match=r"two roots, 'root' and 'left_hip'.*Ctrl P"):
        Retarget(cut, plain_map(), SMPL24)


def test_locked_driven_and_lengthless_bones_are_told() -> None:
    bones = smpl_like()
    lengths = np.where([name == "neck" for name in bones.names], 0.0, 0.1)
    bones = replace(bones, locked=frozenset({"left_wrist"}), driven=frozenset({"head"}), lengths=lengths)
    retarget = Retarget(bones, plain_map(), SMPL24)
    said = " ".join(retarget.binding.warnings)
    assert "'neck' has no length" in said
    assert "'left_wrist' has its rotation locked" in said
    assert "'head' is turned by a constraint" in said
    assert "No bone for neck, left hand" in said
    assert not {"neck", "left_wrist"} & set(retarget.names)


@pytest.mark.parametrize(
    "without", [("left_elbow",), ("right_knee", "right_ankle"), ("head",), ("left_hip", "right_hip")]
)
def test_missing_limbs_are_told_and_the_rest_moves(without: tuple[str, ...]) -> None:
    found = BoneMap("", {name: name for name in BODY if name not in without})
    retarget = Retarget(smpl_like(), found, SMPL24)
    assert all(bone_word(name) in " ".join(retarget.binding.warnings) for name in without)
    pose = retarget.motion(motions.walk(0.5))
    assert np.isfinite(pose.rotations).all()
    assert np.isfinite(pose.location).all()


def test_a_map_that_names_nothing_here() -> None:
    with pytest.raises(BadInputError, match=r"names 0 bones of this rig.*Use Detect"):
        Retarget(smpl_like(), BoneMap("", {"pelvis": "Hips"}), SMPL24)


@pytest.mark.parametrize(
    "at_one",
    [
        ("left_knee", "left_ankle", "left_hip"),
        ("left_hip", "right_hip"),
        ("head", "neck", "spine1", "spine2", "spine3"),
    ],
)
def test_joints_in_one_place_give_no_direction(at_one: tuple[str, ...]) -> None:
    bones = smpl_like(posed=np.tile([1.0, 0, 0, 0], (26, 1)))
    heads = bones.heads.copy()
    for name in at_one:
        heads[bones.index[name]] = heads[bones.index["pelvis"]]
    kept = ("pelvis", *at_one, "left_hip", "right_hip", "left_knee", "left_ankle")
    with pytest.raises(BadInputError, match=r"'Rig': .* in one place.*Choose"):
        Retarget(replace(bones, heads=heads), BoneMap("", {name: name for name in kept}), SMPL24)


# ---- proportions


def other_legs(thigh: float = 0.03, hips: float = 0.8, arms: float = 1.0) -> Skeleton:
    offsets = SMPL24.offsets.copy()
    for index, sign in ((4, -1), (5, -1), (7, 1), (8, 1)):
        offsets[index, 1] += sign * thigh
    offsets[[1, 2], 0] *= hips
    offsets[16:24] *= arms
    return replace(SMPL24, offsets=offsets)


def test_on_equal_proportions_nothing_changes() -> None:
    motion = motions.walk(2.0)
    fitted = Fit(SMPL24, SMPL24, SMPL24.pelvis_height).fitted(motion, Fitting())
    np.testing.assert_allclose(fitted.translation, motion.translation, atol=1e-6)
    assert np.degrees(angle_between(fitted.rotations.astype(float), motion.rotations.astype(float))).max() < 0.02


def squats() -> Motion:
    """Two in six seconds, one leg farther forward than the other, toes where they are."""
    bend = 30 - 30 * np.cos(np.linspace(0, 4 * np.pi, 360))
    turns = motions.posed(
        360,
        left_hip=("x", -bend - 15), left_knee=("x", 2 * bend + 5), left_ankle=("x", 10 - bend),
        right_hip=("x", 12 - bend), right_knee=("x", 2 * bend), right_ankle=("x", -12 - bend),
    )  # fmt: skip
    place = motions.grounded(turns, np.zeros((360, 3)), SMPL24)
    toes = evenly_timed(turns, place, SMPL24).joint_positions()[:, 10]
    return evenly_timed(turns, place - (toes - toes[0]) * [1, 0, 1], SMPL24)


@pytest.mark.parametrize("thigh", [-0.03, 0.03])
def test_feet_stay_on_the_floor_and_where_they_stood(thigh: float) -> None:
    motion, target = squats(), other_legs(thigh)
    loose = Fit(SMPL24, target, target.pelvis_height).fitted(motion, Fitting(False, False, False))
    firm = Fit(SMPL24, target, target.pelvis_height).fitted(motion, Fitting())

    def astray(fitted: object) -> Array:
        return fitted.joint_positions()[:, 10:12] - motion.joint_positions()[:, 10:12]  # type: ignore[attr-defined]

    touching = motion.joint_positions()[:, 10:12, 1] < SMPL24.sole_depth + 0.01
    assert touching.sum() > 60
    assert np.abs(astray(firm)[..., 1][touching]).max() < 0.01
    assert np.abs(astray(firm)[..., 1][touching]).max() < 0.7 * np.abs(astray(loose)[..., 1][touching]).max()
    turned_by = np.degrees(angle_between(local_to_global(firm.rotations.astype(float)),
                                         local_to_global(motion.rotations.astype(float))))  # fmt: skip
    assert turned_by.max() < 2
    stands = standing(estimate_contact(motion), motion.rate)
    both = stands[1:] & stands[:-1]
    drift, loose_drift = (np.abs(np.diff(astray(m)[..., [0, 2]], axis=0))[both].mean() for m in (firm, loose))
    assert both.sum() > 60
    assert drift < 0.1 * loose_drift


def test_hands_do_not_go_into_wider_hips() -> None:
    down, bent = np.full(60, 80.0), np.linspace(0, -20, 60)
    turns = motions.posed(60, left_shoulder=("z", -down), right_shoulder=("z", down), left_elbow=("y", bent))
    motion = evenly_timed(turns, np.tile([0, SMPL24.pelvis_height, 0], (60, 1)), SMPL24)
    wide = other_legs(0, hips=1.9)
    through = Fit(SMPL24, wide, wide.pelvis_height).fitted(motion, Fitting(hands=False))
    kept = Fit(SMPL24, wide, wide.pelvis_height).fitted(motion, Fitting())

    def depth(fitted: object) -> float:
        places = fitted.joint_positions().astype(float)  # type: ignore[attr-defined]
        return max(float((share * hip_width(wide) - from_line(places, hand, a, b)[0]).max())
                   for hand in HANDS for a, b, share in CAPSULES)  # fmt: skip

    assert depth(through) > 0.02
    assert depth(kept) < 0.01
    legs = [joint(name) for name in ("pelvis", "left_hip", "left_knee", "spine3", "head")]
    np.testing.assert_allclose(kept.rotations[:, legs], through.rotations[:, legs], atol=1e-6)
