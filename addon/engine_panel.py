"""The preferences: where takes and engine are, how the engine is set up, what is captured with."""

from typing import Any

import bpy

from .capture_control import capture_control
from .panels import write
from .runtime import runtime


def draw_preferences(chosen: Any, layout: Any) -> None:
    """What was read by `capture_control.look`, and the choices."""
    layout.use_property_split, layout.use_property_decorate = True, False
    _draw_engine(chosen, layout.box())
    box = layout.box()
    box.label(text="Capture")
    worn = () if chosen.equipment == "CAMERA" else ("calibration", "drift")
    sources = {"SENSORS": ("imu",), "BOTH": ("imu", "camera", "field"), "CAMERA": ("camera", "field")}
    about = ("network", "performer", "height", *worn, "smooth", "feet", "vmc")
    for name in ("take_folder", "equipment", *sources[chosen.equipment], *about):
        box.prop(chosen, name)


def _draw_engine(chosen: Any, layout: Any) -> None:
    trouble = capture_control.trouble
    layout.label(text="Capture engine", icon="ERROR" if trouble else "CHECKMARK")
    write(layout, trouble or "The engine is ready.")
    layout.prop(chosen, "engine_folder")
    layout.prop(chosen, "python")
    if not chosen.python:
        layout.prop(chosen, "hardware")
        layout.prop(chosen, "wheels")
    if not chosen.wheels and not chosen.python:
        write(layout, "It downloads about 300 MB, with an NVIDIA card 3 GB, once. Nothing is fetched before you agree:")
        layout.prop(chosen, "agreed")
        if not bpy.app.online_access:
            write(
                layout, "Blender's online access is off. Switch it on under System, Network, or use offline packages."
            )
            if bpy.app.online_access_override:
                write(layout, "It was switched off where Blender was started; start it without --offline-mode.")
    row = layout.row()
    row.operator("mocamba.set_up_engine", text="Repair Engine" if not trouble else "Set Up Engine")
    row.operator("mocamba.add_weights", text="Add Weights...")
    row.operator("mocamba.fetch_weights", text="Fetch Weights...")
    row.operator("mocamba.show_engine")
    for job in runtime.jobs:
        row = layout.row(align=True)
        row.progress(factor=job.share, text=f"{job.name}: {job.doing}"[:80])
        row.operator("mocamba.cancel_job", text="", icon="X")
    if runtime.message:
        write(layout, runtime.message)
