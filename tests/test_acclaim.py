"""Acclaim files written from a known motion come back as that motion."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference.datasets.collect import collect
from mocamba.rig.acclaim import read_amc
from mocamba.rig.errors import FileFormatError
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import Array, conjugate, multiply, rotate
from mocamba.rig.rotation import euler_to_quaternion, quaternion_to_euler
from mocamba.rig.skeleton import JOINTS, PARENTS, Skeleton, joint

from .motions import walk

UNIT = 0.0254 / 0.45  # metres a unit in CMU's files
# A bone is drawn to where the next begins: by name, the joint it begins at and the joint it ends at
BONES = {
    "lowerback": ("spine1", "spine2"),
    "upperback": ("spine2", "spine3"),
    "thorax": ("spine3", "neck"),
    "lowerneck": ("neck", "head"),
    "head": ("head", None),
    **{
        f"{s}{name}": (f"{side}_{begin}", end and f"{side}_{end}")
        for s, side in (("l", "left"), ("r", "right"))
        for name, begin, end in (
            ("femur", "hip", "knee"),
            ("tibia", "knee", "ankle"),
            ("foot", "ankle", "foot"),
            ("toes", "foot", None),
            ("clavicle", "collar", "shoulder"),
            ("humerus", "shoulder", "elbow"),
            ("radius", "elbow", "wrist"),
            ("wrist", "wrist", None),
        )
    },
}
# Bones that only lead from one joint to where another begins
LEADS = {"toback": ("root", "lowerback"), "tolhip": ("root", "lfemur"), "torhip": ("root", "rfemur")}
LEADS |= {f"to{s}collar": ("thorax", f"{s}clavicle") for s in "lr"}  # the chest's bone ends at the neck


def offset(skeleton: Skeleton, name: str) -> Array:
    return skeleton.offsets[joint(name)].astype(np.float64) / UNIT


def parent_of(name: str) -> str:
    for lead, (_, follower) in LEADS.items():
        if follower == name:
            return lead
    above = JOINTS[PARENTS[joint(BONES[name][0])]]
    return next(bone for bone, (begin, _) in BONES.items() if begin == above)


def asf(skeleton: Skeleton, axes: dict[str, Array]) -> str:
    """Every bone with axes of its own, in degrees."""
    parts = [":units", "  mass 1.0", "  length 0.45", "  angle deg", ":root", "  order TX TY TZ RX RY RZ", "  axis XYZ"]
    parts += ["  position 0 0 0", "  orientation 0 0 0", ":bonedata"]
    for k, name in enumerate([*LEADS, *BONES]):
        if name in LEADS:
            end = offset(skeleton, BONES[LEADS[name][1]][0])
            if name.endswith("collar"):
                end = end - offset(skeleton, "neck")
        else:
            tip = BONES[name][1]
            end = offset(skeleton, tip) if tip else np.array([0.0, 1.0, 0.0])
        length = float(np.linalg.norm(end))
        way = " ".join(f"{value:.9f}" for value in end / length)
        angles = " ".join(f"{value:.6f}" for value in axes.get(name, np.zeros(3)))
        parts += ["  begin", f"    id {k + 1}", f"    name {name}", f"    direction {way}", f"    length {length:.9f}"]
        parts += [f"    axis {angles} XYZ"]
        parts += [] if name in LEADS else ["    dof rx ry rz", "    limits (-180 180)", "  (-180 180)", "  (-180 180)"]
        parts += ["  end"]
    parts += [":hierarchy", "  begin"]
    names = ["root", *LEADS, *BONES]
    children: dict[str, list[str]] = {name: [] for name in names}
    for lead, (above, _) in LEADS.items():
        children[above].append(lead)
    for name in BONES:
        children[parent_of(name)].append(name)
    queue = ["root"]
    while queue:
        name = queue.pop(0)
        if children[name]:
            parts.append(f"    {name} {' '.join(children[name])}")
        queue += children[name]
    return "\n".join([*parts, "  end"]) + "\n"


def fixed(angles: Array) -> Array:
    """About X, then Y, then Z, each a fixed axis."""
    return euler_to_quaternion(angles[..., ::-1], "ZYX")


def amc(motion: Motion, axes: dict[str, Array]) -> str:
    rotations = motion.rotations.astype(np.float64)
    place = motion.translation / UNIT
    lines = ["# made by a test", ":FULLY-SPECIFIED", ":DEGREES"]
    for t in range(len(motion)):
        root = np.degrees(quaternion_to_euler(rotations[t, 0], "ZYX")[::-1])
        lines += [str(t + 1), "root " + " ".join(f"{value:.8f}" for value in [*place[t], *root])]
        for name, (begin, _) in BONES.items():
            frame = fixed(np.radians(axes.get(name, np.zeros(3))))
            own = multiply(multiply(conjugate(frame), rotations[t, joint(begin)]), frame)
            angles = np.degrees(quaternion_to_euler(own, "ZYX")[::-1])
            lines.append(f"{name} " + " ".join(f"{value:.8f}" for value in angles))
    return "\n".join(lines) + "\n"


def written(folder: Path, seed: int = 0) -> tuple[Path, Motion]:
    """A walk by CMU's names, each bone with axes of its own."""
    random = np.random.default_rng(seed)
    axes = {name: random.uniform(-60, 60, 3) for name in BONES}
    truth = walk(0.5)
    (folder / "35.asf").write_text(asf(truth.skeleton, axes))
    (folder / "35_01.amc").write_text(amc(truth, axes))
    return folder / "35_01.amc", truth


@pytest.mark.parametrize("seed", [0, 1])
def test_a_walk_comes_back(seed: int, tmp_path: Path) -> None:
    path, truth = written(tmp_path, seed)
    found = read_amc(path, rate=60.0)
    assert len(found) == len(truth)
    limbs = [joint(f"{side}_{name}") for side in ("left", "right") for name in ("knee", "ankle", "elbow", "wrist")]
    mine, real = (m.joint_positions() - m.joint_positions()[:, :1] for m in (found, truth))
    assert (
        np.linalg.norm(mine[:, limbs] - real[:, limbs], axis=-1).max() < 0.006
    )  # the spine has one bone less of its own
    moved = found.translation[-1] - found.translation[0]
    np.testing.assert_allclose(moved, truth.translation[-1] - truth.translation[0], atol=0.02)
    a, b = (local_to_global(m.rotations.astype(np.float64))[:, joint("left_knee")] for m in (found, truth))
    down = np.broadcast_to([0.0, -1.0, 0.0], (len(a), 3))
    assert np.degrees(np.arccos(np.clip((rotate(a, down) * rotate(b, down)).sum(-1), -1, 1))).max() < 3


def test_it_goes_into_a_shard(tmp_path: Path) -> None:
    (tmp_path / "35").mkdir()
    written(tmp_path / "35")
    (clip,) = collect([tmp_path]).clips
    assert clip.subject.endswith("_35")
    assert clip.motion.rate == pytest.approx(60)


def test_the_skeleton_is_looked_for(tmp_path: Path) -> None:
    path, _ = written(tmp_path)
    (tmp_path / "35.asf").rename(tmp_path / "only.asf")
    assert len(read_amc(path)) > 0  # the only one there
    (tmp_path / "other.asf").write_text("")
    with pytest.raises(FileFormatError, match="beside several"):
        read_amc(path)
    for file in tmp_path.glob("*.asf"):
        file.unlink()
    with pytest.raises(FileFormatError, match=r"no \.asf skeleton beside it"):
        read_amc(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a, m: (a, m.replace("lfemur", "lthing")), "does not fit the skeleton"),
        (lambda a, m: (a, m.replace("lfemur ", "lfemur 1 ")), "does not fit the skeleton"),
        (lambda a, m: (a, ":DEGREES\n"), "no frames"),
        (lambda a, m: (a, m.replace("rfoot ", "rfoot x", 1).replace("rfoot x", "rfoot nan ", 1)), "fit|number"),
        (lambda a, m: ("", m), "no bones or no hierarchy"),
        (lambda a, m: (a.replace("    root toback", "    nothing toback"), m), "hangs bones on 'nothing'"),
        (lambda a, m: (a.replace("direction", "direction x", 1), m), "a number is expected"),
        (lambda a, m: (a.replace("rx ry rz", "rx ry rq"), m), "axes or channels"),
    ],
)
def test_what_does_not_fit_is_one_sentence(change, said: str, tmp_path: Path) -> None:
    path, _ = written(tmp_path)
    skeleton = tmp_path / "35.asf"
    new_asf, new_amc = change(skeleton.read_text(), path.read_text())
    skeleton.write_text(new_asf)
    path.write_text(new_amc)
    with pytest.raises(FileFormatError, match=said):
        read_amc(path)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.integers(0, 10_000), st.sampled_from(["", ":", "begin", "nan", "1e999", "root", "-"]), st.booleans())
def test_damaged_files_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, place: int, word: str, in_skeleton: bool
) -> None:
    path, _ = written(tmp_path_factory.mktemp("damaged"))
    target = path.with_name("35.asf") if in_skeleton else path
    words = target.read_text().split(" ")
    words[place % len(words)] = word
    target.write_text(" ".join(words))
    try:
        motion = read_amc(path)
    except FileFormatError:
        return
    assert np.isfinite(motion.rotations).all()
