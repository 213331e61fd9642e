"""Answers to questions about figures, as data: what `watchroom query` and `/api/` give.

A question names indicators, areas, stretches of time and comparisons; its answer is a row for each
of these together, indicator by indicator, then period by period, then area by area.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from streams.board.compare import COMPARISONS, Beside, Comparisons, Ranking
from streams.board.control import FlagSide, Moved, chart, policy_of
from streams.board.outlook import Delays
from streams.board.query import Number, Observation, Query
from streams.config.force import WHOLE
from streams.config.measures import FigureUnit, Polarity
from streams.errors import QueryError
from streams.periods import DAY, GRAINS, HOUR, Grain, rfc3339
from streams.registry.indicator import Indicator, Per
from streams.registry.measures import Gauge
from streams.registry.page import definition
from streams.registry.registry import Registry
from streams.stretches import Stretch

ALL_AREAS = "all"
"""Every area of a force, and the force as a whole."""


class FigureRow(Struct, kw_only=True, omit_defaults=True):
    """An indicator in a stretch of time and an area, with the comparisons that were asked for. Its
    value and what it is made of are those of an `Observation`; instants are RFC 3339."""

    indicator: str
    title: str
    unit: FigureUnit
    area: str
    period: str
    start: str
    end: str
    value: Number | None
    numerator: Number | None = None
    denominator: int | None = None
    known: bool = True
    complete: bool = True
    small: bool = False
    reason: str = ""
    low: float | None = None
    high: float | None = None
    heard: float | None = None
    area_name: str | None = None
    """The name of the area, where that is not its id; None for the force as a whole."""
    called: str | None = None
    """The name of the area at the end of the period, where it had another one then."""
    outlook: str | None = None
    """Of a month that is likely to rise or fall yet, by how much, in words."""
    beside: Beside | UnsetType = UNSET


class FigurePage(Struct, omit_defaults=True):
    """Some rows of an answer. `next` is the offset of the rows after them, where there are any."""

    force: str
    at: str
    total: int
    rows: list[FigureRow]
    next: int | None = None


class SeriesPoint(Struct, kw_only=True, omit_defaults=True):
    """A period of a series. Of a chart also the lines that it was judged by: without any it was not
    judged. `run` is how many points in a row lie above the centre, negative for below. `outlook`
    says by how much a month is likely to rise or fall yet, `provisional` why a chart does not judge
    a period though its value is known."""

    period: str
    start: str
    end: str
    value: Number | None
    numerator: Number | None = None
    denominator: int | None = None
    known: bool = True
    complete: bool = True
    small: bool = False
    reason: str = ""
    low: float | None = None
    high: float | None = None
    heard: float | None = None
    centre: float | None = None
    lower: float | None = None
    upper: float | None = None
    flag: FlagSide | None = None
    run: int = 0
    moved: Moved | None = None
    outlook: str | None = None
    provisional: str | None = None


class SeriesPage(Struct, kw_only=True, omit_defaults=True):
    """Some points of an indicator by period, in order. `rule` says how its chart judges them, and
    `words` what it found; without a chart there are none."""

    force: str
    at: str
    indicator: str
    title: str
    unit: FigureUnit
    polarity: Polarity
    area: str
    grain: Grain
    total: int
    points: list[SeriesPoint]
    rule: str | None = None
    words: list[str] = []
    next: int | None = None


class MeasureShown(Struct, kw_only=True, omit_defaults=True):
    """What can be asked for: an indicator by its name, or a measure of a table by its address, to
    which values of its dimensions may be added: `crimes.count{offence=violence}`."""

    name: str
    title: str
    unit: FigureUnit
    polarity: Polarity
    definition: str
    parts: list[str] = []
    dimensions: list[str] = []
    share_of: str | None = None
    per: Per | None = None
    source: str | None = None


class MeasurePage(Struct, omit_defaults=True):
    """Some of what can be asked for."""

    total: int
    measures: list[MeasureShown]
    next: int | None = None


class Page(NamedTuple):
    """Which part of an answer is given: so many rows from an offset on."""

    offset: int
    limit: int

    def after(self, total: int) -> int | None:
        """The offset of the next page; None where there is none."""
        end = self.offset + self.limit
        return end if end < total else None


class FigureQuestion(NamedTuple):
    """What is asked for, each by its name. No indicator stands for all that have an entry."""

    indicators: Sequence[str]
    periods: Sequence[str]
    areas: Sequence[str] = (WHOLE,)
    compare: Sequence[str] = ()


class AnswerRows:
    """The rows that answer a question; names are looked up at once, figures as the rows are gone
    through. Raises `QueryError` for what there is not."""

    def __init__(self, query: Query, question: FigureQuestion) -> None:
        self.query = query
        named = question.indicators or query.indicators()
        self.indicators = [query.indicator(each) for each in named]
        self.stretches = [query.stretch(each) for each in question.periods]
        every = query.areas()
        self.areas = [
            area
            for each in question.areas
            for area in (every if each == ALL_AREAS else (every[query.area(each)],))
        ]
        for name in question.compare:
            if name not in COMPARISONS:
                known = ", ".join(COMPARISONS)
                raise QueryError(f'"{name}" is no comparison: choose from {known}')
        self.compare = question.compare

    def __len__(self) -> int:
        return len(self.indicators) * len(self.stretches) * len(self.areas)

    def __iter__(self) -> Iterator[FigureRow]:
        return self.page(Page(0, len(self)))

    def page(self, page: Page) -> Iterator[FigureRow]:
        """The rows of a page."""
        ranking: Ranking | None = None
        for number in range(page.offset, min(page.offset + page.limit, len(self))):
            rest, area_at = divmod(number, len(self.areas))
            indicator_at, stretch_at = divmod(rest, len(self.stretches))
            indicator, stretch = self.indicators[indicator_at], self.stretches[stretch_at]
            area = self.areas[area_at]
            if (
                ranking is None
                or ranking.indicator is not indicator
                or ranking.stretch is not stretch
            ):
                ranking = Ranking(self.query, indicator, stretch, indicator.per)
            yield self._row(indicator, stretch, area, ranking)

    def _row(
        self, indicator: Indicator, stretch: Stretch, area: str, ranking: Ranking
    ) -> FigureRow:
        query = self.query
        found, zone = query.figure(indicator, stretch, area), query.force.zone
        row = FigureRow(
            indicator=indicator.name,
            title=indicator.title,
            unit=query.unit(indicator),
            area=area,
            period=stretch.label,
            start=rfc3339(stretch.start, zone),
            end=rfc3339(stretch.end, zone),
            **_fields(found),
            area_name=_name(query, area),
            called=_called(query, area, stretch),
            outlook=_outlook(query, indicator, stretch, area),
        )
        if self.compare:
            of = Comparisons(query, indicator, stretch, area, ranking=ranking)
            row.beside = Beside.of(of, self.compare)
        return row


def known_rows(query: Query, periods: Sequence[str], compare: Sequence[str]) -> list[FigureRow]:
    """All indicators with an entry of which anything is known in some periods, for the force as a
    whole, with comparisons."""
    known = [
        name
        for name in query.indicators()
        if any(query.figure(name, period).known for period in periods)
    ]
    every = AnswerRows(query, FigureQuestion(known, periods, compare=compare)) if known else ()
    return [row for row in every if row.known]


def _fields(found: Observation) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Observation.__struct_fields__}


def _name(query: Query, area: str) -> str | None:
    found = query.force.areas[query.area(area)]
    return None if found is None or found.name == area else found.name


def _called(query: Query, area: str, stretch: Stretch) -> str | None:
    """What an area was called at the end of a stretch, where that is not its name."""
    found, index = query.force.areas[query.area(area)], query.area(area)
    if found is None or not found.former_names:
        return None
    name = query.force.name_then(index, stretch.end - 1)
    return None if name == found.name else name


def _outlook(query: Query, indicator: Indicator, stretch: Stretch, area: str) -> str | None:
    """Whether a figure is likely to rise or fall yet, in words."""
    found = query.reader(Delays).outlook(indicator, stretch, query.area(area))
    return None if found is None else found.words


MOST_PERIODS = 10_000
"""Periods of one series: a year of hours, or 27 years of days."""
SHORTEST: dict[Grain, int] = {
    "hour": HOUR,
    "day": 23 * HOUR,
    "month": 28 * DAY,
    "quarter": 90 * DAY,
    "financial_year": 365 * DAY,
}
"""No period of a grain is shorter, in ms."""


class SeriesAnswer:
    """An indicator by the periods of a grain that lie within a stretch: names are looked up at
    once, figures as `points` is gone through. Raises `QueryError` for what there is not."""

    def __init__(
        self, query: Query, name: str, grain: str, within: str, page: Page, area: str = WHOLE
    ) -> None:
        self.query, self.indicator = query, query.indicator(name)
        by = next((each for each in GRAINS if each == grain), None)
        if by is None:
            raise QueryError(f'"{grain}" is no grain: choose from {", ".join(GRAINS)}')
        self.grain, self.within, self.page = by, query.stretch(within), page
        self.area = query.areas()[query.area(area)]
        if (self.within.end - self.within.start) // SHORTEST[by] > MOST_PERIODS:
            raise QueryError(
                f"{self.within.label} has more than {MOST_PERIODS:,} periods by {by}: ask for a "
                "shorter period, or by a longer grain"
            )
        self._periods = self.within.parts(by)

    def points(self) -> Iterator[SeriesPoint]:
        """The points of the page, in order."""
        zone = self.query.force.zone
        for period in self._periods[self.page.offset :][: self.page.limit]:
            stretch = Stretch.of(self.query.calendar, period)
            yield SeriesPoint(
                period=period.label,
                start=rfc3339(period.start, zone),
                end=rfc3339(period.end, zone),
                **_fields(self.query.figure(self.indicator, stretch, self.area)),
                outlook=_outlook(self.query, self.indicator, stretch, self.area),
            )

    def whole(self, points: list[SeriesPoint], *, charted: bool = True) -> SeriesPage:
        """The answer with its points, and what the chart says of them where it has one of this
        grain."""
        query, indicator, total = self.query, self.indicator, len(self._periods)
        made = SeriesPage(
            force=query.force.id,
            at=rfc3339(query.at, query.force.zone),
            indicator=indicator.name,
            title=indicator.title,
            unit=query.unit(indicator),
            polarity=query.polarity(indicator),
            area=self.area,
            grain=self.grain,
            total=total,
            points=points,
            next=self.page.after(total),
        )
        if charted and _has_chart(query, indicator, self.grain):
            _judge(made, query, indicator, self.within)
        return made


def _has_chart(query: Query, indicator: Indicator, grain: Grain) -> bool:
    try:
        policy_of(query, indicator, grain)
    except QueryError:
        return False
    return True


def _judge(made: SeriesPage, query: Query, indicator: Indicator, within: Stretch) -> None:
    """Adds what the chart says of each point."""
    found = chart(query, indicator, made.grain, within, made.area)
    made.rule, made.words = found.rule, found.words
    judged = {each.label: each for each in found.points}
    for point in made.points:
        if (at := judged.get(point.period)) is not None:
            point.centre, point.lower, point.upper = at.centre, at.lower, at.upper
            point.flag, point.run, point.moved = at.flag, at.run, at.moved
            point.provisional = at.provisional or None


def measures(
    registry: Registry, own: Iterable[Indicator] = (), search: str = ""
) -> list[MeasureShown]:
    """What can be asked for that has all words of a search in its name, title or definition:
    indicators first, with those that a force has of its `own`, then the measures of tables."""
    named = {**registry.indicators, **{each.name: each for each in own}}
    every = [*_indicators(registry, named.values()), *_addresses(registry)]
    words = search.casefold().split()
    texts = (f"{each.name} {each.title} {each.definition}".casefold() for each in every)
    return [
        each for each, text in zip(every, texts, strict=True) if all(word in text for word in words)
    ]


def _indicators(registry: Registry, every: Iterable[Indicator]) -> Iterator[MeasureShown]:
    for each in every:
        yield MeasureShown(
            name=each.name,
            title=each.title,
            unit=registry.unit_of(each),
            polarity=registry.polarity_of(each),
            definition=each.definition,
            parts=[part.address for part in each.parts],
            share_of=each.share_of or None,
            per=each.per,
            source=each.source or None,
        )


def _addresses(registry: Registry) -> Iterator[MeasureShown]:
    for group in registry.groups:
        dimensions = [each.name for each in registry.kinds[group.kind].dimensions]
        for measure in group.measures:
            if not isinstance(measure.value, Gauge):
                yield MeasureShown(
                    name=f"{group.name}.{measure.name}",
                    title=f"{group.title}: {measure.title}",
                    unit=measure.unit,
                    polarity=measure.polarity,
                    definition=definition(measure).replace("`", ""),
                    dimensions=dimensions,
                )
