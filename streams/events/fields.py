"""What each field of an event says, in a line: for `watchroom mapping fields`, docs/fields.md and
the JSON Schemas. A field that is an object, or a list of objects, stands with its parts.

What a field feeds follows from the registry (`streams.registry.fed`); what those are for that no
figure rests on stands here (`OTHERWISE`), and so does the unit of each number.
"""

from __future__ import annotations

from collections.abc import Mapping

RECORD: Mapping[str, str] = {
    "force": "the id of the force",
    "id": "what the source system calls the record",
    "updated_at": "when this version of the record was written",
    "version": "a number that grows with each version; else the latest `updated_at` wins",
    "deleted": "the record was a mistake, and leaves every figure",
    "played": "a version made from a finished export: a step, or the end",
    "origin": "a live feed, a history that is played again, or the simulator",
}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "call": {
        **RECORD,
        "line": "the telephone line, by its id in the force's file",
        "area": "where the caller needs the police: an area by id, name or alias",
        "offered_at": "when the contact was presented to the room; it counts then",
        "connected_at": "when the national operator passed an emergency call on",
        "answered_at": "when a handler took it",
        "abandoned_at": "when the caller gave up",
        "ended_at": "when the talk was over",
        "wrapped_up_at": "when the handler was free again, after the work that follows",
        "called_back_at": "when a caller who gave up was rung back",
        "channel": "how the contact came",
        "caller": "who called",
        "incident_id": "the incident that it is about",
        "resolved": "whether the first contact settled it",
    },
    "incident": {
        **RECORD,
        "opened_at": "when it was opened; it counts then",
        "grade": "how soon somebody has to be there",
        "category": "what it is, dotted, by the list of the force's file",
        "area": "where it is: an area by id, name or alias",
        "graded_at": "when it was graded",
        "dispatched_at": "when the first unit was sent; else the earliest of the units",
        "arrived_at": "when the first unit was at the scene; else the earliest of the units",
        "closed_at": "when it was closed",
        "cancelled": "it counts only among all that were opened: by mistake, or twice",
        "markers": "what else it is: domestic abuse, hate ...",
        "crimed": "a crime was recorded of it",
        "units": "the units that were sent",
        "units.id": "the call sign of a unit",
        "units.dispatched_at": "when the unit was sent",
        "units.arrived_at": "when it was at the scene",
        "units.cleared_at": "when it was free again",
        "recontact_due_at": "when a caller who waits is to be rung again",
        "recontacted_at": "when he was last told of the delay",
        "casualties": "the people hurt in a road collision",
        "casualties.fatal": "how many died",
        "casualties.serious": "how many were hurt seriously",
        "casualties.slight": "how many were hurt slightly",
        "casualties.severity": "how badly one of them was hurt",
        "casualties.road_user": "what one of them was on the road",
        "persons": "the people who are missing",
        "persons.id": "who is missing",
        "persons.age_under_18": "whether a missing person is under 18",
        "persons.in_care": "whether a missing person is in care",
    },
    "crime": {
        **RECORD,
        "recorded_at": "when it was recorded; it counts then",
        "committed_from": "when it was committed, at the earliest",
        "committed_to": "when it was committed, at the latest",
        "offence": "the offence group, dotted, by the list of the force's file",
        "area": "where it was committed: an area by id, name or alias",
        "markers": "what else it is: domestic abuse, hate ...",
        "victims": "its victims",
        "suspects": "its suspects",
        "defendants": "those charged with it",
        "outcome": "the Home Office code of its outcome",
        "outcome_at": "when it had that outcome",
        "outcome_group": "whether action was taken, where the code of the outcome is not known",
        "cancelled": "no crime: it counts nowhere",
        "notifiable": "whether it is notifiable to the Home Office (default: it is); only then is "
        "it recorded crime",
        "offence_code": "the Home Office code of the offence, beside its group",
        "incident_id": "the incident that it was recorded of",
        "series": "the series of offences that it is taken to belong to",
        "entered_at": "of an export, when it was entered into the system, where that was later: "
        "the delay of recording is known from it",
    },
    "reading": {
        **RECORD,
        "measure": "what is measured, dotted; `calls` for totals of calls, "
        "`handlers_signed_on`, `handlers_rostered`",
        "line": "the telephone line that it is of",
        "area": "the area that it is of; else the force",
        "period": "the year, quarter, month, day or hour that it is of, or several together",
        "value": "the figure; a reading has either this, or both its parts, or counts",
        "numerator": "of a share or a mean, what is divided",
        "denominator": "of a share or a mean, by what",
        "counts": "the total of a line's calls",
        "counts.offered": "calls offered",
        "counts.answered": "calls answered",
        "counts.within": "answered within the line's limit",
        "counts.abandoned": "calls abandoned",
        "counts.abandoned_within": "abandoned within the line's limit",
        "counts.abandoned_at_once": "abandoned within 5 seconds",
        "counts.end_unknown": "calls of which neither end is on record",
    },
    "heartbeat": {
        "force": "the id of the force",
        "feed": "which of its feeds is alive",
        "at": "when it was",
        "every_seconds": "how far apart its heartbeats are; else that is learned",
    },
}


UNITS: Mapping[str, Mapping[str, str]] = {
    "incident": {
        "casualties.fatal": "people",
        "casualties.serious": "people",
        "casualties.slight": "people",
    },
    "crime": {"outcome": "a code, 1 to 22"},
    "reading": {
        "value": "the unit of the measure; a share is 0 to 1, a percentage 0 to 100",
        "numerator": "cases, or the unit of the measure",
        "denominator": "cases",
        **{f"counts.{name}": "calls" for name in (
            "offered", "answered", "within", "abandoned", "abandoned_within", "abandoned_at_once",
            "end_unknown",
        )},
    },
    "heartbeat": {"every_seconds": "seconds"},
}  # fmt: skip
"""What the numbers of each kind are of."""

FIELDS_OF_ALL: Mapping[str, str] = {
    "force": "whose figures it counts in, and in Kafka the partition that it goes to",
    "id": "every figure: the versions of one id are one record, of which one counts",
    "updated_at": "every figure: of several versions the latest counts; what happened later than "
    "it was written is refused; the age of the feed, and with that `feed_silent`",
    "version": "every figure: the highest version counts",
    "deleted": "every figure: the record leaves all of them",
    "played": "figures of history: what an end does not name is unknown, and no zero",
    "origin": "no figure; boards, pages, messages and `watchroom_lines_by_origin` say what is "
    "replayed or simulated",
}
"""What the fields feed that every record has."""

OTHERWISE: Mapping[str, Mapping[str, str]] = {
    "call": {"incident_id": "no figure; it leads from the call to its incident in the topics"},
    "incident": {
        "units.id": "no figure; it tells units apart, so that their rows can be joined",
        "units.cleared_at": "no figure yet",
    },
    "crime": {
        "incident_id": "no figure; it leads from the crime to its incident in the topics",
        "entered_at": "no figure; in which order a history is played",
    },
    "reading": {
        "measure": "the reading of that name, and tile `handlers` where it is "
        "`handlers_signed_on` or `handlers_rostered`",
        "line": "which row the reading is of",
        "area": "which row the reading is of",
        "period": "which period the reading is of",
        "value": "the reading: `watchroom query NAME`, `watchroom_reading`",
        "numerator": "the reading, its confidence interval, and its sums over periods and areas",
        "denominator": "the reading, its confidence interval, and its sums over periods and areas",
    },
    "heartbeat": {
        "feed": "the age of the feed on boards, tile `feeds`; alerts `feed_silent`",
        "at": "the age of the feed on boards, tile `feeds`; alerts `feed_silent`",
        "every_seconds": "after how long without one `feed_silent` opens",
    },
}
"""What those are for that no measure of a kind of record rests on."""


def says(kind: str, field: str) -> str:
    """What a field says; of a kind that is declared elsewhere, its name in words."""
    return FIELDS.get(kind, RECORD).get(field) or field.replace("_", " ").replace(".", ": ")
