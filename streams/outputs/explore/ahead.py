"""`/ahead?force=`: the next hours of calls, and the handlers that they need, as a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from streams.board.model import Board, Handlers, HourAhead, HoursAhead, LineAhead
from streams.live import Live
from streams.outputs.explore.asked import Asked
from streams.outputs.explore.page import Frame, page
from streams.outputs.wallboard.pages import Files
from streams.outputs.web.answers import ForceOf
from streams.outputs.web.markup import Child, Markup, table, tag
from streams.outputs.words import not_known_ahead, unusual_ahead
from streams.registry.phrases import duration, few, percent

NOT_KNOWN = "–"


class AheadPage:
    """What the path answers. A plain function: Starlette runs it in a thread."""

    def __init__(self, live: Live, force_of: ForceOf, files: Files) -> None:
        self.live, self._force_of = live, force_of
        self._files = files

    def routes(self) -> list[Route]:
        """The route of the page."""
        return [Route("/ahead", self.ahead)]

    def ahead(self, request: Request) -> Response:
        """The page of one force; in words why there is none."""
        frame = Frame(self._files.assets, warning=self._files.warning)
        query = request.query_params
        theme = query["theme"] if query.get("theme") in ("dark", "light") else ""
        try:
            force = self._force_of(query.get("force"))
            frame = frame.of_force(self.live, force)
            text, status = ahead_page(frame, theme, self.live.board(force)), 200
        except HTTPException as error:
            said = tag("p", f"{error.detail[:1].upper()}{error.detail[1:]}.", class_="message")
            text, status = page(frame, Asked(theme=theme), "Next hours", said), error.status_code
        return HTMLResponse(text, status, headers={"cache-control": "no-store"})


def ahead_page(frame: Frame, theme: str, board: Board) -> str:
    """The page of a board."""
    asked, title = Asked(force=board.force.id, theme=theme), "Calls in the next 12 hours"
    parts: list[Child] = [tag("h1", f"{title}, {board.force.name}")]
    if board.ahead is None:
        parts.append(tag("p", "Not known: no calls are watched by the hour here.", class_="lead"))
    else:
        parts += (tag("p", said, class_="message") for said in unusual_ahead(board))
        parts += _parts(board.ahead)
    return page(frame, asked, title, *parts)


def _parts(ahead: HoursAhead) -> Iterator[Child]:
    yield tag("p", _lead(ahead), class_="lead")
    yield tag("p", _roster(ahead))
    for each in not_known_ahead(ahead):
        yield tag("p", each)
    if ahead.room:
        yield tag("h2", "All lines together")
        rows = [(h.start[11:16], few(h.expected), *_staff(h.handlers)) for h in ahead.room]
        yield _table("All lines together", ["Hour from", "Calls", *STAFF], rows)
    elif ahead.room_reason and not any(line.reason for line in ahead.lines):
        yield tag("p", f"All lines together: not known, {ahead.room_reason}.")
    for line in ahead.lines:
        if line.hours:
            yield tag("h2", line.name[:1].upper() + line.name[1:])
            yield tag("p", _served(line))
            yield _table(line.name, _headings(line.hours), map(_hour, line.hours))
    yield tag("h2", "How it is reckoned")
    yield tag("p", ABOUT)


def _lead(ahead: HoursAhead) -> str:
    """How far calls were counted, and how busy each line is."""
    said = f"Calls were counted to {ahead.known_to[11:16]}."
    for line in ahead.lines:
        if line.level is not None:
            off = round((line.level - 1.0) * 100)
            busy = (
                "as busy as usual"
                if not off
                else f"{abs(off)} % {'above' if off > 0 else 'below'} usual"
            )
            said += f" {line.line}: {busy}."
    return said


def _roster(ahead: HoursAhead) -> str:
    """Whether the roster is short, of the room or else of single lines."""
    hours = [(each.handlers.short, each.words) for each in ahead.room]
    if all(short is None for short, _ in hours):
        hours = [
            (each.handlers.short, f"{line.line}, {each.words}")
            for line in ahead.lines
            for each in line.hours
        ]
    known = [(short, words) for short, words in hours if short is not None]
    if not known:
        return "The roster is not known: no reading `handlers_rostered` names these hours."
    short = [each for each in known if each[0] > 0]
    if not short:
        return "The roster has enough handlers in every hour that it names."
    most = max(short, key=lambda each: each[0])[1]
    return (
        f"The roster is short in {len(short)} of the {len(known)} hours that it names, most at "
        f"{most}."
    )


def _served(line: LineAhead) -> str:
    """The target of a line, and how its calls are served."""
    said = []
    if line.target is not None:
        said.append(f"Target: {percent(line.target)} within {line.within_seconds} s")
    if line.handling_seconds is not None:
        with_ = "with wrap-up" if line.wrap_up else "without wrap-up, which is not fed"
        said.append(f"a call takes {duration(line.handling_seconds)} {with_}")
        if line.patience_seconds is None:
            said.append("too few gave up to know how long callers wait: an hour is taken")
        else:
            said.append(
                f"callers wait {duration(line.patience_seconds)} on average before they give up"
            )
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


STAFF = ("Handlers needed", "Roster", "Beside it")
ABOUT = (
    "Calls: what this hour of the week usually brings, times how busy the line is now, which wears "
    "off. The intervals hold what comes in 80 and 95 of 100 hours. Handlers: so many that the "
    "target is reached on average over what may come, where calls wait in one queue in the order "
    "in which they came, and callers may give up (Erlang A). Handling time and patience are those "
    "of the last four weeks. Breaks, and handlers who do other work, are not reckoned."
)


def _headings(hours: Sequence[HourAhead]) -> list[str]:
    staffed = any(h.handlers.needed is not None for h in hours)
    return ["Hour from", "Calls", "80 of 100", "95 of 100", *(STAFF if staffed else ())]


def _hour(hour: HourAhead) -> list[Child]:
    shown: list[Child] = [
        hour.start[11:16],
        few(hour.expected),
        f"{hour.low_80:,} to {hour.high_80:,}",
        f"{hour.low_95:,} to {hour.high_95:,}",
    ]
    return shown if hour.handlers.needed is None else [*shown, *_staff(hour.handlers)]


def _staff(handlers: Handlers) -> tuple[Child, Child, Child]:
    needed = NOT_KNOWN if handlers.needed is None else f"{handlers.needed:,}"
    rostered = NOT_KNOWN if handlers.rostered is None else f"{handlers.rostered:g}"
    verdict: Child = ""
    if handlers.short is not None:
        verdict = f"✗ {handlers.short:g} short" if handlers.short > 0 else "✓ enough"
        if handlers.level is not None:
            verdict += f", {percent(round(handlers.level, 2))} in time"
    return needed, rostered, verdict


def _table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[Child]]) -> Markup:
    """A table without the columns that say nothing."""
    listed = [list(row) for row in rows]
    keep = [
        at for at in range(len(headings)) if any(row[at] not in ("", NOT_KNOWN) for row in listed)
    ]
    return table(
        caption, [headings[at] for at in keep], ([row[at] for at in keep] for row in listed)
    )
