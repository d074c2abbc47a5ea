"""Finding out which bone is which joint."""

from ..errors import BadInputError
from ..joint_names import match_convention, normalised, spine_between
from ..skeleton import JOINTS, joint
from .bone_map import BoneMap, bone_word
from .bones import Bones
from .control_rigs import CONTROL_RIGS
from .shape import match_shape

# Joints of which a rig shows a whole limb, or it is no performer
LIMBS = tuple(
    tuple(joint(f"{side}_{part}") for part in parts)
    for parts in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist"))
    for side in ("left", "right")
)
EXPECTED = tuple(j for j in range(22) if JOINTS[j] not in ("left_collar", "right_collar", "spine1", "spine2", "spine3"))
CONTROLS = 0.8  # share of a control rig's names that have to be there
OPTIONAL_HANDS = (22, 23)


def detect(bones: Bones) -> BoneMap:
    """By the controls of known control rigs, by names of known programs and hierarchy, at last by the shape alone.

    Raises BadInputError where no performer is found, or two.
    """
    found = match_controls(bones) or _by_names(bones)
    if found is None or not usable(found):
        found = match_shape(bones)
    if found is None or not usable(found):
        some = ", ".join(bones.names[:4])
        raise BadInputError(
            f"{bones.owner} has no bones that are named or arranged like a person's ({some} …). "
            "Choose its bones in the Bone Map panel, at least pelvis and one whole arm or leg, or load a map."
        )
    _refuse_two(bones, found)
    return found


def usable(found: BoneMap) -> bool:
    """Whether there are a pelvis and a whole limb."""
    there = {JOINTS.index(name) for name in found.bones}
    return 0 in there and any(set(limb) <= there for limb in LIMBS)


def missing(found: BoneMap) -> tuple[str, ...]:
    """Bones one expects of a rig and which the map does not give, in words."""
    return tuple(bone_word(JOINTS[j]) for j in EXPECTED if JOINTS[j] not in found.bones)


def match_controls(bones: Bones) -> BoneMap | None:
    """The map of a known control rig, None where it is none."""
    for rig in CONTROL_RIGS:
        wanted = rig.map()
        found = wanted.fitted_to(bones.names)
        if len(found.bones) >= CONTROLS * len(wanted.bones):
            return found
    return None


def _by_names(bones: Bones) -> BoneMap | None:
    family, index = match_convention(bones.names)
    if 0 not in index:
        return None
    if {joint("neck"), joint("head")} & index.keys():
        index = index | spine_between(index, bones.parents)
    index = {j: row for j, row in index.items() if j not in OPTIONAL_HANDS}
    _add_by_hierarchy(bones, index)
    return BoneMap(family, {JOINTS[j]: bones.names[row] for j, row in sorted(index.items())})


def _add_by_hierarchy(bones: Bones, index: dict[int, int]) -> None:
    """Collar, toes: the one bone between, the one child beyond."""
    taken = set(index.values())
    for side in ("left", "right"):
        collar, shoulder = joint(f"{side}_collar"), index.get(joint(f"{side}_shoulder"))
        if collar not in index and shoulder is not None:
            parent = bones.parents[shoulder]
            if parent >= 0 and parent not in taken and bones.parents[parent] in taken:
                index[collar] = parent
        foot, ankle = joint(f"{side}_foot"), index.get(joint(f"{side}_ankle"))
        children = [row for row, parent in enumerate(bones.parents) if parent == ankle and ankle is not None]
        if foot not in index and len(children) == 1 and "toe" in normalised(bones.names[children[0]]):
            index[foot] = children[0]


def _refuse_two(bones: Bones, found: BoneMap) -> None:
    pelvis = found.bones["pelvis"]
    twins = [name for name in bones.names if name != pelvis and normalised(name) == normalised(pelvis)]
    roots = {name: [bones.index[name], *bones.ancestors(bones.index[name])][-1] for name in (pelvis, *twins)}
    if len(set(roots.values())) > 1:
        names = " and ".join(f"'{bones.names[root]}'" for root in sorted(set(roots.values()))[:2])
        raise BadInputError(
            f"{bones.owner} holds two skeletons, under {names}. Separate one of them (Edit Mode, P), or choose the "
            "bones of one in the Bone Map panel."
        )
