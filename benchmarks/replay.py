"""How fast a year of a county replays with all that watches it, and where the time goes.

    python benchmarks/replay.py [--quick] [--peers .venv-peers/bin/python] [--core 0]

- *the replay*: the year's file (`benchmarks/year.py`, 1.4 million lines; `--quick`: 30 days) read,
  sorted and played at full speed into a monitor with all detectors and alerts, as
  `watchroom backtest` does it.
- *the dict loop*: the same lines decoded with msgspec and counted into a dict by kind, value, area
  and five minutes: no versions, no areas rolled up. The least that any program that counts must do.
- *polars*: the same file scanned and grouped by the same keys at once, where `--peers` names a
  Python that has it.
- *surveillance alone*: three years of hours (`--quick`: a quarter of one) given to every watch by
  the hour. The counts are those of the file's first four weeks, over and over; nothing is folded.

Each in a process of its own on one core, in CPU seconds, so that other work on the machine disturbs
them little. At the end the profile of a replay of 120,000 lines. Figures are printed, never tested.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from measuring import BENCHMARKS, ROOT, Child
from year import FORCE, write

from streams.alerts.service import AlertService
from streams.config.force import find_force
from streams.embedded.replay import embedded_monitor
from streams.events.schema import Call, Crime, Incident
from streams.fold.ledger import Ledger
from streams.periods import DAY, HOUR, Period
from streams.registry.registry import REGISTRY
from streams.sources import open_source
from streams.sources.order.play import Play
from streams.sources.order.player import Player
from streams.surveillance.service import Surveillance

AIMS = {"share": (0.25, 0.45), "hours": (60.0, 25.0)}
"""What a replay is to reach of the dict loop, at least and as an aim; and in how many seconds three
years of hours are to be watched."""
WINDOW = 300
FOUR_WEEKS = 28 * DAY


def replay(path: str) -> dict[str, Any]:
    """Plays a file with all detectors and alerts; how many lines, alerts and faults there were."""
    force = find_force(FORCE)
    with (
        embedded_monitor([force]) as runner,
        Play(open_source([path], force=force), [force]) as play,
    ):
        Player(play, runner).play()
        service = runner.live.alerts
        assert isinstance(service, AlertService)
        watching = [shard.surveillance.get(force.id) for shard in runner.live.monitor.shards]
        return {
            "lines": play.lines,
            "alerts": len(service.history(force.id)),
            "faults": service.faults + sum(each.faults for each in watching if each is not None),
        }


def dict_loop(path: str) -> int:
    """The reference: how many windows it counted."""
    windows: dict[tuple[str, str | None, str | None, int], list[int]] = {}
    decode = REGISTRY.decode_line
    with Path(path).open("rb") as lines:
        for line in lines:
            event = decode(line)
            area: str | None = getattr(event, "area", None)
            if isinstance(event, Call):
                kind, value, at = "call", event.line, event.offered_at
                more = event.answered_at is not None
            elif isinstance(event, Incident):
                kind, value, at = "incident", event.category, event.opened_at
                more = event.arrived_at is not None
            elif isinstance(event, Crime):
                kind, value, at = "crime", event.offence, event.recorded_at
                more = event.outcome is not None
            else:
                kind, value, at, more = "other", None, None, False
            if isinstance(at, str):  # of a crime it may be a day or a month
                at = dt.datetime.fromisoformat(at)
            seconds = 0 if at is None else int(at.timestamp())
            key = (kind, value, area, seconds // WINDOW)
            counts = windows.get(key)
            if counts is None:
                counts = windows[key] = [0, 0]
            counts[0] += 1
            counts[1] += more
    return len(windows)


class _Hours:
    """Stands for the panes of a ledger: those of some hours, over and over."""

    def __init__(self, kept: Mapping[int, Any], begin: int) -> None:
        self.kept, self.begin = kept, begin
        self.whole_months: set[int] = set()

    def between(self, start: int, end: int) -> Any:
        return self.kept.get(self.begin + (start - self.begin) % FOUR_WEEKS, {})


class _Fed:
    """A ledger whose panes are others."""

    def __init__(self, ledger: Ledger, panes: _Hours) -> None:
        self.ledger, self.panes = ledger, panes

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ledger, name)


_hours: list[tuple[Ledger, dict[int, Any], int]] = []


def keep_hours(path: str) -> int:
    """Counts the first four weeks of a file, and keeps the counters of each hour."""
    force = find_force(FORCE)
    with (
        embedded_monitor([force], watched=False) as runner,
        Play(open_source([path], force=force), [force]) as play,
    ):
        for _ in play.gather():
            pass
        begin = 0
        for chunk in play:
            runner.take(chunk)
            begin = begin or (play.first or 0)
            if begin and play.last - begin > FOUR_WEEKS + 2 * HOUR:
                break
        begin = -(-begin // HOUR) * HOUR
        for shard in runner.live.monitor.shards:
            for ledger in shard.ledgers().values():
                hours = range(begin, begin + FOUR_WEEKS, HOUR)
                kept = {at: dict(ledger.panes.between(at, at + HOUR).items()) for at in hours}
                _hours.append((ledger, kept, begin))
    return len(_hours)


def watch_hours(hours: int) -> dict[str, int]:
    """Gives every watch by the hour so many hours; how many watches there are, and signals."""
    force, found = find_force(FORCE), {"watches": 0, "signals": 0, "faults": 0}
    for ledger, kept, begin in _hours:
        watching = Surveillance(force, cast("Ledger", _Fed(ledger, _Hours(kept, begin))))
        calendar = ledger.calendar
        for at in range(begin, begin + hours * HOUR, HOUR):
            period = Period("hour", calendar.label("hour", at), at, at + HOUR)
            steps = watching.take(period, at + 2 * HOUR)
            try:
                while True:
                    next(steps)
            except StopIteration as end:
                found["signals"] += len(end.value)
        found["watches"] += sum(1 for _ in watching.grains["hour"])
        found["faults"] += watching.faults
    return found


def first_lines(path: str, number: int) -> str:
    """A file with the first lines of another."""
    part = f"{path}.part"
    with Path(path).open("rb") as lines, Path(part).open("wb") as out:
        out.writelines(islice(lines, number))
    return part


def judged(value: float, least: float, aim: float, *, up: bool) -> str:
    """Whether a figure reaches its aim, its bound, or neither."""
    reached = [value >= each if up else value <= each for each in (aim, least)]
    if reached[0]:
        return f"reaches the aim of {aim:g}"
    return (
        f"within the bound of {least:g}, short of the aim of {aim:g}"
        if reached[1]
        else (f"SHORT of the bound of {least:g}")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="30 days, and a quarter of hours")
    parser.add_argument("--peers", type=Path, help="a Python that has polars")
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--file", type=Path, help="the year's file, where it is there already")
    asked = parser.parse_args()
    days, hours = (30, 90 * 24) if asked.quick else (365, 3 * 365 * 24)
    with tempfile.TemporaryDirectory() as folder:
        path = str(asked.file or Path(folder) / "year.ndjson")
        if asked.file is None:
            lines = write(path, days)
            print(f"{lines:,} lines of {days} days")
        here = Path(__file__)
        with Child(here, ROOT, asked.core) as one:
            loop = one.ask("dict_loop", path)
        print(f"the dict loop      {loop.seconds:7.1f} s", flush=True)
        if asked.peers is not None:
            peer = BENCHMARKS / "peers" / "year_with_polars.py"
            with Child(peer, ROOT, asked.core, str(asked.peers)) as one:
                polars = one.ask("count", path)
            print(
                f"polars             {polars.seconds:7.1f} s  {polars.value:,} windows of "
                f"{loop.value:,}",
                flush=True,
            )
        with Child(here, ROOT, asked.core) as one:
            played = one.ask("replay", path)
        share = loop.seconds / played.seconds
        print(
            f"the replay         {played.seconds:7.1f} s  {played.value['lines']:,} lines, "
            f"{played.value['alerts']} alerts, {played.value['faults']} faults"
        )
        print(
            f"  of the dict loop {share:7.2f}    {judged(share, *AIMS['share'], up=True)}",
            flush=True,
        )
        with Child(here, ROOT, asked.core) as one:
            one.ask("keep_hours", path)
            watched = one.ask("watch_hours", hours)
        whole = watched.seconds * 3 * 365 * 24 / hours
        print(
            f"{hours:,} hours alone {watched.seconds:8.1f} s  {watched.value['watches']} watches, "
            f"{watched.value['faults']} faults; three years: {whole:.1f} s, "
            f"{judged(whole, *AIMS['hours'], up=False)}",
            flush=True,
        )
        with Child(here, ROOT, asked.core) as one:
            part = first_lines(path, 120_000)
            print("\nwhere 120,000 lines spend their time:")
            print("\n".join(one.ask("profile", "replay", part).value))


if __name__ == "__main__":
    main()
