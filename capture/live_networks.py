"""Which networks a session needs for what it is given."""

from dataclasses import dataclass

from ..inference.shipped import reads_camera
from ..inference.worker_process import Reads, Task
from ..rig.errors import BadInputError
from .session_options import SessionOptions
from .solving import DEFAULT_NETWORK


@dataclass(frozen=True)
class LiveNetworks:
    """`sensors`: of the worker, None where no sensor is worn; `camera`: beside it, None where none is used."""

    sensors: Task | None
    camera: Task | None


def live_networks(options: SessionOptions) -> LiveNetworks:
    """Raises BadInputError for a network that is not given what it reads."""
    network, by_camera = options.network, reads_camera(options.network)
    if by_camera and options.camera is None:
        raise BadInputError(
            f"{network} reads a camera, and this session has none. Add one (--camera 0), or choose {DEFAULT_NETWORK}."
        )
    if not options.worn and not by_camera:
        raise BadInputError(
            f"{network} reads sensors, and this session has none. Choose posemamba-s-causal with --camera 0, or wear "
            f"sensors."
        )
    sensors = DEFAULT_NETWORK if by_camera else network
    reads = Reads.BOTH if options.worn else Reads.CAMERA
    return LiveNetworks(
        Task(sensors, options.device, options.height) if options.worn else None,
        Task(network, options.device, options.height, reads) if by_camera else None,
    )
