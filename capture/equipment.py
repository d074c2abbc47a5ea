"""What a performer is captured with, and which network is for that."""

from enum import StrEnum

from ..inference.shipped import ShippedNetwork
from .solving import DEFAULT_NETWORK


class Equipment(StrEnum):
    """`BOTH`: a camera beside the sensors."""

    SENSORS = "sensors"
    BOTH = "both"
    CAMERA = "camera"

    @property
    def usual_network(self) -> str:
        """While live."""
        return _USUAL[self]

    def suits(self, network: ShippedNetwork) -> bool:
        """Whether a session with this has what the network reads; sensors' networks leave a camera to the recorder."""
        return (
            network.live
            and network.needs_sensors == (self is not Equipment.CAMERA)
            and (self is not Equipment.SENSORS or not network.needs_camera)
        )


_USUAL = {
    Equipment.SENSORS: DEFAULT_NETWORK,
    Equipment.BOTH: "vimcan-t-causal",
    Equipment.CAMERA: "posemamba-s-causal",
}
