"""What a mapping file holds: which column of any table becomes which field of which event.

It is TOML, and needs no code; `docs/sources.md` explains it and `examples/` has some.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from streams.errors import ConfigError
from streams.sources.mapping.kind_fields import PARTIAL_FIELDS, TIME_FIELDS, person_fields
from streams.sources.record_times import RECORD_TIMES

Text = Annotated[str, Meta(min_length=1)]
Texts = Text | Annotated[list[Text], Meta(min_length=1)]
Scalar = str | bool | int | float
Decimal = Literal[".", ","]
Thousands = Literal[",", ".", " ", "'", ""]
Merge = Literal["first", "last", "any", "all", "sum", "each"]


def as_list(texts: Texts | None) -> list[str]:
    """One or several names as a list."""
    return [] if texts is None else [texts] if isinstance(texts, str) else texts


class RowCondition(Struct, kw_only=True, forbid_unknown_fields=True):
    """Holds for a row whose `column` is one of `is`, none of `is_not`, and as a whole matches the
    pattern `match`; "" stands for blank."""

    column: Text
    is_: list[str] | None = field(name="is", default=None)
    is_not: list[str] | None = None
    match: Text | None = None


class FieldRule(Struct, kw_only=True, forbid_unknown_fields=True):
    """How one field is made. `flags` says which value of a list a column stands for that says yes
    or no; with `under` the field is true where the number is below. A time may hang on another
    (`after`, `from`), named by its field."""

    column: Texts | None = None
    join: str | None = None
    null: list[str] = []
    when: RowCondition | list[RowCondition] | None = None
    match: Text | None = None
    on_error: Literal["refuse", "leave_out"] = "refuse"
    # words
    values: dict[str, Scalar] | None = None
    default: Scalar | None = None
    split: Text | None = None
    flags: dict[str, Text] | None = None
    # numbers and durations
    decimal: Decimal | None = None
    thousands: Thousands | None = None
    under: float | None = None
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

    def rules(self) -> dict[str, FieldRule]:
        """The same as rules of single fields."""
        states: dict[str, list[str]] = {}
        for state, name in self.fields.items():
            states.setdefault(name, []).append(state)
        return {
            name: FieldRule(
                column=self.time,
                null=self.null,
                when=RowCondition(column=self.column, is_=among),
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

    kind: Text
    """A kind of event of the registry, a reading or a heartbeat."""
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
    fields: dict[str, FieldRule] = {}
    working: dict[str, FieldRule] = {}
    include: list[RowCondition] = []
    exclude: list[RowCondition] = []
    personal: list[Text] = []
    """Columns that say who people are and that no field takes."""

    def rules(self) -> dict[str, FieldRule]:
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

    @property
    def persons(self) -> dict[str, FieldRule]:
        """The rules of the fields that say who somebody is: their cells become pseudonyms."""
        return {n: rule for n, rule in self.fields.items() if n in person_fields(self.kind)}

    @property
    def private(self) -> bool:
        """Whether the table says who people are, so that of a refused row only the columns are kept
        that the mapping names."""
        return bool(self.personal or self.persons)

    def marks(self, rule: FieldRule) -> tuple[str, str]:
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
        for name in (
            "updated_at",
            RECORD_TIMES[self.kind].begins,
            *RECORD_TIMES[self.kind].order,
            *rules,
        ):
            visit(name, ())
        return done


def anchors(rule: FieldRule) -> list[str]:
    """The fields that a rule hangs on."""
    return [*as_list(rule.after), *as_list(rule.from_)]


def conditions_of(rule: FieldRule) -> list[RowCondition]:
    """The conditions under which a rule holds."""
    return rule.when if isinstance(rule.when, list) else [rule.when] if rule.when else []


def is_time(mapping: Mapping, name: str) -> bool:
    """Whether a rule makes a time (every working rule does)."""
    return name in TIME_FIELDS or name in PARTIAL_FIELDS or name in mapping.working
