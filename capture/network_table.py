"""The networks that a session can be given, for a face to choose from; torch stays unloaded."""

from ..inference.shipped import ShippedNetwork, network_table, reads_camera
from .equipment import Equipment

__all__ = ["ShippedNetwork", "network_for", "network_table", "reads_camera"]


def network_for(equipment: Equipment, chosen: str) -> str:
    """The one that was `chosen` ("": none was), if it suits; else the usual one."""
    suits = any(one.name == chosen and equipment.suits(one) for one in network_table())
    return chosen if suits else equipment.usual_network
