"""Checks of a mapping beyond its types: fields, times, patterns, conditions and groups of rows."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streams.errors import ConfigError
from streams.sources.mapping.cells import check_pattern
from streams.sources.mapping.kind_fields import PEOPLE, allowed_fields, flag_fields, number_fields
from streams.sources.mapping.model import (
    Mapping,
    RowCondition,
    Rule,
    Texts,
    anchors,
    as_list,
    is_time,
)
from streams.sources.mapping.times import check_format
from streams.sources.record_times import COMMITTED, RECORD_TIMES

Problem = tuple[str, str, str]

PATTERN_CURE = (
    "Mend the pattern; in TOML write it in single quotes, so that a backslash stays one: "
    r"match = '(\d+) units'"
)
CURE = "Compare with docs/sources.md and with the mappings in examples/"


def check(mapping: Mapping) -> Iterator[Problem]:
    """Everything that the types can't say: (problem, field, cure)."""
    try:
        ZoneInfo(mapping.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f'unknown time zone "{mapping.timezone}"', "timezone", 'Use "Europe/London" or "UTC"'
    try:
        codecs.lookup(mapping.encoding)
    except LookupError:
        yield f'unknown encoding "{mapping.encoding}"', "encoding", 'Use "utf-8" or "cp1252"'
    if (mapping.kind == "heartbeat") != (mapping.id is None):
        yield (
            "a heartbeat has no id" if mapping.id else "no column makes the id",
            "id",
            'Name the columns that together are unique: id = ["Incident no", "Date"]',
        )
    if mapping.quote == mapping.delimiter:
        yield "cells are quoted with what divides them", "quote", 'Write quote = "" for none'
    for key in ("time_format", "date_format"):
        yield from _check_formats(getattr(mapping, key), key)
    if mapping.states is not None:
        for key in ("format", "date_format"):
            yield from _check_formats(getattr(mapping.states, key), f"states.{key}")
    yield from _check_names(mapping)
    yield from _check_conditions(mapping)
    yield from _check_groups(mapping)
    for table, rules in (("fields", mapping.fields), ("working", mapping.working)):
        for name, rule in rules.items():
            yield from _check_rule(mapping, f"{table}.{name}", name, rule)
    try:
        mapping.order()
    except ConfigError as error:
        yield error.problem, "fields", "Let one of them have a date of its own"


def _check_formats(formats: Texts | None, place: str) -> Iterator[Problem]:
    for text in as_list(formats):
        wrong = check_format(text)
        if wrong:
            yield wrong, place, 'For 31/12/2021 23:59:00 write "%d/%m/%Y %H:%M:%S"'


def _check_names(mapping: Mapping) -> Iterator[Problem]:
    allowed = allowed_fields(mapping.kind)
    for table, names in (("fields", mapping.fields), ("constants", mapping.constants)):
        for name in names:
            if name in PEOPLE:
                problem = f"{name} can't be mapped: an export must not carry who people are"
                yield problem, f"{table}.{name}", "Leave it out"
            elif name not in allowed:
                problem = f'{mapping.kind} has no field "{name}"'
                yield problem, f"{table}.{name}", f"Use one of: {', '.join(sorted(allowed))}"
    for name in mapping.constants:
        if name in mapping.fields:
            problem = f"{name} is both a constant and a field"
            yield problem, f"constants.{name}", "Keep one of them"
        elif is_time(mapping, name):
            yield f"{name} is a time", f"constants.{name}", f"Write [fields.{name}] with a column"
    for name in mapping.working:
        if name in allowed:
            problem = f"{name} is a field of {mapping.kind}"
            yield problem, f"working.{name}", "Give the working time a name of its own"


def _check_rule(mapping: Mapping, place: str, name: str, rule: Rule) -> Iterator[Problem]:
    time = is_time(mapping, name)
    for key in ("format", "date_format"):
        yield from _check_formats(getattr(rule, key), f"{place}.{key}")
    for anchor in anchors(rule):
        if anchor not in mapping.rules() or not is_time(mapping, anchor):
            problem = f'"{anchor}" is no time of this mapping'
            known = ", ".join(n for n in mapping.rules() if is_time(mapping, n) and n != name)
            yield problem, f"{place}.after" if rule.after else f"{place}.from", f"Use: {known}"
    durations = [k for k in ("plus", "minus") if getattr(rule, k) is not None]
    if (rule.from_ is None) != (not durations):
        yield (
            "`from` and `plus` (or `minus`) go together",
            place,
            'from = "offered_at", plus = "wait"',
        )
    if (rule.column is not None) + len(durations) != 1:
        yield "a rule needs either `column` or `from` with `plus` or `minus`", place, CURE
    words = [k for k in ("values", "default", "split") if getattr(rule, k) is not None]
    times = [k for k in ("format", "date", "after", "plus", "minus", "roll") if getattr(rule, k)]
    if mapping.kind == "reading" and name == "period":
        times = [k for k in times if k not in {"format", "date"}]
    if time and words:
        yield f"`{words[0]}` is for words, and {name} is a time", f"{place}.{words[0]}", CURE
    if not time and times:
        yield f"`{times[0]}` is for times, and {name} is none", f"{place}.{times[0]}", CURE
    for key in ("tolerance", "floor", "roll"):
        if getattr(rule, key) and rule.after is None:
            yield f"`{key}` needs `after`", f"{place}.{key}", 'after = "opened_at"'
    yield from _check_words(place, rule)
    yield from _check_marks(place, *mapping.marks(rule))
    if rule.on_error == "leave_out" and name in {RECORD_TIMES[mapping.kind].begins, "at", "force"}:
        problem = f"{name} can't be left out: a {mapping.kind} counts by it"
        yield problem, f"{place}.on_error", "Take on_error out; such a row is refused"


def _check_words(place: str, rule: Rule) -> Iterator[Problem]:
    """The pattern of a rule, its columns, and the conditions under which it holds."""
    if rule.join is not None and (rule.column is None or isinstance(rule.column, str)):
        cure = 'column = ["Year", "Month"], join = " ", format = "%Y %B"'
        yield "`join` needs several columns", f"{place}.join", cure
    wrong = None if rule.match is None else check_pattern(rule.match)
    if wrong:
        yield wrong, f"{place}.match", PATTERN_CURE
    when = rule.when if isinstance(rule.when, list) else [rule.when] if rule.when else []
    for condition in when:
        yield from _check_condition(f"{place}.when", condition)


def _check_conditions(mapping: Mapping) -> Iterator[Problem]:
    """The filters."""
    for table, conditions in (("include", mapping.include), ("exclude", mapping.exclude)):
        for number, condition in enumerate(conditions):
            yield from _check_condition(f"{table}[{number}]", condition)


def _check_condition(place: str, condition: RowCondition) -> Iterator[Problem]:
    if condition.is_ is None and condition.is_not is None and condition.match is None:
        problem = f'the condition on "{condition.column}" says nothing of it'
        yield problem, place, 'Give it `is`, `is_not` or `match`: is = ["ANSWERED"]'
    wrong = None if condition.match is None else check_pattern(condition.match)
    if wrong:
        # A condition of a field stands on one line, as an inline table.
        yield wrong, f"{place}.match" if "[" in place else place, PATTERN_CURE


def _check_marks(place: str, decimal: str, thousands: str) -> Iterator[Problem]:
    """That thousands and decimals are told apart."""
    if decimal == thousands:
        problem = f'"{decimal}" can\'t stand both before decimals and between thousands'
        yield problem, f"{place}.thousands", 'Write thousands = "." with decimal = ","'


def _check_groups(mapping: Mapping) -> Iterator[Problem]:
    """`merge` and `states`: rows that become one event."""
    rules, flags = mapping.rules(), flag_fields(mapping.kind)
    if mapping.alike == "each" and (mapping.groups or mapping.version or mapping.id is None):
        problem = "rows of one id can't be records of their own and versions of one record"
        yield problem, "alike", "Take out `alike`, or `merge`, `states` and `version`"
    if mapping.kind == "heartbeat" and mapping.groups:
        place = "merge" if mapping.merge else "states"
        yield "a heartbeat has no id, so its rows are not of one record", place, "Take it out"
    for name, rule in mapping.merge.items():
        if name not in rules or name in mapping.working:
            problem = f'"{name}" is no field of this mapping'
            known = ", ".join(n for n in rules if n not in mapping.working)
            yield problem, f"merge.{name}", f"Use one of: {known}"
        elif rule in {"any", "all"} and name not in flags:
            yield (
                f'"{rule}" is for fields that are true or false, and {name} is none',
                f"merge.{name}",
                'Use "first" or "last"',
            )
        elif rule == "sum" and (name not in number_fields(mapping.kind) or name == "version"):
            yield (
                f'"sum" is for fields that are numbers, and {name} is none',
                f"merge.{name}",
                'Use "first" or "last"',
            )
    if mapping.states is not None:
        yield from _check_states(mapping)


def _check_states(mapping: Mapping) -> Iterator[Problem]:
    states = mapping.states
    if states is None:
        return
    order = RECORD_TIMES[mapping.kind].order
    times = [*order, *(COMMITTED & allowed_fields(mapping.kind)), "updated_at"]
    for state, name in states.fields.items():
        if name not in times:
            problem = f'"{name}", for the state {state}, is no time of {mapping.kind}'
            yield problem, "states.fields", f"Use one of: {', '.join(order) or 'none'}"
        elif name in mapping.fields:
            problem = f"{name} is made both by a state and by [fields.{name}]"
            yield problem, f"fields.{name}", "Keep one of them"
        elif state in states.ignore:
            problem = f"the state {state} is both ignored and {name}"
            yield problem, "states.ignore", "Keep one of them"
