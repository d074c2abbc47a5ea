"""Countdown and calibration prompts over the 3D view, large enough for somebody who stands in front of the computer."""

import logging
from typing import Any

import bpy

from .asking import asked
from .recording import Stage
from .runtime import runtime

log = logging.getLogger(__name__)

WHITE, RED, YELLOW = (1.0, 1.0, 1.0, 0.95), (1.0, 0.25, 0.2, 0.95), (1.0, 0.8, 0.2, 0.95)
READ_AT_ONCE = 60  # letters of trouble; the panel has the rest
LINES = 5  # that a prompt may fill at most
_handles: list[Any] = []


def text_now() -> tuple[str, tuple[float, ...], float]:
    """What is to be read, its colour, and its height as a share of the view's; "" for nothing."""
    recording = runtime.recording
    if recording is not None and recording.stage is Stage.COUNTDOWN:
        return str(max(recording.ticked, 0)), YELLOW, 0.4
    status = runtime.connection.status if runtime.connection is not None else {}
    if recording is not None and recording.stage is Stage.RUNNING:
        seconds = (status.get("recording") or {}).get("seconds", 0.0)
        return f"{recording.name}  {seconds:.0f} s", RED, 0.06
    if status.get("state") == "calibrating":
        now = status.get("calibration") or {}
        trouble = str(now.get("trouble", ""))
        return trouble if 0 < len(trouble) < READ_AT_ONCE else asked(status), WHITE, 0.075
    return "", WHITE, 0.0


def draw() -> None:
    """Called by Blender for each 3D view."""
    try:
        text, colour, share = text_now()
        if text and (region := bpy.context.region) is not None:
            _write(text, colour, share * region.height, region)
    except Exception:  # the boundary to Blender, which would write this to a console again and again
        log.exception("the text over the view failed")
        detach()


def _write(text: str, colour: tuple[float, ...], size: float, region: Any) -> None:
    import blf  # which the module of Blender without windows lacks in parts

    width = region.width - _sidebar()
    blf.size(0, size)
    blf.color(0, *colour)
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if blf.dimensions(0, longer)[0] > 0.85 * width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    for number, line in enumerate(lines[:LINES]):
        long, _ = blf.dimensions(0, line)
        blf.position(0, (width - long) / 2, region.height * 0.82 - size * (1 + 1.2 * number), 0)
        blf.draw(0, line)


def _sidebar() -> float:
    """Pixels of the view that the sidebar lies over."""
    area = bpy.context.area
    return sum(region.width for region in area.regions if region.type == "UI" and region.width > 1) if area else 0


def redraw_views() -> None:
    """Where there is something to be read."""
    if not text_now()[0] or bpy.context.window_manager is None:
        return
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


def attach() -> None:
    """Have Blender call `draw`."""
    if not bpy.app.background:
        _handles.append(bpy.types.SpaceView3D.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL"))


def detach() -> None:
    """The opposite; a second call does nothing."""
    while _handles:
        bpy.types.SpaceView3D.draw_handler_remove(_handles.pop(), "WINDOW")
