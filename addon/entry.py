"""Where Blender comes in: the whole add-on, or, in a Blender whose NumPy does not fit, one panel that says so."""

from typing import Any

import bpy

OLDEST = (1, 24)  # NumPy in the oldest Blender this is for


class MOCAMBA_PT_trouble(bpy.types.Panel):
    """In place of all others."""

    bl_label = "Mocamba"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mocamba"
    trouble = ""

    def draw(self, _context: Any) -> None:
        """One sentence over as many lines as it needs."""
        for part in self.trouble.replace(": ", ":\n").replace(". ", ".\n").splitlines():
            self.layout.label(text=part)


def numpy_trouble() -> str:
    """Why NumPy does not fit, as a sentence; empty where it does."""
    try:
        import numpy
    except ImportError as error:
        return f"This Blender has no NumPy ({error}). Use Blender's own build from blender.org, then switch Mocamba on."
    version = tuple(int(part) for part in numpy.__version__.split(".")[:2])
    if version < OLDEST:
        needs = ".".join(map(str, OLDEST))
        return f"This Blender's NumPy is {numpy.__version__}; Mocamba needs {needs}. Use Blender 4.2 or newer."
    return ""


def register() -> None:
    """All of it, or the one panel."""
    MOCAMBA_PT_trouble.trouble = numpy_trouble()
    if MOCAMBA_PT_trouble.trouble:
        bpy.utils.register_class(MOCAMBA_PT_trouble)
        return
    from . import registration  # which needs NumPy

    registration.register()


def unregister() -> None:
    """The same backwards; may be called again."""
    if MOCAMBA_PT_trouble.is_registered:
        bpy.utils.unregister_class(MOCAMBA_PT_trouble)
        return
    from . import registration

    registration.unregister()
