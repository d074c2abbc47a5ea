"""Which joint of a foreign skeleton is which of ours, by the names that programs give them.

A name such as `LeftShoulder` is the collar bone in one program and the upper arm in the next, so names are
never matched one by one: the convention that explains most of the file is used as a whole.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from .skeleton import JOINTS

PREFIX = re.compile(r"^(?:[mf]_avg_|mixamorig\d*[_:]?|j_bip_(?:c_)?|cc_base_|bip\d+[ _])", re.IGNORECASE)


@dataclass(frozen=True)
class NameTable:
    """One program's names in lower case without prefix, spaces, dots and underscores; `{}` is the side.

    Several spellings are separated by a bar. The spine is not listed: it is whatever joints lie between
    pelvis and neck.
    """

    convention: str
    sides: tuple[str, str]
    pelvis: str
    hip: str
    knee: str
    ankle: str
    foot: str
    neck: str
    head: str
    collar: str
    shoulder: str
    elbow: str
    wrist: str
    hand: str = ""

    def joints(self) -> dict[str, int]:
        """Normalised name to SMPL joint."""
        found: dict[str, int] = {}
        for part in (f.name for f in fields(self) if f.name not in ("convention", "sides")):
            for spelling in filter(None, getattr(self, part).split("|")):
                if part in JOINTS:
                    found[spelling] = JOINTS.index(part)
                    continue
                for side, letter in zip(("left", "right"), self.sides, strict=True):
                    found[spelling.format(letter)] = JOINTS.index(f"{side}_{part}")
        return found


# fmt: off
NAME_TABLES: tuple[NameTable, ...] = (
    NameTable("SMPL", ("left", "right"), "pelvis", "{}hip", "{}knee", "{}ankle", "{}foot", "neck", "head",
              "{}collar", "{}shoulder", "{}elbow", "{}wrist", "{}hand"),
    NameTable("SMPL FBX", ("l", "r"), "pelvis", "{}hip", "{}knee", "{}ankle", "{}foot", "neck", "head",
              "{}collar", "{}shoulder", "{}elbow", "{}wrist", "{}hand"),
    NameTable("Mixamo, MotionBuilder, CMU, Rokoko", ("left", "right"), "hips|hip", "{}upleg|{}thigh",
              "{}leg|{}lowleg|{}shin", "{}foot", "{}toebase|{}toe", "neck", "head", "{}shoulder", "{}arm|{}upperarm",
              "{}forearm|{}lowerarm|{}lowarm", "{}hand"),
    NameTable("Xsens segments, VRM", ("left", "right"), "pelvis|hips", "{}upperleg", "{}lowerleg", "{}foot",
              "{}toe|{}toes", "neck", "head", "{}shoulder", "{}upperarm", "{}forearm|{}lowerarm", "{}hand"),
    NameTable("Xsens BVH, Acclaim joints", ("left", "right"), "hips", "{}hip", "{}knee", "{}ankle", "{}toe", "neck",
              "head", "{}collar", "{}shoulder", "{}elbow", "{}wrist"),
    NameTable("Acclaim bones", ("l", "r"), "root", "{}femur", "{}tibia", "{}foot", "{}toes", "lowerneck", "head",
              "{}clavicle", "{}humerus", "{}radius", "{}wrist", "{}hand"),
    NameTable("mocopi", ("l", "r"), "root", "{}upleg", "{}lowleg", "{}foot", "{}toes", "neck1|neck", "head",
              "{}shoulder", "{}uparm", "{}lowarm", "{}hand"),
    NameTable("Rigify", ("l", "r"), "spine|defspine|torso", "thigh{}|defthigh{}|thighfk{}", "shin{}|defshin{}|shinfk{}",
              "foot{}|deffoot{}|footfk{}", "toe{}|deftoe{}|toefk{}", "spine004|defspine004|neck",
              "spine006|defspine006|head", "shoulder{}|defshoulder{}", "upperarm{}|defupperarm{}|upperarmfk{}",
              "forearm{}|defforearm{}|forearmfk{}", "hand{}|defhand{}|handfk{}"),
    NameTable("Unreal", ("l", "r"), "pelvis", "thigh{}", "calf{}", "foot{}", "ball{}", "neck01", "head",
              "clavicle{}", "upperarm{}", "lowerarm{}", "hand{}"),
    NameTable("VRoid", ("l", "r"), "hips", "{}upperleg", "{}lowerleg", "{}foot", "{}toebase", "neck", "head",
              "{}shoulder", "{}upperarm", "{}lowerarm", "{}hand"),
    NameTable("Auto-Rig Pro export", ("l", "r"), "rootx", "thighstretch{}|thigh{}", "legstretch{}|leg{}", "foot{}",
              "toes01{}|toes{}", "neckx", "headx", "shoulder{}", "armstretch{}|arm{}", "forearmstretch{}|forearm{}",
              "hand{}"),
    NameTable("3ds Max Biped", ("l", "r"), "pelvis", "{}thigh", "{}calf", "{}foot", "{}toe0", "neck", "head",
              "{}clavicle", "{}upperarm", "{}forearm", "{}hand"),
    NameTable("Character Creator", ("l", "r"), "hip", "{}thigh", "{}calf", "{}foot", "{}toebase", "necktwist01",
              "head", "{}clavicle", "{}upperarm", "{}forearm", "{}hand"),
    NameTable("DAZ Genesis 9", ("l", "r"), "hip", "{}thigh", "{}shin", "{}foot", "{}toes", "neck1", "head",
              "{}shoulder", "{}upperarm", "{}forearm", "{}hand"),
    NameTable("DAZ", ("l", "r"), "hip", "{}thighbend|{}thigh", "{}shin", "{}foot", "{}toe", "necklower|neck", "head",
              "{}collar", "{}shldrbend|{}shldr", "{}forearmbend|{}forearm", "{}hand"),
)
# fmt: on


def normalised(name: str) -> str:
    """Without name space, `m_avg_`-like prefix, case and punctuation: `mixamorig1:LeftArm` becomes `leftarm`."""
    name = PREFIX.sub("", name.split(":")[-1])
    return re.sub(r"[^a-z0-9]", "", name.lower())


def match_names(names: Sequence[str]) -> dict[int, int]:
    """SMPL joint to index in `names`, by the convention that explains most of them; the spine stays open."""
    return match_convention(names)[1]


def match_convention(names: Sequence[str]) -> tuple[str, dict[int, int]]:
    """The convention itself beside what `match_names` gives."""
    plain = [normalised(name) for name in names]
    best: tuple[str, dict[int, int]] = ("", {})
    for table in NAME_TABLES:
        joints = table.joints()
        found: dict[int, int] = {}
        for index, name in enumerate(plain):
            if name in joints:
                found.setdefault(joints[name], index)
        if len(found) > len(best[1]):
            best = table.convention, found
    return best


def spine_between(index: Mapping[int, int], parents: Sequence[int]) -> dict[int, int]:
    """Spine joints by hierarchy: what lies between pelvis and neck, spread over spine1 to spine3 from the bottom.

    `index` as `match_names` gives it. Empty where nothing lies between.
    """
    top = index[min({JOINTS.index("neck"), JOINTS.index("head")} & index.keys())]
    below_pelvis = {*ancestors(index[0], parents), index[0]}
    chain = [node for node in ancestors(top, parents) if node not in below_pelvis][::-1]
    spread: tuple[int | None, ...] = {0: (), 1: (0,), 2: (0, None, 1)}.get(
        len(chain), (0, len(chain) // 2, len(chain) - 1)
    )
    return {JOINTS.index(f"spine{k + 1}"): chain[node] for k, node in enumerate(spread) if node is not None}


def ancestors(node: int, parents: Sequence[int]) -> list[int]:
    """From the parent of `node` up to the root."""
    found = []
    while (node := parents[node]) >= 0:
        found.append(node)
    return found
