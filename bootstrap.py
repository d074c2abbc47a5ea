"""Sets Mocamba up in `.venv` beside this file and runs it: `python bootstrap.py demo`, `test` or `run ...`.

Old Pythons read this file too, to say that they are old: its syntax is theirs, and the work is in tools/.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Mocamba needs Python 3.11 or newer, and this is Python %d.%d. Install one from python.org, then run this "
        "with it, for example: python3.11 bootstrap.py demo" % sys.version_info[:2]
    )

if __name__ == "__main__":
    from tools.start import main

    sys.exit(main(sys.argv[1:]))
