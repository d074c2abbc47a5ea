"""Where a network runs, and why there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from ..rig.errors import BadInputError, MocambaError


class Wish(StrEnum):
    """What the user asks for."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


@dataclass(frozen=True)
class Choice:
    """`device` as PyTorch names it; `reason` in words for the user."""

    device: str
    reason: str


@dataclass(frozen=True)
class Accelerators:
    """Names of the GPUs that PyTorch can use here; None where there is none."""

    cuda: str | None
    mps: str | None

    def names(self) -> dict[str, str]:
        """By PyTorch's names of the devices."""
        return {kind: name for kind, name in (("cuda", self.cuda), ("mps", self.mps)) if name is not None}


def find_accelerators() -> Accelerators:
    """Ask PyTorch, which is loaded for it."""
    import torch

    cuda = torch.cuda.get_device_name() if torch.cuda.is_available() and _works("cuda") else None
    return Accelerators(cuda, "Apple GPU" if torch.backends.mps.is_available() else None)


def _works(device: str) -> bool:
    """False for a GPU that is too old for this PyTorch, or whose driver is: it is listed all the same."""
    import torch

    try:
        return bool(torch.ones(1, device=device) + 1 == 2)
    except RuntimeError:
        return False


def choose_device(wish: Wish, kind: str, here: Accelerators) -> Choice:
    """For a network of `kind` (a class's name). Raises BadInputError where the wished-for device is not there."""
    if wish is Wish.CPU:
        return Choice("cpu", "the CPU was asked for")
    if wish is not Wish.AUTO:
        name = here.cuda if wish is Wish.CUDA else here.mps
        if name is None:
            raise BadInputError(
                f"There is no GPU that PyTorch can use through {wish.upper()} on this computer. "
                f"Leave the choice to Mocamba (auto), or use the CPU."
            )
        return Choice(wish.value, f"{name} was asked for")
    if kind == "HiPoser":
        return Choice(
            "cpu",
            "HiPoser's live step is NumPy on one core, where a frame takes under a millisecond; "
            "a GPU takes longer to be given so small a step than the CPU to do it",
        )
    if here.cuda is not None:
        return Choice("cuda", f"{here.cuda} is there")
    if here.mps is not None:
        return Choice("mps", f"{here.mps} is there")
    return Choice("cpu", "PyTorch finds no GPU here")


def choose_for_lifter(wish: Wish, here: Accelerators) -> Choice:
    """For a network that reads a camera. Raises BadInputError where the wished-for device is not there."""
    if wish is Wish.AUTO and here.cuda is None:
        return Choice(
            "cpu",
            "PyTorch finds no GPU of NVIDIA here; others are given thousands of small steps one by one, "
            "which takes longer than doing them",
        )
    return choose_device(wish, "lifter", here)


@contextmanager
def memory_explained() -> Iterator[None]:
    """Raises MocambaError in place of what a full GPU raises."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MocambaError(
            "The GPU's memory is full. Close what else uses it, or leave the work to the processor: --device cpu."
        ) from error
