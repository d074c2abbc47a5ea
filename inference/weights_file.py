"""Network weights as safetensors, with everything needed to build and to trust the network in the header."""

import hashlib
import json
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..rig.errors import BadInputError, FileFormatError
from ..rig.whole_file import whole_file
from .fill import fill
from .networks.hiposer import HiPoser, HiPoserConfig
from .networks.hmrmamba import HMRMamba, HMRMambaConfig
from .networks.mdtf import MDTF, MDTFConfig
from .networks.posemamba import PoseMamba, PoseMambaConfig
from .networks.vimcan import Vimcan, VimcanConfig
from .packing import BITS, pack, unpack
from .shipped import SCALE, shipped_networks

# By the name that a file's format carries: mocamba-NAME-1
KINDS: dict[str, tuple[Any, Any]] = {
    "hiposer": (HiPoser, HiPoserConfig),
    "hmrmamba": (HMRMamba, HMRMambaConfig),
    "mdtf": (MDTF, MDTFConfig),
    "posemamba": (PoseMamba, PoseMambaConfig),
    "vimcan": (Vimcan, VimcanConfig),
}
SMALL = 4096  # weights: the coarse steps of fewer bits hurt smaller matrices most, a twentieth of a network
N = TypeVar("N", covariant=True)


@dataclass(frozen=True)
class WeightsCard:
    """What travels with the weights. `scores` are from `mocamba evaluate`; `training` is the whole run's config."""

    name: str
    data: str
    licence: str
    training: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class LoadedNetwork(Generic[N]):
    """A network ready to run, its card and the first half of its file's SHA-256."""

    network: N
    card: WeightsCard
    digest: str


def save_weights(network: nn.Module, card: WeightsCard, path: Path, *, bits: int = 16) -> None:
    """Write float16 tensors, or matrices at 4 to 8 `bits` a weight, and the header; whole or not at all.

    Raises ValueError for other bits.
    """
    if bits not in (16, 8, *BITS):
        raise ValueError(f"Weights are written with 16 or with {BITS[0]} to 8 bits, not with {bits}.")
    kind = next(name for name, (cls, _) in KINDS.items() if type(network) is cls)
    tensors: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        tensors |= _written(name, value.detach().cpu(), bits)
    config: Any = network.config
    header = {
        "format": f"mocamba-{kind}-1",
        "config": json.dumps(asdict(config)),
        "card": json.dumps(asdict(card)),
        "parameters": str(sum(value.numel() for value in network.state_dict().values())),
    }
    with whole_file(path) as part:
        save_file(tensors, part, metadata=header)


def _written(name: str, value: Tensor, bits: int) -> dict[str, Tensor]:
    if bits == 16 or value.dim() < 2:
        return {name: value.half().contiguous()}
    if bits == 8 or value.numel() < SMALL:
        return _in_eight_bits(name, value)
    planes, scales = pack(value, bits)
    return {name: planes, name + SCALE: scales}


def _in_eight_bits(name: str, weights: Tensor) -> dict[str, Tensor]:
    """Whole numbers up to ±127 times a scale for each row, the largest of which is met exactly but for rounding."""
    rows = weights.float().flatten(1)
    scale = (rows.abs().amax(dim=1).clamp(min=1e-12) / 127).half().clamp(min=6e-8)
    whole = torch.round(rows / scale.float()[:, None]).clamp(-127, 127).to(torch.int8)
    return {name: whole.view_as(weights).contiguous(), name + SCALE: scale}


def _tensors(path: Path, found: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """All that a file holds in float32; matrices of few bits by the shapes that `network` has for them."""
    shapes = {key: value.shape for key, value in network.state_dict().items()}
    tensors = {}
    for key, value in found.items():
        if key.endswith(SCALE) and key.removesuffix(SCALE) in found:
            continue
        scale = found.get(key + SCALE)
        try:
            tensors[key] = value.float() if scale is None else _restored(value, scale, shapes.get(key, value.shape))
        except ValueError as error:
            raise FileFormatError(path, f"{key} {error}.", "Is it of a newer version? Else copy it again.") from error
    return tensors


def _restored(value: Tensor, scale: Tensor, shape: torch.Size) -> Tensor:
    """Raises ValueError where value and scales do not fit each other."""
    if value.dtype == torch.uint8:
        return unpack(value, scale, shape)
    if value.dtype != torch.int8 or scale.shape != value.shape[:1]:
        raise ValueError("has scales that do not fit it")
    return value.float() * scale.float().view(-1, *[1] * (value.dim() - 1))


def load_network(name: str) -> LoadedNetwork[HiPoser]:
    """A shipped network that solves sensors by name, or such a weights file by path: `load_weights` and what it raises.

    Raises FileFormatError, too, for a network that needs a camera.
    """
    loaded = load_weights(name)
    if not isinstance(loaded.network, HiPoser):
        kind = type(loaded.network).__name__
        raise FileFormatError(_path(name), f"{kind} needs a camera.", "Sensors alone are solved by HiPoser's networks.")
    return LoadedNetwork(loaded.network, loaded.card, loaded.digest)


def load_weights(name: str) -> LoadedNetwork[nn.Module]:
    """Any network of Mocamba's by name or path. Runs in float32, evaluation mode.

    Raises BadInputError for a name nobody knows and FileFormatError for a file that cannot be used.
    """
    path = _path(name)
    if not path.is_file():
        known = ", ".join(shipped_networks()) or "none are installed"
        raise BadInputError(f"There is no network {name!r}. Known: {known}; or give the path of a .safetensors file.")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            found = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, RuntimeError) as error:
        raise FileFormatError(path, f"not a whole safetensors file ({error}).", "Copy or download it again.") from error
    network = _build(path, header)
    fill(path, network, _tensors(path, found, network))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:32]
    return LoadedNetwork(network.eval(), _card(path, header), digest)


def _path(name: str) -> Path:
    return shipped_networks().get(name, Path(name))


def _build(path: Path, header: dict[str, str]) -> nn.Module:
    kind = header.get("format", "").removeprefix("mocamba-").removesuffix("-1")
    if kind not in KINDS:
        found = header.get("format", "no format name")
        wanted = ", ".join(f"mocamba-{name}-1" for name in KINDS)
        raise FileFormatError(path, f"has {found} where one of {wanted} is read.", "Is it of a newer version?")
    network, config = KINDS[kind]
    try:
        return network(_revived(config, json.loads(header["config"])))  # type: ignore[no-any-return]
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(path, f"its header does not describe a {network.__name__} network ({error}).") from error


def _revived(cls: Any, values: dict[str, Any]) -> Any:
    """A configuration from JSON, which knows no tuples."""
    if not isinstance(values, dict):
        raise TypeError(f"a configuration is no {type(values).__name__}")
    nested = {field.name: field.default_factory for field in fields(cls) if field.default_factory is not MISSING}
    revived = {
        key: _revived(nested[key], value) if key in nested else tuple(value) if isinstance(value, list) else value
        for key, value in values.items()
    }
    return cls(**revived)


def _card(path: Path, header: dict[str, str]) -> WeightsCard:
    try:
        return WeightsCard(**json.loads(header["card"]))
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(path, f"its card cannot be read ({error}).") from error
