"""Draws docs/wallboard.png, the picture in the README: the example evening, and a collision.

python docs/make_wallboard.py

The events of examples/events.ndjson.gz are replayed up to `UNTIL`; then `CALLERS`
more call 999 within three minutes, as after a collision, and each waits longer than the one before:
the alert is the monitor's own. Needs Chromium; set WATCHROOM_CHROMIUM to name one. The letters are those of this machine
(Debian: fonts-inter).
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import shutil
import sys
from os import environ
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.sources.order.replay_clock import ReplayClock
from streams.live import Live
from streams.outputs.web import serve
from streams.periods import MINUTE, rfc3339, to_ms
from streams.sources.event_lines import instant_of

FORCE = "warwickshire"
DOCS = Path(__file__).parent
UNTIL = to_ms(dt.datetime(2022, 1, 14, 18, 10, tzinfo=dt.UTC))
SECONDS, STEP = 8 * 60 + 38, 19
"""How long it goes on after that, and how often it is looked at meanwhile."""
CALLERS = 20
EVERY, LONGER = 9, 20
"""Seconds between two of them, and by how many each waits longer."""


def evening() -> Live:
    """The monitor at the end of the replay."""
    force = find_force(FORCE)
    clock = ReplayClock()
    live = Live(Monitor([force]), clock)
    live.alerts = service = AlertService(live)
    health = live.health
    health.state, health.replay, health.simulated = "live", True, "calls and incidents"
    lines = gzip.decompress((DOCS.parent / "examples" / "events.ndjson.gz").read_bytes())
    events = [(instant_of(line) or 0, line) for line in lines.splitlines()]
    for number in range(CALLERS):
        offered = UNTIL + number * EVERY * 1000
        answered = offered + (number + 1) * LONGER * 1000
        caller = {"kind": "call", "force": FORCE, "id": f"more-{number}", "line": "999"}
        caller["offered_at"] = caller["updated_at"] = rfc3339(offered, force.zone)
        events.append((offered, json.dumps(caller).encode()))
        caller["answered_at"] = caller["updated_at"] = rfc3339(answered, force.zone)
        events.append((answered, json.dumps(caller).encode()))
    events.sort()
    now = events[0][0]
    while now < UNTIL + SECONDS * 1000:
        step = MINUTE if now < UNTIL else STEP * 1000
        due = b"\n".join(line for at, line in events if now < at <= now + step)
        now += step
        live.ingest(due, now)
        clock.advance_to(now)
        service.tick()
    return live


def main(to: Path) -> None:
    chromium = environ.get("WATCHROOM_CHROMIUM") or shutil.which("chromium")
    handle = serve(evening())
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium)
        page = browser.new_page(viewport={"width": 1920, "height": 1080}, color_scheme="dark")
        page.goto(f"{handle.url}/?kiosk")
        expect(page.locator("#tiles")).to_be_visible()
        page.screenshot(path=to)
        browser.close()
    handle.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "wallboard.png")
