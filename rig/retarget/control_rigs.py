"""Control rigs: animators pose their controls, which are named after no joint and hang together by constraints."""

from dataclasses import dataclass, field

from .bone_map import BoneMap, Switch


@dataclass(frozen=True)
class ControlRig:
    """Names of controls, `{}` for the side. `also` and `heads` as in a bone map; `switches`: bone, property, value."""

    family: str
    sides: tuple[str, str]
    bones: dict[str, str]
    also: dict[str, str] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    switches: tuple[tuple[str, str, float], ...] = ()

    def map(self) -> BoneMap:
        """With the names of both sides."""
        bones: dict[str, str] = {}
        for part, name in self.bones.items():
            if "{}" not in name:
                bones[part] = name
                continue
            for side, letter in zip(("left", "right"), self.sides, strict=True):
                bones[f"{side}_{part}"] = name.format(letter)
        switches = tuple(
            Switch(name, property_, value)
            for bone, property_, value in self.switches
            for name in dict.fromkeys(bone.format(letter) for letter in self.sides)
        )
        return BoneMap(self.family, bones, self.also, self.heads, switches)


_LIMBS = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")


def _named(trunk: tuple[str, ...], limbs: tuple[str, ...]) -> dict[str, str]:
    """Pelvis, spine1 to spine3, neck, head; then the limbs in the order of `_LIMBS`."""
    return dict(zip(("pelvis", "spine1", "spine2", "spine3", "neck", "head", *_LIMBS), (*trunk, *limbs), strict=True))


CONTROL_RIGS = (
    # Rigify's lower spine hangs from its middle: spine_fk.001 turns what is below it, and with it spine_fk, which
    # carries the legs. Neck and head follow what they sit on only where they are told to.
    ControlRig(
        "Rigify",
        ("L", "R"),
        _named(
            ("torso", "spine_fk.001", "spine_fk.002", "spine_fk.003", "neck", "head"),
            ("thigh_fk.{}", "shin_fk.{}", "foot_fk.{}", "toe_fk.{}",
             "shoulder.{}", "upper_arm_fk.{}", "forearm_fk.{}", "hand_fk.{}"),
        ),
        also={"spine_fk": "pelvis"},
        heads={"pelvis": "ORG-spine", "spine1": "ORG-spine.001"},
        switches=(
            ("thigh_parent.{}", "IK_FK", 1.0),
            ("thigh_parent.{}", "FK_limb_follow", 0.0),
            ("upper_arm_parent.{}", "IK_FK", 1.0),
            ("upper_arm_parent.{}", "FK_limb_follow", 0.0),
            ("torso", "neck_follow", 1.0),
            ("torso", "head_follow", 1.0),
        ),
    ),
    ControlRig(
        "Auto-Rig Pro",
        ("l", "r"),
        _named(
            ("c_root_master.x", "c_spine_01.x", "c_spine_02.x", "c_spine_03.x", "c_neck.x", "c_head.x"),
            ("c_thigh_fk.{}", "c_leg_fk.{}", "c_foot_fk.{}", "c_toes_fk.{}",
             "c_shoulder.{}", "c_arm_fk.{}", "c_forearm_fk.{}", "c_hand_fk.{}"),
        ),
        switches=(("c_foot_ik.{}", "ik_fk_switch", 1.0), ("c_hand_ik.{}", "ik_fk_switch", 1.0)),
    ),
)  # fmt: skip
