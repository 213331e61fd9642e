"""What of the published figures is in scope, and how much of it can be had."""

import csv
from collections import Counter

from tests.published.scope import (
    CONSTRUCTED,
    CONTRADICTORY,
    HERE,
    NOT_PUBLISHED,
    PUBLISHED,
    classify,
    figures,
    group_of,
    rows,
    statements,
)


def test_scope_csv_is_what_the_rule_gives() -> None:
    with (HERE / "scope.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == list(rows())


def test_1905_figures_are_in_scope_and_1872_can_be_had() -> None:
    by_class = Counter(classify(figure)[0] for figure in figures())
    assert by_class == {
        PUBLISHED: 1474,
        CONSTRUCTED: 398,  # 320 averages of quarters and 78 limits
        CONTRADICTORY: 21,
        NOT_PUBLISHED: 12,
    }
    assert by_class[PUBLISHED] + by_class[CONSTRUCTED] == 1872


def test_every_figure_that_cant_be_had_says_why() -> None:
    for figure in figures():
        found, reason = classify(figure)
        assert bool(reason) is (found in (CONTRADICTORY, NOT_PUBLISHED)), figure


def test_figures_and_statements_by_what_produces_them() -> None:
    by_group = Counter(group_of(figure.measure) for figure in figures())
    assert by_group == {"A": 28, "B": 109, "C": 1331, "D": 260, "E": 177}
    by_group = Counter(group_of(each.measure) for each in statements())
    assert by_group == {"A": 39, "B": 43, "C": 238, "D": 123, "E": 47}
