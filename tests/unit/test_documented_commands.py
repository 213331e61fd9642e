"""Every command of Watchroom that a page shows is one, with options that it has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from streams.cli import main

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^ *(?:\$ )?(watchroom (?:.*\\\n)*.*)$", re.MULTILINE)
ENDS = re.compile(r"[|<>;&]|\d?>")


def shown() -> Iterator[tuple[str, str]]:
    """The page and the text of each command."""
    for path in sorted(DOCS.rglob("*.md")):
        for block in BLOCK.findall(path.read_text("utf-8")):
            for text in COMMAND.findall(block):
                yield path.name, re.sub(r"\s*\\\n\s*", " ", text)


COMMANDS = sorted(set(shown()))


@pytest.mark.parametrize(("page", "text"), COMMANDS, ids=[text for _, text in COMMANDS])
def test_a_command_that_a_page_shows_has_the_options_that_it_is_shown_with(
    page: str,
    text: str,
) -> None:
    parsed(text)


@pytest.mark.parametrize("text", ["watchroom topics check --nothing", "watchroom nothing"])
def test_one_that_there_is_not_is_found(text: str) -> None:
    with pytest.raises((click.NoSuchOption, AssertionError)):
        parsed(text)


def parsed(text: str) -> None:
    """Parses a command; raises where there is none of that name, or no such option."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, "#"
    words = list(lexer)
    ends = [number for number, word in enumerate(words) if ENDS.fullmatch(word)]
    _, *rest = words[: min(ends, default=len(words))]
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        assert found is not None, text
        command, rest = found, rest[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    command.make_parser(context).parse_args(rest)


def test_many_pages_show_commands() -> None:
    assert len({page for page, _ in COMMANDS}) >= 15
