"""The routes of the wallboard.

| path | answer |
|---|---|
| `/` | the wallboard; `?force=&area=&kiosk&theme=dark|light`; several `force`, or `areas` |
| `/chart`, `/alert` | one step down: a tile's last hours; an alert, its evidence and who has it |
| `/events?force=` | server-sent events: the board when it changes, else a beat; `&screen=first`,
`&screen=places` |
| `/forces.json`, `/series.json`, `/trends.json`, `/alerts.json` | what the pages ask for |
| `/handover`, `/shift.json` | what was done in the shift, and its handover |
| `/drawing.json` | a chart one step down, in the size of the screen |
| POST `/api/alerts/<id>/<action>` | acknowledge, snooze, close, note, hand_over |
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from streams.alerts.model import AlertList
from streams.board.query import Query
from streams.charts import svg
from streams.config.force import WHOLE
from streams.errors import QueryError
from streams.live import Live
from streams.outputs.instants import parse_instant
from streams.outputs.runbooks import addresses
from streams.outputs.sign_in.access import while_allowed
from streams.outputs.sign_in.least import caller_of
from streams.outputs.sign_in.without_names import nameless, nameless_shift
from streams.outputs.wallboard import alert_actions, drawings, series
from streams.outputs.wallboard.hub import MOST_VIEWERS, Hub
from streams.outputs.wallboard.kept_points import KeptPoints
from streams.outputs.wallboard.screen import FINISHED, late_feed
from streams.outputs.wallboard.trends import Trends
from streams.outputs.wallboard.unknown import Unknown, is_there, unknown
from streams.outputs.wallboard.unknown import shown as unknown_main
from streams.outputs.web.answers import ForceOf, as_json
from streams.outputs.web.readiness import readiness
from streams.registry.dimensions import AREA

STATIC = Path(str(resources.files("streams.outputs.wallboard") / "static"))
CHART = Path(str(resources.files("streams.charts") / svg.CSS_FILE))
"""How charts look, on whichever page they are."""
MOST_HOURS = 24
"""How far back a shift goes, in hours."""
STREAM = {"cache-control": "no-store", "x-accel-buffering": "no"}
"""The headers of an answer that goes on."""


def version() -> str:
    """Tells one release of the pages from another; part of their files' address."""
    digest = hashlib.sha256()
    for path in (*sorted(STATIC.iterdir()), CHART):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


class Files:
    """The pages and what they load, as a release of Watchroom brings them. `warning`: what stands
    at the foot of every page, nothing where there is none."""

    def __init__(self, warning: str = "") -> None:
        self.version, self.warning = version(), warning
        self._texts = {
            path: self.filled((STATIC / name).read_text("utf-8")).replace("{page}", path)
            for path, name in PAGES.items()
        }

    def page(self, path: str) -> Response:
        """The page at a path of `PAGES`."""
        return HTMLResponse(self._texts[path], headers={"cache-control": "no-cache"})

    def nothing(self, found: Unknown) -> Response:
        """The page of an address that names what there is not."""
        text = self.filled((STATIC / "below.html").read_text("utf-8")).replace("{page}", "unknown")
        before, _, rest = text.partition('<main id="main">')
        text = before + unknown_main(found) + rest.partition("</main>")[2]
        return HTMLResponse(text, 404, headers={"cache-control": "no-store"})

    def filled(self, text: str) -> str:
        """A page's text with the addresses of this release's files and of the runbooks."""
        text = text.replace("{runbooks}", html.escape(addresses.base()))
        warning = f'<p class="open">{html.escape(self.warning)}</p>' if self.warning else ""
        text = text.replace("{warning}", warning)
        return text.replace("{assets}", self.assets)

    @property
    def assets(self) -> str:
        """Where what the pages load is."""
        return f"/assets/{self.version}"

    def routes(self) -> list[BaseRoute]:
        """The routes of what the pages load."""
        return [
            Route(f"{self.assets}/{CHART.name}", lambda _: FileResponse(CHART)),
            Mount(self.assets, StaticFiles(directory=STATIC)),
        ]


class Wallboard:
    """What each path answers; `routes` lists them."""

    def __init__(self, live: Live, force_of: ForceOf, files: Files) -> None:
        self.live, self._force_of, self.files = live, force_of, files
        self.hub, self._trends, self._points = Hub(live), Trends(live), KeptPoints()

    def routes(self) -> list[BaseRoute]:
        """All routes of these pages."""
        return [
            *(Route(f"/{path}", self._page(path)) for path in PAGES),
            *self.files.routes(),
            Route("/events", self.events),
            Route("/forces.json", self.forces),
            Route("/series.json", self.series),
            Route("/trends.json", self.trends),
            Route("/drawing.json", self.drawing),
            Route("/alerts.json", self.alerts),
            Route("/shift.json", self.shift),
            Route("/api/alerts/{alert:path}/{action}", self.act, methods=["POST"]),
        ]

    def _page(self, path: str) -> Callable[[Request], Response]:
        def page(request: Request) -> Response:
            found = unknown(self.live, path, request.query_params)
            return self.files.page(path) if found is None else self.files.nothing(found)

        return page

    def forces(self, request: Request) -> Response:
        """The forces that there is something to show of, and the release of the pages; for a front
        also how this process does and why, and every force that it would show if it had its
        share."""
        held, health = self.live.monitor.forces, self.live.health
        how = readiness(health)
        return as_json(
            {
                "forces": [{"id": each, "name": held[each].name} for each in self.live.forces()],
                "known": [{"id": each, "name": force.name} for each, force in held.items()],
                "ready": how.ready,
                "state": how.state,
                "reasons": how.reasons,
                "version": self.files.version,
            }
        )

    async def events(self, request: Request) -> Response:
        """Frames until the viewer leaves."""
        query = request.query_params
        named: list[str | None] = [*dict.fromkeys(query.getlist("force"))]
        # The lock that this waits for is held while a runner folds a batch.
        forces = [await run_in_threadpool(self._force_of, each) for each in named or [None]]
        area = self._area_of(request, forces[0])
        if self.hub.viewers >= MOST_VIEWERS:
            raise HTTPException(503, f"{MOST_VIEWERS} screens are connected; no more are served")
        if query.get("screen") == "places":
            kind, areas = self._kind_of(request, forces), "areas" in query
            frames = self.hub.places(forces, kind=kind, areas=areas)
        else:
            whole, names = query.get("screen") != "first", caller_of(request).sees_names
            frames = self.hub.stream(forces[0], area, whole=whole, names=names)
        frames = while_allowed(request, frames)
        return StreamingResponse(frames, headers=STREAM, media_type="text/event-stream")

    def _kind_of(self, request: Request, forces: list[str]) -> str | None:
        """The kind of area that a request names; raises an `HTTPException` where a force has none
        of these, or none of them is there now."""
        kind = request.query_params.get("areas") or None
        if "areas" in request.query_params and len(forces) > 1:
            raise HTTPException(400, "areas are those of one force: name one")
        of = self.live.monitor.forces[forces[0]]
        kinds = list(dict.fromkeys(each.kind for each in of.areas if each is not None))
        if "areas" in request.query_params and (not kinds or kind not in (None, *kinds)):
            known = f"only: {', '.join(kinds)}" if kinds else "it has no areas"
            raise HTTPException(404, f'no areas of kind "{kind or ""}" in {of.name}, {known}')
        if "areas" in request.query_params and not is_there(self.live, of, kind):
            of_kind = f' of kind "{kind}"' if kind else ""
            raise HTTPException(404, f"no area{of_kind} in {of.name} has opened and not closed yet")
        return kind

    def _area_of(self, request: Request, force: str) -> str | None:
        """The area that a request names by its id; raises an `HTTPException` for none of these."""
        area = request.query_params.get("area") or None
        of = self.live.monitor.forces[force]
        areas = [each.id for each in of.areas if each is not None]
        if area is not None and area not in areas:
            known = f"only: {', '.join(areas)}" if areas else "it has none"
            raise HTTPException(404, f'no area "{area}" in {of.name}, {known}')
        return area

    def series(self, request: Request) -> Response:
        """A figure by hour; `chart` names one of the tiles, else `group` and `measure`."""
        query = dict(request.query_params)
        force = self._force_of(query.pop("force", None))
        chart = query.pop("chart", "")
        if chart and chart not in series.MEASURES:
            raise HTTPException(400, f'no chart "{chart}", only: {", ".join(series.MEASURES)}')
        group, measure = series.MEASURES.get(chart, ("", ""))
        group, measure = query.pop("group", group), query.pop("measure", measure)
        if not (group and measure):
            raise HTTPException(400, "name a chart, or a group and a measure")
        try:
            return as_json(series.hours(self.live, force, group, measure, query))
        except ValueError as error:
            raise HTTPException(400, str(error)) from None

    def trends(self, request: Request) -> Response:
        """The last hours of each tile of a force or one of its areas, as charts."""
        force = self._force_of(request.query_params.get("force"))
        return as_json(self._trends.of(force, self._area_of(request, force)))

    def drawing(self, request: Request) -> Response:
        """A chart in a size: of the alert `id`, or of a figure (`chart`, or `group`, `measure` and
        dimensions) over `hours` up to now, or `from` an instant `to` another. Null where an alert
        is about no count that grows."""
        query = dict(request.query_params)
        force = self._force_of(query.pop("force", None))
        area = self._area_of(request, force) or WHOLE
        try:
            size = drawings.size_of(*(query.pop(each, "0") for each in ("width", "height")))
            self.live.observe(counts=False)
            asked = Query(self.live.monitor, force, None, self.live.lock)
            found = (
                self._of_alert(asked, query["id"], size)
                if "id" in query
                else self._of_figure(asked, query, area, size)
            )
        except (QueryError, ValueError) as error:
            raise HTTPException(400, str(error)) from None
        return as_json(found)

    def _of_alert(
        self, asked: Query, ident: str, size: tuple[float, float]
    ) -> drawings.Drawing | None:
        held = alert_actions.history(self.live, asked.force.id, None, None)
        found = next((each for each in held if each.id == ident), None)
        if found is None:
            raise HTTPException(404, f'no alert "{ident}" in {asked.force.name}')
        return drawings.of_alert(asked, found, size)

    def _of_figure(
        self, asked: Query, query: dict[str, str], area: str, size: tuple[float, float]
    ) -> drawings.Drawing:
        force, zone = asked.force.id, asked.force.zone
        start, end = (
            parse_instant(query[each], zone) if query.get(each) else None for each in ("from", "to")
        )
        hours = int(query.get("hours") or series.HOURS)
        group, measure = series.MEASURES.get(query.get("chart", ""), ("", ""))
        group, measure = query.get("group", group), query.get("measure", measure)
        _, dimensions = series.declared(asked.registry, group, measure)
        row = {each: query[each] for each in dimensions if each in query and each != AREA}
        indicator = asked.indicator(drawings.address(group, measure, row))
        window = drawings.Window.of(asked.at, start, end, hours)
        alerts = alert_actions.history(self.live, force, window.start, None)
        made = drawings.of_figure(asked, indicator, window, area, alerts, size, self._points)
        kind = asked.registry.require("a chart", group, measure)[0].kind
        finished = self.live.health.shown[0] == FINISHED
        made.late = late_feed(self.live.feeds(force), kind, finished=finished)
        return made

    def alerts(self, request: Request) -> Response:
        """The alerts of a force, open ones and old ones."""
        query = request.query_params
        force = self._force_of(query.get("force"))
        self._area_of(request, force)
        zone = self.live.monitor.forces[force].zone
        try:
            since = parse_instant(query["since"], zone) if query.get("since") else None
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        if (state := query.get("state") or None) not in (None, "open", "resolved"):
            raise HTTPException(400, "state is open or resolved")
        found = alert_actions.history(self.live, force, since, state)
        if wanted := query.get("id"):
            found = [alert for alert in found if alert.id == wanted]
        if not caller_of(request).sees_names:
            found = [nameless(alert) for alert in found]
        return as_json(AlertList(alerts=found))

    def shift(self, request: Request) -> Response:
        """What was done in the last `hours` (12, at most 24), and what is open."""
        force = self._force_of(request.query_params.get("force"))
        hours = request.query_params.get("hours") or "12"
        if not hours.isdecimal() or len(hours) > 2 or not 1 <= int(hours) <= MOST_HOURS:
            raise HTTPException(400, f"hours are 1 to {MOST_HOURS}")
        log = alert_actions.log_of(self.live, force, int(hours))
        return as_json(log if caller_of(request).sees_names else nameless_shift(log))

    async def act(self, request: Request) -> Response:
        """What a person does about an alert."""
        alert, action = request.path_params["alert"], request.path_params["action"]
        caller, sent = caller_of(request), await alert_actions.body_of(request)
        done = await run_in_threadpool(
            alert_actions.act, self.live, alert, action, sent, caller.name
        )
        if not caller.sees_names:
            done = done.without_names()
        return as_json(done)


PAGES = {
    "": "wallboard.html",
    "chart": "below.html",
    "alert": "below.html",
    "handover": "below.html",
}
"""The file of the page at each path; a page below the wallboard loads the script of its path."""
