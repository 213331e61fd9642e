"""The page docs/performance.md, made of what was measured."""

from __future__ import annotations

import ast
import datetime as dt
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from measuring import BENCHMARKS, ROOT, Row, figure

HEAD = """\
# Performance

`make bench` measures everything on this page and writes it anew; `make bench QUICK=1` measures
with smaller inputs, and leaves the page as it is.

Last written on {date} at commit {commit}{against}, in {minutes:.0f} minutes, on {machine}.{mode}

How to read it:

- What is compared ran in turn, round after round (five; fewer where figures are quick ones), and a
  figure is the median. Times are those of the processor, on one core. Another machine gives other
  milliseconds, and much the same ratios.
- *The dict loop* is the least that any program must do which counts these events
  (`benchmarks/core.py`): it decodes each line with msgspec and counts it in a dict of windows of
  five minutes. It knows no versions, no rules, no areas within areas, no closed periods and no
  board. "0.50 of the dict loop" is half as many events a second as that loop handles.
- A fold is timed with the closing of every hour and one board at the end, so that nothing is put
  off until after the clock has stopped.
- *Floor* and *aim* are what was set out to be reached. What is short of its aim stands
  [below](#what-is-short), with where its time goes.
"""


TRIED = {
    "fold of calls, final": (
        "Each call is judged, entered and added to the sums of its hour; counting lazily gains "
        "nothing where no version replaces another. Of its time about a fifth each goes into "
        "decoding lines, into judging times and looking up facts, and into entering the record; a "
        "quarter into the sums, and a seventh into the board, which adds up the histograms of a "
        "month. The records of an hour that have the same facts are added up before they are put "
        "into its sums: 2.1 us a call against 2.8 one by one, but longer where fewer than four "
        "have the same. Tried without gain: decoding a whole message at once, going without "
        "Python's garbage collector or calling it less often, histogram bins put in place or "
        "looked up in a table, times as texts that are found in two dicts (they have to be cut and "
        "hashed), `timestamp()` of a time, mypyc; and a fold in columns, 1.2 to 1.3 times as fast "
        "with 300 to 3,000 lines at once, and slower with fewer than a hundred "
        "([decision 0020](decisions/0020-history-is-folded-row-by-row.md)). What is left is the "
        "interpreter's own work, spread over many small steps."
    ),
    "fold of calls, three": (
        "A call is counted once, however many of its versions come between two looks at the sums. "
        "What is left is paid for each version: decoding, judging, finding the entry."
    ),
    "fold of crimes": (
        "An outcome revises a closed period by both clocks: a third of the time goes into taking "
        "out and putting in, into sums, revisions and their dates, though what changes is reckoned "
        "once and added wherever it belongs. A sixth each goes into closing hours, of which each "
        "has few crimes, and into combinations of facts that are met for the first time (two of "
        "seven versions here have one of their own, 12 us each); an eighth into people. What "
        "changes by the minute is noted when somebody asks, which gains a few hundredths."
    ),
    "memory, a crime": (
        "Two fifths are sums: with so few crimes an hour each has the counters of its hour, area "
        "and offence nearly to itself, in integers of up to a thousand bits. A quarter is the "
        "table of facts, in which each combination is kept once, with what it counts in; the fewer "
        "crimes share one, the more each bears. The rest is its id and texts, the people in it, "
        "and its entry, some 80 bytes each."
    ),
    "watchroom run FILE, a county's *, without": (
        "The alerts of finished history are judged as they would have been live, at every full "
        "minute at which anything may hold: a quarter of the time. Of each window of answered "
        "calls it is known until when, and for how many more late calls, it needs no look; that is "
        "asked some ten times an hour. What is usual is learned once a day. A tenth each goes into "
        "decoding, into the closing of hours, and into changes of closed hours; less into reading "
        "and sorting, where what lies in order is not sorted again. Tried: to count the changes "
        "of calls and read them in lots, which is dearer than to take each as it comes; one room "
        "for all windows together, which is used up too soon. A fold in columns gains nothing "
        "here: 15 lines lie between two instants at which something has to be looked at "
        "([decision 0020](decisions/0020-history-is-folded-row-by-row.md))."
    ),
    "watchroom run FILE, a county's *, with": (
        "To what it costs without detectors comes the closing of some 700 series an hour, a fifth "
        "of the time: a county's hour has no more than a few dozen events to bear it. How fast a "
        "feed came lately is the difference of two sums, and below what length no stretch without "
        "a record can be missing is known by the hour. "
        "Measured apart on 29 November 2026, beside much other work: 90 days, 432,510 lines, "
        "with all detectors and alerts, 61 us a line before, where the dict loop takes 3.1: "
        "0.05 of it. Of these, 25 us are the closing of hours (16 of them the detectors), 10 "
        "the alerts between two lines, 20 the fold of a line itself, 4 reading and sorting. The "
        "floor allows 12: with detectors and alerts that cost nothing it would be missed by "
        "half, so it can't be reached line by line in Python. Since then the look ahead into "
        "windows of calls is made once for all who ask, what an hour was to bring is worked out "
        "once for all stretches without a record in it, and origins are counted in the fold: "
        "about a twentieth less, in three runs in turn of 200,000 lines (11.5, 13.9 and 11.9 s "
        "before, 10.9, 13.8 and 10.9 s after), with the same alerts, boards and states."
    ),
    "events alone": (
        "Messages are taken past Faust's stream, in lots. What is left is the fold, the detectors "
        "and the price of a fetch."
    ),
    "300 lines a message": (
        "Of the worker's time four fifths are the fold of lines and the closing of hours, about "
        "as much for each, a tenth goes into writing checkpoints, and less into Kafka's client "
        "and the turns of the event loop."
    ),
    "rebuild from the log": (
        "It is the fold of 300 lines a message and the closing of each hour, with surveillance "
        "mostly the detectors. Tried: lots folded in one go, which is kept, and longer slices, "
        "which gain nothing. Nothing is asked of records that have left before any has, nor are "
        "open records followed while nothing is judged."
    ),
    "43 forces": (
        "Forces share the look-ups of the calendar, and what follows from the declarations alone. "
        "An hour of which nobody is notified is counted with others, once somebody asks; where "
        "detectors watch, it is counted by itself. What a record counts is worked out once for all "
        "areas that are held to the same targets, and the tables of a board are made for a force "
        "once its board is asked for. What is left is spread: each force meets its own "
        "combinations of facts, a seventh of the time; closing hours and sealing days takes a "
        "sixth, and making 43 packers a twentieth. Whose people are about to leave is asked only "
        "where a month begins; of allied forces it was asked every day of each by each."
    ),
    "board": (
        "Of a running period, a window, and a closed period that was revised, only those rows are "
        "made again of which a figure changed; a revised sum shares with the one before it what "
        "is the same, and quantiles are read of the bins of those rows alone. The seven windows of "
        "a group are one array, so that its steps are made once and not seven times; what the "
        "detectors have learned is read again only once they learn more. Of what is left a tenth "
        "finds what differs, a third are the steps of numpy for each of 18 groups and the rows "
        "that are made, and three tenths are what the detectors say, what the coming hours bring "
        "among it. Groups with the same dimensions could have these steps in common, which has "
        "not been tried."
    ),
    "scrape": (
        "More than half is the board. The lines of a row are kept as long as the row is; to put "
        "them in their order costs a fifth."
    ),
    "surveillance": (
        "Counts, proportions and durations of a grain are arrays, learning included, which takes "
        "three tenths, once a week. A fifth each goes into counts and into proportions and "
        "durations: many small steps of numpy over short arrays."
    ),
}
"""By the beginning of a row that is short of its aim (`*` is of any length), what was done about
it."""


def tried(row: Row) -> str:
    """What was done about a row; empty where nothing is known."""
    return next((words for what, words in TRIED.items() if fnmatch(row.what, f"{what}*")), "")


def machine() -> str:
    """What kind of machine this is."""
    found = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / (1 << 20)
    return (
        f"{len(found)} cores of an {found[0]} with {memory:.0f} GiB of memory, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def commit() -> str:
    git = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()


def table(rows: Iterable[Row]) -> list[str]:
    """The rows that have a floor."""
    made = ["| what | measured | before | floor | aim | |", "|---|---|---|---|---|---|"]
    for row in rows:
        cells = (row.what, f"{figure(row.here)} {row.unit}", figure(row.before))
        wanted = (figure(row.floor), figure(row.aim), row.verdict)
        made.append(f"| {' | '.join((*cells, *wanted))} |")
    return made


def others(rows: Iterable[Row]) -> list[str]:
    made = ["| what | measured | before | |", "|---|---|---|---|"]
    made += [
        f"| {row.what} | {figure(row.here)} {row.unit} | {figure(row.before)} | {row.note} |"
        for row in rows
    ]
    return made


def short(rows: Iterable[Row]) -> list[str]:
    """What is short of its aim, with where its time goes and what was tried."""
    made = []
    for row in rows:
        if row.reaches(row.aim):
            continue
        made += [
            f"**{row.what}**: {figure(row.here)} {row.unit}, {row.verdict}, "
            f"aim {figure(row.aim)}. {tried(row)}".rstrip(),
            "",
        ]
        if row.profile:
            made += ["```text", *row.profile, "```", ""]
    return made or ["Nothing is short of its aim.", ""]


@dataclass
class Measured:
    """What one run of all measurements found.

    names: the measurements, in their order. against: the commit that the column *before* is of.
    """

    rows: list[Row]
    names: list[str]
    date: dt.date
    seconds: float
    mode: str
    against: str | None
    commit: str = field(default_factory=commit)
    machine: str = field(default_factory=machine)


def page(measured: Measured) -> str:
    """The page as Markdown."""
    rows = measured.rows
    wanted = [row for row in rows if row.floor is not None]
    peers = [row for row in rows if row.group == "peers"]
    more = [row for row in rows if row.floor is None and row not in peers]
    smaller = f"\nThese are {measured.mode} figures, of smaller inputs."
    head = HEAD.format(
        date=f"{measured.date.day} {measured.date:%B %Y}",
        commit=measured.commit,
        against=f" (*before* is {measured.against})" if measured.against else "",
        minutes=measured.seconds / 60,
        machine=measured.machine,
        mode="" if measured.mode == "full" else smaller,
    )
    notes = [f"- {row.what}: {row.note}." for row in wanted if row.note]
    parts = [head, "## What was set out to be reached", "", *table(wanted), "", *notes, ""]
    parts += ["## What is short", "", *short(wanted)]
    if more:
        parts += ["## What else was measured", "", *others(more), ""]
    if peers:
        parts += [PEERS, *others(peers), ""]
    parts += ["## How each was measured", "", *methods(measured.names)]
    return "\n".join(parts).rstrip() + "\n"


def methods(names: Iterable[str]) -> list[str]:
    """What the file of each measurement says of it."""
    made = []
    for name in names:
        said = ast.get_docstring(ast.parse((BENCHMARKS / "speed" / f"{name}.py").read_text()))
        made += [f"### benchmarks/speed/{name}.py", "", said or "", ""]
    return made


PEERS = """\
## Beside other programs

The same calls in the same run, each program as its own documentation advises (`benchmarks/peers/`),
on one core. They count calls, answers and answers within ten seconds by line, area and five
minutes, and their answers are compared with ours. They do no more than that: no rules, no dead
letters, no late versions of closed periods, no surveillance, no board. polars and DuckDB read a
whole file at once, and have no answer before its end; Bytewax and Quix Streams go event by event,
as Watchroom does.
"""
