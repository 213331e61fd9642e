"""Whole events as an example of each kind: for docs/fields.md and the JSON Schemas.

Together the events of a kind have every field; where two fields exclude each other, they stand in
two events. Their people are made up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Example = Mapping[str, Any]

_UPDATED = "2024-01-31T10:30:00+00:00"
_OF_A_FEED: Example = {"version": 3, "deleted": False, "origin": "live"}
"""What most feeds leave out."""

EXAMPLES: Mapping[str, Sequence[Example]] = {
    "call": (
        {
            "kind": "call",
            "force": "warwickshire",
            "id": "C-20240131-00417",
            "updated_at": _UPDATED,
            "line": "999",
            "area": "rugby",
            "offered_at": "2024-01-31T10:00:00+00:00",
            "connected_at": "2024-01-31T09:59:52+00:00",
            "answered_at": "2024-01-31T10:00:06+00:00",
            "ended_at": "2024-01-31T10:04:10+00:00",
            "wrapped_up_at": "2024-01-31T10:05:31+00:00",
            "channel": "999",
            "caller": "p-7f3a90",
            "incident_id": "I-20240131-0093",
            "resolved": True,
            "played": "end",
            **_OF_A_FEED,
        },
        {
            "kind": "call",
            "force": "warwickshire",
            "id": "C-20240131-00418",
            "updated_at": _UPDATED,
            "line": "101",
            "offered_at": "2024-01-31T10:01:00+00:00",
            "abandoned_at": "2024-01-31T10:03:40+00:00",
            "called_back_at": "2024-01-31T10:20:00+00:00",
        },
    ),
    "incident": (
        {
            "kind": "incident",
            "force": "warwickshire",
            "id": "I-20240131-0093",
            "updated_at": "2024-01-31T12:00:00+00:00",
            "opened_at": "2024-01-31T10:01:00+00:00",
            "grade": "emergency",
            "category": "road_collision.injury",
            "area": "rugby",
            "graded_at": "2024-01-31T10:02:10+00:00",
            "dispatched_at": "2024-01-31T10:03:00+00:00",
            "arrived_at": "2024-01-31T10:11:30+00:00",
            "closed_at": "2024-01-31T11:40:00+00:00",
            "cancelled": False,
            "markers": ["alcohol"],
            "crimed": True,
            "units": [
                {
                    "id": "RU12",
                    "dispatched_at": "2024-01-31T10:03:00+00:00",
                    "arrived_at": "2024-01-31T10:11:30+00:00",
                    "cleared_at": "2024-01-31T11:38:00+00:00",
                }
            ],
            "casualties": [{"severity": "serious", "road_user": "cyclist"}],
            "played": "end",
            **_OF_A_FEED,
        },
        {
            "kind": "incident",
            "force": "warwickshire",
            "id": "I-20240131-0101",
            "updated_at": "2024-01-31T12:00:00+00:00",
            "opened_at": "2024-01-31T10:20:00+00:00",
            "grade": "priority",
            "category": "missing_person",
            "recontact_due_at": "2024-01-31T11:20:00+00:00",
            "recontacted_at": "2024-01-31T11:05:00+00:00",
            "persons": [{"id": "p-19cc02", "age_under_18": True, "in_care": False}],
        },
        {
            "kind": "incident",
            "force": "warwickshire",
            "id": "I-20240131-0102",
            "updated_at": "2024-01-31T12:00:00+00:00",
            "opened_at": "2024-01-31",
            "category": "road_collision.injury",
            "casualties": {"fatal": 0, "serious": 1, "slight": 2},
        },
    ),
    "crime": (
        {
            "kind": "crime",
            "force": "warwickshire",
            "id": "23/004711/24",
            "updated_at": "2024-02-20T09:00:00+00:00",
            "recorded_at": "2024-01-31T14:30:00+00:00",
            "committed_from": "2024-01-30",
            "committed_to": "2024-01-31",
            "offence": "burglary.residential.dwelling",
            "area": "rugby",
            "markers": ["vulnerable_adult"],
            "victims": ["p-5521b8"],
            "suspects": ["p-c0ffee"],
            "defendants": ["p-c0ffee"],
            "outcome": 1,
            "outcome_at": "2024-02-19",
            "cancelled": False,
            "notifiable": True,
            "offence_code": "28E",
            "incident_id": "I-20240131-0140",
            "series": "S-2024-07",
            "entered_at": "2024-02-01",
            "played": "end",
            **_OF_A_FEED,
        },
        {
            "kind": "crime",
            "force": "warwickshire",
            "id": "23/004712/24",
            "updated_at": "2024-02-20T09:00:00+00:00",
            "recorded_at": "2024-01",
            "offence": "shoplifting",
            "outcome_group": "no_action",
            "outcome_at": "2024-02",
        },
    ),
    "reading": (
        {
            "kind": "reading",
            "force": "warwickshire",
            "id": "confidence/2023-Q4",
            "updated_at": _UPDATED,
            "measure": "confidence_in_police",
            "area": "rugby",
            "period": "2023-Q4",
            "value": 0.74,
            "played": "end",
            **_OF_A_FEED,
        },
        {
            "kind": "reading",
            "force": "warwickshire",
            "id": "confidence/2023-Q3",
            "updated_at": _UPDATED,
            "measure": "confidence_in_police",
            "period": "2023-Q3",
            "numerator": 1184,
            "denominator": 1600,
        },
        {
            "kind": "reading",
            "force": "warwickshire",
            "id": "calls/101/2024-01-30",
            "updated_at": _UPDATED,
            "measure": "calls",
            "line": "101",
            "period": "2024-01-30",
            "counts": {
                "offered": 812,
                "answered": 761,
                "within": 650,
                "abandoned": 50,
                "abandoned_within": 11,
                "abandoned_at_once": 4,
                "end_unknown": 1,
            },
        },
    ),
    "heartbeat": (
        {
            "kind": "heartbeat",
            "force": "warwickshire",
            "feed": "calls",
            "at": "2024-01-31T10:30:00+00:00",
            "every_seconds": 60,
        },
    ),
}


def example(kind: str, field: str) -> Any:
    """A value of a field, or of a part of one (`units.arrived_at`): the first that an event of the
    kind has; None where there is no example, as of a kind that is declared elsewhere."""
    for event in EXAMPLES.get(kind, ()):
        found: Any = event
        for name in field.split("."):
            if isinstance(found, Sequence) and not isinstance(found, str):
                found = found[0]
            found = found.get(name) if isinstance(found, Mapping) else None
        if found is not None:
            return found
    return None
