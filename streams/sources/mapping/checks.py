"""Checks of a mapping beyond its types: fields, times, patterns, conditions and groups of rows."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from streams.errors import ConfigError
from streams.registry.registry import REGISTRY
from streams.sources.mapping.cells import check_pattern
from streams.sources.mapping.kind_fields import (
    allowed_fields,
    flag_fields,
    forms,
    item_fields,
    listed_fields,
    number_fields,
    person_fields,
)
from streams.sources.mapping.model import (
    FieldRule,
    Mapping,
    RowCondition,
    Texts,
    anchors,
    as_list,
    conditions_of,
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
    if mapping.kind not in REGISTRY.structs:
        known = ", ".join(REGISTRY.structs)
        yield f'there are no events of kind "{mapping.kind}"', "kind", f"Write one of {known}"
        return
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
    yield from _check_items(mapping)
    yield from _check_persons(mapping)
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
            if name not in allowed:
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


def _check_items(mapping: Mapping) -> Iterator[Problem]:
    """Fields that are a list of objects, of which a row gives one."""
    named = {*mapping.rules(), *mapping.constants}
    for field, needs in item_fields(mapping.kind).items():
        parts = sorted(name for name in named if name.startswith(f"{field}."))
        counts = [name for name in parts if forms(mapping.kind)[name].item_needs is None]
        items = [name for name in parts if name not in counts]
        for name in items:
            if name in mapping.constants:
                problem = f"{name} is of one row's {field}, and no constant"
                yield problem, f"constants.{name}", f"Write [fields.{name}] with a column"
        if items and counts:
            yield (
                f"{counts[0]} counts {field}, and {items[0]} is of one of them",
                f"fields.{items[0]}",
                "Keep either the counts or the rows",
            )
        elif items and f"{field}.{needs}" not in items:
            problem = f"{items[0]} needs {field}.{needs} beside it"
            yield problem, f"fields.{items[0]}", f"Write [fields.{field}.{needs}] with a column"


_OF_PERSONS = frozenset({"column", "join", "null", "when", "match", "split"})
"""The keys that a rule of a person's field may have."""


def _check_persons(mapping: Mapping) -> Iterator[Problem]:
    """Columns that say who people are, which nothing but the fields of persons may take."""
    for name in mapping.constants.keys() & person_fields(mapping.kind):
        problem = f"{name} says who somebody is, and no constant"
        yield problem, f"constants.{name}", f"Write [fields.{name}] with a column"
    owners: dict[str, tuple[str, FieldRule]] = {}
    for name, rule in mapping.persons.items():
        for key in FieldRule.__struct_fields__:
            if key not in _OF_PERSONS and getattr(rule, key) != getattr(FieldRule(), key):
                problem = f"`{key}` can't be used for {name}, which becomes a pseudonym"
                yield problem, f"fields.{name}.{key}", "Use column, join, null, when, match, split"
        for column in as_list(rule.column):
            other, held = owners.setdefault(column, (name, rule))
            if msgspec.structs.replace(held, when=None) != msgspec.structs.replace(rule, when=None):
                problem = f'{name} and {other} read "{column}" in two ways'
                yield problem, f"fields.{name}", "Give both the same columns, split, match and null"
    private = {*owners, *mapping.personal}
    for place, columns in _other_columns(mapping):
        for column in columns:
            if column in private:
                problem = f'"{column}" says who people are, and would be seen here'
                yield problem, place, "Use another column, or take it out"


def _other_columns(mapping: Mapping) -> Iterator[tuple[str, list[str]]]:
    """The columns of a mapping that become no pseudonyms, with where they are named."""
    yield "id", as_list(mapping.id)
    yield "version", as_list(mapping.version)
    for name in ("include", "exclude"):
        for n, condition in enumerate(getattr(mapping, name)):
            yield f"{name}[{n}]", [condition.column]
    if mapping.states is not None:
        yield "states", [mapping.states.column]
    for name, rule in mapping.rules().items():
        if name not in mapping.persons:
            yield (
                f"fields.{name}",
                [
                    *as_list(rule.column),
                    *as_list(rule.date),
                    *as_list(rule.plus),
                    *as_list(rule.minus),
                ],
            )
        yield f"fields.{name}.when", [condition.column for condition in conditions_of(rule)]


def _check_rule(mapping: Mapping, place: str, name: str, rule: FieldRule) -> Iterator[Problem]:
    time = is_time(mapping, name)
    for key in ("format", "date_format"):
        yield from _check_formats(getattr(rule, key), f"{place}.{key}")
    for anchor in anchors(rule):
        if anchor not in mapping.rules() or not is_time(mapping, anchor):
            problem = f'"{anchor}" is no time of this mapping'
            known = ", ".join(n for n in mapping.rules() if is_time(mapping, n) and n != name)
            yield problem, f"{place}.after" if rule.after else f"{place}.from", f"Use: {known}"
    yield from _check_source(mapping, place, name, rule)
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
    if rule.under is not None and name not in flag_fields(mapping.kind):
        yield f"`under` says yes or no, and {name} is neither", f"{place}.under", CURE
    if rule.under is not None and words:
        yield f"`under` and `{words[0]}` don't go together", f"{place}.under", CURE
    yield from _check_marks(place, *mapping.marks(rule))
    if rule.on_error == "leave_out" and name in {RECORD_TIMES[mapping.kind].begins, "at", "force"}:
        problem = f"{name} can't be left out: a {mapping.kind} counts by it"
        yield problem, f"{place}.on_error", "Take on_error out; such a row is refused"


def _check_source(mapping: Mapping, place: str, name: str, rule: FieldRule) -> Iterator[Problem]:
    """What a rule makes its field of: a column, flags, or another time and a duration."""
    durations = [k for k in ("plus", "minus") if getattr(rule, k) is not None]
    if (rule.from_ is None) != (not durations):
        yield (
            "`from` and `plus` (or `minus`) go together",
            place,
            'from = "offered_at", plus = "wait"',
        )
    if rule.flags is not None and name not in listed_fields(mapping.kind):
        yield f"`flags` make a list, and {name} is none", f"{place}.flags", CURE
    if (rule.column is not None) + len(durations) != 1 and not (rule.flags and not durations):
        yield "a rule needs either `column` or `from` with `plus` or `minus`", place, CURE


def _check_words(place: str, rule: FieldRule) -> Iterator[Problem]:
    """The pattern of a rule, its columns, and the conditions under which it holds."""
    if rule.join is not None and (rule.column is None or isinstance(rule.column, str)):
        cure = 'column = ["Year", "Month"], join = " ", format = "%Y %B"'
        yield "`join` needs several columns", f"{place}.join", cure
    wrong = None if rule.match is None else check_pattern(rule.match)
    if wrong:
        yield wrong, f"{place}.match", PATTERN_CURE
    for condition in conditions_of(rule):
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
    items = item_fields(mapping.kind)
    lists = listed_fields(mapping.kind) | items.keys()
    for name, rule in mapping.merge.items():
        mapped = name in rules or any(f"{name}.{part}" in rules for part in [items.get(name)])
        if not mapped or name in mapping.working:
            problem = f'"{name}" is no field of this mapping'
            known = ", ".join(n for n in rules if n not in mapping.working)
            yield problem, f"merge.{name}", f"Use one of: {known}"
        elif rule in {"any", "all"} and name not in flags:
            yield (
                f'"{rule}" is for fields that are true or false, and {name} is none',
                f"merge.{name}",
                'Use "first" or "last"',
            )
        elif rule == "each" and name not in lists:
            problem = f'"each" is for lists, and {name} is none'
            yield problem, f"merge.{name}", 'Use "first" or "last"'
        elif name in items and rule != "each":
            problem = f'every row has one of the {name}, so that "{rule}" would lose the others'
            yield problem, f"merge.{name}", 'Use "each"'
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
