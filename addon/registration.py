"""What Blender is told of, in order, and taken back in reverse."""

import importlib
import importlib.util
import logging
from typing import Any

import bpy

from . import (
    character_operators,
    connection_operators,
    engine_operators,
    export_operators,
    handlers,
    help_operators,
    panels,
    preferences,
    properties,
    record_operators,
    take_operators,
    video_operators,
    viewport_text,
)
from .capture_control import capture_control
from .runtime import remove_timer, runtime
from .takes_list import refresh

log = logging.getLogger(__name__)

PARTS = (
    properties,
    preferences,
    connection_operators,
    character_operators,
    record_operators,
    take_operators,
    video_operators,
    export_operators,
    engine_operators,
    help_operators,
    panels,
)


def register() -> None:
    """Opens no port, starts nothing, downloads nothing."""
    for part in _parts():
        for made in part.CLASSES:
            bpy.utils.register_class(made)
    properties.attach()
    handlers.attach()
    viewport_text.attach()
    runtime.on_draw.append(viewport_text.redraw_views)
    help_operators.start_log()
    if not bpy.app.background:
        bpy.app.timers.register(_look, first_interval=0.1, persistent=True)


def unregister() -> None:
    """Stops all that runs; may be called again."""
    if not hasattr(bpy.types.Scene, "mocamba"):
        return
    if bpy.app.timers.is_registered(_look):
        bpy.app.timers.unregister(_look)
    runtime.stop_all()
    capture_control.stop()()
    remove_timer()
    runtime.on_draw.clear()
    viewport_text.detach()
    handlers.detach()
    properties.detach()
    for part in reversed(_parts()):
        for made in reversed(part.CLASSES):
            if made.is_registered:
                bpy.utils.unregister_class(made)
    help_operators.stop_log()


def _parts() -> list[Any]:
    """With the bone maps, where this copy has them."""
    name = f"{__package__}.mapping_panel"
    mapping = [importlib.import_module(name)] if importlib.util.find_spec(name) else []
    return [*PARTS, *mapping]


def _look() -> None:
    """Once Blender lets add-ons at its data: which takes there are, and whether the engine can run."""
    try:
        capture_control.look()
        refresh()
    except Exception:  # the boundary to Blender's timers
        log.exception("looking around failed")
