"""Videos that Blender's user adds to takes: what the engine is asked for, and what is refused before it is."""

from pathlib import Path
from typing import Any

import pytest
from mocamba.addon import video_operators
from mocamba.addon.capture_control import capture_control
from mocamba.addon.engine import Engine
from mocamba.addon.jobs import Job
from mocamba.addon.runtime import runtime
from mocamba.capture.manifest import Manifest
from mocamba.capture.take import KEYPOINTS, TakeWriter
from mocamba.rig.errors import BadInputError


@pytest.fixture
def walk(blender: Any, tmp_path: Path) -> Path:
    """A take of one sensor; the list has it."""
    path = tmp_path / "takes" / "walk.take"
    with TakeWriter(path, Manifest("Ana", 1.7, "live")) as writer:
        writer.add_sensor("hip", "pelvis", 100.0)
        writer.add_sample("hip", 0, 0, (1.0, 0, 0, 0, 0, 0, 0))
    blender.ops.mocamba.refresh()
    return path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, ...]]:
    """What an engine is asked for that does everything at once."""
    told: list[tuple[str, ...]] = []

    def run(engine: Engine, job: Job, *arguments: str) -> dict[str, Any]:
        told.append(arguments)
        return {"warnings": ["No lens is known."], "video_start": 9.83}

    monkeypatch.setattr(video_operators, "run", run)
    monkeypatch.setattr(capture_control, "need", lambda: Engine(tmp_path / "engine"))
    return told


def test_a_video_is_added_wherever_it_began(
    blender: Any, walk: Path, video: Path, asked: list[tuple[str, ...]]
) -> None:
    blender.ops.mocamba.add_video(path=str(walk), filepath=str(video))
    assert asked == [("solve", str(walk), "--video", str(video))]
    assert runtime.message == "walk is solved; the video begins at 9.8 s of it. No lens is known."


def test_a_take_is_made_of_a_video_alone(blender: Any, video: Path, asked: list[tuple[str, ...]], walk: Path) -> None:
    blender.ops.mocamba.solve_video(filepath=str(video), fov=65)
    ((command, source, out, take, *others),) = asked
    assert (command, source, out, take) == ("solve", str(video), "--out", str(walk.with_name("phone 1.take")))
    assert others == ["--height", "1.700", "--fov", "65.0"]
    assert runtime.message == "phone 1 is solved. No lens is known."


def test_what_is_known_of_it_is_said(blender: Any, walk: Path, video: Path, asked: list[tuple[str, ...]]) -> None:
    blender.ops.mocamba.add_video(
        path=str(walk), filepath=str(video), start_known=True, start=-1.5, fov=70, network="vimcan-b"
    )
    (said,) = asked
    assert said[4:] == ("--network", "vimcan-b", "--fov", "70.0", "--video-start", "-1.500")


def test_a_video_is_replaced_when_that_is_asked_for(
    blender: Any, walk: Path, video: Path, asked: list[tuple[str, ...]]
) -> None:
    (walk / KEYPOINTS).write_bytes(b"joints")
    with pytest.raises(RuntimeError, match=r"walk has a video already\. Tick Replace"):
        blender.ops.mocamba.add_video(path=str(walk), filepath=str(video))
    assert not asked
    blender.ops.mocamba.add_video(path=str(walk), filepath=str(video), replace=True)
    assert asked[0][4:] == ("--force",)


def test_a_refusal_is_told_in_the_engine_s_own_words(
    blender: Any, walk: Path, video: Path, asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> dict[str, Any]:
        raise BadInputError("The video fits the take at 1.0 and 4.1 s.")

    monkeypatch.setattr(video_operators, "run", refuse)
    with pytest.raises(RuntimeError, match=r"fits the take at 1\.0 and 4\.1 s"):
        blender.ops.mocamba.add_video(path=str(walk), filepath=str(video))
    assert "fits the take at" in runtime.message


def test_a_motion_without_sensors_and_no_file_are_refused(
    blender: Any, walk: Path, video: Path, asked: list[tuple[str, ...]], tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError, match=r"nothing\.mp4 is no file"):
        blender.ops.mocamba.add_video(path=str(walk), filepath=str(tmp_path / "nothing.mp4"))
    (walk / "raw.mcap").unlink()
    with pytest.raises(RuntimeError, match="no sensors' signals"):
        blender.ops.mocamba.add_video(path=str(walk), filepath=str(video))
    assert not asked
