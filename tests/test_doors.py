"""What the networks refuse at their doors."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mocamba.inference.doors import check_alike, check_input
from mocamba.rig.errors import BadInputError
from torch import Tensor


def keypoints(batch: int = 2, frames: int = 5) -> Tensor:
    return torch.zeros(batch, frames, 17, 2)


def check(x: Tensor) -> None:
    check_input("PoseMamba", "keypoints", x, (17, 2), longest=27)


@given(batch=st.integers(1, 3), frames=st.integers(1, 27), dtype=st.sampled_from([torch.float32, torch.float64]))
def test_what_fits_passes(batch: int, frames: int, dtype: torch.dtype) -> None:
    check(keypoints(batch, frames).to(dtype))
    check_alike("PoseMamba", keypoints=keypoints(batch, frames), features=torch.zeros(batch, frames, 9))


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (torch.zeros(2, 5, 16, 2), r"keypoints of shape \(B, T, 17, 2\), not \(2, 5, 16, 2\)"),
        (torch.zeros(5, 17, 2), r"not \(5, 17, 2\)"),
        (torch.zeros(17), r"not \(17,\)"),
        (keypoints(batch=0), r"not \(0, 5, 17, 2\)"),
        (keypoints().long(), "torch.int64"),
        (keypoints(frames=0), "no frames"),
        (keypoints(frames=28), "up to 27 frames at once, not 28"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(x: Tensor, says: str) -> None:
    with pytest.raises(BadInputError, match=says) as refusal:
        check(x)
    assert str(refusal.value).startswith("PoseMamba ")
    assert str(refusal.value).count(".") - str(refusal.value).count("torch.") == 1


@given(sequence=st.integers(0, 1), frame=st.integers(0, 4), value=st.sampled_from([float("nan"), float("inf")]))
def test_a_value_that_is_no_number_is_found(sequence: int, frame: int, value: float) -> None:
    x = keypoints()
    x[sequence, frame, 3, 1] = value
    with pytest.raises(BadInputError, match=f"frame {frame} of sequence {sequence}"):
        check(x)


def test_inputs_of_different_length_are_refused() -> None:
    with pytest.raises(BadInputError, match=r"keypoints of \(2, 5\), features of \(2, 6\)"):
        check_alike("HMRMamba", keypoints=keypoints(), features=torch.zeros(2, 6, 2048))
