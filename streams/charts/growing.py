"""The count of one hour or day as it grows, in the range that is usual by then: what an alert of a
period that is not over is about, so that its figure and the chart are of the same time."""

from __future__ import annotations

from detectors.counts.predictive import Predictive
from detectors.homogeneity import dispersion
from streams.alerts.model import Alert
from streams.board.query import Query
from streams.charts.indicator import UsualSoFar, alert_mark, is_of, usual_so_far
from streams.charts.model import Chart, ChartPoint, PointFlag, Range, Side
from streams.charts.words import amount
from streams.errors import QueryError
from streams.periods import HOUR, MINUTE, Period, to_ms
from streams.registry import phrases
from streams.registry.indicator import Indicator
from streams.stretches import Stretch
from streams.surveillance.adapters.base import TAIL

STEPS = {"hour": MINUTE, "day": HOUR}
"""From one point to the next, in ms, by what the count is of."""


def growing_chart(query: Query, indicator: Indicator, alert: Alert) -> Chart | None:
    """The count of the hour or day that an alert's figures are of, in the area that it names, from
    its start on: each point what had come by then, the one of the figures marked, and the usual
    range up to the end. None where the alert is not of a count of an hour or a day, and where the
    minutes of that hour are not kept any more. Raises `QueryError` for what there is not."""
    evidence = alert.evidence
    step = STEPS.get(alert.grain)
    if step is None or evidence.start is None or evidence.end is None:
        return None
    if query.unit(indicator) != "count" or not is_of(alert, query, indicator, alert.area):
        return None
    calendar = query.calendar
    period = calendar.holding("hour" if step == MINUTE else "day", to_ms(evidence.start))
    try:
        points = _points(query, indicator, alert, period, step)
    except QueryError:
        return None
    past = [each for each in points[1:] if not each.ahead]
    if 2 * sum(each.value is not None for each in past) < len(past):
        return None
    return Chart(
        title=f"{indicator.title}, {phrases.place(query.force, alert.area)}",
        unit="count",
        period=period.grain,
        points=points,
        expected=_usual(query, indicator, alert, period, points),
        flags=_figures_of(alert, points),
        marks=tuple(
            each for each in (alert_mark(alert),) if points[0].start <= each.at < points[-1].end
        ),
        cumulative=True,
    )


def _points(
    query: Query, indicator: Indicator, alert: Alert, period: Period, step: int
) -> tuple[ChartPoint, ...]:
    """What had come by each instant, from the start of a period to its end."""
    calendar, now = query.calendar, query.at
    found = []
    for at in range(period.start, period.end + 1, step):
        value: float | None = 0.0
        if at > now:
            value = None
        elif at > period.start:
            sofar = Stretch(calendar, "range", None, "hour", 1, period.start, at)
            seen = query.figure(indicator, sofar, alert.area)
            value = seen.value if seen.known else None
        start, end = calendar.local(at), calendar.local(at + step)
        point = ChartPoint(
            start=start, end=end, label=f"{start:%H:%M}", value=value, ahead=at > now
        )
        found.append(point)
    return tuple(found)


def _usual(
    query: Query, indicator: Indicator, alert: Alert, period: Period, points: tuple[ChartPoint, ...]
) -> tuple[Range | None, ...]:
    """The usual range by each instant: as far as is learned now, and at that of the alert's figures
    what the alert says."""
    evidence = alert.evidence
    usual = usual_so_far(query, indicator, period.grain, alert.area) or _in_proportion(alert)
    found: list[Range | None] = []
    with query.lock:
        for each in points:
            at = to_ms(each.start)
            known = usual is not None and at > period.start
            found.append(Range(*usual(period, at)) if usual is not None and known else None)
            if (
                each.start == evidence.end
                and evidence.lower is not None
                and evidence.upper is not None
            ):
                found[-1] = Range(evidence.lower, evidence.upper)
    if usual is not None:
        found[0] = Range(0.0, 0.0)
    return tuple(found)


def _in_proportion(alert: Alert) -> UsualSoFar | None:
    """What is usual of an hour in an area that is not watched by the hour itself: what the alert
    expected of its part of the hour, in proportion to the time. None for other alerts."""
    held = alert.evidence
    if not (alert.follows and alert.grain == "hour" and held.expected and held.start and held.end):
        return None
    start, end = to_ms(held.start), to_ms(held.end)
    mean, phi = held.expected, dispersion(held.expected, held.lower, held.upper)

    def usual_then(period: Period, until: int) -> tuple[float, float]:
        share = (until - period.start) / (end - start)
        return Predictive(mean * share, dispersion=phi).limits(TAIL)

    return usual_then


def _figures_of(alert: Alert, points: tuple[ChartPoint, ...]) -> tuple[PointFlag, ...]:
    """The point that the alert's figures are of."""
    end, direction = alert.evidence.end, alert.direction
    found = next((at for at, each in enumerate(points) if each.start == end), None)
    if found is None or direction is None or points[found].value is None:
        return ()
    side: Side = "above" if direction == "up" else "below"
    words = f"the alert said {amount(alert.evidence.observed or 0.0, 'count')}"
    return (PointFlag(first=found, last=found, rule="limit", side=side, words=words),)
