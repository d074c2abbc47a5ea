"""Poses on an armature for as long as they are looked at; afterwards everything is as it was.

Undo and redo exchange all of Blender's data behind our back, poses that we wrote included. The scenes therefore carry
the number of the preview that wrote the pose now in the data, 0 for none: it travels with undo steps and files.
"""

import time
from collections import OrderedDict
from typing import Any, ClassVar

import bpy

from ..rig.errors import BadInputError
from ..rig.skeleton import Skeleton
from .pose_target import Floats, PoseTarget, target_for

LOOK_AGAIN = 1.0  # seconds between two looks at bones that cannot be told: it takes longer than a pose
REMEMBERED = 64  # previews that undo can still come back to
GONE = "The character was deleted or undone. Choose an armature, or undo again, to go on."
EDITED = "The character is in edit mode. The preview goes on when you leave it."

Pose = tuple[Floats, Floats]


class Preview:
    """Shows poses of `performer` on the scene's character. `past`: by mark, which armature, and how it was."""

    last_mark: ClassVar[int] = 0
    past: ClassVar["OrderedDict[int, tuple[int, PoseTarget]]"] = (
        OrderedDict()
    )  # mark: the armature's number, how it was

    def __init__(self, performer: Skeleton) -> None:
        self.performer = performer
        self.trouble = ""
        self.last: Pose | None = None
        self.warnings: tuple[str, ...] = ()
        self._target: PoseTarget | None = None
        self._mark = self._uid = self._refused = 0
        self._again = 0.0

    def show(self, rotations: Floats, translation: Floats) -> None:
        """Write one pose, `(24, 4)` and `(3,)`; `trouble` says why it cannot be seen."""
        self.last = rotations, translation
        armature = chosen_armature()
        if armature is None:
            forget_deleted()
            self.trouble = GONE if self._uid else "Choose a character, or add the SMPL armature."
            return
        if armature.mode == "EDIT":
            self.trouble = EDITED
            return
        if self._target is None and time.monotonic() < self._again and armature.session_uid == self._refused:
            return
        try:
            target = self._target_of(armature)
            set_marks(self._mark)
            target.apply(rotations, translation)
            self.trouble = ""
        except BadInputError as error:
            self.trouble, self._refused, self._again = str(error), armature.session_uid, time.monotonic() + LOOK_AGAIN
        except (LookupError, ReferenceError):  # bones were renamed or removed: looked at anew with the next pose
            self.hide()
            self._target = None

    def show_again(self) -> None:
        """After something else wrote the pose: a frame change, undo."""
        if self.last is not None:
            self.show(*self.last)

    def hide(self) -> None:
        """Put back what was there; the preview may go on."""
        if self._target is not None and (armature := find_object(self._uid)) is not None:
            self._target.object_name = armature.name
            _restore(self._target, armature)
        set_marks(0)

    def forget(self) -> None:
        """Another file was opened: what is there now is its own."""
        self._target, self._uid = None, 0
        Preview.past.clear()  # undo does not go back to the file before

    def undone(self) -> None:
        """Undo or redo has put other data in place."""
        mark = mark_in_data()
        if mark != self._mark:  # a pose of before this preview, the user's own
            settle(mark)
            self._target = None
        self.show_again()

    def _target_of(self, armature: Any) -> PoseTarget:
        if self._target is not None and armature.session_uid != self._uid:  # another one was chosen
            self.hide()
            self._target = None
        if self._target is None:
            made = target_for(armature, self.performer)
            Preview.last_mark += 1
            self.warnings = made.warnings
            self._target, self._uid, self._mark = made, armature.session_uid, Preview.last_mark
            Preview.past[self._mark] = (self._uid, made)
            while len(Preview.past) > REMEMBERED:
                Preview.past.popitem(last=False)
        self._target.object_name = armature.name  # it may have been renamed
        return self._target


def settle(mark: int) -> None:
    """Undo came back to a pose that the preview `mark` wrote: put back what was there before it."""
    if mark and (kept := Preview.past.get(mark)) is not None:
        uid, target = kept
        if (armature := find_object(uid)) is not None:
            target.object_name = armature.name
            _restore(target, armature)
    set_marks(0)


def chosen_armature() -> Any:
    """The character of the scene, None where there is none or it was deleted. Panels ask: nothing is written."""
    scene = bpy.context.scene
    armature = scene.mocamba.armature if scene is not None else None
    if armature is None:
        return None
    there = scene.objects.get(armature.name) == armature or armature in scene.objects.values()  # libraries repeat names
    return armature if there else None


def forget_deleted() -> None:
    """Let go of characters that were deleted: our pointer alone would keep them, and save them with the file."""
    for scene in bpy.data.scenes:
        armature = scene.mocamba.armature
        if armature is not None and armature.users == 1 and scene.library is None:
            scene.mocamba.armature = None


def find_object(uid: int) -> Any:
    """By the number that survives undo and renaming."""
    return next((thing for thing in bpy.data.objects if thing.session_uid == uid), None)


def mark_in_data() -> int:
    """The preview that wrote the pose which is in the data now."""
    return max((int(scene.mocamba.live_mark) for scene in bpy.data.scenes), default=0)


def set_marks(mark: int) -> None:
    """Of all scenes; writes only what differs."""
    for scene in bpy.data.scenes:
        if scene.mocamba.live_mark != mark and scene.library is None:
            scene.mocamba.live_mark = mark


def _restore(target: PoseTarget, armature: Any) -> None:
    try:
        target.restore()
    except LookupError:  # bones that are no more need nothing put back
        return
    if armature.animation_data is not None:
        armature.update_tag(refresh={"TIME"})  # its animation says what is to be seen
