"""Which bone of a rig is which joint, and as a file that can be shared."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import FileFormatError
from ..joint_names import normalised
from ..skeleton import JOINTS
from ..whole_file import check_suffix, whole_file

FORMAT, VERSION = "mocamba-bone-map", 1
LARGEST = 1_000_000  # bytes
# SMPL names joints, animators name the bones that begin there
WORDS = {"pelvis": "hips", "spine1": "lower spine", "spine2": "middle spine", "spine3": "chest", "hip": "thigh",
         "knee": "shin", "ankle": "foot", "foot": "toes", "collar": "shoulder", "shoulder": "upper arm",
         "elbow": "forearm", "wrist": "hand"}  # fmt: skip
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Switch:
    """A custom property of a bone that has to be `value` while the map is used: FK instead of IK, for one."""

    bone: str
    property: str
    value: float


@dataclass(frozen=True)
class BoneMap:
    """`bones`: SMPL joint to bone. `also`: further bones that turn with a joint. `heads`: a bone whose head is where
    the joint is, if that is not the head of the joint's own bone.
    """

    family: str
    bones: Mapping[str, str]
    also: Mapping[str, str] = field(default_factory=lambda: _NONE)
    heads: Mapping[str, str] = field(default_factory=lambda: _NONE)
    switches: tuple[Switch, ...] = ()

    def fitted_to(self, names: tuple[str, ...]) -> "BoneMap":
        """The same for a rig whose bones are `names`: name spaces, case and punctuation may differ; others are left
        out.
        """
        plain: dict[str, str] = {}
        for name in names:
            plain.setdefault(normalised(name), name)
        there = {name: name for name in names}

        def found(bone: str) -> str:
            return there.get(bone) or plain.get(normalised(bone), "")

        return BoneMap(
            self.family,
            {joint: name for joint, bone in self.bones.items() if (name := found(bone))},
            {name: joint for bone, joint in self.also.items() if (name := found(bone))},
            {joint: name for joint, bone in self.heads.items() if (name := found(bone))},
            tuple(Switch(name, s.property, s.value) for s in self.switches if (name := found(s.bone))),
        )


def bone_word(joint: str) -> str:
    """What animators call the bone of an SMPL joint: `left_hip` is the left thigh."""
    side, _, part = joint.rpartition("_")
    return " ".join(filter(None, (side, WORDS.get(part, part))))


def save_map(bone_map: BoneMap, path: Path) -> None:
    """Write a `.json`, whole or not at all."""
    check_suffix(path, ".json")
    with whole_file(path) as part:
        part.write_text(map_to_json(bone_map) + "\n", encoding="utf-8")


def load_map(path: Path) -> BoneMap:
    """Raises FileFormatError where `path` holds no bone map."""
    try:
        if path.stat().st_size > LARGEST:
            raise FileFormatError(path, "is too large for a bone map.", "Choose a file saved by Save Map.")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise FileFormatError(path, "does not exist.", "Choose another file.") from error
    except UnicodeDecodeError as error:
        raise FileFormatError(path, "is no text file.", "Choose a file saved by Save Map.") from error
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).", "Choose another file.") from error
    return map_from_json(text, path)


def map_to_json(bone_map: BoneMap) -> str:
    """What `map_from_json` reads."""
    content: dict[str, Any] = {"format": FORMAT, "version": VERSION, "family": bone_map.family}
    content["bones"] = dict(bone_map.bones)
    for key in ("also", "heads"):
        if getattr(bone_map, key):
            content[key] = dict(getattr(bone_map, key))
    if bone_map.switches:
        content["switches"] = [asdict(switch) for switch in bone_map.switches]
    return json.dumps(content, indent=2, ensure_ascii=False)


def map_from_json(text: str, path: Path | str = "Bone map") -> BoneMap:
    """Raises FileFormatError, which names `path`, for anything that `map_to_json` does not write."""

    def refuse(reason: str, remedy: str = "Save the map anew from the Bone Map panel.") -> FileFormatError:
        return FileFormatError(path, reason, remedy)

    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise refuse(f"is not JSON ({error}).") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise refuse("is no bone map of Mocamba.", "Choose a file saved by Save Map, or use Detect.")
    version = content.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise refuse(f"has the version {version!r}, which is no number from 1 up.")
    if version > VERSION:
        raise refuse(
            f"was written by a newer Mocamba (version {version}, this one reads {VERSION}).", "Update Mocamba."
        )
    also = _names(content, "also", refuse)
    bone_map = BoneMap(
        family=content["family"] if isinstance(content.get("family"), str) else "",
        bones=_names(content, "bones", refuse),
        also=also,
        heads=_names(content, "heads", refuse),
        switches=_switches(content, refuse),
    )
    _check_joints(bone_map, refuse)
    return bone_map


def _names(content: dict[str, Any], key: str, refuse: Any) -> dict[str, str]:
    names = content.get(key, {})
    if not isinstance(names, dict) or not all(isinstance(value, str) and value for value in names.values()):
        raise refuse(f"has no table of names under '{key}'.")
    return names


def _switches(content: dict[str, Any], refuse: Any) -> tuple[Switch, ...]:
    rows = content.get("switches", [])
    try:
        switches = tuple(Switch(**row) for row in rows)
    except TypeError as error:
        raise refuse("has 'switches' that are no list of bone, property and value.") from error
    for switch in switches:
        is_number = isinstance(switch.value, int | float) and not isinstance(switch.value, bool)
        if not (isinstance(switch.bone, str) and isinstance(switch.property, str) and is_number):
            raise refuse("has 'switches' that are no list of bone, property and value.")
    return switches


def _check_joints(bone_map: BoneMap, refuse: Any) -> None:
    unknown = {*bone_map.bones, *bone_map.also.values(), *bone_map.heads} - set(JOINTS)
    if unknown:
        raise refuse(f"names joints that are none of SMPL's: {', '.join(sorted(unknown)[:4])}.")
    bones = [*bone_map.bones.values(), *bone_map.also]
    twice = sorted({bone for bone in bones if bones.count(bone) > 1})
    if twice:
        raise refuse(f"gives the bone {twice[0]} two joints.", "Remove one of them in the file or in the panel.")
