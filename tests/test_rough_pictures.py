"""Cameras live, fed with what no camera should give: pictures at any times, of anybody, of nobody, of noise."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from mocamba.inference.live_film import LiveFilm
from mocamba.inference.live_fusion import LiveFusion
from mocamba.inference.networks import posemamba, vimcan
from mocamba.inference.views import View
from mocamba.rig.skeleton import SMPL24

from .live_films import Worn, view, worn

GAPS = (1e-9, 0.001, 0.033, 0.033, 0.033, 0.5, 3.0, 15.0)  # seconds between two pictures
PICTURES = 60


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def small(name: str) -> Any:
    """Untrained and small: what it says is of no concern here."""
    torch.manual_seed(0)
    if name == "vimcan":
        config = replace(vimcan.VARIANTS["t-causal"], width=16, group_width=16, pairs=1)
        return SimpleNamespace(network=vimcan.Vimcan(config).eval())
    return SimpleNamespace(
        network=posemamba.PoseMamba(replace(posemamba.VARIANTS["s-causal"], width=16, pairs=1)).eval()
    )


def rough(scene: Worn, number: int, t_ns: int, random: np.random.Generator) -> View:
    """A picture of the scene, as likely as not spoilt."""
    shown = view(scene, number % len(scene.film.t_ns), hidden=random.random() < 0.2)
    rays, confidence, present = shown.rays.copy(), shown.confidence.copy(), shown.present.copy()
    spoilt = random.integers(5)
    if spoilt == 0:
        rays = random.normal(0, 0.5, rays.shape).astype(np.float32)
    elif spoilt == 1:
        rays[:] = rays[0]
    elif spoilt == 2:
        hidden = random.random(len(rays)) < 0.6
        rays[hidden], confidence[hidden] = np.nan, 0
    elif spoilt == 3:
        present[:] = random.random(len(present)) < 0.5
    world = int(random.random() < 0.02)
    return replace(shown, number=number, t_ns=t_ns, world=world, rays=rays, confidence=confidence, present=present)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("name", "live"), [("vimcan", LiveFusion), ("posemamba", LiveFilm)])
def test_poses_are_poses_whatever_pictures_come(name: str, live: Any, seed: int) -> None:
    random, scene = np.random.default_rng(seed), worn(300, 700)
    camera = live(small(name), SMPL24)
    t_ns = 10**9
    for number in range(PICTURES):
        t_ns += round(1e9 * random.choice(GAPS))
        sight = camera.push(rough(scene, number, t_ns, random))
        assert np.isfinite(sight.translation).all()
        assert np.linalg.norm(sight.rotations, axis=-1) == pytest.approx(np.ones(24), abs=1e-3)
        assert 0 <= sight.trust <= 1
    camera.close()


def test_pictures_that_come_seconds_apart_tell_no_delay() -> None:
    scene = worn(300, 700)
    camera = LiveFusion(small("vimcan"), SMPL24)
    for number in range(12):
        sight = camera.push(replace(view(scene, number), t_ns=10**9 + number * 13 * 10**9))
    assert not sight.timed
    camera.close()
