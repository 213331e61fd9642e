"""`watchroom calibrate`: thresholds that keep a budget of false alarms, and what they can see."""

from __future__ import annotations

import os
from dataclasses import replace

import click
import msgspec
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from detectors.calibration.alarm_budget import GRAIN_SHARES, AlarmBudget
from detectors.calibration.detection_delay import delays_in_words
from streams.board.monitor import Monitor
from streams.cli.echo import CleanConsole, echo
from streams.cli.inputs import Inputs, source_options
from streams.config.force import Force, find_force
from streams.embedded.calibration import (
    Calibrated,
    CalibrationQuestion,
    answer,
    class_name,
    class_of,
)
from streams.errors import SourceError
from streams.periods import DAY, Calendar
from streams.registry.phrases import place, subject
from streams.sources.event_lines import in_chunks
from streams.sources.order.history import IntoMonitor
from streams.sources.order.play import Play
from streams.sources.order.player import Player
from streams.sources.simulator import simulate
from streams.state.departed import kept_on_disk
from streams.surveillance.calibration import WATCHED_GRAINS, Planned, plan_of
from streams.surveillance.series import watches_in

SIMULATED_WEEKS = 8


@click.command()
@click.argument("force_name", metavar="FORCE")
@source_options
@click.option(
    "--budget",
    type=click.FloatRange(0.05, 100),
    metavar="N",
    help="False episodes a week; by default the force file's.",
)
@click.option(
    "--history",
    type=click.IntRange(5, 156),
    default=26,
    show_default=True,
    metavar="WEEKS",
    help="What the baselines will have learned from.",
)
@click.option(
    "--replicates",
    type=click.IntRange(2, 200),
    default=8,
    show_default=True,
    help="Simulated years; half as many again check the result.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=max(1, (os.cpu_count() or 2) - 1),
    show_default="all processors but one",
)
@click.option("--anew", is_flag=True, help="Even if the same was asked before.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
def calibrate(  # noqa: PLR0913, PLR0917  one argument an option
    force_name: str,
    inputs: Inputs,
    budget: float | None,
    history: int,
    replicates: int,
    seed: int,
    processes: int,
    anew: bool,
    as_json: bool,
) -> None:
    """Find thresholds that keep a budget of false alarms, and say what they can see.

    FORCE is a shipped force or the path of a force file. Levels, the shape of the week and the
    scatter are read from the SOURCEs (as for `watchroom run`: some weeks of them); without
    any they are those of eight simulated weeks. Years in which nothing happens are then simulated,
    every watch learns from them as it would live, and its alarms are counted. This takes minutes;
    the result is kept, and the same question is answered at once the next time.

    \b
    Examples:
      watchroom calibrate warwickshire
      watchroom calibrate warwickshire --budget 4 --history 8
      watchroom calibrate my-force.toml events-2026.ndjson.gz --processes 4
      watchroom calibrate my-force.toml calls.csv --mapping calls.toml

    \b
    Exit codes:
      0    done; the lines for the force file are at the end
      1    a source can't be read, or has less than two weeks of records
      130  Ctrl-C
    """
    force = find_force(force_name)
    alerts = force.file.alerts
    episodes = budget or alerts.false_episodes_a_week
    wanted = AlarmBudget(episodes, {**GRAIN_SHARES, **alerts.shares.given()})
    with _bar() as bar:
        task = bar.add_task("Reading records" if inputs else "Simulating eight weeks", total=None)
        planned = _planned(force, inputs)
        question = CalibrationQuestion(planned, wanted, history, replicates, seed)
        found = answer(question, processes, _BarProgress(bar, task), anew=anew)
    if as_json:
        echo(msgspec.json.encode(found).decode())
    else:
        _report(force, planned, wanted, found, simulated=not inputs)


def _bar() -> Bar:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = CleanConsole(stderr=True)
    return Bar(*columns, TimeRemainingColumn(), console=console, transient=True)


class _BarProgress:
    """Moves the bar."""

    def __init__(self, bar: Bar, task: TaskID) -> None:
        self.bar, self.task = bar, task

    def __call__(self, what: str, share: float) -> None:
        self.bar.update(self.task, description=what, total=1.0, completed=share)


def _planned(force: Force, inputs: Inputs) -> Planned:
    """Folds the records, real or simulated, and reads the levels."""
    monitor = Monitor([force])
    sink = IntoMonitor(monitor)
    if inputs:
        refused = 0
        monitor.play_history(True)
        with kept_on_disk(monitor), Play(inputs.check().open((force,)), (force,)) as play:
            for _ in Player(play, sink).steps():
                refused += len(sink.refused)
                sink.refused.clear()
        if refused:
            echo(
                f"{refused:,} of {sink.rows:,} rows were refused and left out; "
                "watchroom run says why.",
                err=True,
            )
    else:
        start = Calendar(force.zone).midnight(2024, 1, 8)
        weeks = simulate(force, start, start + SIMULATED_WEEKS * 7 * DAY, 1)
        Player(in_chunks(weeks, "simulator"), sink).play()
    try:
        return plan_of(monitor, force)
    except ValueError as error:
        raise SourceError(f"{error}; give more files, or none for simulated levels") from None


def _report(
    force: Force, planned: Planned, budget: AlarmBudget, found: Calibrated, *, simulated: bool
) -> None:
    """The result in words."""
    console = CleanConsole(highlight=False)
    watches = {grain: sum(watches_in(force, grain).values()) for grain in WATCHED_GRAINS}
    numbers = ", ".join(f"{number} by the {grain}" for grain, number in watches.items())
    echo(f"{force.name}: series watched: {numbers}.")
    if simulated:
        echo("Levels of eight simulated weeks: name files of your own for your own.")
    if found.kept:
        echo("The same was asked before; --anew reckons again.")
    echo(
        f"Budget {budget.episodes_a_week:g} false episodes a week; on fresh simulated years these "
        f"thresholds raise {found.fresh:.2f}.\n"
    )
    table = Table("series", "a day", "a lasting rise is found", box=None, pad_edge=False)
    fitted = replace(budget, factors=found.factors)
    for number, series in enumerate(planned.series):
        sights = found.sights.get(class_name(class_of(planned, number, fitted)))
        if sights is not None:
            what = f"{subject(force, series.watch, series.row)}, {place(force, series.area)}"
            words = delays_in_words([one.as_delay() for one in sights], series.grain)
            table.add_row(what, f"{24 * planned.as_one(number).rate:.1f}", words)
    console.print(table)
    echo("\nLevels of months are judged once a month: docs/detectors.md tells how soon.")
    factors = ", ".join(f"{grain} = {factor:.3g}" for grain, factor in found.factors.items())
    echo(f"\nFor the force file:\n\n[alerts]\nfalse_episodes_a_week = {budget.episodes_a_week:g}")
    echo(f"factors = {{ {factors} }}")
