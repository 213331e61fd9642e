"""Heartbeats: by which a feed says that it is alive, though it may have nothing else to send.

Kept of each feed are the latest few, from which it is learned how far apart they are
(`usual_interval`) and so how long to wait for the next (`patience`), and the spans of time through
which they went on (`breaks` says where they did not).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from streams.config.force import Force
from streams.errors import Refused
from streams.events.schema import Heartbeat
from streams.fold.ledger import EventClock
from streams.periods import DAY, SECOND, Span, to_ms
from streams.registry.registry import REGISTRY
from streams.registry.times import SKEW

MOST_FEEDS = 200
"""Feeds of one force, so that memory is bounded. One more takes the place of the unknown feed that
was heard longest ago."""
MISSED_NO_MORE = 7 * DAY
"""How long after its last heartbeat a feed that is not known is missed no more, in ms."""
KIND_OF = {word: kind for kind in REGISTRY.structs for word in (kind, REGISTRY.plain_name(kind))}
"""The kind of record that a feed with heartbeats brings, by the feed's name."""
LONGEST_INTERVAL = 7 * DAY / SECOND
"""Seconds; a heartbeat that says it comes less often says nothing."""
KEPT_BEATS = 8
"""Newest heartbeats of a feed that are kept: from how far apart they are its interval is
learned."""
FEW = 3
"""Heartbeats from which an interval is learned."""
LONGEST_LEARNED = 86_400.0
"""Seconds; no longer interval is learned: a feed that is read from its past does not beat once a
week."""
PRESUMED = 300.0
"""Seconds between the heartbeats of a feed of which too few came to learn it."""
LEAST_PATIENCE, MOST_PATIENCE = 100.0, 110.0
"""Seconds that any heartbeat is waited for; and at most three, so that with the time until somebody
looks it is two minutes."""
JOINED = 600_000
"""Heartbeats at most so many ms apart are kept as one span."""
MOST_SPANS = 1_000
"""Newest spans of heartbeats that are kept of a feed."""

Beat = tuple[int, float]
"""When a heartbeat was sent, in ms, and the seconds that it says lie between two; 0 where it says
nothing of it."""


class Heartbeats:
    """The fold of the heartbeats of one force, by feed. Instants are in ms since 1970 UTC.

    Kept are the newest of them, each once, so that the order of arrival and repeats change nothing.
    """

    def __init__(self, force: Force) -> None:
        self.force = force
        self.latest: dict[str, int] = {}
        """By feed the instant of the newest heartbeat."""
        self.beats: dict[str, list[Beat]] = {}
        """By feed the newest heartbeats, oldest first."""
        self.beating: dict[str, list[Span]] = {}
        """By feed the spans of time through which they went on (`keep`)."""
        self.lines = 0
        """Heartbeats that were taken."""
        self.clock: EventClock | None = None
        """Asked to judge up to the instant of a heartbeat before it is taken."""

    def taken(self) -> dict[str, int]:
        """How many heartbeats were taken, and from how many feeds."""
        return {"taken": self.lines, "records": len(self.latest)}

    def add(self, event: Heartbeat, appended: int) -> None:
        """Takes a heartbeat; raises `Refused`. `appended` is when the log took it, in ms."""
        at = to_ms(event.at)
        if at > appended + SKEW:
            raise Refused("in_the_future", "at is later than the heartbeat was received")
        if event.feed not in self.latest and len(self.latest) >= MOST_FEEDS:
            self._make_room()
        if self.clock is not None and at > self.clock.due:
            self.clock.judge_until(at)
        if self.clock is not None and event.feed not in self.latest:
            self.clock.due = 0  # nobody knew that this feed may fall silent
        if at > self.latest.get(event.feed, 0):
            self.latest[event.feed] = at
        keep(self.beating.setdefault(event.feed, []), at)
        every = event.every_seconds or 0.0
        self._keep(event.feed, (at, every if 0.0 < every <= LONGEST_INTERVAL else 0.0))
        self.lines += 1

    def _make_room(self) -> None:
        """Lets the unknown feed go that was heard longest ago; raises `Refused` where there is
        none."""
        unknown = ((at, feed) for feed, at in self.latest.items() if not is_known(self.force, feed))
        _, oldest = min(unknown, default=(0, ""))
        if not oldest:
            raise Refused("too_many_feeds", f"more than {MOST_FEEDS} feeds")
        for held in (self.latest, self.beats, self.beating):
            held.pop(oldest, None)

    def missed(self, at: int) -> dict[str, int]:
        """When those feeds were last heard that somebody would miss at an instant."""
        force = self.force
        return {f: heard for f, heard in self.latest.items() if is_missed(force, f, heard, at)}

    def _keep(self, feed: str, beat: Beat) -> None:
        held = self.beats.setdefault(feed, [])
        place = bisect_left(held, (beat[0],))
        if place < len(held) and held[place][0] == beat[0]:
            held[place] = max(held[place], beat)
        elif place or len(held) < KEPT_BEATS:
            held.insert(place, beat)
            del held[:-KEPT_BEATS]

    def restore(
        self,
        latest: dict[str, int],
        beats: dict[str, list[Beat]],
        beating: dict[str, list[Span]],
        lines: int,
    ) -> None:
        """Puts a checkpoint back into an empty fold."""
        self.beating = {feed: list(spans) for feed, spans in beating.items()}
        self.latest, self.lines = dict(latest), lines
        self.beats = {feed: beats.get(feed) or [(at, 0.0)] for feed, at in latest.items()}


def is_known(force: Force, feed: str) -> bool:
    """Whether a feed speaks for a kind of record, or is named in the force's file."""
    return feed in KIND_OF or feed in force.file.feeds


def is_missed(force: Force, feed: str, heard: int, at: int) -> bool:
    """Whether somebody would miss a feed that was last heard at an instant, in ms: not one that the
    force's file has retired, nor an unknown one after a week."""
    written = force.file.feeds.get(feed)
    if written is not None:
        return not written.retired
    return feed in KIND_OF or at - heard <= MISSED_NO_MORE


def interval_of(force: Force, heartbeats: Heartbeats, feed: str) -> float | None:
    """Seconds between two heartbeats of a feed: as the force's file says, as the heartbeats say, or
    as they come; None where too few came to tell."""
    written = force.file.feeds.get(feed)
    if written is not None and written.heartbeat_seconds is not None:
        return written.heartbeat_seconds
    held = heartbeats.beats.get(feed, [])
    said = next((every for _, every in reversed(held) if every), None)
    return said or usual_interval([at / SECOND for at, _ in held])


def usual_interval(instants: Sequence[float]) -> float | None:
    """Seconds between the heartbeats of a feed, from the instants, in seconds, of the latest few in
    order.

    Long gaps count more than short ones, so that jitter, repeats and two senders of one feed make
    the wait no shorter; one gap in four and two in seven may be an outage or a lost beat. None for
    fewer than three.

    >>> usual_interval([0, 150, 300, 450, 750, 900])  # a beat was lost
    150.0
    >>> usual_interval([0, 1, 150, 151, 300])  # two senders
    149.0
    >>> usual_interval([0, 150])
    """
    gaps = sorted(later - earlier for earlier, later in pairwise(instants))
    if len(gaps) < FEW - 1:
        return None
    middle = gaps[(len(gaps) - 1) // 2]
    return float(min(gaps[-1 - (len(gaps) - 1) // 3], max(middle, PRESUMED), LONGEST_LEARNED))


def patience(interval: float) -> float:
    """Seconds from the last beat to the alarm, for beats so many seconds apart.

    Within two minutes while two beats can be missed in them, else after the second that is missed:
    a single lost beat is no silence.

    >>> [patience(seconds) for seconds in (10, 30, 60, 150)]
    [100.0, 100.0, 130.0, 315.0]
    """
    three = min(3.0 * interval + 10.0, MOST_PATIENCE)
    return max(LEAST_PATIENCE, three, 2.0 * interval + max(10.0, interval / 10.0))


def keep(spans: list[Span], beat: int) -> None:
    """Adds a heartbeat, in ms, to the spans through which they went on; the order in which they
    come makes no difference.

    >>> held = []
    >>> for minute in (0, 5, 40, 20, 12):
    ...     keep(held, minute * 60_000)
    >>> [(first // 60_000, last // 60_000) for first, last in held]
    [(0, 20), (40, 40)]
    """
    place = bisect_left(spans, (beat, beat))
    first = last = beat
    begin = end = place
    while begin and first - spans[begin - 1][1] <= JOINED:
        begin -= 1
        first, last = min(first, spans[begin][0]), max(last, spans[begin][1])
    while end < len(spans) and spans[end][0] - last <= JOINED:
        last = max(last, spans[end][1])
        end += 1
    spans[begin:end] = [(first, last)]
    del spans[:-MOST_SPANS]


def breaks(spans: Sequence[Span], interval: float | None, span: Span) -> list[Span] | None:
    """The parts of a span in which heartbeats were due and did not come: an empty list where they
    went on. None where nobody knows: the feed sent none before it, or none after it.

    >>> day = [(0, 3_600_000), (7_200_000, 9_000_000)]
    >>> breaks(day, 30.0, (1_000_000, 2_000_000)), breaks(day, 30.0, (3_000_000, 8_000_000))
    ([], [(3600000, 7200000)])
    >>> breaks(day, 30.0, (8_000_000, 20_000_000))
    """
    wait = max(JOINED, round(1000 * patience(interval or PRESUMED)))
    if not spans or spans[0][0] > span[0] or spans[-1][1] + wait < span[1]:
        return None
    return [
        (max(last, span[0]), min(first, span[1]))
        for (_, last), (first, _) in pairwise(spans)
        if first - last > wait and last < span[1] and span[0] < first
    ]
