"""Rigs in the add-on: flags and constraints that rigs have, linked and overridden ones, operators, and refusals."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mocamba.addon.bake_scene import BakeWish, bake_motion
from mocamba.addon.mapping_panel import draw_map
from mocamba.addon.pose_target import target_for
from mocamba.addon.rig_binding import MappedTarget, keep_map, kept_map, read_bones
from mocamba.rig.errors import BadInputError, FileFormatError
from mocamba.rig.retarget.bone_map import load_map
from mocamba.rig.retarget.detect import detect
from mocamba.rig.skeleton import SMPL24

from . import motions
from .addon_stage import state_of_data


@pytest.fixture
def rigs(blender: Any) -> Any:
    from . import rigs  # which needs bpy

    return rigs


@pytest.fixture
def mixamo(rigs: Any) -> Any:
    return rigs.build("Character", rigs.MIXAMO)


def edited(blender: Any, armature: Any, change: Any) -> None:
    blender.context.view_layer.objects.active = armature
    blender.ops.object.mode_set(mode="EDIT")
    change(armature.data.edit_bones)
    blender.ops.object.mode_set(mode="OBJECT")


def test_flags_of_bones_and_parents_of_the_object(blender: Any, rigs: Any) -> None:
    from .rig_measures import Subject, measured

    armature = rigs.build("Odd", rigs.FAMILIES["UE4"])
    armature.data.bones["neck_01"].use_inherit_rotation = False
    armature.data.bones["upperarm_l"].use_inherit_rotation = False
    armature.data.bones["pelvis"].use_local_location = False
    holder = blender.data.objects.new("Holder", None)
    blender.context.scene.collection.objects.link(holder)
    holder.rotation_euler, holder.location = (0, 0, 1.1), (4, 5, 0)
    armature.parent = holder
    blender.context.view_layer.update()
    armature.pose.bones["upperarm_twist_01_l"].rotation_quaternion = (0.9, 0.1, 0.3, 0.2)
    found = measured(Subject(armature, rigs.FAMILIES["UE4"].bones(), rigs.Z_UP), motions.showcase())
    assert max(found["live"]["limbs"].values()) < 0.05
    assert found["live"]["back"] < 0.05
    assert found["baked"]["floor"] < 0.01


def test_a_pelvis_that_is_joined_to_a_root_is_moved_by_the_root(blender: Any, rigs: Any) -> None:
    from .rig_measures import Subject, measured

    armature = rigs.build("Joined", rigs.FAMILIES["MetaHuman"])

    def join(bones: Any) -> None:
        bones["root"].tail = bones["pelvis"].head
        bones["pelvis"].use_connect = True

    edited(blender, armature, join)
    family = rigs.FAMILIES["MetaHuman"]
    target = MappedTarget(armature, SMPL24)
    assert target.retarget.moved == "root"
    found = measured(Subject(armature, family.bones(), rigs.Z_UP), motions.walk(2.0))
    assert found["baked"]["floor"] < 0.01
    assert found["live"]["back"] < 0.05


def test_posed_bones_between_are_seen_through(blender: Any, rigs: Any) -> None:
    from .rig_measures import Subject, measured

    family = rigs.FAMILIES["DAZ Genesis 8"]
    armature = rigs.build("Posed", family)
    for name, turn in (
        ("lShldrTwist", (0.3, 0.2, -0.1)),
        ("abdomenUpper", (0.1, 0, 0.1)),
        ("lThighTwist", (0.1, 0.4, 0)),
    ):
        armature.pose.bones[name].rotation_mode = "XYZ"
        armature.pose.bones[name].rotation_euler = turn
    blender.context.view_layer.update()
    found = measured(Subject(armature, family.bones(), rigs.Z_UP), motions.showcase())
    assert max(found["live"]["limbs"].values()) < 0.05
    assert found["live"]["back"] < 0.05


def test_bones_whose_names_need_quoting(blender: Any, mixamo: Any) -> None:
    mixamo.pose.bones["mixamorig:Hips"].name = 'The "Hips" \\ of [Ä]'
    blender.context.view_layer.update()
    bones = {**kept_or_found(mixamo).bones, "pelvis": 'The "Hips" \\ of [Ä]'}
    from mocamba.rig.retarget.bone_map import BoneMap

    keep_map(mixamo, BoneMap("", bones))
    motion = motions.walk(1.0)
    bake_motion(mixamo, motion, "Walk", BakeWish())
    blender.context.scene.frame_set(10)
    assert mixamo.pose.bones[bones["pelvis"]].location.length > 0.1


def kept_or_found(armature: Any) -> Any:
    return kept_map(armature) or detect(read_bones(armature))


def test_bake_by_the_add_ons_own_way_leaves_the_rest(blender: Any, rigs: Any) -> None:
    armature = rigs.build("Hero", rigs.FAMILIES["DAZ Genesis 8"])
    before = state_of_data()
    baked = bake_motion(armature, motions.walk(1.0), "Walk", BakeWish())
    assert baked.frames == 24
    armature.animation_data.action = None
    blender.data.actions.remove(blender.data.actions["Walk"])
    for bone in armature.pose.bones:
        bone.matrix_basis.identity()
    after = state_of_data()
    assert after["scene"] == before["scene"]
    assert after["objects"]["Hero"][0] == before["objects"]["Hero"][0]
    assert after["objects"]["Hero"][3:] == before["objects"]["Hero"][3:]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_shortest_takes(blender: Any, rigs: Any, count: int) -> None:
    target = target_for(rigs.build("Hero", rigs.FAMILIES["DAZ Genesis 8"]), SMPL24)
    motion = motions.walk(1.0)
    curves = target.curves(motion.rotations[:count], motion.translation[:count])
    assert all(len(curve.values) == count and np.isfinite(curve.values).all() for curve in curves)


def test_rigify_switched_by_its_user_is_switched_back(blender: Any) -> None:
    from .rig_measures import measured, rigify

    subject = rigify()
    bones = subject.armature.pose.bones
    bones["upper_arm_parent.L"]["FK_limb_follow"] = 1.0
    bones["thigh_parent.R"]["IK_FK"] = 0.5
    bones["torso"]["head_follow"] = 0.25
    subject.armature.update_tag()
    blender.context.view_layer.update()
    found = measured(subject, motions.walk(1.0))
    assert max(found["live"]["limbs"].values()) < 0.05
    assert max(a for limb, a in found["baked"]["limbs"].items() if "elbow" in limb) < 0.05
    assert found["different"] == []


def test_an_armature_that_is_gone(blender: Any, mixamo: Any) -> None:
    target = target_for(mixamo, SMPL24)
    motion = motions.walk(0.1)
    target.apply(motion.rotations[0], motion.translation[0])
    blender.data.objects.remove(mixamo)
    with pytest.raises(LookupError):
        target.apply(motion.rotations[0], motion.translation[0])
    with pytest.raises(LookupError):
        target.restore()


@pytest.fixture
def vrm_add_on(blender: Any) -> Any:
    """Properties as the VRM add-on registers them, as far as they are read."""
    from bpy.props import CollectionProperty, PointerProperty, StringProperty
    from mocamba.addon.vrm_humanoid import PARTS

    def group(name: str, **parts: Any) -> Any:
        made = type(name, (blender.types.PropertyGroup,), {"__annotations__": parts})
        blender.utils.register_class(made)
        return made

    node = group("FakeNode", bone_name=StringProperty())
    human = group("FakeHuman", bone=StringProperty(), node=PointerProperty(type=node))
    old = group("FakeHumanoid0", human_bones=CollectionProperty(type=human))
    bones = group("FakeBones1", **{part: PointerProperty(type=human) for part in PARTS})
    new = group("FakeHumanoid1", human_bones=PointerProperty(type=bones))
    vrm0, vrm1 = (group(f"FakeVrm{k}", humanoid=PointerProperty(type=one)) for k, one in enumerate((old, new)))
    top = group(
        "FakeVrm", spec_version=StringProperty(), vrm0=PointerProperty(type=vrm0), vrm1=PointerProperty(type=vrm1)
    )
    blender.types.Armature.vrm_addon_extension = PointerProperty(type=top)
    yield PARTS
    del blender.types.Armature.vrm_addon_extension
    for made in (top, vrm1, vrm0, new, bones, old, human, node):
        blender.utils.unregister_class(made)


@pytest.mark.parametrize("version", ["0.0", "1.0"])
@pytest.mark.parametrize("upper_chest", [True, False])
def test_the_bones_that_a_vrm_model_names_itself(
    blender: Any, rigs: Any, vrm_add_on: Any, version: str, upper_chest: bool
) -> None:
    family = rigs.FAMILIES["VRoid" if upper_chest else "VRM, without upper chest and toes"]
    armature = rigs.build("Model", family)
    extension = armature.data.vrm_addon_extension
    extension.spec_version = version
    wanted = {}
    for k, (part, joint) in enumerate(vrm_add_on.items()):
        own = family.bones().get(joint if upper_chest or part != "chest" else "spine3", "")
        if not own or (part == "upper_chest" and not upper_chest):
            continue
        armature.data.bones[own].name = f"骨{k}"
        wanted[joint if upper_chest or part != "chest" else "spine3"] = f"骨{k}"
        if version == "1.0":
            getattr(extension.vrm1.humanoid.human_bones, part).node.bone_name = f"骨{k}"
        else:
            one = extension.vrm0.humanoid.human_bones.add()
            one.bone, one.node.bone_name = re.sub("_([a-z])", lambda m: m[1].upper(), part), f"骨{k}"
    target = MappedTarget(armature, SMPL24)
    assert target.map.family == "VRM humanoid"
    assert target.map.bones == wanted
    # on an armature to which nothing is assigned the add-on changes nothing
    assert MappedTarget(rigs.build("Other", rigs.MIXAMO), SMPL24).map.family.startswith("Mixamo")


@pytest.mark.parametrize("override", [False, True])
def test_linked_and_overridden_rigs(blender: Any, rigs: Any, tmp_path: Path, override: bool) -> None:
    from .rig_measures import pose_state

    source = rigs.build("Hero", rigs.FAMILIES["Auto-Rig Pro"])
    path = tmp_path / "Held für alle.blend"
    blender.data.libraries.write(str(path), {source})
    blender.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with blender.data.libraries.load(str(path), link=True) as (_, linked):
        linked.objects = ["Hero"]
    armature = linked.objects[0]
    blender.context.scene.collection.objects.link(armature)
    if override:
        armature = armature.override_create(remap_local_usages=True)
    size = path.stat().st_size
    blender.context.view_layer.update()
    before = pose_state(armature)
    target = MappedTarget(armature, SMPL24)
    motion = motions.showcase()
    target.apply(motion.rotations[100], motion.translation[100])
    blender.context.view_layer.update()
    assert armature.pose.bones["c_root_master.x"].location.length > 0.1
    assert pose_state(armature) != before
    target.restore()
    blender.context.view_layer.update()
    assert pose_state(armature) == before
    assert path.stat().st_size == size
    if override:
        assert not target.warnings
        keep_map(armature, target.map)
        assert kept_map(armature) == target.map
        bake_motion(armature, motions.walk(1.0), "Walk", BakeWish())
        saved = tmp_path / "shot.blend"
        blender.ops.wm.save_as_mainfile(filepath=str(saved))
        blender.ops.wm.open_mainfile(filepath=str(saved))
        armature = blender.data.objects["Hero"]
        blender.context.scene.frame_set(10)
        assert armature.pose.bones["c_root_master.x"].location.length > 0.1
        assert kept_map(armature) is not None
    else:
        assert "library override" in target.warnings[0]
        keep_map(armature, target.map)
        assert kept_map(armature) == target.map


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda _, rig: setattr(rig, "scale", (0, 0, 0)), r"'Character' is scaled to 0.*Set its scale to 1"),
        (lambda bpy, rig: edited(bpy, rig, lambda bones: [bones.remove(bone) for bone in list(bones)]), "has no bones"),
        (lambda bpy, rig: bpy.ops.object.mode_set(mode="EDIT"), "is in Edit Mode.*Leave it"),
        (lambda _, rig: [setattr(bone, "name", f"x{k}") for k, bone in enumerate(list(rig.data.bones)[:17])],
         r"no bones that are named or arranged|'Character'"),
        (lambda _, rig: rig.__setitem__("mocamba_bone_map", "{"), "bone map of 'Character'.*is not JSON"),
        (lambda _, rig: rig.__setitem__("mocamba_bone_map", '{"format": "mocamba-bone-map", "version": 9}'),
         "newer Mocamba"),
    ],
)  # fmt: skip
def test_rigs_that_cannot_be_used_say_why(blender: Any, mixamo: Any, spoil: Any, said: str) -> None:
    if "named or arranged" in said:  # no shape of a person either
        edited(blender, mixamo, lambda bones: [setattr(bone, "parent", None) for bone in bones])
    spoil(blender, mixamo)
    blender.context.view_layer.update()
    try:
        with pytest.raises(BadInputError, match=said) as caught:
            target_for(mixamo, SMPL24)
    finally:
        if mixamo.mode == "EDIT":
            blender.ops.object.mode_set(mode="OBJECT")
    assert "\n" not in str(caught.value)


def test_locked_and_constrained_bones_and_uneven_scales_are_told(blender: Any, mixamo: Any) -> None:
    mixamo.pose.bones["mixamorig:LeftHand"].lock_rotation = (True, True, True)
    ik = mixamo.pose.bones["mixamorig:RightForeArm"].constraints.new("IK")
    ik.chain_count = 2
    mixamo.pose.bones["mixamorig:Head"].constraints.new("DAMPED_TRACK").mute = True
    mixamo.scale = (0.01, 0.01, 0.02)
    blender.context.view_layer.update()
    said = " ".join(MappedTarget(mixamo, SMPL24).warnings)
    assert "'mixamorig:LeftHand' has its rotation locked" in said
    assert "'mixamorig:RightForeArm' is turned by a constraint" in said
    assert "'mixamorig:RightArm' is turned by a constraint" in said
    assert "mixamorig:Head" not in said
    assert "scaled unevenly" in said


def test_operators_by_script(blender: Any, mixamo: Any, tmp_path: Path) -> None:
    blender.context.scene.mocamba.armature = mixamo
    ops, path = blender.ops.mocamba, tmp_path / "My map.json"
    assert ops.detect_map() == {"FINISHED"}
    found = kept_map(mixamo)
    assert found is not None
    assert len(found.bones) == 22
    assert ops.save_map(filepath=str(path)) == {"FINISHED"}
    assert load_map(path) == found
    ops.map_bone(joint="left_wrist", bone="")
    changed = kept_map(mixamo)
    assert changed is not None
    assert "left_wrist" not in changed.bones
    ops.map_bone(joint="left_elbow", bone="mixamorig:LeftHand")
    assert kept_map(mixamo).bones["left_elbow"] == "mixamorig:LeftHand"
    with pytest.raises(RuntimeError, match="has no bone 'Nose'"):
        ops.map_bone(joint="head", bone="Nose")
    assert ops.load_map(filepath=str(path)) == {"FINISHED"}
    assert kept_map(mixamo) == found
    (tmp_path / "foreign.json").write_text("[]")
    with pytest.raises(RuntimeError, match="no bone map of Mocamba"):
        ops.load_map(filepath=str(tmp_path / "foreign.json"))
    assert kept_map(mixamo) == found


def test_a_map_put_together_by_hand_may_be_unfinished(blender: Any, mixamo: Any) -> None:
    blender.context.scene.mocamba.armature = mixamo
    for k, bone in enumerate(mixamo.data.bones):
        bone.name = f"b{k}"
    edited(blender, mixamo, lambda bones: [setattr(bone, "parent", None) for bone in bones if bone.name != "b1"])
    with pytest.raises(RuntimeError, match="no bones that are named"):
        blender.ops.mocamba.detect_map()
    blender.ops.mocamba.map_bone(joint="pelvis", bone="b0")
    assert kept_map(mixamo).bones == {"pelvis": "b0"}
    with pytest.raises(BadInputError, match="no pelvis with a whole arm or leg"):
        target_for(mixamo, SMPL24)


class _Layout:
    """What a panel draws, in words."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def label(self, text: str = "", icon: str = "") -> None:
        self.said.append(f"{text} [{icon}]")

    def operator(self, name: str, text: str = "", icon: str = "") -> Any:
        self.said.append(f"{name} {text}")
        return type("Change", (), {})()

    def row(self, **_: Any) -> "_Layout":
        return self

    column = split = row


def test_the_panel_draws_what_is_kept(blender: Any, mixamo: Any) -> None:
    layout = _Layout()
    draw_map(layout, mixamo)
    assert "Found by itself when the preview starts. [INFO]" in layout.said
    mixamo.pose.bones["mixamorig:Head"].lock_rotation = (True, True, True)
    blender.context.scene.mocamba.armature = mixamo
    blender.ops.mocamba.detect_map()
    layout = _Layout()
    draw_map(layout, mixamo)
    text = "\n".join(layout.said)
    assert "Mixamo, MotionBuilder, CMU, Rokoko: 22 of 22 joints" in text
    assert "'mixamorig:Head' has its rotation locked" in text
    assert "mocamba.map_bone mixamorig:LeftForeArm" in text
    mixamo["mocamba_bone_map"] = "nonsense"
    layout = _Layout()
    draw_map(layout, mixamo)
    assert "The kept map is damaged. Use Detect. [ERROR]" in layout.said
    with pytest.raises(FileFormatError):
        kept_map(mixamo)
