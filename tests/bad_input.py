"""Lines that must each become a dead letter, with the reason that they must get.

Used on the core alone and on a real worker: (name, raw line, reason). Beside them the lines that
are kept although they have a value that nobody knows: (name, raw line, kind, field).
"""

from __future__ import annotations

import json
from typing import Any

from tests.build import call, crime, incident


def _raw(record: dict[str, Any], **changes: Any) -> bytes:
    changed = {**record, **changes}
    return json.dumps({k: v for k, v in changed.items() if v is not ...}).encode()


_CALL = call("bad", answered_at="2021-03-01T10:00:05Z")
_INCIDENT = incident("bad", arrived_at="2021-03-01T10:10:00Z")
_CRIME = crime("bad")
_READING = {
    "kind": "reading",
    "force": "tiny",
    "id": "bad",
    "updated_at": "2021-03-01T10:00:00Z",
    "measure": "satisfaction",
    "period": "2021-02",
    "value": 71.5,
}
_BEAT = {"kind": "heartbeat", "force": "tiny", "feed": "calls", "at": "2021-03-01T10:00:00Z"}

BAD_LINES: list[tuple[str, bytes, str]] = [
    ("half a line", _raw(_CALL)[:60], "not_json"),
    ("the other half", _raw(_CALL)[60:], "not_json"),
    ("text", b"999 call at ten past three", "not_json"),
    ("two objects on a line", _raw(_CALL) + b" " + _raw(_CALL, id="bad2"), "not_json"),
    ("invalid UTF-8", _raw(_CALL).replace(b"bad", b"b\xff\xfed"), "not_json"),
    ("a lone surrogate", _raw(_CALL).replace(b'"bad"', b'"\\ud800"'), "not_json"),
    ("a NaN", _raw(_READING).replace(b"71.5", b"NaN"), "not_json"),
    ("an infinity", _raw(_READING).replace(b"71.5", b"-Infinity"), "not_json"),
    ("a number out of range", _raw(_READING).replace(b"71.5", b"1e999"), "not_json"),
    ("a deep nesting", b'{"kind":"call","x":' + b"[" * 5000 + b"]" * 5000 + b"}", "not_json"),
    ("a NUL byte", b"\x00" + _raw(_CALL), "not_json"),
    ("a byte order mark", b"\xef\xbb\xbf" + _raw(_CALL), "not_json"),
    ("single quotes", _raw(_CALL).replace(b'"', b"'"), "not_json"),
    ("a trailing comma", _raw(_CALL)[:-1] + b",}", "not_json"),
    ("an array", b"[" + _raw(_CALL) + b"]", "wrong_form"),
    ("a bare string", b'"call"', "wrong_form"),
    ("null", b"null", "wrong_form"),
    ("no kind", _raw(_CALL, kind=...), "wrong_form"),
    ("an unknown kind", _raw(_CALL, kind="fire"), "wrong_form"),
    ("a kind of the wrong type", _raw(_CALL, kind=7), "wrong_form"),
    ("no id", _raw(_CALL, id=...), "wrong_form"),
    ("an empty id", _raw(_CALL, id=""), "wrong_form"),
    ("an id of 200 characters", _raw(_CALL, id="x" * 200), "wrong_form"),
    ("an id that is a number", _raw(_CALL, id=12), "wrong_form"),
    ("no updated_at", _raw(_CALL, updated_at=...), "wrong_form"),
    ("a time without an offset", _raw(_CALL, offered_at="2021-03-01T10:00:00"), "wrong_form"),
    ("a day that is none", _raw(_CALL, offered_at="2021-02-30T10:00:00Z"), "wrong_form"),
    ("a time as a number", _raw(_CALL, offered_at=1614592800), "wrong_form"),
    ("a version below zero", _raw(_CALL, version=-1), "wrong_form"),
    ("a version with a fraction", _raw(_CALL, version=1.5), "wrong_form"),
    ("a version beyond 63 bits", _raw(_CALL, version=2**70), "wrong_form"),
    ("deleted as text", _raw(_CALL, deleted="yes"), "wrong_form"),
    ("a grade without an id", _raw(_INCIDENT, grade="urgent", id=...), "wrong_form"),
    ("cancelled as text", _raw(_INCIDENT, grade="urgent", cancelled="no"), "wrong_form"),
    ("an unknown force", _raw(_CALL, force="nowhere"), "unknown_force"),
    ("an unknown line", _raw(_CALL, line="112"), "unknown_line"),
    ("an unknown line and area", _raw(_CALL, line="112", area="Atlantis"), "unknown_line"),
    ("no offered_at", _raw(_CALL, offered_at=...), "missing_field"),
    ("no category", _raw(_INCIDENT, category=...), "missing_field"),
    ("no offence", _raw(_CRIME, offence=...), "missing_field"),
    (
        "answered before offered",
        _raw(_CALL, answered_at="2021-03-01T09:59:50Z"),
        "answered_before_offered",
    ),
    (
        "abandoned before offered",
        _raw(_CALL, answered_at=..., abandoned_at="2021-03-01T09:59:50Z"),
        "abandoned_before_offered",
    ),
    (
        "answered and abandoned",
        _raw(_CALL, abandoned_at="2021-03-01T10:00:04Z"),
        "answered_and_abandoned",
    ),
    ("ended before offered", _raw(_CALL, ended_at="2021-03-01T09:00:00Z"), "ended_before_offered"),
    (
        "arrived before opened",
        _raw(_INCIDENT, arrived_at="2021-03-01T09:59:00Z"),
        "arrived_before_opened",
    ),
    (
        "closed before opened",
        _raw(_INCIDENT, closed_at="2021-03-01T09:59:00Z"),
        "closed_before_opened",
    ),
    ("answered after the update", _raw(_CALL, updated_at="2021-03-01T10:00:01Z"), "in_the_future"),
    (
        "a date in 2090",
        _raw(
            _CALL,
            offered_at="2090-01-01T00:00:00Z",
            answered_at=...,
            updated_at="2090-01-01T00:00:00Z",
        ),
        "in_the_future",
    ),
    (
        "a date in 1970",
        _raw(
            _CALL,
            offered_at="1970-01-01T00:00:00Z",
            answered_at=...,
            updated_at="1970-01-01T00:00:05Z",
        ),
        "implausible_date",
    ),
    ("offered in 1970", _raw(_CALL, offered_at="1970-01-01T00:00:00Z"), "implausible_date"),
    ("a crime recorded in 1970", _raw(_CRIME, recorded_at="1970-01"), "implausible_date"),
    ("a month 13", _raw(_CRIME, recorded_at="2021-13"), "impossible_date"),
    (
        "a recorded time without an offset",
        _raw(_CRIME, recorded_at="2021-03-01T10:00:00"),
        "no_offset",
    ),
    ("a crime known before it was recorded", _raw(_CRIME, recorded_at="2021-05"), "in_the_future"),
    (
        "an arrival with no exact opening",
        _raw(_INCIDENT, opened_at="2021-03-01"),
        "arrival_without_time",
    ),
    (
        "a response of fifty days",
        _raw(_INCIDENT, arrived_at="2021-04-20T00:00:00Z", updated_at="2021-04-20T00:00:00Z"),
        "too_long",
    ),
    ("a reading with no figure", _raw(_READING, value=...), "wrong_form"),
    ("a reading with two figures", _raw(_READING, numerator=1, denominator=2), "wrong_form"),
    ("a reading of an unknown area", _raw(_READING, area="Atlantis"), "unknown_area"),
    ("a period that is none", _raw(_READING, period="2021-Q9"), "wrong_form"),
    ("a heartbeat with no feed", _raw(_BEAT, feed=...), "wrong_form"),
    ("a heartbeat from 2090", _raw(_BEAT, at="2090-01-01T00:00:00Z"), "in_the_future"),
]
"""One object over two lines is two of these: half a line, and the other half."""

UNKNOWN_VALUES: list[tuple[str, bytes, str, str]] = [
    ("an unknown area of a call", _raw(_CALL, area="Atlantis"), "call", "area"),
    ("an empty area", _raw(_CALL, area=""), "call", "area"),
    ("an area that is a number", _raw(_CALL, area=7), "call", "area"),
    ("an area of 200 characters", _raw(_CALL, area="x" * 200), "call", "area"),
    ("an unknown area of an incident", _raw(_INCIDENT, area="Atlantis"), "incident", "area"),
    ("an unknown area of a crime", _raw(_CRIME, area="Atlantis"), "crime", "area"),
    ("an unknown grade", _raw(_INCIDENT, grade="urgent"), "incident", "grade"),
    ("a grade that is a number", _raw(_INCIDENT, grade=1), "incident", "grade"),
    ("a category of no list", _raw(_INCIDENT, category="flood"), "incident", "category"),
    ("a category with spaces", _raw(_INCIDENT, category="Anti social"), "incident", "category"),
    ("a category that is a number", _raw(_INCIDENT, category=31), "incident", "category"),
    ("an offence of no list", _raw(_CRIME, offence="piracy"), "crime", "offence"),
    ("an unknown marker", _raw(_CRIME, markers=["hate", "acid"]), "crime", "markers"),
    ("a marker that is no string", _raw(_CRIME, markers=[7]), "crime", "markers"),
    ("markers that are no list", _raw(_CRIME, markers="hate"), "crime", "markers"),
    ("a marker of an incident, no string", _raw(_INCIDENT, markers=[{}]), "incident", "markers"),
    ("an outcome beyond 22", _raw(_CRIME, outcome=23), "crime", "outcome"),
    ("an outcome in words", _raw(_CRIME, outcome="Charged"), "crime", "outcome"),
    ("casualties below zero", _raw(_INCIDENT, casualties={"fatal": -1}), "incident", "casualties"),
    ("casualties as a number", _raw(_INCIDENT, casualties=3), "incident", "casualties"),
    ("a person without an id", _raw(_INCIDENT, persons=[{"in_care": True}]), "incident", "persons"),
    ("a person as text", _raw(_INCIDENT, persons=["p1"]), "incident", "persons"),
    ("a victim that is a number", _raw(_CRIME, victims=["v1", 7]), "crime", "victims"),
    ("an empty suspect", _raw(_CRIME, suspects=[""]), "crime", "suspects"),
    ("defendants that are no list", _raw(_CRIME, defendants={}), "crime", "defendants"),
    ("an unknown origin", _raw(_CALL, origin="tape"), "call", "origin"),
    ("a time of wrapping up in words", _raw(_CALL, wrapped_up_at="soon"), "call", "wrapped_up_at"),
    ("a time of grading in words", _raw(_INCIDENT, graded_at="soon"), "incident", "graded_at"),
    ("a dispatch as a number", _raw(_INCIDENT, dispatched_at=5), "incident", "dispatched_at"),
    ("a call back of no day", _raw(_INCIDENT, recontacted_at="x"), "incident", "recontacted_at"),
    ("a due time of no day", _raw(_INCIDENT, recontact_due_at="x"), "incident", "recontact_due_at"),
    ("a unit without a call sign", _raw(_INCIDENT, units=[{}]), "incident", "units"),
    ("units as text", _raw(_INCIDENT, units="NA21"), "incident", "units"),
]
