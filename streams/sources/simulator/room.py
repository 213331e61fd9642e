"""The room: call handlers by shift, a queue by line, callers who give up.

The first line of the force file is the emergency line and goes before the others. Some handlers are
kept free for it (`Rates.kept`): another line is answered only while more than those are idle. A
handler is taken from the moment the telephone rings until the wrap-up is done; one whose shift is
over ends his call and leaves.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import deque
from collections.abc import Sequence
from typing import get_args
from zoneinfo import ZoneInfo

from streams.config.force import Force
from streams.events.schema import CallChannel
from streams.periods import DAY, HOUR, SECOND
from streams.sources.simulator.arrivals import KEPT_FREE, Arrivals, Rates, week_of_line
from streams.sources.simulator.incidents import IncidentSimulator, Whole
from streams.sources.simulator.world import World
from streams.sources.simulator.writer import Writer, quoted

CHANNELS = get_args(CallChannel)

_QUEUED, _RINGING, _TALKING, _GONE = range(4)

# Seconds: median and sigma of the lognormal talk time, mean of the exponential wrap-up.
_EMERGENCY_TALK = (150.0, 0.70, 60.0)
_OTHER_TALK = (270.0, 0.80, 90.0)

_CALLED_BACK, _UNTIL_CALLED_BACK = 0.9, 240.0
"""The share of abandoned emergency callers who are rung back, and the mean seconds until then."""

_STEPS_IN = (60.0, 150.0)
"""Seconds that an emergency caller of a whole stream waits until a supervisor takes the call."""

_SHIFTS = ((7, 15, 1.35), (15, 23, 1.10), (23, 7, 1.60))
"""From hour, to hour, and the staff above the mean load, in square roots of it. The late shift is
lean and the weekend leaner: late afternoons and weekends are where the answer rates suffer."""
_WEEKEND_STAFF = 0.80


class _Call:
    __slots__ = (
        "answered",
        "area",
        "called_from",
        "ended",
        "gives_up",
        "id",
        "incident",
        "line",
        "offered",
        "state",
        "version",
    )

    def __init__(self, name: str, line: int, offered: int, gives_up: int) -> None:
        self.id, self.line, self.offered, self.gives_up = name, line, offered, gives_up
        self.state, self.answered, self.ended, self.version = _QUEUED, 0, 0, 0
        self.area: str | None = None
        self.called_from: str | None = None
        """Where that was drawn before somebody answered, which nobody knows yet."""
        self.incident: str | None = None

    def opens(self, incident: str) -> None:
        """The call opens an incident."""
        self.incident = incident


class Staffing:
    """The handlers signed on, as a reading of the day: sent again with each change of shift; and
    those that are rostered, hour by hour, a day ahead."""

    def __init__(self, writer: Writer, zone: ZoneInfo) -> None:
        self._writer, self._zone = writer, zone
        self._handlers = self._version = self._sum = 0
        self._begun: int | None = None
        """Since when the sum is of the day, in ms."""
        self._at = 0

    def changed(self, now: int, handlers: int) -> bytes | None:
        """The mean of the day until now; None at the very beginning."""
        line = None
        if self._begun is not None:
            self._sum += self._handlers * (now - self._at)
            self._version += 1
            day = dt.datetime.fromtimestamp(now / SECOND - 1, self._zone).date()
            line = self._writer.record(
                "reading",
                self._writer.id("staff-", str(day)),
                self._version,
                f'"updated_at":{self._writer.stamp(now)},"measure":"handlers_signed_on",'
                f'"period":"{day}","value":{self._sum / (now - self._begun):.2f}',
            )
        local = dt.datetime.fromtimestamp(now // SECOND, self._zone)
        if self._begun is None or local.hour == 0:
            self._begun, self._sum, self._version = now, 0, 0
        self._at, self._handlers = now, handlers
        return line

    def rostered(self, now: int, hour: int, handlers: int) -> bytes:
        """How many are to work in the hour that starts at an instant."""
        local = dt.datetime.fromtimestamp(hour // SECOND, self._zone)
        label = local.isoformat()
        return self._writer.record(
            "reading",
            self._writer.id("roster-", label),
            1,
            f'"updated_at":{self._writer.stamp(now)},"measure":"handlers_rostered",'
            f'"period":"{label[:13]}{label[19:]}","value":{handlers}',
        )


class Room:
    """Calls of one force, from the offer to the end."""

    def __init__(
        self,
        world: World,
        incidents: IncidentSimulator,
        *,
        says_staffing: bool = False,
        whole: Whole | None = None,
    ) -> None:
        self._rng, self._agenda, self._writer = world.rng, world.agenda, world.writer
        self._incidents, self._details = incidents, world.details
        force, rates = world.force, world.rates
        self._zone = force.zone
        self._effects = None if whole is None else whole.effects
        self._line_ids = [line.id for line in force.lines]
        self._arrivals = [
            Arrivals(
                rates.calls_a_day(force, n),
                week_of_line(n),
                force.zone,
                world.rng,
                None if whole is None else whole.demand.calls(n),
            )
            for n in range(len(force.lines))
        ]
        self._patience = [rates.emergency_patience] + [rates.other_patience] * len(force.lines)
        self._talk = [_EMERGENCY_TALK] + [_OTHER_TALK] * len(force.lines)
        self._lines = [
            quoted(line.id) + (f',"channel":"{line.id}"' if line.id in CHANNELS else "")
            for line in force.lines
        ]
        self._queues: list[deque[_Call]] = [deque() for _ in force.lines]
        self._staff, self._kept_share = roster(force, rates), rates.kept
        self._handlers = self._kept = self._busy = self._calls = 0
        self._until: int | None = None
        self._staffing = Staffing(world.writer, force.zone) if says_staffing else None

    def start(self, now: int, until: int | None = None, lines: Sequence[int] | None = None) -> None:
        """Put the first shift and the first calls on the agenda: of all lines unless some are
        named by index. From `until` on no call is offered."""
        self._until = until
        self._change_shift(now, None)
        if self._staffing is not None:
            first = now - now % HOUR + HOUR
            for hour in range(first, first + DAY, HOUR):
                self._agenda.add(now, self._say_roster, hour)
        for line in range(len(self._arrivals)) if lines is None else lines:
            self._next_call(now, line)

    def _next_call(self, now: int, line: int) -> None:
        arrivals = self._arrivals[line]
        if not arrivals.never:
            at = arrivals.after(now)
            if self._until is None or at < self._until:
                self._agenda.add(at, self._offer, line)

    def _change_shift(self, now: int, _: None) -> bytes | None:
        local = dt.datetime.fromtimestamp(now // SECOND, self._zone)
        self._handlers = self._working(now)
        if self._effects is not None:
            factor = self._effects.factor("handlers", now)
            self._handlers = max(1, round(self._handlers * factor))
        self._kept = kept_free(self._handlers, self._kept_share)
        at = local
        while True:  # hour by hour, as a night may have 7 or 9 hours
            at = dt.datetime.fromtimestamp(at.timestamp() // 3600 * 3600 + 3600, self._zone)
            if at.hour in {7, 15, 23, 0}:
                break
        if self._until is None or now < self._until or self._busy:
            self._agenda.add(int(at.timestamp()) * SECOND, self._change_shift)
        self._serve(now)
        return None if self._staffing is None else self._staffing.changed(now, self._handlers)

    def _say_roster(self, now: int, hour: int) -> bytes | None:
        self._agenda.add(hour, self._say_roster, hour + DAY)
        if self._staffing is None:
            return None
        return self._staffing.rostered(now, hour, self._working(hour))

    def _working(self, at: int) -> int:
        """The handlers of the shift that works at an instant."""
        local = dt.datetime.fromtimestamp(at // SECOND, self._zone)
        return self._staff[local.weekday() >= 5][shift_at(local.hour)]

    def _offer(self, now: int, line: int) -> bytes | None:
        self._next_call(now, line)
        area = None
        if self._effects is not None and self._effects.by_area(self._line_ids[line], now):
            area = self._incidents.area()
            place = None if area is None else area[1:-1]
            chance = self._effects.kept(self._line_ids[line], now, place)
            if self._details.random() >= chance:
                return None
        self._calls += 1
        patience = self._rng.expovariate(1 / self._patience[line])
        call = _Call(self._writer.id("c", self._calls), line, now, now + int(patience * SECOND))
        call.called_from = area
        idle = self._handlers - self._busy
        if idle > (self._kept if line else 0):
            # An emergency call rings at once; the other lines have a greeting first.
            self._ring(call, now, self._rng.lognormvariate(1.35, 0.55) + (4 if line else 0))
        else:
            self._queues[line].append(call)
            self._agenda.add(call.gives_up, self._give_up, call)
            if self._effects is not None and line == 0:
                soon = self._details.uniform(*_STEPS_IN)
                self._agenda.add(now + int(soon * SECOND), self._step_in, call)
        return self._write(call, now)

    def _ring(self, call: _Call, now: int, seconds: float) -> None:
        was_queued = call.offered != now
        self._busy += 1
        call.state = _RINGING
        call.answered = now + int(seconds * SECOND)
        if call.answered < call.gives_up:
            self._agenda.add(call.answered, self._answer, call)
        elif not was_queued:
            self._agenda.add(call.gives_up, self._give_up, call)

    def _serve(self, now: int) -> None:
        """Give idle handlers the calls that wait, the emergency line first."""
        for line, queue in enumerate(self._queues):
            kept = self._kept if line else 0
            while queue and self._handlers - self._busy > kept:
                call = queue.popleft()
                if call.state == _QUEUED:
                    self._ring(call, now, self._rng.uniform(1.0, 2.5))

    def _step_in(self, now: int, call: _Call) -> None:
        """A supervisor takes an emergency call that still waits, beside the handlers."""
        if call.state == _QUEUED:
            self._ring(call, now, 1.0)

    def _give_up(self, now: int, call: _Call) -> bytes | None:
        if call.state == _TALKING or (call.state == _RINGING and call.answered < call.gives_up):
            return None
        if call.state == _RINGING:
            self._busy -= 1
        call.state = _GONE
        self._serve(now)
        call.ended = now
        if call.line == 0 and self._details.random() < _CALLED_BACK:
            soon = self._details.expovariate(1 / _UNTIL_CALLED_BACK)
            self._agenda.add(now + int(soon * SECOND), self._call_back, call)
        return self._write(call, now)

    def _call_back(self, now: int, call: _Call) -> bytes:
        return self._write(call, now, f',"called_back_at":{self._writer.stamp(now)}')

    def _answer(self, now: int, call: _Call) -> bytes:
        call.state = _TALKING
        median, sigma, _ = self._talk[call.line]
        talk = max(8.0, median * math.exp(self._rng.gauss(0.0, sigma)))
        self._agenda.add(now + int(talk * SECOND), self._end, call)
        named = self._rng.random() < 0.93
        call.area = (call.called_from or self._incidents.area()) if named else None
        place = call.area or call.called_from
        self._incidents.from_call(now, call.line == 0, place, talk, call.opens)
        return self._write(call, now)

    def _end(self, now: int, call: _Call) -> bytes:
        wrap = self._rng.expovariate(1 / self._talk[call.line][2])
        self._agenda.add(now + int(wrap * SECOND), self._wrapped, call)
        call.ended = now
        return self._write(call, now)

    def _wrapped(self, now: int, call: _Call) -> bytes:
        self._busy -= 1
        self._serve(now)
        return self._write(call, now, f',"wrapped_up_at":{self._writer.stamp(now)}')

    def _write(self, call: _Call, now: int, rest: str = "") -> bytes:
        stamp = self._writer.stamp
        call.version += 1
        if call.ended:
            ended = stamp(call.ended)
            rest = f',"ended_at":{ended}{rest}'
            if call.state == _GONE:
                rest = f',"abandoned_at":{ended}{rest}'
        if call.incident is not None:
            rest = f',"incident_id":{call.incident}{rest}'
        if call.state == _TALKING:
            rest = f',"answered_at":{stamp(call.answered)}{rest}'
            if call.area is not None:
                rest = f',"area":{call.area}{rest}'
        return self._writer.record(
            "call",
            call.id,
            call.version,
            f'"updated_at":{stamp(now)},"line":{self._lines[call.line]},'
            f'"offered_at":{stamp(call.offered)}{rest}',
        )


def shift_at(hour: int) -> int:
    """The index of the shift that works at a local hour."""
    return 0 if 7 <= hour < 15 else 1 if 15 <= hour < 23 else 2


def kept_free(handlers: int, share: float = KEPT_FREE) -> int:
    """How many of the handlers are kept for the emergency line: at least one, but a room of two
    takes whatever rings."""
    return max(1, round(handlers * share)) if handlers > 2 else 0


def roster(force: Force, rates: Rates) -> tuple[list[int], list[int]]:
    """Handlers by shift, of a weekday and of a weekend day.

    Enough for the mean load of the weekdays' shift (in erlangs: calls a second times seconds a
    call) and some square roots of it, the rule of thumb for queues; at least two. To keep another
    share of them free is to divide the same staff otherwise: it hires nobody.
    """
    weekday: list[int] = []
    weekend: list[int] = []
    for begin, end, spare in _SHIFTS:
        hours = [(begin + n) % 24 for n in range((end - begin) % 24)]
        load = 0.0
        for line in range(len(force.lines)):
            weights = week_of_line(line).weights
            picked = [
                weights[d * 96 + h * 4 + q] for d in range(5) for h in hours for q in range(4)
            ]
            median, sigma, wrap = _OTHER_TALK if line else _EMERGENCY_TALK
            held = median * math.exp(sigma * sigma / 2) + wrap + 6
            per_second = rates.calls_a_day(force, line) / (DAY / SECOND)
            load += per_second * held * sum(picked) / len(picked)
        staff = (load + spare * math.sqrt(load)) * rates.handlers
        for handlers, share in ((weekday, 1.0), (weekend, _WEEKEND_STAFF)):
            needed = max(2, math.ceil(staff * share))
            handlers.append(needed + max(0, kept_free(needed) - 1))
    return weekday, weekend
