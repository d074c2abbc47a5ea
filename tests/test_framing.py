"""The zoom on the performer: the same at any distance, the same frame by frame."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from mocamba.inference.framing import MEMORY, SPREAD, framed, zoom, zoom_step
from mocamba.inference.lifting import LiftingClips


def keypoints(frames: int, seed: int) -> torch.Tensor:
    return torch.randn(2, frames, 17, 2, generator=torch.Generator().manual_seed(seed))


@given(st.floats(0.05, 20), st.floats(-3, 3), st.booleans(), st.integers(1, 300))
def test_size_and_place_in_the_picture_do_not_matter(size: float, place: float, causal: bool, frames: int) -> None:
    points = keypoints(frames, frames)
    moved = (points + place) * size
    torch.testing.assert_close(zoom(moved, causal) * size, zoom(points, causal), rtol=1e-3, atol=1e-4)


@given(st.integers(1, 3 * MEMORY))
def test_a_stream_is_zoomed_as_the_clip_is(frames: int) -> None:
    points, past, factors = keypoints(frames, frames), None, []
    for k in range(frames):
        factor, past = zoom_step(points[:, k], past)
        factors.append(factor)
    torch.testing.assert_close(torch.stack(factors, dim=1), zoom(points, causal=True), rtol=1e-4, atol=1e-5)


def test_later_frames_change_no_streams_zoom() -> None:
    points = keypoints(200, 1)
    torch.testing.assert_close(zoom(points[:, :90], causal=True), zoom(points, causal=True)[:, :90])


def test_a_framed_clip_has_the_size_it_is_to_have_and_the_metre_goes_along() -> None:
    points = keypoints(40, 2)
    clips = LiftingClips(points, torch.zeros(2, 40, 6, 4), torch.zeros(2, 40, 17, 3), torch.ones(2, 40))
    seen = framed(clips, causal=False)
    middle = seen.keypoints - seen.keypoints.mean(-2, keepdim=True)
    spread = middle.square().sum(-1).mean((-1, -2)).sqrt()
    torch.testing.assert_close(spread, torch.full((2,), SPREAD))
    torch.testing.assert_close(points * seen.scale[..., None, None], seen.keypoints)


def test_one_point_is_not_zoomed_without_end() -> None:
    assert torch.isfinite(zoom(torch.zeros(1, 5, 17, 2), causal=True)).all()
