"""What goes wrong with devices, told once each."""

from collections.abc import Iterator

from .status import SessionStatus


class ToldFaults:
    """Remembers the last fault of each device that was told."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def fresh(self, status: SessionStatus) -> Iterator[str]:
        """Faults that are another device's or other ones than those told."""
        faults = [(device.name, str(device.fault)) for device in status.devices if device.fault is not None]
        if status.camera is not None and status.camera.fault:
            faults.append((f"camera {status.camera.name}", status.camera.fault))
        for name, said in faults:
            if self._told.get(name) != said:
                self._told[name] = said
                yield said

    def forget(self) -> None:
        """Tell them once more."""
        self._told.clear()
