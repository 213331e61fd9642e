"""Plays a history into a monitor under some settings, and keeps every alert that it raises.

A record counts as it was known at the time: lines are played in the order in which they became
known (`updated_at`), and a version that came later is not seen before. Nobody is notified, and
nobody takes an alert or closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from streams.alerts.model import Alert, Transition
from streams.alerts.service import AlertService
from streams.backtest.known import Known
from streams.backtest.model import RaisedAlert, SettingsResult
from streams.backtest.results import Watches, Window, raised, result
from streams.backtest.settings import BacktestSettings
from streams.board.query import Query
from streams.charts.indicator import alert_mark, indicator_chart
from streams.charts.model import Chart, Mark
from streams.config.force import Force
from streams.embedded.replay import embedded_monitor
from streams.embedded.runner import Embedded, last_event
from streams.errors import ConfigError, QueryError, WatchroomError
from streams.fold.ledger import Closing
from streams.live import Live
from streams.periods import DAY, Grain, rfc3339
from streams.registry import phrases
from streams.registry.dimensions import ALL
from streams.registry.registry import REGISTRY
from streams.sources.order.play import Play, Readable
from streams.sources.order.player import Player
from streams.sources.stops import Stopped, Stops
from streams.surveillance.service import Surveillance

MOST_CHARTS = 8
"""Series that have a chart, those with the most alerts first."""
BY_DAY = 400 * DAY
"""The longest history that is charted by day; longer ones are by month."""


class Progress(NamedTuple):
    """How far a play is: the share of its reading or its playing that is done, and the event time
    that it has reached, in ms (0 while it reads)."""

    share: float
    at: int
    lines: int


class Played(Struct, kw_only=True):
    """What came of a history under some settings, and of the history itself. Instants are in ms."""

    result: SettingsResult
    first: int = 0
    """Of the first record; 0 where nothing was played."""
    last: int = 0
    """Of the last record."""
    start: int
    end: int
    rows: str
    """Where all rows went, in words."""
    notes: list[str] = []
    stopped: int = 0
    """The exit code with which it was asked to stop; 0 where it was played to its end."""
    failure: str = ""
    """What broke off the reading, after which nothing was played."""
    refused: int = 0
    read: int = 0
    """Rows that were refused, and that were read at all but for those that are excluded."""
    reasons: dict[str, int] = {}
    """Refused rows by reason."""
    examples: dict[str, tuple[str, str]] = {}
    """Of each reason the first row: its place and what was wrong with it."""


def play(  # noqa: PLR0913  one argument a thing that is asked for
    source: Readable,
    settings: BacktestSettings,
    *,
    stops: Stops,
    events: Sequence[Known] | None = None,
    start: int | None = None,
    end: int | None = None,
    lag: int = 14 * DAY,
    letters: Path | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Played:
    """Plays a source to its end, or up to `end`; alerts are counted from `start` on (both in ms).
    Refused rows are appended to the file `letters`.

    Where it is asked to stop, what was found until then is returned. Raises `WatchroomError` where
    nothing can be read."""
    force = settings.force
    with (
        Play(source, [force], end=end) as ordered,
        embedded_monitor([force], stops, dead_letters=letters) as runner,
    ):
        transitions: list[Transition] = []
        service = runner.live.alerts
        if not isinstance(service, AlertService):
            raise TypeError("an embedded monitor without alerts")
        service.subscribe(transitions.extend)
        judged = FirstJudged(runner.live, force)
        failure, stopped = "", 0
        try:
            for _ in (player := Player(ordered, runner, end=end, stops=stops)).steps():
                progress(_far(player, ordered))
                if player.stage != "sorting":
                    _check_start(start, ordered.last, force)
        except Stopped as stop:
            stopped = stop.exit_code
        except ConfigError:
            raise
        except WatchroomError as error:
            failure = str(error)
        try:
            with stops.held_back():
                last = last_event(runner.live.monitor, force.id)
                first = (ordered.first or 0) if last else 0
                asked = end if end is not None and player.stage == "over" else 0
                window = Window(
                    start=max(first, start or first), end=max(first, last + 1, asked), lag=lag
                )
                watches = judged.watches(service.faults)
                found = _found(runner, ordered, settings, transitions, watches, events, window)
                found.first, found.last = first, last
        except Stopped as stop:
            stopped = stop.exit_code
        found.stopped, found.failure = stopped, failure
        if found.first and not (stopped or failure):
            _check_start(start, found.last, force)
        return found


class FirstJudged:
    """Notes from when on any series of a force could be judged: a detector that has learned what is
    usual judges from the next period on. It looks as days and months close."""

    def __init__(self, live: Live, force: Force) -> None:
        self.at: int | None = None
        """The end of the day or month with which the first had learned enough, in ms."""
        self._watching: list[Surveillance] = []
        for shard in live.monitor.shards:
            watching = shard.surveillance.get(force.id)
            if watching is not None:
                self._watching.append(watching)
                self._follow(watching)

    def _follow(self, watching: Surveillance) -> None:
        ledger = watching.ledger
        before = ledger.on_close

        def closed(closing: Closing) -> Iterator[None]:
            if before is not None:
                yield from before(closing) or ()
            if self.at is None and closing.period.grain in ("day", "month"):
                grains = watching.grains.values()
                if any(watch.adapter.state != "learning" for grain in grains for watch in grain):
                    self.at = closing.period.end

        ledger.on_close = closed

    def watches(self, faults: int) -> Watches:
        """What is known of the watches at the end; `faults` are those of rules."""
        return Watches.of(self._watching, faults, self.at)


def _check_start(start: int | None, last: int, force: Force) -> None:
    """Raises `ConfigError` where alerts are to be counted from a time on at which all is over."""
    if start is not None and start > last:
        raise ConfigError(
            f"alerts are to be counted from {rfc3339(start, force.zone)} on, and the last record "
            f"is of {rfc3339(last, force.zone)}",
            cure="Give --from an earlier time",
        )


def _far(player: Player, ordered: Play) -> Progress:
    if player.stage != "sorting":
        return Progress(player.lines / max(1, ordered.lines), player.at, player.lines)
    source = ordered.source
    return Progress(min(1.0, source.consumed_bytes / max(1, source.total_bytes or 0)), 0, 0)


def _found(
    runner: Embedded,
    ordered: Play,
    settings: BacktestSettings,
    transitions: Sequence[Transition],
    watches: Watches,
    events: Sequence[Known] | None,
    window: Window,
) -> Played:
    """What came of a history as far as it was played."""
    live, force = runner.live, settings.force
    alerts = raised(settings, transitions, window)
    latest = {each.alert.id: each.alert for each in transitions}
    charts, left_out = _charts(live, force, alerts, latest, events or (), window)
    account = runner.account()
    return Played(
        result=result(settings, alerts, window, events, watches, charts, left_out),
        start=window.start,
        end=window.end,
        rows=account.in_words(),
        notes=[
            *_not_judged(settings, watches),
            *_outside(events or (), window),
            *_by_the_month(live),
            *ordered.at_end.in_words(),
        ],
        refused=account.refused,
        read=account.rows - account.excluded,
        reasons=dict(runner.refused),
        examples=runner.examples,
    )


def _by_the_month(live: Live) -> list[str]:
    """What is said of records of which only the month is known."""
    feeds = [
        REGISTRY.feeds[shard.kind]
        for shard in live.monitor.shards
        if any(ledger.panes.whole_months for ledger in shard.ledgers().values())
    ]
    if not feeds:
        return []
    said = (
        f"Of {phrases.listed(feeds)}, at least of some, only the month is known. A month is judged "
        "once records of the next one come, up to a month later than a live feed would have had "
        "it, and the last one not at all."
    )
    return [said]


def _not_judged(settings: BacktestSettings, watches: Watches) -> list[str]:
    """What is said where no series could be judged, so that hardly an alert could come."""
    if watches.learning < watches.watched:
        return []
    said = (
        f"Under the settings {settings.name} no series could be judged yet at the end: counts "
        "of hours and days need four weeks of history, those of months twelve months."
    )
    return [said]


def _outside(events: Sequence[Known], window: Window) -> list[str]:
    """What is said of the events that the history can't show."""
    names = [each.name for each in events if not window.overlaps(each)]
    if not names:
        return []
    many = "1 event of the truth lies" if len(names) == 1 else f"{len(names)} of the truth lie"
    return [f"{many} outside of what was played, and does not count: {', '.join(names)}."]


# -- charts ----------------------------------------------------------------------------------------


def _charts(
    live: Live,
    force: Force,
    alerts: Sequence[RaisedAlert],
    latest: dict[str, Alert],
    events: Iterable[Known],
    window: Window,
) -> tuple[tuple[Chart, ...], int]:
    """A chart of each series that has alerts, the most first, with these and the truth marked."""
    of: dict[tuple[str, str], list[RaisedAlert]] = {}
    for each in alerts:
        address = _address(each)
        if address is not None:
            of.setdefault((address, each.area), []).append(each)
    query = Query(live.monitor, force.id, window.end)
    calendar = query.calendar
    grain: Grain = "day" if window.end - window.start <= BY_DAY else "month"
    first, last = (calendar.label(grain, calendar.start(grain, at)) for at in
                   (window.start, max(window.start, window.end - 1)))  # fmt: skip
    marks = tuple(
        Mark(
            at=calendar.local(max(each.start, window.start)),
            until=None if each.end is None else calendar.local(each.end),
            kind="note",
            words=each.name,
        )
        for each in events
        if window.overlaps(each)
    )
    ranked = sorted(of.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    charts: list[Chart] = []
    for (address, area), about in ranked[:MOST_CHARTS]:
        try:
            chart = indicator_chart(query, address, grain, f"{first}..{last}", area)
        except QueryError:
            continue  # what holds at a moment is no figure of a period
        shown = [alert_mark(latest[each.id]) for each in about]
        charts.append(replace(chart, marks=(*chart.marks, *marks, *shown)))
    return tuple(charts), len(of) - len(charts)


def _address(alert: RaisedAlert) -> str | None:
    """What is charted of an alert; None for what is no figure of a period."""
    found = REGISTRY.find(alert.group, alert.measure)
    if found is None:
        return None
    asked = ";".join(f"{name}={value}" for name, value in alert.row.items() if value != ALL)
    return f"{alert.group}.{alert.measure}" + (f"{{{asked}}}" if asked else "")
