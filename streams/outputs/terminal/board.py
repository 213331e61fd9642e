"""The board in a terminal: quiet, readable from a step away, and plain without colour.

`render` makes what rich shows from a board as `/board.json` gives it; `as_text` is the same as
plain text of a fixed width. What is told by a colour is told by a word and a sign too.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from streams.board.model import Board, PeriodTarget, Row
from streams.config.force import WHOLE
from streams.live import STALE_FEED, STALE_HEARTBEAT
from streams.outputs import words
from streams.outputs.open_beside import open_beside
from streams.outputs.terminal.ahead import ahead_table
from streams.outputs.terminal.breakdowns import (
    areas,
    breakdowns,
    by_category,
    further,
    missing,
    shown_periods,
)
from streams.outputs.terminal.columns import TableCell
from streams.outputs.terminal.further_targets import further_targets
from streams.registry import phrases
from streams.registry.aggregates import SMALL, Ratio
from streams.registry.dimensions import AREA
from streams.registry.measures import Performance
from streams.registry.registry import REGISTRY, Registry

COLUMNS = {
    0: (11, 8, 0, 0, 18, 13, 0, 11, 11),
    98: (11, 8, 8, 0, 18, 14, 11, 11, 11),
    120: (14, 9, 9, 10, 20, 16, 12, 12, 12),
}
"""From so many columns on: the widths of the upper tables (period; how many came, were served, were
not; in time; target; mean, median, 90th percentile). What has no width is left out."""
ROOMY = 135
"""Columns from which on no table is squeezed."""
WIDE, ABREAST = 120, 3
"""From so many columns on tables are wide; so many may stand abreast in the lower half."""
LESS = (6, 3, 2, 8, 5, 7)
"""Columns of the upper tables that are left out, in this order, where there is no room: the mean,
how many were not served, how many were, the 90th percentile, the target, the median."""

MARKS = {"totals": "*", "both": "+"}
FOOTNOTES = {
    "totals": "* from totals, not from records of single calls",
    "both": "+ from records and totals",
    "provisional": "a total was written before its period was over",
}
"""Of rows that totals serve: the mark at the first figure, and what it means."""

DIM, LOUD = "dim", "bold white on red"
SHORT = {"too few to judge": "too few", "target changed": "changed"}
VERDICTS = {"✗": "bold red", "✓": "green"}
"""By the sign that a verdict begins with; one that says that nothing is judged is quiet."""


def as_text(board: Board, width: int = 100, most: int = 8, registry: Registry = REGISTRY) -> str:
    """The board as plain text, without trailing spaces."""
    out = io.StringIO()
    shown = render(board, width, most, registry=registry)
    Console(file=out, width=width, color_system=None).print(shown)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def render(
    board: Board,
    width: int,
    most: int = 8,
    lost: str | None = None,
    registry: Registry = REGISTRY,
) -> RenderableType:
    """The whole board. `most` limits the rows by category; `lost` says, loudly, that the monitor
    can't be reached and that these figures are old."""
    wide = width >= WIDE
    parts: list[RenderableType] = [_header(board, lost, registry)]
    for served in _served(board, registry):
        parts += _performance(board, served, width)
    if (to_come := ahead_table(board, width)) is not None:
        parts.append(to_come)
    if (others := further_targets(board, registry)) is not None:
        parts += [Rule(style=DIM), others.fitted(width)]
    parts.append(Rule(style=DIM))
    groups, by_area = breakdowns(registry), areas(board, registry)
    found = [by_category(board, of, most, wide=wide) for of in groups if of.by]
    tables = [table for table in (*found, by_area) if table is not None]
    gap = 6 if wide else 2
    while tables:
        row = tables[:ABREAST]
        while len(row) > 1 and sum(each.width + gap for each in row) - gap > width:
            row.pop()
        if len(row) == 1:
            parts += [row[0].fitted(width), Text()]
        else:
            lower = Table.grid(padding=(0, gap, 0, 0))
            lower.add_row(*(each.fitted(each.width) for each in row))
            parts += [lower, Text()]
        del tables[: len(row)]
    for rest in filter(None, (further(board, of) for of in groups)):
        parts += [rest.fitted(width), Text()]
    parts += [Text(f"Not heard: {'; '.join(gone)}.") for gone in [missing(board, registry)] if gone]
    formula = board.definitions.service_level.formula
    parts.append(Text(f"Calls in time: {formula}. Few: under {SMALL} cases.", style=DIM))
    attended = board.definitions.attendance.formula
    parts.append(Text(f"Attendance in time: {attended}.", style=DIM))
    return Group(*parts)


def summary(board: Board, registry: Registry = REGISTRY) -> str:
    """The board in one line, for a log: what is open now, and today against the targets."""
    today, parts = board.windows["today"], []
    for served in _served(board, registry):
        shape, line = served.shape, served.line
        row = today.row(served.group, **served.where)
        open_now = board.now.row(served.group, **served.where)
        if row and open_now:
            limits = words.Limits(board, [("today", today)], served.group, shape.level, served.line)
            nothing = _no_level(row, shape)
            if line is None and row.count_of(shape.counts[0][0]) == 0:
                nothing = shape.unserved
            level = words.share(row.ratio_of(shape.level), nothing)
            still = phrases.count(open_now.count_of(shape.open[0]))
            said = f"{still} {shape.still}, {level} {limits.words} today"
            parts.append(f"{line or shape.records}: {said}")
    return f"{board.at[:19].replace('T', ' ')}  {'; '.join(parts)}"


def banner(message: str) -> Panel:
    """Something that must not be overlooked."""
    return Panel(Text(message, style=LOUD, justify="center"), style=LOUD)


def staleness(board: Board) -> str | None:
    """Why the figures of a running monitor are too old to be relied on; None when they are not."""
    if board.status is not None and board.status.state == "finished":
        return None
    feeds = board.feeds
    ages = {feed: int(heard.age_seconds) for feed, heard in feeds.items()}
    if not ages:
        return "NOTHING HAS ARRIVED YET"
    beats = {feed: age for feed, age in ages.items() if feed.startswith("heartbeat.")}
    silent = [
        f"the last heartbeat of {feed.partition('.')[2]} came {phrases.duration(age)} ago"
        for feed, age in beats.items()
        if age > (feeds[feed].silent_after_seconds or STALE_HEARTBEAT)
    ]
    if silent:
        return f"STALE: {'; '.join(silent)}"
    if not beats and min(ages.values()) > STALE_FEED:
        return f"STALE: nothing has arrived for {phrases.duration(min(ages.values()))}"
    return None


def badges(board: Board) -> list[tuple[str, str]]:
    """How the figures came about, as (words, style)."""
    status = board.status
    if status is None:
        return []
    found: list[tuple[str, str]] = []
    finished = status.state == "finished"
    if not status.ready:
        found.append((f"NOT READY: {status.detail}", LOUD))
    if status.replay:
        speed = status.speed
        times = f", {speed:g} times real speed" if speed and not finished else ""
        found.append((f"REPLAY{times}", "bold black on cyan"))
    elif status.ready and not finished:
        found.append(("LIVE", "bold black on green"))
    if status.mixed:
        found.append((f"LIVE AND MADE-UP {status.mixed} IN ONE", "bold black on yellow"))
    if status.replayed:
        found.append((f"REPLAYED {status.replayed}", "bold black on yellow"))
    if status.simulated:
        found.append((f"SIMULATED {status.simulated}", "bold black on yellow"))
    if finished:
        found.append(("FINISHED", "bold black on white"))
    return found


def _header(board: Board, lost: str | None, registry: Registry) -> RenderableType:
    top = Table.grid(expand=True)
    top.add_column()
    top.add_column(justify="right")
    marks = Text()
    for label, style in badges(board):
        marks.append(f" {label} ", style=style).append(" ")
    top.add_row(
        Text(board.force.name.upper(), style="bold"),
        Text(phrases.instant(board.at, ZoneInfo(board.force.timezone)), style="bold"),
    )
    age = f"Age of data: {words.ages(board.feeds, registry)}" if board.feeds else "No data yet"
    latest = Text(age, style=DIM)
    missing = [Text(each.words, style="bold yellow") for each in board.incomplete]
    alarm = lost or staleness(board)
    return Group(top, marks, latest, *missing, *([banner(alarm)] if alarm else []))


def _heading(title: str, now: Text) -> list[RenderableType]:
    grid = Table.grid(expand=True)
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_row(Text(title, style="bold"), now)
    return [Rule(style=DIM), grid]


def _figures(
    width: int, titles: Sequence[str], rows: Sequence[Sequence[TableCell]]
) -> list[RenderableType]:
    """The table that calls and emergencies share, so that the eye runs down the columns; and what
    there is no room for."""
    gap = 2 if width >= WIDE else 1
    widths = list(COLUMNS[max(least for least in COLUMNS if width >= least)])
    squeezed = 4 * (width < ROOMY)
    lines = []
    for first, *others in rows:
        # An hour that was asked for has two lines where it is too long for one.
        label = str(first)
        row = [label.replace("T", "\nT") if len(label) > widths[0] else label, *others]
        lines.append([_narrow(cell, of - squeezed) for cell, of in zip(row, widths, strict=False)])
    for at, title in enumerate(titles):
        cells = [text for row in lines if at < len(row) for text in str(row[at]).split("\n")]
        if widths[at]:
            widths[at] = max(widths[at], *map(len, (title, *cells)))
    left_out = []
    for at in LESS:
        if widths[at] and sum(each + gap for each in widths if each) > width:
            left_out += [titles[at]] if titles[at] else []
            widths[at] = 0
    table = Table(box=None, padding=(0, gap, 0, 0), header_style=DIM)
    for position, (title, columns) in enumerate(zip(titles, widths, strict=True)):
        if columns:
            left = position in (0, 5)
            table.add_column(
                title, width=columns, justify="left" if left else "right", no_wrap=True
            )
    for row in lines:
        table.add_row(*(cell for cell, of in zip(row, widths, strict=False) if of))
    note = [Text(f"No room for: {', '.join(left_out)}.", style=DIM)] if left_out else []
    return [table, *note]


def _narrow(cell: TableCell, columns: int) -> TableCell:
    """A cell, or its short words where they are too long for the column."""
    if len(cell) <= columns or str(cell) not in SHORT:
        return cell
    return Text(SHORT[str(cell)], style=DIM)


class _Served(NamedTuple):
    """A line, or the force as a whole, whose records are served."""

    group: str
    shape: Performance
    title: str
    line: str | None
    where: dict[str, str]


def _served(board: Board, registry: Registry) -> Iterator[_Served]:
    """What has a table at the top: a group with a performance, by line where it has lines."""
    for group in registry.groups:
        if (shape := group.performance) is not None:
            whole = {AREA: WHOLE}
            if not group.dimensions:
                yield _Served(group.name, shape, group.title, None, whole)
            for name in group.dimensions:
                for line, held in board.definitions.lines.items():
                    yield _Served(group.name, shape, held.name, line, {name: line, **whole})


def _performance(board: Board, served: _Served, width: int) -> list[RenderableType]:
    """How records were served, a line a period, and how many are open now."""
    group, shape, title, line, where = served
    definitions = board.definitions
    held = definitions.attendance if line is None else definitions.lines[line]
    now = board.now.row(group, **where)
    state, still_open = Text("not known", style=DIM), 0
    count, oldest, unknown = shape.open
    if now is not None and now.count_of(count) is not None:
        still_open = now.count_of(count) or 0
        state = _now(still_open, now.number_of(oldest), now.count_of(unknown) or 0, shape.still)
        for each in open_beside(lambda name, at: board.now.row(name, **at), shape, where):
            state.append(f"\n{each.count:,} {each.words}")
            if each.oldest is not None:
                state.append(f", the oldest for {phrases.duration(each.oldest)}")
    periods = shown_periods(board)
    shown = [figures.row(group, **where) for _, figures in periods]
    came = shape.counts[0][0]
    if not any(row.count_of(came) or row.origin for row in shown if row) and not still_open:
        return _heading(title, Text(f"no {shape.records} in any period shown", style=DIM))
    rows = []
    for row, (period, figures) in zip(shown, periods, strict=True):
        if row is None:
            known = figures.rows(group) is not None
            rows.append(_not_known(period) if known else _not_kept(period))
            continue
        if row.count_of(came) is None and row.origin is None:
            rows.append(_no_data(period))
            continue
        counts = [phrases.count(row.count_of(name)) for name, _ in shape.counts]
        counts[0] += MARKS.get(row.origin or "", "")
        speeds = [row.number_of(name) for name in shape.speeds]
        level, own = row.ratio_of(shape.level), words.held_in(board, figures, line)
        rows.append(_cells(period, counts, level, own, speeds, _no_level(row, shape)))
    headings = [heading for _, heading in shape.counts]
    target = "" if line is None and held.target is None else "Target"
    limits = words.Limits(board, periods, group, shape.level, line)
    titles = ("", *headings, limits.title, target, "Mean", "Median", "90th pct")
    tables = _figures(width, titles, rows)
    note = [Text(f"{limits.note}.", style=DIM)] if limits.several else []
    note += _without_end(
        board, served, [(period, row) for (period, _), row in zip(periods, shown, strict=True)]
    )
    marks = _footnotes([row for row in shown if row])
    return [*_heading(title, state), *tables, *note, *marks]


def _without_end(
    board: Board, served: _Served, shown: Sequence[tuple[str, Row | None]]
) -> list[Text]:
    """Of a replay: how many records of each period have no end in the data, so that they are
    neither served nor open; nothing where each has one. While some are open it is said of how many
    at least, since these may be of any period."""
    shape, now = served.shape, board.now.row(served.group, **served.where)
    if board.status is None or not board.status.replay or now is None:
        return []
    still_open = (now.count_of(shape.open[0]) or 0) + (now.count_of(shape.open[2]) or 0)
    said = []
    for period, row in shown:
        counts = [row.count_of(name) for name, _ in shape.counts] if row else []
        known = [each for each in counts if each is not None]
        if row is None or row.origin or len(known) < len(shape.counts):
            continue
        came, *ended = known
        if (without := came - sum(ended) - still_open) > 0:
            said.append(f"{period} {'at least ' * (still_open > 0)}{without:,}")
    came_as = shape.counts[0][1].lower()
    words = f"End not known: {', '.join(said)}. These count as {came_as}, and as nothing else."
    return [Text(words, style=DIM)] if said else []


def _no_level(row: Row, shape: Performance) -> str:
    """Why a row has no share that was served in time."""
    if row.ratio_of(shape.level).denominator is None:
        return "not known"
    return f"no {shape.records}" if row.count_of(shape.counts[0][0]) == 0 else shape.unserved


def _footnotes(rows: Sequence[Row]) -> list[RenderableType]:
    """What the marks of these rows mean; none where all are from records."""
    found: set[str] = {row.origin for row in rows if row.origin is not None}
    if any(row.provisional for row in rows):
        found.add("provisional")
    said = [text for name, text in FOOTNOTES.items() if name in found]
    return [Text("; ".join(said), style=DIM)] if said else []


def _not_kept(title: str) -> list[TableCell]:
    """A period whose panes are no longer kept so finely."""
    return [title, Text("not kept", style=DIM)]


def _not_known(title: str) -> list[TableCell]:
    """A period of which the totals of a line say nothing."""
    return [title, Text("unknown", style=DIM)]


def _no_data(title: str) -> list[TableCell]:
    """A period in which the feed was not heard."""
    return [title, Text("no data", style=DIM)]


def _cells(
    title: str,
    counts: Sequence[str],
    ratio: Ratio,
    held: PeriodTarget,
    speeds: Sequence[float | None],
    nothing: str,
) -> list[TableCell]:
    """One row of figures; where there are no cases it says so, and shows no figure of nothing."""
    few = DIM if ratio.small or ratio.value is None else "bold"
    verdict = words.verdict(ratio, held)
    return [
        title,
        *counts,
        Text(words.share(ratio, nothing), style=few),
        Text(verdict, style=VERDICTS.get(verdict[:1], DIM)),
        *("" if speed is None else phrases.duration(speed) for speed in speeds),
    ]


def _now(number: int, oldest: float | None, unknown: int, verb: str) -> Text:
    """What is true now: `3 waiting now, the oldest for 1 min 43 s`."""
    text = Text(f"{number:,} {verb} now", style="bold yellow" if number else "bold")
    if oldest is not None:
        text.append(f", the oldest for {phrases.duration(oldest)}")
    if unknown:
        text.append(f" (and {unknown:,} whose end is unknown)", style=DIM)
    return text
