"""What an alert holds, and the transitions that it goes through. Data only.

A transition carries the whole alert as it is from then on, with a revision that grows by one, and
the generation of whoever made it: of workers that have had the alerts of a force one after
another, the later one counts. So the latest transition of an alert is all that has to be kept of
it, one that comes twice changes nothing, and the alerts are a fold over the transitions in any
order.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from streams.events.origin import NotLive
from streams.periods import EPOCH, rfc3339, to_ms

STATE_VERSION = 4
"""Of transitions and handovers as lines of JSON, in the alerts topic and in the alert store. They
are facts and are read for good, so what a later form adds has a default. To be raised with any
change of what is written; `tests/unit/state/test_versions.py` fails where that was forgotten, or
where an older form can't be read any more."""

Severity = Literal["page", "notice", "state"]
AlertOutcome = Literal["real", "planned_event", "data_fault", "false"]
What = Literal[
    "opened",
    "updated",
    "resolved",
    "escalated",
    "reminded",
    "acknowledged",
    "snoozed",
    "closed",
    "noted",
    "handed_over",
]

SEVERITIES: tuple[Severity, ...] = ("page", "notice", "state")
"""Worst first."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The figures behind an alert; None where there are none of that sort."""

    observed: float | None = None
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None
    probability: float | None = None
    ratio: float | None = None
    numerator: int | None = None
    denominator: int | None = None
    target: float | None = None
    before: float | None = None
    after: float | None = None
    notified_share: float | None = msgspec.field(default=None, name="told")
    """Of an answer rate: the share that people were last notified of."""
    method: str | None = None
    period: str | None = None
    start: dt.datetime | None = None
    end: dt.datetime | None = None


class Peak(msgspec.Struct, frozen=True, kw_only=True):
    """The figure of an alert that was furthest out: of a period, or at an instant."""

    observed: float
    numerator: int | None = None
    denominator: int | None = None
    """What a share is made of."""
    late: int | msgspec.UnsetType = msgspec.UNSET
    """Of those who wait, how many were beyond the limit then; not written of other figures."""
    grain: Literal["hour", "day", "month", "now"]
    start: dt.datetime
    end: dt.datetime


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """The course of an exceptional volume by its days (`streams.alerts.course`). Expected is what
    the level before the onset would have brought."""

    since: dt.datetime
    """The start of the day in which it began."""
    until: dt.datetime
    """The end of the last day that was not usual."""
    days: int = 1
    """Days that were not usual, from the one in which it was found up to now."""
    taken: int = 1
    """Days that the sums are of: all since it began but those left out."""
    left_out: tuple[dt.datetime, ...] | msgspec.UnsetType = msgspec.UNSET
    """The starts of the days since it began that are in no sum, since they are missing, or have a
    name and came before the day in which the change was found; not written where there are none."""
    observed: float
    expected: float
    """Of these days together."""
    latest: tuple[float, float]
    before_latest: tuple[float, float] | None = None
    """Observed and expected of the last day, and of the day before it."""
    notified_ratio: float = msgspec.field(name="told")
    """The greatest ratio of observed to expected that people were notified of; of a fall the
    smallest."""
    usual_days: int = msgspec.field(default=0, name="usual")
    """Usual days in a row, up to the last one."""
    usual_sums: tuple[float, float] = msgspec.field(default=(0.0, 0.0), name="quiet")
    """Observed and expected of these together."""
    week: tuple[tuple[float, float], ...] = ()
    """Observed and expected of the days after the first, the last seven of them."""
    usual_peak: Peak | msgspec.UnsetType = msgspec.UNSET
    """The figure of the usual days in a row that is furthest out; not written where there are
    none."""
    judged_to: dt.datetime
    """The end of the last day that was counted."""
    accepted: dt.datetime | None = None
    """When its level was accepted as the usual one without a person, after half a year."""
    held: dt.datetime | None = None
    """The evaluation from which on its days are not learned; None until it has lasted some days."""
    burst: float | None = None
    """The greatest ratio of an hour within it that people were notified of."""
    burst_at: dt.datetime | None = None
    """The end of the last hour that was a burst, whether people were notified of it or not."""
    ended: bool = False
    """Whether a usual day had come before a person closed it: then closing it as real accepts no
    new level."""

    @property
    def ratio(self) -> float:
        """What came since the onset over what the level before would have brought; 0 before any
        day is counted."""
        return self.observed / self.expected if self.expected else 0.0

    @property
    def while_it_lasted(self) -> tuple[float, float, int]:
        """Observed and expected up to the last day that was not usual, and of how many days."""
        observed, expected = self.usual_sums
        return self.observed - observed, self.expected - expected, self.taken - self.usual_days


class SilentFeed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed of which an alert says that it is silent, or was."""

    feed: str
    since: dt.datetime
    """Its last sign of life."""
    due: dt.datetime
    """When the next one was due at the latest: its sender fell silent between the two."""
    heard: dt.datetime | None = None
    """When it was heard again; None while it is silent."""


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to an alert, and who did it; `watchroom` where nobody did."""

    at: dt.datetime
    who: str
    what: str
    note: str = ""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert, from its opening to its end. Instants are on the force's clock."""

    id: str
    force: str
    kind: str
    """The name of its kind (`streams.alerts.rules`)."""
    severity: Severity
    direction: Literal["up", "down"] | None = None
    group: str
    measure: str
    row: dict[str, str] = {}
    area: str
    area_name: str
    follows: str = ""
    """The area whose series it follows, where it bears the name of one within: hours are watched
    for the widest areas only."""
    title: str
    grain: Literal["hour", "day", "month", "now"]
    theme: str = ""
    state: Literal["open", "resolved"] = "open"
    opened_at: dt.datetime
    updated_at: dt.datetime
    resolved_at: dt.datetime | None = None
    onset: dt.datetime | None = None
    words: str
    said: tuple[str, ...] = ()
    """The sentences of `words`, but for the one about who has it."""
    evidence: Evidence
    also: tuple[str, ...] = ()
    """Titles of what belongs to it, and has no alert of its own."""
    owner: str | None = None
    acknowledged_at: dt.datetime | None = None
    snoozed_until: dt.datetime | None = None
    snooze_reason: str | None = None
    escalated_at: dt.datetime | None = None
    worse_at: dt.datetime | None = None
    """When what was a notice became a page."""
    outcome: AlertOutcome | None = None
    note: str | None = None
    log: tuple[LogEntry, ...] = ()
    revision: int = 1
    notified: bool = False
    """Whether people were notified of it yet; False while that has to wait."""
    notification_due: bool = msgspec.field(default=False, name="owed")
    """Whether it became worse or resolved while nobody might be notified (quiet hours,
    maintenance), so that people are still to be notified of it."""
    clear_periods: int = msgspec.field(default=0, name="quiet")
    """Closed periods in a row, up to the last one, that were back in the usual range."""
    judged_to: dt.datetime | None = None
    """The end of the last closed period that was judged."""
    cleared: bool = msgspec.field(default=False, name="over")
    """Resolved, and usual again since: what comes next opens another alert."""
    cleared_at: dt.datetime | None = msgspec.field(default=None, name="over_at")
    """When it cleared. A note or a correction by a person afterwards does not change it."""
    course: Course | None = None
    """Of a volume whose days are exceptional too: how it goes on by them."""
    lasting: bool = False
    """It has gone on for so long that a person is to say whether it is the new level."""
    peak: Peak | msgspec.UnsetType = msgspec.UNSET
    """Its highest figure, of a fall the lowest; not written where there is none, as in the first
    form."""
    origin: NotLive | msgspec.UnsetType = msgspec.UNSET
    """Where its records came from when it opened; not written of a live feed, as in the forms
    before. It stays for as long as the alert, so that all that is sent of it says the same."""

    feeds: tuple[SilentFeed, ...] | msgspec.UnsetType = msgspec.UNSET
    """Of an alert about silent feeds: those of it, first the one that it was opened with
    (`streams.alerts.evaluation.feeds`); not written of other alerts, as in the forms before."""

    @property
    def waits_since(self) -> dt.datetime:
        """Since when it has waited for somebody to take it, as severe as it is."""
        return self.opened_at if self.worse_at is None else self.worse_at

    @property
    def open(self) -> bool:
        """Whether it goes on."""
        return self.state == "open"

    @property
    def key(self) -> tuple[object, ...]:
        """What it is about. At most one alert of a key is open; silent feeds are several alerts
        where they fell silent at different times."""
        if self.feeds is not msgspec.UNSET:
            return (self.kind, self.id)
        row = tuple(sorted(self.row.items()))
        steady = self.severity == "state"
        return (
            self.kind,
            steady,
            self.grain,
            self.group,
            self.measure,
            row,
            self.watched,
            self.direction,
        )

    @property
    def series(self) -> tuple[str, ...]:
        """The series of signals that it follows (`streams.surveillance.signals.Signal.series`)."""
        row = (f"{name}={value}" for name, value in sorted(self.row.items()))
        return (self.force, self.group, self.measure, *row, self.watched, self.grain)

    @property
    def named(self) -> tuple[str, ...]:
        """The series of the area in its title, where that differs from the one it follows."""
        return (*self.series[:-2], self.area, self.grain)

    @property
    def watched(self) -> str:
        """The area of that series."""
        return self.follows or self.area


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """A fact: what became of an alert. `notify` says that people are to be notified."""

    what: What
    at: dt.datetime
    notify: bool = False
    generation: int = 0
    """Which holder of the alerts made it: a later one has a higher number. 0 without Kafka."""
    alert: Alert

    @property
    def rank(self) -> tuple[int, int]:
        """Of an alert the transition of the highest rank counts."""
        return self.generation, self.alert.revision

    @property
    def key(self) -> str:
        """Identifies it: of each key one is stored, and one sent."""
        return f"{self.alert.id}#{self.alert.revision}"


class Handover(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", tag="handover"):
    """A fact: who handed the room over to whom, and what was open then (the words of each)."""

    force: str
    at: dt.datetime
    who: str
    to: str
    note: str = ""
    open: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Identifies it."""
        return f"{shift(self.force)}/{rfc3339(to_ms(self.at))}"


class AlertSummary(msgspec.Struct, frozen=True, kw_only=True):
    """How many alerts there were in the last `weeks`, by what they were, and how many false ones
    were allowed."""

    weeks: int
    alerts: int
    false: int
    outcomes: dict[str, int]
    """By outcome; `none` where nobody said what it was."""
    budget: float
    words: str


class MaintenanceShown(msgspec.Struct, frozen=True, kw_only=True):
    """A maintenance window that goes on or begins soon; no `areas` stands for all of the force."""

    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    reason: str
    areas: list[str]


class AlertsView(msgspec.Struct, frozen=True, kw_only=True):
    """The alerts of a board: those that are open, worst first; those that were over lately, newest
    first; and what the room has to know with them."""

    open: list[Alert]
    recent: list[Alert]
    summary: AlertSummary
    handovers: list[Handover]
    maintenance: list[MaintenanceShown]


class AlertList(msgspec.Struct, frozen=True, kw_only=True):
    """What `/alerts.json` answers: alerts of a force, newest first."""

    alerts: list[Alert]


def shift(force: str) -> str:
    """What is handed over where it is no alert: the room."""
    return f"{force}/shift"


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Transition).decode
_decode_handover = msgspec.json.Decoder(Handover).decode
_HANDOVER = b'"fact":"handover"'


def encode(fact: Transition | Handover) -> bytes:
    """A transition or a handover as one line of JSON."""
    return _encode(fact)


def decode(line: bytes | str) -> Transition:
    """The transition of a line; raises `msgspec.MsgspecError`."""
    return _decode(line)


def decode_fact(line: bytes) -> Transition | Handover:
    """The transition or the handover of a line; raises `msgspec.MsgspecError`."""
    return _decode_handover(line) if line.startswith(b"{" + _HANDOVER) else _decode(line)


def stamp(ms: int | None, zone: dt.tzinfo) -> dt.datetime | None:
    """An instant on the force's clock."""
    return None if ms is None else instant(ms, zone)


def instant(ms: int, zone: dt.tzinfo) -> dt.datetime:
    """The same where there is one, with its offset, as it is read back from JSON."""
    local = (EPOCH + dt.timedelta(milliseconds=ms)).astimezone(zone)
    return local.astimezone(dt.timezone(local.utcoffset() or dt.timedelta(0)))


def ms_of(at: dt.datetime | None) -> int | None:
    """Milliseconds since 1970 UTC."""
    return None if at is None else to_ms(at)
