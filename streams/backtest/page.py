"""A backtest as one HTML page that needs nothing else: its charts are SVG in it, and it prints."""

from __future__ import annotations

from streams.backtest import words
from streams.backtest.model import Backtest, SettingsResult
from streams.charts.model import Chart, ChartPoint, Mark
from streams.config.force import Force
from streams.outputs.report.frame import rendered
from streams.periods import Calendar, Grain, to_ms

FEW_WEEKS = 16
"""A history that is no longer has its alerts charted by day, a longer one by month."""


def page(found: Backtest, force: Force) -> str:
    """The page of a backtest of a force."""
    return rendered(
        "streams.backtest",
        "page.html",
        found.version,
        ["page.css"],
        found=found,
        words=words,
        by_time=lambda result: alerts_by_time(found, result, force),
    )


def alerts_by_time(found: Backtest, result: SettingsResult, force: Force) -> Chart:
    """How many alerts were opened in each month, or day of a short history; with the truth
    marked."""
    grain: Grain = "day" if found.weeks <= FEW_WEEKS else "month"
    calendar = Calendar(force.zone)
    opened = [to_ms(each.opened_at) for each in result.alerts]
    points, at, end = [], calendar.start(grain, to_ms(found.start)), to_ms(found.end)
    while at < end:
        period = calendar.holding(grain, at)
        points.append(
            ChartPoint(
                start=calendar.local(period.start),
                end=calendar.local(period.end),
                label=period.label,
                value=sum(period.start <= each < period.end for each in opened),
                running=period.end > end,
            )
        )
        at = period.end
    marks = (
        Mark(at=max(each.start, found.start), until=each.end, kind="note", words=each.name)
        for each in result.truths
    )
    return Chart(
        title=f"Alerts opened by {grain}, settings {result.name}",
        unit="count",
        period=grain,
        points=tuple(points),
        marks=tuple(marks),
    )
