"""`watchroom run FILE` of a county's year, without and with detectors, as a share of the dict loop.

The command is run as a person types it, but in a process that stands already: reading, sorting,
folding, closing, alerts, the board of the end. The dict loop decodes the same lines of the same
file, and counts those of all three kinds in windows of five minutes. The commit before takes
minutes, and runs in the first round only.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import sys
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from measuring import Bench, Row, in_turn

from streams.cli.run import run
from streams.events.schema import Call, Crime, Incident, decode_line

PROFILED = 100_000
"""Lines that are run under the profiler, which takes several times as long."""
WANTED = {"without": (0.45, 0.8), "with": (0.25, 0.45)}


def dict_loop(path: str) -> int:
    """Counts records by kind, place and window; returns the number of lines."""
    windows: dict[tuple[str, str | None, str | None, int], list[int]] = {}
    lines = 0
    with Path(path).open("rb") as file:
        for line in file:
            lines += 1
            event = decode_line(line)
            if isinstance(event, Call):
                when, word, done = event.offered_at, event.line, event.answered_at
            elif isinstance(event, Incident):
                when, word, done = instant(event.opened_at), event.grade, event.arrived_at
            elif not isinstance(event, Crime):
                continue  # a reading of who is signed on
            else:
                when, word, done = instant(event.recorded_at), event.offence, None
            assert when is not None
            key = (event.force, word, event.area, int(when.timestamp()) // 300)
            counts = windows.get(key)
            if counts is None:
                counts = windows[key] = [0, 0, 0]
            counts[0] += 1
            if done is not None:
                counts[1] += 1
                if (done - when).total_seconds() <= 10:
                    counts[2] += 1
    return lines


def instant(stamp: dt.datetime | str | None) -> dt.datetime | None:
    """A time that the schema leaves as text, since it may be a day or a month."""
    return dt.datetime.fromisoformat(stamp) if isinstance(stamp, str) else stamp


def command(path: str, detectors: str, refused: str) -> dict[str, int]:
    """Runs it; what the board of the end says of the year's first month, in one figure a group, so
    that both trees can be seen to count the same."""
    options = ["--embedded", path, "--force", "warwickshire", "--json", "--period", "2023-01"]
    options += ["--dead-letters", refused]
    if detectors == "without":
        options.append("--no-surveillance")
    board = io.BytesIO()
    with (
        contextlib.redirect_stdout(io.TextIOWrapper(board, write_through=True)),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        run.main(options, standalone_mode=False)
    month = json.loads(board.getvalue().splitlines()[0])["periods"]["2023-01"]
    rows = {group: month[group] for group in ("calls", "incidents", "crimes")}
    return {
        group: sum(
            row.get("offered", row.get("count", 0))
            for row in found
            if row["area"] == "force" and "all" in row.values()
        )
        for group, found in rows.items()
    }


def measure(bench: Bench) -> None:
    path, lines = bench.year()
    refused = str(bench.folder / "refused")
    with bench.children(__file__) as children:
        works = {("here", "dict_loop"): (children["here"].seconds, "dict_loop", str(path))}
        for name, child in children.items():
            for how in WANTED:
                works[name, how] = (child.seconds, "command", str(path), how, refused)
        if bench.before:
            works["before", "dict_loop"] = (children["before"].seconds, "dict_loop", str(path))
        once = [key for key in works if key[0] == "before"]
        found = in_turn(bench.size(5, 2, 1), works, once)
        beginning = bench.folder / "beginning.ndjson"
        with path.open("rb") as year:
            beginning.write_bytes(b"".join(islice(year, PROFILED)))
        counted = [
            child.ask("command", str(path), "without", refused).value
            for child in (children.values() if bench.mode == "tiny" else ())
        ]
        assert all(each == counted[0] for each in counted), counted
        for how, (floor, aim) in WANTED.items():
            row = Row(
                f"watchroom run FILE, a county's year, {how} detectors",
                found["here", "dict_loop"] / found["here", how],
                "of the dict loop",
                floor,
                aim,
                more=True,
                note=f"{found['here', how]:.1f} s for {lines:,} lines, the dict loop "
                f"{found['here', 'dict_loop']:.1f} s",
            )
            if bench.before:
                row.before = found["before", "dict_loop"] / found["before", how]
                row.note += f"; the commit before {found['before', how]:.1f} s"
            bench.add(
                row,
                lambda how=how: (
                    children["here"].ask("profile", "command", str(beginning), how, refused).value
                ),
            )
