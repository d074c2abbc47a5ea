"""BVH files: round trips, other programs' skeletons, Blender's own exporter as a second opinion, bad files."""

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.rig.amass import write_amass
from mocamba.rig.bvh import read_bvh, write_bvh
from mocamba.rig.errors import BadInputError, FileFormatError
from mocamba.rig.foreign import ForeignMotion, adopt
from mocamba.rig.joint_names import NAME_TABLES, match_names
from mocamba.rig.kinematics import joint_positions, local_to_global
from mocamba.rig.motion import Motion, evenly_timed
from mocamba.rig.quaternion import Array, angle_between, conjugate, from_axis_angle, multiply, rotate
from mocamba.rig.skeleton import JOINTS, PARENTS, SMPL24, joint

from . import motions


def gap(a: Motion, b: Motion) -> float:
    """Largest distance between joints, metres."""
    return float(np.abs(a.joint_positions() - b.joint_positions()).max())


@pytest.mark.parametrize("rate", [30.0, 59.94, 100.0])
def test_our_file_comes_back(tmp_path: Path, rate: float) -> None:
    motion = motions.wild(40, rate, skeleton=SMPL24.scaled_to(1.55))
    write_bvh(motion, tmp_path / "Tänzer's walk.bvh")
    back = read_bvh(tmp_path / "Tänzer's walk.bvh")
    assert gap(motion, back) < 1e-5
    assert angle_between(motion.rotations, back.rotations).max() < 1e-4
    assert np.abs(back.t_ns - motion.t_ns).max() < 1000
    np.testing.assert_allclose(back.skeleton.offsets, motion.skeleton.offsets, atol=1e-6)
    np.testing.assert_allclose(back.skeleton.ends, motion.skeleton.ends, atol=1e-6)


EXPORT = """
import sys, bpy
from mocamba.rig.amass import read_amass
from mocamba.rig.blender.child import build_scene
from mocamba.rig.frame_rate import FrameRate
motion = read_amass(sys.argv[1])
build_scene(motion, FrameRate(60), "Take")
bpy.context.view_layer.objects.active = bpy.data.objects["Take"]
bpy.ops.export_anim.bvh(filepath=sys.argv[2], frame_start=1, frame_end=len(motion), rotate_mode=sys.argv[3],
                        root_transform_only=True)
"""


@pytest.mark.parametrize("order", ["NATIVE", "XYZ", "ZYX"])
def test_blenders_own_export_reads_back_to_a_millimetre(tmp_path: Path, order: str) -> None:
    if find_spec("bpy") is None:
        pytest.skip("bpy is not installed")
    motion = motions.walk(1.5)
    write_amass(motion, tmp_path / "a.npz")
    command = [sys.executable, "-c", EXPORT, str(tmp_path / "a.npz"), str(tmp_path / "a.bvh"), order]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (tmp_path / "a.bvh").exists(), done.stdout + done.stderr
    back = read_bvh(tmp_path / "a.bvh")
    assert len(back) == len(motion)
    assert back.rate == pytest.approx(60, rel=1e-3)
    assert gap(motion, back) < 0.001
    assert angle_between(motion.rotations, back.rotations).max() < np.radians(0.1)


def disguised(motion: Motion, names: tuple[str, ...], rest: Array, world: Array, unit: float) -> ForeignMotion:
    """The same movement as another program would write it.

    `rest (24, 4)`: its rest pose, as world rotations of our T-pose's bones; `world (4,)` turns its axes from ours.
    """
    rest = multiply(world, rest)
    parents = list(PARENTS[1:])
    offsets = np.zeros((24, 3))
    offsets[1:] = rotate(rest[parents], motion.skeleton.offsets[1:].astype(np.float64)) / unit
    turns = multiply(world, local_to_global(motion.rotations.astype(np.float64)))
    places = joint_positions(turns, rotate(world, motion.translation.astype(np.float64)), motion.skeleton) / unit
    return ForeignMotion(
        path=Path("other.bvh"),
        names=names,
        parents=PARENTS,
        offsets=offsets,
        ends={15: rotate(rest[15], motion.skeleton.ends[0].astype(np.float64)) / unit},
        global_rotations=multiply(turns, conjugate(rest)),
        positions=places,
        rate=motion.rate,
    )


T_POSE = np.tile([1.0, 0, 0, 0], (24, 1))
Z_UP = from_axis_angle(np.array([1.0, 0, 0]), np.array(np.pi / 2))


def a_pose(degrees: float) -> Array:
    rest = T_POSE.copy()
    for side, sign in (("left", -1), ("right", 1)):
        for part in ("shoulder", "elbow", "wrist", "hand"):
            rest[joint(f"{side}_{part}")] = from_axis_angle(np.array([0, 0, 1.0]), np.radians(np.array(sign * degrees)))
        for part in ("hip", "knee"):
            rest[joint(f"{side}_{part}")] = from_axis_angle(np.array([0, 0, 1.0]), np.radians(np.array(-sign * 7.0)))
    return rest


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 99),
    arms=st.floats(0, 85),
    z_up=st.booleans(),
    unit=st.sampled_from([1.0, 0.01, 0.0254, 0.001]),
    height=st.floats(1.2, 2.1),
)
def test_units_axes_and_rest_poses_are_seen_through(
    seed: int, arms: float, z_up: bool, unit: float, height: float
) -> None:
    motion = motions.wild(5, seed=seed, skeleton=SMPL24.scaled_to(height))
    motion = replace(motion, rotations=np.concatenate([motions.posed(5)[:, :1], motion.rotations[:, 1:]], axis=1))
    world = Z_UP if z_up else T_POSE[0]
    back = adopt(disguised(motion, JOINTS, a_pose(arms), world, unit))
    assert gap(motion, back) < 1e-4
    assert angle_between(motion.rotations.astype(np.float64), back.rotations.astype(np.float64)).max() < 2e-3
    np.testing.assert_allclose(back.skeleton.offsets, motion.skeleton.offsets, atol=1e-4)


SIDED = ("UpLeg", "Leg", "Foot", "ToeBase", "Shoulder", "Arm", "ForeArm", "Hand", "HandMiddle1")
OURS = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist", "hand")
TRUNK = {"pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head"}
LIMBS = {f"{side.lower()}_{a}": side + b for side in ("Left", "Right") for a, b in zip(OURS, SIDED, strict=True)}
MIXAMO = tuple(f"mixamorig:{(TRUNK | LIMBS)[name]}" for name in JOINTS)


def test_a_file_whose_motion_is_z_up_on_a_y_up_rest_pose() -> None:
    motion = motions.walk(0.5)
    turned = disguised(motion, JOINTS, T_POSE, T_POSE[0], 1.0)
    turned = replace(
        turned,
        global_rotations=multiply(Z_UP, turned.global_rotations),
        positions=rotate(Z_UP, turned.positions),
    )
    assert gap(motion, adopt(turned)) < 1e-4


def test_lying_down_all_the_time_is_lying_down() -> None:
    rotations = motions.posed(20, pelvis=("x", -88.0))
    place = np.tile([0.0, 0.12, 0.4], (20, 1))
    motion = evenly_timed(rotations, place, SMPL24)
    assert gap(motion, adopt(disguised(motion, JOINTS, T_POSE, T_POSE[0], 0.01))) < 1e-4


def test_mixamo_names_that_mean_other_joints_in_smpl() -> None:
    motion = motions.walk(0.5)
    back = adopt(disguised(motion, MIXAMO, a_pose(40), T_POSE[0], 0.01))
    known = list(range(22))
    np.testing.assert_allclose(back.joint_positions()[:, known], motion.joint_positions()[:, known], atol=1e-4)


@pytest.mark.parametrize("table", NAME_TABLES, ids=lambda table: table.convention)
def test_every_convention_is_told_from_the_others(table: object) -> None:
    joints = table.joints()  # type: ignore[attr-defined]
    first: dict[int, str] = {}
    for name, index in joints.items():
        first.setdefault(index, name)
    found = match_names(list(first.values()))
    assert {index: list(first.values())[place] for index, place in found.items()} == first


def test_missing_joints_are_named() -> None:
    motion = motions.walk(0.1)
    names = tuple("thing" if name in ("left_knee", "right_wrist") else name for name in JOINTS)
    with pytest.raises(FileFormatError, match="left_knee, right_wrist"):
        adopt(disguised(motion, names, T_POSE, T_POSE[0], 1.0))


@pytest.mark.parametrize("without", ["spine2", "spine3", "neck", "head", "left_foot", "left_collar", "left_hand"])
def test_joints_that_others_can_stand_in_for(without: str) -> None:
    """The rest of the body stays where it was when a joint that did not move is unknown."""
    rotations = motions.wild(3).rotations.copy()
    rotations[:, 0] = [1, 0, 0, 0]
    rotations[:, joint(without)] = [1, 0, 0, 0]
    rotations[:, [3, 6, 9, 12]] = [1, 0, 0, 0]
    motion = replace(motions.wild(3), rotations=rotations)
    names = tuple("thing" if name == without else name for name in JOINTS)
    back = adopt(disguised(motion, names, T_POSE, T_POSE[0], 0.01))
    seen = [joint(f"{side}_{part}") for side in ("left", "right") for part in ("elbow", "wrist", "ankle")]
    np.testing.assert_allclose(back.joint_positions()[:, seen], motion.joint_positions()[:, seen], atol=1e-4)
    assert np.isfinite(back.joint_positions()).all()


def test_a_rest_pose_that_faces_elsewhere_is_turned() -> None:
    motion = motions.walk(0.3)
    quarter = from_axis_angle(np.array([0, 1.0, 0]), np.array(np.pi / 2))
    back = adopt(disguised(motion, JOINTS, T_POSE, quarter, 1.0))
    turned = rotate(conjugate(quarter), back.joint_positions().astype(np.float64))
    np.testing.assert_allclose(turned, motion.joint_positions(), atol=1e-4)


@pytest.fixture
def text(tmp_path: Path) -> str:
    write_bvh(motions.walk(0.5), tmp_path / "good.bvh")
    return (tmp_path / "good.bvh").read_text()


BROKEN = {
    "empty": (lambda t: "", "cut off or empty"),
    "not bvh": (lambda t: "x,y,z\n1,2,3\n", "not a BVH"),
    "skeleton cut off": (lambda t: t[:400], "cut off|OFFSET|CHANNELS|ends too early"),
    "frames cut off": (lambda t: t[: int(len(t) * 0.8)], "cut off: it holds"),
    "no frames": (lambda t: t.replace("Frames: 30", "Frames: 0"), "no frames"),
    "nan": (lambda t: t.rstrip("\n").rsplit(" ", 1)[0] + " nan\n", r"not a number.*frame 30"),
    "words": (lambda t: t.rstrip("\n").rsplit(" ", 1)[0] + " abc\n", "other than numbers"),
    "frame time": (lambda t: t.replace("Frame Time: 0.0", "Frame Time: -0.0"), "a frame lasts"),
    "no frame time": (lambda t: t.replace("Frame Time: ", "Frame Tim: "), "Frame Time: NUMBER"),
    "channels": (lambda t: t.replace("CHANNELS 3", "CHANNELS 4", 1), "CHANNELS line"),
    "offset": (lambda t: t.replace("OFFSET", "OFFSET a", 2), "three numbers"),
    "giant": (lambda t: t.replace("OFFSET 0.000000 -", "OFFSET 0.000000 -90000"), "legs"),
    "renamed": (lambda t: t.replace("left_knee", "bone 7"), "left_knee"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_unusable_files_say_why_in_one_line(case: str, text: str, tmp_path: Path) -> None:
    spoil, says = BROKEN[case]
    path = tmp_path / "bad.bvh"
    path.write_text(spoil(text))
    with pytest.raises(FileFormatError, match=says) as caught:
        read_bvh(path)
    assert "\n" not in str(caught.value)


def test_fuzzed_files_fail_only_as_bad_files(text: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "bad.bvh"
    words = [
        "{",
        "}",
        "JOINT x",
        "End Site",
        "OFFSET 1 2",
        "CHANNELS 1 Xrotation",
        "MOTION",
        "nan",
        "9e999",
        "\x00",
        "",
    ]
    lines = text.splitlines()
    for _ in range(150):
        spoiled = list(lines)
        for place in rng.integers(0, 160, rng.integers(1, 4)):
            spoiled[place] = words[rng.integers(len(words))]
        path.write_text("\n".join(spoiled))
        try:
            read_bvh(path)
        except FileFormatError:
            continue


def test_small_liberties_of_other_writers(text: str, tmp_path: Path) -> None:
    """A missing blank after 'Frames:', CRLF, a trailing blank line."""
    path = tmp_path / "liberties.BVH"
    path.write_bytes(text.replace("Frames: ", "Frames:").replace("\n", "\r\n").encode() + b"\r\n\r\n")
    assert len(read_bvh(path)) == 30


def test_wrong_names(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"not a \.bvh"):
        read_bvh(tmp_path / "a.fbx")
    with pytest.raises(FileFormatError, match="does not exist"):
        read_bvh(tmp_path / "a.bvh")
    with pytest.raises(BadInputError, match=r"has to end in \.bvh"):
        write_bvh(motions.walk(0.1), tmp_path / "a.txt")
