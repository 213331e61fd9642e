"""Feeds of which every line is refused, and why: such a feed is not silent, and may well be up.

For each force and kind of record (of heartbeats for each feed) it counts the lines that were
refused since one was last taken: how many, since when, for which reasons. Pure; nothing is stored.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import NamedTuple

import msgspec

from streams.periods import MINUTE, SECOND, to_ms

MOST_FEEDS = 200
"""Feeds of one force whose heartbeats are kept apart."""
STEADY = MINUTE
"""In ms: how much the lead of a source's clock may vary and still be given as one figure."""
LASTING = 15 * MINUTE
"""In ms; a feed counts as refused while its last refused line is no older."""

WORDS = {
    "in_the_future": "its times lie in the future",
    "implausible_date": "its times can't be right",
    "impossible_date": "its times can't be right",
    "no_offset": "its times have no offset from UTC",
    "bad_time": "its times can't be read",
    "no_time": "it has no times",
    "sealed": "its records are older than the horizon",
    "missing_field": "a field is missing",
    "wrong_form": "a field has the wrong form",
    "too_long": "a field is too long",
    "not_json": "it is no JSON",
    "bad_encoding": "it is no UTF-8",
    "unknown_area": "it names an area that the force file has not",
    "unknown_line": "it names a line that the force file has not",
    "unknown_value": "it has a value that is not known",
    "unknown_force": "it names a force that is not known",
    "wrong_force": "the token that sends it is of another force",
    "wrong_partition": "it comes in the wrong partition",
    "wrong_topic": "it comes in the wrong topic",
    "wrong_prefix": "it comes in the topic of another force",
    "ledger_full": "no more records can be held",
    "too_many_feeds": "no more feeds can be held",
}
"""Reasons for which the lines of a feed are refused, in plain words."""


class FeedKey(NamedTuple):
    """A feed by its force and kind of record; heartbeats have the name of their feed too."""

    force: str
    kind: str
    feed: str = ""


class RefusedFeed:
    """The lines of one feed that were refused since a line of it was last taken."""

    __slots__ = ("ahead", "first", "key", "last", "lines", "mark", "reasons")

    def __init__(self, key: FeedKey, mark: int, at: int) -> None:
        self.key, self.mark = key, mark
        """The feed, and a number that changes with every line of it that is taken."""
        self.first = self.last = at
        """When the first and the last of them were received, in ms."""
        self.lines = 0
        self.reasons: Counter[str] = Counter()
        self.ahead: tuple[int, int, int] | None = None
        """The least, the most and the latest time, in ms, from when one was received to the time
        that it gives."""

    @property
    def reason(self) -> str:
        """Why most of them were refused."""
        return self.reasons.most_common(1)[0][0]

    @property
    def steadily_ahead(self) -> float | None:
        """Seconds by which the clock of the source is ahead; None where it is not, or wavers."""
        if self.ahead is None or self.reason != "in_the_future":
            return None
        least, most, latest = self.ahead
        return latest / SECOND if most - least <= STEADY else None

    def lasts(self, at: int) -> bool:
        """Whether lines are still being refused at an instant."""
        return at - self.last <= LASTING


class Refusals:
    """The refused feeds of a process."""

    def __init__(self) -> None:
        self._held: dict[FeedKey, RefusedFeed] = {}

    def note(self, key: FeedKey, mark: int, line: bytes, reason: str, at: int) -> None:
        """Takes in a line that was refused at `at`. `mark` is anything that changes with every line
        of the feed that is taken."""
        held = self._held.get(key)
        if held is None or held.mark != mark:
            if held is None and key.feed and self._feeds(key.force) >= MOST_FEEDS:
                return
            held = self._held[key] = RefusedFeed(key, mark, at)
        held.lines += 1
        held.last = max(held.last, at)
        held.reasons[reason] += 1
        if reason == "in_the_future" and (stamp := _stamp_in(line)) is not None and stamp > at:
            ahead = stamp - at
            least, most, _ = held.ahead or (ahead, ahead, ahead)
            held.ahead = min(least, ahead), max(most, ahead), ahead

    def _feeds(self, force: str) -> int:
        return sum(1 for key in self._held if key.force == force and key.feed)

    def of(self, key: FeedKey, mark: int) -> RefusedFeed | None:
        """The refused lines of a feed; None where a line of it has been taken since."""
        held = self._held.get(key)
        return held if held is not None and held.mark == mark else None

    def keys(self, force: str) -> list[FeedKey]:
        """The feeds of a force of which lines were ever refused, in order."""
        return sorted(key for key in self._held if key.force == force)


class _Named(msgspec.Struct):
    kind: str = ""
    force: str = ""
    feed: str = ""


class _Stamped(msgspec.Struct):
    updated_at: dt.datetime | None = None
    at: dt.datetime | None = None


_read_named = msgspec.json.Decoder(_Named).decode
_read_stamped = msgspec.json.Decoder(_Stamped).decode
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)


def key_in(line: bytes) -> FeedKey | None:
    """The feed that a refused line names; None where that can't be read."""
    try:
        found = _read_named(line)
    except _UNREADABLE:
        return None
    if not found.force or not found.kind:
        return None
    return FeedKey(found.force, found.kind, found.feed if found.kind == "heartbeat" else "")


def _stamp_in(line: bytes) -> int | None:
    try:
        found = _read_stamped(line)
        stamp = found.updated_at or found.at
        return None if stamp is None or stamp.tzinfo is None else to_ms(stamp)
    except (*_UNREADABLE, OverflowError):
        return None
