"""A monitor that is being fed: what a runner owns and the outputs read.

A runner folds payloads under `lock` and keeps `Health` true; outputs run in threads of their own
and only ever read, through the methods here. The clock is the runner's: this machine's
(`streams.live.clock`) of a live monitor, the clock of the replay in a replay.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from streams.alerts.model import Alert, AlertsView, Handover
from streams.board.freshness import Current, marks_of
from streams.board.model import Board, FeedAge, Status
from streams.board.monitor import Monitor, Refusal, Shard
from streams.board.query import Query
from streams.live.clock import LiveClock, steady_clock
from streams.live.lease import Lease
from streams.live.origins import Origins, origins_of
from streams.live.reasons import Reason, of_state, of_trouble
from streams.periods import rfc3339
from streams.sources.clock import wall_clock

if TYPE_CHECKING:  # slow to import
    from streams.surveillance.hours_ahead import Ahead

LiveState = Literal["starting", "recovering", "behind", "live", "unwell", "finished"]
"""`unwell` is a live monitor with `troubles`."""


SLICE = 0.02
"""Seconds of folding at a stretch, after which others get their turn. The longest single step, a
week of a hundred series that is learned, takes three times that."""


LONG = 2.0
"""Seconds without a pause after which a process is behind."""
STALLED = 10.0
"""Seconds without a turn of a runner that has one every second, after which nothing that it said of
itself is true any more."""
BEHIND = 1000
"""Messages that are not counted yet, above which a worker is behind."""
OLD_CHECKPOINT = 120
"""Seconds without a checkpoint after which something keeps it from being written."""
CLOCK = "clock"
"""The key of `Health.troubles` under which it stands that the clock was set."""
INSTANCE = "instance"
"""The code of the trouble that another worker has this one's name and place."""
STALE_HEARTBEAT = 120
STALE_FEED = 15 * 60
"""Seconds of silence after which a live board says that it is stale: of a heartbeat, where the
board does not say how long to wait for one; and of all feeds together where there is none."""
FED = 120
"""A worker whose newest record is younger than so many seconds is being fed."""


class Busy:
    """The stretches of counting of one process or partition.

    Where counting takes seconds on end, the figures lag behind what has come, and the process is
    not ready. A pause is one that is at least as long as the counting before it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        self._turn = self._ended = float("-inf")
        self._working = False

    def begin(self) -> None:
        """Counting begins."""
        now = self._clock()
        if self._since is None or now - self._ended >= self._ended - self._turn:
            self._since = now
        self._turn, self._working = now, True

    def end(self) -> None:
        """Counting ends, for now."""
        self._ended, self._working = self._clock(), False

    def rest(self) -> None:
        """Nothing is left to be counted: a pause, however long counting went on before."""
        self._since, self._working = None, False

    @property
    def seconds(self) -> float:
        """Seconds since the last pause; 0 in a pause."""
        now = self._clock()
        if self._since is None:
            return 0.0
        if not self._working and now - self._ended >= self._ended - self._turn:
            return 0.0
        return now - self._since

    @property
    def turn(self) -> float:
        """Seconds that what is counted now has taken; 0 where nothing is."""
        return self._clock() - self._turn if self._working else 0.0

    @property
    def long(self) -> bool:
        """Whether it goes on for too long to be ready."""
        return self.seconds > LONG

    @property
    def words(self) -> str:
        """What is to be said of it."""
        return f"figures may be behind: counting for {self.seconds:.0f} s without a pause"


class LostReceiver(NamedTuple):
    """An address to which no notification can be sent: what its receivers are called, the forces
    whose alerts it is sent, and since when, in ms."""

    label: str
    forces: frozenset[str]
    since: int


@dataclass
class Health:
    """How a runner is doing. Instants are in ms by the wall clock."""

    state: LiveState = "starting"
    detail: str = "starting"
    replay: bool = False
    """The figures are of another time than now: say so wherever they are shown."""
    speed: float | None = None
    """How many times as fast as the wall clock a replay runs; None at any other pace."""
    simulated: str | None = None
    """What of the input is made up, in words (`calls and incidents`): say so with every figure."""
    lag: dict[str, int] = field(default_factory=dict)
    """Messages not yet folded, by "topic/partition"."""
    unread: frozenset[str] = frozenset()
    """The kinds of record of which messages are not yet folded."""
    checkpoint_at: float | None = None
    """When the last checkpoint was written, in seconds by the monotonic clock, so that its age does
    not jump where the time of day is set; None where none is kept."""
    follows: bool = False
    """Lines are read as they are made, from where nobody can say how many are unread."""
    busy: Busy | None = None
    """How long the counting goes on, of a runner that can't say so itself while it counts."""
    cause: str = ""
    """The code of `streams.live.reasons` for a state that is behind; by default `lag`, or `past`
    of a runner that follows lines."""
    step_since: float | None = None
    """When the step of counting that holds the lock now began, in seconds by the steady clock."""
    turned_at: float | None = None
    """When the runner last had a turn, in seconds by the steady clock; None where it does not say
    so. It is true even where the runner can't speak, since it has no turn."""
    stall_seconds: float | None = None
    """How long the last assignment of partitions kept this worker from counting."""
    troubles: dict[str, str] = field(default_factory=dict)
    """What keeps the figures from being whole: a plain sentence and its cure, by `kind:subject`
    (`topic:watchroom.calls`; the kinds are in `streams.live.reasons`). While there is any, the
    process is not ready."""

    lost_receivers: dict[str, LostReceiver] = field(default_factory=dict)
    """The addresses to which no notification can be sent, by the name of their channel. Figures are
    whole all the same, so the process stays ready."""
    web_failures: int = 0
    """How often the web server of the process has not answered the process itself."""
    log_gaps: dict[str, int] = field(default_factory=dict)
    """How many messages at most the log lost before they were counted, by "topic/partition"."""
    _noting: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def note(self, codes: Collection[str], found: Mapping[str, str]) -> None:
        """Takes in all troubles of some codes as they are now; who watches for these calls it, from
        any thread."""
        with self._noting:
            others = {
                key: words
                for key, words in self.troubles.items()
                if key.partition(":")[0] not in codes
            }
            self.troubles = others | dict(found)

    lease: Lease | None = None
    """Of a worker, for how long what it was given is its own."""

    @property
    def held(self) -> bool:
        """Whether what is counted here can't be another worker's by now."""
        return self.lease is None or self.lease.held

    @property
    def checkpoint_age(self) -> float | None:
        """Seconds since the last checkpoint was written; None where none is kept."""
        return None if self.checkpoint_at is None else time.monotonic() - self.checkpoint_at

    @property
    def shown(self) -> tuple[LiveState, str]:
        """State and detail as they are to be shown now: who counts for seconds on end is behind,
        and so is who has no turn, and who can't know whether another has taken over."""
        if (held_up := self._held_up) is not None:
            return "behind", held_up.problem
        if self.state == "live" and self.troubles:
            return "unwell", "; ".join(self.troubles.values())
        return self.state, self.detail

    @property
    def _held_up(self) -> Reason | None:
        """Why what was last said of the state is not true any more."""
        if self.state not in ("live", "unwell", "behind"):
            return None
        if self.busy is not None and self.busy.long:
            return of_state("counting", self.busy.words)
        now, since, turned = steady_clock(), self.step_since, self.turned_at
        if since is not None and now - since > LONG:
            return of_state(
                "counting",
                f"figures may be behind: one step of counting has taken {now - since:.0f} s so far",
            )
        if turned is not None and now - turned > STALLED:
            return of_state("stalled", f"the process has had no turn for {now - turned:.0f} s")
        if self.state != "behind" and self.lease is not None and not self.lease.held:
            return of_state("group", self.lease.words)
        return None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the figures may not be relied on now; empty where they may."""
        found: list[Reason] = []
        if (held_up := self._held_up) is not None:
            found.append(held_up)
        elif self.state in ("starting", "recovering") and not self._displaced:
            found.append(of_state(self.state, self.detail))
        elif self.state == "behind":
            found.append(of_state(self.cause or ("past" if self.follows else "lag"), self.detail))
        return (*found, *(of_trouble(*each) for each in sorted(self.troubles.items())))

    @property
    def _displaced(self) -> bool:
        """Another has this worker's place: it waits for that one to go, not for anything that ends
        by itself."""
        return any(key.partition(":")[0] == INSTANCE for key in self.troubles)

    @property
    def ready(self) -> bool:
        """Recovered, keeping up and without troubles, so that the figures may be relied on."""
        return self.state in ("live", "finished") and not self.reasons

    @property
    def counting(self) -> bool:
        """Whether what is counted is counted up to now. Troubles may keep lines from being counted,
        but what happens in the room is judged and shown all the same."""
        return self.ready or self.shown[0] == "unwell"


class AlertProvider(Protocol):
    """The alerts of a process, as outputs use them (`streams.alerts.service`)."""

    faults: int
    """Times that they could not be judged or passed on."""

    def view(self, force: str, at: int) -> AlertsView:
        """The alerts' part of a board."""

    def history(
        self, force: str, since: int | None = None, state: str | None = None
    ) -> list[Alert]:
        """Alerts of a force, newest first."""

    def act(self, alert: str, action: str, at: int, who: str, **details: Any) -> Alert | Handover:
        """Does what a person asks about an alert; raises `ActionError`, or `NoAlert`."""

    def tick(self) -> None:
        """Looks at how things stand now."""


class Live:
    """The seam between a runner and the outputs."""

    def __init__(self, monitor: Monitor, clock: Callable[[], int] | None = None) -> None:
        self.monitor = monitor
        self.clock = LiveClock() if clock is None else clock
        self.lock = threading.RLock()
        self.health = Health()
        self.started_at = wall_clock()
        self.current = Current()
        """Which kinds of record are read up to now."""
        self.alerts: AlertProvider | None = None
        """The alerts of this process, where any are raised."""
        self._ahead: dict[str, Ahead] = {}
        """By force what makes the next hours of its calls."""

    def ingest(self, payload: bytes, appended: int, only: Shard | None = None) -> list[Refusal]:
        """Folds a payload; see `Monitor.ingest`."""
        with self.lock, self._stepping():
            return self.monitor.ingest(payload, appended, only)

    @contextmanager
    def _stepping(self) -> Iterator[None]:
        """A step of counting: while it goes on, others can see for how long it has."""
        self.health.step_since = steady_clock()
        try:
            yield
        finally:
            self.health.step_since = None

    def observe(self, *, counts: bool = True) -> None:
        """Takes in how far everything is read by now. Those who judge the present do so before they
        judge; a runner may do so between, with `counts` False."""
        health = self.health
        with self.lock:
            self.monitor.advance(self.clock())
            self._note_clock()
            self.current.observe(
                marks_of(self.monitor),
                self.monitor.now,
                unread=health.unread,
                complete=not health.follows,
                counts=counts,
            )
            if health.follows:
                self._say_how_far()

    def _note_clock(self) -> None:
        """A clock that was set is a trouble, until it is believed."""
        words = self.clock_trouble
        if words != self.health.troubles.get(CLOCK, ""):
            self.health.note((CLOCK,), {CLOCK: words} if words else {})

    @property
    def clock_trouble(self) -> str:
        """What is wrong with the clock and the cure, in words; empty where nothing is."""
        return self.clock.words if isinstance(self.clock, LiveClock) else ""

    @property
    def clock_unsteady(self) -> float:
        """For how many seconds the clock has been set again and again; 0 where it goes evenly."""
        return self.clock.unsteady if isinstance(self.clock, LiveClock) else 0.0

    def _say_how_far(self) -> None:
        health, past = self.health, self.current.past()
        if past is None:
            health.state, health.detail = "live", "reading as lines arrive"
            return
        (force, kind), at = past
        of, known = self.monitor.forces[force], kind.partition(".")
        what = f"heartbeats of {known[2]}" if known[1] else self.monitor.registry.plain_name(kind)
        health.state = "behind"
        health.detail = f"reading the past: {of.name}, {what} to {rfc3339(at, of.zone)[:16]}"

    def is_current(self, force: str, kind: str) -> bool:
        """Whether a kind of record (or `heartbeat.<feed>`) is read up to now, so that what it says
        may be passed on. A replay reads before its clock moves on."""
        health = self.health
        if health.replay:
            return health.ready
        return (health.counting or health.follows) and self.current.holds(force, kind)

    def is_read(self, force: str, kind: str) -> bool:
        """Whether nothing is known to be unread of a kind: the board then shows its silence, of
        which people are notified once it is current."""
        health = self.health
        if health.follows:
            return self.is_current(force, kind)
        return health.counting and kind.partition(".")[0] not in health.unread

    def reaches(self, force: str, kind: str, at: int) -> bool:
        """Whether a record of an instant that is just being counted is of now."""
        return self.current.reaches(force, kind, at, self.clock())

    def slices(self, steps: Iterator[None], seconds: float = SLICE) -> Iterator[None]:
        """Goes through steps of folding (`Monitor.steps`) in slices of about so many seconds;
        between them the lock is free, and figures may be read."""
        more = True
        while more:
            with self.lock, self._stepping():
                until = time.monotonic() + seconds
                more = False
                for _ in steps:
                    if time.monotonic() >= until:
                        more = True
                        break
            if more:
                yield

    def origins(self, force_id: str) -> Origins:
        """What of the records of a force is not of a live feed."""
        with self.lock:
            found = self.monitor.origins(force_id)
        registry = self.monitor.registry
        names = {kind: registry.plain_name(kind) for kind in found}
        return origins_of({names[kind]: by_origin for kind, by_origin in found.items()})

    def mode(self, force_id: str) -> str:
        """How a force's figures came about, where that is not "now and here", as its pages say."""
        found = self.origins(force_id)
        if self.health.replay:
            return "Replay, not live"
        if found.mixed:
            return "Live and made-up mixed"
        if self.health.simulated or found.simulated:
            return "Simulated"
        return "Replayed records" if found.replayed else ""

    def forces(self) -> tuple[str, ...]:
        """The ids of the forces of which this process has any state."""
        with self.lock:
            held = {name for shard in self.monitor.shards for name in shard.folds}
        return tuple(name for name in self.monitor.forces if name in held)

    def feeds(self, force_id: str) -> dict[str, FeedAge]:
        """How far each feed of a force has got, as a board of now has it."""
        with self.lock:
            self.observe(counts=False)
            return self.monitor.feeds(force_id)

    def query(self, force_id: str, at: int | None = None) -> Query:
        """What is asked of a force as of `at` (ms), by default now; of a history that was played to
        its end as of the end of its last day, when all that ends with that day is over."""
        end = self.monitor.history_ends.get(force_id)
        return Query(self.monitor, force_id, end if at is None else at, self.lock)

    def board(self, force_id: str, at: int | None = None, periods: Sequence[str] = ()) -> Board:
        """The board of a force as of `at`, by default now; see `Monitor.board`. Adds `status`,
        which like the other volatile parts says how the monitor is doing, not what it counts, and
        `surveillance`, what the detectors found."""
        health = self.health
        with self.lock:
            self.observe(counts=False)
            board = self.monitor.board(force_id, at, periods)
            if any(shard.surveillance for shard in self.monitor.shards):
                from streams.surveillance.hours_ahead import Ahead  # noqa: PLC0415  slow, and here
                from streams.surveillance.view import surveyed  # noqa: PLC0415  it is loaded

                now = self.monitor.now if at is None else at
                if force_id not in self._ahead:
                    self._ahead[force_id] = Ahead(self.monitor, self.monitor.forces[force_id])
                board.ahead = self._ahead[force_id].view(now)
                board.surveillance = surveyed(
                    self.monitor, force_id, now, partial(self.is_read, force_id)
                )
            if self.alerts is not None:
                board.alerts = self.alerts.view(force_id, self.monitor.now if at is None else at)
        origins = self.origins(force_id)
        state, detail = health.shown
        board.status = Status(
            state=state,
            detail=detail,
            ready=health.ready,
            replay=health.replay,
            speed=health.speed,
            simulated=health.simulated or origins.simulated,
            replayed=origins.replayed,
            mixed=origins.mixed,
            lag=sum(health.lag.values()),
        )
        return board
