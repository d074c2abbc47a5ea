"""Characters and bakes in a real Blender: what is keyed, what is left alone."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from mocamba.addon.bake_scene import BakeWish, action_curves, bake_motion, cut
from mocamba.addon.runtime import runtime
from mocamba.rig.amass import write_amass
from mocamba.rig.curve import Curve, Reduction, keys_of
from mocamba.rig.errors import BadInputError
from mocamba.rig.motion import Motion, evenly_timed
from mocamba.rig.quaternion import angle_between, from_rotation_vector, normalise
from mocamba.rig.resample import resample
from mocamba.rig.skeleton import SMPL24, joint

from . import motions
from .addon_stage import state_of_data, world_heads

PERFORMER = SMPL24.scaled_to(1.62)


@pytest.fixture
def motion() -> Motion:
    return motions.wild(240, skeleton=PERFORMER)


def character(blender: Any, height: float = 1.62) -> Any:
    blender.ops.mocamba.add_armature(height=height)
    return blender.context.scene.mocamba.armature


@pytest.mark.parametrize(("fps", "base"), [(24, 1.0), (25, 1.0), (24, 1.001), (30, 1.001), (60, 1.0)])
def test_a_bake_keeps_the_duration_at_every_rate(blender: Any, motion: Motion, fps: int, base: float) -> None:
    armature = character(blender)
    scene = blender.context.scene
    scene.render.fps, scene.render.fps_base = fps, base
    baked = bake_motion(armature, motion, "Walk", BakeWish(first_frame=7))
    expected = resample(motion, fps / base)
    assert baked.frames == len(expected)
    assert -1e-6 < motion.duration - baked.seconds < base / fps
    for row in (0, len(expected) // 2, len(expected) - 1):
        scene.frame_set(7 + row)
        assert np.abs(world_heads(armature) - expected.joint_positions()[row]).max() < 0.001
    action = blender.data.actions[baked.action]
    assert action.use_fake_user
    assert armature.animation_data.action == action
    assert armature.animation_data.action_slot is not None
    quaternions = [curve for curve in action_curves(action) if curve.data_path.endswith("rotation_quaternion")]
    assert len(quaternions) == 24 * 4
    values = np.array([[key.co[1] for key in curve.keyframe_points] for curve in quaternions[:4]])
    assert (np.sum(values[:, 1:] * values[:, :-1], axis=0) > 0).all()


def test_a_bake_changes_nothing_else(blender: Any, motion: Motion) -> None:
    armature = character(blender)
    armature.pose.bones["left_elbow"].rotation_mode = "XYZ"
    armature.pose.bones["head"].constraints.new("LIMIT_ROTATION").mute = True
    blender.context.scene.frame_set(40)
    bake_motion(armature, motion, "Old", BakeWish())
    blender.context.scene.frame_set(40)
    before = state_of_data()
    bake_motion(armature, motion, "New", BakeWish())
    after = state_of_data()
    assert ("Old", True) in after["actions"]  # it has no user any more, and is kept all the same
    assert {name for name, _ in after["actions"]} == {"Old", "New"}
    assert after["scene"] == before["scene"]
    for name, thing in before["objects"].items():
        assert after["objects"][name][0] == thing[0]
        assert after["objects"][name][3:] == thing[3:]
        modes = {bone: values[5:] for bone, values in (thing[1] or {}).items()}
        assert modes == {bone: values[5:] for bone, values in (after["objects"][name][1] or {}).items()}


def test_bones_in_other_rotation_modes_are_keyed_in_their_own(blender: Any, motion: Motion) -> None:
    armature = character(blender)
    armature.pose.bones["left_elbow"].rotation_mode = "ZYX"
    armature.pose.bones["right_knee"].rotation_mode = "AXIS_ANGLE"
    baked = bake_motion(armature, motion, "Walk", BakeWish())
    paths = {curve.data_path for curve in action_curves(blender.data.actions[baked.action])}
    assert 'pose.bones["left_elbow"].rotation_euler' in paths
    assert 'pose.bones["right_knee"].rotation_axis_angle' in paths
    expected = resample(motion, 24)
    blender.context.scene.frame_set(31)
    assert np.abs(world_heads(armature) - expected.joint_positions()[30]).max() < 0.001


def test_an_nla_strip_leaves_the_active_action(blender: Any, motion: Motion) -> None:
    armature = character(blender)
    bake_motion(armature, motion, "Own", BakeWish())
    own, slot = armature.animation_data.action, armature.animation_data.action_slot
    baked = bake_motion(armature, motion, "Strip", BakeWish(first_frame=50, nla=True))
    animation = armature.animation_data
    assert (animation.action, animation.action_slot) == (own, slot)
    strip = animation.nla_tracks[0].strips[0]
    assert strip.action.name == baked.action
    assert strip.action_slot is not None
    assert strip.frame_start == 50


def test_reduced_keys_stay_within_their_bounds(blender: Any) -> None:
    motion = motions.walk(4.0, skeleton=PERFORMER)
    armature = character(blender)
    dense = bake_motion(armature, motion, "Dense", BakeWish())
    scene, places, turns = blender.context.scene, {}, {}
    baked = bake_motion(armature, motion, "Few", BakeWish(reduction=Reduction(1.0, 3.0)))
    assert baked.keys < dense.keys / 2
    for name in (dense.action, baked.action):
        armature.animation_data.action = blender.data.actions[name]
        armature.animation_data.action_slot = blender.data.actions[name].slots[0]
        places[name], turns[name] = [], []
        for frame in range(1, dense.frames + 1):
            scene.frame_set(frame)
            places[name].append(tuple(armature.pose.bones["pelvis"].location))
            turns[name].append([tuple(bone.rotation_quaternion) for bone in armature.pose.bones])
    apart = np.array(turns[dense.action]), np.array(turns[baked.action])
    assert np.degrees(angle_between(*map(normalise, apart))).max() < 1.01
    away = np.array(places[dense.action]) - np.array(places[baked.action])
    assert np.linalg.norm(away, axis=1).max() < 0.00301


def test_reduction_of_a_straight_line_keeps_its_ends() -> None:
    line = Curve('pose.bones["pelvis"].location', "pelvis", np.linspace([0, 0, 0], [1, 2, 3], 50))
    assert keys_of(line, Reduction()).tolist() == [0, 49]
    assert keys_of(Curve(line.data_path, "pelvis", line.values[:1]), Reduction()).tolist() == [0]
    assert keys_of(Curve(line.data_path, "pelvis", np.repeat(line.values, 4, axis=0) * 0), Reduction()).tolist() == [
        0,
        64,
        128,
        192,
        199,
    ]
    assert keys_of(line, None).tolist() == list(range(50))
    jump = Curve(line.data_path, "pelvis", np.where(np.arange(50)[:, None] == 20, 1.0, 0.0) * [1, 0, 0])
    assert {19, 20, 21} <= set(keys_of(jump, Reduction()).tolist())


def test_a_part_and_in_place(blender: Any) -> None:
    motion = motions.walk(4.0, skeleton=PERFORMER)
    armature = character(blender)
    baked = bake_motion(armature, motion, "Part", BakeWish(part=(1.0, 2.5), in_place=True))
    assert baked.seconds == pytest.approx(1.5, abs=1 / 24)
    travelled = []
    for frame in range(1, baked.frames + 1):
        blender.context.scene.frame_set(frame)
        travelled.append(world_heads(armature)[0])
    assert np.ptp(np.array(travelled)[:, [0, 2]], axis=0).max() < 1e-5
    assert np.ptp(np.array(travelled)[:, 1]) > 0.001
    with pytest.raises(BadInputError, match=r"is 3\.98 s long"):
        cut(motion, 9, 10)


def test_a_character_of_another_size_stands_on_the_floor(blender: Any) -> None:
    motion = motions.walk(2.0, skeleton=SMPL24.scaled_to(1.5))
    armature = character(blender, height=2.0)
    baked = bake_motion(armature, motion, "Tall", BakeWish())
    sole = SMPL24.scaled_to(2.0).sole_depth
    for frame in range(1, baked.frames + 1, 5):
        blender.context.scene.frame_set(frame)
        lowest = world_heads(armature)[[10, 11], 1].min() - sole
        assert -0.01 < lowest < 0.06  # the walk's own feet roll by that much


def test_the_build_slider_makes_the_body_stouter(blender: Any) -> None:
    blender.ops.mocamba.add_armature(height=1.7, build=1.3)
    blender.ops.mocamba.add_armature(height=1.7, build=1.0)
    stout, slim = (np.array([v.co for v in blender.data.objects[name].data.vertices]) for name in ("Body", "Body.001"))
    waist = np.abs(slim[:, 1] - 1.1) < 0.03
    assert np.ptp(stout[waist, 2]) > 1.2 * np.ptp(slim[waist, 2])
    assert np.ptp(stout[:, 1]) == pytest.approx(np.ptp(slim[:, 1]), rel=0.03)


def test_armatures_of_other_shape_with_smpl_names(blender: Any, motion: Motion) -> None:
    """Z up, in centimetres, with a bone above the pelvis and rolled bones: as other add-ons build them."""
    ours = character(blender)
    heads = world_heads(ours)
    other = blender.data.objects.new("Other", blender.data.armatures.new("Other"))
    blender.context.scene.collection.objects.link(other)
    other.scale = (0.01,) * 3
    blender.context.view_layer.objects.active = other
    blender.ops.object.mode_set(mode="EDIT")
    bones, random = other.data.edit_bones, np.random.default_rng(3)
    root = bones.new("root")
    root.head, root.tail = (0, 0, 0), (0, 10, 0)
    for bone in ours.data.bones:
        made = bones.new(bone.name)
        x, y, z = 100 * heads[joint(bone.name)]
        made.head = (x, -z, y)
        made.tail = made.head + made.head.__class__(random.normal(size=3) * 5)
        made.roll = random.uniform(-3, 3)
        made.parent = bones[bone.parent.name] if bone.parent else root
    blender.ops.object.mode_set(mode="OBJECT")
    for bone in other.pose.bones:
        bone.rotation_mode = "QUATERNION"
    bake_motion(other, motion, "Other", BakeWish())
    expected = resample(motion, 24)
    for row in (0, 17, 60):
        blender.context.scene.frame_set(1 + row)
        assert np.abs(world_heads(other) - expected.joint_positions()[row]).max() < 0.002


def test_the_operator_makes_one_undo_step(blender: Any, motion: Motion, tmp_path: Path) -> None:
    character(blender)
    write_amass(motion, tmp_path / "Täke 1.npz")
    blender.ops.ed.undo_push(message="before")
    blender.ops.mocamba.bake(path=str(tmp_path / "Täke 1.npz"), reduce=True)
    blender.ops.ed.undo_push(message="baked")  # the operator's own step is the window manager's, absent here
    assert "Täke 1" in blender.data.actions
    blender.ops.ed.undo()
    assert "Täke 1" not in blender.data.actions


def test_a_bake_takes_as_many_steps_for_more_frames(blender: Any) -> None:
    """Keys are written a curve at a time; frame by frame, and by `keyframe_insert`, Blender takes the square of their
    number. What it takes in seconds: benchmarks/addon.py."""
    armature = character(blender)
    t = np.arange(12_000) / 60
    swing = np.sin(t[:, None, None] * np.linspace(1, 3, 24)[:, None] + np.arange(3))
    place = np.stack([np.sin(t), 0.9 + 0 * t, np.cos(t)], axis=1)
    motion = evenly_timed(from_rotation_vector(0.5 * swing), place, SMPL24)
    blender.context.scene.render.fps = 60
    parts = [cut(motion, 0, (frames - 1) / 60) for frames in (30, 6_000, 12_000)]
    _, some, twice = (steps(lambda part=part: bake_motion(armature, part, "Long", BakeWish())) for part in parts)  # type: ignore[misc]
    assert twice < some + 100


def steps(work: Callable[[], object]) -> int:
    """Lines of Python that `work` runs, each turn of a loop anew."""
    count = 0

    def counted(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return counted

    before = sys.gettrace()
    sys.settrace(counted)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def test_constraints_that_hold_bones_are_told(blender: Any, motion: Motion, tmp_path: Path) -> None:
    armature = character(blender)
    armature.pose.bones["head"].constraints.new("LIMIT_ROTATION")
    armature.pose.bones["left_foot"].lock_rotation = (True, True, True)
    write_amass(motion, tmp_path / "a.npz")
    blender.ops.mocamba.bake(path=str(tmp_path / "a.npz"))
    assert "Constraints hold head, so" in runtime.message
    blender.context.scene.frame_set(30)
    assert tuple(armature.pose.bones["left_foot"].rotation_quaternion) != (1, 0, 0, 0)
    assert tuple(armature.pose.bones["left_foot"].lock_rotation) == (True, True, True)


def test_a_linked_character_is_baked_once_it_is_overridden(blender: Any, motion: Motion, tmp_path: Path) -> None:
    character(blender)
    library = tmp_path / "bibliothek ü.blend"
    blender.ops.wm.save_as_mainfile(filepath=str(library))
    library.chmod(0o444)
    blender.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with blender.data.libraries.load(str(library), link=True) as (_, into):
        into.objects = ["Performer"]
    linked = into.objects[0]
    blender.context.scene.collection.objects.link(linked)
    write_amass(motion, tmp_path / "a.npz")
    with pytest.raises(RuntimeError, match="Make a library override"):
        blender.ops.mocamba.bake(path=str(tmp_path / "a.npz"), armature=linked.name)
    assert not blender.data.actions
    own = linked.override_create(remap_local_usages=True)
    blender.context.scene.mocamba.armature = own
    blender.ops.mocamba.demo()
    assert runtime.preview is not None
    assert runtime.preview.trouble == ""
    blender.ops.mocamba.bake(path=str(tmp_path / "a.npz"))
    assert own.animation_data.action.name == "a"


def test_no_character_and_no_bones(blender: Any, motion: Motion, tmp_path: Path) -> None:
    write_amass(motion, tmp_path / "a.npz")
    with pytest.raises(RuntimeError, match="no character to bake to"):
        blender.ops.mocamba.bake(path=str(tmp_path / "a.npz"))
    with pytest.raises(RuntimeError, match="no character to show it on"):
        blender.ops.mocamba.preview_take(path=str(tmp_path / "a.npz"))
    with pytest.raises(RuntimeError, match="No armature is selected"):
        blender.ops.mocamba.find_armature()
    blender.ops.mocamba.add_armature()
    blender.context.scene.mocamba.armature = None
    blender.ops.mocamba.find_armature()
    assert blender.context.scene.mocamba.armature.name == "Performer"


def test_a_rig_in_tweak_mode_is_told(blender: Any, motion: Motion) -> None:
    armature = character(blender)
    bake_motion(armature, motion, "Strip", BakeWish(nla=True))
    animation = armature.animation_data
    animation.nla_tracks[0].strips[0].select = True
    animation.nla_tracks.active = animation.nla_tracks[0]
    animation.use_tweak_mode = True
    with pytest.raises(BadInputError, match="Leave tweak mode"):
        bake_motion(armature, motion, "Two", BakeWish())
    assert "Two" not in blender.data.actions


@pytest.mark.parametrize(("version", "said"), [(None, "has no NumPy"), ("1.20.1", r"NumPy is 1\.20\.1")])
def test_a_blender_whose_numpy_does_not_fit(version: str | None, said: str) -> None:
    """In a Blender of its own: one panel says what is wrong, and nothing raises."""
    pytest.importorskip("bpy")
    stub = "sys.modules['numpy'] = None" if version is None else f"import numpy; numpy.__version__ = {version!r}"
    code = (
        f"import sys; import bpy; {stub}; import mocamba; mocamba.register()\n"
        "print(bpy.types.MOCAMBA_PT_trouble.trouble, hasattr(bpy.types.Scene, 'mocamba'))\n"
        "mocamba.unregister()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(said, done.stdout)
    assert "False" in done.stdout
