"""What is said at the end of a play into a monitor: the boards, the account of all rows, the
alerts, what was refused, and what to look at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from streams.alerts.model import Alert
from streams.board.answers import known_rows
from streams.cli.echo import echo
from streams.cli.inputs import passed_over, refused_lines, refused_much
from streams.cli.options import board_console
from streams.embedded.runner import Embedded, has_records, last_event
from streams.events.unknown_values import in_words
from streams.live import Live
from streams.outputs.figures_shown import figures
from streams.outputs.terminal.board import render
from streams.periods import rfc3339, to_ms
from streams.sources import Source
from streams.sources.order.play import Play
from streams.sources.stops import Stopped, rest

LATEST_WORDS = "Alerts in the order in which they opened, each in its latest words:"


def close(
    runner: Embedded,
    named: Sequence[str],
    at: int | None,
    periods: tuple[str, ...],
    compare: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """The closing board of every force that has records (or was named), with the comparisons that
    are asked for below it; then the account, with the same time. `at` is that time in ms, by
    default the last event; comparisons are then as of the end of its day, where all was read."""
    live = runner.live
    zone: dt.tzinfo | None = None
    asked, at = at, last_event(live.monitor) if at is None else at
    for force in live.forces():
        # A board that has no time to be of would be one of 1970.
        if at and (force in named or has_records(live.monitor, force)):
            zone = zone or live.monitor.forces[force].zone
            board = live.board(force, at, periods)
            if as_json:
                echo(msgspec.json.encode(board))
            else:
                console = board_console()
                console.print(render(board, console.width))
                console.print()
                if compare:
                    until = asked or live.monitor.history_ends.get(force, at)
                    rows = known_rows(live.query(force, until), periods, compare)
                    console.print(figures(rows, compare))
                    console.print()
    when = (
        f"At {rfc3339(at, zone or dt.UTC)}" if at else "Nothing was counted, so there is no board"
    )
    echo(f"{when}, {runner.account().in_words()}", err=as_json)


def alerts_in_words(live: Live, since: int = 0) -> str:
    """How many alerts there were, of those that opened at an instant or later (ms)."""
    alerts = _alerts(live, since)
    still = sum(alert.open for alert in alerts)
    many = f"{len(alerts):,} alert{'s' * (len(alerts) != 1)}"
    return f"{many}, {still:,} open at the end." if alerts else "No alerts."


def alerts_between(live: Live, since: int = 0) -> list[str]:
    """The same alerts below a heading, a line each in the order in which they opened: from when to
    when, how severe it was, and its latest words. Nothing where there are none."""
    found = []
    for alert in sorted(_alerts(live, since), key=lambda each: (each.opened_at, each.id)):
        ended = "open" if alert.resolved_at is None else f"{alert.resolved_at:%Y-%m-%d %H:%M}"
        times = f"{alert.opened_at:%Y-%m-%d %H:%M} to {ended}"
        found.append(f"{times}  {alert.severity}  {alert.words}")
    return [LATEST_WORDS, *found] if found else []


def _alerts(live: Live, since: int) -> list[Alert]:
    if live.alerts is None:
        return []
    held = [alert for force in live.forces() for alert in live.alerts.history(force)]
    return [alert for alert in held if to_ms(alert.opened_at) >= since]


def report(
    runner: Embedded, sources: Sequence[Play | Source], *, whole: bool, as_json: bool
) -> bool:
    """What a user should look at: refusals and their cures, files passed over, warnings; whether
    much was refused of a finite source, which only one that was read to its end (`whole`) can
    say."""
    path = runner.dead_letters.path if runner.dead_letters else ""
    notes = refused_lines(runner.refused, runner.examples, path)
    if unknown := runner.live.monitor.unknown():
        notes.append(
            f"Unknown values, in rows that count all the same: {in_words(unknown)}. "
            "Add what the force file lacks, or mend the sender"
        )
    plays = [each for each in sources if isinstance(each, Play)]
    if not all(play.gathered for play in plays):
        notes.append(
            "Left off while the files were read; their rows are counted once all are read."
        )
    notes += [
        f"Rows of which nothing lies between the begin and the end: {play.outside:,}."
        for play in plays
        if play.outside
    ]
    for each in sources:
        notes += passed_over(each.source if isinstance(each, Play) else each)
    for each in sources:
        notes += [f"Look: {warning}" for warning in each.warnings]
    much = refused_much(runner.refused.total(), runner.rows - runner.excluded) if whole else None
    for line in [*notes, *([much] if much else [])]:
        echo(line, err=as_json)
    return much is not None


def serve_until_stopped(words: str) -> Stopped:
    """Says what is served, and waits until a signal asks to end: one that comes while it is said
    counts too."""
    try:
        echo(words, err=True)
        rest()
    except Stopped as stopped:
        return stopped
