"""An answer rate that has become worse than it lately was, and is below its target.

A target that the force misses every day would page every day. So an answer rate pages only when it
is worse than the force's own recent rate at that time of day *and* than the target, each by an
exact tail. While an alert about it is open, its days are judged too (`lasting_fall`), so that
nights do not end it. That a target has been missed for weeks is a state, and no page
(`target_missed`, which declares the kind of alert).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import floor, sqrt
from sys import maxsize

from streams.alerts import words as say
from streams.alerts.answer_windows import PART_BITS, AnswerWindows
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
    EMERGENCY,
    ENOUGH,
    LEAST_CORRELATION,
    OTHER,
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
Fine = tuple[int, int]
"""Windows with at least so many calls in time, of at most so many, need no closer look."""
HIGHEST = 1 << PART_BITS - 1
"""The highest bit of a part of a sum, which no number of calls reaches."""
MOST_ROOM = HIGHEST >> 1
NOTHING_FINE: Fine = (HIGHEST, 0)
ANY: Fine = (0, HIGHEST - 1)
FEW: Fine = (0, LEAST_CALLS - 1)
"""Nothing is judged by so few, whatever is usual."""
ORDINARY = 1.25
"""Standard deviations; no answer rate pages that is nearer to the usual than 1.6 of them (the least
of 570,000 drawn bars of 20 to 3,000 calls)."""
PLENTY = 4
"""Calls of room from which on it is not asked more closely how many there are."""
EXACT = 5
"""Bits of a number of calls that a bar tells apart: what is above is rounded up."""


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
            {line.id: OTHER if n else EMERGENCY for n, line in enumerate(self.force.lines)},
        )
        self._falls = LastingFalls(self.force, context.calendar, self.usual)
        self._ledger: Ledger | None = None
        self._hour = -1
        """The number of the hour since 1970 UTC of which the bars are."""
        self._bars: dict[tuple[int, int], Bar] = {}
        """By window and line, where one was asked for."""
        self._fine: list[list[Fine]] = []
        """By window and line what needs no closer look, whatever changes within it."""
        self._edges: list[int] = []
        """The same of all lines of a window as one integer."""
        self._highest = highest_bits(len(self.force.lines))
        self._lasting: set[int] = set()
        """By index the lines whose answer rate is known to be low for days."""

    def follow(self, ledger: Ledger) -> None:
        """Reads another ledger of calls."""
        self._ledger = ledger

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
        """Whether any window is to be looked at closely; brings them up to a full minute."""
        self._windows.move(at)
        return bool(self._worth(at))

    @property
    def idle(self) -> bool:
        """Whether no call is in any window."""
        return self._windows.empty

    def judge(self, at: int) -> Iterable[Finding]:
        """The lines whose answer rate has got worse, or has been low for days."""
        force, end = self.force, at // MINUTE * MINUTE
        self._windows.move(at)
        lasting = self._last(at)
        if lasting.keys() != self._lasting:
            self._lasting, self._hour = set(lasting), -1
        yield from lasting.values()
        worth = self._worth(at)
        for index, line in enumerate(force.lines):
            targets = line.by_date()
            since, seconds, share = held_over(force, targets, end - 1, end)[-1]
            mine = [WINDOWS[window] for window, of in worth if of == index]
            if len(targets) > 1:  # no window is judged by the target of another time
                newer = since > force.instant(targets[0].since)
                mine = [n for n in mine if not newer or end - n * MINUTE >= since]
            if share is not None and mine:
                sums = dict(zip(WINDOWS, self._windows.sums, strict=True))
                rates = {n: AnswerRate(*self._windows.rate(sums[n], index)) for n in mine}
                own = {n: self.usual.usual(line.id, n, end) for n in mine}
                found = answer_rate(force, line.id, rates, own, share, seconds, at)
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

    def _worth(self, at: int) -> list[tuple[int, int]]:
        """The windows, by their place and that of the line, that are to be looked at closely: those
        in which no more are in time than where an answer rate pages, at the most that is usual."""
        if at // HOUR != self._hour:
            self._hour, self._bars = at // HOUR, {}
            self._fine = [[NOTHING_FINE for _ in self.force.lines] for _ in WINDOWS]
            self._edges = [self._edge(fine) for fine in self._fine]
        found: list[tuple[int, int]] = []
        edges, highest = self._edges, self._highest
        for window, value in enumerate(self._windows.sums):
            if not is_inside(value, edges[window], highest):
                found += self._closer(window, value)
        return found

    def _closer(self, window: int, value: int) -> Iterator[tuple[int, int]]:
        """Those of one window that is not known to be fine."""
        fine = self._fine[window]
        for line, (least, most) in enumerate(fine):
            within, of = self._windows.rate(value, line)
            if (within < least or of > most) and line not in self._lasting:
                fine[line] = self._fine_of(within, of, window, line)
                if fine[line] is NOTHING_FINE:
                    yield window, line
        self._edges[window] = self._edge(fine)

    def _edge(self, fine: Sequence[Fine]) -> int:
        lasting = self._lasting
        return edge_of(ANY if line in lasting else each for line, each in enumerate(fine))

    def _fine_of(self, within: int, of: int, window: int, line: int) -> Fine:
        """Around a window, those of which it is known that they need no closer look."""
        if of < LEAST_CALLS:
            return FEW
        bar = self._bars.get((window, line))
        if bar is None:
            self._learn_bars(line)
            bar = self._bars[window, line]
        room = min(room_of(within, of, bar), MOST_ROOM)
        return (max(0, within - room), of + room) if room >= 0 else NOTHING_FINE

    def _learn_bars(self, line: int) -> None:
        """What is usual at most in each window of a line that ends within this hour."""
        name = self.force.lines[line].id
        most = self.usual.at_most(name, self._hour * HOUR)
        for window, minutes in enumerate(WINDOWS):
            self._bars[window, line] = self._bar(name, most[minutes], minutes)

    def _bar(self, line: str, most: float, minutes: int) -> Bar:
        if most < DROP:
            return 0.0, LEAST_CORRELATION  # nothing can be so much below it
        return stepped(UsualRate(most, self.usual.correlation(line, minutes)))


def edge_of(fine: Iterable[Fine]) -> int:
    """What is fine, line by line, as one integer: added to the sum of a window, it makes the
    highest bit of each part 1 where those in time are enough, and 0 where all are not too many."""
    edge = 0
    for line, (least, most) in enumerate(fine):
        parts = (HIGHEST - 1 - most) << PART_BITS | (HIGHEST - least)
        edge |= parts << 2 * PART_BITS * line
    return edge


def is_inside(value: int, edge: int, highest: int) -> bool:
    """Whether the sum of a window is fine in each line, by its edge and `highest_bits`."""
    return (value + edge) & (highest | highest << PART_BITS) == highest


def highest_bits(lines: int) -> int:
    """The highest bit of those in time, of so many lines."""
    return sum([HIGHEST << 2 * PART_BITS * line for line in range(lines)])


def room_of(within: int, of: int, bar: Bar) -> int:
    """How many calls may come, go or change, whatever they are, until a window may have to be
    looked at closely; -1 where it has to be now. Each makes those in time fewer by one at most, and
    the calls more by one at most, and of more calls as many or more may be in time."""
    if bar[0] <= DROP:
        return maxsize
    if of < LEAST_CALLS:
        return LEAST_CALLS - 1 - of
    enough = min(ordinary(of, bar), (bar[0] - DROP) * of + 1.0)
    ordinarily = max(floor((within - enough) / (1.0 + bar[0])), -1)
    if ordinarily >= PLENTY:
        return ordinarily
    spare = within - most_looked_at(of, bar)
    if spare <= 0:
        return ordinarily
    room = (spare - 1) // 2
    while room and within - room <= most_looked_at(of + room, bar):
        room //= 2
    return max(room, ordinarily)


def ordinary(of: int, bar: Bar) -> float:
    """So few in time are nothing rare: `ORDINARY` standard deviations of a beta-binomial below its
    mean, far from the tail at which an answer rate pages."""
    share, together = bar
    variance = share * (1.0 - share) * of * (1.0 + (of - 1) * together)
    return share * of - ORDINARY * sqrt(variance)


def most_looked_at(of: int, bar: Bar) -> int:
    """The most in time, of so many calls, that are looked at closely. The number of calls is
    rounded up, so that few bars serve: that hides nothing."""
    coarse = max(0, of.bit_length() - EXACT)
    up = -(-of >> coarse) << coarse
    return min(floor((bar[0] - DROP) * of), most_paged(*bar, up))
