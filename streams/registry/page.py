"""What is measured, as text: `watchroom measures` and docs/measures.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from streams.periods import DAY, HOUR, MINUTE, SECOND
from streams.registry.aggregates import DURATIONS, Count, Mean, Quantile, Share
from streams.registry.conditions import (
    ALWAYS,
    All,
    AnyOf,
    Between,
    Condition,
    Flagged,
    Has,
    Is,
    Not,
    OfForce,
    Precise,
    Present,
    Within,
)
from streams.registry.counting import Counter, CounterOfAll
from streams.registry.facts import Case, Fact, Flag
from streams.registry.histogram import EXACT_BELOW
from streams.registry.indicator import Indicator
from streams.registry.kind import Duration, Kind, OpenRecords
from streams.registry.measures import (
    ATTENDANCES,
    SERVICE_LEVELS,
    ChosenShare,
    Gauge,
    Group,
    Measure,
)
from streams.registry.registry import REGISTRY, Registry
from streams.registry.times import LONGEST

DIRECTIONS = {"up_good": "more is better", "down_good": "less is better", "neutral": "neither"}
GAUGES = {
    "count": "how many are open now",
    "oldest_seconds": "how long the oldest that is open now has been",
    "unknown": "how many have been open so long that their end must be lost",
}
SECTIONS: dict[Literal["service_level", "attendance"], tuple[str, str]] = {
    "service_level": ("Service level", "service-level"),
    "attendance": ("Attendance in time", "attendance-in-time"),
}
"""The sections of formulas that a force's file chooses from: the title, and its anchor."""
SIZES = ((DAY, "days"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"), (1, "ms"))


def page(registry: Registry = REGISTRY) -> str:
    """docs/measures.md."""
    lines = [
        "# What is measured",
        "",
        "Every kind of record of the registry (`streams/registry/`): by which times it is",
        "counted, what is known of it, which records each counter counts, and how the measures of",
        "a table are read from the counters. The board, `/metrics`, the terminal, the dashboards",
        "and `/series.json` show these measures under these names. Below them stand the",
        "indicators, which are the lines of performance reports, made of measures.",
        "[CONTRIBUTING](../CONTRIBUTING.md#adding-things) shows how one is added;",
        "[fields](fields.md) has what an event can say.",
        "",
        "This page is what `watchroom measures` prints.",
        "",
    ]  # fmt: skip
    for kind in registry.kinds.values():
        lines += _kind(kind)
    lines += ["## Indicators", "", *_indicators(registry)]
    for of, (title, _) in SECTIONS.items():
        lines += [f"## {title}", "", *_formulas(of)]
    return "\n".join(lines)


def _kind(kind: Kind) -> Iterator[str]:
    clocks = ", then ".join(f"`{each}`" for each in kind.clocks)
    yield from (f"## {kind.name}", "")
    yield f"A record is counted by the time of {clocks}, and a new one is taken up to"
    yield f"{length(kind.horizon)} after it. A period closes {length(kind.grace)} after its end."
    yield ""
    if kind.counts != ALWAYS:
        yield from (f"It counts where {in_words(kind.counts)}.", "")
    rules = ((f"`{each.reason}`", in_words(each.when), each.words) for each in kind.rules)
    yield from _table(("refused as", "where", "since"), rules)
    facts = [(f"`{each.name}`", _fact(each)) for each in kind.columns]
    yield from _table(("known of a record", "is"), facts)
    yield from _table(("duration", "from", "to"), (_duration(kind, e) for e in kind.durations))
    yield from _table(("counter", "counts", "by"), (_counter(kind, each) for each in kind.counters))
    gauges = (_open(kind, each) for each in kind.gauges)
    yield from _table(("open", "are those where", "since"), gauges)
    for group in kind.groups:
        yield from _group(group)


def _group(group: Group) -> Iterator[str]:
    rows = ", ".join(("area", *group.dimensions))
    where = "" if group.where == ALWAYS else f" Only series of which {in_words(group.where)}."
    yield from (f"### {group.title}", "")
    yield from (f"`{group.name}`: a row for each {rows}.{where}", "")
    yield from _table(
        ("measure", "title", "is", "unit", "direction", "watched by"),
        (_measure(each) for each in group.measures),
    )


def _measure(measure: Measure) -> tuple[str, ...]:
    watch = "" if measure.watch is None else ", ".join(measure.watch.grains)
    name, direction = f"`{measure.name}`", DIRECTIONS[measure.polarity]
    return name, measure.title, definition(measure), measure.unit, direction, watch


def definition(measure: Measure) -> str:
    """How a measure is read from the counters: `(within + abandoned_within) / answered`."""
    match measure.value:
        case Count(counter):
            return f"`{counter}`"
        case Share(top, bottom, less):
            out_of = " + ".join(bottom) + "".join(f" - {each}" for each in less)
            return f"`{_sum(top)} / {f'({out_of})' if ' ' in out_of else out_of}`"
        case Mean(of, timing):
            time = "time" if timing == DURATIONS else f"`{timing}`"
            return f"mean {time} of the records in `{of}`"
        case Quantile(share, timing):
            times = "the times" if timing == DURATIONS else f"`{timing}`"
            return (
                f"nearest-rank quantile of {times}, at {share:g}; within 1 %, and exact "
                f"below {EXACT_BELOW} s"
            )
        case ChosenShare(of, counters=counters):
            made_of = ", ".join(f"`{here}`" for _, here in counters)
            chosen = f"[by the formula of the force's file](#{SECTIONS[of][1]})"
            return f"{chosen}, of {made_of}" if made_of else chosen
        case Gauge(records, of):
            return f"{GAUGES[of]}, of `{records}`"


def _indicators(registry: Registry) -> Iterator[str]:
    yield "A figure by period and area under the name that reports give it: `watchroom query"
    yield "robbery`, `/api/board?indicator=robbery`. A measure of a table goes by its address in"
    yield "the same way: `crimes.count{offence=robbery,burglary}`, `calls.service_level{line=999}`."
    yield ""
    rows = (_indicator(registry, each) for each in registry.indicators.values())
    yield from _table(
        ("name", "is", "made of", "direction", "share of", "per 1,000", "source"), rows
    )


def _indicator(registry: Registry, of: Indicator) -> tuple[str, ...]:
    made_of = " + ".join(f"`{part.address}`" for part in of.parts)
    if of.repeats is not None:
        made_of = f"people in `{of.repeats.kind}` records"
    elif of.at_end is not None:
        made_of = f"at the end of the period, {made_of}"
    elif of.reported is not None:
        made_of = f"readings, {of.reported.unit}"
    return (
        f"`{of.name}`",
        of.definition or of.title,
        made_of,
        DIRECTIONS[registry.polarity_of(of)],
        f"`{of.share_of}`" if of.share_of else "",
        of.per or "",
        of.source,
    )


def _sum(names: Iterable[str]) -> str:
    text = " + ".join(names)
    return f"({text})" if " " in text else text


def _formulas(of: Literal["service_level", "attendance"]) -> Iterator[str]:
    setting = "service_level" if of == "service_level" else "in_time` of `[attendance]"
    yield f"The force's file chooses one of these as `{setting}`:"
    yield ""
    formulas = SERVICE_LEVELS if of == "service_level" else ATTENDANCES
    rows = ((f"`{name}`", each.words) for name, each in formulas.items())
    yield from _table(("name", "formula"), rows)


def _counter(kind: Kind, counter: Counter) -> tuple[str, str, str]:
    which = "every record" if counter.when == ALWAYS else f"where {in_words(counter.when)}"
    if isinstance(counter, CounterOfAll):
        which += ", also of those that else count nowhere"
    counts = f"the sum of `{counter.adds}`, {which}" if counter.adds else which
    return f"`{counter.name}`", counts, f"`{counter.clock or kind.clocks[0]}`"


def _open(kind: Kind, records: OpenRecords) -> tuple[str, str, str]:
    """Which records are open, and since when."""
    since = f"`{kind.clocks[0]}`" + (f" and `{records.since}`" if records.since else "")
    return f"`{records.name}`", in_words(records.condition), since


def _duration(kind: Kind, duration: Duration) -> tuple[str, str, str]:
    since = " or ".join(f"`{each}`" for each in duration.since or kind.clocks[:1])
    until = " or ".join(f"`{each}`" for each in duration.until)
    return f"`{duration.name}`", since, until


def _fact(fact: Fact) -> str:
    if isinstance(fact, Flag):
        return f"whether {in_words(fact.when)}"
    if isinstance(fact, Case):
        cases = [f"`{name}` where {in_words(when)}" for name, when in reversed(fact.cases)]
        return "; else ".join((*cases, f"`{fact.otherwise}`"))
    listed = fact.listed_values()
    if listed is not None:
        return "one of " + ", ".join(f"`{each}`" for each in listed if each != "")
    return fact.says


def in_words(condition: Condition, *, holds: bool = True) -> str:
    """A condition, or its opposite: "`end` is `answered` and `wait` is within 5 s"."""
    is_ = "is" if holds else "is not"
    match condition:
        case Present(name):
            words = f"`{name}` {is_} known"
        case Precise(name):
            words = f"`{name}` {is_} known to the second"
        case Flagged(name):
            words = f"`{name}` {is_} set"
        case Is(name, allowed):
            values = " or ".join("yes" if each is True else f"`{each}`" for each in allowed)
            words = f"`{name}` {is_} {values}"
        case Has(name, value):
            words = f"`{value}` {is_} among `{name}`"
        case Between(name, int(limit), least):
            words = f"`{name}` {is_} between {length(least)} and {length(limit)}"
        case OfForce(words=said):
            words = said if holds else f"not so that {said}"
        case Within(name, limit) if limit == LONGEST:
            words = f"`{name}` {is_} known"
        case Within(name, limit):
            most = length(limit) if isinstance(limit, int) else "the force's target"
            words = f"`{name}` {is_} within {most}"
        case Not(of):
            words = in_words(of, holds=not holds)
        case All(of) | AnyOf(of):
            joined = _joined(condition, holds=holds)
            asked = [each for each in of if each != ALWAYS]
            words = joined.join(_part(each, joined, holds=holds) for each in asked)
        case _:
            raise TypeError(f"{condition!r} has no words")
    return words


def _joined(condition: Condition, *, holds: bool) -> str:
    """What stands between its parts: of an opposite it is the other one."""
    return " and " if isinstance(condition, All) == holds else " or "


def _part(condition: Condition, joined: str, *, holds: bool) -> str:
    """A part of a condition, in brackets where its own parts are joined in another way."""
    while isinstance(condition, Not):
        condition, holds = condition.of, not holds
    text = in_words(condition, holds=holds)
    several = isinstance(condition, All | AnyOf) and len(condition.of) > 1
    return f"({text})" if several and _joined(condition, holds=holds) != joined else text


def length(ms: int) -> str:
    """A length of time in its greatest whole unit: `35 days`, `5 min`."""
    size, unit = next((size, unit) for size, unit in SIZES if ms % size == 0)
    many = ms // size
    return f"{many:,} {unit}" if many != 1 or unit != "days" else "1 day"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A table with a blank line after it; nothing where it has no rows."""
    made = [f"| {' | '.join(row)} |" for row in rows]
    if made:
        yield from (f"| {' | '.join(head)} |", "|---" * len(head) + "|", *made, "")
