"""What of a history would count where it is published, and what would come too late.

A worker refuses a new record of a period that is older than the horizon of its kind, reckoned from
the newest update that it holds. So history is looked through before any of it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from streams.errors import Refused
from streams.events.lenient import decode
from streams.events.schema import Versioned
from streams.fold.ledger import WHOLE_HORIZON
from streams.fold.panes import end_of_record
from streams.periods import Calendar, rfc3339, to_ms
from streams.registry.packing import Packer
from streams.registry.registry import REGISTRY
from streams.sources.event_lines import Chunk
from streams.sources.order.play import Judge

Whose = tuple[str, str]
"""A kind of record and a force, by id."""


@dataclass
class Late:
    """Rows that would be refused as sealed."""

    rows: dict[Whose, dict[tuple[str, int], int]] = field(default_factory=dict)
    """By origin and line which record each is of, as a hash."""
    bounds: dict[Whose, int] = field(default_factory=dict)
    """From which instant (ms) on a new record counted when the first of them came."""

    @property
    def count(self) -> int:
        """How many rows."""
        return sum(map(len, self.rows.values()))

    def leave_out_known(self, ids: Callable[[str, str], Iterable[str]]) -> None:
        """Takes out the rows of records that are known where they are to go: a version of one
        counts however late it comes. `ids` gives those that are held of a (kind, force)."""
        for whose, rows in list(self.rows.items()):
            late = set(rows.values())
            known = late.intersection(map(hash, ids(*whose)))
            left = {row: record for row, record in rows.items() if record not in known}
            if left:
                self.rows[whose] = left
            else:
                del self.rows[whose], self.bounds[whose]


def late_rows(chunks: Iterable[Chunk], judge: Judge, newest: Callable[[str, str], int]) -> Late:
    """The rows of a play (its lines in order) that a worker would refuse as sealed, where the feed
    of a (kind, force) has got as far as `newest` says, in ms."""
    late = Late()
    watermarks: dict[Whose, int] = {}
    known: dict[Whose, set[int]] = {}
    for chunk in chunks:
        for index, line in enumerate(chunk.lines()):
            event = _record(line)
            packer = judge.packer(event) if event is not None else None
            if event is None or packer is None:
                continue
            whose = packer.kind.name, event.force
            watermark = watermarks[whose] if whose in watermarks else newest(*whose)
            record = hash(event.id)
            if record not in known.setdefault(whose, set()):
                bound = _sealed(packer, judge.calendars[event.force], event, watermark)
                if bound is None:
                    known[whose].add(record)
                else:
                    origin = chunk.origin if chunk.origins is None else chunk.origins[index]
                    rows = late.rows.setdefault(whose, {})
                    rows[origin, chunk.line_numbers[index]] = record
                    late.bounds.setdefault(whose, bound)
            watermarks[whose] = max(watermark, to_ms(event.updated_at))
    return late


def in_words(late: Late, rows: int, prefix: str) -> str:
    """Why the history is not sent, and what to do."""
    bounds = ", ".join(
        f"{kind}s of {force} from before {rfc3339(at)[:10]}"
        for (kind, force), at in sorted(late.bounds.items())
    )
    return (
        f"{late.count:,} of {rows:,} rows would be refused there as sealed ({bounds}): they "
        "are new, and older than the horizon behind the newest record of their feed. Nothing was "
        f"sent. Publish history before the feed starts, or into topics of its own: watchroom "
        f"topics create --prefix {prefix}-history, then publish with --prefix {prefix}-history"
    )


def _record(line: bytes) -> Versioned | None:
    try:
        event = decode(line, REGISTRY.decode_line)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is refused when it is sent
        return None
    return event if isinstance(event, Versioned) else None


def _sealed(packer: Packer, calendar: Calendar, event: Versioned, watermark: int) -> int | None:
    """The instant before which records are sealed, where a record lies before it; else None."""
    if event.deleted or not watermark:
        return None
    try:
        when, precision = packer.when_of(packer.pack(event, to_ms(event.updated_at)))
    except Refused:
        return None
    horizon = max(packer.kind.horizon, WHOLE_HORIZON) if precision else packer.kind.horizon
    before = calendar.start("day", max(0, watermark - horizon))
    return before if end_of_record(calendar, when, precision) <= before else None
