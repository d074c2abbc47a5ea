"""The bones that a VRM model's author assigned, where the VRM add-on imported it: better than any guess by names."""

import re
from typing import Any

from ..rig.retarget.bone_map import BoneMap
from ..rig.retarget.detect import usable

TRUNK = {
    "hips": "pelvis",
    "spine": "spine1",
    "chest": "spine2",
    "upper_chest": "spine3",
    "neck": "neck",
    "head": "head",
}
LIMBS = {"upper_leg": "hip", "lower_leg": "knee", "foot": "ankle", "toes": "foot",
         "shoulder": "collar", "upper_arm": "shoulder", "lower_arm": "elbow", "hand": "wrist"}  # fmt: skip
PARTS = TRUNK | {f"{side}_{a}": f"{side}_{b}" for side in ("left", "right") for a, b in LIMBS.items()}


def humanoid_map(armature: Any) -> BoneMap | None:
    """None where the add-on is absent or no usable set of bones is assigned."""
    extension = getattr(armature.data, "vrm_addon_extension", None)
    if extension is None:
        return None
    assigned = _version_1(extension) if str(extension.spec_version).startswith("1") else _version_0(extension)
    bones = {joint: bone for part, joint in PARTS.items() if (bone := assigned.get(part, "")) in armature.data.bones}
    if "spine3" not in bones and "spine2" in bones:
        bones["spine3"] = bones.pop("spine2")  # arms and neck are on the chest then
    found = BoneMap("VRM humanoid", bones)
    return found if usable(found) else None


def _version_1(extension: Any) -> dict[str, str]:
    humans = extension.vrm1.humanoid.human_bones
    return {part: getattr(humans, part).node.bone_name for part in PARTS if hasattr(humans, part)}


def _version_0(extension: Any) -> dict[str, str]:
    """Names there are in camel case."""
    humans = extension.vrm0.humanoid.human_bones
    return {re.sub(r"(?=[A-Z])", "_", human.bone).lower(): human.node.bone_name for human in humans}
