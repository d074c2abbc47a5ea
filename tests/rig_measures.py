"""Retargets onto every rig inside Blender and measures what Blender evaluates.

Run by the tests, and by real Blender: blender -b -P rig_measures.py -- OUT.json [MOTION.npz ...]
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

if "mocamba" not in sys.modules and __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rig" / "blender"))
    from bootstrap import load_package

    load_package()

from mocamba.addon.rig_binding import MappedTarget
from mocamba.rig.amass import read_amass
from mocamba.rig.blender.action import bake_curves
from mocamba.rig.bvh import write_bvh
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import Array, angle_between
from mocamba.rig.retarget.fit import Fitting
from mocamba.rig.retarget.hands import kept_out
from mocamba.rig.skeleton import JOINTS, SMPL24, joint
from mocamba.tests import motions, rigs

LIMBS = [(a, b) for side in ("left", "right") for a, b in
         ((f"{side}_hip", f"{side}_knee"), (f"{side}_knee", f"{side}_ankle"),
          (f"{side}_shoulder", f"{side}_elbow"), (f"{side}_elbow", f"{side}_wrist"))]  # fmt: skip
SHOWN = 40  # frames looked at
TOUCHING = 0.01  # metres: a source's foot that is no higher is on the floor
RIGIFY = dict(zip(
    (f"{side}_{part}" for side in ("left", "right") for part in rigs.LIMB_PARTS if part != "collar"),
    (f"ORG-{part}.{side}" for side in ("L", "R") for part in
     ("thigh", "shin", "foot", "toe", "upper_arm", "forearm", "hand")), strict=True))  # fmt: skip
RIGIFY |= {"pelvis": "ORG-spine", "neck": "ORG-spine.004", "head": "ORG-spine.006"}
RIGIFY |= {f"spine{k}": f"ORG-spine.{k:03d}" for k in (1, 2, 3)}
RIGIFY |= {"left_collar": "ORG-shoulder.L", "right_collar": "ORG-shoulder.R"}


@dataclass
class Subject:
    """An armature with the bones at whose heads joints are; `axes` turn our axes into the armature's."""

    armature: Any
    places: dict[str, str]
    axes: Array
    lifted: float = 0.0
    """How far above its rest pose the rig stands on the floor, in Blender's units."""

    @property
    def built(self) -> dict[str, str]:
        """The bones that a map has to name, where they are those at whose heads the joints are."""
        return {} if self.places is RIGIFY else {name: bone for name, bone in self.places.items() if name in JOINTS}

    def heads(self, names: list[str]) -> Array:
        """World positions as Blender evaluates them."""
        posed = self.armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        matrix = np.array(posed.matrix_world)
        heads = np.array([posed.pose.bones[self.places[name]].head for name in names])
        return heads @ matrix[:3, :3].T + matrix[:3, 3]

    def rest(self, name: str) -> Array:
        """World position at rest."""
        bone = self.armature.data.bones[self.places[name]]
        return np.array(self.armature.matrix_world @ bone.head_local) + self.lifted * self.to_world()[:, 1]

    def to_world(self) -> Array:
        """Rotation of our axes into Blender's world."""
        turned = np.array(self.armature.matrix_world)[:3, :3]
        return turned / np.linalg.norm(turned, axis=0) @ self.axes

    def matrices(self, names: tuple[str, ...]) -> Array:
        posed = self.armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        return np.array([posed.pose.bones[name].matrix for name in names])


def subjects() -> Iterator[tuple[str, Callable[[], Subject]]]:
    """Every rig by name."""
    for name, family in rigs.FAMILIES.items():
        axes = np.eye(3) if family.y_up else rigs.Z_UP
        yield name, lambda n=name, f=family, x=axes: Subject(rigs.build(n, f), f.bones(), x)
    yield "Rigify", rigify
    yield "Rigify metarig", lambda: rigify(generate=False)
    yield "BVH import", imported_bvh


def rigify(generate: bool = True) -> Subject:
    """The human metarig, and its control rig."""
    bpy.ops.preferences.addon_enable(module="rigify")
    bpy.ops.object.armature_human_metarig_add()
    meta = bpy.context.object
    if not generate:
        return Subject(meta, {name: bone.removeprefix("ORG-") for name, bone in RIGIFY.items()}, rigs.Z_UP)
    bpy.ops.pose.rigify_generate()
    rig = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE" and thing != meta)
    bpy.data.objects.remove(meta)
    return Subject(rig, RIGIFY, rigs.Z_UP)


def imported_bvh() -> Subject:
    """Our own file, with another program's names, by Blender's importer: Euler angles, hips at the origin."""
    names = {joint: bone.split(":")[1] for joint, bone in rigs.MIXAMO.bones().items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "walk.bvh")
        write_bvh(motions.walk(0.2), path)
        text = path.read_text()
        for kind in ("JOINT", "ROOT"):
            for name, bone in names.items():
                text = text.replace(f"{kind} {name}\n", f"{kind} {bone}\n")
        path.write_text(text)
        bpy.ops.import_anim.bvh(filepath=str(path), global_scale=0.01, rotate_mode="NATIVE")
    armature = bpy.context.object
    armature.animation_data_clear()
    for bone in armature.pose.bones:
        bone.matrix_basis.identity()
    return Subject(armature, names, rigs.Z_UP, SMPL24.pelvis_height)


def measured(subject: Subject, motion: Motion, fitting: Fitting | None = None) -> dict[str, Any]:
    """Live, baked and back: degrees and metres at worst."""
    before = pose_state(subject.armature)
    began = time.perf_counter()
    target = MappedTarget(subject.armature, motion.skeleton, fitting=fitting)
    bound = time.perf_counter() - began
    fitted = target.retarget.fit.fitted(motion, target.retarget.fitting)
    frames = np.linspace(0, len(motion) - 1, SHOWN).round().astype(int)
    live = _shown(
        subject, target, motion, motion, frames, lambda t: target.apply(motion.rotations[t], motion.translation[t])
    )
    began = time.perf_counter()
    for t in frames:
        target.apply(motion.rotations[t], motion.translation[t])
    applied = (time.perf_counter() - began) / len(frames)
    target.restore()
    bpy.context.view_layer.update()  # drivers of the rig's own
    restored = pose_state(subject.armature)
    curves = target.motion_curves(motion)
    bake_curves(subject.armature, curves, "Take", 1)
    baked = _shown(subject, target, motion, fitted, frames, lambda t: bpy.context.scene.frame_set(1 + int(t)))
    return {
        "family": target.map.family, "map": dict(target.map.bones), "built": subject.built, "warnings": target.warnings,
        "live": live, "pushed": bool(kept_out(motion, target.retarget.fit.fitted(motion, Fitting(hands=False))).any()),
        "baked": baked, "bind_ms": bound * 1e3, "apply_ms": applied * 1e3, "changed": before != restored,
        "different": [f"{a} {b}" for a, b in zip(before, restored, strict=True) if a != b][:3],
        "jump": max(_jump(curve.values, curve.data_path) for curve in curves),
    }  # fmt: skip


def _shown(
    subject: Subject, target: MappedTarget, motion: Motion, sent: Motion, frames: Array, show: Any
) -> dict[str, Any]:
    """What Blender evaluates against the performer's `motion`, and read back against what was `sent`."""
    source, places = motion.joint_positions().astype(np.float64), [n for n in subject.places if n in JOINTS]
    heads, matrices = [], []
    for t in frames:
        show(t)
        bpy.context.view_layer.update()
        heads.append(subject.heads(places))
        matrices.append(subject.matrices(target.turned_bones))
    found = dict(zip(places, np.stack(heads, axis=1), strict=True))
    world = subject.to_world()
    limbs = {f"{a} {b}": _angle(found[b] - found[a], (source[frames, joint(b)] - source[frames, joint(a)]) @ world.T)
             for a, b in LIMBS}  # fmt: skip
    back = target.motion_back(np.stack(matrices), motion.rate)
    there = [joint(name) for name in target.map.bones]
    turned = local_to_global(sent.rotations[frames].astype(np.float64))
    apart = np.degrees(angle_between(local_to_global(back.rotations.astype(np.float64)), turned))[:, there]
    return {
        "limbs": {name: float(angle.max()) for name, angle in limbs.items()},
        "floor": _floor(subject, motion, frames, found),
        "back": float(apart.max()),
        "places": float(_places(subject, motion, frames, found).max()),
    }


def _angle(a: Array, b: Array) -> Array:
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), np.sum(a * b, axis=-1)))


def _scale(subject: Subject, motion: Motion) -> float:
    """Metres of the rig's leg for one of the performer's."""
    hip, knee, ankle = (subject.rest(f"left_{part}") for part in ("hip", "knee", "ankle"))
    leg = np.linalg.norm(hip - knee) + np.linalg.norm(knee - ankle)
    return float(leg / np.linalg.norm(motion.skeleton.offsets[[4, 7]], axis=-1).sum())


def _floor(subject: Subject, motion: Motion, frames: Array, found: dict[str, Array]) -> float:
    """Metres that feet are off the floor at worst, where the performer's are on it."""
    up, worst = subject.to_world()[:, 1], 0.0
    rest = motion.skeleton.rest_positions() + np.array([0, motion.skeleton.pelvis_height, 0])
    for side in ("left", "right"):
        points = [f"{side}_{part}" for part in ("ankle", "foot") if f"{side}_{part}" in found]
        high = [motion.joint_positions()[frames, joint(p), 1] - rest[joint(p), 1] for p in points]
        ours = [(found[p] - subject.rest(p)) @ up for p in points]
        lowest = np.min(high, axis=0)
        touching = np.abs(lowest) < TOUCHING
        off = np.abs(np.min(ours, axis=0) - lowest * _scale(subject, motion))
        worst = max(worst, float(off[touching].max(initial=0)))
    return worst


def _places(subject: Subject, motion: Motion, frames: Array, found: dict[str, Array]) -> Array:
    """Metres from the source's joints, scaled and set where the object stands."""
    up, world = subject.to_world()[:, 1], subject.to_world()
    pelvis = subject.rest("pelvis")
    floor = subject.rest("left_foot") if "left_foot" in subject.places else pelvis
    sole = (floor - pelvis) @ up - motion.skeleton.sole_depth * _scale(subject, motion)
    origin = pelvis + sole * up
    expected = motion.joint_positions()[frames].astype(np.float64) @ world.T * _scale(subject, motion) + origin
    return np.stack([np.linalg.norm(found[name] - expected[:, joint(name)], axis=-1) for name in found])


def _jump(values: Array, path: str) -> float:
    """Largest step of a rotation channel."""
    return float(np.abs(np.diff(values, axis=0)).max(initial=0)) if "rotation" in path else 0.0


def pose_state(armature: Any) -> list[Any]:
    """Everything of a pose that a user could miss."""
    return [
        (bone.name, bone.rotation_mode, tuple(bone.rotation_quaternion), tuple(bone.rotation_euler),
         tuple(bone.rotation_axis_angle), tuple(bone.location), tuple(bone.scale),
         [(c.type, c.mute, c.influence) for c in bone.constraints], bone.bone.use_inherit_rotation,
         [(key, bone[key]) for key in sorted(bone.keys()) if isinstance(bone[key], int | float)])
        for bone in armature.pose.bones
    ]  # fmt: skip


def main(out: Path, sources: list[Path]) -> None:
    """Write what was measured of every rig with every motion."""
    performed = {"showcase": motions.showcase()} | {path.stem: read_amass(path) for path in sources}
    found: dict[str, dict[str, Any]] = {}
    for name, make in subjects():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        subject = make()
        found[name] = {}
        for title, motion in performed.items():
            found[name][title] = measured(subject, motion)
            subject.armature.animation_data.action = None
            bpy.context.view_layer.update()
    out.write_text(json.dumps(found))


if __name__ == "__main__":
    arguments = [Path(text) for text in sys.argv[sys.argv.index("--") + 1 :]]
    main(arguments[0], arguments[1:])
