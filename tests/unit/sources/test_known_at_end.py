"""A finished export says which of its facts are known from its end alone."""

import json

from streams.registry.registry import REGISTRY
from streams.sources.order.known_at_end import KnownAtEnd
from tests.build import crime, incident


def note(*events: dict[str, object]) -> list[str]:
    at_end = KnownAtEnd()
    for each in events:
        at_end.note(REGISTRY.decode_line(json.dumps(each).encode()))  # type: ignore[arg-type]
    return at_end.in_words()


def test_nothing_that_was_unfolded_says_nothing() -> None:
    assert note() == []


def test_facts_without_a_time_are_named_in_the_order_of_the_record() -> None:
    (said,) = note(incident(area="north", markers=["alcohol"]))
    assert said == (
        "Rows of incidents are as they were at their end: grade, category, area and markers have "
        "no times of their own, and so stand in them from the beginning, which may be sooner than "
        "anybody knew."
    )


def test_a_fact_that_a_time_brings_is_not_among_them() -> None:
    (said,) = note(crime(outcome=1, outcome_at="2021-03-05T10:00:00Z"))
    assert "end: offence has no time of its own" in said


def test_a_fact_whose_time_some_rows_lack_is_among_them() -> None:
    graded = incident("a", graded_at="2021-03-01T10:01:00Z")
    assert "grade" not in note(graded)[0]
    assert "grade" in note(graded, incident("b"))[0]
