"""python -m loglens"""

import os
import sys

# `python -m` looks for modules in the working folder first: a click.py there would be run instead of ours
try:
    here = os.getcwd()  # noqa: PTH109 - pathlib is not loaded yet
except OSError:
    here = ""
if sys.path and sys.path[0] in ("", here):
    del sys.path[0]

from loglens.cli import main

main()
