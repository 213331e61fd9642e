"""A target that is missed: an answer rate that got worse pages, one missed for weeks is a state.

What pages is judged in `answer_rate`, whose alert `lasting_fall` keeps going by its days. Here is
what is judged by the week: that a target was missed in each of the last weeks is shown, ticketed
once, and never a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise, product

from detectors.shares.proportion import binomial_tails
from streams.alerts import words as say
from streams.alerts.context import RuleContext
from streams.alerts.model import Evidence
from streams.alerts.rules.answer_rate import SETTLE, AnswerRateRule
from streams.alerts.rules.answers import (
    BY_TARGET,
    LEAST_CALLS,
    TARGET_MISSED_KIND,
    got_worse,
    of_answers,
)
from streams.alerts.rules.base import STEADY, AlertKind, Finding, InstantRule, TableRow
from streams.alerts.usual_answers import AnswerRate
from streams.config.force import Force, Target
from streams.config.targets import held, held_over
from streams.fold.gaps import first_record
from streams.periods import DAY, HOUR
from streams.registry.calls import FIRST
from streams.registry.phrases import percent, round_duration

WEEKS = 4
"""A target is missed for weeks once it was in each of so many."""


def target_missed(
    force: Force,
    line: str,
    weeks: Sequence[Sequence[tuple[AnswerRate, float | None]]],
    target: float,
    seconds: int,
    until: int,
    place: str = FIRST,
) -> Finding | None:
    """A target missed in each of the last weeks, of which the last ended at `until`. Each week is
    in parts, with the target of its time; `target` and `seconds` are those of the last. Of several
    that hold together it is the one in that place."""
    parts = [(rate, share or 0.0) for week in weeks for rate, share in week]
    together = AnswerRate(sum(rate.within for rate, _ in parts), sum(rate.of for rate, _ in parts))
    if len(weeks) < WEEKS or any(sum(r.of for r, _ in week) < LEAST_CALLS for week in weeks):
        return None
    if any(rate.of >= LEAST_CALLS and rate.share >= share for rate, share in parts):
        return None
    aimed = sum(rate.of * share for rate, share in parts) / together.of
    if binomial_tails(together.within, together.of, aimed)[0] > 0.01:
        return None
    said = sentences(say.calls(line), force.name, together.share, target, seconds, WEEKS)
    if any(share != target for _, share in parts):
        said = (*said, "Each by the target of its time.")
    which = "" if place == FIRST else f" of {percent(target)} in {round_duration(seconds)}"
    return of_answers(
        line,
        BY_TARGET[place],
        severity="state",
        title=f"{line} answer target{which}, {force.name}",
        since=until - WEEKS * 7 * DAY,
        said=said,
        evidence=Evidence(
            observed=together.share,
            numerator=together.within,
            denominator=together.of,
            target=target,
            method="proportion",
        ),
        settle=STEADY,
    )


def sentences(
    what: str, where: str, rate: float, target: float, seconds: int, weeks: int
) -> tuple[str, ...]:
    """A target that has been missed for weeks."""
    figures = (
        f": {percent(rate)} within {round_duration(seconds)} over {weeks} weeks, "
        f"target {percent(target)}. Missed in every week."
    )
    return (say.named(f"{what}, {where}", figures),)


class WeeksRule(InstantRule):
    """Judges the last weeks of each line, up to this morning."""

    records = "call"
    daily = True
    any_minute = False

    def __init__(self, context: RuleContext) -> None:
        super().__init__(context)
        self._day = -1
        self._missed: list[Finding] = []

    def judge(self, at: int) -> Iterable[Finding]:
        """The lines whose target was missed in each of the last weeks; none where the calls do not
        reach back to the beginning of the first of them."""
        until = self.context.calendar.start("day", at)
        if until != self._day:
            self._day, self._missed = until, list(self._judge(until))
        return self._missed

    def _judge(self, until: int) -> Iterable[Finding]:
        edges = [
            self.context.calendar.start("day", until - 7 * DAY * n + 12 * HOUR)
            for n in range(WEEKS, -1, -1)
        ]
        first = first_record(self.context.ledgers[self.records].panes)
        if first is None or first > edges[0]:
            return  # the first of these weeks is not known whole
        for line, (number, place) in product(self.force.lines, enumerate(BY_TARGET)):
            targets = line.by_date(number)
            if not targets:
                continue
            weeks = [self._week(line.id, targets, place, *week) for week in pairwise(edges)]
            seconds, share = held(self.force, targets, until - 1)
            if share is not None and all(target for week in weeks for _, target in week):
                missed = target_missed(self.force, line.id, weeks, share, seconds, until, place)
                if missed is not None:
                    yield missed

    def _week(
        self, line: str, targets: Sequence[Target], place: str, start: int, end: int
    ) -> list[tuple[AnswerRate, float | None]]:
        """The parts of a week under one target each, with it."""
        parts, found = held_over(self.force, targets, start, end), []
        for n, part in enumerate(parts):
            begin = start if not n else part.since
            stop = parts[n + 1].since if n + 1 < len(parts) else end
            rate = self.context.windows.between(begin, stop, place).get(line, (0, 0))
            found.append((AnswerRate(*rate), part.share))
        return found


TARGET_MISSED = AlertKind(
    name=TARGET_MISSED_KIND,
    runbook="WatchroomTargetMissed",
    summary="A target is being missed",
    meaning="A target is being missed by more than chance explains.",
    dashboard="alerts",
    table=(
        TableRow(
            "an answer rate is worse than the force's own at this time of day *and* than the "
            "target",
            "page",
            f"{SETTLE // HOUR} hours have passed since it was last so",
            "999 calls, Warwickshire: 6 of 20 answered within 10 s, usually 83 %, target 90 %.",
            "none in four simulated weeks of a room that misses its targets",
        ),
        TableRow(
            f"a target was missed in each of the last {WEEKS} weeks, and calls are "
            "known from the first of their days on",
            "state",
            f"there were no {WEEKS} such weeks for {STEADY // DAY} days",
            "999 calls, Warwickshire: 83 % within 10 s over 4 weeks, target 90 %. Missed in every "
            "week.",
        ),
    ),
    judged="minute",
    rules=(WeeksRule, AnswerRateRule),
    figures=tuple(BY_TARGET.values()),
    got_worse=got_worse,
    lasts=True,
)
