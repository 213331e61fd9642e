"""Draws docs/board.svg, the picture in the README, from the demonstration.

python docs/make_picture.py
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from rich.console import Console

from streams.outputs.terminal import render

SECONDS = "12s"


def main() -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "streams.cli", "demo", "--for", SECONDS, "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert demo.stdout is not None
    address = demo.stdout.readline().split()[1]
    board = None
    for _ in demo.stdout:
        with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own server on loopback
            board = json.load(answer)
        if board["status"]["state"] == "live":
            break
    assert board is not None
    console = Console(width=100, record=True, file=io.StringIO(), force_terminal=True)
    console.print(render(board, 100))
    svg = console.export_svg(title="watchroom board")
    # The picture shall need nothing from elsewhere: no fonts by address, no advertisement.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    Path(__file__).with_name("board.svg").write_text(svg, encoding="utf-8")
    demo.terminate()
    demo.wait()


if __name__ == "__main__":
    main()
