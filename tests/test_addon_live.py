"""Live preview and recording, by the real link: what is shown, what is kept, what is put back."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mocamba.addon import preview
from mocamba.addon.connection import Connection, Phase
from mocamba.addon.pose_target import target_for
from mocamba.addon.preview import MARK, chosen_armature
from mocamba.addon.runtime import runtime
from mocamba.addon.take_files import DEMO, read_entry
from mocamba.addon.viewport_text import text_now
from mocamba.capture.link_protocol import Endpoint, LinkError, read_endpoint, write_endpoint
from mocamba.rig.amass import read_amass
from mocamba.rig.skeleton import SMPL24

from . import motions
from .addon_stage import PretendSession, state_of_data, world_heads

PERFORMER = SMPL24.scaled_to(1.6)
STILL = 30  # frames of the walk's start are alike enough to compare with any of them


@pytest.fixture
def link(tmp_path: Path) -> Path:
    return tmp_path / "link.json"


@pytest.fixture
def session(link: Path, tmp_path: Path) -> Iterator[PretendSession]:
    made = PretendSession(motions.walk(4.0, skeleton=PERFORMER), link, tmp_path / "takes")
    yield made
    made.close()


def step_until(reached: Callable[[], Any], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, runtime.message
        runtime.step()
        time.sleep(0.002)


def start(blender: Any, link: Path) -> Any:
    blender.ops.mocamba.add_armature(height=1.6)
    armature = blender.context.scene.mocamba.armature
    blender.ops.mocamba.connect(link=str(link), wait=5)
    blender.ops.mocamba.live()
    return armature


def shown() -> bool:
    return runtime.preview is not None and runtime.preview.last is not None and not runtime.preview.trouble


def test_the_newest_pose_is_shown_and_what_was_there_comes_back(
    blender: Any, link: Path, session: PretendSession
) -> None:
    blender.ops.mocamba.add_armature(height=1.6)
    armature = blender.context.scene.mocamba.armature
    armature.pose.bones["head"].rotation_quaternion = (0.6, 0.8, 0, 0)
    before = state_of_data()
    blender.ops.mocamba.connect(link=str(link), wait=5)
    blender.ops.mocamba.live()
    step_until(shown)
    assert runtime.preview is not None
    assert runtime.preview.last is not None
    rotations, _ = runtime.preview.last
    row = np.argmin(np.abs(session.motion.rotations - rotations).max(axis=(1, 2)))
    assert np.abs(world_heads(armature) - session.motion.joint_positions()[row]).max() < 0.001
    blender.ops.mocamba.live()
    blender.ops.mocamba.disconnect()
    assert state_of_data() == before


def test_a_stall_of_blender_loses_no_pose_of_a_take(blender: Any, link: Path, session: PretendSession) -> None:
    start(blender, link)
    blender.context.scene.mocamba.beeps = False
    blender.context.scene.mocamba.delay = "0"
    blender.ops.mocamba.record(take="Stall")
    step_until(lambda: runtime.recording is not None and runtime.recording.take)
    time.sleep(5.2)  # more poses than the client's own queue holds
    blender.ops.mocamba.record()
    step_until(lambda: runtime.recording is None and not runtime.jobs)
    entry = next(entry for entry in [read_entry(path) for path in (session.takes).iterdir()])
    motion = read_amass(entry.solve("live").file)
    assert len(motion) > 300
    assert set(np.diff(motion.t_ns)) <= {16_666_666, 16_666_667}  # every one of them
    assert motion.origin.network == "pretend"
    np.testing.assert_allclose(motion.skeleton.offsets, PERFORMER.offsets, atol=1e-5)


def test_recording_by_script_gives_a_take_that_bakes(blender: Any, link: Path, session: PretendSession) -> None:
    armature = start(blender, link)
    settings = blender.context.scene.mocamba
    settings.marker, settings.beeps = True, False
    step_until(shown)
    assert blender.ops.mocamba.record(take="Walk", seconds=1.0) == {"FINISHED"}
    step_until(lambda: not runtime.jobs)
    assert [marker.name for marker in blender.context.scene.timeline_markers] == ["Walk_001"]
    window = blender.context.window_manager.mocamba
    assert window.takes[window.active_take].name == "Walk_001"
    blender.ops.mocamba.live()
    blender.ops.mocamba.bake()
    assert "Walk_001" in blender.data.actions
    assert armature.animation_data.action.name == "Walk_001"
    blender.ops.mocamba.record(take="Walk", seconds=0.3)
    assert (session.takes / "Walk_002.take").is_dir()


def test_the_countdown_can_be_stopped(blender: Any, link: Path, session: PretendSession) -> None:
    start(blender, link)
    blender.context.scene.mocamba.delay = "5"
    blender.context.scene.mocamba.beeps = False
    step_until(lambda: runtime.connection and runtime.connection.status.get("state") == "live")
    blender.ops.mocamba.record()
    runtime.step()
    assert runtime.recording is not None
    assert runtime.recording.ticked == 5
    assert text_now()[0] == "5"
    blender.ops.mocamba.record()
    runtime.step()
    assert runtime.recording is None
    assert text_now()[0] == ""
    session.state = "calibrating"
    session.extra = {"calibration": {"prompt": "Stand still.", "trouble": ""}}
    step_until(lambda: text_now()[0] == "Stand still.")
    assert "record" not in [what for what, _ in session.asked]


def test_a_recording_that_ends_by_itself_is_told_and_kept(blender: Any, link: Path, session: PretendSession) -> None:
    start(blender, link)
    blender.context.scene.mocamba.delay = "0"
    blender.context.scene.mocamba.beeps = False
    blender.ops.mocamba.record(take="Full")
    step_until(lambda: runtime.recording and runtime.recording.told and len(runtime.recording.poses) > 9)
    session._do("stop_recording", {})
    session.extra = {"message": "The disk takes no more."}
    step_until(lambda: runtime.recording is None and not runtime.jobs)
    assert "ended by itself" in runtime.message
    assert (session.takes / "Full_001.take" / "solved" / "live.npz").exists()


def test_a_broken_link_during_a_take_keeps_what_was_seen(blender: Any, link: Path, session: PretendSession) -> None:
    start(blender, link)
    blender.context.scene.mocamba.delay = "0"
    blender.context.scene.mocamba.beeps = False
    blender.ops.mocamba.record(take="Broken")
    step_until(lambda: runtime.recording is not None and len(runtime.recording.poses) > 30)
    session.close()
    step_until(lambda: runtime.recording is None and not runtime.jobs)
    assert "broke" in runtime.message
    assert (session.takes / "Broken_001.take" / "solved" / "live.npz").exists()


def test_saving_keeps_no_pose_that_was_only_looked_at(
    blender: Any, link: Path, session: PretendSession, tmp_path: Path
) -> None:
    armature = start(blender, link)
    step_until(shown)
    assert tuple(armature.pose.bones["pelvis"].location) != (0, 0, 0)
    blender.ops.wm.save_as_mainfile(filepath=str(tmp_path / "Räum 1.blend"))
    assert tuple(armature.pose.bones["pelvis"].location) != (0, 0, 0)  # and goes on
    blender.ops.mocamba.disconnect()
    blender.ops.wm.open_mainfile(filepath=str(tmp_path / "Räum 1.blend"))
    armature = blender.context.scene.mocamba.armature
    assert tuple(armature.pose.bones["pelvis"].location) == (0, 0, 0)
    assert MARK not in armature


def test_frame_changes_do_not_show_through(blender: Any, link: Path, session: PretendSession) -> None:
    armature = start(blender, link)
    bone = armature.pose.bones["left_knee"]
    for frame, value in ((1, (1, 0, 0, 0)), (20, (0, 1, 0, 0))):
        bone.rotation_quaternion = value
        bone.keyframe_insert("rotation_quaternion", frame=frame)
    step_until(shown)
    session.rate = 0.001  # one pose stays
    time.sleep(0.05)
    runtime.step()
    pose = tuple(bone.rotation_quaternion)
    blender.context.scene.frame_set(20)
    assert tuple(bone.rotation_quaternion) == pose
    blender.ops.mocamba.live()
    blender.context.view_layer.update()
    assert tuple(bone.rotation_quaternion) == (0, 1, 0, 0)  # what its animation says on this frame


def test_another_character_gets_the_pose_and_the_first_is_put_back(
    blender: Any, link: Path, session: PretendSession
) -> None:
    first = start(blender, link)
    step_until(shown)
    blender.ops.mocamba.add_armature(name="Second")
    runtime.step()
    step_until(lambda: runtime.preview is not None and runtime.preview.last is not None)
    assert tuple(first.pose.bones["left_hip"].rotation_quaternion) == (1, 0, 0, 0)
    second = blender.context.scene.mocamba.armature
    assert second.name == "Second"
    assert tuple(second.pose.bones["left_hip"].rotation_quaternion) != (1, 0, 0, 0)
    blender.data.objects.remove(second)
    step_until(lambda: runtime.preview is not None and "deleted" in runtime.preview.trouble)


def test_a_deleted_character_is_not_saved(blender: Any, tmp_path: Path) -> None:
    blender.ops.mocamba.add_armature()
    armature = blender.context.scene.mocamba.armature
    with blender.context.temp_override(selected_objects=[armature], active_object=armature):
        blender.ops.object.delete()
    assert chosen_armature() is None
    assert blender.context.scene.mocamba.armature is not None  # asking wrote nothing: panels ask while they draw
    blender.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    blender.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    assert "Performer" not in blender.data.objects


def test_bones_that_are_renamed_meanwhile(blender: Any, link: Path, session: PretendSession) -> None:
    """The rest of the character is put back, and what cannot be shown is told, without a look at it for every pose."""
    armature = start(blender, link)
    step_until(shown)
    armature.data.bones["head"].name = "Kopf"
    armature.data.bones["left_hip"].name = "x"
    step_until(lambda: runtime.preview is not None and (runtime.preview.trouble or runtime.preview.warnings))
    blender.ops.mocamba.live()
    for name in ("right_knee", "spine1", "left_shoulder"):
        assert tuple(armature.pose.bones[name].rotation_quaternion) == (1, 0, 0, 0)


def test_an_armature_without_a_body_is_told(
    blender: Any, link: Path, session: PretendSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    monkeypatch.setattr(preview, "target_for", lambda *given: looks.append(1) or target_for(*given))
    start(blender, link)
    data = blender.data.armatures.new("Box")
    box = blender.data.objects.new("Box", data)
    blender.context.scene.collection.objects.link(box)
    blender.context.scene.mocamba.armature = box
    looks.clear()
    step_until(lambda: runtime.preview is not None and runtime.preview.trouble)
    for _ in range(40):
        runtime.step()
        time.sleep(0.005)
    assert len(looks) <= 2
    assert runtime.preview is not None
    assert "\n" not in runtime.preview.trouble
    with pytest.raises(RuntimeError):
        blender.ops.mocamba.bake(path=str(DEMO))
    assert not blender.data.actions


def test_in_edit_mode_the_preview_waits(blender: Any, link: Path, session: PretendSession) -> None:
    start(blender, link)
    step_until(shown)
    blender.ops.object.mode_set(mode="EDIT")
    step_until(lambda: runtime.preview is not None and "edit mode" in runtime.preview.trouble)
    blender.ops.object.mode_set(mode="OBJECT")
    step_until(shown)


def test_two_blenders_watch_one_session(blender: Any, link: Path, session: PretendSession) -> None:
    start(blender, link)
    other = Connection(link)
    step_until(shown)
    poses: list[Any] = []
    end = time.monotonic() + 5
    while len(poses) < 30 and time.monotonic() < end:
        poses += other.take_poses()
        time.sleep(0.01)
    other.close()
    assert len(poses) >= 30


def test_a_session_that_comes_back_is_found_again(link: Path, tmp_path: Path) -> None:
    motion = motions.walk(1.0)
    first = PretendSession(motion, link, tmp_path)
    connection = Connection(link, patience=8)
    _wait(lambda: connection.connected)
    first.close()
    _wait(lambda: connection.phase is Phase.CONNECTING)
    second = PretendSession(motion, link, tmp_path)
    _wait(lambda: connection.connected)
    second.close()
    connection.close()


def _wait(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(("version", "said"), [(0, "is older"), (99, "Update the add-on")])
def test_engines_of_other_versions(blender: Any, link: Path, version: int, said: str) -> None:
    write_endpoint(Endpoint.new(1), link)
    link.write_text(json.dumps({**json.loads(link.read_text()), "version": version}))
    with pytest.raises(LinkError, match=said):
        read_endpoint(link)
    with pytest.raises(RuntimeError, match=said):
        blender.ops.mocamba.connect(link=str(link), wait=1)


def test_no_session_and_a_port_that_is_somebody_elses(blender: Any, link: Path, tmp_path: Path) -> None:
    import socket

    with pytest.raises(RuntimeError, match="No session is running"):
        blender.ops.mocamba.connect(link=str(tmp_path / "none.json"), wait=0.7)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        write_endpoint(Endpoint.new(stranger.getsockname()[1]), link)
        with pytest.raises(RuntimeError, match="another program's port"):
            blender.ops.mocamba.connect(link=str(link), wait=4)


def test_calibration_is_asked_for_as_the_link_says(blender: Any, link: Path, session: PretendSession) -> None:
    start(blender, link)
    step_until(lambda: runtime.connection and runtime.connection.status.get("state") == "live")
    blender.ops.mocamba.calibrate()
    blender.ops.mocamba.calibrate(how="quick")
    blender.ops.mocamba.calibrate(what="calibrate", only="hip, left shin")
    blender.ops.mocamba.calibrate(what="reset_yaw")
    blender.ops.mocamba.calibrate(what="keep_calibration")
    step_until(lambda: len(session.asked) > 5)
    asked = [(what, {key: values[key] for key in values if key in ("how", "only")}) for what, values in session.asked]
    assert asked[1:] == [
        ("calibrate", {}),
        ("calibrate", {"how": "quick"}),
        ("calibrate", {"only": ["hip", "left shin"]}),
        ("reset_yaw", {}),
        ("keep_calibration", {}),
    ]


def test_a_command_that_is_refused_is_told(blender: Any, link: Path, session: PretendSession) -> None:
    start(blender, link)
    runtime.ask("dance")
    step_until(lambda: "no command 'dance'" in runtime.message)


def test_a_short_soak(tmp_path: Path) -> None:
    """Five seconds of benchmarks/addon_soak.py: undo, renaming, deleting, files, with a session of the real kind."""
    script = Path(__file__).parents[1] / "benchmarks" / "addon_soak.py"
    command = [sys.executable, str(script), "--minutes", "0.08", "--steps", "40", "--seed", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
