"""The baked performer in the formats of other programs: FBX, glTF and USD, without floor, light and camera."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from ..errors import MissingToolError


def export(path: Path) -> None:
    """Write armature, body and animation of the open file to `path`; the suffix names the format."""
    for one in bpy.context.view_layer.objects:
        one.select_set(one.type == "ARMATURE" or one.find_armature() is not None)
    writers: dict[str, Callable[[str], Any]] = {".fbx": _fbx, ".glb": _gltf}
    writer = writers.get(path.suffix, _usd)
    try:
        writer(str(path))
    except AttributeError as error:
        name = path.suffix.removeprefix(".").upper()
        raise MissingToolError(
            f"This Blender has no exporter for {name}. Use Blender's own build, with its {name} add-on switched on."
        ) from error


def _fbx(path: str) -> Any:
    # every frame is keyed already; simplifying would move feet
    return bpy.ops.export_scene.fbx(
        filepath=path,
        use_selection=True,
        object_types={"ARMATURE", "MESH"},
        add_leaf_bones=False,
        bake_anim=True,
        bake_anim_use_all_bones=True,
        bake_anim_use_nla_strips=False,
        bake_anim_use_all_actions=False,
        bake_anim_simplify_factor=0.0,
    )


def _gltf(path: str) -> Any:
    return bpy.ops.export_scene.gltf(
        filepath=path,
        export_format="GLB",
        use_selection=True,
        export_animations=True,
        export_optimize_animation_size=False,
    )


def _usd(path: str) -> Any:
    return bpy.ops.wm.usd_export(
        filepath=path,
        selected_objects_only=True,
        export_animation=True,
        export_armatures=True,
        convert_orientation=True,
    )
