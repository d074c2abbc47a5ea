"""The sidebar: N, tab Mocamba. Drawing reads what is in memory and nothing else."""

from collections.abc import Mapping
from typing import Any

import bpy

from .asking import asked, camera_alone
from .capture_control import capture_control
from .connection import Phase
from .preferences import preferences
from .preview import chosen_armature
from .recording import Stage
from .runtime import runtime
from .takes_list import active_entry

LETTER = 7.0  # pixels of a usual letter at interface scale 1
RESTLESS = 10.0  # degrees per second of a sensor that should rest
VERDICTS = {"ok": "CHECKMARK", "bad": "ERROR"}
STATES = {
    "connecting": ("Looking for sensors", "SORTTIME"),
    "calibrating": ("Calibrating", "ARMATURE_DATA"),
    "live": ("Live", "RADIOBUT_ON"),
    "recording": ("Recording", "REC"),
    "stopping": ("Stopping", "SORTTIME"),
    "failed": ("Failed", "ERROR"),
}


class _Panel:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mocamba"


class MOCAMBA_PT_connection(_Panel, bpy.types.Panel):
    """Where the session is, and the next single step."""

    bl_label = "Capture"
    bl_idname = "MOCAMBA_PT_connection"

    def draw(self, _context: Any) -> None:
        """See the module."""
        layout, connection = self.layout, runtime.connection
        if connection is None:
            _draw_start(layout)
        elif connection.phase is not Phase.CONNECTED:
            lost = connection.phase is Phase.LOST
            layout.label(text="Not connected" if lost else "Connecting", icon="UNLINKED" if lost else "SORTTIME")
            if connection.message:
                write(layout, connection.message)
            layout.operator("mocamba.connect" if lost else "mocamba.disconnect")
        else:
            _draw_session(layout, connection.status)
        if runtime.message:
            write(layout.box(), runtime.message)
        for job in runtime.jobs:
            row = layout.row(align=True)
            row.progress(factor=job.share, text=f"{job.name}: {job.doing}"[: wide()])
            row.operator("mocamba.cancel_job", text="", icon="X")


def _draw_start(layout: Any) -> None:
    layout.label(text="Not running", icon="RADIOBUT_OFF")
    if capture_control.trouble:
        layout.operator("mocamba.demo", icon="PLAY")
        layout.operator("preferences.addon_show", text="Set Up Capture", icon="PREFERENCES").module = _root()
        layout.operator("mocamba.connect", text="Connect to a Running Session")
    else:
        layout.prop(preferences(), "equipment", text="")
        layout.operator("mocamba.start_capture", icon="PLAY")
        layout.operator("mocamba.connect", text="Connect to a Running Session")


def _draw_session(layout: Any, status: Mapping[str, Any]) -> None:
    state = str(status.get("state", ""))
    text, icon = STATES.get(state, (state, "QUESTION"))
    delay = sum(stage.get("p50", 0) for stage in status.get("latency_ms", {}).values())
    detail = f", {delay:.0f} ms" if state in ("live", "recording") and delay else ""
    layout.label(text=f"{text}{detail}", icon=icon)
    if state in ("connecting", "calibrating", "failed"):
        write(layout, asked(status))
    if state in ("live", "recording"):
        layout.operator(
            "mocamba.live",
            text="Stop Preview" if runtime.live else "Live Preview",
            depress=runtime.live,
            icon="HIDE_OFF",
        )
        if runtime.live and runtime.preview is not None and runtime.preview.trouble:
            write(layout, runtime.preview.trouble, icon="ERROR")
        _draw_sensors(layout, status)
    row = layout.row(align=True)
    row.operator("mocamba.disconnect")
    if capture_control.running:
        row.operator("mocamba.stop_capture", text="Stop")


def _draw_sensors(layout: Any, status: Mapping[str, Any]) -> None:
    silent = {
        slot: one for slot, one in status.get("slots", {}).items() if one.get("known") not in ("measured", "fading")
    }
    for slot, one in silent.items():
        if one.get("sensor"):
            text = f"{_plain(slot)}: silent for {one.get('age', 0):.1f} s, {one.get('known')}"
            layout.label(text=text, icon="ERROR")
    for fault in status.get("faults", [])[:2]:
        write(layout, str(fault), icon="ERROR")


class MOCAMBA_PT_character(_Panel, bpy.types.Panel):
    """Who shows the performer."""

    bl_label = "Character"
    bl_idname = "MOCAMBA_PT_character"

    def draw(self, context: Any) -> None:
        """See the module."""
        layout, settings = self.layout, context.scene.mocamba
        layout.prop(settings, "armature", text="")
        for warning in (runtime.preview.warnings if runtime.preview is not None else ())[:2]:
            write(layout, warning, icon="ERROR")
        if chosen_armature() is None:
            layout.operator("mocamba.add_armature", icon="ARMATURE_DATA")
            layout.operator("mocamba.find_armature")
        column = layout.column(align=True)
        column.operator("mocamba.load_body", text="Licensed SMPL Body...")


class MOCAMBA_PT_calibrate(_Panel, bpy.types.Panel):
    """The session's prompts, large."""

    bl_label = "Calibrate"
    bl_idname = "MOCAMBA_PT_calibrate"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """Where there are sensors."""
        return runtime.connection is None or not camera_alone(runtime.connection.status)

    def draw(self, _context: Any) -> None:
        """See the module."""
        layout = self.layout
        status = runtime.connection.status if runtime.connection is not None else {}
        now = status.get("calibration")
        if status.get("state") == "calibrating" or (now and now.get("step") not in (None, "done", "failed")):
            _draw_prompt(layout, status, now or {})
        row = layout.row(align=True)
        row.operator("mocamba.calibrate", text="Calibrate").what = "calibrate"
        row.operator("mocamba.calibrate", text="Yaw Reset").what = "reset_yaw"
        row.operator("mocamba.calibrate", text="Full Reset").what = "reset_full"
        if now:
            _draw_findings(layout, now)


def _draw_prompt(layout: Any, status: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    box = layout.box()
    box.scale_y = 1.4
    write(box, asked(status))
    share = float(now.get("progress", status.get("share", 0)) or 0)
    box.progress(factor=min(max(share, 0.0), 1.0), text=str(now.get("step", "")))
    if now.get("trouble"):
        write(box, str(now["trouble"]), icon="ERROR")
    if now.get("kept"):
        write(box, str(now["kept"]), icon="INFO")
        box.operator("mocamba.calibrate", text="Use the Kept Calibration").what = "keep_calibration"
    worn = {str(one.get("sensor")): slot for slot, one in status.get("slots", {}).items()}
    moving = [_plain(worn.get(name, name)) for name, speed in (now.get("moving") or {}).items() if speed > RESTLESS]
    if moving:
        write(box, f"Still moving: {', '.join(moving)}", icon="INFO")


def _draw_findings(layout: Any, now: Mapping[str, Any]) -> None:
    for found in now.get("findings") or ():
        bad = str(found.get("verdict")) == "bad"
        row = layout.row()
        text = f"{_plain(found.get('slot') or found.get('sensor'))}: {found.get('reason')}"
        write(row, text, icon=VERDICTS.get(str(found.get("verdict")), "INFO"), beside=4)
        if bad:
            again = row.operator("mocamba.calibrate", text="", icon="FILE_REFRESH")
            again.what, again.only = "calibrate", str(found.get("sensor"))


class MOCAMBA_PT_record(_Panel, bpy.types.Panel):
    """From countdown to take."""

    bl_label = "Record"
    bl_idname = "MOCAMBA_PT_record"

    def draw(self, context: Any) -> None:
        """See the module."""
        layout, settings, recording = self.layout, context.scene.mocamba, runtime.recording
        row = layout.row()
        row.scale_y = 2.0
        if recording is None:
            row.operator("mocamba.record", icon="REC")
        elif recording.stage is Stage.COUNTDOWN:
            row.operator("mocamba.record", text=f"{recording.ticked}", icon="CANCEL", depress=True)
        else:
            row.operator("mocamba.record", text="Stop", icon="SNAP_FACE", depress=True)
            _draw_recorded(layout)
            return
        layout.prop(settings, "take_name")
        layout.prop(settings, "delay")
        column = layout.column(heading="With")
        for name in ("play_timeline", "marker", "beeps"):
            column.prop(settings, name)


def _draw_recorded(layout: Any) -> None:
    status = runtime.connection.status if runtime.connection is not None else {}
    told = status.get("recording") or {}
    frames = status.get("frames", {})
    layout.label(text=f"{told.get('seconds', 0):.1f} s, {told.get('samples', 0)} samples, {told.get('lost', 0)} lost")
    free = status.get("free_bytes", 0) / 1e9
    layout.label(text=f"{frames.get('dropped', 0)} poses dropped, {free:.1f} GB free")


class MOCAMBA_UL_takes(bpy.types.UIList):
    """Name, length and network of each take."""

    def draw_item(self, _c: Any, layout: Any, _d: Any, item: Any, _i: Any, _a: Any, _p: Any, _x: int = 0) -> None:
        """One line."""
        row = layout.split(factor=0.62, align=True)
        row.label(text=item.name, icon="ERROR" if item.fault else "ACTION")
        row.label(text=f"{item.length} {'*' * item.stars}")


class MOCAMBA_PT_takes(_Panel, bpy.types.Panel):
    """What was recorded."""

    bl_label = "Takes"
    bl_idname = "MOCAMBA_PT_takes"

    def draw(self, context: Any) -> None:
        """See the module."""
        layout, window = self.layout, context.window_manager.mocamba
        row = layout.row()
        row.template_list("MOCAMBA_UL_takes", "", window, "takes", window, "active_take", rows=4)
        side = row.column(align=True)
        side.operator("mocamba.refresh", text="", icon="FILE_REFRESH")
        side.operator("mocamba.reveal_take", text="", icon="FILE_FOLDER")
        side.operator("mocamba.delete_take", text="", icon="TRASH")
        layout.operator("mocamba.solve_video", text="From a Video...", icon="FILE_MOVIE")
        entry = active_entry()
        if entry is None or not 0 <= window.active_take < len(window.takes):
            return
        item = window.takes[window.active_take]
        if item.fault:
            write(layout, item.fault, icon="ERROR")
            if "Repair" in item.fault:
                layout.operator("mocamba.repair_take")
        layout.label(text=f"{item.network}{f'; {entry.performer}' if entry.performer else ''}")
        _draw_play(layout)
        if entry.path.suffix == ".take":
            row = layout.row(align=True)
            for stars in range(4):
                row.operator("mocamba.star", text=str(stars), depress=stars == item.stars).stars = stars
            layout.prop(item, "note")
            row = layout.row(align=True)
            row.operator("mocamba.solve_take", text="Solve Again...")
            row.operator("mocamba.add_video", text="Add Video...")


def _draw_play(layout: Any) -> None:
    player = runtime.player
    if player is None:
        layout.operator("mocamba.preview_take", icon="PLAY")
        return
    layout.operator("mocamba.preview_take", text="Stop Preview", icon="PAUSE", depress=True)
    layout.label(text=f"{player.name}: {player.seconds:.1f} of {player.motion.duration:.1f} s")
    if runtime.preview is not None and runtime.preview.trouble:
        write(layout, runtime.preview.trouble, icon="ERROR")


class MOCAMBA_PT_bake(_Panel, bpy.types.Panel):
    """Keyframes of the chosen take."""

    bl_label = "Bake"
    bl_idname = "MOCAMBA_PT_bake"

    def draw(self, context: Any) -> None:
        """See the module."""
        layout, chosen, scene = self.layout, context.scene.mocamba, context.scene
        layout.use_property_split, layout.use_property_decorate = True, False
        entry = active_entry()
        solve = entry.newest if entry is not None else None
        if solve is not None:
            fps = scene.render.fps / scene.render.fps_base
            text = f"{solve.rate:.0f} Hz to {fps:.5g} fps: {solve.seconds:.2f} s, {int(solve.seconds * fps) + 1} frames"
            layout.label(text=text, icon="INFO")
        layout.prop(chosen, "bake_range", expand=True)
        if chosen.bake_range == "PART":
            layout.prop(chosen, "bake_from")
            layout.prop(chosen, "bake_to")
        for name in ("first_frame", "place", "smooth", "floor", "lock_feet", "reduce"):
            layout.prop(chosen, name)
        if chosen.reduce:
            layout.prop(chosen, "degrees")
            layout.prop(chosen, "millimetres")
        layout.prop(chosen, "nla")
        row = layout.row()
        row.scale_y = 1.5
        row.operator("mocamba.bake", icon="KEYINGSET")


class MOCAMBA_PT_output(_Panel, bpy.types.Panel):
    """For other programs."""

    bl_label = "Output"
    bl_idname = "MOCAMBA_PT_output"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, _context: Any) -> None:
        """See the module."""
        layout = self.layout
        grid = layout.grid_flow(columns=3, align=True)
        for name, label in (("bvh", "BVH"), ("npz", "AMASS"), ("fbx", "FBX"), ("glb", "glTF"), ("usd", "USD")):
            grid.operator("mocamba.export", text=label).format = name
        preferences = bpy.context.preferences.addons.get(_root())
        if preferences is not None:
            layout.prop(preferences.preferences, "vmc")
            layout.label(text="VMC takes effect with the next capture")


class MOCAMBA_PT_help(_Panel, bpy.types.Panel):
    """When something is wrong."""

    bl_label = "Help"
    bl_idname = "MOCAMBA_PT_help"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, _context: Any) -> None:
        """See the module."""
        layout = self.layout
        layout.operator("mocamba.open_log")
        layout.operator("mocamba.copy_diagnostics")
        layout.label(text=f"Blender {bpy.app.version_string}; a step takes {runtime.step_ms:.2f} ms")


def write(layout: Any, text: str, icon: str = "NONE", beside: int = 0) -> None:
    """A sentence over as many lines as it needs: labels do not wrap. `beside`: letters that a button takes."""
    column, letters = layout.column(align=True), wide() - beside - (3 if icon != "NONE" else 0)
    line, first = "", True
    for word in [*text.split(), ""]:
        if line and (not word or len(line) + len(word) >= letters):
            column.label(text=line, icon=icon if first else "BLANK1" if icon != "NONE" else "NONE")
            line, first = "", False
        line = f"{line} {word}".strip()


def wide() -> int:
    """Letters of a line in the region that is drawn."""
    region = bpy.context.region
    width = region.width if region is not None else 260
    return max(int(width / (LETTER * bpy.context.preferences.system.ui_scale)) - 5, 16)


def _plain(slot: object) -> str:
    return str(slot).replace("_", " ")


def _root() -> str:
    from .preferences import ROOT

    return ROOT


CLASSES = (
    MOCAMBA_UL_takes,
    MOCAMBA_PT_connection,
    MOCAMBA_PT_character,
    MOCAMBA_PT_calibrate,
    MOCAMBA_PT_record,
    MOCAMBA_PT_takes,
    MOCAMBA_PT_bake,
    MOCAMBA_PT_output,
    MOCAMBA_PT_help,
)
