"""Records that are not counted in panes: readings (a figure as reported) and heartbeats."""

from __future__ import annotations

import msgspec

from streams.errors import Refused
from streams.events import Heartbeat, Reading
from streams.force import Force
from streams.periods import to_ms
from streams.records import SKEW, require

MOST_READINGS = 500_000
MOST_FEEDS = 200

_canonical = msgspec.json.Encoder(order="deterministic").encode
Order = tuple[int, int, bytes]


class Readings:
    """The winning version of every reading of one force; the largest Order wins."""

    def __init__(self, force: Force) -> None:
        self.force = force
        self.entries: dict[str, tuple[Order, Reading]] = {}
        self.dirty: set[str] | None = None
        self.watermark = 0
        self.lines = 0

    def taken(self) -> dict[str, int]:
        """How many lines were taken, and how many records it holds."""
        return {"taken": self.lines, "records": len(self.entries)}

    def add(self, event: Reading, appended: int) -> None:
        """Folds one version of a reading; raises `Refused`."""
        updated = to_ms(event.updated_at)
        if updated > appended + SKEW:
            raise Refused("in_the_future", "updated_at is later than the event was received")
        if not event.deleted:
            for field in ("measure", "period"):
                if getattr(event, field) is None:
                    raise require(field)
            if (event.value is None) == (event.numerator is None or event.denominator is None):
                raise Refused("wrong_form", "give a value, or a numerator and a denominator")
            if event.area is not None and event.area.casefold() not in self.force.area_index:
                raise Refused("unknown_area", f'"{event.area}" is no area of {self.force.name}')
        version = updated if event.version is None else event.version
        order = (version, updated, _canonical(event))
        held = self.entries.get(event.id)
        if held is None and len(self.entries) >= MOST_READINGS:
            raise Refused("ledger_full", f"more than {MOST_READINGS} readings")
        if held is None or order > held[0]:
            self.entries[event.id] = (order, event)
            if self.dirty is not None:
                self.dirty.add(event.id)
        self.watermark = max(self.watermark, updated)
        self.lines += 1

    def rows(self) -> list[dict[str, object]]:
        """One row for each (measure, area, period), sorted; the largest Order among its ids."""
        best: dict[tuple[str, str, str], tuple[Order, Reading]] = {}
        for order, event in self.entries.values():
            if not event.deleted:
                key = (event.measure or "", event.area or "", event.period or "")
                if key not in best or order > best[key][0]:
                    best[key] = (order, event)
        rows: list[dict[str, object]] = []
        for (measure, area, period), (_, event) in sorted(best.items()):
            row: dict[str, object] = {"measure": measure, "area": area, "period": period}
            if event.value is not None:
                row["value"] = event.value
            else:
                row["numerator"], row["denominator"] = event.numerator, event.denominator
            rows.append(row)
        return rows


class Heartbeats:
    """The latest heartbeat of each feed of one force, in ms."""

    def __init__(self) -> None:
        self.latest: dict[str, int] = {}
        self.lines = 0

    def taken(self) -> dict[str, int]:
        """How many heartbeats were taken, and from how many feeds."""
        return {"taken": self.lines, "records": len(self.latest)}

    def add(self, event: Heartbeat, appended: int) -> None:
        """Takes a heartbeat; raises `Refused`."""
        at = to_ms(event.at)
        if at > appended + SKEW:
            raise Refused("in_the_future", "at is later than the heartbeat was received")
        if event.feed not in self.latest and len(self.latest) >= MOST_FEEDS:
            raise Refused("too_many_feeds", f"more than {MOST_FEEDS} feeds")
        if at > self.latest.get(event.feed, 0):
            self.latest[event.feed] = at
        self.lines += 1
