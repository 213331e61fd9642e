"""A monitor in this process, put together for a player: with detectors, alerts and dead letters.

with Stops() as stops, embedded_monitor(forces, stops) as runner:
    with Play(open_source(path), forces) as play:
        Player(play, runner, stops=stops).play()
    board = runner.live.board("warwickshire")
    alerts = runner.live.alerts.history("warwickshire")
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from streams.board.monitor import Monitor
from streams.config.force import Force
from streams.embedded.runner import Embedded
from streams.events.deadletters import DeadLetterFile
from streams.live import Live
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.stops import Stops
from streams.state.departed import kept_on_disk


@contextmanager
def embedded_monitor(
    forces: Sequence[Force],
    stops: Stops | None = None,
    *,
    replay: bool = True,
    watched: bool = True,
    alerts_in: Path | None = None,
    dead_letters: Path | None = None,
    public_url: str | None = None,
) -> Iterator[Embedded]:
    """A runner for a block. A `replay` has a clock of its own, keeps its alerts in memory unless a
    folder is named (`alerts_in`), and notifies nobody; else it follows the wall clock. With
    `watched` False no detector watches the measures. Refused rows are appended to `dead_letters`,
    where a file is named. Messages lead to `public_url`, by default that of the environment. Raises
    `ConfigError` for forces that contradict each other."""
    clock = ReplayClock() if replay else None
    live = Live(Monitor(forces)) if clock is None else Live(Monitor(forces), clock)
    with ExitStack() as open_things:
        open_things.enter_context(kept_on_disk(live.monitor))
        if watched:
            from streams.state.surveillance import watch_all  # noqa: PLC0415  slow to import

            watch_all(live.monitor)
        from streams.embedded.alerting import alerting  # noqa: PLC0415  slow to import

        open_things.enter_context(alerting(live, alerts_in, public_url, replay=replay))
        letters = None if dead_letters is None else DeadLetterFile(dead_letters)
        if letters is not None:
            open_things.callback(letters.close)
        yield Embedded(live, stops or Stops(), clock, letters)
