"""Run by a Blender with a window: the steps of tools/blender_windows.py, one after another, from a timer."""

import importlib
import json
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy

ADDON = "bl_ext.user_default.mocamba"
TOLD = json.loads(Path(sys.argv[-1]).read_text("utf-8"))
WORK, OUT = Path(TOLD["work"]), Path(TOLD["out"])
VERSION = ".".join(map(str, bpy.app.version[:2]))
LONGEST = 120.0  # seconds that a step may wait

lines: list[str] = []
failed: list[str] = []


def module(name: str) -> Any:
    """Of the installed add-on."""
    return importlib.import_module(f"{ADDON}.addon.{name}")


def check(what: str, right: Any) -> None:
    """Note the outcome of one thing."""
    lines.append(f"Blender {bpy.app.version_string}: {what}: {'fine' if right else 'WRONG'}")
    if not right:
        failed.append(what)


def runtime() -> Any:
    """Of the installed add-on."""
    return module("runtime").runtime


def view() -> tuple[Any, Any]:
    """The window and the 3D view in it."""
    window = bpy.context.window_manager.windows[0]
    return window, next(area for area in window.screen.areas if area.type == "VIEW_3D")


def our_panels() -> list[Any]:
    """Parents before the panels in them."""
    classes = [*module("panels").CLASSES, *module("mapping_panel").CLASSES]
    return [made for made in classes if made.__name__.startswith("MOCAMBA_PT_")]


def show_only(*names: str) -> list[Any]:
    """These panels of ours, open, and no others; gives what `show_all` needs."""
    made = []
    for panel in reversed(our_panels()):
        bpy.utils.unregister_class(panel)
    for panel in our_panels():
        if panel.__name__.removeprefix("MOCAMBA_PT_") in names:
            name = f"{panel.__name__}_open"  # Blender remembers by name which are closed
            made.append(type(name, (panel,), {"bl_idname": name, "bl_options": set()}))
            bpy.utils.register_class(made[-1])
    return made


def show_all(made: list[Any]) -> None:
    """As it was."""
    for panel in made:
        bpy.utils.unregister_class(panel)
    for panel in our_panels():
        bpy.utils.register_class(panel)


def photograph(name: str) -> None:
    """The whole window."""
    for area in view()[0].screen.areas:
        area.tag_redraw()
    bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=2)
    subprocess.run(["import", "-window", "root", str(OUT / f"{VERSION}-{name}.png")], check=False, timeout=60)


def steps() -> Iterator[Any]:
    """A number waits so many seconds, a function until it says yes."""
    window, area = view()
    yield from fresh_scene(area)
    yield from demo_steps(window, area)
    yield from calibration_steps()
    yield from live_steps(window, area)
    yield from record_steps(window)
    yield from bake_and_export_steps(window, area)
    yield from rigify_steps(window, area)
    shown = show_only("calibrate", "output", "help")
    yield 0.5
    photograph("10-calibrate-output-help")
    show_all(shown)
    yield from damaged_take_steps()
    yield from preference_pictures()
    yield from switching_off_steps()


def fresh_scene(area: Any) -> Iterator[Any]:
    """An empty scene with the sidebar open on our tab."""
    area.spaces[0].show_region_ui = True
    bpy.context.preferences.view.show_splash = False
    bpy.context.preferences.addons[ADDON].preferences.take_folder = str(WORK / "takes")
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    region = area.spaces[0].region_3d
    region.view_distance, region.view_location = 4.5, (0, 0, 0.9)
    yield 1.0
    check("switched on", hasattr(bpy.ops.mocamba, "demo"))
    yield from choose_tab()
    photograph("01-fresh")


def demo_steps(window: Any, area: Any) -> Iterator[Any]:
    """Demo take, its bake, undo and redo."""
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.mocamba.demo("INVOKE_DEFAULT", True)
    yield 2.0
    check("the demo take plays", runtime().player is not None and runtime().preview.last is not None)
    photograph("02-demo")
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.mocamba.preview_take()
        bpy.ops.mocamba.bake("INVOKE_DEFAULT", True)
    check("the demo take is baked", "Demo" in bpy.data.actions)
    bpy.context.scene.frame_set(120)
    photograph("03-baked")
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.ed.undo()
        check("undo takes the bake back", "Demo" not in bpy.data.actions)
        bpy.ops.ed.redo()
        check("redo brings it again", "Demo" in bpy.data.actions)
    bpy.context.scene.mocamba.armature.animation_data.action = None


def calibration_steps() -> Iterator[Any]:
    """Connect; the simulated performer goes through the whole sequence."""
    bpy.ops.mocamba.connect(link=TOLD["link"])
    shown = show_only("connection", "calibrate")
    yield lambda: calibrating().get("step") in ("t-pose", "left-arm")
    yield 1.0
    photograph("04-calibrating")
    yield lambda: runtime().connection.status.get("state") == "live"
    check(f"calibrated: {calibrating().get('prompt')}", calibrating().get("step") == "done")
    show_all(shown)


def live_steps(window: Any, area: Any) -> Iterator[Any]:
    """See it live."""
    bpy.ops.mocamba.live()
    yield lambda: runtime().preview is not None and runtime().preview.last is not None
    yield 1.5
    ticks = runtime().step_ms
    check(f"live: a step takes {ticks:.2f} ms", runtime().preview.trouble == "" and ticks < 1.0)
    photograph("05-live")
    armature = bpy.context.scene.mocamba.armature
    before = [tuple(bone.rotation_quaternion) for bone in armature.pose.bones]
    yield 0.6
    check("the figure moves", before != [tuple(bone.rotation_quaternion) for bone in armature.pose.bones])
    yield from undo_while_live(window, area)


def record_steps(window: Any) -> Iterator[Any]:
    """A take, with countdown, marker and the timeline playing."""
    settings = bpy.context.scene.mocamba
    settings.delay, settings.marker, settings.play_timeline = "3", True, True
    bpy.ops.mocamba.record(take="Walk")
    yield 1.2
    photograph("06-countdown")
    yield lambda: runtime().recording is not None and runtime().recording.take is not None
    yield 2.0
    check("the timeline plays", window.screen.is_animation_playing)
    photograph("07-recording")
    bpy.ops.mocamba.record()
    yield lambda: runtime().recording is None and not runtime().jobs
    yield 0.5
    listed = [item.name for item in bpy.context.window_manager.mocamba.takes]
    check(f"the take is listed ({', '.join(listed)})", "Walk_001" in listed)
    check("the timeline stands", not window.screen.is_animation_playing)
    photograph("08-takes")
    bpy.ops.mocamba.live()


def bake_and_export_steps(window: Any, area: Any) -> Iterator[Any]:
    """The take as keyframes and as files."""
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.mocamba.bake("INVOKE_DEFAULT")
    check("the take is baked", "Walk_001" in bpy.data.actions)
    for kind in ("bvh", "npz", "fbx", "glb", "usd"):
        out = WORK / f"Läufer 1.{kind}"
        bpy.ops.mocamba.export(filepath=str(out), format=kind)
        yield lambda: not runtime().jobs
        lacks = "has no exporter" in runtime().message  # builds of distributions do, and it has to be said
        check(f"exported {kind}", lacks or (out.is_file() and out.stat().st_size > 1000))
    photograph("09-exported")


def rigify_steps(window: Any, area: Any) -> Iterator[Any]:
    """A rig of the user's: Rigify's human, live and put back."""
    first = bpy.context.scene.mocamba.armature
    bpy.ops.preferences.addon_enable(module="rigify")
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.object.armature_human_metarig_add()
        metarig = bpy.context.object
        bpy.ops.object.mode_set(mode="POSE")
        bpy.ops.pose.rigify_generate()
        bpy.ops.object.mode_set(mode="OBJECT")
        rig = bpy.context.object
    for thing in (metarig, first, *first.children):
        thing.hide_set(True)
    bpy.context.scene.mocamba.armature = rig
    switches = [(bone.name, key, bone[key]) for bone in rig.pose.bones for key in ("IK_FK",) if key in bone]
    before = [tuple(bone.rotation_quaternion) for bone in rig.pose.bones]
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.mocamba.detect_map()
    bpy.ops.mocamba.live()
    yield lambda: runtime().preview is not None and runtime().preview.last is not None
    yield 1.5
    moved = sum(tuple(bone.rotation_quaternion) != was for bone, was in zip(rig.pose.bones, before, strict=True))
    check(f"live on Rigify, {moved} bones, {runtime().message}", moved > 15 and not runtime().preview.trouble)
    photograph("14-rigify")
    bpy.ops.mocamba.live()
    yield 0.3
    after = [tuple(bone.rotation_quaternion) for bone in rig.pose.bones]
    check("Rigify is as it was", after == before and all(rig.pose.bones[b][key] == v for b, key, v in switches))
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.mocamba.bake("INVOKE_DEFAULT", True)
    check("the take is baked on Rigify", rig.animation_data is not None and rig.animation_data.action is not None)
    bpy.context.scene.mocamba.armature = first
    for thing in (first, *first.children):
        thing.hide_set(False)
    rig.hide_set(True)


def damaged_take_steps() -> Iterator[Any]:
    """A take of a version that is yet to come."""
    bpy.ops.mocamba.disconnect()
    (WORK / "takes" / "Broken.take").mkdir()
    (WORK / "takes" / "Broken.take" / "take.json").write_text('{"mocamba_take": 99}', encoding="utf-8")
    bpy.ops.mocamba.refresh()
    names = [item.name for item in bpy.context.window_manager.mocamba.takes]
    bpy.context.window_manager.mocamba.active_take = names.index("Broken")
    yield 0.5
    photograph("11-damaged-take")


def switching_off_steps() -> Iterator[Any]:
    """Off and on three times, then off."""
    for _ in range(3):
        bpy.ops.preferences.addon_disable(module=ADDON)
        bpy.ops.preferences.addon_enable(module=ADDON)
    bpy.ops.preferences.addon_disable(module=ADDON)
    yield 0.5
    check("switched off", "mocamba" not in dir(bpy.types.Scene) and not hasattr(bpy.types, "MOCAMBA_PT_connection"))
    photograph("13-disabled")


def undo_while_live(window: Any, area: Any) -> Iterator[Any]:
    """As a user would, with the timer running."""
    for _ in range(6):
        with bpy.context.temp_override(window=window, area=area):
            bpy.context.scene.mocamba.armature.location.x = 0.0
            bpy.ops.ed.undo_push(message="moved")
            bpy.ops.ed.undo()
            yield 0.15
            bpy.ops.ed.redo()
        yield 0.15
    check("live goes on after undo and redo", runtime().live and runtime().preview.trouble == "")


def calibrating() -> Any:
    """As the session tells it."""
    return runtime().connection.status.get("calibration") or {}


def preference_pictures() -> Iterator[Any]:
    """The add-on's page."""
    bpy.ops.screen.userpref_show("INVOKE_DEFAULT")
    yield 1.0
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "Mocamba"
    bpy.ops.preferences.addon_expand(module=ADDON)
    yield 1.0
    photograph("12-preferences")
    other = bpy.context.window_manager.windows[-1]
    with bpy.context.temp_override(window=other):
        bpy.ops.wm.window_close()
    yield 0.5


def choose_tab() -> Iterator[Any]:
    """Click down the sidebar's tabs until ours is on top."""
    window, area = view()
    region = next(region for region in area.regions if region.type == "UI")
    for y in range(region.height - 40, region.height - 460, -30):
        x, down = region.x + region.width - 10, window.height - (region.y + y)
        subprocess.run(["xdotool", "mousemove", str(x), str(down), "click", "1"], check=False)
        yield 0.4
        if getattr(region, "active_panel_category", "") == "Mocamba":
            break
    subprocess.run(["xdotool", "mousemove", "400", "900"], check=False)
    check("the tab can be clicked", getattr(region, "active_panel_category", "") == "Mocamba")


class Turns:
    """The timer's body: does the next step when the one before has what it waited for."""

    def __init__(self) -> None:
        self._running, self._until, self._since = steps(), 0.0, time.monotonic()
        self._reached: Callable[[], Any] = lambda: True

    def turn(self) -> float | None:
        """Seconds to the next call, None at the end."""
        try:
            if self._waited():
                self._next()
        except StopIteration:
            end()
            return None
        except Exception:
            failed.append("a step")
            lines.append(traceback.format_exc())
            photograph("99-failed")
            end()
            return None
        return 0.05

    def _waited(self) -> bool:
        if time.monotonic() < self._until:
            return False
        if not self._reached() and time.monotonic() - self._since > LONGEST:
            raise TimeoutError(f"waited {LONGEST:.0f} s; the add-on says: {runtime().message}")
        return bool(self._reached())

    def _next(self) -> None:
        said = next(self._running)
        self._since = time.monotonic()
        self._reached = said if callable(said) else lambda: True
        self._until = self._since + (0.0 if callable(said) else said)


def end() -> None:
    """Leave the outcome and Blender."""
    (WORK / "outcome.json").write_text(json.dumps({"lines": lines, "failed": failed}), encoding="utf-8")
    bpy.ops.wm.quit_blender()


bpy.app.timers.register(Turns().turn, first_interval=1.5, persistent=True)
