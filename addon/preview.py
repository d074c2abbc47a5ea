"""Poses on an armature for as long as they are looked at; afterwards everything is as it was.

Undo and redo exchange Blender's data behind our back, poses that we wrote included. An armature therefore carries the
number of the preview that wrote its pose, while it is previewed: in the same data-block, it travels with that pose.
"""

import time
from collections import OrderedDict
from typing import Any, ClassVar

import bpy

from ..rig.errors import BadInputError
from ..rig.skeleton import Skeleton
from .pose_target import Floats, PoseTarget, target_for

LOOK_AGAIN = 1.0  # seconds between two looks at bones that cannot be told: it takes longer than a pose
MARK = "mocamba_preview"  # custom property
REMEMBERED = 256  # previews that undo can still come back to
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
            set_mark(armature, self._mark)
            target.apply(rotations, translation)
            self.trouble = ""
        except BadInputError as error:
            self.trouble, self._refused, self._again = str(error), armature.session_uid, time.monotonic() + LOOK_AGAIN
        except (LookupError, ReferenceError):  # bones were renamed or removed: looked at anew with the next pose
            self.hide()
            self._drop()

    def show_again(self) -> None:
        """After something else wrote the pose: a frame change, undo."""
        if self.last is not None:
            self.show(*self.last)

    def hide(self) -> None:
        """Put back what was there; the preview may go on."""
        if self._target is not None and (armature := find_object(self._uid)) is not None:
            _restore(self._target, armature)

    def forget(self) -> None:
        """Another file was opened: what is there now is its own."""
        self._drop()
        self._uid = 0
        Preview.past.clear()  # undo does not go back to the file before

    def undone(self) -> None:
        """Undo or redo has put other data in place."""
        settle(but=self._mark)
        mine = find_object(self._uid)
        if mine is not None and mine.get(MARK) != self._mark:  # a pose of before this preview, the user's own
            self._drop()
        self.show_again()

    def _drop(self) -> None:
        self._target, self._mark = None, 0

    def _target_of(self, armature: Any) -> PoseTarget:
        if self._target is not None and armature.session_uid != self._uid:  # another one was chosen
            self.hide()
            self._drop()
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


def settle(but: int = 0) -> None:
    """Put back all armatures whose pose a preview wrote that runs no more; `but` is the one that does."""
    for armature in [thing for thing in bpy.data.objects if thing.get(MARK, but) != but]:
        _, target = Preview.past.get(armature[MARK], (0, None))
        if target is not None:
            _restore(target, armature)
        set_mark(armature, 0)


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


def set_mark(armature: Any, mark: int) -> None:
    """`mark` 0 takes it away. Linked data takes none, and undo does not touch it."""
    if armature.get(MARK, 0) == mark or armature.library is not None:
        return
    if mark:
        armature[MARK] = mark
    else:
        del armature[MARK]


def _restore(target: PoseTarget, armature: Any) -> None:
    target.object_name = armature.name
    set_mark(armature, 0)
    try:
        target.restore()
    except LookupError:  # bones that are no more need nothing put back
        return
    if armature.animation_data is not None:
        armature.update_tag(refresh={"TIME"})  # its animation says what is to be seen
