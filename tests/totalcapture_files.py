"""TotalCapture's files in the published layout, of motions that are known."""

from pathlib import Path

import numpy as np
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import Array, conjugate, from_axis_angle, multiply, rotate
from mocamba.rig.skeleton import joint
from mocamba.rig.totalcapture import ORIENTATIONS, PARENTS, POSITIONS

INCH = 0.0254
HALF_TURN = np.array([0.0, 0, 1, 0])  # about Y: at rest, the set's performers face -Z
SENSORS = {
    "Head": "Head", "Sternum": "Spine3", "Pelvis": "Hips", "L_UpArm": "LeftArm", "R_UpArm": "RightArm",
    "L_LowArm": "LeftForeArm", "R_LowArm": "RightForeArm", "L_UpLeg": "LeftUpLeg", "R_UpLeg": "RightUpLeg",
    "L_LowLeg": "LeftLeg", "R_LowLeg": "RightLeg", "L_Foot": "LeftFoot", "R_Foot": "RightFoot",
}  # fmt: skip
_OURS = {
    "Hips": "pelvis", "Spine1": "spine1", "Spine2": "spine2", "Spine3": "spine3", "Neck": "neck", "Head": "head",
    **{f"{side}{theirs}": f"{side.lower()}_{ours}" for side in ("Left", "Right") for theirs, ours in (
        ("Shoulder", "collar"), ("Arm", "shoulder"), ("ForeArm", "elbow"), ("Hand", "wrist"), ("UpLeg", "hip"),
        ("Leg", "knee"), ("Foot", "ankle"))},
}  # fmt: skip


def vicon(motion: Motion) -> tuple[Array, Array]:
    """Places `(T, 21, 3)` in inches and world orientations `(T, 21, 4)`, w first, in a world turned by half a turn."""
    world, places = local_to_global(motion.rotations.astype(np.float64)), motion.joint_positions().astype(np.float64)
    rows = [joint(_OURS.get(name, "pelvis")) for name in PARENTS]
    at = places[:, rows]
    between = list(PARENTS).index("Spine")
    at[:, between] = (places[:, 0] + places[:, joint("spine1")]) / 2
    turns = multiply(multiply(HALF_TURN, world[:, rows]), conjugate(HALF_TURN))
    return rotate(HALF_TURN, at) / INCH, turns


def write_vicon(motion: Motion, folder: Path) -> Path:
    """Both files of a sequence."""
    folder.mkdir(parents=True)
    places, turns = vicon(motion)
    for name, values in ((POSITIONS, places), (ORIENTATIONS, np.roll(turns, -1, axis=-1))):
        lines = ["\t".join(PARENTS) + "\t"]
        lines += ["\t".join(" ".join(f"{x:.6f}" for x in one) for one in frame) + "\t" for frame in values]
        (folder / name).write_text("\n".join(lines) + "\n")
    return folder


def write_sensors(motion: Motion, folder: Path, name: str, aux: bool = False) -> Path:
    """`NAME_Xsens.sensors` with its calibration, of sensors that were strapped on askew and have a world with Z up."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    _, turns = vicon(motion)
    ref = from_axis_angle(np.array([1.0, 0, 0]), np.array(-np.pi / 2))  # the sensors' world to Vicon's
    names = list(PARENTS)
    strapped = {one: from_axis_angle(*_askew(random)) for one in SENSORS}
    measured = {
        one: multiply(conjugate(ref), multiply(turns[:, names.index(bone)], strapped[one]))
        for one, bone in SENSORS.items()
    }
    rows = [f"{len(SENSORS)}\t{len(turns)}"]
    for t in range(len(turns)):
        rows.append(str(t + 1))
        for one in SENSORS:
            q = measured[one][t]
            force = rotate(conjugate(q), np.array([0, 0, 9.80665]))  # at rest
            rows.append(" ".join([one, *(f"{x:.7f}" for x in (*q, *force, *([0.0] * 6 if aux else [])))]))
    (folder / f"{name}_Xsens.sensors").write_text("\n".join(rows) + "\n")
    for kind, values in (("bone", strapped), ("ref", dict.fromkeys(SENSORS, ref))):
        lines = [
            str(len(SENSORS)),
            *(f"{one}\t{' '.join(f'{x:.7f}' for x in np.roll(q, -1))}" for one, q in values.items()),
        ]
        (folder / f"{name}_calib_imu_{kind}.txt").write_text("\n".join(lines) + "\n")
    return folder / f"{name}_Xsens.sensors"


def _askew(random: np.random.Generator) -> tuple[Array, Array]:
    axis = random.normal(size=3)
    return axis / np.linalg.norm(axis), np.array(random.uniform(0.2, 2.5))
