"""Pictures of the free body in a room, as a camera takes them: for tests and benchmarks of what looks at people."""

import numpy as np
from numpy.typing import NDArray

from ...rig.body import fitted_to, load_body, skin
from ...rig.lens import Lens
from ...rig.motion import Motion
from ...rig.quaternion import Array
from ...rig.skeleton import joint

SKIN, SHIRT, TROUSERS, SHOES, HAIR = (140, 170, 222), (60, 60, 190), (120, 70, 40), (40, 40, 45), (35, 50, 70)
LEGS = ("hip", "knee", "ankle")
ROOM = 3.5  # metres from the middle to the walls, at least
TILE = 0.5  # metres
LIGHT = np.array([0.4, 0.8, 0.45]) / np.linalg.norm([0.4, 0.8, 0.45])
SHIFT = 4  # bits of a pixel's fraction


class FilmedBody:
    """A camera with `lens` at `place (3,)` whose axes in the world are the rows of `turn (3, 3)`, and a performer."""

    def __init__(self, motion: Motion, lens: Lens, turn: Array, place: Array, seed: int = 0) -> None:
        self._motion, self._lens, self._turn, self._place = motion, lens, turn, place
        self._body = fitted_to(load_body(), motion.skeleton)
        self._random = np.random.default_rng(seed)
        self._colours = self._clothes()
        self._room = self._backdrop()

    def picture(self, frame: int) -> NDArray[np.uint8]:
        """`(h, w, 3)` blue, green, red."""
        import cv2

        rotations, translation = self._motion.rotations[frame], self._motion.translation[frame]
        vertices = skin(self._body, rotations.astype(np.float64), translation.astype(np.float64))
        picture = self._room.copy()
        self._draw_shadow(picture, vertices)
        quads = vertices[self._body.quads]
        across = np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1])
        normals = across / np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-12)
        middles = quads.mean(axis=1)
        front = np.flatnonzero(np.sum(normals * (self._place - middles), axis=-1) > 0)
        seen = (quads - self._place) @ self._turn.T
        order = front[np.argsort(-seen[front].mean(axis=1)[:, 2])]
        corners = np.round(self._lens.project(seen[order]) * (1 << SHIFT)).astype(np.int32)
        shade = 0.45 + 0.55 * np.clip(normals[order] @ LIGHT, 0, 1)
        colours = (self._colours[order] * shade[:, None]).clip(0, 255)
        for polygon, colour in zip(corners, colours.tolist(), strict=True):
            cv2.fillConvexPoly(picture, polygon, colour, cv2.LINE_AA, SHIFT)
        noise = self._random.normal(0, 3, picture.shape)
        return np.asarray((cv2.GaussianBlur(picture, (3, 3), 0) + noise).clip(0, 255), np.uint8)

    def _clothes(self) -> Array:
        """A colour `(F, 3)` for every quad, by the bone that carries most of it."""
        strongest = self._body.joints[np.arange(len(self._body.joints)), self._body.weights.argmax(axis=1)]
        bones = strongest[self._body.quads[:, 0]]
        colours = np.tile(np.array(SHIRT, np.float64), (len(bones), 1))
        legs = [joint(f"{side}_{name}") for side in ("left", "right") for name in LEGS]
        colours[np.isin(bones, [joint("pelvis"), *legs])] = TROUSERS
        shoes = [joint(f"{side}_{name}") for side in ("left", "right") for name in ("ankle", "foot")]
        colours[np.isin(bones, shoes)] = SHOES
        bare = [joint(f"{side}_{name}") for side in ("left", "right") for name in ("elbow", "wrist", "hand")]
        colours[np.isin(bones, [joint("head"), joint("neck"), *bare])] = SKIN
        self._dress_head(colours, bones)
        return colours * self._random.uniform(0.93, 1.07, (len(colours), 1))

    def _dress_head(self, colours: Array, bones: NDArray[np.int32]) -> None:
        """Hair above and behind, and dark eyes: a face tells detectors where the front is."""
        middles = self._body.vertices[self._body.quads].mean(axis=1)
        head = bones == joint("head")
        low, high = middles[head].min(axis=0), middles[head].max(axis=0)
        share = (middles - low) / (high - low)
        colours[head & ((share[:, 1] > 0.82) | ((share[:, 2] < 0.45) & (share[:, 1] > 0.35)))] = HAIR
        eyes = (np.abs(np.abs(share[:, 0] - 0.5) - 0.2) < 0.07) & (np.abs(share[:, 1] - 0.56) < 0.04)
        colours[head & eyes & (share[:, 2] > 0.6)] = (40, 30, 30)
        mouth = (np.abs(share[:, 0] - 0.5) < 0.15) & (np.abs(share[:, 1] - 0.27) < 0.03)
        colours[head & mouth & (share[:, 2] > 0.6)] = (80, 70, 160)

    def _backdrop(self) -> NDArray[np.uint8]:
        """Floor with tiles, walls with stripes: where each pixel's ray meets them first."""
        rows, columns = np.mgrid[0 : self._lens.height, 0 : self._lens.width]
        rays = self._lens.rays(np.stack([columns, rows], axis=-1).astype(np.float64))
        sight = np.concatenate([rays, np.ones_like(rays[..., :1])], axis=-1) @ self._turn
        half = max(ROOM, float(np.abs(self._place[[0, 2]]).max()) + 0.5)
        with np.errstate(divide="ignore", invalid="ignore"):
            floor = np.where(sight[..., 1] < 0, -self._place[1] / sight[..., 1], np.inf)
            walls = np.stack(
                [(np.sign(sight[..., a]) * half - self._place[a]) / sight[..., a] for a in (0, 2)], axis=-1
            )
        wall = walls.min(axis=-1)
        at = self._place + np.minimum(floor, wall)[..., None] * sight
        tiles = (np.floor(at[..., 0] / TILE) + np.floor(at[..., 2] / TILE)) % 2
        along = np.where(walls[..., 0] < walls[..., 1], at[..., 2], at[..., 0])
        stripes = np.sin(2 * np.pi * along / 0.7) > 0
        grey = np.where(floor < wall, 120 + 40 * tiles, 185 + 18 * stripes - 12 * np.clip(at[..., 1], 0, 3))
        warm = np.where((floor < wall)[..., None], [0.85, 0.95, 1.05], [1.0, 1.02, 0.98])
        picture: NDArray[np.uint8] = (grey[..., None] * warm).clip(0, 255).astype(np.uint8)
        return picture

    def _draw_shadow(self, picture: NDArray[np.uint8], vertices: Array) -> None:
        import cv2

        flat = vertices - vertices[:, 1:2] * (LIGHT / LIGHT[1])
        seen = (flat - self._place) @ self._turn.T
        if seen[:, 2].min() < 0.2:
            return
        hull = np.asarray(cv2.convexHull(np.round(self._lens.project(seen)).astype(np.int32)), np.int32)
        shadow = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillConvexPoly(shadow, hull, (255,))
        share = cv2.GaussianBlur(shadow, (31, 31), 0).astype(np.float32) / 255
        picture[:] = (picture * (1 - 0.35 * share[..., None])).astype(np.uint8)


def write_video(filmed: FilmedBody, frames: range, path: str, rate: float) -> None:
    """The pictures `frames` of a performance, as MP4."""
    import cv2

    first = filmed.picture(frames[0])
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), rate, (first.shape[1], first.shape[0]))
    for frame in frames:
        writer.write(filmed.picture(frame))
    writer.release()
