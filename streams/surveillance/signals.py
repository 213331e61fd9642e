"""What a detector found of a measure: one signal, complete enough to show, send and explain.

A signal is made when a period closes, or for the hour that runs; it holds numbers for machines and
`words` for people (`streams.registry.phrases`). With `notify` people are notified: its nominal rate
of false alarms a week is within what its watch is allowed (`detectors.calibration.alarm_budget`).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Grain = Literal["hour", "day", "month"]
Direction = Literal["up", "down"]
Method = Literal["surprise", "change", "level", "proportion", "duration", "chart", "silence"]
State = Literal["learning", "first year", "ready"]
LOOKS = 8.0
"""Times by which a nominal rate of false alarms grows when an hour is judged again and again while
it runs."""


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of one row and area, in one period. Instants are ms since 1970 UTC."""

    force: str
    kind: str
    """Of the records: `call`, `incident`, `crime`; for silence also `heartbeat`."""
    group: str
    """The table of the board and the measure in it (`streams.registry.measures`); for silence
    `feeds`."""
    measure: str
    row: dict[str, str] = {}
    """The dimensions of the row besides the area: `{"line": "999"}`."""
    area: str
    """The id of an area, or `force`."""
    grain: Grain
    period: str
    """The label of the period: `2021-10-31T01+01:00`, `2021-10-31`, `2021-10`."""
    start: int
    end: int
    method: Method
    """The strongest evidence: `surprise` is this period alone, `change` and `level` a stretch."""
    theme: str
    """What related signals have in common: `calls`, `incidents.asb`, `crimes.burglary`."""
    direction: Direction
    polarity: Literal["bad", "good", "neutral"]
    """Whether this direction is good or bad news, where the registry says."""
    observed: float
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None
    within: float = 0.8
    """The share of periods that lie from `lower` to `upper` when nothing has changed."""
    probability: float | None = None
    """Of so few, or so many, or worse; None where the method has none."""
    rate: float = 0.0
    """Nominal false alarms a week at this evidence."""
    allowed: float = 0.0
    """Nominal false alarms a week that the watch may raise."""
    onset: int | None = None
    """Since when, for a change."""
    ratio: float | None = None
    """What came since the onset over what was expected."""
    before: float | None = None
    after: float | None = None
    """The level before and after the change, for methods that have no ratio."""
    first: int | None = None
    """The start of the first period that the figures are of, where they are of several."""
    cases: tuple[int, int] | None = None
    """Of a share: the numerator and the denominator."""
    rebased: tuple[float, float, int] | None = None
    """Of a chart by month that took a new average: the old one, the new one, and after how many
    months on one side of the old."""
    season: float | None = None
    """Of a level by the month: what this month usually is beside an average one; None where no
    season is known. `before` and `after` are then levels of an average month."""
    same_months: tuple[int, float, float] | None = None
    """Of a level by the month: how many of its months were held against the same ones a year
    before, what came in a month of them, and in one then; None where those are not known."""
    state: State = "ready"
    notify: bool = False
    running: bool = False
    """Of a period that is not over."""
    words: str = ""
    caveats: tuple[str, ...] = ()
    """What has to be known of the comparison: sentences that are in `words` too."""

    @property
    def of_average(self) -> float:
        """The figure as that of an average month, to be held against `before` and `after`."""
        return self.observed / self.season if self.season else self.observed

    @property
    def series(self) -> tuple[str, ...]:
        """What it is about, whatever the period: the same for the next signal of the watch."""
        row = (f"{name}={value}" for name, value in sorted(self.row.items()))
        return (self.force, self.group, self.measure, *row, self.area, self.grain)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return msgspec.structs.asdict(self)
