"""A `dbus-daemon` in the place of the system's."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from ..errors import ConnectError, Reason

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy></busconfig>
"""


class PrivateBus:
    """A `dbus-daemon` of our own in the place of the system's."""

    def __init__(self) -> None:
        program = shutil.which("dbus-daemon")
        if program is None:
            raise ConnectError(
                "pretend Bluetooth",
                Reason.UNSUPPORTED,
                "the program dbus-daemon is missing.",
                "On Debian and Ubuntu: sudo apt install dbus-daemon. It exists on Linux alone.",
            )
        self._folder = tempfile.TemporaryDirectory(prefix="mocamba-bus-")
        configuration = Path(self._folder.name, "bus.conf")
        configuration.write_text(CONFIGURATION.format(folder=self._folder.name), encoding="utf-8")
        self._process = subprocess.Popen(
            [program, f"--config-file={configuration}", "--nofork", "--nopidfile", "--print-address=1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()

    def kill(self) -> None:
        """As if the system's bus died."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(5)

    def close(self) -> None:
        """End it and leave nothing behind."""
        self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._folder.cleanup()
