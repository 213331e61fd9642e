"""Charts for tests, and the pictures that they are compared with byte by byte.

python -m tests.charts writes tests/data/charts anew; look at the pictures before they are kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streams.charts.layout import layout
from streams.charts.model import (
    Chart,
    ChartPoint,
    ChartTarget,
    Earlier,
    Level,
    Mark,
    PointFlag,
    Range,
)
from streams.charts.shapes import Layout
from streams.charts.svg import standalone
from streams.periods import Grain

FOLDER = Path(__file__).parent / "data" / "charts"
BURGLARIES = (
    *(352, 363, 353, 355, 350, 312, 389, 379, 417, 402, 400, 392, 361),
    *(398, None, 397, 369, 372, 455, 396, 406, 398, 402, 180),
)
"""A month each from December 2024."""


def instant(text: str) -> dt.datetime:
    """A time of UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def points(
    values: Sequence[float | None], first: str = "2024-12-01", grain: Grain = "month"
) -> tuple[ChartPoint, ...]:
    """Periods in a row."""
    found, start = [], instant(first)
    for value in values:
        end = _after(start, grain)
        found.append(ChartPoint(start=start, end=end, label=f"{start:%Y-%m}", value=value))
        start = end
    return tuple(found)


def _after(start: dt.datetime, grain: Grain) -> dt.datetime:
    if grain in ("hour", "day"):
        return start + dt.timedelta(hours=1 if grain == "hour" else 24)
    months = {"month": 1, "quarter": 3, "financial_year": 12}[grain]
    index = start.year * 12 + start.month - 1 + months
    return start.replace(year=index // 12, month=index % 12 + 1)


def chart(values: Sequence[float | None] = BURGLARIES, **fields: Any) -> Chart:
    """A chart of counts by month; `fields` are others of its own."""
    grain: Grain = fields.get("period", "month")
    first = fields.pop("first", "2024-12-01")
    made: dict[str, Any] = {
        "title": "Burglaries of homes, Northshire",
        "unit": "count",
        "period": grain,
        "points": points(values, first, grain),
    }
    return Chart(**{**made, **fields})


def full() -> Chart:
    """A chart that has everything."""
    *before, running = points(BURGLARIES)
    before[14] = ChartPoint(
        start=before[14].start,
        end=before[14].end,
        label="2026-02",
        value=None,
        missing="the feed was silent",
    )
    before[22] = ChartPoint(
        start=before[22].start,
        end=before[22].end,
        label="2026-10",
        value=402,
        provisional="likely to rise",
    )
    last = ChartPoint(
        start=running.start, end=running.end, label=running.label, value=180, running=True
    )
    return Chart(
        title="Burglaries of homes, Northshire",
        unit="count",
        period="month",
        points=(*before, last),
        levels=(
            Level(first=0, last=7, centre=364, lower=324, upper=404),
            Level(first=8, last=23, centre=394, lower=354, upper=434, why="Average 364 to 394"),
        ),
        expected=tuple(Range(340 + 2 * at, 390 + 2 * at) for at in range(24)),
        earlier=(
            Earlier("a year before", tuple(330 + 3 * at if at > 3 else None for at in range(24))),
        ),
        targets=(ChartTarget(first=4, last=23, value=370, bound="at most"),),
        flags=(
            PointFlag(first=5, last=5, rule="limit", side="below", words="exceptional: below 324"),
            PointFlag(first=8, last=12, rule="run", side="above", words="one of 5 above 364"),
            PointFlag(
                first=18, last=18, rule="limit", side="above", words="exceptional: above 434"
            ),
        ),
        marks=(
            Mark(at=instant("2026-06-11"), kind="alert", words="Burglaries: 455 in June."),
            Mark(at=instant("2025-08-05"), kind="change", words="New recording system"),
            Mark(at=instant("2026-03-11"), kind="note", words="Patrols in five districts began"),
        ),
        rule="Mean of the first 8 months, and 2 standard deviations either side.",
    )


def rates() -> Chart:
    """Shares by quarter, of which one is of nothing."""
    values = [0.912, 0.905, 0.931, None, 0.874, 0.921, 0.93, 0.944]
    made = points(values, "2024-01-01", "quarter")
    return chart(
        values,
        title="999 calls answered within 10 seconds, Northshire & Southshire",
        unit="ratio",
        period="quarter",
        points=tuple(
            ChartPoint(
                start=each.start,
                end=each.end,
                label=each.label,
                value=each.value,
                missing="no cases" if each.value is None else "",
                cases=None if each.value is None else (round(each.value * 1000), 1000),
            )
            for each in made
        ),
        targets=(ChartTarget(first=0, last=7, value=0.9, bound="at least"),),
    )


def dense() -> Chart:
    """Calls by the hour over three weeks, with a gap."""
    values: list[float | None] = [
        20 + (hour * 7919) % 23 + (15 if hour % 24 > 12 else 0) for hour in range(504)
    ]
    values[100:110] = [None] * 10
    return chart(values, title="999 calls, Northshire", period="hour", first="2026-01-05")


PICTURES: dict[str, Layout] = {
    "page": layout(full(), 1120, 460),
    "phone": layout(full(), 360, 460),
    "print": layout(full(), 840, 400, "print"),
    "tile": layout(full(), 240, 56, "tile"),
    "rates": layout(rates(), 840, 370, "print"),
    "dense": layout(dense(), 840, 370, "print"),
}
"""By the name of its file."""


def main() -> None:
    """Writes the pictures."""
    FOLDER.mkdir(exist_ok=True)
    for name, made in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(standalone(made, name), encoding="utf-8")


if __name__ == "__main__":
    main()
