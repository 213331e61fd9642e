"""What a backtest found: data only, as it is written to JSON, CSV and the page.

Instants are on the force's clock. What is not known is None.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from streams.alerts.model import Severity
from streams.charts.model import Chart

Verdict = Literal["found", "again", "late", "false"]
"""What an alert is, held against the truth: the one that found something, a further one about the
same, one that came later than counts, or one that nothing stands behind."""
Detection = Literal["found", "late", "missed", "silent", "before"]
"""What became of something that happened: found in time, later, not at all; `silent` is of one that
is optional, about which nothing came, `before` of one that began before alerts are counted."""


class RaisedAlert(Struct, frozen=True, kw_only=True):
    """An alert that would have been raised."""

    settings: str
    """The name of the settings under which it was raised."""
    id: str
    kind: str
    severity: Severity
    """The worst that it was."""
    group: str
    measure: str
    row: dict[str, str]
    area: str
    direction: Literal["up", "down"] | None
    grain: str
    feeds: tuple[str, ...] = ()
    """Of silent feeds: all that the alert is about."""
    title: str
    words: str
    """As people would first have been notified of it."""
    opened_at: dt.datetime
    since: dt.datetime
    """When what it is about began, as far as it says."""
    judged_to: dt.datetime
    """The end of the period in which it was found; of what holds at a moment, its opening."""
    until: dt.datetime | None
    """When it was over; None where it was open at the end."""
    hours_open: float
    """Up to the end of the history where it was still open."""
    report_at: dt.datetime | None
    """When the report of the month in which it began would have been out; None of what is in no
    such report."""
    days_before_report: float | None
    """How long before that it was opened; below 0 where the report would have been first."""
    verdict: Verdict | None = None
    """None where no truth is given."""
    truth: str | None = None
    """The name of what it is about."""
    why: str = ""
    """Of a false one what kept it from being about something that happened, where it nearly was."""


class TruthResult(Struct, frozen=True, kw_only=True):
    """What became of something that is known to have happened."""

    settings: str
    name: str
    about: str
    """In what it shows: the measure, the values, the direction."""
    start: dt.datetime
    end: dt.datetime | None
    within_hours: float
    optional: bool
    detection: Detection
    alert: str | None = None
    """The id of the alert that found it, or came late."""
    delay_hours: float | None = None
    """From its start to that alert."""
    more: int = 0
    """Further alerts about it."""


class Score(Struct, frozen=True, kw_only=True):
    """How alerts fit the truth. `expected` are those that have to be found: all but optional ones,
    and those that began before alerts are counted."""

    expected: int
    found: int
    late: int
    missed: int
    again: int
    false: int
    false_states: int
    """Those of the false ones that are states, of which nobody is notified."""
    false_a_week: float | None
    """False pages and notices a week, as `alerts_a_week` counts all of them."""
    median_delay_hours: float | None


class SettingsResult(Struct, frozen=True, kw_only=True):
    """What came of a history under some settings."""

    name: str
    differs: tuple[str, ...]
    """What is other than in the force's file: `alerts.false_episodes_a_week = 2`."""
    alerts: tuple[RaisedAlert, ...]
    by_severity: dict[str, int]
    by_kind: dict[str, int]
    weeks_judged: float
    """From when on any series could be judged to the end, of the weeks in which alerts are
    counted."""
    alerts_a_week: float | None
    """Pages and notices a week of these weeks, opened in them; None where there are none."""
    budget_a_week: float
    """False alarms a week that these settings allow."""
    hours_open: float
    open_at_end: int
    watched: int
    """Series that detectors watched at the end."""
    learning: int
    """Those of them that could not be judged yet."""
    faults: int
    """How often a detector or a rule failed."""
    truths: tuple[TruthResult, ...] = ()
    score: Score | None = None
    """None where no truth is given."""
    charts: tuple[Chart, ...] = ()
    charts_left_out: int = 0
    """Series with alerts that have no chart here."""


class Difference(Struct, frozen=True, kw_only=True):
    """An alert that the first two settings do not raise alike: the ids under each, None where there
    is none; and by how many hours the second was later, where both have it."""

    title: str
    words: str
    opened_at: dt.datetime
    first: str | None
    second: str | None
    second_title: str = ""
    """What the second is about, where it names a whole or a part of the same."""
    later_hours: float | None = None


class Backtest(Struct, frozen=True, kw_only=True):
    """A history that was replayed, under one or several settings."""

    force: str
    force_name: str
    sources: tuple[str, ...]
    start: dt.datetime
    """From when on alerts are counted."""
    end: dt.datetime
    weeks: float
    records_from: dt.datetime
    """The first record: what comes before `start` is learned from."""
    report_lag_days: float
    rows: str
    """Where all rows went, in words."""
    notes: tuple[str, ...] = ()
    """What a reader has to know: facts that are known from the end alone, truths that lie outside,
    what was refused."""
    stopped: bool = False
    """Whether it was broken off, so that the history is not played to its end."""
    truth_given: bool = False
    results: tuple[SettingsResult, ...]
    differences: tuple[Difference, ...] = ()
    same: int = 0
    """Alerts that the first two settings raise at the same time."""
    version: str
