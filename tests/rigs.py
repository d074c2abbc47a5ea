"""Rigs of many programs, built in Blender from their bone names: rest poses, axes, rolls and units as theirs."""

from dataclasses import dataclass, field, replace
from typing import Any

import bpy
import numpy as np
from mathutils import Quaternion, Vector
from mocamba.rig.kinematics import joint_positions, local_to_global
from mocamba.rig.quaternion import Array, between_vectors, multiply
from mocamba.rig.skeleton import JOINTS, PARENTS, SMPL24, Skeleton, joint

from . import motions

LIMB_PARTS = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")
TRUNK = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # columns of our axes in Blender's


@dataclass(frozen=True)
class Family:
    """`limbs` with `{}` for the side. `between`: further bones (name, parent's joint, child's joint, share of the way)
    in the chain, or beside it where the child is "". `down`: degrees that the arms hang in the rest pose; `out` that
    the toes point out, and the legs half as much. `along`: the local axis that lies along the bone, "" for the
    armature's own axes.
    """

    trunk: tuple[str, ...]
    limbs: tuple[str, ...]
    sides: tuple[str, str] = ("L", "R")
    root: str = ""
    between: tuple[tuple[str, str, str, float], ...] = ()
    down: float = 0.0
    out: float = 0.0
    elbow: float = 0.0
    along: str = "Y"
    roll: bool = True
    unit: float = 1.0
    y_up: bool = False
    height: float = 1.7
    thigh: float = 0.0  # metres that the thigh is longer and the shin shorter, at 1.7 m
    shoulders: float = 1.0
    arms: float = 1.0
    modes: tuple[str, ...] = ("QUATERNION",)
    scale: float = 1.0
    turned: tuple[float, float, float] = (0.0, 0.0, 0.0)
    place: tuple[float, float, float] = (0.0, 0.0, 0.0)
    switches: dict[str, tuple[str, float]] = field(default_factory=dict)

    def bones(self) -> dict[str, str]:
        """Joint to bone; "" are left out."""
        found = dict(zip(TRUNK, self.trunk, strict=True))
        for side, letter in zip(("left", "right"), self.sides, strict=True):
            found |= {f"{side}_{part}": name.format(letter) for part, name in zip(LIMB_PARTS, self.limbs, strict=True)}
        return {name: bone for name, bone in found.items() if bone}


MIXAMO = Family(
    ("mixamorig:Hips", "mixamorig:Spine", "mixamorig:Spine1", "mixamorig:Spine2", "mixamorig:Neck", "mixamorig:Head"),
    tuple(f"mixamorig:{{}}{part}" for part in
          ("UpLeg", "Leg", "Foot", "ToeBase", "Shoulder", "Arm", "ForeArm", "Hand")),
    ("Left", "Right"), y_up=True, unit=100, scale=0.01, turned=(90, 0, 0), height=1.8, thigh=0.012, shoulders=1.05,
)  # fmt: skip
UE4 = Family(
    ("pelvis", "spine_01", "spine_02", "spine_03", "neck_01", "head"),
    ("thigh_{}", "calf_{}", "foot_{}", "ball_{}", "clavicle_{}", "upperarm_{}", "lowerarm_{}", "hand_{}"),
    ("l", "r"), root="root", down=48, out=8, elbow=12, along="X", unit=100, scale=0.01, height=1.83, thigh=0.02,
    arms=1.05, shoulders=1.1,
    between=(("upperarm_twist_01_{}", "shoulder", "", 0.5), ("thigh_twist_01_{}", "hip", "", 0.5)),
)  # fmt: skip
VRM = Family(
    ("J_Bip_C_Hips", "J_Bip_C_Spine", "J_Bip_C_Chest", "J_Bip_C_UpperChest", "J_Bip_C_Neck", "J_Bip_C_Head"),
    tuple(f"J_Bip_{{}}_{part}" for part in
          ("UpperLeg", "LowerLeg", "Foot", "ToeBase", "Shoulder", "UpperArm", "LowerArm", "Hand")),
    root="Root", height=1.45, shoulders=0.85, arms=0.92, thigh=-0.01,
)  # fmt: skip
DAZ = Family(
    ("hip", "abdomenLower", "chestLower", "chestUpper", "neckLower", "head"),
    ("{}ThighBend", "{}Shin", "{}Foot", "{}Toe", "{}Collar", "{}ShldrBend", "{}ForearmBend", "{}Hand"),
    ("l", "r"), down=42, out=12, elbow=8, height=1.72, thigh=0.015,
    between=(
        ("abdomenUpper", "spine1", "spine2", 0.5), ("neckUpper", "neck", "head", 0.5),
        ("{}ShldrTwist", "shoulder", "elbow", 0.5), ("{}ForearmTwist", "elbow", "wrist", 0.5),
        ("{}ThighTwist", "hip", "knee", 0.5), ("{}Metatarsals", "ankle", "foot", 0.5),
    ),
    modes=("XYZ", "YZX", "ZXY", "XZY", "YXZ", "ZYX", "AXIS_ANGLE"),
)  # fmt: skip
ARP = Family(
    ("c_root_master.x", "c_spine_01.x", "c_spine_02.x", "c_spine_03.x", "c_neck.x", "c_head.x"),
    ("c_thigh_fk.{}", "c_leg_fk.{}", "c_foot_fk.{}", "c_toes_fk.{}",
     "c_shoulder.{}", "c_arm_fk.{}", "c_forearm_fk.{}", "c_hand_fk.{}"),
    ("l", "r"), root="c_traj", down=38, out=6, modes=("XYZ", "QUATERNION"), place=(2.0, -1.0, 0.0), turned=(0, 0, 40),
    between=(("c_thigh_b.{}", "pelvis", "hip", 1.0), ("thigh_fk.{}", "hip", "knee", 1.0),
             ("leg_fk.{}", "knee", "ankle", 1.0),
             ("c_hand_ik.{}", "pelvis", "", 0.2), ("c_foot_ik.{}", "pelvis", "", 0.2)),
    switches={"c_hand_ik.{}": ("ik_fk_switch", 0.0), "c_foot_ik.{}": ("ik_fk_switch", 0.0)},
)  # fmt: skip
FAMILIES = {
    "Mixamo": MIXAMO,
    "Mixamo, second of a scene": replace(
        MIXAMO,
        trunk=tuple(name.replace("rig:", "rig1:") for name in MIXAMO.trunk),
        limbs=tuple(name.replace("rig:", "rig1:") for name in MIXAMO.limbs),
        turned=(90, 0, 35), place=(3.0, 1.0, 0.5), scale=0.02,
    ),
    "UE4": UE4,
    "UE5": replace(
        UE4, trunk=("pelvis", "spine_01", "spine_03", "spine_05", "neck_01", "head"), down=45, thigh=0.0,
        between=(("spine_02", "spine1", "spine2", 0.5), ("spine_04", "spine2", "spine3", 0.5),
                 ("neck_02", "neck", "head", 0.5), *UE4.between),
    ),
    "MetaHuman": replace(
        UE4, trunk=("pelvis", "spine_01", "spine_03", "spine_05", "neck_01", "head"), along="", unit=1, scale=1,
        between=(("spine_02", "spine1", "spine2", 0.5), ("spine_04", "spine2", "spine3", 0.5),
                 ("neck_02", "neck", "head", 0.5)), down=40, turned=(0, 0, -70),
    ),
    "VRoid": VRM,
    "VRM, without upper chest and toes": replace(
        VRM, trunk=("hips", "spine", "", "chest", "neck", "head"), sides=("left", "right"), height=1.2,
        limbs=("{}UpperLeg", "{}LowerLeg", "{}Foot", "", "{}Shoulder", "{}UpperArm", "{}LowerArm", "{}Hand"),
    ),
    "DAZ Genesis 8": DAZ,
    "Auto-Rig Pro": ARP,
    "Auto-Rig Pro export": replace(
        ARP, root="root", trunk=("root.x", "spine_01.x", "spine_02.x", "spine_03.x", "neck.x", "head.x"), switches={},
        limbs=("thigh_stretch.{}", "leg_stretch.{}", "foot.{}", "toes_01.{}",
               "shoulder.{}", "arm_stretch.{}", "forearm_stretch.{}", "hand.{}"), between=(),
    ),
    "SMPL's FBX": Family(
        tuple(f"m_avg_{name}" for name in ("Pelvis", "Spine1", "Spine2", "Spine3", "Neck", "Head")),
        tuple(f"m_avg_{{}}_{part}" for part in
              ("Hip", "Knee", "Ankle", "Foot", "Collar", "Shoulder", "Elbow", "Wrist")),
        root="m_avg_root", along="", y_up=True, turned=(90, 0, 0), unit=100, scale=0.01,
    ),
    "No names, told by shape": Family(
        tuple(f"Bone.{k:03d}" for k in range(6)), tuple(f"Bone.{{}}{k:02d}" for k in range(8)), ("1", "2"),
        root="Bone", down=30, out=15, along="Y", height=2.1, thigh=-0.02, turned=(0, 0, 90),
    ),
    "Same proportions": Family(
        TRUNK, tuple(f"{{}}_{part}" for part in LIMB_PARTS), ("left", "right"), down=60, out=20, along="X", unit=39.37,
        scale=0.05,
    ),
}  # fmt: skip


def proportioned(family: Family) -> Skeleton:
    """The T-pose of a rig, metres."""
    offsets = SMPL24.offsets.astype(np.float64).copy()
    for name in ("left_knee", "right_knee"):
        offsets[joint(name), 1] -= family.thigh
    for name in ("left_ankle", "right_ankle"):
        offsets[joint(name), 1] += family.thigh
    for side in ("left", "right"):
        offsets[joint(f"{side}_shoulder"), 0] *= family.shoulders
        for part in ("elbow", "wrist", "hand"):
            offsets[joint(f"{side}_{part}")] *= family.arms
    return replace(SMPL24, offsets=offsets.astype(np.float32)).scaled_to(family.height)


def rest_places(family: Family) -> Array:
    """Joints `(24, 3)` of the rest pose, metres, Y up, standing on the floor."""
    skeleton = proportioned(family)
    turns = motions.posed(
        1,
        left_hip=("z", family.out / 2), right_hip=("z", -family.out / 2),
        left_ankle=("zy", -family.out / 2, family.out), right_ankle=("zy", family.out / 2, -family.out),
        left_shoulder=("z", -family.down), right_shoulder=("z", family.down),
        left_elbow=("y", -family.elbow), right_elbow=("y", family.elbow),
    )  # fmt: skip
    place = motions.grounded(turns, np.zeros((1, 3)), skeleton)
    return joint_positions(local_to_global(turns), place, skeleton)[0]


@dataclass
class _Planned:
    head: Array
    parent: str
    towards: Array


def build(name: str, family: Family) -> Any:
    """Add the armature of a family."""
    planned = _planned(family)
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    rng = np.random.default_rng(len(name))
    axes = np.eye(3) if family.y_up else Z_UP
    for bone, plan in planned.items():
        edited = armature.data.edit_bones.new(bone)
        turn = _bone_axes(family, axes @ plan.towards, rng)
        length = max(float(np.linalg.norm(plan.towards)), 0.03) * family.unit
        edited.head = axes @ plan.head * family.unit
        edited.tail = edited.head + turn @ Vector((0, length, 0))
        edited.align_roll(turn @ Vector((0, 0, 1)))
        edited.parent = armature.data.edit_bones.get(plan.parent)
    bpy.ops.object.mode_set(mode="OBJECT")
    for k, posed in enumerate(armature.pose.bones):
        posed.rotation_mode = family.modes[k % len(family.modes)]
    for bone, (key, value) in family.switches.items():
        for letter in family.sides:
            armature.pose.bones[bone.format(letter)][key] = value
    armature.rotation_euler = np.radians(family.turned)
    armature.scale, armature.location = [family.scale] * 3, family.place
    bpy.context.view_layer.update()
    return armature


def _planned(family: Family) -> dict[str, _Planned]:
    """Bones with head, parent and the way to the next joint, metres, Y up; parents first."""
    bones, places = family.bones(), rest_places(family)
    planned = {family.root: _Planned(np.zeros(3), "", np.array([0, 0, 0.1]))} if family.root else {}
    for index, name in enumerate(JOINTS):
        if name not in bones:
            continue
        parent = PARENTS[index]
        while parent >= 0 and JOINTS[parent] not in bones:
            parent = PARENTS[parent]
        children = [c for c in range(24) if PARENTS[c] == index]
        tip = places[children[0]] - places[index] if children else np.array([0, 0, 0.07])
        planned[bones[name]] = _Planned(places[index], bones[JOINTS[parent]] if parent >= 0 else family.root, tip)
    for bone, above, below, share in family.between:
        for side, letter in zip(("left", "right"), family.sides, strict=True):
            a, b = (x if x in JOINTS or not x else f"{side}_{x}" for x in (above, below))
            if bone.format(letter) not in planned:
                _put_between(planned, bone.format(letter), bones[a], bones.get(b, ""), share)
    order: dict[str, _Planned] = {}
    while len(order) < len(planned):
        order |= {bone: plan for bone, plan in planned.items() if plan.parent in order or not plan.parent}
    return order


def _put_between(planned: dict[str, _Planned], bone: str, above: str, below: str, share: float) -> None:
    way = planned[below].head - planned[above].head if below else planned[above].towards
    planned[bone] = _Planned(planned[above].head + share * way, above, (1 - share) * way + [0, 1e-3, 0])
    if below:
        planned[below].parent = bone


def _bone_axes(family: Family, towards: Array, rng: np.random.Generator) -> Quaternion:
    if not family.along:
        return Quaternion()
    turn = between_vectors(np.eye(3)["XYZ".index(family.along)], towards)
    if family.roll:
        half = rng.uniform(-np.pi, np.pi) / 2
        axis = towards / np.linalg.norm(towards)
        turn = multiply(np.array([np.cos(half), *(np.sin(half) * axis)]), turn)
    return Quaternion(turn.tolist())
