"""python -m loglens, and the command `loglens`."""

import os
import sys


def run() -> None:
    """Run the command of this process."""
    # first of all: what follows takes a good part of a second to load
    from loglens.pipeline import interrupts

    interrupts.process_of_command()
    from loglens.cli import main

    main()


if __name__ == "__main__":
    # `python -m` looks for modules in the working folder first: a click.py there would be run instead of ours
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib is not loaded yet
    except OSError:
        here = ""
    if sys.path and sys.path[0] in ("", here):
        del sys.path[0]
    run()
