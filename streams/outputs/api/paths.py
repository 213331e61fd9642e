"""The paths of the API.

| path | answer |
|---|---|
| `/api/measures` | what can be asked for: indicators and measures, each with its definition |
| `/api/board` | any indicators by any areas and periods, with comparisons |
| `/api/series` | an indicator by hour, day, month, quarter or year, with its control chart |
| `/api/openapi.json` | these paths as an OpenAPI document |

Each answers in pages, as JSON or as CSV; the header "link" leads to the next page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from streams.board import answers
from streams.board.answers import (
    AnswerRows,
    FigurePage,
    FigureQuestion,
    FigureRow,
    MeasurePage,
    MeasureShown,
    SeriesAnswer,
    SeriesPage,
    SeriesPoint,
)
from streams.board.flags import FlagPage, FlagRow, MonthlyFlags
from streams.board.query import Query
from streams.config.force import WHOLE
from streams.errors import QueryError
from streams.live import Live
from streams.outputs.api import parameters as p
from streams.outputs.api.openapi import Path, document
from streams.outputs.api.parameters import Given
from streams.outputs.figure_csv import csv_text
from streams.outputs.instants import parse_instant
from streams.outputs.web.answers import ForceOf
from streams.periods import rfc3339
from streams.registry.indicators.readings import own_indicators

MEASURES = Path(
    "/api/measures",
    "What can be asked for",
    "Indicators, which are the lines of performance reports, by name; then every measure of every "
    "table by its address.",
    (p.FORCE, p.SEARCH, p.OFFSET, p.LIMIT, p.FORMAT),
    MeasurePage,
)
BOARD = Path(
    "/api/board",
    "Figures by indicator, period and area",
    "A row for each indicator, period and area that is asked for, in this order, with what is to "
    "be set beside it. What is not known is null; 0 was counted.",
    (p.FORCE, p.INDICATORS, p.PERIODS, p.AREAS, p.COMPARE, p.AT, p.OFFSET, p.LIMIT, p.FORMAT),
    FigurePage,
)
SERIES = Path(
    "/api/series",
    "An indicator by period",
    "The periods of a grain that lie within the one that is named, in order, with the centre and "
    "limits by which each was judged where the indicator has a control chart of this grain.",
    (
        p.FORCE,
        p.INDICATOR,
        p.WITHIN,
        p.AREA,
        p.GRAIN,
        p.CHART,
        p.AT,
        p.OFFSET,
        p.LIMIT,
        p.FORMAT,
    ),
    SeriesPage,
)
FLAGS = Path(
    "/api/flags",
    "What stands out in a month that is over",
    "Every count by area is held against the twelve months before; listed are those of which on "
    "average no more than the rate are far out by chance (Benjamini and Hochberg). The least "
    "likely come first, each with what is part of it below.",
    (p.FORCE, p.MONTH, p.RATE, p.AT, p.OFFSET, p.LIMIT, p.FORMAT),
    FlagPage,
)
PATHS = (MEASURES, BOARD, SERIES, FLAGS)


class AnswerPage(NamedTuple):
    """A page of an answer: as it is sent as JSON, its rows as they stand in CSV, and the offset of
    the next page."""

    whole: Struct
    kind: type[Struct]
    rows: Sequence[Struct]
    next: int | None
    compare: Sequence[str] = ()


class Api:
    """What each path answers. Plain functions: Starlette runs them in threads."""

    def __init__(self, live: Live, force_of: ForceOf) -> None:
        self.live, self._force_of = live, force_of

    def routes(self) -> list[Route]:
        """All routes of the API."""
        made_by = zip(PATHS, (self.measures, self.board, self.series, self.flags), strict=True)
        return [
            *(Route(path.path, _answering(path, made)) for path, made in made_by),
            Route("/api/openapi.json", lambda _: _json(document(PATHS))),
        ]

    def measures(self, given: Given) -> AnswerPage:
        """What can be asked for."""
        page, monitor, force = given.page(), self.live.monitor, given.text(p.FORCE)
        forces = [monitor.forces[self._force_of(force)]] if force else monitor.forces.values()
        own = (each for one in forces for each in own_indicators(one).values())
        found = answers.measures(monitor.registry, own, given.text(p.SEARCH))
        shown, after = found[page.offset :][: page.limit], page.after(len(found))
        return AnswerPage(MeasurePage(len(found), shown, after), MeasureShown, shown, after)

    def board(self, given: Given) -> AnswerPage:
        """Figures by indicator, period and area."""
        query, page = self._query(given), given.page()
        question = FigureQuestion(
            given.texts(p.INDICATORS),
            given.texts(p.PERIODS),
            given.texts(p.AREAS, (WHOLE,)),
            given.texts(p.COMPARE),
        )
        rows = AnswerRows(query, question)
        shown, after = list(rows.page(page)), page.after(len(rows))
        at = rfc3339(query.at, query.force.zone)
        whole = FigurePage(query.force.id, at, len(rows), shown, after)
        return AnswerPage(whole, FigureRow, shown, after, question.compare)

    def series(self, given: Given) -> AnswerPage:
        """An indicator by period."""
        asked = SeriesAnswer(
            self._query(given),
            given.text(p.INDICATOR),
            given.choice(p.GRAIN),
            given.text(p.WITHIN),
            given.page(),
            given.text(p.AREA, WHOLE),
        )
        points = list(asked.points())
        whole = asked.whole(points, charted=given.choice(p.CHART) == "yes")
        return AnswerPage(whole, SeriesPoint, points, whole.next)

    def flags(self, given: Given) -> AnswerPage:
        """What stands out in a month."""
        query, page = self._query(given), given.page()
        asked = MonthlyFlags(query, given.text(p.MONTH), given.share(p.RATE))
        whole = asked.page(page)
        return AnswerPage(whole, FlagRow, whole.rows, whole.next)

    def _query(self, given: Given) -> Query:
        force = self._force_of(given.text(p.FORCE) or None)
        try:
            text = given.text(p.AT)
            at = parse_instant(text, self.live.monitor.forces[force].zone) if text else None
        except ValueError as error:
            raise QueryError(str(error)) from None
        self.live.observe(counts=False)
        return self.live.query(force, at)


def _answering(path: Path, made: Callable[[Given], AnswerPage]) -> Callable[[Request], Response]:
    """The endpoint of a path: reads what is given, and writes the answer as it is asked for."""

    def endpoint(request: Request) -> Response:
        try:
            given = Given(request.query_params, path.parameters)
            form = given.choice(p.FORMAT)
            answer = made(given)
        except QueryError as error:
            raise HTTPException(400, str(error)) from None
        headers = {"cache-control": "no-store"}
        if answer.next is not None:
            url = request.url.include_query_params(offset=answer.next)
            headers["link"] = f'<{url.path}?{url.query}>; rel="next"'
        if form == "csv":
            text = csv_text(answer.kind, answer.rows, answer.compare)
            return Response(text, headers=headers, media_type="text/csv; charset=utf-8")
        return _json(answer.whole, headers)

    return endpoint


def _json(content: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), headers=headers, media_type="application/json")
