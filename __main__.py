"""`mocamba …` and `python -m mocamba …`: the same commands."""

import signal
import sys


def main() -> None:
    """Entry of the console script."""
    # asked to end by the system, a command tidies up as after Ctrl-C
    for name in ("SIGTERM", "SIGBREAK"):  # the second is how Windows asks
        if number := getattr(signal, name, None):
            signal.signal(number, signal.default_int_handler)
    try:
        # here and not above, so that Ctrl-C while modules load ends as it does later
        from .capture.commands.app import build_app

        build_app()(prog_name="mocamba")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
