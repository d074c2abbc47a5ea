"""Blender's rules for an extension's manifest, as its `extension validate` checks them, without Blender.

After `bl_pkg/cli/blender_ext.py` of Blender 5.2; the tags are those of its list for add-ons.
"""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

TERSE = 64  # characters of a tagline or a permission's reason
PERMISSIONS = ("files", "network", "clipboard", "camera", "microphone")
TAGS = frozenset(
    [
        "3D View",
        "Add Curve",
        "Add Mesh",
        "Animation",
        "Bake",
        "Camera",
        "Compositing",
        "Development",
        "Game Engine",
        "Geometry Nodes",
        "Grease Pencil",
        "Import-Export",
        "Lighting",
        "Material",
        "Mesh",
        "Modeling",
        "Node",
        "Object",
        "Paint",
        "Physics",
        "Pipeline",
        "Render",
        "Rigging",
        "Scene",
        "Sculpt",
        "Sequencer",
        "System",
        "Text Editor",
        "Tracking",
        "UV",
        "User Interface",
    ]
)
_SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
Rule = Callable[[Any], str]


def faults_of(manifest: Path) -> list[str]:
    """What Blender would refuse in the file, as sentences; empty where it is right."""
    try:
        values = tomllib.loads(manifest.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return [f"{manifest.name} cannot be read: {error}."]
    faults = [f"{key} is missing." for key in _REQUIRED if key not in values]
    for key, rule in {**_REQUIRED, **_OPTIONAL}.items():
        if key in values and (wrong := rule(values[key])):
            faults.append(f"{key} {wrong}.")
    if values.get("wheels"):
        faults.append("wheels tie the add-on to one Python; it carries none.")
    return faults


def _identifier(value: Any) -> str:
    right = isinstance(value, str) and value.isidentifier() and not value.startswith("_") and not value.endswith("_")
    return "" if right and "__" not in value else "is no Python identifier without outer or double underscores"


def _semantic(value: Any) -> str:
    return "" if isinstance(value, str) and _SEMANTIC.fullmatch(value) else "is no semantic version"


def _text(value: Any) -> str:
    right = isinstance(value, str) and value and value == value.strip() and value.isprintable()
    return "" if right else "is no text without control characters and outer blanks"


def _terse(value: Any) -> str:
    if wrong := _text(value):
        return wrong
    if len(value) > TERSE:
        return f"has {len(value)} characters; {TERSE} are allowed"
    return "" if value[-1].isalnum() or value[-1] in ")]}" else "ends in punctuation"


def _kind(value: Any) -> str:
    return "" if value in ("add-on", "theme") else "is neither add-on nor theme"


def _blender_version(value: Any) -> str:
    parts = value.split(".") if isinstance(value, str) else ()
    return "" if len(parts) == 3 and all(part.isdigit() for part in parts) else "does not have three numbers"


def _licences(value: Any) -> str:
    right = isinstance(value, list) and value and all(isinstance(one, str) and one.strip() for one in value)
    return "" if right and all(one.startswith("SPDX:") for one in value) else "is no list of SPDX: identifiers"


def _copyright(value: Any) -> str:
    right = isinstance(value, list) and all(re.fullmatch(r"\d+(-\d+)? \S.*", str(one)) for one in value)
    return "" if right else "has an entry that does not begin with a year"


def _permissions(value: Any) -> str:
    if not isinstance(value, dict):
        return "is no table"
    if unknown := sorted(set(value) - set(PERMISSIONS)):
        return f"names {unknown[0]!r}, which is none"
    return next((f"{name} {wrong}" for name, reason in value.items() if (wrong := _terse(reason))), "")


def _tags(value: Any) -> str:
    unknown = sorted(set(value) - TAGS) if isinstance(value, list) else ["no list"]
    return f"has {unknown[0]!r}, which Blender does not know" if unknown else ""


_REQUIRED: dict[str, Rule] = {
    "schema_version": _semantic,
    "id": _identifier,
    "name": _text,
    "tagline": _terse,
    "version": _semantic,
    "type": _kind,
    "maintainer": _text,
    "license": _licences,
    "blender_version_min": _blender_version,
}
_OPTIONAL: dict[str, Rule] = {
    "blender_version_max": _blender_version,
    "website": _text,
    "copyright": _copyright,
    "permissions": _permissions,
    "tags": _tags,
}
