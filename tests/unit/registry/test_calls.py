"""What is counted of calls besides their answer: handling, wrap-up, the time since the operator's
connect, how they came, and whether they were settled."""

from __future__ import annotations

from typing import Any

import pytest

from streams.board.query import Query
from streams.registry.counting import SERIES_KEY_MASK
from tests.build import call, feed, monitor, ms

AT = ms("2021-03-02T12:00:00Z")
DAY = "2021-03-01"


def at(seconds: float) -> str:
    """So many seconds after ten o'clock."""
    minutes, rest = divmod(seconds, 60)
    return f"2021-03-01T10:{int(minutes):02d}:{rest:06.3f}Z"


def answered(name: str, after: float, **fields: Any) -> dict[str, Any]:
    return call(name, at(0), answered_at=at(after), **fields)


def asked(*records: dict[str, Any]) -> Query:
    watched = monitor()
    feed(watched, *records)
    return Query(watched, "tiny", AT)


def value(query: Query, address: str) -> float | None:
    return query.figure(address, DAY).value


def test_handling_is_from_the_answer_to_the_end_and_wrap_up_from_there() -> None:
    query = asked(
        answered("1", 5, ended_at=at(65), wrapped_up_at=at(75)),
        answered("2", 20, ended_at=at(220), wrapped_up_at=at(220)),
        answered("3", 300, ended_at=at(310)),
        answered("4", 5),
        call("5", at(0), abandoned_at=at(30), ended_at=at(30)),
    )
    assert value(query, "handling.handled") == 3
    assert value(query, "handling.handling_mean") == 90.0
    assert value(query, "handling.handling_median") == 60.0
    assert value(query, "handling.wrapped_up") == 2
    assert value(query, "handling.wrap_up_mean") == 5.0
    assert value(query, "handling.wrap_up_p90") == 10.0


def test_times_of_one_kind_do_not_mix_with_those_of_another() -> None:
    query = asked(answered("1", 5, ended_at=at(65), wrapped_up_at=at(75), connected_at=at(1)))
    assert value(query, "calls.answer_median") == 5.0
    assert value(query, "calls.answer_p90") == 5.0
    assert value(query, "calls.answer_mean") == 5.0
    assert value(query, "handling.handling_p90") == 60.0


def test_what_is_not_on_record_is_no_time_of_zero() -> None:
    query = asked(answered("1", 5))
    assert value(query, "handling.handled") == 0
    assert value(query, "handling.handling_mean") is None
    assert value(query, "handling.wrap_up_median") is None


def test_an_end_before_the_answer_is_no_handling_time() -> None:
    query = asked(answered("1", 20, ended_at=at(10)))
    assert value(query, "calls.answered") == 1
    assert value(query, "handling.handled") == 0


@pytest.mark.parametrize("wrong", ["2021-03-01T09:00:00Z", "2021-03-09T10:00:00Z"])
def test_a_time_that_cannot_be_true_loses_its_own_figure_and_not_the_call(wrong: str) -> None:
    record = answered("1", 5, ended_at=at(65), updated_at=at(90))
    query = asked({**record, "wrapped_up_at": wrong, "connected_at": wrong})
    assert value(query, "handling.handling_mean") == 60.0
    assert value(query, "handling.wrapped_up") is None  # no call has such a time
    assert not value(query, "since_operator.connected")


def test_national_figures_run_from_the_operators_connect_where_that_is_known() -> None:
    query = asked(
        answered("1", 9.999, connected_at=at(0)),
        answered("2", 12, connected_at=at(2)),
        answered("3", 60, connected_at=at(0.001)),
        answered("4", 61, connected_at=at(1)),
        answered("5", 3),
        call("6", at(0), abandoned_at=at(30), connected_at=at(0)),
    )
    assert value(query, "since_operator.connected") == 4
    assert value(query, "since_operator.answered_under_10s") == 1
    assert value(query, "since_operator.answered_10_to_60s") == 2
    assert value(query, "since_operator.answered_60s_and_over") == 1
    assert value(query, "national_999_answered_under_10s") == 0.25
    assert value(query, "national_999_mean_answer") == (9.999 + 10 + 59.999 + 60) / 4


def test_the_operator_connects_before_the_call_is_presented() -> None:
    query = asked(answered("1", 5, connected_at="2021-03-01T09:59:56Z"))
    assert value(query, "national_999_mean_answer") == 9


def test_contacts_are_counted_by_the_channel_they_came_through() -> None:
    query = asked(
        call("1", at(0), channel="999"),
        *(call(f"w{each}", at(each), channel="webchat") for each in range(2)),
        *(call(f"o{each}", at(each), channel="online") for each in range(3)),
        call("2", at(0), channel="text"),
        call("3", at(0)),
    )
    found = ("contacts", "by_999", "by_101", "online", "webchat", "text")
    assert [value(query, f"contacts.{name}") for name in found] == [8, 1, 0, 3, 2, 1]


def test_the_share_settled_at_first_contact_is_of_those_of_which_it_is_known() -> None:
    query = asked(
        call("1", at(0), resolved=True),
        call("2", at(0), resolved=True),
        call("3", at(0), resolved=False),
        call("4", at(0)),
    )
    found = query.figure("calls_resolved_at_first_contact", DAY)
    assert (found.numerator, found.denominator) == (2, 3)


def test_a_later_version_takes_the_figures_of_the_one_before_away() -> None:
    first = answered("1", 5, ended_at=at(65), connected_at=at(1), channel="999", resolved=False)
    later = {**first, "ended_at": at(125), "resolved": True, "updated_at": at(200)}
    query = asked(first, later)
    assert value(query, "handling.handled") == 1
    assert value(query, "handling.handling_p90") == 120.0
    assert value(query, "contacts.resolved_share") == 1.0


def test_how_long_those_waited_who_gave_up_is_added_up_beside_the_speed_of_answer() -> None:
    watched = monitor()
    feed(watched, answered("1", 5), *(call(f"g{n}", at(0), abandoned_at=at(n)) for n in (30, 50)))
    ledger = watched.ledger("call", "tiny")
    assert ledger is not None
    layout = ledger.kind.layouts[0]
    (pane,) = ledger.panes.within(ms(at(0)), ms("2021-03-01T11:00:00Z"))
    counts = [layout.read(value) for key, value in pane.items() if key <= SERIES_KEY_MASK]
    assert sum(each["abandoned_wait"] for each in counts) == 80_000
    assert sum(each["sum"] for each in counts) == 5_000
    assert sum(key > SERIES_KEY_MASK for key in pane) == 1  # no bin but that of the answered one
    feed(watched, call("g50", at(0), answered_at=at(8), updated_at=at(120)))
    (pane,) = ledger.panes.within(ms(at(0)), ms("2021-03-01T11:00:00Z"))
    counts = [layout.read(value) for key, value in pane.items() if key <= SERIES_KEY_MASK]
    assert sum(each["abandoned_wait"] for each in counts) == 30_000
