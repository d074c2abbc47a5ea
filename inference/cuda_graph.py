"""Work on a GPU that is recorded once and replayed.

These networks are thousands of small kernels: launching them one by one takes far longer than running them.
"""

from collections.abc import Callable
from typing import TypeVar

import torch

Result = TypeVar("Result")
WARM_UP = 3  # runs before the recording: libraries choose their kernels and take their memory in the first


def recorded(run: Callable[[], Result]) -> tuple[torch.cuda.CUDAGraph, Result]:
    """`run` as a graph, and its result, which lies where every replay leaves its own. CUDA alone.

    All that `run` reads stays where it is and alive for as long as the graph is used.
    """
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = run()
    return graph, result
