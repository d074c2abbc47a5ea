"""What is done with a take in the list: look at it, bake it, solve it again, put it right, find it, throw it away."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ..rig.curve import Reduction
from ..rig.errors import BadInputError
from ..rig.polish import Polish
from .bake_scene import BakeWish, bake_motion
from .capture_control import capture_control
from .engine import run
from .jobs import Job
from .player import Player
from .preview import chosen_armature
from .properties import PLACES
from .runtime import runtime
from .saying import Result, done, told
from .take_files import DEMO, load
from .takes_list import entry_of, refresh, set_stars
from .trash import move_to_trash

POLISHES = [
    ("NONE", "As solved", ""),
    ("FEET", "Feet", "Feet on the floor, and standing feet do not slide"),
    ("SMOOTH", "Feet and smooth", "The same, and tremor is taken away"),
]
_POLISH_OPTIONS = {"NONE": (), "FEET": ("--feet", "--floor"), "SMOOTH": ("--feet", "--floor", "--smooth", "0.05")}


class OnTake:
    """An operator on the take at `path`, "" for the one that is chosen in the list."""

    path: StringProperty(name="Take", description="Folder of the take, or a motion's .npz; empty for the chosen one")


class MOCAMBA_OT_refresh(bpy.types.Operator):
    """Read the folder of takes again"""

    bl_idname = "mocamba.refresh"
    bl_label = "Refresh"

    @told
    def execute(self, _context: Any) -> Result:
        """And see whether the engine is there."""
        refresh()
        capture_control.look()
        return {"FINISHED"}


class MOCAMBA_OT_preview_take(OnTake, bpy.types.Operator):
    """Play the take on the character without keyframes; press again to stop and put the character back"""

    bl_idname = "mocamba.preview_take"
    bl_label = "Preview"

    solve: StringProperty(name="Solve", description="Whose motion; empty for the newest")

    @told
    def execute(self, _context: Any) -> Result:
        """On and off."""
        if runtime.player is not None:
            runtime.stop_preview()
            return done(self, "The character is as it was.")
        entry = entry_of(self.path)
        motion = load(entry, self.solve)
        if chosen_armature() is None:
            raise BadInputError("There is no character to show it on. Choose an armature, or add the SMPL armature.")
        runtime.start_player(Player(motion, entry.name))
        runtime.step()
        return done(self, f"Playing {entry.name}.")


class MOCAMBA_OT_demo(bpy.types.Operator):
    """Play the demo take on the character, which is added where there is none; needs no engine and no sensor"""

    bl_idname = "mocamba.demo"
    bl_label = "Demo Take"
    bl_options = {"REGISTER", "UNDO"}

    @told
    def execute(self, _context: Any) -> Result:
        """One press from a fresh install to a moving figure."""
        if chosen_armature() is None:
            bpy.ops.mocamba.add_armature()
        entry = entry_of(str(DEMO))
        runtime.start_player(Player(load(entry), entry.name))
        runtime.step()
        return done(self, "Playing the demo take. Stop puts the character back; Bake makes keyframes of it.")


class MOCAMBA_OT_bake(OnTake, bpy.types.Operator):
    """Make keyframes of the take on the character, in a new action at the scene's frame rate"""

    bl_idname = "mocamba.bake"
    bl_label = "Bake"
    bl_options = {"REGISTER", "UNDO"}

    solve: StringProperty(name="Solve", description="Whose motion; empty for the newest")
    armature: StringProperty(name="Armature", description="Empty for the scene's character")
    action: StringProperty(name="Action", description="Name of the action; empty for the take's")
    first_frame: IntProperty(name="First frame", default=1)
    part: BoolProperty(name="Part", description="Only from one second to another")
    start: FloatProperty(name="From", min=0, subtype="TIME", unit="TIME_ABSOLUTE")
    end: FloatProperty(name="To", min=0, subtype="TIME", unit="TIME_ABSOLUTE")
    place: EnumProperty(items=PLACES, name="Root")
    smooth: FloatProperty(name="Smooth", min=0, max=1, description="Seconds that are averaged over")
    floor: BoolProperty(name="Feet on floor")
    lock_feet: BoolProperty(name="Lock feet")
    reduce: BoolProperty(name="Fewer keys")
    degrees: FloatProperty(name="Degrees", min=0.01, max=10, default=0.5)
    millimetres: FloatProperty(name="Millimetres", min=0.1, max=100, default=2)
    nla: BoolProperty(name="NLA strip")

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """Not in the middle of a take."""
        cls.poll_message_set("A take is being recorded")
        return runtime.recording is None

    def invoke(self, context: Any, _event: Any) -> Result:
        """From the panel: as the scene's settings say."""
        chosen = context.scene.mocamba
        for name in ("first_frame", "place", "smooth", "floor", "lock_feet", "reduce", "degrees", "millimetres", "nla"):
            setattr(self, name, getattr(chosen, name))
        self.part, self.start, self.end = chosen.bake_range == "PART", chosen.bake_from, chosen.bake_to
        result: Result = self.execute(context)
        return result

    @told
    def execute(self, _context: Any) -> Result:
        """One undo step."""
        runtime.stop_preview()
        armature = self._armature()
        entry = entry_of(self.path)
        baked = bake_motion(armature, load(entry, self.solve), self.action or entry.name, self._wish())
        text = f"{baked.action}: {baked.seconds:.2f} s in {baked.frames} frames, {baked.keys} keys."
        return done(self, " ".join((text, *baked.warnings[:1])))

    def _armature(self) -> Any:
        armature = bpy.data.objects.get(self.armature) if self.armature else chosen_armature()
        if armature is None or armature.type != "ARMATURE":
            raise BadInputError("There is no character to bake to. Choose an armature, or add the SMPL armature.")
        return armature

    def _wish(self) -> BakeWish:
        return BakeWish(
            first_frame=self.first_frame,
            part=(self.start, self.end) if self.part else None,
            in_place=self.place == "IN_PLACE",
            polish=Polish(self.smooth, self.floor, self.lock_feet),
            reduction=Reduction(self.degrees, self.millimetres) if self.reduce else None,
            nla=self.nla,
        )


class MOCAMBA_OT_star(OnTake, bpy.types.Operator):
    """Give the take none to three stars"""

    bl_idname = "mocamba.star"
    bl_label = "Stars"

    stars: IntProperty(min=0, max=3)

    @told
    def execute(self, _context: Any) -> Result:
        """Kept with the take."""
        entry = entry_of(self.path)
        if entry.path == DEMO:
            raise BadInputError("The demo take belongs to the add-on; nothing is kept with it.")
        set_stars(str(entry.path), self.stars)
        return {"FINISHED"}


class MOCAMBA_OT_solve_take(OnTake, bpy.types.Operator):
    """Find the motion anew from what the sensors said, with any network; the engine does it"""

    bl_idname = "mocamba.solve_take"
    bl_label = "Solve Again"

    network: StringProperty(name="Network", description="A network's name or a weights file; empty for the usual one")
    polish: EnumProperty(items=POLISHES, name="Polish", default="FEET")

    def invoke(self, context: Any, _event: Any) -> Result:
        """Ask which."""
        return set(context.window_manager.invoke_props_dialog(self))

    @told
    def execute(self, _context: Any) -> Result:
        """A job, with progress and Cancel."""
        entry = entry_of(self.path)
        if entry.path.suffix.lower() != ".take":
            raise BadInputError(f"{entry.name} is a motion without the sensors' signals; it cannot be solved again.")
        engine = capture_control.need()
        arguments = ["takes", "solve", str(entry.path), *_POLISH_OPTIONS[self.polish]]
        arguments += ["--network", self.network] if self.network else []

        def solved(_: Any) -> None:
            refresh(entry.path)
            runtime.say(f"{entry.name} is solved.")

        runtime.run_job(Job(f"Solving {entry.name}", lambda job: run(engine, job, *arguments), solved))
        return {"FINISHED"}


class MOCAMBA_OT_repair_take(OnTake, bpy.types.Operator):
    """Make a damaged take whole, as far as it can be read; what was there is kept beside it"""

    bl_idname = "mocamba.repair_take"
    bl_label = "Repair"

    @told
    def execute(self, _context: Any) -> Result:
        """The engine does it."""
        entry = entry_of(self.path)
        engine = capture_control.need()

        def repaired(values: Any) -> None:
            refresh(entry.path)
            runtime.say(" ".join(values["done"]) or f"{entry.name} is whole; nothing was changed.")

        work = Job(
            f"Repairing {entry.name}", lambda job: run(engine, job, "takes", "repair", str(entry.path)), repaired
        )
        runtime.run_job(work)
        return {"FINISHED"}


class MOCAMBA_OT_cancel_job(bpy.types.Operator):
    """Stop what is being done; nothing is left half-written"""

    bl_idname = "mocamba.cancel_job"
    bl_label = "Cancel"

    @told
    def execute(self, _context: Any) -> Result:
        """All jobs."""
        for job in runtime.jobs:
            job.cancel()
        return {"FINISHED"}


class MOCAMBA_OT_reveal_take(OnTake, bpy.types.Operator):
    """Show the take in the system's file browser"""

    bl_idname = "mocamba.reveal_take"
    bl_label = "Reveal"

    @told
    def execute(self, _context: Any) -> Result:
        """Its folder."""
        entry = entry_of(self.path)
        bpy.ops.wm.path_open(filepath=str(entry.path if entry.path.is_dir() else entry.path.parent))
        return {"FINISHED"}


class MOCAMBA_OT_delete_take(OnTake, bpy.types.Operator):
    """Move the take to the system's trash"""

    bl_idname = "mocamba.delete_take"
    bl_label = "Delete"

    def invoke(self, context: Any, event: Any) -> Result:
        """Ask first."""
        return set(context.window_manager.invoke_confirm(self, event))

    @told
    def execute(self, _context: Any) -> Result:
        """Never for good."""
        entry = entry_of(self.path)
        if entry.path.suffix.lower() != ".take":
            raise BadInputError(f"{entry.name} is no take of its own; it stays.")
        if runtime.recording is not None and runtime.recording.take == entry.path:
            raise BadInputError(f"{entry.name} is being recorded. Stop it first.")
        place = move_to_trash(Path(entry.path))
        refresh()
        return done(self, f"{entry.name} is in {place}.")


CLASSES = (
    MOCAMBA_OT_refresh,
    MOCAMBA_OT_preview_take,
    MOCAMBA_OT_demo,
    MOCAMBA_OT_bake,
    MOCAMBA_OT_star,
    MOCAMBA_OT_solve_take,
    MOCAMBA_OT_repair_take,
    MOCAMBA_OT_cancel_job,
    MOCAMBA_OT_reveal_take,
    MOCAMBA_OT_delete_take,
)
