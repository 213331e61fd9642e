"""The worked examples of CONTRIBUTING.md ("Adding things"), made in a copy of the tree.

An example is a section `### TITLE: N files`. Each of its blocks is the change of one file:

    ```diff
    +++ path/of/the/file
     a line that is there, once in the file
    +a line that is added below it
    @@
    -a line that goes
    +what stands in its place
    ```

`@@` stands between two places of a file. A file that is all `+` is new.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "CONTRIBUTING.md"
SECTION = re.compile(
    r"^### (?P<title>[^:\n]+): (?:at most )?(?P<most>\d+) files?\n(?P<text>.*?)(?=^##)",
    re.MULTILINE | re.DOTALL,
)
BLOCK = re.compile(r"^```diff\n\+\+\+ (?P<path>\S+)\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """What a section of the page changes: the lines of each file, as the page has them."""

    title: str
    most_files: int
    changes: dict[str, str]

    def make(self, folder: Path) -> Tree:
        """A copy of the tree with the change."""
        tree = Tree(folder / "tree")
        for path, lines in self.changes.items():
            file = tree.root / path
            before = file.read_text() if file.exists() else ""
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(changed(before, lines, path))
        return tree


class Tree:
    """A copy of the tree of its own, in which commands run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        unwanted = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info")
        shutil.copytree(ROOT, root, ignore=unwanted)

    def run(self, *command: str) -> str:
        """What a `python ...` in it prints; it must end well."""
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.root,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


def examples() -> dict[str, Example]:
    """Those of the page, by title."""
    found = (Example(match["title"], int(match["most"]), dict(BLOCK.findall(match["text"])))
             for match in SECTION.finditer(PAGE.read_text()))  # fmt: skip
    return {example.title: example for example in found}


def changed(text: str, lines: str, path: str) -> str:
    """A file's text after a change."""
    for place in re.split(r"^@@.*\n", lines, flags=re.MULTILINE):
        marked = [(line[:1] or " ", line[1:]) for line in place.splitlines()]
        old = "".join(f"{line}\n" for mark, line in marked if mark in " -")
        new = "".join(f"{line}\n" for mark, line in marked if mark in " +")
        if not old:
            assert not text, f"{path} is there already: a change of it needs a line that is there"
            text = new
            continue
        assert text.count(old) == 1, f"{path} has this {text.count(old)} times:\n{old}"
        text = text.replace(old, new)
    return text
