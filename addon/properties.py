"""What is chosen in each scene, and the list of takes as Blender's list widget wants it."""

from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

DELAYS = [(str(seconds), f"{seconds} s" if seconds else "At once", "") for seconds in (0, 3, 5, 10)]
RANGES = [("ALL", "Whole take", "From the first pose to the last"), ("PART", "Part", "From one second to another")]
PLACES = [
    ("FREE", "As performed", "The character goes where the performer went"),
    ("IN_PLACE", "In place", "The character moves up and down, but stays over its starting point"),
]


def _is_armature(_: Any, thing: Any) -> bool:
    return bool(thing.type == "ARMATURE")


def _chosen(_settings: Any, _context: Any) -> None:
    from .runtime import runtime  # which needs the properties

    runtime.character_changed()


class MOCAMBA_PG_scene(bpy.types.PropertyGroup):
    """Of one scene; saved with the file."""

    armature: PointerProperty(
        type=bpy.types.Object,
        poll=_is_armature,
        update=_chosen,
        name="Character",
        description="The armature that shows the performer",
    )
    take_name: StringProperty(name="Name", default="Take", description="Name of the next take; a number is added")
    delay: EnumProperty(items=DELAYS, default="3", name="Countdown", description="Time to get into position")
    play_timeline: BoolProperty(
        name="Play timeline", description="Play the animation, with its sound, while the take is recorded"
    )
    beeps: BoolProperty(name="Beeps", default=True, description="Sound the countdown, the start and the end")
    marker: BoolProperty(name="Marker", description="Put a marker with the take's name where the recording starts")
    bake_range: EnumProperty(items=RANGES, name="Range")
    bake_from: FloatProperty(
        name="From", subtype="TIME", unit="TIME_ABSOLUTE", min=0, description="Seconds of the take"
    )
    bake_to: FloatProperty(name="To", subtype="TIME", unit="TIME_ABSOLUTE", min=0, default=10)
    first_frame: IntProperty(name="First frame", default=1, description="Frame of the scene for the first pose")
    place: EnumProperty(items=PLACES, name="Root")
    smooth: FloatProperty(
        name="Smooth", min=0, max=1, default=0, precision=3, subtype="TIME", unit="TIME_ABSOLUTE",
        description="Seconds that are averaged over; 0.05 takes tremor away",
    )  # fmt: skip
    floor: BoolProperty(name="Feet on floor", description="Standing feet on the floor, none under it")
    lock_feet: BoolProperty(name="Lock feet", description="Standing feet do not slide")
    reduce: BoolProperty(name="Fewer keys", description="Leave out keys that straight lines between others replace")
    degrees: FloatProperty(name="Within", min=0.01, max=10, default=0.5, description="Degrees that a bone may be off")
    millimetres: FloatProperty(
        name="and", min=0.1, max=100, default=2.0, description="Millimetres that the hips may be off"
    )
    nla: BoolProperty(name="NLA strip", description="Put the action on a new track instead of making it the active one")


class MOCAMBA_PG_take(bpy.types.PropertyGroup):
    """A line of the list; what is in it lies on disk."""

    path: StringProperty()
    length: StringProperty()
    network: StringProperty()
    fault: StringProperty()
    stars: IntProperty(min=0, max=3)
    note: StringProperty(name="Note", description="Kept with the take", update=lambda self, _: _noted(self))


def _noted(item: Any) -> None:
    from .takes_list import keep_note

    keep_note(item)


class MOCAMBA_PG_window(bpy.types.PropertyGroup):
    """What all windows share and no file keeps."""

    takes: CollectionProperty(type=MOCAMBA_PG_take)
    active_take: IntProperty(name="Take")


CLASSES = (MOCAMBA_PG_scene, MOCAMBA_PG_take, MOCAMBA_PG_window)


def attach() -> None:
    """Give scenes and the window manager their settings."""
    bpy.types.Scene.mocamba = PointerProperty(type=MOCAMBA_PG_scene)
    bpy.types.WindowManager.mocamba = PointerProperty(type=MOCAMBA_PG_window)


def detach() -> None:
    """The opposite."""
    del bpy.types.WindowManager.mocamba
    del bpy.types.Scene.mocamba
