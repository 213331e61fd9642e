"""What is judged from how things stand now, rather than from a series: the pure rules.

Answer rates, targets missed for weeks, silent feeds, a pipeline that is unwell;
`streams.alerts.rules.waiting` has the callers and emergencies that wait. A `Condition` is what
holds at one look; the alert store opens an alert when one appears, and ends it some time after it
was last seen.

A target that the force misses every day would page every day. So an answer rate pages only when it
is worse than the force's own recent rate at that time of day *and* than the target, each by an
exact tail. That a target has been missed for weeks is a state: shown, ticketed once, and never a
page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import floor, log2, log10
from typing import Any, Literal, NamedTuple

import msgspec

from detectors.shares.proportion import beta_binomial_tails, binomial_tails
from streams.alerts import words as say
from streams.alerts.model import AlertKind, Evidence, Severity
from streams.alerts.policy import GROWN
from streams.config.force import WHOLE, Force
from streams.periods import DAY, HOUR, MINUTE, SECOND, Period
from streams.registry.aggregates import SMALL
from streams.surveillance.signals import Signal

LEAST_CALLS = SMALL
"""An answer rate is judged over windows of at least so many calls."""
WORSE = 5.0
"""-log10 of the tail against the force's own recent rate at which an answer rate pages."""
BELOW = 3.0
"""The same against the target."""
DROP = 0.1
"""An answer rate that is worse by less is nobody's emergency."""
LEAST_CORRELATION, MOST_CORRELATION = 0.01, 0.9
"""Of two calls of the same window: who waits behind one that waited waits too."""
WEEKS = 4
ENOUGH = 100
"""Calls from which a force's own answer rate is known."""
BEHIND_MINUTES = 5
OLD_CHECKPOINT = 120
FAULTY = 3600
"""Seconds for which a fault counts: a detector that fails does so again when the hour closes."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is so at this look. `since` is in ms."""

    kind: AlertKind
    severity: Severity
    records: str
    """The kind of record that it was judged from: none is, of a feed that is silent."""
    group: str
    measure: str
    row: dict[str, str] = {}
    area: str = WHOLE
    direction: Literal["up", "down"] | None = None
    title: str
    since: int
    said: tuple[str, ...]
    evidence: Evidence = Evidence()
    settle: int = 10 * MINUTE
    """How long it must not have been seen before the alert is over."""
    correlation: float | None = None
    """Of two calls of the same window, of an answer rate that has got worse."""
    opens: bool = True
    """Whether it opens an alert; one that does not keeps an open one going."""


class Rate(NamedTuple):
    """Cases in time, of how many."""

    within: int
    of: int

    @property
    def share(self) -> float:
        """In time, of 1."""
        return self.within / self.of if self.of else 0.0


class Doing(NamedTuple):
    """How the pipeline does; ages in seconds."""

    behind_for: float = 0.0
    detail: str = ""
    checkpoint_age: float | None = None
    faults: int = 0
    fault_age: float | None = None
    """Of the latest fault of a detector or of the alerts themselves; None before any."""
    troubles: Mapping[str, str] = {}
    """Sentences with their cures, by `kind:subject` (`streams.live.Health`)."""


class Usual(NamedTuple):
    """A force's own recent answer rate in windows of one length at this time of day: the share, the
    correlation of two calls of a window, and of how many calls the share is known."""

    share: float = 0.0
    correlation: float = LEAST_CORRELATION
    of: int = 0


def worsening(window: Rate, own: Usual, target: float) -> tuple[float, float]:
    """-log10 of the tails of so few in time: against the recent rate, by the beta-binomial with its
    correlation, and against the target, by the binomial.

    >>> [round(found, 1) for found in worsening(Rate(6, 20), Usual(0.83, 0.01, 10000), 0.9)]
    [5.4, 9.7]
    """
    aimed = binomial_tails(window.within, window.of, min(0.999999, target))[0]
    return _lately(window, own), _evidence(aimed)


def _lately(window: Rate, own: Usual) -> float:
    """The first of these."""
    size = 1.0 / own.correlation - 1.0
    shape = own.share * size, (1.0 - own.share) * size
    return _evidence(beta_binomial_tails(window.within, window.of, *shape)[0])


FINE, LEAST_MISSED = 32, 1e-9
"""Steps to an octave in which bars are kept; and the least share that is missed, so that the usual
is never all of them."""


def stepped(own: Usual) -> tuple[float, float]:
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
    target is; -1 where none can be so few. The tail grows with those in time (bisection).

    >>> most_paged(0.27, 0.07, 300), most_paged(0.27, 0.07, 20), most_paged(0.83, 0.01, 20)
    (0, -1, 6)
    """
    own = Usual(share, correlation, ENOUGH)
    low, high = -1, floor((share - DROP) * of)
    while low < high:
        middle = (low + high + 1) // 2
        if _lately(Rate(middle, of), own) >= WORSE:
            low = middle
        else:
            high = middle - 1
    return low


def _evidence(tail: float) -> float:
    return -log10(min(1.0, max(1e-300, tail))) + 0.0


def answer_rate(
    force: Force,
    line: str,
    windows: Mapping[int, Rate],
    usual: Mapping[int, Usual],
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
    return _of_answers(
        line,
        severity="page",
        title=f"{line} answer rate, {force.name}",
        since=at - minutes * MINUTE,
        said=say.answer_rate(
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
        settle=3 * HOUR,
        correlation=own.correlation,
    )


def _of_answers(line: str, **fields: Any) -> Finding:
    """A finding of how many calls of a line are answered in time; the fields are those of
    `Finding`."""
    return Finding(
        kind="target_missed",
        records="call",
        group="calls",
        measure="service_level",
        row={"line": line},
        direction="down",
        **fields,
    )


def got_worse(c: Finding, told: float) -> bool:
    """Whether an answer rate has got so much worse than the share that people were notified of that
    they are notified again: a quarter more are not answered in time, and not by chance."""
    found = c.evidence
    within, of, target = found.numerator, found.denominator, found.target
    if c.correlation is None or within is None or not of or target is None:
        return False
    if 1.0 - within / of < GROWN * (1.0 - told):
        return False
    return worsening(Rate(within, of), Usual(told, c.correlation, of), target)[0] >= WORSE


def fallen(
    force: Force,
    line: str,
    told: tuple[Period, Rate, Usual],
    since: int,
    target: float,
    seconds: int,
    at: int,
    *,
    running: bool,
) -> Finding:
    """An answer rate that fell at `since` and has been low for a whole day or more: told are the
    figures of the day that says most. It opens no alert, and keeps an open one going."""
    day, rate, own = told
    days = day, since, at
    until = (at // HOUR + 1) * HOUR  # what is judged by the day is judged at full hours
    return _of_answers(
        line,
        severity="page",
        title=f"{line} answer rate, {force.name}",
        since=since,
        said=say.fallen(force, line, rate, seconds, own.share, target, days, running=running),
        evidence=Evidence(
            observed=rate.share,
            expected=own.share,
            numerator=rate.within,
            denominator=rate.of,
            target=target,
            method="proportion",
            period=day.label,
        ),
        settle=until - at,
        correlation=own.correlation,
        opens=False,
    )


def target_missed(
    force: Force,
    line: str,
    weeks: Sequence[Sequence[tuple[Rate, float | None]]],
    target: float,
    seconds: int,
    until: int,
) -> Finding | None:
    """A target missed in each of the last weeks, of which the last ended at `until`. Each week is
    in parts, with the target of its time; `target` and `seconds` are those of the last."""
    parts = [(rate, share or 0.0) for week in weeks for rate, share in week]
    together = Rate(sum(rate.within for rate, _ in parts), sum(rate.of for rate, _ in parts))
    if len(weeks) < WEEKS or any(sum(r.of for r, _ in week) < LEAST_CALLS for week in weeks):
        return None
    if any(rate.of >= LEAST_CALLS and rate.share >= share for rate, share in parts):
        return None
    aimed = sum(rate.of * share for rate, share in parts) / together.of
    if binomial_tails(together.within, together.of, aimed)[0] > 0.01:
        return None
    said = say.missed(say.calls(line), force.name, together.share, target, seconds, WEEKS)
    if any(share != target for _, share in parts):
        said = (*said, "Each by the target of its time.")
    return _of_answers(
        line,
        severity="state",
        title=f"{line} answer target, {force.name}",
        since=until - WEEKS * 7 * DAY,
        said=said,
        evidence=Evidence(
            observed=together.share,
            numerator=together.within,
            denominator=together.of,
            target=target,
            method="proportion",
        ),
        settle=14 * DAY,
    )


def silent_feeds(force: Force, signals: Iterable[Signal]) -> list[Finding]:
    """What surveillance says of feeds that are silent."""
    found = []
    for signal in signals:
        if signal.method == "silence":
            feed = signal.row.get("feed", signal.measure)
            found.append(
                Finding(
                    kind="feed_silent",
                    severity="page",
                    records=signal.kind,
                    group=signal.group,
                    measure=signal.measure,
                    row=signal.row,
                    title=say.feed(feed, force.name),
                    since=signal.start if signal.onset is None else signal.onset,
                    said=say.silent(signal.words),
                    evidence=Evidence(
                        observed=signal.observed,
                        expected=signal.expected,
                        probability=signal.probability,
                        method="silence",
                    ),
                    settle=2 * MINUTE,
                )
            )
    return found


def pipeline_unwell(force: Force, doing: Doing, at: int) -> list[Finding]:
    """What is wrong with Watchroom itself."""
    found = []
    if doing.behind_for >= BEHIND_MINUTES * 60:
        told = say.behind(force, doing.behind_for)
        found.append(("lag", "behind", doing.behind_for, doing.behind_for, told))
    if (age := doing.checkpoint_age) is not None and age > OLD_CHECKPOINT:
        found.append(("checkpoint", "no checkpoint", age, age, say.no_checkpoint(force, age)))
    if (age := doing.fault_age) is not None and age < FAULTY:
        told = say.faulty(force, doing.faults)
        found.append(("faults", "faults", age, float(doing.faults), told))
    kinds: dict[str, list[str]] = {}
    for key, words in sorted(doing.troubles.items()):
        kinds.setdefault(key.partition(":")[0], []).append(words)
    for kind, sentences in kinds.items():
        told = say.trouble(force, sentences)
        found.append((kind, say.TROUBLES.get(kind, kind), 0.0, float(len(sentences)), told))
    return [
        Finding(
            kind="pipeline_unwell",
            severity="page",
            records="",
            group="pipeline",
            measure=measure,
            title=f"Watchroom, {force.name}: {title}",
            since=at - round(seconds * SECOND),
            said=said,
            evidence=Evidence(observed=observed),
            settle=2 * MINUTE,
        )
        for measure, title, seconds, observed, said in found
    ]
