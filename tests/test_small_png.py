"""Pictures of the documentation with 256 colours: smaller, and the same to the eye, or untouched."""

from pathlib import Path

import numpy as np
import pytest
from mocamba.tools.small_png import MEAN, shrink
from numpy.typing import NDArray

Image = pytest.importorskip("PIL.Image")


def window() -> NDArray[np.uint8]:
    """Areas of one colour, a blend and some text-like noise of few colours."""
    picture = np.full((300, 400, 3), (38, 40, 44), np.uint8)
    picture[:, 150:260] = np.linspace(60, 200, 110, dtype=np.uint8)[:, None]
    picture[200:, :100] = np.random.default_rng(0).choice([30, 90, 150, 240], (100, 100, 1))
    return picture


def test_a_window_shrinks_and_looks_the_same(tmp_path: Path) -> None:
    path = tmp_path / "window.png"
    told = pytest.importorskip("PIL.PngImagePlugin").PngInfo()
    told.add_text("made-of", "ab12")
    Image.fromarray(window()).save(path, compress_level=1, pnginfo=told)
    before = path.stat().st_size
    assert shrink(path)
    assert path.stat().st_size < 0.6 * before
    after = np.asarray(Image.open(path).convert("RGB")).astype(float)
    assert np.sqrt(((after - window()) ** 2).mean()) < MEAN
    assert Image.open(path).text == {"made-of": "ab12"}
    assert list(tmp_path.iterdir()) == [path]
    packed = path.read_bytes()
    assert not shrink(path)  # it is as small as it gets
    assert path.read_bytes() == packed


@pytest.mark.parametrize("kind", ["photograph", "transparent"])
def test_what_would_look_different_is_left_alone(tmp_path: Path, kind: str) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8) if kind == "photograph" else window()
    if kind == "transparent":
        picture = np.dstack([picture, np.full(picture.shape[:2], 128, np.uint8)])
    path = tmp_path / "picture.png"
    Image.fromarray(picture).save(path)
    before = path.read_bytes()
    assert not shrink(path)
    assert path.read_bytes() == before
