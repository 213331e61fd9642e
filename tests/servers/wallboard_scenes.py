"""The wallboard in each of its states, over a simulated control room, and pictures of all of them.

python -m tests.servers.wallboard_scenes DIRECTORY    all of them
python -m tests.servers.wallboard_scenes              those of docs/wallboard.md, small

Six weeks are simulated and read, so that the detectors know what is usual; then each scene changes
what the room hears or how its monitor does. Needs Chromium; WATCHROOM_CHROMIUM names one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from streams.board.monitor import Monitor
from streams.config.force import Force, check_force, find_force, shipped_force_text
from streams.periods import DAY, MINUTE
from streams.sources.simulator import Rates, simulate
from streams.state.surveillance import watch_all
from tests.servers.chromium import find
from tests.servers.wallboard_rig import FORCE, START, Room, browser, text

SIZES = ((1920, 1080), (3840, 2160), (1080, 1920), (820, 1180), (390, 844))
DOCS = Path(__file__).parents[2] / "docs"
DOCUMENTED = {
    "wallboard.png": ("breached", 1920, 1080, "dark", 0.6),
    "wallboard-calm.png": ("calm", 1920, 1080, "light", 0.42),
    "wallboard-portrait.png": ("late", 1080, 1920, "dark", 0.3333),
    "wallboard-areas.png": ("areas", 1920, 1080, "dark", 0.5),
    "wallboard-forces.png": ("forces", 1920, 1080, "light", 0.5),
    "wallboard-43-forces.png": ("forces_43", 1920, 1080, "dark", 0.5),
}
"""By file: the state, the size of the screen, its theme, and the scale of the picture."""
WEEKS = 6
SEED = 3
CALM_ROOM = Rates(handlers=1.4)
SETTLED = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  for (let again = 0; again < 2; again += 1) dispatchEvent(new Event("resize"));
  requestAnimationFrame(done);
})))"""
CHUNK = 20_000
"""Lines that are read at once."""


def history(weeks: int = WEEKS) -> bytes:
    """The lines of some weeks up to the evening of the rig, of a room that meets its targets."""
    force = find_force(FORCE)
    made = simulate(force, START - weeks * 7 * DAY, None, SEED, CALM_ROOM)
    return b"\n".join(line for _, line in takewhile(lambda each: each[0] <= START, made))


def simulated_room(lines: bytes) -> Room:
    """A room whose detectors have read these lines."""
    room = Room(monitor=watched())
    every = lines.splitlines()
    for first in range(0, len(every), CHUNK):
        room.live.ingest(b"\n".join(every[first : first + CHUNK]), START)
    room.live.health.simulated = "calls and incidents"
    room.origin = "simulated"
    return room


def watched() -> Monitor:
    """A monitor of the force whose series are watched."""
    made = Monitor([find_force(FORCE)])
    watch_all(made)
    return made


# -- the scenes ------------------------------------------------------------------------------------


def calm(room: Room) -> None:
    """Nothing is beyond its limit."""
    answered = [room.call(-20 - n, -17 - n) for n in range(3)]
    room.take(*answered, *done(room))


def busy(room: Room) -> None:
    """A wait close to its limit, a notice that somebody has."""
    room.take(*(room.call(-9 + 3 * n) for n in range(2)), room.emergency(-1000))
    room.alert("101 calls, Warwickshire, 20:00 to 21:00: 61, expected 20 to 34.", 14, "DI")


def breached(room: Room) -> None:
    """Callers who wait too long, emergencies that nobody has reached, a page that nobody has."""
    room.take(
        *(room.call(-240 * n - 20, -240 * n - (14 if n % 9 else 0)) for n in range(1, 60)),
        *(room.call(-103 + 31 * n) for n in range(3)),
        *(room.call(-44 + 9 * n, line="101") for n in range(4)),
        room.emergency(-1960),
        room.emergency(-1010, area="warwick"),
    )
    room.alert("999 calls, Warwickshire, 20:00 to 21:00: 31, expected 9 to 20.", 12)


def late(room: Room) -> None:
    """The feed of calls is silent."""
    breached(room)
    room.clock.move(12 * MINUTE)
    room.beat("incidents")


def not_ready(room: Room) -> None:
    """The monitor reads back what it missed."""
    breached(room)
    room.live.health.state = "recovering"
    room.live.health.detail = "reading back what came since 20:55"


def replay(room: Room) -> None:
    """Another evening than this one."""
    busy(room)
    room.live.health.replay, room.live.health.speed = True, 60.0


def areas(room: Room) -> None:
    """A district with a page, another with a late emergency, a third close to its limit."""
    breached(room)
    room.take(room.call(-12, area="rugby"), room.emergency(-1010, area="stratford"))
    room.beat(*FEEDS)
    room.alert("999 calls, Rugby, 20:00 to 21:00: 14, expected 1 to 6.", 9, area="rugby")


def several(room: Room, forces: Sequence[str]) -> None:
    """Forces of which a few need somebody, each for another reason."""
    for at, force in enumerate(forces):
        answered = [room.call(-97 * n - 20, -97 * n - 15) for n in range(30 + 7 * at % 40)]
        beats = ({"kind": "heartbeat", "feed": feed, "at": text(room.clock())} for feed in FEEDS)
        room.take(*({**each, "force": force} for each in (*answered, *done(room), *beats)))
        if at % 11 == 1:
            room.take(*(room.call(-103 + 31 * n, force=force) for n in range(3)))
        if at % 13 == 2:
            room.take(room.emergency(-1960, force=force))
        if at % 9 == 5:
            room.take(room.emergency(-1010, force=force))
        if at % 12 == 7:
            room.take(*(room.call(-300 * n - 60, -300 * n - 20, force=force) for n in range(25)))
    name = room.live.monitor.forces[forces[1]].name
    words = f"999 calls, {name}, 20:00 to 21:00: 31, expected 9 to 20."
    room.alert(words, 12, force=forces[1], area_name=name)
    if len(forces) > LATE:
        room.clock.move(4 * MINUTE)
        for at, force in enumerate(forces):
            feeds = FEEDS[1:] if at == LATE else FEEDS
            now = text(room.clock())
            room.take(*({"kind": "heartbeat", "feed": f, "at": now, "force": force} for f in feeds))


def alerts(room: Room) -> None:
    """A page that nobody has, two notices, and twenty states that last for weeks."""
    calm(room)
    room.alert("999 calls, Warwickshire, 20:00 to 21:00: 31, expected 9 to 20.", 12)
    room.alert(
        "101 calls, Warwickshire, 20:00 to 21:00: 61, expected 20 to 34.",
        14,
        "DI",
        severity="notice",
    )
    room.alert(
        "Emergency incidents, Stratford policing area, 20:00 to 21:00: 14, expected 1 to 6.",
        44,
        severity="notice",
    )
    states(room)


def states(room: Room) -> None:
    """Twenty states that last for weeks, and nothing on which anybody has to act now."""
    calm(room)
    for week in range(20):
        words = (
            f"999 calls, Warwickshire: {70 + week} % within 10 s over {week + 4} weeks, "
            "target 90 %. Missed in every week."
        )
        room.alert(words, 60 * 24 * (week + 1), severity="state", lasting=week % 2 == 0)


SCENES: dict[str, Callable[[Room], None]] = {
    "calm": calm,
    "busy": busy,
    "breached": breached,
    "stale": breached,
    "late": late,
    "alerts": alerts,
    "states": states,
    "not_ready": not_ready,
    "replay": replay,
    "simulated": calm,
    "empty": lambda room: room.beat("calls", "incidents"),
    "nothing": lambda _: None,
}
"""By name what each does to a room. In `empty` no record was ever heard of, only heartbeats; in
`nothing` not even these; in `stale` the connection is lost."""
ON_NOTHING = ("empty", "nothing")
FEEDS = "calls", "incidents"
LATE = 20
"""Of many forces, the one of which calls are silent."""
FORCES = [
    each.strip()
    for each in """
    Avon and Somerset, Bedfordshire, Cambridgeshire, Cheshire, City of London, Cleveland, Cumbria,
    Derbyshire, Devon and Cornwall, Dorset, Durham, Dyfed-Powys, Essex, Gloucestershire, Greater
    Manchester, Gwent, Hampshire and Isle of Wight, Hertfordshire, Humberside, Kent, Lancashire,
    Leicestershire, Lincolnshire, Merseyside, Metropolitan Police, Norfolk, North Wales,
    North Yorkshire, Northamptonshire, Northumbria, Nottinghamshire, South Wales, South Yorkshire,
    Staffordshire, Suffolk, Surrey, Sussex, Thames Valley, Warwickshire, West Mercia, West Midlands,
    West Yorkshire, Wiltshire
""".replace("Greater\n    ", "Greater ").split(",")
]
"""The territorial forces of England and Wales."""


def done(room: Room) -> list[dict[str, object]]:
    """Emergencies that were attended."""
    stamps = {"arrived_at": text(room.clock() - 300_000), "updated_at": text(room.clock())}
    return [room.emergency(-860, **stamps)]


@contextmanager
def scene(name: str, lines: bytes | None = None) -> Iterator[Room]:
    """A room in a state; `lines` are its history, without which nothing is known of what is
    usual."""
    room = Room() if lines is None or name in ON_NOTHING else simulated_room(lines)
    made_up = lines is not None or name == "simulated"
    room.live.health.simulated = "calls and incidents" if made_up else None
    try:
        SCENES[name](room)
        yield room
    finally:
        room.stop()


def room_of(names: Sequence[str]) -> Room:
    """A room of forces that are alike but for their names."""
    return Room(monitor=Monitor([renamed(name) for name in names]))


def renamed(name: str) -> Force:
    """The force of the rig under another name."""
    ident = re.sub(r"[^a-z]+", "-", name.lower())
    held = shipped_force_text(FORCE)
    for key, value in (("id", ident), ("name", name), ("partition_group", ident)):
        held = re.sub(rf"^{key} = .*$", f'{key} = "{value}"', held, count=1, flags=re.MULTILINE)
    force, problems = check_force(held, f"{ident}.toml")
    assert force is not None, problems
    return force


@contextmanager
def scene_of(names: Sequence[str]) -> Iterator[Room]:
    """Several forces, of which some need somebody."""
    room = room_of(names)
    room.origin = room.live.health.simulated = "simulated"
    room.live.health.simulated = "calls and incidents"
    try:
        several(room, list(room.live.monitor.forces))
        yield room
    finally:
        room.stop()


BESIDE = {"areas": f"&force={FORCE}&areas", "forces": "&forces=all", "forces_43": "&forces=all"}
"""Screens of several places, and their addresses."""
FEW = ("Warwickshire", "West Mercia", "West Midlands", "Staffordshire", "Leicestershire")


@contextmanager
def beside(name: str, lines: bytes | None = None) -> Iterator[Room]:
    """A room for a screen of several places."""
    if name != "areas":
        with scene_of(FEW if name == "forces" else FORCES) as made:
            yield made
        return
    room = Room() if lines is None else simulated_room(lines)
    try:
        areas(room)
        yield room
    finally:
        room.stop()


def look_beside(page: Page, room: Room, name: str, query: str = "") -> None:
    """Opens a screen of several places and waits until it shows them."""
    page.goto(f"{room.url}/?kiosk{BESIDE[name]}{query}")
    expect(page.locator(".place").nth(4)).to_be_visible()
    expect(page.locator(".place[data-state=unheard]")).to_have_count(0, timeout=120_000)
    page.wait_for_function("document.fonts.ready.then(() => true)")
    settled(page)


def look(page: Page, room: Room, name: str, query: str = "") -> None:
    """Opens the wallboard and waits until it shows a state; then the server of `stale` is gone."""
    page.goto(f"{room.url}/?kiosk{query}")
    expect(page.locator("#tiles")).to_be_visible()
    page.wait_for_function("document.fonts.ready.then(() => true)")
    if name not in ON_NOTHING:
        expect(page.locator(".hour:not(:empty)").first).to_be_attached()
    if name == "stale":
        room.stop()
        expect(page.locator("body.stale")).to_be_visible()
    settled(page)


def settled(page: Page) -> None:
    """Has the tiles laid out for the size that the page has now: by its frame, and twice more as
    happens every quarter of a second, since what one tile needs changes the room of others."""
    page.evaluate(SETTLED)


def pictures(opened: Browser, room: Room, name: str, to: Path) -> None:
    """A picture of a state in each size, dark, and one that is light."""
    shown = look_beside if name in BESIDE else look
    for width, height in SIZES:
        for theme in ("dark", "light") if (width, height) == SIZES[0] else ("dark",):
            context = opened.new_context(viewport={"width": width, "height": height})
            page = context.new_page()
            shown(page, room, name, f"&theme={theme}")
            ending = "" if theme == "dark" else "-light"
            page.screenshot(path=to / f"{name}-{width}x{height}{ending}.png")
            context.close()
            if name == "stale":
                room.start()


def documented(opened: Browser, name: str, room: Room) -> None:
    """The pictures of docs/wallboard.md that are of a state, so small that a checkout stays so."""
    for file, (of, width, height, theme, scale) in DOCUMENTED.items():
        if of == name:
            context = opened.new_context(
                viewport={"width": width, "height": height}, device_scale_factor=scale
            )
            page = context.new_page()
            (look_beside if name in BESIDE else look)(page, room, name, f"&theme={theme}")
            page.screenshot(path=DOCS / file)
            context.close()


def main(to: Path | None) -> None:
    """Writes all pictures into a directory, or those of the documentation."""
    lines = history()
    if to is not None:
        to.mkdir(parents=True, exist_ok=True)
    documented_ones = dict.fromkeys(of for of, *_ in DOCUMENTED.values())
    names = documented_ones if to is None else (*SCENES, *BESIDE)
    with browser(find().path) as opened:
        for name in names:
            with (beside if name in BESIDE else scene)(name, lines) as room:
                if to is None:
                    documented(opened, name, room)
                else:
                    pictures(opened, room, name, to)
            print(name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
