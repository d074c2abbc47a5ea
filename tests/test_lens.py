"""Lenses: OpenCV's own formulas, there and back, and files that are none."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mocamba.rig.errors import BadInputError, FileFormatError
from mocamba.rig.lens import Lens, lens_of_field, read_lens

cv2 = pytest.importorskip("cv2")
WEBCAM = Lens(1280, 720, (900.0, 905.0), (650.0, 350.0), (0.08, -0.15, 0.001, -0.002, 0.03), "test")


def test_projection_is_opencvs() -> None:
    points = np.random.default_rng(0).normal(size=(200, 3)) * [1, 0.6, 0.5] + [0, 0, 3]
    matrix = np.array([[900.0, 0, 650], [0, 905, 350], [0, 0, 1]])
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), matrix, np.array(WEBCAM.distortion))
    np.testing.assert_allclose(WEBCAM.project(points), expected[:, 0], atol=1e-6)


@given(x=st.floats(0, 1280), y=st.floats(0, 720), kind=st.sampled_from([np.float32, np.float64]))
def test_a_pixel_comes_back(x: float, y: float, kind: type) -> None:
    pixel = np.array([x, y], kind)
    ray = WEBCAM.rays(pixel)
    np.testing.assert_allclose(WEBCAM.project(np.append(ray, 1.0)), pixel, atol=1e-3)


@given(degrees=st.floats(20, 120), width=st.integers(100, 4000), height=st.integers(100, 4000))
def test_field_of_view_is_along_the_longer_side(degrees: float, width: int, height: int) -> None:
    lens = lens_of_field(width, height, degrees)
    assert lens.field == pytest.approx(degrees)
    edge = [width, height / 2] if width >= height else [width / 2, height]
    ray = lens.rays(np.array(edge))
    assert np.degrees(np.arctan(np.abs(ray).max())) == pytest.approx(degrees / 2)


def test_another_size_sees_the_same() -> None:
    small = WEBCAM.of_size(640, 360)
    np.testing.assert_allclose(small.rays(np.array([100.0, 50])), WEBCAM.rays(np.array([200.0, 100])))
    with pytest.raises(BadInputError, match="another shape"):
        WEBCAM.of_size(720, 1280)


def test_angles_of_no_lens_are_refused() -> None:
    for degrees in (0.0, 4.0, 170.0, float("nan")):
        with pytest.raises(BadInputError, match="field of view"):
            lens_of_field(640, 480, degrees)


def test_files_come_back_and_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "camera.json"
    WEBCAM.write(path)
    assert read_lens(path) == WEBCAM
    whole = json.loads(path.read_text())
    for key, value in (("focal", [0, 1]), ("centre", [1]), ("mocamba_lens", 9), ("width", "x"), ("focal", [1e999, 1])):
        path.write_text(json.dumps({**whole, key: value}))
        with pytest.raises(FileFormatError, match=r"camera\.json"):
            read_lens(path)
    for text in ("", "[]", "{", "null", json.dumps({k: v for k, v in whole.items() if k != "centre"})):
        path.write_text(text)
        with pytest.raises(FileFormatError, match="mocamba camera"):
            read_lens(path)
