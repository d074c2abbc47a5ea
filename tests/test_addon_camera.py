"""A camera alone, or beside sensors, as it is chosen and told of in Blender."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mocamba.addon.asking import asked
from mocamba.addon.connection_operators import capture_arguments
from mocamba.addon.preferences import NETWORKS, preferences
from mocamba.addon.runtime import runtime
from mocamba.addon.viewport_text import text_now
from mocamba.capture.equipment import Equipment

from . import motions
from .addon_stage import PretendSession


@pytest.fixture
def chosen(blender: Any) -> Iterator[Any]:
    """The preferences, put back afterwards."""
    yield preferences()
    preferences().equipment = "SENSORS"
    preferences().camera, preferences().field = "0", 0.0


def values(arguments: list[str], option: str) -> list[str]:
    return [arguments[k + 1] for k, word in enumerate(arguments) if word == option]


def test_what_is_chosen_is_what_the_engine_is_asked_for(chosen: Any) -> None:
    plain = capture_arguments()
    assert values(plain, "--imu") == ["all"]
    assert "--camera" not in plain
    chosen.equipment = "CAMERA"
    alone = capture_arguments()
    assert values(alone, "--imu") == ["none"]
    assert values(alone, "--camera") == ["0"]
    assert values(alone, "--network") == ["posemamba-s-causal"]
    assert "--calibration" not in alone
    assert "--fov" not in alone
    chosen.equipment, chosen.camera, chosen.field = "BOTH", " http://phone:8080/video ", 70.0
    both = capture_arguments()
    assert values(both, "--imu") == ["all"]
    assert values(both, "--camera") == ["http://phone:8080/video"]
    assert values(both, "--fov") == ["70"]
    assert values(both, "--network") == ["vimcan-t-causal"]
    assert {name.lower(): network for name, network in NETWORKS.items()} == {
        one.value: one.usual_network for one in Equipment
    }


def test_a_camera_alone_asks_to_stand_and_has_nothing_to_calibrate(blender: Any, tmp_path: Path) -> None:
    session = PretendSession(motions.walk(1.0), tmp_path / "link.json", tmp_path / "takes")
    try:
        blender.ops.mocamba.connect(link=str(tmp_path / "link.json"), wait=5)
        panel = blender.types.MOCAMBA_PT_calibrate
        assert panel.poll(blender.context)
        session.state = "calibrating"
        session.extra = {"camera_pose": {"says": "no picture, the pose waits"}, "worker": None}
        session.tell()
        while "camera_pose" not in runtime.connection.status:
            runtime.step()
        assert text_now()[0] == "No picture, the pose waits."
        assert not panel.poll(blender.context)
    finally:
        runtime.disconnect()
        session.close()


def test_a_calibration_is_asked_for_first() -> None:
    seen = {"says": "x"}
    status = {"state": "calibrating", "message": "M.", "calibration": {"prompt": "Stand."}, "camera_pose": seen}
    assert asked(status) == "Stand."
    assert asked({"state": "connecting", "message": "M.", "camera_pose": seen}) == "M."
    assert asked({}) == ""
