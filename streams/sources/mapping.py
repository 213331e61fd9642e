"""A mapping file: which column of any CSV or TSV export becomes which field of which event.

It is TOML, and needs no code; `docs/sources.md` explains it and `examples/` has two. This module
holds its shape and checks it; `streams.sources.mapped` carries it out.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct, field

from streams.errors import ConfigError
from streams.sources.kind_fields import PEOPLE, allowed_fields
from streams.sources.lives import LIVES
from streams.sources.mapping_checks import check_conditions, check_groups, check_marks, check_words
from streams.sources.times import check_format
from streams.toml_files import CURE as FORCE_CURE
from streams.toml_files import locate, parse_toml, read_text

Text = Annotated[str, Meta(min_length=1)]
Texts = Text | Annotated[list[Text], Meta(min_length=1)]
Scalar = str | bool | int | float
Decimal = Literal[".", ","]
Thousands = Literal[",", ".", " ", "'", ""]
Merge = Literal["first", "last", "any", "all", "sum"]

TIME_FIELDS = frozenset(
    [
        "updated_at",
        "offered_at",
        "connected_at",
        "answered_at",
        "abandoned_at",
        "ended_at",
        "graded_at",
        "dispatched_at",
        "arrived_at",
        "closed_at",
        "at",
    ]
)
PARTIAL_FIELDS = frozenset(
    ["opened_at", "recorded_at", "committed_from", "committed_to", "outcome_at"]
)
"""Times that may also be known only to the day or the month."""

CURE = "Compare with docs/sources.md and with the mappings in examples/"


def as_list(texts: Texts | None) -> list[str]:
    """One or several names as a list."""
    return [] if texts is None else [texts] if isinstance(texts, str) else texts


class Condition(Struct, kw_only=True, forbid_unknown_fields=True):
    """Holds for a row whose `column` is one of `is`, none of `is_not`, and as a whole matches the
    pattern `match`; "" stands for blank."""

    column: Text
    is_: list[str] | None = field(name="is", default=None)
    is_not: list[str] | None = None
    match: Text | None = None


class Rule(Struct, kw_only=True, forbid_unknown_fields=True):
    """How one field is made. A time may hang on another (`after`, `from`), named by its field."""

    column: Texts | None = None
    join: str | None = None
    null: list[str] = []
    when: Condition | list[Condition] | None = None
    match: Text | None = None
    on_error: Literal["refuse", "leave_out"] = "refuse"
    # words
    values: dict[str, Scalar] | None = None
    default: Scalar | None = None
    split: Text | None = None
    # numbers and durations
    decimal: Decimal | None = None
    thousands: Thousands | None = None
    # times
    format: Texts | None = None
    date: Texts | None = None
    date_format: Texts | None = None
    after: Texts | None = None
    tolerance: Annotated[float, Meta(ge=0, lt=43_200)] = 0
    floor: bool = False
    roll: Literal["day"] | None = None
    # durations
    from_: Texts | None = field(name="from", default=None)
    plus: Texts | None = None
    minus: Texts | None = None
    unit: Literal["seconds", "minutes", "milliseconds", "clock"] = "seconds"


class States(Struct, kw_only=True, forbid_unknown_fields=True):
    """Rows that are one state of a record each: `column` has the state, `time` when it began.

    `fields` says which time of the record each state is. Rows of the states in `ignore`, or with
    `default = "ignore"` of all others, are passed over.
    """

    column: Text
    time: Texts
    fields: Annotated[dict[str, Text], Meta(min_length=1)]
    ignore: list[str] = []
    default: Literal["ignore"] | None = None
    null: list[str] = []
    format: Texts | None = None
    date: Texts | None = None
    date_format: Texts | None = None

    def rules(self) -> dict[str, Rule]:
        """The same as rules of single fields."""
        states: dict[str, list[str]] = {}
        for state, name in self.fields.items():
            states.setdefault(name, []).append(state)
        return {
            name: Rule(
                column=self.time,
                null=self.null,
                when=Condition(column=self.column, is_=among),
                format=self.format,
                date=self.date,
                date_format=self.date_format,
            )
            for name, among in states.items()
        }


class Unfold(Struct, kw_only=True, forbid_unknown_fields=True):
    """Whether each row of a finite export becomes the versions that a live feed would have sent."""

    enabled: bool = True


class Mapping(Struct, kw_only=True, forbid_unknown_fields=True):
    """The TOML file as written. `file` is set after it is read, and is no key of it."""

    kind: Literal["call", "incident", "crime", "reading", "heartbeat"]
    timezone: str
    force: Text | None = None
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    quote: Annotated[str, Meta(max_length=1)] = '"'
    encoding: str = "utf-8"
    skip: Annotated[int, Meta(ge=0)] = 0
    footer: list[Text] = []
    sheet: Text | None = None
    rows: Text | None = None
    columns: list[Text] | None = None
    null: list[str] = []
    id: Texts | None = None
    id_separator: str = "/"
    alike: Literal["one", "each"] = "one"
    version: Text | None = None
    decimal: Decimal = "."
    thousands: Thousands | None = None
    merge: dict[str, Merge] = {}
    states: States | None = None
    unfold: Unfold | bool = True
    time_format: Texts = field(default_factory=lambda: ["iso", "%H:%M:%S", "%H:%M"])
    date_format: Texts = "iso"
    constants: dict[str, Scalar | list[str]] = {}
    fields: dict[str, Rule] = {}
    working: dict[str, Rule] = {}
    include: list[Condition] = []
    exclude: list[Condition] = []

    def rules(self) -> dict[str, Rule]:
        """All rules by field name, the working times and those of states included."""
        states = {} if self.states is None else self.states.rules()
        return {**self.working, **states, **self.fields}

    @property
    def groups(self) -> bool:
        """Whether rows of one id become one event."""
        return bool(self.merge) or self.states is not None

    @property
    def unfolds(self) -> bool:
        """Whether a row is a finished record, which becomes the versions of a live feed."""
        enabled = self.unfold if isinstance(self.unfold, bool) else self.unfold.enabled
        return enabled and self.version is None

    def marks(self, rule: Rule) -> tuple[str, str]:
        """The marks before decimals and between thousands in the numbers of a rule."""
        decimal = rule.decimal or self.decimal
        given = self.thousands if rule.thousands is None else rule.thousands
        return decimal, ("." if decimal == "," else ",") if given is None else given

    def order(self) -> list[str]:
        """The rule names, each after those it hangs on; raises `ConfigError` for a circle."""
        done: list[str] = []
        rules = self.rules()

        def visit(name: str, path: tuple[str, ...]) -> None:
            if name in path:
                circle = " -> ".join((*path[path.index(name) :], name))
                raise ConfigError(f"the times hang on each other in a circle: {circle}")
            if name not in done and name in rules:
                for anchor in anchors(rules[name]):
                    visit(anchor, (*path, name))
                done.append(name)

        # In the order of life where nothing else is said: a time is judged beside those before it.
        for name in ("updated_at", LIVES[self.kind].begins, *LIVES[self.kind].order, *rules):
            visit(name, ())
        return done


def anchors(rule: Rule) -> list[str]:
    """The fields that a rule hangs on."""
    return [*as_list(rule.after), *as_list(rule.from_)]


def is_time(mapping: Mapping, name: str) -> bool:
    """Whether a rule makes a time (every working rule does)."""
    return name in TIME_FIELDS or name in PARTIAL_FIELDS or name in mapping.working


def load_mapping(path: Path) -> Mapping:
    """A mapping from a file; raises `ConfigError` with file, line, field and cure."""
    return parse_mapping(read_text(path), path)


def parse_mapping(text: str, file: Path | str = "mapping") -> Mapping:
    """A mapping from TOML text; raises the first `ConfigError`."""
    try:
        mapping = parse_toml(text, Mapping, file)
    except ConfigError as error:
        cure = (error.cure or FORCE_CURE).replace(FORCE_CURE, CURE)
        raise ConfigError(
            error.problem,
            file=file,
            line=error.line or _line_of(text, error.field or ""),
            field=error.field,
            cure=cure,
        ) from None
    for problem, place, cure in _check(mapping):
        line = locate(text, place) if "[" in place else _line_of(text, place)
        raise ConfigError(problem, file=file, line=line, field=place, cure=cure)
    return mapping


def _line_of(text: str, place: str) -> int | None:
    """The line of `fields.opened_at.after`, or of the nearest table or key above it."""
    table, found = "", None
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip().replace('"', "")
        if words.startswith("["):
            at = table = words.partition("]")[0].strip("[ ")
        else:
            key = words.partition("=")[0].strip()
            at = f"{table}.{key}" if table else key
        if at == place:
            return number
        if f"{place}.".startswith(f"{at}.") or (found is None and at.startswith(f"{place}.")):
            found = number
    return found


Problem = tuple[str, str, str]


def _check(mapping: Mapping) -> Iterator[Problem]:
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
    yield from check_conditions(mapping)
    yield from check_groups(mapping)
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
    yield from check_words(place, rule)
    yield from check_marks(place, *mapping.marks(rule))
    if rule.on_error == "leave_out" and name in {LIVES[mapping.kind].begins, "at", "force"}:
        problem = f"{name} can't be left out: a {mapping.kind} counts by it"
        yield problem, f"{place}.on_error", "Take on_error out; such a row is refused"
