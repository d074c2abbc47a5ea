"""How the server for SlimeVR trackers is set up."""

from dataclasses import dataclass

PORT = 6969


@dataclass(frozen=True)
class SlimeVROptions:
    """`bundles`: ask trackers to put rotation and acceleration into one datagram, which saves half the packets."""

    bundles: bool = True
