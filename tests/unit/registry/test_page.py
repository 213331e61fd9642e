"""What is measured, as text: docs/measures.md is made from the registry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.periods import DAY, HOUR, MINUTE
from streams.registry.aggregates import Count, Share
from streams.registry.conditions import (
    Condition,
    flagged,
    has,
    is_,
    precise,
    present,
    within,
)
from streams.registry.counting import Counter
from streams.registry.crimes import CRIME, CRIMES
from streams.registry.measures import Measure
from streams.registry.page import in_words, length, page
from streams.registry.registry import REGISTRY, Registry

CHARGED = Measure("charged", "Charged", "count", "up_good", Count("charged"))
SHARE = Measure("charged_share", "Share", "ratio", "up_good", Share(("charged",), ("count",)))


def test_the_page_is_current() -> None:
    written = Path(__file__).parents[3].joinpath("docs/measures.md").read_text("utf-8")
    assert page() == written, "watchroom measures > docs/measures.md"


def test_the_command_prints_the_page() -> None:
    assert CliRunner().invoke(main, ["measures"]).output == page()


def test_it_has_every_kind_fact_duration_counter_and_measure() -> None:
    text = page()
    for kind in REGISTRY.kinds.values():
        parts = text.split(f"## {kind.name}\n")[1].split("\n## ")[0]
        names = [fact.name for fact in kind.columns]
        names += [duration.name for duration in kind.durations]
        names += [counter.name for counter in kind.counters]
        names += [rule.reason for rule in kind.rules]
        names += [measure.name for group in kind.groups for measure in group.measures]
        assert [name for name in names if f"| `{name}` |" not in parts] == []


def test_a_counter_and_measures_of_one_entry_are_on_it() -> None:
    kind = replace(
        CRIME,
        counters=(*CRIME.counters, Counter("charged", is_("outcome", 1))),
        groups=(replace(CRIMES, measures=(*CRIMES.measures, CHARGED, SHARE)),),
    )
    text = page(Registry((kind,)))
    assert "| `charged` | where `outcome` is `1` | `recorded_at` |\n" in text
    assert "| `charged` | Charged | `charged` | count | more is better |  |\n" in text
    assert "| `charged_share` | Share | `charged / count` | ratio | more is better |  |\n" in text


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (present("a"), "`a` is known"),
        (~precise("a"), "`a` is not known to the second"),
        (flagged("a") & is_("b", "x", "y"), "`a` is set and `b` is `x` or `y`"),
        (~(flagged("a") | has("m", "x")), "`a` is not set and `x` is not among `m`"),
        (
            ~present("a") & (flagged("b") | flagged("c")),
            "`a` is not known and (`b` is set or `c` is set)",
        ),
        (
            present("a") & ~(present("b") & present("c")),
            "`a` is known and (`b` is not known or `c` is not known)",
        ),
        (within("wait", 5 * MINUTE), "`wait` is within 5 min"),
        (within("wait", lambda _force, _known: ()), "`wait` is within the force's target"),
    ],
)
def test_a_condition_in_words(condition: Condition, words: str) -> None:
    assert in_words(condition) == words


@pytest.mark.parametrize(
    ("ms", "words"), [(35 * DAY, "35 days"), (DAY, "1 day"), (HOUR, "1 h"), (1500, "1,500 ms")]
)
def test_a_length_of_time_is_in_its_greatest_whole_unit(ms: int, words: str) -> None:
    assert length(ms) == words
