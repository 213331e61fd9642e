"""Checks of a mapping beyond its types: patterns, conditions, number marks and groups of rows.

Each gives (problem, field, cure); `streams.sources.mapping` adds file and line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from streams.sources.kind_fields import allowed_fields, flag_fields, number_fields
from streams.sources.lives import COMMITTED, LIVES
from streams.sources.patterns import check_pattern

if TYPE_CHECKING:
    from streams.sources.mapping import Condition, Mapping, Rule

Problem = tuple[str, str, str]

PATTERN_CURE = (
    "Mend the pattern; in TOML write it in single quotes, so that a backslash stays one: "
    r"match = '(\d+) units'"
)


def check_words(place: str, rule: Rule) -> Iterator[Problem]:
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


def check_conditions(mapping: Mapping) -> Iterator[Problem]:
    """The filters."""
    for table, conditions in (("include", mapping.include), ("exclude", mapping.exclude)):
        for number, condition in enumerate(conditions):
            yield from _check_condition(f"{table}[{number}]", condition)


def _check_condition(place: str, condition: Condition) -> Iterator[Problem]:
    if condition.is_ is None and condition.is_not is None and condition.match is None:
        problem = f'the condition on "{condition.column}" says nothing of it'
        yield problem, place, 'Give it `is`, `is_not` or `match`: is = ["ANSWERED"]'
    wrong = None if condition.match is None else check_pattern(condition.match)
    if wrong:
        # A condition of a field stands on one line, as an inline table.
        yield wrong, f"{place}.match" if "[" in place else place, PATTERN_CURE


def check_marks(place: str, decimal: str, thousands: str) -> Iterator[Problem]:
    """That thousands and decimals are told apart."""
    if decimal == thousands:
        problem = f'"{decimal}" can\'t stand both before decimals and between thousands'
        yield problem, f"{place}.thousands", 'Write thousands = "." with decimal = ","'


def check_groups(mapping: Mapping) -> Iterator[Problem]:
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
    order = LIVES[mapping.kind].order
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
