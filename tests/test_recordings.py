"""The main job on real recordings: sensors of legs and pelvis become legs that move as legs do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mocamba.capture.importing import ImportOptions, import_source
from mocamba.capture.solving import Mode, solve_take
from mocamba.capture.take import open_take
from mocamba.rig import quaternion
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.motion import Motion
from mocamba.rig.rotation import quaternion_to_matrix

Recorded = Callable[[str], Path]
FOLDERS = ("ximu3_lower_body", "dot_lower_body")


@pytest.fixture(params=FOLDERS)
def solved(request: pytest.FixtureRequest, recording: Recorded, tmp_path: Path) -> Motion:
    return solve(recording(request.param), tmp_path, Mode.LIVE)


def solve(source: Path, folder: Path, mode: Mode) -> Motion:
    take = folder / "legs.take"
    import_source(source, take, ImportOptions(), lambda share, doing: None)
    motion, file, _ = solve_take(open_take(take), "hiposer-s", mode, lambda share, doing: None)
    assert file.is_file()
    return motion


def test_no_joint_jumps(solved: Motion) -> None:
    world = local_to_global(solved.rotations.astype(float))
    assert np.degrees(quaternion.angle_between(world[1:], world[:-1])).max() < 30
    assert np.degrees(quaternion.angle_between(solved.rotations[1:], solved.rotations[:-1])).max() < 30


def test_knees_bend_the_right_way(solved: Motion) -> None:
    bend = np.degrees(quaternion.to_rotation_vector(solved.rotations[:, [4, 5]].astype(float)))
    assert bend[..., 0].min() > -15  # about +X the shin swings back
    assert (bend[..., 0].max(axis=0) > 60).all()


def test_pelvis_is_upright_at_rest_and_feet_stay_above_the_floor(solved: Motion) -> None:
    up = quaternion_to_matrix(solved.rotations[:, 0])[:, 1, 1]
    assert np.degrees(np.arccos(np.clip(up, -1, 1)))[:30].max() < 12
    feet = solved.joint_positions()[:, [10, 11], 1]
    assert feet.min() > solved.skeleton.sole_depth - 1e-3


def test_walking_legs_alternate(recording: Recorded, tmp_path: Path) -> None:
    motion = solve(recording("ximu3_lower_body"), tmp_path, Mode.LIVE)
    knees = quaternion.to_rotation_vector(motion.rotations[:, [4, 5]].astype(float))[..., 0]
    bent = np.degrees(knees) > 45
    assert bent.any(axis=0).all()
    assert (bent.all(axis=1)).mean() < 0.02  # one leg stands while the other swings


def test_squatting_legs_go_together(recording: Recorded, tmp_path: Path) -> None:
    motion = solve(recording("dot_lower_body"), tmp_path, Mode.OFFLINE)
    knees = quaternion.to_rotation_vector(motion.rotations[:, [4, 5]].astype(float))[..., 0]
    assert np.corrcoef(knees.T)[0, 1] > 0.9
    assert np.ptp(motion.translation[:, 1]) > 0.2  # the pelvis goes down with them
