"""A wallboard to look at: a real server over a monitor whose feeds and clock the test moves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from streams.alerts.model import Alert, Evidence, Transition, instant
from streams.alerts.service import AlertService
from streams.board.model import Board
from streams.board.monitor import Monitor
from streams.config.force import Force, check_force, find_force, shipped_force_text
from streams.live import Live
from streams.outputs.monitor_server import serve
from streams.outputs.wallboard.hub import Hub
from streams.outputs.web.running import Running
from streams.periods import MINUTE, rfc3339
from tests.servers.process import PATIENCE

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FORCE = "warwickshire"
START = 1_642_194_600_000
"""Friday 14 January 2022, 21:10 GMT."""


class Clock:
    """A clock that stands until it is moved, or runs as fast as real time."""

    def __init__(self, now: int) -> None:
        self._base = now
        self._since: float | None = None

    def __call__(self) -> int:
        """The instant in ms."""
        if self._since is None:
            return self._base
        return self._base + round((time.monotonic() - self._since) * 1000)

    def run(self) -> None:
        """From now on it runs."""
        self._base, self._since = self(), time.monotonic()

    def move(self, milliseconds: int) -> None:
        """Moves it forward."""
        self._base += milliseconds


class Room:
    """A control room of one evening, with its wallboard served."""

    def __init__(
        self, port: int = 0, monitor: Monitor | None = None, tiles: list[str] | None = None
    ) -> None:
        self.clock = Clock(START)
        self.live = Live(monitor or Monitor([with_tiles(tiles)]), self.clock)
        self.live.health.state, self.live.health.detail = "live", "reading as lines arrive"
        self.live.alerts = self.service = AlertService(self.live)
        self.handle: Running = serve(self.live, port=port)
        self.url = self.handle.url
        self.origin: str | None = None
        """What its records say of where they come from."""
        self._number = 0

    @property
    def hub(self) -> Hub:
        """What its screens share."""
        hub: Hub = self.handle.made.state.hub
        return hub

    def take(self, *records: dict[str, Any]) -> None:
        """Folds records as they arrive now."""
        made_up = {} if self.origin is None else {"origin": self.origin}
        lines = "\n".join(json.dumps({"force": FORCE, **made_up, **record}) for record in records)
        refused = self.live.ingest(lines.encode(), self.clock() + MINUTE)
        if refused:
            raise ValueError(refused)

    def call(self, offered: int, answered: int | None = None, **more: Any) -> dict[str, Any]:
        """A 999 call, in seconds from now; without `answered` it waits."""
        self._number += 1
        stamps = {"offered_at": offered} | ({} if answered is None else {"answered_at": answered})
        dated = {name: text(self.clock() + at * 1000) for name, at in stamps.items()}
        updated = text(self.clock() + max(stamps.values()) * 1000)
        name = f"c{self._number}"
        return {
            "kind": "call",
            "id": name,
            "line": "999",
            "updated_at": updated,
            **dated,
            **more,
        }

    def emergency(self, opened: int, **more: Any) -> dict[str, Any]:
        """An emergency that nobody has attended yet."""
        self._number += 1
        at = text(self.clock() + opened * 1000)
        return {
            "kind": "incident",
            "id": f"i{self._number}",
            "opened_at": at,
            "updated_at": at,
            "grade": "emergency",
            "category": "domestic",
            "area": "rugby",
            **more,
        }

    def beat(self, *feeds: str) -> None:
        """Heartbeats of now."""
        now = text(self.clock())
        self.take(*({"kind": "heartbeat", "feed": feed, "at": now} for feed in feeds))

    def evening(self, waiting: int = 3) -> None:
        """A busy evening up to now."""
        calls = [self.call(-240 * n - 20, -240 * n - (14 if n % 9 else 0)) for n in range(1, 60)]
        calls += [self.call(-103 + 31 * n) for n in range(waiting)]
        jobs = [self.emergency(-860), self.emergency(-214, area="warwick")]
        self.take(*calls, *jobs)
        self.beat("calls", "incidents")

    def alert(
        self, words: str, minutes: int, owner: str | None = None, force: str = FORCE, **more: Any
    ) -> str:
        """An alert that was opened so many minutes ago; its id."""
        zone = find_force(FORCE).zone
        opened = instant(self.clock() - minutes * MINUTE, zone)
        who = "Nobody has this yet." if owner is None else f"{owner} has this."
        made = Alert(
            id=f"{force}/exceptional_volume/calls.offered/line=999/force/up/{opened.isoformat()}",
            force=force,
            kind="exceptional_volume",
            severity="page",
            direction="up",
            group="calls",
            measure="offered",
            row={"line": "999"},
            area="force",
            area_name="Warwickshire",
            title="999 calls, Warwickshire",
            grain="hour",
            opened_at=opened,
            updated_at=opened,
            words=f"{words} {who}",
            said=(words,),
            evidence=Evidence(
                observed=31,
                expected=14.2,
                lower=6,
                upper=23,
                probability=2.34e-5,
                method="surprise",
                period="2022-01-14T20+00:00",
                start=instant(START - 70 * MINUTE, zone),
                end=instant(START - 10 * MINUTE, zone),
            ),
            owner=owner,
        )
        made = msgspec.structs.replace(made, **more)
        self.service.restore([Transition(what="opened", at=opened, alert=made)])
        return made.id

    def alerts(self) -> dict[str, Alert]:
        """All alerts by id."""
        return {alert.id: alert for alert in self.service.history(FORCE)}

    def figures(self) -> Board:
        """The board as it is now."""
        return self.live.board(FORCE)

    def stop(self) -> None:
        """Ends the server."""
        self.handle.stop()

    def start(self) -> None:
        """Serves again, at the same address."""
        self.handle = serve(self.live, port=self.handle.port)


def with_tiles(tiles: list[str] | None) -> Force:
    """The force, with the tiles that its file chooses."""
    if tiles is None:
        return find_force(FORCE)
    text = f"{shipped_force_text(FORCE)}\n[wallboard]\ntiles = {json.dumps(tiles)}\n"
    force, problems = check_force(text, "mine.toml")
    assert force is not None, problems
    return force


def text(at: int) -> str:
    """An instant on the clock of the force."""
    return rfc3339(at, find_force(FORCE).zone)


@contextmanager
def room(
    fill: Callable[[Room], None] = Room.evening, tiles: list[str] | None = None
) -> Iterator[Room]:
    """A room, filled; its server ends with the block."""
    made = Room(tiles=tiles)
    try:
        fill(made)
        yield made
    finally:
        made.stop()


@contextmanager
def browser(chromium: Path) -> Iterator[Browser]:
    """A real browser without a window, driven by Playwright, on a machine that may be busy."""
    expect.set_options(timeout=5_000 * PATIENCE)
    with sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=chromium, args=["--disable-gpu", "--disable-dev-shm-usage"]
        )
        try:
            yield opened
        finally:
            opened.close()


class Screens:
    """Opens pages of a server, of one size where none is given, and keeps what their console says.
    `cut`: the test may cut connections, which is said there too."""

    def __init__(self, opened: Browser, url: str, width: int, height: int, *, cut: bool) -> None:
        self.missing = set[str]()
        """The paths that are asked for though there is nothing: a browser says so of each."""
        self._browser, self._url, self._size, self._cut = opened, url, (width, height), cut
        self._contexts: list[BrowserContext] = []
        self._said: list[tuple[str, str]] = []

    def __call__(
        self,
        path: str = "/",
        width: int | None = None,
        height: int | None = None,
        *,
        missing: bool = False,
        **more: Any,
    ) -> Page:
        """A page of the server; `missing` where there is none at the path. `more` is what a browser
        is told of its screen."""
        self.missing.update([path] * missing)
        size = ViewportSize(width=width or self._size[0], height=height or self._size[1])
        self._contexts.append(self._browser.new_context(viewport=size, **more))
        page = self._contexts[-1].new_page()
        page.on("console", lambda said: self._said.append((said.text, said.location["url"])))
        page.on("pageerror", lambda error: self._said.append((str(error), "")))
        page.goto(f"{self._url}{path}")
        return page

    def close(self) -> None:
        """Closes all of them."""
        for each in self._contexts:
            each.close()

    def said(self) -> list[str]:
        """What their console said, but for what the test brought about."""
        missing = {f"{self._url}{path}" for path in self.missing}
        return [
            text
            for text, url in self._said
            if not ("404 (Not Found)" in text and url in missing)
            and not (self._cut and "net::ERR_" in text)
        ]


@contextmanager
def screens(
    opened: Browser, url: str, width: int, height: int, *, cut: bool = False
) -> Iterator[Screens]:
    """Pages of a server that close with the block; a message on the console of one fails it."""
    made = Screens(opened, url, width, height, cut=cut)
    try:
        yield made
    finally:
        made.close()
    assert made.said() == []


def faults(page: Page) -> list[str]:
    """What axe finds, by rule and element."""
    found = Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]})
    return [
        f"{broken['id']}: {node['target']} {node['failureSummary']}"
        for broken in found.response["violations"]
        for node in broken["nodes"]
    ]
