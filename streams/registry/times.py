"""The times of a record: how well each is known, which of them can't be true."""

from __future__ import annotations

import datetime as dt
import re

from streams.errors import Refused
from streams.periods import EPOCH, HOUR, MILLISECOND, to_ms

SECOND_PRECISE, DAY_PRECISE, MONTH_PRECISE = 0, 1, 2
"""Whether a time is known to the second, or only to the day or month that starts then."""

SKEW = 2_000
"""Milliseconds by which two clocks may disagree: a time that is later than it can be by no more is
set back and counted, not refused."""

LONGEST = 40 * 24 * HOUR
"""The longest duration, in milliseconds, that is taken for real."""

_MONTH = re.compile(r"\d{4}-\d\d", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d|\d{8}", re.ASCII)

WHEN_BITS = 42
EARLIEST = to_ms(dt.datetime(1990, 1, 1, tzinfo=dt.UTC))
LATEST = (1 << WHEN_BITS) - 1
"""The first and last instant that an event may be of, in ms."""


def partial_stamp(field: str, text: str, zone: dt.tzinfo) -> tuple[int, int]:
    """A time, day or month as (its start in ms, precision); raises `Refused`."""
    try:
        if len(text) > 10:
            stamp = dt.datetime.fromisoformat(text)
            if stamp.tzinfo is None:
                raise Refused("no_offset", f'{field} "{text}" has no offset from UTC')
            return (stamp - EPOCH) // MILLISECOND, SECOND_PRECISE
        if _MONTH.fullmatch(text) is not None:
            start = dt.datetime(int(text[:4]), int(text[5:7]), 1, tzinfo=zone)
            return to_ms(start), MONTH_PRECISE
        if _DAY.fullmatch(text) is None:
            raise ValueError
        day = dt.date.fromisoformat(text)
        return to_ms(dt.datetime(day.year, day.month, day.day, tzinfo=zone)), DAY_PRECISE
    except (ValueError, OverflowError):
        raise Refused("impossible_date", f'{field} "{text}" is no date') from None


def check_plausible(field: str, when: int) -> None:
    """Raises `Refused` for an instant that no live or replayed feed can mean."""
    if not EARLIEST <= when <= LATEST:
        raise Refused("implausible_date", f"{field} lies before 1990 or after 2109")


def word_of(field: str) -> str:
    """What a record was at a time: `answered` of `answered_at`."""
    return field.removesuffix("_at")


class TimeJudge:
    """Judges the times of one force's records of one kind against each other, in ms."""

    def __init__(self) -> None:
        self.skewed = 0
        """Times that were set back by no more than `SKEW`."""

    def begun(self, field: str, stamp: int, updated: int) -> int:
        """The time by which a record is filed; raises `Refused` for one that can't be meant."""
        check_plausible(field, stamp)
        return self.known(field, stamp, updated)

    def known(self, field: str, stamp: int, updated: int) -> int:
        """A time of a record: set back to `updated` where it is later by no more than `SKEW`.

        Raises `Refused` where it is later: a record can't know of what happens after it was
        written.
        """
        if stamp <= updated:
            return stamp
        if stamp <= updated + SKEW:
            self.skewed += 1
            return updated
        raise Refused("in_the_future", f"{field} is later than updated_at")

    def after(self, field: str, stamp: int, began: str, begun: int, updated: int) -> int:
        """A time that comes after another (`began`, which is `begun`); set to it where the clocks
        differ by no more than `SKEW`.

        Raises `Refused` for what comes before its beginning or after the update.
        """
        stamp = self.known(field, stamp, updated)
        if stamp >= begun:
            return stamp
        if stamp >= begun - SKEW:
            self.skewed += 1
            return begun
        reason = f"{word_of(field)}_before_{word_of(began)}"
        raise Refused(reason, f"{field} is earlier than {began}")

    def plausible(self, field: str, stamp: int, began: str, begun: int, updated: int) -> int | None:
        """The same, and None for what would be refused."""
        try:
            return self.after(field, stamp, began, begun, updated)
        except Refused:
            return None


def too_long(field: str) -> Refused:
    """The refusal of a time that is more than `LONGEST` after the beginning."""
    return Refused("too_long", f"{field} is more than 40 days after the beginning")
