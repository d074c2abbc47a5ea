"""Every family of rigs in a real Blender: what it evaluates against what was performed."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mocamba.rig.amass import write_amass
from mocamba.rig.motion import evenly_timed
from mocamba.rig.skeleton import Skeleton

from .shared_data import clips

pytestmark = pytest.mark.skipif(find_spec("bpy") is None, reason="bpy is not installed")
FAMILIES = {
    "Mixamo": "Mixamo, MotionBuilder, CMU, Rokoko",
    "Mixamo, second of a scene": "Mixamo, MotionBuilder, CMU, Rokoko",
    "UE4": "Unreal",
    "UE5": "Unreal",
    "MetaHuman": "Unreal",
    "VRoid": "VRoid",
    "VRM, without upper chest and toes": "Xsens segments, VRM",
    "DAZ Genesis 8": "DAZ",
    "Auto-Rig Pro": "Auto-Rig Pro",
    "Auto-Rig Pro export": "Auto-Rig Pro export",
    "SMPL's FBX": "SMPL FBX",
    "No names, told by shape": "by shape",
    "Same proportions": "SMPL",
    "Rigify": "Rigify",
    "Rigify metarig": "Rigify",
    "BVH import": "Mixamo, MotionBuilder, CMU, Rokoko",
}
GIANTS = {"Mixamo, second of a scene": 2.1, "Same proportions": 1.97}  # times a performer's size
MOTIONS = ("showcase", "cmu_12_01", "cmu_35_13", "cmu_x_test_basketball_1", "uiprmd_s03_m04_e03_inc")
ROOT = Path(__file__).resolve().parents[1]


def child(script: str, *arguments: str) -> None:
    """One of our scripts in a process that has bpy."""
    path = os.pathsep.join([str(ROOT / ".ns"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(ROOT / "tests" / script), "--", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("rigs")
    files = []
    for name in MOTIONS[1:]:
        try:
            clip = next(c for c in clips(name.split("_")[0]) if c["name"] == name)
        except pytest.skip.Exception:  # the written motion is measured without the recorded ones
            continue
        skeleton = Skeleton(clip["offsets"].astype(np.float32), clip["ends"].astype(np.float32))
        write_amass(evenly_timed(clip["quat"], clip["trans"], skeleton, clip["fps"]), folder / f"{name}.npz")
        files.append(str(folder / f"{name}.npz"))
    child("rig_measures.py", str(folder / "out.json"), *files)
    found: dict[str, Any] = json.loads((folder / "out.json").read_text())
    return found


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("title", MOTIONS)
class TestFamily:
    @pytest.fixture
    def one(self, measured: dict[str, Any], name: str, title: str) -> dict[str, Any]:
        if title not in measured[name]:
            pytest.skip("recorded motion is not on this machine (MOCAMBA_DATA)")
        found: dict[str, Any] = measured[name][title]
        return found

    def test_its_bones_are_found(self, one: dict[str, Any], name: str) -> None:
        assert one["family"] == FAMILIES[name]
        # the builder's own list of joints and bones is what detection has to come to
        assert one["map"].items() >= one["built"].items()
        assert len(one["map"]) == (19 if "without" in name else 22)

    def test_limbs_point_where_the_performers_do(self, one: dict[str, Any]) -> None:
        assert max(one["live"]["limbs"].values()) < 0.05
        legs = [angle for limb, angle in one["baked"]["limbs"].items() if "knee" in limb]
        assert max(legs) < 2.0

    def test_arms_give_way_only_to_the_body(self, one: dict[str, Any]) -> None:
        arms = max(angle for limb, angle in one["baked"]["limbs"].items() if "elbow" in limb)
        assert arms < (0.05 if not one["pushed"] else 15)

    def test_feet_are_on_the_floor_where_they_were(self, one: dict[str, Any], name: str) -> None:
        assert one["baked"]["floor"] < 0.01 * GIANTS.get(name, 1)
        assert one["live"]["floor"] < 0.03 * GIANTS.get(name, 1)

    def test_what_was_sent_comes_back(self, one: dict[str, Any]) -> None:
        assert one["live"]["back"] < 0.05
        assert one["baked"]["back"] < 0.05

    def test_nothing_of_the_users_is_changed(self, one: dict[str, Any]) -> None:
        assert one["different"] == []

    def test_channels_do_not_flip(self, one: dict[str, Any]) -> None:
        assert one["jump"] < np.pi / 2


def test_on_equal_proportions_every_joint_is_where_it_was(measured: dict[str, Any]) -> None:
    for name in ("Same proportions", "SMPL's FBX", "Auto-Rig Pro", "BVH import"):
        assert measured[name]["showcase"]["live"]["places"] < 0.002, name
        assert measured[name]["showcase"]["baked"]["places"] < 0.002, name
