"""Pictures of a printed chessboard as a camera with a known lens takes them."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from mocamba.rig.lens import Lens

FINE = 2  # rays a pixel along each side: edges are as soft as a camera's
BOARD_AWAY = 20.0  # fields from the lens
PAPER, DESK = 235.0, 120.0
BLUR, NOISE = 0.8, 4.0  # of the lens, pixels; of the sensor, grey levels
Pose = tuple[np.ndarray, np.ndarray]  # the board's axes in the camera's frame (3, 3), and its middle (3,)


def poses(count: int, seed: int = 0) -> Iterator[Pose]:
    """Ways to hold a board: tilted by up to 40°, near and far, in all parts of the picture."""
    random = np.random.default_rng(seed)
    for k in range(count):
        away = BOARD_AWAY * random.uniform(0.9, 1.2)
        aside = np.array([(-0.3, 0.0, 0.3)[k % 3], (-0.2, 0.2)[k % 2], 1.0]) * away
        turn, _ = cv2.Rodrigues(np.radians(random.uniform([-40, -40, -25], [40, 40, 25])))
        yield turn, aside


def rays_of(lens: Lens) -> np.ndarray:
    """`(H · FINE, W · FINE, 3)`, by OpenCV's own undistorting."""
    x, y = ((np.arange(size * FINE) + 0.5) / FINE - 0.5 for size in (lens.width, lens.height))
    pixels = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 1, 2)
    matrix = np.array([[lens.focal[0], 0, lens.centre[0]], [0, lens.focal[1], lens.centre[1]], [0, 0, 1.0]])
    exact = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-10)
    flat = cv2.undistortPointsIter(pixels, matrix, np.array(lens.distortion), None, None, exact)
    return np.concatenate([flat[:, 0], np.ones((len(flat), 1))], axis=-1).reshape(len(y), len(x), 3)


def photographs(lens: Lens, held: Sequence[Pose], inner: tuple[int, int] = (9, 6)) -> Iterator[np.ndarray]:
    """A picture `(H, W, 3)` for each way to hold a board with `inner` corners, columns and rows."""
    rays = rays_of(lens)
    fields, random = np.array(inner) + 1, np.random.default_rng(1)
    for turn, middle in held:
        depth = (turn[:, 2] @ middle) / (rays @ turn[:, 2])
        places = (rays * depth[..., None] - middle) @ turn[:, :2] + fields / 2
        on_fields = ((places >= 0) & (places < fields)).all(axis=-1)
        on_paper = ((places >= -1) & (places < fields + 1)).all(axis=-1)
        black = on_fields & (np.floor(places).sum(axis=-1) % 2 == 0)
        grey = np.where(black, 25.0, np.where(on_paper, PAPER, DESK))
        soft = cv2.GaussianBlur(grey.reshape(lens.height, FINE, lens.width, FINE).mean(axis=(1, 3)), (0, 0), BLUR)
        noisy = np.clip(soft + random.normal(0, NOISE, soft.shape), 0, 255)
        yield np.repeat(noisy[..., None], 3, axis=-1).round().astype(np.uint8)
