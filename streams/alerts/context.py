"""How things stand at an instant, read from ledgers for the rules of
`streams.alerts.rules.conditions`. Pure.

What is judged at an instant is kept so that a look costs little: the windows of answers as sums
that run along (`streams.alerts.answer_windows`), open records by the moment at which they pass a
limit (`streams.alerts.overdue`). What changes slowly (the force's own waits and rates of the last
weeks) is read once a day. `due` and `stirs` say at which instants there may be anything to judge.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from streams.alerts.answer_windows import PART, PART_BITS, AnswerWindows
from streams.alerts.overdue import Overdue
from streams.alerts.own_waits import OwnWaits
from streams.alerts.rules import conditions as rules
from streams.alerts.rules import waiting as waits
from streams.alerts.rules.answering import A_DAY, EMERGENCY, OTHER, Answering
from streams.alerts.rules.conditions import Doing, Finding, Rate
from streams.alerts.rules.fallen import Fall, Fallen, spells
from streams.alerts.rules.waiting import Queue, Waits
from streams.board.monitor import Monitor
from streams.board.rollup import Rollup
from streams.config.force import Force, Target
from streams.config.schema import Line
from streams.config.targets import held, held_over
from streams.fold.ledger import EventClock, Ledger
from streams.periods import DAY, HOUR, MINUTE, SECOND, Calendar
from streams.registry import calls as of_calls
from streams.registry import incidents as of_incidents
from streams.registry.calls import Calls
from streams.registry.incidents import Incidents
from streams.registry.kind import Kind
from streams.registry.measures import ATTENDANCE, CALLS, Group
from streams.surveillance.signals import Signal

WINDOWS = tuple(minutes for minutes in EMERGENCY if minutes < A_DAY)
"""Minutes over which an answer rate is looked at; those with too few calls are passed over."""
RowOf = Callable[[int], str | None]
EMERGENCIES = "emergency"
"""The row of the emergencies among the open records."""


Bar = tuple[float, float]
"""The most that is usual in a window, and the correlation of two calls, both `stepped`."""
EXACT = 5
"""Bits of a number of calls that a bar tells apart: what is above is rounded up."""


class _Calls(NamedTuple):
    """What follows the calls of one ledger."""

    ledger: Ledger
    windows: AnswerWindows
    waiting: Overdue
    own: OwnWaits


class _Emergencies(NamedTuple):
    """What follows the incidents of one ledger."""

    ledger: Ledger
    waiting: Overdue
    own: OwnWaits


class RuleContext:
    """PeriodLookup one force. `falls` gives the alerts about answer rates that there were."""

    def __init__(self, force: Force, falls: Callable[[], list[Fall]] = list) -> None:
        self.force, self.falls = force, falls
        self.calendar = Calendar(force.zone)
        self.calls = Rollup(CALLS, force, Calls(force))
        self.attendance = Rollup(ATTENDANCE, force, Incidents(force))
        self._rollups = {CALLS.name: self.calls, ATTENDANCE.name: self.attendance}
        self._learned: dict[str, int] = {}
        """By kind the day of which the morning was taken for what is usual."""
        self._day = -1
        self._waits: dict[str, Waits] = {}
        self._response = Waits()
        self._books = True
        """Whether attendances are on record, so that one without is worth a page."""
        self._answering = Answering(
            self.calendar,
            {line.id: OTHER if n else EMERGENCY for n, line in enumerate(force.lines)},
        )
        self._fallen = Fallen(force, self.calendar, self._answering)
        self._missed: list[Finding] = []
        self._bars: list[list[Bar]] = []
        self._bars_of = -1
        self._fine = [0 for _ in WINDOWS]
        """The sums of the windows when they were last found fine."""
        self._lasting: set[int] = set()
        """By index the lines whose answer rate is known to be low for days."""
        self._waiting: tuple[Overdue, ...] = ()
        self.clock: EventClock | None = None
        """Told of moments at which an open record passes its limit."""
        self._of_calls: _Calls | None = None
        self._of_incidents: _Emergencies | None = None

    def rollup(self, group: Group, kind: Kind) -> Rollup:
        """The rows of a group."""
        found = self._rollups.get(group.name)
        if found is None:
            found = self._rollups[group.name] = Rollup(group, self.force, kind)
        return found

    def evaluate(
        self,
        monitor: Monitor,
        at: int,
        silent: list[Signal],
        doing: Doing | None = None,
        held_back: frozenset[str] = frozenset(),
        *,
        rates: bool = True,
    ) -> list[Finding]:
        """Everything that holds at an instant; of kinds of record that are `held_back`, since they
        are not read up to now, nothing is judged nor remembered. `rates` is whether answer rates
        are judged too, as they are at each full minute."""
        found: list[Finding | None] = list(rules.silent_feeds(self.force, silent))
        if doing is not None:
            found += rules.pipeline_unwell(self.force, doing, at)
        self.bind(monitor)
        self.learn(at, held_back)
        self.bind(monitor)  # what is usual says what is followed
        calls = None if "call" in held_back else self._of_calls
        if calls is not None:
            found += self._callers(calls, at)
            if rates:
                found += [*self.targets(monitor, at), *self._rates(calls, at)]
        incidents = None if "incident" in held_back else self._of_incidents
        if incidents is not None:
            found.append(self._unattended(incidents, at))
        return [finding for finding in found if finding is not None]

    def bind(self, monitor: Monitor) -> None:
        """Follows the ledgers that a monitor has now."""
        calls, incidents = self._calls(monitor), self._incidents(monitor)
        found = () if calls is None else (calls.waiting,)
        if incidents is not None and self._judges_emergencies:
            found = (*found, incidents.waiting)
        self._waiting = found

    @property
    def _judges_emergencies(self) -> bool:
        return self._books or self.force.file.alerts.unattended_seconds is not None

    def learn(self, at: int, held_back: frozenset[str] = frozenset()) -> None:
        """Takes in what was usual up to the start of the day of an instant; once a day."""
        calls = None if "call" in held_back else self._of_calls
        if calls is not None and (day := self._new_day("call", at)) is not None:
            some = calls.ledger.watermark > 0  # many forces send no calls at all
            self._waits = calls.own.learn(day) if some else {}
            calls.waiting.set_limits(self._caller_limits(at), at)
            if some:
                self._learn_rates(calls, day, at)
        incidents = None if "incident" in held_back else self._of_incidents
        if incidents is not None and (day := self._new_day("incident", at)) is not None:
            self._response = incidents.own.learn(day).get(EMERGENCIES, Waits())
            counts = incidents.ledger.kind.counters.read(incidents.own.sums.get(EMERGENCIES, 0))
            self._books = waits.books_attendance(counts["count"], counts["never"])
            limits = {EMERGENCIES: (self._emergency_limit(at),)}
            incidents.waiting.set_limits(limits, at)

    def due(self, after: int, held_back: frozenset[str] = frozenset()) -> int | None:
        """The next moment after an instant at which an open record passes its limit."""
        first = None
        for each in self._waiting:
            due = None if each.ledger.kind.name in held_back else each.due(after)
            if due is not None and (first is None or due < first):
                first = due
        return first

    def overdue(self, at: int, held_back: frozenset[str] = frozenset()) -> bool:
        """Whether an open record has passed its limit at an instant."""
        for each in self._waiting:
            if each.ledger.kind.name not in held_back and each.any_late(at):
                return True
        return False

    def stirs(self, at: int, held_back: frozenset[str] = frozenset()) -> bool:
        """Whether anything of what is judged here may hold at a full minute: where not, a look
        would find nothing. Brings the windows up to it."""
        calls = self._of_calls
        if calls is not None and "call" not in held_back:
            calls.windows.move(at)
            if self._worth(calls.windows, at):
                return True
        return self.overdue(at, held_back)

    @property
    def idle(self) -> bool:
        """Whether nothing that is followed can change but by a record, or at a due moment."""
        return self._of_calls is None or self._of_calls.windows.empty

    def targets(self, monitor: Monitor, at: int) -> list[Finding]:
        """Targets that have been missed in each of the last four weeks, up to this morning."""
        until = self.calendar.start("day", at)
        calls = self._calls(monitor)
        if calls is not None and until != self._day:
            self._day, self._missed = until, self._targets(calls, until)
        return self._missed

    # -- what is followed ----------------------------------------------------------------------

    def _follow(self, ledger: Ledger, row_of: RowOf) -> Overdue:
        made = Overdue(ledger, row_of)
        made.clock = self.clock
        return made

    def _calls(self, monitor: Monitor) -> _Calls | None:
        ledger, held = monitor.ledger("call", self.force.id), self._of_calls
        if ledger is None:
            self._of_calls = None
        elif held is None or held.ledger is not ledger:
            self._learned.pop("call", None)
            self._of_calls = _Calls(
                ledger,
                AnswerWindows(self.force, ledger, WINDOWS),
                self._follow(ledger, self._line_of),
                OwnWaits(ledger, self.calendar, self._line_of),
            )
        return self._of_calls

    def _incidents(self, monitor: Monitor) -> _Emergencies | None:
        ledger, held = monitor.ledger("incident", self.force.id), self._of_incidents
        if ledger is None:
            self._of_incidents = None
        elif held is None or held.ledger is not ledger:
            self._learned.pop("incident", None)
            self._of_incidents = _Emergencies(
                ledger, self._follow(ledger, _grade_of), OwnWaits(ledger, self.calendar, _grade_of)
            )
        return self._of_incidents

    def _line_of(self, series_key: int) -> str | None:
        return self.force.lines[of_calls.split_series_key(series_key)[0]].id

    def _new_day(self, kind: str, at: int) -> int | None:
        """The day of an instant, the first time that a kind of record is looked at in it."""
        day = self.calendar.start("day", at)
        if self._learned.get(kind) == day:
            return None
        self._learned[kind] = day
        return day

    # -- callers and emergencies ---------------------------------------------------------------

    def _caller_limit(self, line: str, at: int) -> tuple[float, int]:
        """The wait at which a caller has waited too long, and the target; in seconds."""
        seconds, _ = held(self.force, self._line(line), at)
        set_ = self.force.file.alerts.waiting_seconds.get(line)
        return waits.waiting_limit(set_, seconds, self._waits.get(line, Waits())), seconds

    def _caller_limits(self, at: int) -> dict[str, tuple[float, ...]]:
        found: dict[str, tuple[float, ...]] = {}
        for line in self.force.lines:
            limit = self._caller_limit(line.id, at)[0]
            alone = waits.one_is_enough(self.force, line.id)
            found[line.id] = (limit,) if alone else (limit, limit * waits.FAR)
        return found

    def _emergency_limit(self, at: int) -> float:
        standard, _ = held(self.force, self.force.file.attendance.targets, at)
        set_ = self.force.file.alerts.unattended_seconds
        return waits.unattended_limit(set_, standard, self._response)

    def _line(self, line: str) -> list[Target]:
        return self.force.lines[self.force.line_index[line]].targets

    def _callers(self, calls: _Calls, at: int) -> list[Finding | None]:
        if not calls.waiting.any_late(at):
            return []
        found: list[Finding | None] = []
        ages = _ages(calls.ledger, self._line_of, at)
        for line in (line.id for line in self.force.lines if line.id in ages):
            own = ages[line]
            limit, target = self._caller_limit(line, at)
            beyond = sum(age / SECOND > limit for age in own)
            queue = Queue(len(own), max(own) // SECOND, beyond)
            found.append(waits.callers_waiting(self.force, line, queue, limit, target, at))
        return found

    def _unattended(self, incidents: _Emergencies, at: int) -> Finding | None:
        if not self._judges_emergencies or not incidents.waiting.any_late(at):
            return None
        ages = _ages(incidents.ledger, _grade_of, at).get(EMERGENCIES, [])
        oldest = max(ages) // SECOND if ages else None
        limit = self._emergency_limit(at)
        return waits.unattended(self.force, len(ages), oldest, limit, at)

    # -- answer rates --------------------------------------------------------------------------

    def _learn_rates(self, calls: _Calls, day: int, at: int) -> None:
        def read(start: int, end: int) -> dict[str, Rate]:
            return {line: Rate(*rate) for line, rate in calls.windows.between(start, end).items()}

        self._answering.learn(read, day, spells(self.falls()))
        self._bars_of = -1

    def _worth(self, windows: AnswerWindows, at: int) -> list[tuple[int, int]]:
        """The windows, by their place and that of the line, that are to be looked at closely: those
        in which no more are in time than where an answer rate pages, at the most that is usual. Of
        more calls as many or more may be, so that their number is rounded up hides nothing."""
        if at // HOUR != self._bars_of:
            self._bars_of, self._bars = at // HOUR, self._bars_in(at // HOUR * HOUR)
            self._fine = [0 for _ in WINDOWS]
        found: list[tuple[int, int]] = []
        for window, value in enumerate(windows.sums):
            if value == self._fine[window]:
                continue
            line, rest, before = 0, value, len(found)
            for most, together in self._bars[window]:
                of = (rest >> PART_BITS) & PART
                if of >= rules.LEAST_CALLS and line not in self._lasting:
                    within = rest & PART
                    if within <= (most - rules.DROP) * of:
                        coarse = max(0, of.bit_length() - EXACT)
                        up = -(-of >> coarse) << coarse
                        if within <= rules.most_paged(most, together, up):
                            found.append((window, line))
                line, rest = line + 1, rest >> 2 * PART_BITS
            if len(found) == before:
                self._fine[window] = value
        return found

    def _bars_in(self, hour: int) -> list[list[Bar]]:
        lines = [line.id for line in self.force.lines]
        most = {line: self._answering.at_most(line, hour) for line in lines}
        return [[self._bar(line, most[line][n], n) for line in lines] for n in WINDOWS]

    def _bar(self, line: str, most: float, minutes: int) -> Bar:
        if most < rules.DROP:
            return 0.0, rules.LEAST_CORRELATION  # nothing can be so much below it
        return rules.stepped(rules.Usual(most, self._answering.correlation(line, minutes)))

    def _rates(self, calls: _Calls, at: int) -> list[Finding | None]:
        force, end, found = self.force, at // MINUTE * MINUTE, list[Finding | None]()
        calls.windows.move(at)
        going = {fall.line: fall for fall in self.falls() if fall.going}
        lasting = self._last(going, calls.windows, at)
        if lasting.keys() != self._lasting:
            self._lasting, self._fine = set(lasting), [0 for _ in WINDOWS]
        found += lasting.values()
        worth = self._worth(calls.windows, at)
        for index, line in enumerate(force.lines):
            since, seconds, share = held_over(force, line.targets, end - 1, end)[-1]
            mine = [WINDOWS[window] for window, of in worth if of == index]
            if len(line.targets) > 1:  # no window is judged by the target of another time
                first = min(target.since for target in line.targets)
                newer = since > force.instant(first)
                mine = [n for n in mine if not newer or end - n * MINUTE >= since]
            if share is not None and mine:
                sums = dict(zip(WINDOWS, calls.windows.sums, strict=True))
                rates = {n: Rate(*calls.windows.rate(sums[n], index)) for n in mine}
                own = {n: self._answering.usual(line.id, n, end) for n in mine}
                found.append(rules.answer_rate(force, line.id, rates, own, share, seconds, at))
        return found

    def _last(self, going: dict[str, Fall], windows: AnswerWindows, at: int) -> dict[int, Finding]:
        """By the index of the line the falls that days keep going: their windows need no look."""
        found = {}
        for index, line in enumerate(self.force.lines):
            if line.id in going:
                lasts = self._fallen.lasts(going[line.id], line.targets, windows.between, at)
                if lasts is not None:
                    found[index] = lasts
        return found

    def _targets(self, calls: _Calls, until: int) -> list[Finding]:
        edges = [
            self.calendar.start("day", until - 7 * DAY * n + 12 * HOUR)
            for n in range(rules.WEEKS, -1, -1)
        ]
        found = []
        for line in self.force.lines:
            weeks = [self._week(calls, line, *week) for week in pairwise(edges)]
            seconds, share = held(self.force, line.targets, until - 1)
            if share is not None and all(target for week in weeks for _, target in week):
                missed = rules.target_missed(self.force, line.id, weeks, share, seconds, until)
                found += [missed] if missed is not None else []
        return found

    def _week(
        self, calls: _Calls, line: Line, start: int, end: int
    ) -> list[tuple[Rate, float | None]]:
        """The parts of a week under one target each, with it."""
        parts, found = held_over(self.force, line.targets, start, end), []
        for n, part in enumerate(parts):
            begin = start if not n else part.since
            stop = parts[n + 1].since if n + 1 < len(parts) else end
            rate = calls.windows.between(begin, stop).get(line.id, (0, 0))
            found.append((Rate(*rate), part.share))
        return found


def _grade_of(series_key: int) -> str | None:
    return (
        EMERGENCIES
        if of_incidents.split_series_key(series_key)[1] == of_incidents.EMERGENCY
        else None
    )


def _ages(ledger: Ledger, row_of: Callable[[int], str | None], at: int) -> dict[str, list[int]]:
    """How long the open records have waited, in ms, by row; those left out whose end is lost."""
    kind, found = ledger.kind, dict[str, list[int]]()
    for packed in ledger.open.values():
        contribution = kind.contribution(packed)
        if contribution is not None and (row := row_of(contribution[2])) is not None:
            age = at - contribution[0]
            if 0 <= age <= kind.lost_after(packed):
                found.setdefault(row, []).append(age)
    return found
