"""Keeps what C++ libraries write to the terminal from it: they cannot be told not to."""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Abseil's and TensorFlow Lite's news and warnings, and what OpenCV says of a codec's tag that it puts right itself
NOISE = re.compile(rb"^([IW]\d{4} |(INFO|WARNING): |OpenCV: FFMPEG: (tag|fallback) )")
_lock = threading.Lock()


@contextmanager
def quiet() -> Iterator[None]:
    """Lines of that kind written to stderr in the block are left out; all others appear at its end."""
    with _lock, tempfile.TemporaryFile() as file:
        try:
            sys.stderr.flush()
            kept = os.dup(2)
        except (OSError, ValueError, AttributeError):  # a program without a terminal
            yield
            return
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            others = b"".join(line for line in file if not NOISE.match(line))
            if others:
                os.write(2, others)
