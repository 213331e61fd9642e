"""What is kept of the sums by area: within its size, and no answer depends on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.board import area_sums
from streams.board.area_sums import AreaSums
from streams.fold.panes import Parts
from streams.periods import Calendar
from streams.registry.aggregates import Quantile
from streams.registry.calls import CALL
from streams.registry.conditions import Condition, is_
from tests.build import call, feed, monitor, tiny_force

MONTHS = ("2021-01", "2021-02", "2021-03", "2021-04")
ASKED: tuple[Condition, ...] = (
    is_("line", "999"), is_("line", "101"), is_("line", "999", "101"), is_("area", "north"),
    is_("line", "999") & is_("area", "north-area"),
)  # fmt: skip
"""Conditions on calls."""
MEDIAN = Quantile(0.5)


def months() -> list[Parts]:
    watched = monitor()
    at = ((month, day) for month in MONTHS for day in range(1, 25))
    feed(
        watched,
        *(
            call(
                f"{month}-{day}",
                f"{month}-{day:02d}T10:00:00Z",
                answered_at=f"{month}-{day:02d}T10:00:{day:02d}Z",
                line=("999", "101")[day % 2],
                area=("north", "south", None)[day % 3],
            )
            for month, day in at
        ),
        call("last", "2021-05-02T10:00:00Z"),
    )
    ledger, calendar = watched.ledger("call", "tiny"), Calendar(tiny_force().zone)
    assert ledger is not None
    periods = [calendar.parse(month) for month in MONTHS]
    return [ledger.panes.parts(each.start, each.end) for each in periods]


PARTS = months()


def fresh() -> AreaSums:
    return AreaSums(CALL, 0, tiny_force())


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(range(len(MONTHS))), min_size=1, max_size=4, unique=True),
            st.sampled_from(ASKED),
        ),
        max_size=25,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_what_is_kept_changes_no_answer_and_stays_within_its_size(
    monkeypatch: pytest.MonkeyPatch, questions: list[tuple[list[int], Condition]]
) -> None:
    monkeypatch.setattr(area_sums, "MOST_KEPT", 2)
    monkeypatch.setattr(area_sums, "MOST_ASKED", 2)
    monkeypatch.setattr(area_sums, "MOST_BYTES", 3_000)
    sums = fresh()
    for places, where in questions:
        parts = [PARTS[place] for place in places]
        names = ("offered", "answered")
        counts = sums.counts(parts, where, names)
        assert counts.tolist() == fresh().counts(parts, where, names).tolist()
        together = np.ones(sums.size)
        median = sums.quantiles(parts, where, MEDIAN, together)
        expected = fresh().quantiles(parts, where, MEDIAN, together)
        np.testing.assert_array_equal(median, expected)
        assert sums.taken <= 3_000


def test_what_is_asked_again_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = fresh()
    sums.counts(PARTS, ASKED[0], ("offered",))
    monkeypatch.setattr(area_sums._Series, "by_area", lambda *_: pytest.fail("made again"))
    assert sums.counts(PARTS, is_("line", "999"), ("offered",))[0, 0] == 4 * 12
