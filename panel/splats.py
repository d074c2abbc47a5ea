"""The body drawn without a GPU: its vertices and the middles of its faces are discs as large as their skin, the nearest
on top. NumPy fills them in a few milliseconds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .orbit import HALF_HEIGHT, NEAR
from .scene import Scene

Array = NDArray[np.float32]

MOST = 300  # pixels of a disc
OVERLAP = 4.0  # discs are this much larger than their skin, so that no gap shows
AMBIENT = 0.32
EDGE = 11  # pixels of the largest disc's radius: nearer to the edge of a picture than that, none is drawn


def _spiral(radius: int) -> NDArray[np.int32]:
    """Offsets `(N, 2)` about a pixel, nearest first: the first n of them are a disc of n pixels."""
    axis = np.arange(-radius, radius + 1)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    nearest: NDArray[np.int32] = grid[np.argsort((grid**2).sum(axis=1), kind="stable")].astype(np.int32)
    return nearest


_SPIRAL = _spiral(EDGE)


@dataclass(frozen=True, eq=False)
class Patch:
    """`pixels (h, w, 4)`, blue, green, red, alpha, transparent where the body is not, at `left`, `top` of a picture."""

    pixels: NDArray[np.uint8]
    left: int
    top: int


def draw_body(scene: Scene, width: int, height: int) -> Patch:
    """The part of a picture of `width` times `height` pixels that has the body in it."""
    points, normals, areas = _points(scene)
    to_eye = scene.orbit.eye - points
    cosine = np.einsum("va,va->v", normals, to_eye) / np.sqrt(np.einsum("va,va->v", to_eye, to_eye))
    pixels, depth = scene.orbit.pixels(points, width, height)
    scale = height / 2 / HALF_HEIGHT / np.maximum(depth, NEAR)
    # a disc's width counts where the skin is seen from the side
    counts = np.clip(OVERLAP * areas * scale**2 * np.sqrt(np.clip(cosine, 0.15, 1)), 2, MOST)
    order = np.argsort(-depth)
    left, right = _span(pixels[:, 0], width)
    top, bottom = _span(pixels[:, 1], height)
    image = np.zeros((bottom - top, right - left), np.uint32)
    shade, sizes = _shade(scene, normals), counts.astype(np.int32)
    _fill(image, (pixels - np.array([left, top], np.float32))[order], sizes[order], shade[order])
    return Patch(image.view(np.uint8).reshape(*image.shape, 4), left, top)


def _span(values: Array, size: int) -> tuple[int, int]:
    """The pixels that the body reaches, of `size` there are; one at least."""
    low = min(max(0, int(values.min()) - EDGE - 2), size - 1)
    return low, max(low + 1, min(size, int(values.max()) + EDGE + 3))


def _points(scene: Scene) -> tuple[Array, Array, Array]:
    """Places, normals and square metres of the discs that face the eye."""
    body = scene.body
    vertices, normals = body.posed(scene.bones)
    facing = np.einsum("va,va->v", normals, scene.orbit.eye - vertices) > 0
    seen, quads = np.flatnonzero(facing), body.quads[facing[body.quads[:, 0]]]
    middles = [
        (part[quads[:, 0]] + part[quads[:, 1]] + part[quads[:, 2]] + part[quads[:, 3]]) / 4
        for part in (vertices, normals)
    ]
    areas = np.concatenate([body.areas[seen], body.areas[quads[:, 0]]]) / 2
    return np.concatenate([vertices[seen], middles[0]]), np.concatenate([normals[seen], middles[1]]), areas


def _shade(scene: Scene, normals: Array) -> NDArray[np.uint32]:
    light = AMBIENT + (1 - AMBIENT) * np.clip(normals @ scene.light(), 0, 1)
    red, green, blue = (np.clip(light * part, 0, 255).astype(np.uint32) for part in scene.look.skin)
    shade: NDArray[np.uint32] = (
        (np.uint32(255) << np.uint32(24)) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
    )
    return shade


def _fill(image: NDArray[np.uint32], pixels: Array, counts: NDArray[np.int32], shade: NDArray[np.uint32]) -> None:
    """Discs of `counts` pixels, later ones over earlier ones."""
    height, width = image.shape
    inside = (pixels[:, 0] > EDGE) & (pixels[:, 0] < width - EDGE - 1)
    inside &= (pixels[:, 1] > EDGE) & (pixels[:, 1] < height - EDGE - 1)
    places, counts, shade = pixels[inside].astype(np.int32), counts[inside], shade[inside]
    starts = np.cumsum(counts) - counts
    within = np.arange(int(counts.sum()), dtype=np.int32) - np.repeat(starts, counts).astype(np.int32)
    flat = np.repeat(places[:, 1] * width + places[:, 0], counts)
    flat += _SPIRAL[within, 1] * width + _SPIRAL[within, 0]
    image.reshape(-1)[flat] = np.repeat(shade, counts)
