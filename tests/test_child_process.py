"""Children that are followed: real processes that speak, fail, fork and do not want to end."""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from mocamba.rig import child_process
from mocamba.rig.child_process import follow, run_child
from mocamba.rig.errors import CancelledError, MocambaError

pytestmark = pytest.mark.usefixtures("nothing_left")
posix = pytest.mark.skipif(sys.platform == "win32", reason="groups of processes are POSIX's")


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def test_lines_and_the_exit_code_are_told() -> None:
    said: list[str] = []
    code = (
        "import sys; print('grün'); sys.stderr.write('bad\\rworse\\n'); sys.stdout.buffer.write(b'\\xff'); sys.exit(3)"
    )
    assert follow(python(f"{code}; sys.exit(3)"), said.append, environment={**os.environ, "PYTHONUTF8": "1"}) == 3
    assert sorted(said) == sorted(["grün", "bad", "worse", "�"])
    with pytest.raises(OSError, match="no-such-program"):
        follow(["/no-such-program"], said.append)
    with pytest.raises(MocambaError, match=r"cannot be started.*Install it\."):
        run_child(["/no-such-program"], {}, lambda *_: None, "Install it.")


def test_results_are_kept_apart_from_warnings() -> None:
    code = "import sys\nfor k in range(200): print(k); sys.stderr.write(f'warning {k}\\n')"
    said: list[str] = []
    output: list[str] = []
    assert follow(python(code), said.append, output=output) == 0
    assert [int(line) for line in output] == list(range(200))
    assert said == [f"warning {k}" for k in range(200)]


def test_it_is_asked_while_nothing_is_said_and_while_much_is() -> None:
    for code in ("import time; time.sleep(0.6)", "import time\nfor _ in range(120): print(1); time.sleep(0.005)"):
        asked: list[float] = []
        follow(python(code), lambda _: None, lambda asked=asked: asked.append(time.monotonic()))  # type: ignore[misc]
        assert 2 <= len(asked) <= 30


@posix
def test_a_cancelled_child_ends_with_all_that_it_started() -> None:
    code = "import subprocess, time\nprint(subprocess.Popen(['sleep', '60']).pid)\ntime.sleep(60)"
    grandchild: list[int] = []

    def ask() -> None:
        if grandchild:
            raise CancelledError("Enough.")

    began = time.monotonic()
    with pytest.raises(CancelledError, match="Enough"):
        follow(python(code), lambda line: grandchild.append(int(line)), ask)
    assert time.monotonic() - began < 10
    end = time.monotonic() + 5
    while running(grandchild[0]):
        assert time.monotonic() < end
        time.sleep(0.02)


def running(pid: int) -> bool:
    with suppress(ProcessLookupError, FileNotFoundError):
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        # what nobody has fetched has ended too
        return not stat.parents[1].is_dir() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@posix
def test_a_child_that_does_not_want_to_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "END_WITHIN", 0.3)
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready')\ntime.sleep(60)"

    def heard(line: str) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        follow(python(code), heard)
    assert time.monotonic() - began < 10
