"""Prefixes of topic names that Kafka can't have are refused before anything is asked of it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.cli.options import Prefix

NOBODY = ("--broker", "127.0.0.1:1")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, [*words, *NOBODY])


@pytest.mark.parametrize("prefix", ["", ".", "../x", "a b", "ä", "a" * 201, "a=b"])
@pytest.mark.parametrize(
    "command", ["topics create", "topics check", "worker", "deadletter list", "doctor"]
)
def test_a_prefix_that_no_topic_can_have_is_a_wrong_use(command: str, prefix: str) -> None:
    done = run(*command.split(), "--prefix", prefix)
    assert done.exit_code == 2
    assert f'"{prefix}" can\'t begin the name of a topic' in " ".join(done.output.split())


@pytest.mark.parametrize("prefix", ["", "a b", "a b=warwickshire", "=warwickshire"])
def test_so_is_one_of_the_input_topics(prefix: str) -> None:
    done = run("topics", "list", "--topic-prefix", prefix)
    assert done.exit_code == 2
    assert "can't begin the name of a topic" in " ".join(done.output.split())


@pytest.mark.parametrize("prefix", ["police.west-mercia_2", "own.", "a" * 200])
def test_one_that_a_topic_can_have_is_taken(prefix: str) -> None:
    assert Prefix().convert(prefix, None, None) == prefix
    named = f"{prefix}=warwickshire"
    assert Prefix(more=True).convert(named, None, None) == named
