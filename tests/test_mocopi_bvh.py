"""BVH as the mocopi app writes it: 27 bones by its names, seven of them in the trunk, centimetres."""

from pathlib import Path

import numpy as np
from mocamba.capture.importing import import_source
from mocamba.rig.bvh import read_bvh
from mocamba.rig.skeleton import joint

TRUNK = [*(f"torso_{k}" for k in range(1, 8)), "neck_1", "neck_2", "head"]
FRAMES = 90


def bone(name: str, offset: tuple[float, float, float], children: list[str]) -> list[str]:
    channels = "6 Xposition Yposition Zposition" if name == "root" else "3"
    lines = [f"OFFSET {offset[0]} {offset[1]} {offset[2]}", f"CHANNELS {channels} Yrotation Xrotation Zrotation"]
    end = [] if children else ["End Site", "{", "OFFSET 0 0 5", "}"]
    return [f"{'ROOT' if name == 'root' else 'JOINT'} {name}", "{", *lines, *children, *end, "}"]


def chain(bones: list[tuple[str, tuple[float, float, float]]], tip: list[str] | None = None) -> list[str]:
    lines = tip or []
    for name, offset in reversed(bones):
        lines = bone(name, offset, lines)
    return lines


def limb(side: str, kind: str) -> list[str]:
    sign = 1 if side == "l" else -1
    if kind == "arm":
        steps = [("shoulder", (2.0, 12.0)), ("up_arm", (14.0, 0.0)), ("low_arm", (26.0, 0.0)), ("hand", (24.0, 0.0))]
    else:
        steps = [("up_leg", (9.0, -4.0)), ("low_leg", (0.0, -40.0)), ("foot", (0.0, -40.0)), ("toes", (0.0, -8.0))]
    return chain(
        [(f"{side}_{name}", (sign * x, y, 12.0 if name == "toes" else 0.0)) for name, (x, y) in steps],
    )


def mocopi(path: Path) -> Path:
    """A trunk that bends, a left elbow that flexes."""
    head = chain([("neck_1", (0, 14, 0)), ("neck_2", (0, 5, 0)), ("head", (0, 5, 0))])
    torso = chain([(f"torso_{k}", (0, 6, 0)) for k in range(1, 8)], limb("l", "arm") + limb("r", "arm") + head)
    hierarchy = bone("root", (0, 92, 0), torso + limb("l", "leg") + limb("r", "leg"))
    names = [line.split()[1] for line in hierarchy if line.startswith(("ROOT", "JOINT"))]
    assert len(names) == 27
    rows = []
    for frame in range(FRAMES):
        bend = 40 * np.sin(np.pi * frame / FRAMES)
        angles = {f"torso_{k}": (0, bend / 7, 0) for k in range(1, 8)} | {"l_low_arm": (-bend, 0, 0)}
        values = [0.0, 92.0, 0.0] + [value for name in names for value in angles.get(name, (0, 0, 0))]
        rows.append(" ".join(f"{value:.5f}" for value in values))
    path.write_text(
        "\n".join(["HIERARCHY", *hierarchy, "MOTION", f"Frames: {FRAMES}", "Frame Time: 0.02", *rows]) + "\n"
    )
    return path


def test_every_bone_is_known_and_moves_as_it_did(tmp_path: Path) -> None:
    motion = read_bvh(mocopi(tmp_path / "mocopi.bvh"))
    assert motion.skeleton.height > 1.4
    assert motion.rate == 50
    middle = motion.joint_positions()[FRAMES // 2]
    assert middle[joint("head"), 2] > 0.15  # bent forward
    assert middle[joint("left_wrist"), 0] - middle[joint("left_elbow"), 0] < 0.23  # flexed by 40 degrees
    assert middle[joint("left_elbow"), 0] > 0.3 > -0.3 > middle[joint("right_elbow"), 0]


def test_it_becomes_a_take(tmp_path: Path) -> None:
    take = import_source(mocopi(tmp_path / "mocopi.bvh"), tmp_path / "mocopi.take")
    imu, warnings = take.imu()
    assert imu.present.all()
    assert warnings == take.manifest.warnings == ()
    assert len(imu) == int((FRAMES - 1) / 50 * 60) + 1
