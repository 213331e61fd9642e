"""The words and figures of a backtest, the same in the terminal and on the page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from streams.backtest.model import Backtest, Difference, RaisedAlert, SettingsResult, TruthResult
from streams.registry import phrases

DAY, MINUTES = 24.0, 60.0
"""Hours of a day, minutes of an hour."""
DAYS_FROM = 72.0
"""Hours from which on a length is said in days."""
SEVERITIES = {"page": "Pages", "notice": "Notices", "state": "States"}


def number(many: int, noun: str) -> str:
    """A number with its noun: `1 alert`, `no alerts`, `1,200 alerts`."""
    if many == 0:
        return f"no {noun}s"
    return f"{many:,} {noun}" + "s" * (many != 1)


def length(hours: float) -> str:
    """A length of time: `20 min`, `5 h`, `12 days`."""
    if hours < 1:
        return f"{round(hours * MINUTES)} min"
    return f"{hours:.0f} h" if hours < DAYS_FROM else f"{hours / DAY:,.0f} days"


def when(at: dt.datetime) -> str:
    """An instant with its day of the week: `Sat 4 Jul 2020, 10:15`."""
    return f"{at:%a %-d %b %Y, %H:%M}"


def begins(at: dt.datetime) -> str:
    """The same of what begins; of what begins with a day the day alone."""
    return when(at) if at.time() != dt.time() else f"{at:%a %-d %b %Y}"


def ends(at: dt.datetime | None) -> str:
    """The same of what ends; of what ends with a day its last day."""
    if at is None:
        return "goes on"
    return when(at) if at.time() != dt.time() else begins(at - dt.timedelta(days=1))


def before_report(alert: RaisedAlert) -> str:
    """How long before or after the month's report an alert came."""
    days = alert.days_before_report
    return phrases.NO_FIGURE if days is None else _before(days)


def _before(days: float) -> str:
    return f"{days:,.0f} days before" if days >= 0 else f"{-days:,.0f} days after"


def verdict(alert: RaisedAlert) -> str:
    """What an alert is, held against the truth."""
    if alert.verdict == "false":
        return f"false: {alert.why}" if alert.why else "false"
    said = {"found": "found", "again": "again", "late": "late"}
    return f"{said.get(str(alert.verdict), '')}: {alert.truth}"


def detection(event: TruthResult) -> str:
    """What became of something that happened."""
    more = f", {number(event.more, 'further alert')}" if event.more else ""
    if event.detection in ("found", "late"):
        return f"{event.detection} after {length(event.delay_hours or 0.0)}{more}"
    if event.detection == "before":
        return f"began before alerts are counted{more}"
    return "missed" if event.detection == "missed" else "nothing, which is right too"


def truths(results: Sequence[SettingsResult]) -> list[tuple[TruthResult, list[str]]]:
    """What happened, and what became of it under each of the settings: nothing is known of settings
    that were stopped before it."""
    by_name = [{each.name: each for each in result.truths} for result in results]
    events = {each.name: each for result in results for each in result.truths}
    return [
        (event, [detection(of[name]) if name in of else phrases.NO_FIGURE for of in by_name])
        for name, event in events.items()
    ]


def raised_by(each: Difference, first: str, second: str) -> str:
    """Which of two settings raises an alert, or by how much the second is later."""
    if each.second is None:
        return f"{first} only"
    if each.first is None:
        return f"{second} only"
    later = each.later_hours or 0.0
    when = (
        "both"
        if not later
        else f"{second} {length(abs(later))} " + ("later" if later > 0 else "sooner")
    )
    return f"{when}, {second} as {each.second_title}" if each.second_title else when


def differing(found: Backtest) -> str:
    """How many alerts two settings do not raise alike, and how many they do."""
    first, second = (each.name for each in found.results[:2])
    only = sum(each.second is None for each in found.differences)
    other = sum(each.first is None for each in found.differences)
    moved = len(found.differences) - only - other
    return (
        f"{only} by {first} only, {other} by {second} only, {moved} at another time "
        f"or of another part; {found.same} alike"
    )


def span(found: Backtest) -> str:
    """Which history it is."""
    weeks = f"{found.weeks:,.1f} weeks"
    said = (
        f"Alerts opened from {found.start:%-d %B %Y} to {found.end:%-d %B %Y}: {weeks}. The first "
        f"record is of {found.records_from:%-d %B %Y}."
    )
    if any(each.weeks_judged < found.weeks for each in found.results):
        said += (
            " Rates a week are of the weeks in which any series could be judged by what is usual, "
            "and of the alerts that were opened in them."
        )
    return f"{said} Stopped before the end." if found.stopped else said


def summary(found: Backtest) -> list[tuple[str, Sequence[str]]]:
    """The rows of the summary: a heading, and an entry for each of the settings."""
    results = found.results
    rows: list[tuple[str, Sequence[str]]] = [
        ("Alerts", [f"{len(each.alerts):,}" for each in results]),
        *(
            (f"  {title.lower()}", [f"{each.by_severity[name]:,}" for each in results])
            for name, title in SEVERITIES.items()
            if any(each.by_severity[name] for each in results)
        ),
        ("Weeks", [f"{found.weeks:,.1f}"] * len(results)),
        ("  in which any series could be judged", [f"{e.weeks_judged:,.1f}" for e in results]),
        ("Pages and notices a week", [figure(each.alerts_a_week) for each in results]),
        ("False ones allowed a week", [f"{each.budget_a_week:g}" for each in results]),
        ("Open, all alerts added up", [length(each.hours_open) for each in results]),
        ("Open at the end", [f"{each.open_at_end:,}" for each in results]),
        ("Median before or after the month's report", [lead(each.alerts) for each in results]),
        ("Series watched", [f"{each.watched:,}" for each in results]),
        ("  not judged yet at the end", [f"{each.learning:,}" for each in results]),
    ]
    scores = [each.score for each in results]
    if all(each is not None for each in scores):
        known = [each for each in scores if each is not None]
        rows += [
            ("Found in time", [f"{each.found} of {each.expected}" for each in known]),
            ("Found late", [f"{each.late}" for each in known]),
            ("Missed", [f"{each.missed}" for each in known]),
            ("Median delay", [_delay(each.median_delay_hours) for each in known]),
            ("Further alerts about the same", [f"{each.again}" for each in known]),
            ("False", [f"{each.false}" for each in known]),
            ("  of them states", [f"{each.false_states}" for each in known]),
            ("False pages and notices a week", [figure(each.false_a_week) for each in known]),
        ]
    if any(each.faults for each in results):
        rows.append(("Faults of detectors or rules", [f"{each.faults:,}" for each in results]))
    return rows


def lead(alerts: Sequence[RaisedAlert]) -> str:
    """How long before or after the month's report the alerts came, in the middle."""
    days = sorted(each.days_before_report for each in alerts if each.days_before_report is not None)
    if not days:
        return phrases.NO_FIGURE
    middle = (days[(len(days) - 1) // 2] + days[len(days) // 2]) / 2
    return _before(middle)


def figure(value: float | None) -> str:
    """A rate, or nothing where there is none."""
    return phrases.NO_FIGURE if value is None else f"{value:.2f}"


def _delay(hours: float | None) -> str:
    return phrases.NO_FIGURE if hours is None else length(hours)
