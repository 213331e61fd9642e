"""The player: the one way in which time is played.

A source in the order of time goes into a sink: as fast as the sink takes it, or each line no sooner
than its instant by a clock that runs a number of times as fast as the wall clock. What comes before
the instant at which the play begins is given first, without a pause, so that a monitor knows what
is usual and who is waiting. How fast something is played changes nothing of what the sink is given,
nor of its order.

    sorting -> before -> playing <-> paused -> over

A sink is a monitor in this process (`streams.embedded.runner.Embedded`), a publisher to Kafka
(`streams.kafka.publisher.Publisher`), or whatever else takes chunks.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from threading import Event
from typing import Literal, NamedTuple, Protocol

from streams.errors import WatchroomError
from streams.registry.times import EARLIEST, LATEST, SKEW
from streams.sources.clock import wall_clock
from streams.sources.event_lines import Chunk, instant_of
from streams.sources.order.play import Play
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.stops import Stopped, Stops

Stage = Literal["sorting", "before", "playing", "paused", "over", "stopped", "failed"]
"""What a player does: sorts the source, gives what comes before its begin, plays, is paused, has
come to its end, was asked to stop, or met with an input that can't be read. A pause before it plays
leaves it in its stage."""

SHORTEST, LONGEST = 0.02, 0.1
"""Seconds that are waited at a stretch while nothing is due, at least and at most."""


class Sink(Protocol):
    """Where what is played goes."""

    @property
    def keeps(self) -> bool:
        """Whether what it was given is still there after this process has ended, as in a log. What
        does not keep it is given all again where a play that was broken off goes on."""

    @property
    def clock(self) -> ReplayClock | None:
        """The event time of what is fed; None where it asks for none."""

    def enter(self, stage: Stage, speed: float | None) -> None:
        """What the player does from now on, and how many times as fast as the wall clock; None for
        as fast as it goes."""

    def take(self, chunk: Chunk) -> None:
        """Takes a chunk, all of which is due."""

    def settle(self) -> None:
        """Nothing more is due for now: what was held back, to go with more, goes."""


class PlayPosition(NamedTuple):
    """How far a play has come: how many of its lines were given, and the event time, in ms."""

    lines: int
    at: int


class Player:
    """Plays a source into a sink.

    `source` is a `Play`, which is sorted first, or any chunks in the order of time. `speed` is how
    many times as fast as the wall clock, None for as fast as it goes. `begin` and `end` are
    instants in ms: what lies before `begin` is given first, without a pause; what lies at `end` or
    later is not given, and the clock runs up to it. With `after` it goes on where a player of the
    same source stopped, at the same speed or another.

    Between two chunks `stops` may end the play (`Stopped`).

    Raises what the sink raises, and `SourceError` for an input that can't be read, after all that
    came before the damage was given.
    """

    def __init__(
        self,
        source: Play | Iterable[Chunk],
        sink: Sink,
        *,
        speed: float | None = None,
        begin: int | None = None,
        end: int | None = None,
        after: PlayPosition | None = None,
        stops: Stops | None = None,
    ) -> None:
        self.source, self.sink = source, sink
        self.speed, self.begin, self.end = speed, begin, end
        self.clock, self.stops = sink.clock or ReplayClock(), stops or Stops()
        self.stage: Stage = "sorting"
        self.lines = 0
        """Lines given so far, those that a player before this one gave among them."""
        self.at = 0
        """The latest instant of a line that was given, or at which the clock was stopped, in ms."""
        self._paused = Event()
        self._after = after or PlayPosition(0, 0)
        # History has no future; what is made up, live, may be read before its time.
        self._latest = wall_clock() + SKEW if isinstance(source, Play) else LATEST
        self._chunks: Iterator[Chunk] | None = None
        self._next: Chunk | None = None
        """What was read of the source and is not given yet."""
        self._caught_up = False

    def pause(self) -> None:
        """Stands still, the clock too; from any thread or signal handler."""
        self._paused.set()

    def resume(self) -> None:
        """Goes on."""
        self._paused.clear()

    @property
    def paused(self) -> bool:
        """Whether it stands still, or will after the chunk that is being taken."""
        return self._paused.is_set()

    @property
    def now(self) -> int:
        """The event time, in ms: the clock's where it runs or has run, else that of the latest line
        that was given; 0 before any."""
        return max(self.at, self.clock() if self.clock.running else 0)

    @property
    def position(self) -> PlayPosition:
        """How far it has come; at least as far as the player before it."""
        return max(self._after, PlayPosition(self.lines, self.now))

    # -- the play ------------------------------------------------------------------------------

    def play(self) -> None:
        """Plays to the end; returns once it has come."""
        for _ in self.steps():
            pass

    def steps(self) -> Iterator[None]:
        """The same, and hands back control after each chunk, and while nothing is due."""
        try:
            yield from self.catching_up()
            self._enter("playing")
            yield from self._at_once() if self.speed is None else self._at_pace(self.speed)
        except Stopped:
            self._leave("stopped")
            raise
        except WatchroomError:
            self._leave("failed")
            raise
        self._leave("over")

    def gathering(self) -> Iterator[None]:
        """The first steps: reads and sorts a `Play`; nothing of any other source."""
        if self._chunks is not None:
            return
        if isinstance(self.source, Play):
            self._enter("sorting")
            for chunk in self.source.gather():
                yield from self._hold()
                yield from self._take(chunk)
                yield  # also where nothing was to be taken: a long reading is seen, and stopped
        self._chunks = iter(self.source)

    def catching_up(self) -> Iterator[None]:
        """The steps up to the begin, or to where the player before this one stopped."""
        yield from self.gathering()
        if self._caught_up:
            return
        self._caught_up = True
        if self.begin is None and not self._after.lines:
            return
        self._enter("before")
        for chunk in self._left():
            yield from self._hold()
            instants = due_instants(chunk, self._latest)
            number = len(instants)
            known = min(number, max(0, self._after.lines - self.lines))
            cut = max(known, bisect_left(instants, self.begin or 0))
            if cut < number:
                self._next = chunk.part(cut, number)
            passed = known if self.sink.keeps else 0
            self.lines += passed
            yield from self._give(chunk, passed, cut)
            if self._next is not None:
                return

    def _at_once(self) -> Iterator[None]:
        follows = not isinstance(self.source, Play)
        for chunk in self._left():
            yield from self._hold()
            if self.end is None:
                yield from self._take(chunk)
                if follows:  # the next may be long in coming
                    self._settle()
                continue
            instants = due_instants(chunk, self._latest)
            cut = bisect_left(instants, self.end)
            yield from self._give(chunk, 0, cut)
            if cut < len(instants):
                break
        if self.end is not None:
            self.clock.advance_to(self.end)

    def _at_pace(self, speed: float) -> Iterator[None]:
        start = max(self.begin or 0, self._after.at)
        if start and not self.clock.running:  # one that runs already has somebody else's time
            self.clock.run(start, speed)
        for chunk in self._left():
            instants = due_instants(chunk, self._latest)
            cut = len(instants) if self.end is None else bisect_left(instants, self.end)
            yield from self._give_in_time(chunk, instants[:cut], speed)
            if cut < len(instants):
                break
        if self.end is not None and self.clock.running:
            self.clock.wait_for(self.end)  # all up to then was given
            while self.clock() < self.end:
                yield from self._wait_until(self.end, speed)

    def _give_in_time(self, chunk: Chunk, instants: Sequence[int], speed: float) -> Iterator[None]:
        """Gives the first lines of a chunk, those of these instants, as the clock reaches each."""
        yield from self._take(chunk.without_lines())
        done = 0
        while done < len(instants):
            at = instants[done]
            if not self.clock.running and at:
                self.clock.run(at, speed)
            now = self.clock.due()
            self.clock.wait_for(at)
            due = bisect_right(instants, now, done)
            if due > done:
                yield from self._hold()
                yield from self._take(chunk.part(done, due))
                done = due
            else:
                yield from self._wait_until(at, speed)
        if instants:
            # What comes next is not read yet: until it is, the clock waits at the last line.
            self.clock.wait_for(instants[-1])

    def _wait_until(self, at: int, speed: float) -> Iterator[None]:
        """Waits a moment, at most until the clock is at an instant."""
        self._settle()
        yield from self._hold()
        left = (at - self.clock()) / 1000 / speed
        self.clock.sleep(max(SHORTEST, min(LONGEST, left)))
        yield

    def _hold(self) -> Iterator[None]:
        """Stands still while it is paused. The sink is not told while it sorts or catches up:
        nothing is replayed yet."""
        if not self._paused.is_set():
            return
        stage, running, at = self.stage, self.clock.running, self.clock.stop()
        if running:
            self.at = max(self.at, at)
        self._settle()
        if stage == "playing":
            self._enter("paused")
        while self._paused.is_set():
            self.clock.sleep(LONGEST)
            yield
        if running and self.speed is not None:
            self.clock.run(at, self.speed)
        if stage == "playing":
            self._enter("playing")

    # -- chunks --------------------------------------------------------------------------------

    def _left(self) -> Iterator[Chunk]:
        """What of the source was not given yet."""
        if self._next is not None:
            chunk, self._next = self._next, None
            yield chunk
        for chunk in self._chunks or ():  # "yield from" would close it where somebody breaks off
            yield chunk

    def _give(self, chunk: Chunk, first: int, last: int) -> Iterator[None]:
        """Gives some lines of a chunk, and what of it is no line."""
        if (first, last) == (0, len(chunk.line_numbers)):
            yield from self._take(chunk)
            return
        yield from self._take(chunk.without_lines())
        if first < last:
            yield from self._take(chunk.part(first, last))

    def _settle(self) -> None:
        """A stop that came while lines go would lose those of which nobody knows any more."""
        with self.stops.held_back():
            self.sink.settle()

    def _take(self, chunk: Chunk) -> Iterator[None]:
        if not (chunk.line_numbers or chunk.rows):
            return
        with self.stops.held_back():
            self.sink.take(chunk)
            self.lines += len(chunk.line_numbers)
            if chunk.instants:
                self.at = max(self.at, chunk.instants[-1])
        yield

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        self.sink.enter(stage, self.speed)

    def _leave(self, stage: Stage) -> None:
        self.at = max(self.at, self.clock.stop())
        self._enter(stage)


def due_instants(chunk: Chunk, latest: int) -> list[int]:
    """When each line of a chunk is due, in ms, in an order that never goes back. A line of no time,
    or of one before 1990 or after `latest`, will be refused: it is due with the line before it."""
    found: Iterable[int | None] = chunk.instants or map(instant_of, chunk.lines())
    return list(accumulate((at if at and EARLIEST <= at <= latest else 0 for at in found), max))
