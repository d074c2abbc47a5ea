"""Where networks that read a camera run, and what is said of a GPU that cannot."""

import numpy as np
import pytest
import torch
from mocamba.inference import lift_track, lifting_evaluation
from mocamba.inference.device_choice import Accelerators, Wish, choose_for_lifter, find_accelerators
from mocamba.inference.networks.posemamba import PoseMamba, PoseMambaConfig
from mocamba.rig.errors import BadInputError, MocambaError


def test_a_camera_network_takes_a_gpu_of_nvidia_or_none() -> None:
    assert choose_for_lifter(Wish.AUTO, Accelerators("NVIDIA H200", None)).device == "cuda"
    assert choose_for_lifter(Wish.AUTO, Accelerators(None, "Apple GPU")).device == "cpu"
    assert choose_for_lifter(Wish.MPS, Accelerators(None, "Apple GPU")).device == "mps"
    with pytest.raises(BadInputError, match="no GPU that PyTorch can use through CUDA"):
        choose_for_lifter(Wish.CUDA, Accelerators(None, None))


def test_a_full_gpu_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(lifting_evaluation, "answer", full)
    with pytest.raises(MocambaError, match=r"memory is full.*--device cpu"):
        lift_track.lift_track(PoseMamba(PoseMambaConfig(width=4, pairs=1)).eval(), np.zeros((5, 17, 2)))


def test_a_gpu_that_this_pytorch_cannot_use_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*args: object, **named: object) -> None:
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a card of 2012")
    monkeypatch.setattr(torch, "ones", refused)
    assert find_accelerators().cuda is None
