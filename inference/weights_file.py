"""Network weights as safetensors, with everything needed to build and to trust the network in the header."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..rig.errors import BadInputError, FileFormatError
from ..rig.whole_file import whole_file
from .fill import fill
from .networks.hiposer import HiPoser, HiPoserConfig

FORMAT = "mocamba-hiposer-1"
FOLDER = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class WeightsCard:
    """What travels with the weights. `scores` are from `mocamba evaluate`; `training` is the whole run's config."""

    name: str
    data: str
    licence: str
    training: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class LoadedNetwork:
    """A network ready to run, its card and the first half of its file's SHA-256."""

    network: HiPoser
    card: WeightsCard
    digest: str


def save_weights(network: HiPoser, card: WeightsCard, path: Path) -> None:
    """Write float16 tensors and the header; the file is there whole or not at all."""
    tensors = {name: value.detach().half().contiguous().cpu() for name, value in network.state_dict().items()}
    header = {"format": FORMAT, "config": json.dumps(asdict(network.config)), "card": json.dumps(asdict(card))}
    with whole_file(path) as part:
        save_file(tensors, part, metadata=header)


def shipped_networks() -> dict[str, Path]:
    """Names of the networks whose weights come with Mocamba."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.safetensors"))}


def load_network(name: str) -> LoadedNetwork:
    """A shipped network by name, or any weights file by path. Runs in float32, evaluation mode.

    Raises BadInputError for a name nobody knows and FileFormatError for a file that cannot be used.
    """
    shipped = shipped_networks()
    path = shipped.get(name, Path(name))
    if not path.is_file():
        known = ", ".join(shipped) or "none are installed"
        raise BadInputError(f"There is no network {name!r}. Known: {known}; or give the path of a .safetensors file.")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise FileFormatError(path, f"not a whole safetensors file ({error}).", "Copy or download it again.") from error
    network = _build(path, header)
    fill(path, network, tensors)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:32]
    return LoadedNetwork(network.eval(), _card(path, header), digest)


def _build(path: Path, header: dict[str, str]) -> HiPoser:
    if header.get("format") != FORMAT:
        found = header.get("format", "no format name")
        raise FileFormatError(path, f"has {found} where {FORMAT} is read.", "Is it of another network or version?")
    try:
        values = json.loads(header["config"])
        return HiPoser(HiPoserConfig(**{**values, "order": tuple(values["order"])}))
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(path, f"its header does not describe a HiPoser network ({error}).") from error


def _card(path: Path, header: dict[str, str]) -> WeightsCard:
    try:
        return WeightsCard(**json.loads(header["card"]))
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(path, f"its card cannot be read ({error}).") from error
