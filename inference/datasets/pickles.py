"""3DPW's sequences and DIP-IMU's recordings: pickles, read without running what is in them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...rig.errors import FileFormatError
from ...rig.plain_pickle import array_of, read_plain
from ..shards import Clip
from .vectors import motion_of

RATE = 60.0  # Hz, of both


def read_pickle(path: Path, subject: str) -> Iterator[Clip]:
    """3DPW (von Marcard et al., ECCV 2018): `poses_60Hz`, `trans_60Hz`, a list entry a person. DIP-IMU (Huang et al.,
    2018): `gt (T, 72)`, and no translation. Raises FileFormatError."""
    values = read_plain(path)
    try:
        if "poses_60Hz" in values:
            yield from _threedpw(path, values)
        elif "gt" in values:
            yield Clip(path.stem, subject, motion_of(path, array_of(values["gt"]), None, RATE), "DIP-IMU")
        else:
            named = ", ".join(sorted(values)[:6])
            raise FileFormatError(path, f"holds {named}: neither 3DPW's poses_60Hz nor DIP-IMU's gt.", "Leave it out.")
    except (TypeError, ValueError, IndexError) as error:
        raise FileFormatError(path, f"is damaged ({error}).", "Copy or download it again.") from error


def _threedpw(path: Path, values: Mapping[str, Any]) -> Iterator[Clip]:
    poses, places = values["poses_60Hz"], values.get("trans_60Hz")
    if not isinstance(places, list) or len(places) != len(poses):
        raise FileFormatError(path, "has no translation for each person (trans_60Hz).", "Download it again.")
    for k, (pose, place) in enumerate(zip(poses, places, strict=True)):
        motion = motion_of(path, array_of(pose), array_of(place), RATE)
        # actors have no names there, so a sequence's person is somebody of their own
        yield Clip(f"{path.stem}_{k}", f"3dpw_{path.stem}_{k}", motion, "3DPW")
