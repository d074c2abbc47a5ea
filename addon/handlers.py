"""What Blender tells: undo, files, frames. Each puts the preview where it belongs."""

import atexit
import logging
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .preview import forget_deleted, settle
from .runtime import runtime
from .takes_list import refresh

log = logging.getLogger(__name__)


def _guarded(what: Any) -> None:
    """Blender prints what a handler raises to a console that nobody sees."""
    try:
        what()
    except Exception:  # the boundary to Blender
        log.exception("a handler failed")


@persistent
def after_undo(*_: Any) -> None:
    """Undo and redo."""
    _guarded(runtime.undone)


@persistent
def after_frame_change(*_: Any) -> None:
    """The armature's own animation has just written its pose."""
    if runtime.preview is not None:
        _guarded(runtime.preview.show_again)


@persistent
def before_save(*_: Any) -> None:
    """A file never holds a pose that was only looked at, nor a character that was deleted."""
    _guarded(forget_deleted)
    if runtime.preview is not None:
        _guarded(runtime.preview.hide)


@persistent
def after_save(*_: Any) -> None:
    """Go on."""
    if runtime.preview is not None:
        _guarded(runtime.preview.show_again)


@persistent
def before_load(*_: Any) -> None:
    """The file is left as it was; connection and recording go on."""
    if runtime.preview is not None:
        _guarded(runtime.preview.hide)


@persistent
def after_load(*_: Any) -> None:
    """The list of takes went with the old file, and so did a take that was looked at."""
    _guarded(_settle_file)
    _guarded(refresh)
    runtime.wake()


def _settle_file() -> None:
    if runtime.preview is not None:
        runtime.preview.forget()
    settle()  # of a file recovered from an autosave: Blender writes those without asking us


HANDLERS = {
    "undo_post": after_undo,
    "redo_post": after_undo,
    "frame_change_post": after_frame_change,
    "save_pre": before_save,
    "save_post": after_save,
    "save_post_fail": after_save,
    "load_pre": before_load,
    "load_post": after_load,
}


def attach() -> None:
    """Have Blender call them."""
    for name, handler in HANDLERS.items():
        if (calls := getattr(bpy.app.handlers, name, None)) is not None:
            calls.append(handler)
    atexit.register(runtime.stop_all)


def detach() -> None:
    """The opposite."""
    atexit.unregister(runtime.stop_all)
    for name, handler in HANDLERS.items():
        calls = getattr(bpy.app.handlers, name, None)
        if calls is not None and handler in calls:
            calls.remove(handler)
