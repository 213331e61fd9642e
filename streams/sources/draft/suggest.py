"""Drafts a mapping from the sample of a table: every guess is said in a comment of the draft.

The draft is made by names of columns (times by what they hold) in the way in which public exports
are written. It is a beginning for a person to correct, and always loads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from streams.config.force import Force
from streams.errors import SourceError
from streams.sources.draft import value_guess
from streams.sources.draft.calls import place_call
from streams.sources.draft.columns import SampleColumns
from streams.sources.draft.details import place_details
from streams.sources.draft.draft import Work, clean, quoted
from streams.sources.draft.field_words import (
    CATEGORY,
    OFFENCE,
    SIGNS,
    RecordKind,
)
from streams.sources.draft.ids import place_id
from streams.sources.draft.persons import place_persons
from streams.sources.draft.queue_log import place_states, states_of
from streams.sources.draft.sample import TableSample
from streams.sources.draft.times import place_times
from streams.sources.draft.totals import are_totals, place_totals
from streams.sources.draft.words import place_area, place_grade, place_words

CLOSE = 0.75
"""Of the weight of the kind that is taken; another with so much is named beside it."""


class Draft(NamedTuple):
    """A drafted mapping: its TOML, and what a person has to look at first."""

    toml: str
    doubts: list[str]


class Guess(NamedTuple):
    """What a row is; `other` is what it may be as well, None where that is clear. Not `sure` where
    no column's name says anything."""

    kind: RecordKind
    sure: bool
    other: RecordKind | None


def guess_kind(columns: SampleColumns) -> Guess:
    """What a row is, by what the names of the columns say of each kind."""
    names = [column.words for column in columns.all]

    def weight(kind: RecordKind) -> int:
        signs = SIGNS[kind]
        return sum(n for n, sign in signs if any(re.search(sign, name) for name in names))

    # Of equal ones the first: an incident's log has words of calls and crimes in it.
    ranked: tuple[RecordKind, ...] = ("incident", "call", "crime", "reading")
    weights = {kind: weight(kind) for kind in ranked}
    first, second = sorted(ranked, key=lambda kind: -weights[kind])[:2]
    close = weights[second] > 0 and weights[second] >= CLOSE * weights[first]
    return Guess(first, weights[first] > 0, second if close else None)


def suggest(
    sample: TableSample,
    kind: RecordKind | None = None,
    timezone: str | None = None,
    force: Force | None = None,
    values: Mapping[str, Counter[str]] = MappingProxyType({}),
) -> Draft:
    """A draft for a sample; raises `SourceError` where it has no times to map. `values` are those
    in all rows of the file, by column, where these were counted (`all_values`)."""
    columns = SampleColumns(sample)
    events = states_of(columns) if kind in {None, "call"} else None
    if events is not None:
        work = Work(sample, columns, "call", force)
        place_persons(work)
        if place_states(work, events):
            return Draft(_text(work, _zone(work, timezone)), work.doubts)
    guess = guess_kind(columns)
    counted = kind is None and guess.kind in {"call", "reading"} and are_totals(columns)
    if counted and (totals := _totals(sample, timezone, force)) is not None:
        return totals
    work = Work(sample, columns, kind or guess.kind, force, values)
    if kind is None and not guess.sure:
        work.doubts.append(f"`kind`: no column's name says what a row is; {guess.kind} is a guess")
    if kind is None and guess.other is not None:
        work.doubts.append(
            f"`kind`: the columns could be of {guess.kind} or {guess.other}; --kind says it"
        )
    try:
        return _draft(work, timezone)
    except SourceError:
        # No record of a call has only a day: these may be totals of days or months.
        totals = None if kind is not None else _totals(sample, timezone, force)
        if totals is None:
            raise
        return totals


def _totals(sample: TableSample, timezone: str | None, force: Force | None) -> Draft | None:
    """The draft of a table of totals; None where it is none."""
    work = Work(sample, SampleColumns(sample), "reading", force)
    return Draft(_text(work, _zone(work, timezone)), work.doubts) if place_totals(work) else None


def _draft(work: Work, timezone: str | None) -> Draft:
    """The whole."""
    place_persons(work)
    timezone = _zone(work, timezone)
    american = (timezone or "").startswith("America/")
    found = work.columns.order
    work.columns.settle("month" if american else "day")
    place_times(work)
    ambiguous = [c.name for c in work.columns.all if c.name in work.columns.used
                 and c.times is not None and c.times.ambiguous]  # fmt: skip
    if ambiguous and not work.columns.order_is_sure:
        why = "" if found is None else "; the dates of neighbouring rows then lie closer together"
        work.doubts.append(
            f"AMBIGUOUS: {', '.join(ambiguous)}: no day is above 12, and the "
            f"{work.columns.order} is taken to come first{why}"
        )
    if work.kind == "call":
        place_call(work)
    place_area(work)
    if work.kind == "incident":
        place_words(work, "category", CATEGORY, value_guess.CATEGORIES)
        place_grade(work)
    elif work.kind == "crime":
        place_words(work, "offence", OFFENCE, value_guess.CRIMES)
    place_id(work)
    place_details(work)
    return Draft(_text(work, timezone), work.doubts)


def _zone(work: Work, timezone: str | None) -> str | None:
    return work.force.zone.key if timezone is None and work.force is not None else timezone


def _text(work: Work, timezone: str | None) -> str:
    zone = timezone
    if zone is None:
        zone = "America/New_York" if _american(work) else "Europe/London"
        work.doubts.insert(0, f"`timezone`: the file does not say it; {zone} is a guess")
    lines = [
        f"# Drafted from {len(work.sample.rows):,} rows of {clean(work.sample.origin)}.",
        "# Every line is a guess: look at it, and compare with docs/sources.md.",
    ]
    lines += [f"# CHECK {clean(doubt)}." for doubt in work.doubts]
    lines += ["", f"kind = {quoted(work.kind)}"]
    if work.force is not None:
        lines.append(f"force = {quoted(work.force.id)}")
    else:
        lines.append('# force = "my-force"    # or give --force')
    lines.append(f"timezone = {quoted(zone)}")
    lines += [f"{key} = {quoted(value)}" for key, value in work.sample.settings.items()]
    if nulls := work.columns.nulls():
        lines.append(f"null = {quoted(nulls)}")
    lines += [*work.id, *work.personal]
    if work.constants:
        lines += ["", "[constants]", *work.constants]
    lines += work.fields
    unused = [clean(c.name) for c in work.columns.all if c.name not in work.columns.used]
    if unused:
        lines += ["", f"# Not used: {', '.join(unused)}"]
    return "\n".join(lines) + "\n"


def _american(work: Work) -> bool:
    """Whether times are written as in America: months first, or twelve hours."""
    times = [
        c.times for c in work.columns.all if c.times is not None and c.name in work.columns.used
    ]
    twelve = any("%I" in form for one in times for form in one.formats)
    return twelve or any(one.order == "month" for one in times)
