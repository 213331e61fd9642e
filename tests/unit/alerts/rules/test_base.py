"""A slip in the declaration of a kind of alert is an error that says what there is."""

import dataclasses

import pytest

from streams.alerts.rules.base import AlertKind, InstantRule, figure_of
from streams.alerts.rules.callers_waiting import CALLERS_WAITING
from streams.errors import DeclarationError
from streams.outputs.rules import Links
from streams.outputs.rules.kinds import alert_rule


class OfCalls(InstantRule):
    records = "calls"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"judged": "minutes"},
            "judged is \"minutes\", not one of 'period', 'instant', 'minute', 'process'",
        ),
        (
            {"rules": (OfCalls,)},
            "records of OfCalls is \"calls\", not one of '', 'call', 'incident', 'crime'",
        ),
    ],
)
def test_a_kind_that_would_never_be_judged_is_refused(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^callers_waiting: {message}$"):
        dataclasses.replace(CALLERS_WAITING, **changes)  # type: ignore[arg-type]


def test_a_dashboard_that_there_is_not_is_refused() -> None:
    kind: AlertKind = dataclasses.replace(CALLERS_WAITING, dashboard="telephones")
    with pytest.raises(ValueError, match=r'^callers_waiting: dashboard is "telephones", not'):
        alert_rule(kind, Links())


def test_a_rule_for_a_measure_that_there_is_not_is_refused_with_the_known_ones() -> None:
    assert figure_of("late", "calls", "waiting") == ("calls", "waiting")
    with pytest.raises(DeclarationError) as caught:
        figure_of("late", "calls", "queue")
    known = 'alert late: measure "calls.queue" is none of attendance.attended, '
    assert str(caught.value).startswith(known)
