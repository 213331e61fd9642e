"""What the rules about answer rates share: when so few in time are too few, and the finding. Pure.

Calls of a window go together (who waits behind one that waited waits too), so a window is compared
with the force's own recent rate by the beta-binomial, with the correlation of two of its calls; and
with the target, which is a promise about every call, by the binomial.
"""

from __future__ import annotations

from functools import lru_cache
from math import floor, log2, log10
from typing import Any

from detectors.shares.proportion import (
    beta_binomial_at_most,
    beta_binomial_tails,
    binomial_tails,
)
from streams.alerts.rules.base import GROWN, Figure, Finding, figure_of
from streams.alerts.usual_answers import AnswerRate, UsualRate
from streams.periods import HOUR
from streams.registry.aggregates import SMALL
from streams.registry.calls import FIRST, FURTHER

TARGET_MISSED_KIND = "target_missed"
"""The kind of alert: see `streams.alerts.rules.target_missed`."""
ANSWERED = figure_of(TARGET_MISSED_KIND, "calls", "service_level")
BY_TARGET = {FIRST: ANSWERED} | {
    place: figure_of(TARGET_MISSED_KIND, "further_levels", f"{place}_target") for place in FURTHER
}
"""By each of the targets of a line that may hold together the service level by it."""
LEAST_CALLS = SMALL
"""An answer rate is judged over windows of at least so many calls."""
WORSE = 5.0
"""-log10 of the tail against the force's own recent rate at which an answer rate pages."""
BELOW = 3.0
"""The same against the target."""
DROP = 0.1
"""An answer rate that is worse by less is nobody's emergency."""
YOUNG = HOUR
"""For so long after an alert opened nobody is notified again: a window of calls shows what the rate
has fallen to only when all of them came since. In ms."""


def worsening(window: AnswerRate, own: UsualRate, target: float) -> tuple[float, float]:
    """-log10 of the tails of so few in time: against the recent rate, by the beta-binomial with its
    correlation, and against the target, by the binomial.

    >>> usual = UsualRate(0.83, 0.01, 10000)
    >>> [round(found, 1) for found in worsening(AnswerRate(6, 20), usual, 0.9)]
    [5.4, 9.7]
    """
    aimed = binomial_tails(window.within, window.of, min(0.999999, target))[0]
    return _lately(window, own), _evidence(aimed)


def _lately(window: AnswerRate, own: UsualRate) -> float:
    """-log10 of the tail against the force's recent rate."""
    size = 1.0 / own.correlation - 1.0
    shape = own.share * size, (1.0 - own.share) * size
    return _evidence(beta_binomial_tails(window.within, window.of, *shape)[0])


ROUNDED = 1.0 + 1e-9
"""Sums of chances differ by less, however they are made: nothing that pages is passed over."""
FINE, LEAST_MISSED = 32, 1e-9
"""Steps to an octave in which bars are kept; and the least share that is missed, so that the usual
is never all of them."""


def stepped(own: UsualRate) -> tuple[float, float]:
    """A usual share and correlation for `most_paged`, in steps, so that few bars serve for years:
    never a lower share nor a greater correlation than they are, and so no lower bar."""
    missed = _step(max(LEAST_MISSED, 1.0 - own.share))
    return 1.0 - missed * (1.0 - LEAST_MISSED), _step(own.correlation)


def _step(value: float) -> float:
    """At most the value, by less than 2.2 %."""
    return float(2.0 ** (floor(log2(value) * FINE) / FINE))


@lru_cache(maxsize=65_536)
def most_paged(share: float, correlation: float, of: int) -> int:
    """The most that may be in time, of so many calls, where an answer rate pages, whatever the
    target is; -1 where none can be so few. Of more calls it is as many or more.

    >>> most_paged(0.27, 0.07, 300), most_paged(0.27, 0.07, 20), most_paged(0.83, 0.01, 20)
    (0, -1, 6)
    """
    size = 1.0 / correlation - 1.0
    chance = 10.0**-WORSE * ROUNDED
    highest = floor((share - DROP) * of)
    if highest < 0:
        return -1
    return beta_binomial_at_most(of, share * size, (1.0 - share) * size, chance, highest)


def _evidence(tail: float) -> float:
    return -log10(min(1.0, max(1e-300, tail))) + 0.0


def of_answers(line: str, level: Figure = ANSWERED, **fields: Any) -> Finding:
    """A finding about how many calls of a line are answered in time, by the service level of one of
    its targets; the fields are those of `Finding`."""
    return Finding(
        kind=TARGET_MISSED_KIND,
        records="call",
        group=level.group,
        measure=level.measure,
        row={"line": line},
        direction="down",
        **fields,
    )


def got_worse(found: Finding, notified: float, age: int) -> bool:
    """Whether an answer rate has got so much worse than the share that people were notified of that
    they are notified again: a quarter more are not answered in time, and not by chance. Not while
    the alert is younger than `YOUNG` (its `age`, in ms)."""
    if age < YOUNG:
        return False
    within, of = found.evidence.numerator, found.evidence.denominator
    target, together = found.evidence.target, found.correlation
    if together is None or within is None or not of or target is None:
        return False
    if 1.0 - within / of < GROWN * (1.0 - notified):
        return False
    usual = UsualRate(notified, together, of)
    return worsening(AnswerRate(within, of), usual, target)[0] >= WORSE
