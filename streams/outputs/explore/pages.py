"""The routes of Explore.

| path | answer |
|---|---|
| `/explore?force=&measure=&area=&grain=&from=&to=&at=` | a figure over months and years |
| `/chart.svg` with the same | its chart alone, as a file |
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from streams.alerts.model import Alert
from streams.board.query import Query
from streams.charts.layout import layout
from streams.charts.svg import standalone
from streams.config.force import WHOLE
from streams.errors import QueryError
from streams.live import Live
from streams.outputs.explore.asked import Asked
from streams.outputs.explore.figures import Explored, found, named
from streams.outputs.explore.page import (
    Frame,
    choice_page,
    figure_page,
    force_page,
    refused_page,
)
from streams.outputs.instants import parse_instant
from streams.outputs.wallboard.pages import Files
from streams.outputs.web.answers import ForceOf

FILE = (840, 370)
"""The size of a chart as a file."""


class Explore:
    """What each path answers. Plain functions: Starlette runs them in threads."""

    def __init__(self, live: Live, force_of: ForceOf, files: Files) -> None:
        self.live, self._force_of = live, force_of
        self._files = files

    def routes(self) -> list[Route]:
        """All routes of Explore."""
        return [Route("/explore", self.explore), Route("/chart.svg", self.file)]

    def explore(self, request: Request) -> Response:
        """A figure; what there is to choose from where none is named; or why it can't be shown."""
        frame = Frame(self._files.assets, warning=self._files.warning)
        asked = Asked()
        try:
            asked = Asked.of(request.query_params)
            return self._html(*self._page(frame, asked))
        except QueryError as error:
            return self._html(refused_page(frame, asked, str(error)), 400)
        except HTTPException as error:
            forces = {each: self.live.monitor.forces[each].name for each in self.live.forces()}
            if forces and not asked.force:
                return self._html(force_page(frame, asked, forces))
            return self._html(refused_page(frame, asked, error.detail), error.status_code)

    def _page(self, frame: Frame, asked: Asked) -> tuple[str, int]:
        """The page, and its status: 404 where there is no such area or measure."""
        query = self._query(asked)
        frame = frame.of_force(self.live, query.force.id)
        asked = asked._replace(force=query.force.id)
        try:
            query.area(asked.area)
        except QueryError as error:
            areas = ", ".join(each.id for each in query.force.areas if each is not None)
            why = f"{error}. There are: {areas}" if areas else f"{error}. It has none"
            return refused_page(frame, asked._replace(area=WHOLE), why), 404
        every = found(query, "")
        indicator = named(query, asked.measure) if asked.measure else None
        if indicator is None:
            listed = found(query, asked.measure)
            if len(listed) != 1 or not asked.measure:
                page = choice_page(frame, query, asked, every, listed)
                return page, 200 if listed else 404
            indicator = query.indicator(listed[0].name)
        shown = Explored(query, asked, indicator, self._alerts(query))
        return figure_page(frame, shown, every), 200

    def file(self, request: Request) -> Response:
        """The chart of a figure as a file; raises an `HTTPException` for what there is not."""
        try:
            asked = Asked.of(request.query_params)
            query = self._query(asked)
            indicator = query.indicator(asked.measure)
            chart = Explored(query, asked, indicator, self._alerts(query)).chart
        except QueryError as error:
            raise HTTPException(400, str(error)) from None
        text = standalone(layout(chart, *FILE, "print"))
        return Response(text, headers={"cache-control": "no-store"}, media_type="image/svg+xml")

    def _query(self, asked: Asked) -> Query:
        force = self._force_of(asked.force or None)
        zone = self.live.monitor.forces[force].zone
        try:
            at = parse_instant(asked.at, zone) if asked.at else None
        except ValueError as error:
            raise QueryError(str(error)) from None
        self.live.observe(counts=False)
        return self.live.query(force, at)

    def _alerts(self, query: Query) -> Iterable[Alert]:
        alerts = self.live.alerts
        return () if alerts is None else alerts.history(query.force.id)

    def _html(self, text: str, status: int = 200) -> Response:
        return HTMLResponse(text, status, headers={"cache-control": "no-store"})
