"""Sounds that are heard across the room."""

import logging
from functools import cache
from typing import Any

log = logging.getLogger(__name__)

TICK, START, END = (660.0, 0.08), (1320.0, 0.35), (440.0, 0.35)  # hertz, seconds


def beep(sound: tuple[float, float]) -> None:
    """Start it and return; a computer without sound stays silent."""
    try:
        import aud  # which builds of Blender may lack

        pitch, seconds = sound
        _device().play(aud.Sound.sine(pitch).limit(0, seconds).fadeout(seconds * 0.7, seconds * 0.3))
    except Exception as error:  # no sound card, no sound server: many kinds of failure, none worth stopping for
        log.info("no sound: %s", error)


@cache
def _device() -> Any:
    """Kept, because a sound ends with its device."""
    import aud

    return aud.Device()
