"""`mocamba camera`: lenses that are known, found again from pictures of a chessboard; and what is no such picture."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from mocamba.capture.commands.app import build_app
from mocamba.rig.lens import Lens, read_lens
from typer.testing import CliRunner, Result

cv2 = pytest.importorskip("cv2")
from .chessboards import photographs, poses  # noqa: E402
from .videos import video_of  # noqa: E402

pytestmark = pytest.mark.usefixtures("nothing_left")
IDEAL = Lens(640, 480, (560.0, 560.0), (320.0, 240.0))
BENT = Lens(640, 480, (520.0, 526.0), (330.0, 232.0), (-0.22, 0.06, 0.001, -0.0015, 0.0))
VIEWS = 14


def camera(*arguments: object) -> Result:
    return CliRunner().invoke(build_app(), ["camera", *map(str, arguments)])


def folder_of(pictures: Sequence[np.ndarray], folder: Path) -> Path:
    folder.mkdir()
    for number, picture in enumerate(pictures):
        assert cv2.imwrite(str(folder / f"{number:02d}.png"), picture)
    return folder


def off(found: Lens, truth: Lens) -> np.ndarray:
    """Pixels by which directions of the middle nine tenths of the picture come out wrong, `(N,)`."""
    x, y = (np.linspace(0.05 * size, 0.95 * size, 12) for size in (truth.width, truth.height))
    pixels = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    rays = np.concatenate([truth.rays(pixels), np.ones((len(pixels), 1))], axis=-1)
    return np.linalg.norm(found.project(rays) - pixels, axis=-1)


@pytest.mark.parametrize("truth", [IDEAL, BENT], ids=["ideal", "distorted"])
def test_a_known_lens_is_found(truth: Lens, tmp_path: Path) -> None:
    folder = folder_of(list(photographs(truth, list(poses(VIEWS)))), tmp_path / "board")
    said = camera(folder, "--out", tmp_path / "lens.json", "--json")
    assert said.exit_code == 0, said.output
    values, found = json.loads(said.stdout), read_lens(tmp_path / "lens.json")
    assert values["views"] >= 9  # some are too like others
    assert values["fit_pixels"] < 0.1
    assert values["fov"] == pytest.approx(truth.field, abs=0.2)
    assert (found.width, found.height) == (640, 480)
    np.testing.assert_allclose(found.focal, truth.focal, rtol=0.003)
    np.testing.assert_allclose(found.centre, truth.centre, atol=2.0)
    assert off(found, truth).max() < 2.5
    assert "chessboard" in found.source


def test_a_video_of_a_board_of_another_size(tmp_path: Path) -> None:
    pictures = [one for one in photographs(IDEAL, list(poses(VIEWS)), (7, 5)) for _ in range(8)]
    video = video_of(pictures, tmp_path / "board.mp4", rate=30)
    said = camera(video, "--board", "7x5", "--out", tmp_path / "lens.json")
    assert said.exit_code == 0, said.output
    assert "mocamba solve VIDEO --camera-file" in said.output
    np.testing.assert_allclose(read_lens(tmp_path / "lens.json").focal, IDEAL.focal, rtol=0.01)
    again = camera(video, "--board", "7x5", "--out", tmp_path / "lens.json")
    assert again.exit_code == 2
    assert "--force" in again.output


def test_too_few_views_and_another_board_say_what_is_needed(tmp_path: Path) -> None:
    few = list(photographs(IDEAL, list(poses(4))))
    same = folder_of([*few, *few, *few], tmp_path / "same")  # the same four views again tell nothing new
    said = camera(same, "--out", tmp_path / "lens.json")
    assert said.exit_code == 2
    assert "seen whole in 4 views of its own; 6 are needed" in said.output
    said = camera(same, "--board", "7x5", "--out", tmp_path / "lens.json")
    assert said.exit_code == 2
    assert "in 0 views" in said.output
    assert "7 x 5 inner corners" in said.output
    assert not (tmp_path / "lens.json").exists()


def test_pictures_of_two_cameras_and_of_no_board(tmp_path: Path) -> None:
    (board,) = photographs(IDEAL, list(poses(1)))
    plain = np.full((240, 320, 3), 90, np.uint8)
    said = camera(folder_of([board, plain], tmp_path / "two"), "--out", tmp_path / "lens.json")
    assert said.exit_code == 2
    assert "not of one camera" in said.output
    said = camera(folder_of([plain] * 3, tmp_path / "none"), "--out", tmp_path / "lens.json")
    assert said.exit_code == 2
    assert "in 0 views" in said.output
    assert not (tmp_path / "lens.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.mp4",), "nowhere.mp4"),
        (("empty.mp4",), "is empty"),
        (("notes.mp4",), "is no video that can be read"),
        (("broken",), "is no picture that can be read"),
        (("bare",), "holds no pictures"),
        (("notes.mp4", "--board", "9by6"), "COLUMNSxROWS"),
        (("notes.mp4", "--board", "2x2"), "COLUMNSxROWS"),
        (("notes.mp4", "--out", "lens.txt"), ".json"),
    ],
)
def test_what_cannot_be_read_is_named(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.mp4").touch()
    Path("notes.mp4").write_text("a list of groceries, and no video at all")
    Path("broken").mkdir()
    Path("broken/a.png").write_bytes(b"\x89PNG\r\n\x1a\n cut off")
    Path("bare").mkdir()
    result = camera("--out", "lens.json", *arguments)
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert "Traceback" not in result.output
    assert not list(tmp_path.glob("lens.*"))
