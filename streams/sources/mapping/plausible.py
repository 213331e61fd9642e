"""Whether the times of one row can be true: not later than now, in order, and not a year apart.

A mistyped year is found where a time lies in the future, before 1990, or further from the time at
which the record begins than its kind can last (`streams.sources.record_times`).

What contradicts (closed before opened) is judged here only for the fields that a mapping would
rather leave out (`on_error = "leave_out"`); otherwise the monitor refuses the record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from streams.errors import Refused
from streams.periods import EPOCH
from streams.registry import times as records
from streams.sources.mapping.placing import Placed
from streams.sources.record_times import COMMITTED, LONGEST_WAIT, RECORD_TIMES

SKEW = dt.timedelta(milliseconds=records.SKEW)
EARLIEST = EPOCH + dt.timedelta(milliseconds=records.EARLIEST)


class Now:
    """The wall clock as an instant. It only grows, so what it last said is asked first."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._ceiling = EPOCH

    def __call__(self) -> dt.datetime:
        """Now."""
        now = EPOCH + dt.timedelta(milliseconds=self._clock())
        self._ceiling = now + SKEW
        return now

    def before(self, instant: dt.datetime) -> bool:
        """Whether an instant is later than now by more than two clocks may disagree."""
        if instant <= self._ceiling:
            return False
        self()
        return instant > self._ceiling


def _stamp(instant: dt.datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


class Plausible:
    """Judges the times of the rows of one kind; `working` are times that are not sent."""

    def __init__(self, kind: str, working: Sequence[str], now: Now) -> None:
        self.record_times, self.now = RECORD_TIMES[kind], now
        self._working = frozenset(working)
        order, begins = self.record_times.order, self.record_times.begins
        self._later = frozenset(order[order.index(begins) + 1 :]) if begins else frozenset()

    def judge(self, placed: Placed) -> dt.datetime | None:
        """The latest time of a row, of a day or month its last second; None where it has no time.

        Raises `Refused` (`implausible_date`).
        """
        at = placed.at
        if not at:
            return None
        low, high = min(at.values()), max(at.values())
        if (
            low < EARLIEST
            or high - low > self.record_times.lasts_at_most
            or self.now.before(high)
            or placed.left is not None
        ):
            self._judge_each(placed)
        if placed.until is None and not self._working:
            return high
        sent = [placed.last(name) for name in at if name not in self._working]
        return max(sent, default=None)

    def _judge_each(self, placed: Placed) -> None:
        for name, instant in placed.at.items():
            if name in self._working:
                continue
            if self.now.before(instant):
                raise _implausible(f"{name} {_stamp(instant)} is later than now")
            if instant < EARLIEST and name not in COMMITTED:
                raise _implausible(f"{name} {_stamp(instant)} is before 1990")
        begins, most = self.record_times.begins, self.record_times.lasts_at_most
        begin = placed.at.get(begins)
        if begin is None:
            return
        others = {
            name: found
            for name in self.record_times.order
            if name != begins and (found := placed.at.get(name) or placed.dropped(name))
        }
        far = {name: other for name, other in others.items() if abs(other - begin) > most}
        agree = len(far) > 1 and max(far.values()) - min(far.values()) <= most
        if agree and len(far) == len(others):
            # All other times stand together: it is the beginning that is wrong.
            raise _implausible(
                f"{begins} {_stamp(begin)} is more than {most.days:,} days from "
                f"{' and '.join(far)}, which agree: its year must be mistyped"
            )
        for name, other in far.items():
            if name in placed.at:
                raise _implausible(
                    f"{begins} {_stamp(begin)} and {name} {_stamp(other)} are more than "
                    f"{most.days:,} days apart: one of them must be mistyped"
                )

    def contradiction(
        self, name: str, placed: Placed, follows: Sequence[str], tolerance: dt.timedelta
    ) -> str | None:
        """Why a time of the row can't be true beside the others, in words; None where it can.

        `follows` are the times that its rule hangs on. A time that is only far from the beginning,
        or before it, is noted in `placed.left`: the beginning itself may be what is wrong.
        """
        instant = placed.at[name]
        if self.now.before(instant):
            return f"{name} {_stamp(instant)} is later than now"
        if instant < EARLIEST:
            return f"{name} {_stamp(instant)} is before 1990"
        why = self._out_of_order(name, placed, follows, tolerance)
        if why is not None:
            placed.drop(name, instant)
        return why

    def _out_of_order(
        self, name: str, placed: Placed, follows: Sequence[str], tolerance: dt.timedelta
    ) -> str | None:
        last = placed.last(name)
        anchor = next((other for other in follows if other in placed.at), None)
        if anchor is not None and last < placed.at[anchor] - tolerance - SKEW:
            return f"{name} is earlier than {anchor}"
        begins = self.record_times.begins
        begin = placed.at.get(begins)
        if begin is not None and name in self._later:
            if name == "arrived_at" and placed.until is not None and begins in placed.until:
                return f"{name} needs an exact {begins}"
            if last < begin - SKEW:
                return f"{name} is earlier than {begins}"
            most = LONGEST_WAIT if name == "arrived_at" else self.record_times.lasts_at_most
            if placed.at[name] - begin > most:
                return f"{name} is more than {most.days:,} days later than {begins}"
        updated = placed.last("updated_at") if "updated_at" in placed.at else None
        if updated is not None and placed.at[name] > updated + SKEW:
            return f"{name} is later than updated_at"
        other = {"answered_at": "abandoned_at", "abandoned_at": "answered_at"}.get(name)
        return f"the call has {other} too" if other in placed.at else None


def _implausible(detail: str) -> Refused:
    return Refused("implausible_date", detail)
