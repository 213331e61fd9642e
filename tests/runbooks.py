"""The commands of docs/runbooks, as tests read them.

A block of commands has two forms where they differ: that for docker-compose.yml first, and below
the line `# without Docker:` the other.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parents[1] / "docs" / "runbooks"
OTHERWISE = "# without Docker:\n"
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class Command(NamedTuple):
    """A command of a page; `docker` is its form for docker-compose.yml, where it has one."""

    page: str
    plain: str
    docker: str = ""


def blocks() -> Iterator[tuple[str, str]]:
    """The page and the text of each block of commands."""
    for path in sorted(FOLDER.glob("*.md")):
        for _, language, text in BLOCK.findall(path.read_text("utf-8")):
            assert language == "sh", f"{path.name}: a block that is no commands"
            yield path.stem, textwrap.dedent(text)


def commands() -> list[Command]:
    """All commands of the runbooks."""
    found = []
    for page, text in blocks():
        docker, mark, plain = text.partition(OTHERWISE)
        if not mark:
            found += [Command(page, line) for line in lines(docker)]
            continue
        pairs = zip(lines(plain), lines(docker), strict=True)
        found += [Command(page, one, other) for one, other in pairs]
    return found


def lines(text: str) -> list[str]:
    """The commands of a text, each on one line."""
    return [line for line in re.sub(r" *\\\n *", " ", text).splitlines() if line]


def of_service(command: str) -> tuple[str, Sequence[str], Sequence[str]]:
    """What a command of docker compose does (`run`), the services that it names, and the words of
    the command that is run in one; ValueError for another command."""
    first, second, verb, *words = shlex.split(command)
    if [first, second] != ["docker", "compose"]:
        raise ValueError(command)
    with_value = {"--tail", "-v", "--user", "-s"}
    while words and words[0].startswith("-"):
        del words[: 2 if words[0] in with_value else 1]
    if verb in ("run", "exec"):
        return verb, words[:1], words[1:]
    return verb, words, ()
