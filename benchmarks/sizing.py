"""What forces of several sizes need: memory, CPU, series; what each choice of `[metrics]` costs.

    python -m benchmarks.sizing [--days 38] [--only processes,choices,kafka]

Each force is simulated up to last midnight and read by a `watchroom run --web` of its own, with
detectors and alerts. Writes no file; docs/sizing.md has what it printed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from streams import Monitor, find_force, open_source, play
from streams.config.force import Force
from streams.fold.ledger import Ledger
from streams.live import Live
from streams.outputs.metrics.exported import CORE, Exported
from streams.outputs.metrics.prometheus import Exporter
from streams.periods import SECOND
from streams.state.surveillance import watch_all
from tests.servers.process import free_port

FORCES = (("city-of-london",), ("warwickshire",), ("west-mercia",))
TOGETHER = ("city-of-london", "warwickshire", "west-mercia")
SCRAPES = 20
BATCH = 300
"""Lines of a message, as `watchroom publish` sends them."""


def simulated(folder: Path, force: str, days: int) -> Path:
    """A file of the events of a force's last days."""
    path = folder / f"{force}.ndjson"
    if not path.exists():
        until = dt.datetime.now(dt.UTC).date()
        since = until - dt.timedelta(days=days)
        command = ["simulate", "--force", force, "--since", str(since), "--until", str(until)]
        watchroom(*command, "-o", str(path))
    return path


def watchroom(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "streams.cli", *words], check=True, capture_output=True)


def got(url: str) -> str:
    with urllib.request.urlopen(url, timeout=120) as answer:
        text: str = answer.read().decode()
    return text


@contextmanager
def running(paths: Sequence[Path], forces: Sequence[str]) -> Iterator[str]:
    """The address of a monitor that has read the files."""
    port = free_port()
    command = [sys.executable, "-m", "streams.cli", "run", *map(str, paths)]
    command += [word for force in forces for word in ("--force", force)]
    process = subprocess.Popen(
        [*command, "--web", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            time.sleep(1)
            try:
                if "watchroom_calls{" in got(f"{url}/metrics") or ready(url):
                    break
            except OSError:
                continue
        yield url
    finally:
        process.terminate()
        process.wait()


def ready(url: str) -> bool:
    try:
        got(f"{url}/readyz")
    except OSError:
        return False
    return True


def value(text: str, name: str) -> float:
    return next(
        float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"{name} ")
    )


def series(text: str) -> int:
    return sum(not line.startswith("#") for line in text.splitlines())


def processes(folder: Path, days: int) -> None:
    """Memory and CPU of a process by what it counts."""
    for forces in (*FORCES, TOGETHER):
        paths = [simulated(folder, force, days) for force in forces]
        lines = sum(sum(1 for _ in path.open("rb")) for path in paths)
        with running(paths, forces) as url:
            first = got(f"{url}/metrics")
            begun, cpu = time.monotonic(), value(first, "process_cpu_seconds_total")
            text = first
            for _ in range(SCRAPES):
                text = got(f"{url}/metrics")
            took = value(text, "process_cpu_seconds_total") - cpu
            print(
                f"{'+'.join(forces)}: {lines / days:,.0f} lines a day, "
                f"{value(text, 'process_resident_memory_bytes') / 2**20:,.0f} MiB, "
                f"{cpu:.0f} s to read {lines:,} lines, "
                f"a scrape {1000 * took / SCRAPES:.0f} ms of CPU ({series(text):,} series, "
                f"{len(text):,} B), over {time.monotonic() - begun:.0f} s",
                flush=True,
            )


CHOICES = {
    "all (the default)": "",
    'tables = ["calls", "incidents", "attendance", "crimes"]': f"tables = {list(CORE)}",
    "WATCHROOM_METRICS=core: both": f"tables = {list(CORE)}\nmost_watches = 100",
    'windows = ["today", "month"]': 'windows = ["today", "month"]',
    'windows = ["today"]': 'windows = ["today"]',
    "most_watches = 100": "most_watches = 100",
    'core, and windows = ["today"]': (
        f'tables = {list(CORE)}\nmost_watches = 100\nwindows = ["today"]'
    ),
}


def chosen(folder: Path, name: str, settings: str) -> Force:
    """A shipped force with other `[metrics]`."""
    text = subprocess.run(
        [sys.executable, "-m", "streams.cli", "force", "show", name],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    path = folder / f"chosen-{name}.toml"
    path.write_text(f"{text}\n[metrics]\n{settings}\n" if settings else text)
    return find_force(str(path))


def choices(folder: Path, days: int) -> None:
    """What each choice of `[metrics]` costs: of one monitor, exported in turn as each has it."""
    name = "warwickshire"
    force = find_force(name)
    monitor = Monitor([force])
    watch_all(monitor)
    for _ in play(monitor, open_source(str(simulated(folder, name, days)), force=force)):
        pass
    end = max(
        fold.watermark
        for shard in monitor.shards
        for fold in shard.folds.values()
        if isinstance(fold, Ledger)
    )
    live = Live(monitor, clock=lambda: end - 60 * SECOND)  # so that today is a whole day
    live.health.state = "live"
    for words, settings in CHOICES.items():
        exporter = Exporter(live)
        exporter.exported[name] = Exported(chosen(folder, name, settings), monitor.registry)
        exporter.watches.most = {name: exporter.exported[name].most_watches}
        text = exporter.text()[0]
        begun = time.process_time()
        for _ in range(SCRAPES):
            text = exporter.text()[0]
        took = (time.process_time() - begun) / SCRAPES
        print(
            f"{name}, {words}: {series(text.decode()):,} series, {len(text):,} B, "
            f"{1000 * took:.0f} ms",
            flush=True,
        )


def kafka(folder: Path, days: int) -> None:
    """Bytes of a day's lines in a log, one line a message and in lots."""
    for (name,) in FORCES:
        lines = simulated(folder, name, days).read_bytes().splitlines()
        single = sum(len(line) + 70 for line in lines)
        lots = [b"\n".join(lines[n : n + BATCH]) for n in range(0, len(lines), BATCH)]
        packed = sum(len(gzip.compress(lot, 6)) + 70 for lot in lots)
        print(
            f"{name}: {len(lines) / days:,.0f} lines a day; {single / days / 1e6:.1f} MB a day one "
            f"by one, {packed / days / 1e6:.2f} MB in lots of {BATCH} with gzip",
            flush=True,
        )


PARTS = {"processes": processes, "choices": choices, "kafka": kafka}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--days", type=int, default=38)
    options.add_argument("--only", default=",".join(PARTS))
    options.add_argument("--folder", type=Path, help="where the simulated files are, and are kept")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = given.folder or Path(made)
        for part in given.only.split(","):
            PARTS[part](folder, given.days)


if __name__ == "__main__":
    main()
