"""The networks that a session can be given, for a face to choose from; torch stays unloaded."""

from ..inference.shipped import ShippedNetwork, network_table, reads_camera

__all__ = ["ShippedNetwork", "network_table", "reads_camera"]
