"""The figures of the public screen, of which the small ones are left out.

Of a force: calls by line with the share answered in time, and incidents by area and by category, of
today and of this month before today; crimes by area and by offence, of this month, as many are
known by their month alone. Nothing else that a board has is looked at: no alert, no waiting caller,
no duration, no figure of people.

No two windows of one figure have a day in common: a month is no less than a day of it, by which one
would tell of the other.

A feed that is late, or a worker that is not ready, has figures to an instant before now: they say
to when. A window that its feed has not reached has no figure: none of its records were counted, so
that a zero would say what nobody knows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from streams.board.model import Board, PeriodFigures, Row, Status
from streams.config.force import WHOLE
from streams.outputs.public.small_numbers import Sum, TableEntry, hidden
from streams.outputs.wallboard.screen import feeds_shown
from streams.registry.aggregates import UNKNOWN_RATIO, Ratio
from streams.registry.dimensions import ALL

PUBLIC_WINDOWS = {
    "today": "Today so far",
    "month_before_today": "This month before today",
    "month": "This month so far",
}
APART = ("today", "month_before_today")
"""Windows that have no day in common."""
TOTAL: TableEntry = (ALL,)


class Counted(NamedTuple):
    """A count that is taken apart by area and by a dimension."""

    title: str
    group: str
    kind: str
    dimension: str
    windows: tuple[str, ...]


COUNTED = (
    Counted("Incidents", "incidents", "incident", "category", APART),
    Counted("Crimes", "crimes", "crime", "offence", ("month",)),
)


class PublicRow(msgspec.Struct, omit_defaults=True):
    """A row: a name, its count where it is shown, and else why not: `not_yet` where no record of
    the window has come. `share` is in whole percent."""

    name: str
    count: int | None = None
    hidden: Literal["few", "withheld", "not_yet"] | None = None
    share: int | None = None


class PublicTable(msgspec.Struct, omit_defaults=True):
    """A table of the screen; its first row is the total where it has one. `to` is the minute to
    which records have come, where that is before the end of the window and before now."""

    window: str
    title: str
    by: str
    rows: list[PublicRow]
    to: str | None = None

    @property
    def reached(self) -> bool:
        """Whether any record of the window can have come."""
        return all(row.hidden != "not_yet" for row in self.rows)


class PublicFigures(msgspec.Struct):
    """All that the screen shows. `below`: counts above 0 and below it are not shown. `notices` say
    first what these figures are not: real, of now, or whole."""

    force: str
    at: str
    below: int
    tables: list[PublicTable]
    notices: list[str]


class _Window(NamedTuple):
    """A window of a board, or what of it is not in another that lies within it."""

    name: str
    figures: PeriodFigures
    within: PeriodFigures | None = None

    @property
    def end(self) -> str | None:
        """Where it ends, if before now."""
        return None if self.within is None else self.within.start


class _Reach(NamedTuple):
    """How far the records of a kind have come; `as_of` is None where none has."""

    as_of: str | None
    behind: bool
    """Whether that is too long ago to be taken for now."""

    def before(self, instant: str) -> bool:
        """Whether no record of this instant or a later one has come."""
        return self.as_of is None or _instant(self.as_of) < _instant(instant)

    @property
    def minute(self) -> str | None:
        """To the minute: when the last record came is nobody's business."""
        if self.as_of is None:
            return None
        return _instant(self.as_of).replace(second=0, microsecond=0).isoformat()


def public_figures(board: Board, below: int) -> PublicFigures:
    """The figures of a board; raises ValueError for a limit below 3."""
    tables: list[PublicTable] = []
    reaches = _reaches(board)
    for window in _windows(board):
        if window.name in APART:
            tables += _to_reach(_lines(board, window, below), window, reaches.get("call"))
        for counted in COUNTED:
            if window.name in counted.windows:
                reach = reaches.get(counted.kind)
                found = _counted(board, window, counted, below)
                if reach is not None and reach.before(window.figures.start):
                    # No table would say that there was none.
                    all_ = [PublicRow("All")]
                    found = iter([PublicTable(window.name, counted.title, counted.dimension, all_)])
                tables += _to_reach(found, window, reach)
    notices = [*_origin(board.status), *_lateness(board, tables)]
    return PublicFigures(board.force.name, board.at, below, tables, notices)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _reaches(board: Board) -> dict[str, _Reach]:
    """By kind of record, of those of which anything was heard. A heartbeat says that there was
    nothing to send; of a worker that has not read all that was sent it says nothing."""
    ready = board.status is None or board.status.ready
    found = {}
    for feed in feeds_shown(board):
        own = board.feeds.get(feed.kind)
        as_of = feed.as_of if ready else None if own is None else own.as_of
        found[feed.kind] = _Reach(as_of, feed.late or not ready)
    return found


def _to_reach(
    tables: Iterable[PublicTable], window: _Window, reach: _Reach | None
) -> Iterator[PublicTable]:
    """The tables with no figure that is of a time which no record has come of."""
    for each in tables:
        if reach is not None and reach.before(window.figures.start):
            each.rows = [PublicRow(row.name, hidden="not_yet") for row in each.rows]
            each.to = reach.minute
        elif reach is not None and reach.behind and (not window.end or reach.before(window.end)):
            each.to = reach.minute
        yield each


def _origin(status: Status | None) -> Iterator[str]:
    """What is not real or not of now, as every page says it."""
    if status is None:
        return
    if status.replay:
        yield "Replay, not live."
    elif status.state == "finished":
        yield "Ended, not live."
    if status.mixed:
        yield f"Not to be relied on: live and made-up {status.mixed} in one."
    if status.simulated:
        yield f"Simulated, not real: {status.simulated}."
    if status.replayed:
        yield f"Replayed records, not live: {status.replayed}."


def _lateness(board: Board, tables: Iterable[PublicTable]) -> Iterator[str]:
    """Which figures end before now, and when."""
    if board.status is not None and not board.status.ready:
        yield "Not all records are counted yet."
    for title, to in dict.fromkeys((each.title, each.to) for each in tables if each.to):
        yield f"{title} are known only to {minute(to or '', board.at)}."


def minute(instant: str, at: str) -> str:
    """An instant to the minute, with its day unless that is the day of `at`.

    >>> minute("2026-11-28T23:51:00Z", "2026-11-29T00:01:00Z")
    '2026-11-28 23:51'
    >>> minute("2026-11-29T00:00:00Z", "2026-11-29T00:01:00Z")
    '00:00'
    """
    day, _, time = instant[:16].partition("T")
    return time if at.startswith(day) else f"{day} {time}"


def _windows(board: Board) -> Iterator[_Window]:
    """Those that a board has; on the first day of a month nothing of it is before today."""
    today, month = board.windows.get("today"), board.windows.get("month")
    if today is not None:
        yield _Window("today", today)
        if month is not None and month.start != today.start:
            yield _Window("month_before_today", month, within=today)
    if month is not None:
        yield _Window("month", month)


def shown(row: PublicRow, below: int) -> str:
    """A count in words."""
    if row.hidden == "not_yet":
        return "not known yet"
    if row.hidden is not None:
        return f"fewer than {below}" if row.hidden == "few" else "not shown"
    return "not known" if row.count is None else f"{row.count:,}"


def as_csv(figures: PublicFigures) -> str:
    """The same as CSV; a count that is not shown is blank, and the note says why. What holds of all
    figures stands in each row, since rows are taken out of their file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    headings = ["window", "figure", "by", "name", "count", "note", "answered_in_time_percent"]
    writer.writerow([*headings, "to", "about"])
    about = " ".join(figures.notices)
    for table in figures.tables:
        for row in table.rows:
            note = shown(row, figures.below) if row.count is None else ""
            place = [table.window, table.title, table.by, row.name]
            writer.writerow([*place, row.count, note, row.share, table.to, about])
    return out.getvalue()


def _lines(board: Board, window: _Window, below: int) -> Iterator[PublicTable]:
    """Calls by line. No total of the lines stands anywhere."""
    rows = []
    for line, (number, ratio) in _calls(window).items():
        if line in board.definitions.lines:
            few = number is not None and 0 < number < below
            rows.append(
                PublicRow(
                    board.definitions.lines[line].name,
                    None if few else number,
                    "few" if few else None,
                    None if few else _share(ratio, below),
                )
            )
    if rows:
        yield PublicTable(window.name, "Calls", "line", rows)


def _calls(window: _Window) -> dict[str, tuple[int | None, Ratio]]:
    """By line the calls offered, and the share answered in time."""

    def of(figures: PeriodFigures) -> dict[str, tuple[int | None, Ratio]]:
        return {
            row.dimension_of("line"): (row.count_of("offered"), row.ratio_of("service_level"))
            for row in figures.rows("calls") or ()
            if row.dimension_of("area") == WHOLE
        }

    every = of(window.figures)
    if window.within is None:
        return every
    left_out = of(window.within)  # which has each line that is known
    none: tuple[int | None, Ratio] = None, UNKNOWN_RATIO
    return {
        line: (
            _less(number, left_out.get(line, none)[0]),
            _rest(ratio, left_out.get(line, none)[1]),
        )
        for line, (number, ratio) in every.items()
    }


def _less(number: int | None, part: int | None) -> int | None:
    """A number without a part of it. None where one of them is not known, or the part is larger:
    the totals of a month may be older than the records of its last day."""
    return None if number is None or part is None or part > number else number - part


def _rest(ratio: Ratio, part: Ratio) -> Ratio:
    """A share without the cases of a part."""
    numerator = _less(ratio.numerator, part.numerator)
    denominator = _less(ratio.denominator, part.denominator)
    if numerator is None or denominator is None or numerator > denominator:
        return UNKNOWN_RATIO
    return Ratio.of(numerator, denominator)


def _share(ratio: Ratio, below: int) -> int | None:
    """A share in whole percent; None where those that it counts, or the others, are few."""
    if ratio.value is None or ratio.numerator is None or ratio.denominator is None:
        return None
    parts = (ratio.numerator, ratio.denominator - ratio.numerator)
    if any(0 < part < below for part in parts):
        return None
    return round(100 * ratio.value)


def _counted(board: Board, window: _Window, counted: Counted, below: int) -> Iterator[PublicTable]:
    counts = _counts(board, window, counted)
    if not counts or not counts[TOTAL]:
        return  # a kind of record that never came counts none, too
    sums = [*_area_sums(board, counts), *_value_sum(counts)]
    why = hidden(counts, sums, below)
    apart = {
        part
        for each in sums
        if not all(entry in why for entry in (each.whole, *each.parts))
        for part in each.parts
    }
    """The parts that stand there. Those of a hidden total that are all hidden do not: each would be
    at least 1, so how many there are would tell of the total."""
    whole = PublicRow("All", None if TOTAL in why else counts[TOTAL], why.get(TOTAL))

    def table(by: str, names: dict[TableEntry, str]) -> PublicTable:
        rows = [
            PublicRow(names[entry], None if entry in why else counts[entry], why.get(entry))
            for entry in sorted(names)
            if entry in apart
        ]
        return PublicTable(window.name, counted.title, by, [whole, *rows])

    known = board.definitions.areas
    areas = {entry: known[entry[1]].name for entry in counts if entry[0] == "area"}
    for entry in counts:
        if entry[0] == "elsewhere":
            within = "".join(f" in {known[area].name}" for area in entry[1:])
            areas[entry] = f"Elsewhere{within}, or area not known"
    if areas:
        yield table("area", areas)
    values = {entry: entry[1].replace("_", " ") for entry in counts if entry[0] == "value"}
    yield table(counted.dimension, values)


def _counts(board: Board, window: _Window, counted: Counted) -> dict[TableEntry, int] | None:
    """The counts of all, of each area and of each value; and of what lies in an area (or the
    force) and in none of the areas in it, where there is any. None where not all are known."""
    every = _listed(board, window.figures, counted)
    if window.within is not None and every is not None:
        part = _listed(board, window.within, counted)
        if part is None:
            return None
        every = {entry: number - part.get(entry, 0) for entry, number in every.items()}
        # An area that has none has no row, here as in a window of its own.
        every = {entry: number for entry, number in every.items() if number or entry == TOTAL}
    if every is None or any(number < 0 for number in every.values()):
        return None
    for whole, parts in _areas_within(board, every).items():
        left = every[whole] - sum(every[part] for part in parts)
        if left:
            every["elsewhere", *whole[1:]] = left
    return every


def _listed(board: Board, figures: PeriodFigures, counted: Counted) -> dict[TableEntry, int] | None:
    """What stands in the tables of a window; None where the total is not known."""
    found: dict[TableEntry, int] = {}
    for row in figures.rows(counted.group) or ():
        area, value = row.dimension_of("area"), row.dimension_of(counted.dimension)
        number = row.count_of("count")
        if number is None or not _is_all(row, counted.dimension):
            continue
        if area == WHOLE and value == ALL:
            found[TOTAL] = number
        elif area == WHOLE and "." not in value:
            found["value", value] = number
        elif area in board.definitions.areas and value == ALL:
            found["area", area] = number
    return found if TOTAL in found else None


def _is_all(row: Row, but: str) -> bool:
    """Whether a row is of all values of its dimensions, but for one of them."""
    return all(row.dimension_of(name) == ALL for name in row.place if name not in (but, "area"))


def _areas_within(board: Board, counts: Iterable[TableEntry]) -> dict[TableEntry, list[TableEntry]]:
    """The widest areas of the force, and of each area those in it."""
    areas = {entry[1] for entry in counts if entry[0] == "area"}
    found: dict[TableEntry, list[TableEntry]] = {TOTAL: []} if board.definitions.areas else {}
    for name in sorted(areas):
        parent = board.definitions.areas[name].parent
        while parent is not None and parent not in areas:
            parent = board.definitions.areas[parent].parent
        found.setdefault(TOTAL if parent is None else ("area", parent), []).append(("area", name))
    return found


def _area_sums(board: Board, counts: dict[TableEntry, int]) -> Iterator[Sum]:
    """The force of its widest areas, and each area of those in it; what lies elsewhere is a part as
    they are."""
    for whole, parts in _areas_within(board, counts).items():
        elsewhere: TableEntry = ("elsewhere", *whole[1:])
        if elsewhere in counts:
            parts.append(elsewhere)
        yield Sum(whole, tuple(parts))


def _value_sum(counts: dict[TableEntry, int]) -> Iterator[Sum]:
    values = tuple(entry for entry in counts if entry[0] == "value")
    if values:
        yield Sum(TOTAL, values)
