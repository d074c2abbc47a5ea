"""A performer with a motion in a scene of its own, for exporters, while the user's scene is open."""

from pathlib import Path

import bpy

from ..frame_rate import FrameRate
from ..motion import Motion
from ..whole_file import whole_file
from .action import FIRST_FRAME, bake
from .armature import add_armature
from .body_mesh import add_body
from .exchange import export


def export_performance(motion: Motion, rate: FrameRate, name: str, out: Path) -> None:
    """Write armature, body and animation to `out`, whole or not at all; the file that is open stays as it was.

    `motion` has to be at `rate`. Raises MissingToolError where Blender lacks the exporter.
    """
    window = bpy.context.window or bpy.context.window_manager.windows[0]
    before, known = window.scene, {kind: set(getattr(bpy.data, kind)) for kind in _KINDS}
    scene = bpy.data.scenes.new("Mocamba export")
    try:
        window.scene = scene
        with bpy.context.temp_override(window=window, scene=scene, view_layer=scene.view_layers[0]):
            scene.render.fps, scene.render.fps_base = rate.fps, rate.base
            scene.frame_start, scene.frame_end = FIRST_FRAME, FIRST_FRAME + len(motion) - 1
            armature = add_armature(motion.skeleton, name)
            add_body(armature, motion.skeleton)
            bake(armature, motion, name)
            with whole_file(out) as part:
                export(part)
    finally:
        window.scene = before
        bpy.data.scenes.remove(scene)
        for kind in _KINDS:
            blocks = getattr(bpy.data, kind)
            for block in set(blocks) - known[kind]:
                blocks.remove(block)


_KINDS = ("actions", "objects", "meshes", "armatures", "materials")
