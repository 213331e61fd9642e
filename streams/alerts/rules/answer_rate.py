"""An answer rate that has become worse than it lately was, and is below its target.

A target that the force misses every day would page every day. So an answer rate pages only when it
is worse than the force's own recent rate at that time of day *and* than the target, each by an
exact tail. While an alert about it is open, its days are judged too (`lasting_fall`), so that
nights do not end it. That a target has been missed for weeks is a state, and no page
(`target_missed`, which declares the kind of alert).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil, floor
from sys import maxsize

from streams.alerts import words as say
from streams.alerts.answer_windows import AnswerWindows, LineMinutes
from streams.alerts.context import RuleContext
from streams.alerts.model import Evidence
from streams.alerts.rules.answers import (
    BELOW,
    DROP,
    LEAST_CALLS,
    WORSE,
    most_paged,
    of_answers,
    stepped,
    worsening,
)
from streams.alerts.rules.base import Finding, InstantRule
from streams.alerts.rules.lasting_fall import LastingFalls, falls, spells
from streams.alerts.usual_answers import (
    EMERGENCY_PRIORS,
    ENOUGH,
    LEAST_CORRELATION,
    OTHER_PRIORS,
    WINDOWS,
    AnswerRate,
    UsualAnswers,
    UsualRate,
)
from streams.config.force import Force
from streams.config.targets import held_over
from streams.fold.ledger import Ledger
from streams.periods import HOUR, MINUTE
from streams.registry.phrases import percent, whole_percent

Bar = tuple[float, float]
"""The most that is usual in a window, and the correlation of two calls, both `stepped`."""
SETTLE = 3 * HOUR
"""How long an answer rate must not have been found so low before its alert is over, in ms."""
EXACT = 5
"""Bits of a number of calls that a bar tells apart: what is above is rounded down."""
AHEAD = (60, 20, 5, 1)
"""Minutes ahead for which it is asked whether a window needs no look, longest first."""
ALWAYS_FINE = ceil(DROP * LEAST_CALLS) - 1
"""No answer rate pages where no more calls than these were not answered in time."""


def answer_rate(
    force: Force,
    line: str,
    windows: Mapping[int, AnswerRate],
    usual: Mapping[int, UsualRate],
    target: float,
    seconds: int,
    at: int,
) -> Finding | None:
    """An answer rate that has become worse than it lately was, and is below the target.

    `windows` and what is `usual` are by their minutes, all up to now. The strongest of those with
    enough calls counts.
    """
    best: tuple[float, int] | None = None
    for minutes, window in windows.items():
        own = usual[minutes]
        few = own.of < ENOUGH or window.of < LEAST_CALLS
        if few or own.share - window.share < DROP:
            continue
        lately, aimed = worsening(window, own, target)
        if lately >= WORSE and aimed >= BELOW and (best is None or lately > best[0]):
            best = lately, minutes
    if best is None:
        return None
    evidence, minutes = best
    found, own = windows[minutes], usual[minutes]
    return of_answers(
        line,
        severity="page",
        title=f"{line} answer rate, {force.name}",
        since=at - minutes * MINUTE,
        said=sentences(
            say.calls(line), force.name, (found.within, found.of), seconds, own.share, target
        ),
        evidence=Evidence(
            observed=found.share,
            expected=own.share,
            probability=10.0**-evidence,
            numerator=found.within,
            denominator=found.of,
            target=target,
            method="proportion",
        ),
        settle=SETTLE,
        correlation=own.correlation,
    )


def sentences(
    what: str, where: str, counted: tuple[int, int], seconds: int, recent: float, target: float
) -> tuple[str, ...]:
    """An answer rate that has become worse."""
    figures = (
        f": {counted[0]} of the last {counted[1]} answered within {seconds} s, "
        f"usually {whole_percent(recent)}, target {percent(target)}."
    )
    return (say.named(f"{what}, {where}", figures),)


class AnswerRateRule(InstantRule):
    """Judges the windows of each line up to a full minute, and the days of a fall that goes on."""

    records = "call"

    def __init__(self, context: RuleContext) -> None:
        super().__init__(context)
        self.usual = UsualAnswers(
            context.calendar,
            {
                line.id: OTHER_PRIORS if n else EMERGENCY_PRIORS
                for n, line in enumerate(self.force.lines)
            },
        )
        self._falls = LastingFalls(self.force, context.calendar, self.usual)
        self._ledger: Ledger | None = None
        self._hour = -1
        """The number of the hour since 1970 UTC of which the bars are."""
        self._bars: dict[int, list[Barred]] = {}
        """By index of the line, but for those that are low for days: its windows."""
        self._lasting: set[int] = set()
        """By index the lines whose answer rate is known to be low for days."""
        self._asked: list[LineMinutes] = []
        self._fine_until = 0
        """The lines of which `quiet_until` was last worked out, and what it found, in ms; 0 where
        so many calls have changed since that it has to be worked out anew."""

    def follow(self, ledger: Ledger) -> None:
        """Reads another ledger of calls."""
        self._ledger, self._hour = ledger, -1
        self._windows.on_more = self._look_again

    @property
    def _windows(self) -> AnswerWindows:
        return self.context.windows

    def learn(self, day: int, at: int) -> None:
        """Takes in how often each line usually answers in time."""
        if self._ledger is None or self._ledger.watermark <= 0:
            return  # many forces send no calls at all

        def read(start: int, end: int) -> dict[str, AnswerRate]:
            found = self._windows.between(start, end)
            return {line: AnswerRate(*rate) for line, rate in found.items()}

        self.usual.learn(read, day, spells(falls(self.context.alerts())))
        self._hour = -1

    def may_hold(self, at: int) -> bool:
        """Whether any window up to a full minute is to be looked at closely."""
        windows, minute = self._windows, at // MINUTE
        windows.move(at)
        if at % HOUR == 0 and self._goes_on():
            return True
        return any(
            is_low(*windows.lines[line].rate(minute - each.minutes, minute), each.bar)
            for line, barred in self._barred_at(at).items()
            for each in barred
        )

    def quiet_until(self, at: int) -> int:
        """The first full minute from one on at which a window may have to be looked at, as far as
        is known: it is asked again where so many calls change that one may have to be before."""
        windows, minute = self._windows, at // MINUTE
        windows.move(at)
        goes_on = self._goes_on()
        if goes_on and at % HOUR == 0:
            return at
        # Asked for another reason, as where a caller would have waited too long.
        stands = at < self._fine_until and at // HOUR == self._hour
        if stands and windows.lines is self._asked:
            return self._fine_until
        self._asked, self._fine_until = windows.lines, 0
        missed = [missed_since(line, minute - windows.longest) for line in windows.lines]
        if max(missed, default=0) <= ALWAYS_FINE and not goes_on:
            for line, few in zip(windows.lines, missed, strict=True):
                line.most = line.worse + ALWAYS_FINE - few
            return maxsize
        found, until = self._barred_at(at), (self._hour + 1) * HOUR // MINUTE
        first = until
        for index, line in enumerate(windows.lines):
            line.most = maxsize
            for each in found.get(index, ()):
                if minute >= each.fine_until or line.worse > each.fine_below:
                    each.look_ahead(line, minute, until)
                first = min(first, each.fine_until)
                line.most = min(line.most, each.fine_below)
        self._fine_until = max(at, first * MINUTE)
        return self._fine_until

    def judge(self, at: int) -> Iterable[Finding]:
        """The lines whose answer rate has got worse, or has been low for days."""
        force, end = self.force, at // MINUTE * MINUTE
        self._windows.move(at)
        lasting = self._last(at)
        if lasting.keys() != self._lasting:
            self._lasting = set(lasting)
            self._hour = -1
        yield from lasting.values()
        for index, barred in self._barred_at(at).items():
            line, counted = force.lines[index], self._windows.lines[index]
            rates = {
                each.minutes: AnswerRate(*counted.rate(end // MINUTE - each.minutes, end // MINUTE))
                for each in barred
            }
            mine = [each.minutes for each in barred if is_low(*rates[each.minutes], each.bar)]
            targets = line.by_date()
            since, seconds, share = held_over(force, targets, end - 1, end)[-1]
            if len(targets) > 1:  # no window is judged by the target of another time
                newer = since > force.instant(targets[0].since)
                mine = [n for n in mine if not newer or end - n * MINUTE >= since]
            if share is not None and mine:
                own = {n: self.usual.usual(line.id, n, end) for n in mine}
                judged = {n: rates[n] for n in mine}
                found = answer_rate(force, line.id, judged, own, share, seconds, at)
                if found is not None:
                    yield found

    def _last(self, at: int) -> dict[int, Finding]:
        """By the index of the line the falls that days keep going: their windows need no look."""
        going = {fall.line: fall for fall in falls(self.context.alerts()) if fall.going}
        found = {}
        for index, line in enumerate(self.force.lines):
            if line.id in going:
                lasts = self._falls.lasts(going[line.id], line.by_date(), self._windows.between, at)
                if lasts is not None:
                    found[index] = lasts
        return found

    def _goes_on(self) -> bool:
        """Whether an alert is going on, whose days are judged at full hours."""
        return any(fall.going for fall in falls(self.context.alerts()))

    def _look_again(self) -> None:
        self._fine_until = 0
        if self.context.clock is not None:
            self.context.clock.due = 0

    def _barred_at(self, at: int) -> dict[int, list[Barred]]:
        """The windows that end within the hour of an instant, with what is usual then."""
        if at // HOUR != self._hour:
            self._hour, self._bars = at // HOUR, {}
            for index, line in enumerate(self.force.lines):
                if index not in self._lasting:
                    most = self.usual.at_most(line.id, self._hour * HOUR)
                    found = [Barred(n, self._bar(line.id, most[n], n)) for n in WINDOWS]
                    self._bars[index] = [each for each in found if each.bar[0] > DROP]
        return self._bars

    def _bar(self, line: str, most: float, minutes: int) -> Bar:
        if most < DROP:
            return 0.0, LEAST_CORRELATION  # nothing can be so much below it
        return stepped(UsualRate(most, self.usual.correlation(line, minutes)))


class Barred:
    """A window of a line with its bar, and how long it needs no look."""

    __slots__ = ("bar", "fine_below", "fine_until", "minutes")

    def __init__(self, minutes: int, bar: Bar) -> None:
        self.minutes, self.bar = minutes, bar
        self.fine_until = self.fine_below = 0
        """Where it ends before that minute it needs no look, as long as the line's answer rate has
        become worse no more often than that."""

    def look_ahead(self, line: LineMinutes, minute: int, until: int) -> None:
        """Says so of a window that ends with a minute, which all calls are before, or with one
        after it, but before `until`."""
        missed, before = missed_since(line, minute - self.minutes), line.of.before(minute)
        self.fine_until = 0
        for ahead in AHEAD:
            end = min(minute + ahead, until)
            # As many calls at least are in it then, and as many at most of those that were late.
            stay = before - line.of.before(min(end - 1 - self.minutes, minute))
            room = fewest_missed(max(stay, LEAST_CALLS), self.bar) - missed - 1
            if room > 0 or (room == 0 and ahead == 1):
                self.fine_until, self.fine_below = end, line.worse + room
                return


def missed_since(line: LineMinutes, minute: int) -> int:
    """How many calls of a line were not answered in time since a minute."""
    return line.missed.sums[-1] - line.missed.before(minute)


def is_low(within: int, of: int, bar: Bar) -> bool:
    """Whether so few calls of a window were answered in time that it is to be looked at closely."""
    return of >= LEAST_CALLS and of - within >= fewest_missed(of, bar)


def fewest_missed(of: int, bar: Bar) -> int:
    """How many of so many calls (`LEAST_CALLS` or more) at least were not answered in time where an
    answer rate pages. Of one more call it is as many or one more.

    The number of calls is rounded down, so that few bars serve: that hides nothing.
    """
    coarse = max(0, of.bit_length() - EXACT)
    if not coarse:
        return _fewest_missed(of, bar)
    down = of >> coarse << coarse
    below = down - 1 >> (down - 1).bit_length() - EXACT << (down - 1).bit_length() - EXACT
    return min(_fewest_missed(down, bar), _fewest_missed(below, bar) + of - down + 1)


def _fewest_missed(of: int, bar: Bar) -> int:
    return of - min(floor((bar[0] - DROP) * of), most_paged(*bar, of))
