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
from msgspec.structs import fields as struct_fields

from streams.errors import ConfigError
from streams.events import CALL_COUNTS, KINDS
from streams.sources.times import check_format
from streams.toml_files import CURE as FORCE_CURE
from streams.toml_files import parse_toml, read_text

Text = Annotated[str, Meta(min_length=1)]
Texts = Text | Annotated[list[Text], Meta(min_length=1)]
Scalar = str | bool | int | float

PEOPLE = frozenset({"persons", "victims", "suspects", "defendants"})
"""Fields that name people. A mapping can't fill them: they need pseudonyms, which a source system
makes before its export."""

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
    """Holds for a row whose `column` is one of `is`, and none of `is_not`; "" stands for blank."""

    column: Text
    is_: list[str] | None = field(name="is", default=None)
    is_not: list[str] | None = None


class Rule(Struct, kw_only=True, forbid_unknown_fields=True):
    """How one field is made. A time may hang on another (`after`, `from`), named by its field."""

    column: Texts | None = None
    null: list[str] = []
    when: Condition | list[Condition] | None = None
    # words
    values: dict[str, Scalar] | None = None
    default: Scalar | None = None
    split: Text | None = None
    # times
    format: Texts | None = None
    date: Texts | None = None
    date_format: Texts | None = None
    after: Texts | None = None
    tolerance: Annotated[float, Meta(ge=0, lt=43_200)] = 0
    floor: bool = False
    # durations
    from_: Texts | None = field(name="from", default=None)
    plus: Texts | None = None
    unit: Literal["seconds", "minutes", "milliseconds", "clock"] = "seconds"


class Mapping(Struct, kw_only=True, forbid_unknown_fields=True):
    """The TOML file as written. `file` is set after it is read, and is no key of it."""

    kind: Literal["call", "incident", "crime", "reading", "heartbeat"]
    timezone: str
    force: Text | None = None
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    columns: list[Text] | None = None
    null: list[str] = []
    id: Texts | None = None
    id_separator: str = "/"
    version: Text | None = None
    time_format: Texts = field(default_factory=lambda: ["iso", "%H:%M:%S", "%H:%M"])
    date_format: Texts = "iso"
    constants: dict[str, Scalar | list[str]] = {}
    fields: dict[str, Rule] = {}
    working: dict[str, Rule] = {}
    include: list[Condition] = []
    exclude: list[Condition] = []

    def rules(self) -> dict[str, Rule]:
        """All rules by field name, the working times included."""
        return {**self.working, **self.fields}

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

        for name in rules:
            visit(name, ())
        return done


def anchors(rule: Rule) -> list[str]:
    """The fields that a rule hangs on."""
    return [*as_list(rule.after), *as_list(rule.from_)]


def is_time(mapping: Mapping, name: str) -> bool:
    """Whether a rule makes a time (every working rule does)."""
    return name in TIME_FIELDS or name in PARTIAL_FIELDS or name in mapping.working


def allowed_fields(kind: str) -> frozenset[str]:
    """The fields of a kind that a rule or a constant can fill."""
    names = {f.encode_name for f in struct_fields(KINDS[kind])} - PEOPLE - {"id", "version"}
    if "casualties" in names:
        names = names - {"casualties"} | {f"casualties.{s}" for s in ("fatal", "serious", "slight")}
    if "counts" in names:
        names = names - {"counts"} | {f"counts.{name}" for name in CALL_COUNTS}
    return frozenset(names)


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
        raise ConfigError(problem, file=file, line=_line_of(text, place), field=place, cure=cure)
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
    for key in ("time_format", "date_format"):
        yield from _check_formats(getattr(mapping, key), key)
    yield from _check_names(mapping)
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
    if (rule.from_ is None) != (rule.plus is None):
        yield "`from` and `plus` go together", place, 'from = "offered_at", plus = "wait"'
    if (rule.column is None) == (rule.plus is None):
        yield "a rule needs either `column` or `from` and `plus`", place, CURE
    words = [k for k in ("values", "default", "split") if getattr(rule, k) is not None]
    times = [k for k in ("format", "date", "after", "plus") if getattr(rule, k) is not None]
    if time and words:
        yield f"`{words[0]}` is for words, and {name} is a time", f"{place}.{words[0]}", CURE
    if not time and times:
        yield f"`{times[0]}` is for times, and {name} is none", f"{place}.{times[0]}", CURE
    if (rule.tolerance or rule.floor) and rule.after is None:
        yield "`tolerance` and `floor` need `after`", place, 'after = "opened_at"'
