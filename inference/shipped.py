"""Which networks are at hand and what is written in their weights' headers, told without loading torch."""

import json
import os
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ..rig.errors import FileFormatError

SCALE = "@scale"  # after the name of a matrix at 8 bits or fewer: its scales, which are no parameters
FOLDER = Path(__file__).parent / "weights"
LONGEST_HEADER = 100 << 20  # bytes, as the safetensors format allows
READS = {"hiposer": "6 sensors", "vimcan": "6 sensors, camera"}


@dataclass(frozen=True)
class ShippedNetwork:
    """`reads`: what it needs; `params` true parameters; `error` its mean joint error in degrees (Ang of docs/networks,
    people never trained on), None where it was not measured; `live`: whether a session can run it."""

    name: str
    kind: str
    reads: str
    params: int
    licence: str
    data: str
    error: float | None
    live: bool = True

    @property
    def needs_camera(self) -> bool:
        """Whether it is given keypoints."""
        return "camera" in self.reads

    @property
    def needs_sensors(self) -> bool:
        """Whether it is given their orientations."""
        return "sensors" in self.reads


def shipped_networks() -> dict[str, Path]:
    """Names of the networks whose weights come with Mocamba, or lie in the folder that MOCAMBA_WEIGHTS names."""
    folders = [Path(added)] if (added := os.environ.get("MOCAMBA_WEIGHTS")) else []
    return {path.stem: path for folder in (*folders, FOLDER) for path in sorted(folder.glob("*.safetensors"))}


def network_table() -> tuple[ShippedNetwork, ...]:
    """All of them that can be read, by name."""
    found = []
    for name, path in sorted(shipped_networks().items()):
        try:
            found.append(_described(name, path))
        except FileFormatError:  # said when somebody chooses it by name
            continue
    return tuple(found)


def reads_camera(name: str) -> bool:
    """Whether the network of that name, or weights file, is given keypoints; False for what is none."""
    path = shipped_networks().get(name, Path(name))
    return path.is_file() and _described(path.stem, path).needs_camera


def _described(name: str, path: Path) -> ShippedNetwork:
    header = _header(path)
    told = header.pop("__metadata__", {})
    try:
        kind = str(told["format"]).removeprefix("mocamba-").removesuffix("-1")
        card = json.loads(told["card"])
        scores: dict[str, Any] = card.get("scores", {}).get("cmu", {})
        shapes = {name: tensor["shape"] for name, tensor in header.items() if not name.endswith(SCALE)}
        # written since matrices may be packed, whose shapes tell of bytes
        params = int(told["parameters"]) if "parameters" in told else sum(map(prod, shapes.values()))
        config = json.loads(told.get("config", "{}"))
        causal = kind == "hiposer" or bool(config.get("causal")) or config.get("scan") == "causal"
        reads = READS.get(kind, "camera")
        return ShippedNetwork(name, kind, reads, params, card["licence"], card["data"], scores.get("Ang"), causal)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(path, f"has no card of Mocamba's ({error!r}).") from error


def _header(path: Path) -> dict[str, Any]:
    """Of a safetensors file: its length in eight bytes, then JSON."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > LONGEST_HEADER:
                raise FileFormatError(path, "is no safetensors file.")
            header = json.loads(file.read(length))
    except (OSError, struct.error, ValueError) as error:
        raise FileFormatError(path, f"is not a whole safetensors file ({error}).") from error
    if not isinstance(header, dict):
        raise FileFormatError(path, "is no safetensors file.")
    return header
