"""The scan that Numba compiles against the recurrence as written, in float32."""

from unittest import mock

import numpy as np
import pytest
import torch

pytest.importorskip("numba", reason="Numba is not installed")

from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference import compiled_scan as compiled
from mocamba.inference import scan
from mocamba.inference.compiled_scan import compiled_scan
from mocamba.inference.scan import selective_scan, selective_scan_chunked, selective_scan_reference

from .test_scan import problem

pytestmark = pytest.mark.usefixtures("nothing_left")


def close(mine: tuple[torch.Tensor, ...], other: tuple[torch.Tensor, ...], tolerance: float = 2e-5) -> None:
    for one, expected in zip(mine, other, strict=True):
        torch.testing.assert_close(one, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("groups", "channels", "states"), [(1, 4, 3), (2, 4, 16), (4, 64, 16), (1, 1, 1)])
@pytest.mark.parametrize("frames", [0, 1, 2, 81])
def test_it_is_the_reference(
    frames: int, groups: int, channels: int, states: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "ENOUGH", 0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    case = problem(max(frames, 1), groups, torch.float32, channels=channels, states=states)
    u, delta, A, b, c, d, state = (x[..., :frames] if k in (0, 1, 3, 4) else x for k, x in enumerate(case))
    before = [x.clone() for x in case]
    for carried in ((), (state,)):
        y, h = compiled_scan(u, delta, A, b, c, d, *carried)
        assert y.dtype == h.dtype == torch.float32
        if frames:
            close((y, h), selective_scan_reference(u, delta, A, b, c, d, *carried))
        else:
            assert y.shape == u.shape
            assert torch.equal(h, carried[0] if carried else torch.zeros_like(state))
    assert all(torch.equal(one, other) for one, other in zip(case, before, strict=True))


@settings(max_examples=25, deadline=None)
@given(frames=st.integers(2, 90), share=st.floats(0, 1), groups=st.sampled_from([1, 2]), seed=st.integers(0, 10**6))
def test_a_split_at_any_frame_changes_nothing(frames: int, share: float, groups: int, seed: int) -> None:
    u, delta, A, b, c, d, state = problem(frames, groups, torch.float32, seed=seed)
    cut = min(max(1, round(share * frames)), frames - 1)
    whole, last = compiled_scan(u, delta, A, b, c, d, state)
    first, between = compiled_scan(*(x[..., :cut] for x in (u, delta)), A, *(x[..., :cut] for x in (b, c)), d, state)
    second, after = compiled_scan(*(x[..., cut:] for x in (u, delta)), A, *(x[..., cut:] for x in (b, c)), d, between)
    assert torch.equal(torch.cat([first, second], dim=-1), whole)
    assert torch.equal(after, last)


def test_tensors_need_not_lie_in_order() -> None:
    u, delta, A, b, c, d, state = problem(30, 2, torch.float32)
    strewn = [x.movedim(-1, 0).contiguous().movedim(0, -1) for x in (u, delta)]
    same = b[:1].expand_as(b)
    close(
        compiled_scan(*strewn, A, same, c, d[None].T[:, 0], state.mT.contiguous().mT),
        selective_scan_reference(u, delta, A, same, c, d, state),
    )


def test_maps_may_be_shared_and_what_does_not_fit_is_refused() -> None:
    u, delta, A, b, c, d, state = problem(20, 2, torch.float32)
    close(compiled_scan(u, delta, A, b[:1], c[:1], d), selective_scan_reference(u, delta, A, b[:1], c[:1], d))
    for wrong in (
        (u, delta[..., :19], A, b, c, d),
        (u, delta, A[:3], b, c, d),
        (u, delta, A, b[..., :19], c, d),
        (u, delta, A, b, c[:, :, :2], d),
        (u, delta, A, b, c, d[:3]),
        (u, delta, A, b, c, d, state[:, :3]),
        (u[:, :3], delta[:, :3], A[:3], b, c, d[:3]),
    ):
        with pytest.raises(RuntimeError):
            compiled_scan(*wrong)


def test_exp_is_exact_to_its_last_bits_and_ends_where_float32_does() -> None:
    x = np.concatenate([np.linspace(-87, 88, 20_001), [0.0, -1e-30, 1e-30, -1e-3]]).astype(np.float32)
    mine = np.array([compiled._exp(one) for one in x])
    exact = np.exp(x.astype(np.float64))
    assert np.abs(mine / exact - 1).max() < 3 * 2.0**-23
    assert compiled._exp(np.float32(0)) == 1
    assert 0 <= compiled._exp(np.float32(-1e30)) < 2e-38
    assert np.isfinite(compiled._exp(np.float32(1e30)))
    assert np.isnan(compiled._exp(np.float32(np.nan)))


def test_long_steps_do_not_overflow_and_what_is_no_number_stays_in_its_channel() -> None:
    u, delta, A, b, c, d, state = problem(60, 1, torch.float32)
    steps = 1e4 * torch.ones_like(delta)
    y, h = compiled_scan(u, steps, A, b, c, d, state)
    assert torch.isfinite(y).all()
    assert torch.isfinite(h).all()
    u[1, 2, 30] = torch.nan
    y, h = compiled_scan(u, delta, A, b, c, d, state)
    wrong = torch.isnan(y)
    assert wrong[1, 2, 30:].all()
    assert int(wrong.sum()) == 30
    assert torch.isnan(h[1, 2]).all()
    assert int(torch.isnan(h).sum()) == h.shape[-1]


def test_it_is_chosen_where_no_gradient_is_asked_for_in_float32() -> None:
    case = problem(40, dtype=torch.float32)
    with mock.patch.object(scan, "selective_scan_chunked", side_effect=AssertionError("the slow path")):
        with torch.no_grad():
            close(selective_scan(*case), compiled_scan(*case), 0)
        with torch.inference_mode():
            close(selective_scan(*case), compiled_scan(*case), 0)
    double = problem(40)
    with torch.no_grad():
        assert torch.equal(selective_scan(*double)[0], selective_scan_chunked(*double)[0])
    many = problem(40, dtype=torch.float32, states=scan.LANES + 1)
    with torch.no_grad():
        assert torch.equal(selective_scan(*many)[0], selective_scan_chunked(*many)[0])
    with mock.patch.object(scan, "compiled_kernel", return_value=None), torch.no_grad():
        assert torch.equal(selective_scan(*case)[0], selective_scan_chunked(*case)[0])


def test_nowhere_to_keep_it_and_a_full_disk_are_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def njit(**options: object) -> object:
        asked.append(options.get("cache"))
        if options.get("cache"):
            raise RuntimeError("cannot cache function '_scan': no locator available")
        return lambda function: function

    monkeypatch.setattr(compiled, "njit", njit)
    assert compiled._kept(test_tensors_need_not_lie_in_order) is test_tensors_need_not_lie_in_order
    assert asked == [True, None]
    monkeypatch.setattr(compiled, "_scan", mock.Mock(side_effect=OSError(28, "No space left on device")))
    compiled.prepare()
