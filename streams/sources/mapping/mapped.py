"""Carries out a mapping: one row of a table becomes one event line, the final version of a record.

Rows are turned by closures that are built once for each file, from its header. Every event passes
through the msgspec Structs of `streams.events.schema`, so that a row of the wrong form is refused
here, with its line, rather than later. Rows that become one event together:
`streams.sources.mapping.grouping`.
"""

from __future__ import annotations

import codecs
import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from streams.errors import ConfigError, Refused
from streams.events.lenient import FIELDS, LenientEvent, mend
from streams.registry.registry import REGISTRY
from streams.sources.clock import wall_clock
from streams.sources.mapping.cells import Pattern, plain_number
from streams.sources.mapping.kind_fields import item_fields, listed_fields, number_fields, parts_of
from streams.sources.mapping.model import (
    FieldRule,
    Mapping,
    RowCondition,
    Scalar,
    Texts,
    as_list,
    conditions_of,
    is_time,
)
from streams.sources.mapping.placing import Cells, Make, Placed, Read, TimeMakers
from streams.sources.mapping.plausible import Now, Plausible
from streams.sources.mapping.pseudonyms import veiled_rule
from streams.sources.mapping.reading_periods import bounds
from streams.sources.mapping.repeated import Repeated, SamePeriod
from streams.sources.notices import Notices
from streams.sources.record_times import RECORD_TIMES
from streams.sources.tables.rows import NoColumn, named

Holds = Callable[[Cells], bool]


Fields = dict[str, object]
_FIGURES = ("value", "numerator", "denominator", "counts.")
"""What a reading may say, or how it begins."""

NO = frozenset({"n", "no", "f", "false", "0", "-"})
"""What a column says, in small letters, that does not mean yes."""


class Mapper:
    """The rows of one file through a mapping; call it with the cells of a row.

    `header` are the file's column names, `force` the force of a mapping that names none, and
    `file` the name for messages. `now` is the time of the reading, in ms: no time of a row can be
    later. `notices` counts what the user should look at though it counts, and `line` says on which
    line the row stands. Raises `ConfigError` when the header lacks a column.
    """

    def __init__(
        self,
        mapping: Mapping,
        header: Sequence[str],
        force: str | None,
        file: Path | str,
        now: Callable[[], int] = wall_clock,
        notices: Notices | None = None,
    ) -> None:
        self.mapping, self.header, self.file = mapping, named(header), file
        self.notices = Notices() if notices is None else notices
        self.line: Callable[[], int] = lambda: 0
        self._now = Now(now)
        self.times_made = TimeMakers(mapping, self._reader, self._now, self._note_rolled)
        self.plausible = Plausible(mapping.kind, list(mapping.working), self._now)
        self.struct = REGISTRY.structs[mapping.kind]
        self._numbers = number_fields(mapping.kind)
        self._listed = listed_fields(mapping.kind)
        self._figures = [n for n in ("value", "numerator", "denominator") if n in self._numbers]
        self.fixed: dict[str, object] = {}
        force = mapping.force or force
        if force is not None:
            self.fixed["force"] = force
        elif "force" not in mapping.fields and "force" not in mapping.constants:
            raise ConfigError(
                "nothing says which force the rows belong to",
                file=file,
                field="force",
                cure='Write force = "..." in the mapping, or give --force; '
                "`watchroom force new` drafts the file of a force of your own",
            )
        self.fixed.update(mapping.constants)
        rules = mapping.rules()
        rules |= {name: veiled_rule(rule) for name, rule in mapping.persons.items()}
        self._items = {
            field: [name for name in rules if name in parts_of(mapping.kind, field)]
            for field in item_fields(mapping.kind)
        }
        """The fields of which a row gives one object, and the rules of its parts."""
        self._nested = any("." in name for name in (*mapping.constants, *rules))
        self._ids = [(self._column(name, "id"), name) for name in as_list(mapping.id)]
        for name, rule in mapping.persons.items():
            for column in as_list(rule.column):  # all of them, for what is joined
                self._column(column, name)
        # What a reading is of is a part of its id: a table with a column for each line takes a
        # mapping for each, and the same row is another figure in each.
        of = ("measure", "line", "area") if mapping.kind == "reading" else ()
        self._of = [str(mapping.constants[name]) for name in of if name in mapping.constants]
        self._nulls = frozenset({"", *mapping.null})
        self._alike: Counter[bytes] | None = Counter() if mapping.alike == "each" else None
        """How many rows came of each id, where they are records of their own."""
        self._version = self._reader(mapping.version, [], "version") if mapping.version else None
        self._may_be_unknown = FIELDS.get(mapping.kind, ())
        self._unlisted: set[str] = set()
        """Fields of the row at hand with a value that is none of those listed."""
        self._filters = [self._condition(c, "include") for c in mapping.include]
        self._filters += [_not(self._condition(c, "exclude")) for c in mapping.exclude]
        if mapping.states is not None:
            self._filters.append(self._known_state())
        order = mapping.order()
        # Times that may be left out, with what they follow and how much earlier they may be.
        self._lenient = {
            name: (as_list(rules[name].after), dt.timedelta(seconds=rules[name].tolerance))
            for name in order
            if is_time(mapping, name) and _lenient(rules[name])
        }
        self._makers = [(name, self._maker(name, rules[name])) for name in order]
        self._makers = [
            (name, _unsent(make) if name in mapping.working else make)
            for name, make in self._makers
        ]
        self._repeated: Repeated | None = None
        if not mapping.groups and mapping.version is None and RECORD_TIMES[mapping.kind].order:
            self._repeated = Repeated(str(file), self.notices)
        self._same: SamePeriod | None = None
        if mapping.kind == "reading":
            self._same = SamePeriod(str(file), self.notices)

    def stands_in(self, origin: str, line: Callable[[], int]) -> None:
        """Say for messages which table the rows are of (the sheet of a workbook), and what gives
        the line of the row at hand."""
        self.file, self.line = origin, line
        if self._repeated is not None:
            self._repeated.file = origin
        if self._same is not None:
            self._same.file = origin

    def __call__(self, cells: Cells) -> bytes | None:
        """One row as an event line; None when a filter excludes it; raises `Refused`."""
        self._unlisted.clear()
        mapped = self.row(cells)
        if mapped is None:
            return None
        line = self.finish(*mapped)
        if self._repeated is not None:
            self._repeated.see(mapped[0]["id"], line, self.line())
        return line

    def key(self, cells: Cells) -> tuple[str, str] | None:
        """Force and id of one row; None when a filter excludes it; raises `Refused`."""
        for holds in self._filters:
            if not holds(cells):
                return None
        force = self.fixed.get("force")
        if force is None:
            force = next(make for name, make in self._makers if name == "force")(cells, Placed())
        return str(force or ""), self._id(cells)

    def row(
        self,
        cells: Cells,
        settled: dict[str, dt.datetime] | None = None,
        *,
        shares: bool = True,
    ) -> tuple[Fields, Placed] | None:
        """One row as far as it can be judged alone: its fields by name, and its times; `settled`
        are readings in the hour that autumn repeats which other rows of the record have decided.
        What nothing decides is shared between the two hours, unless `shares` is False.

        None when a filter excludes it; raises `Refused`.
        """
        for holds in self._filters:
            if not holds(cells):
                return None
        event = dict(self.fixed)
        if self._ids:
            event["id"] = self._id(cells)
        if self._version is not None:
            event["version"] = self._version(cells)
        placed = Placed(settled)
        for name, make in self._makers:
            value = make(cells, placed)
            if value is not None:
                event[name] = value
        if placed.doubled is not None:
            placed = self._settled(event, cells, placed, shares=shares)
        return event, placed

    def _settled(self, event: Fields, cells: Cells, placed: Placed, *, shares: bool) -> Placed:
        """The row once more where a time in the hour that autumn repeats has the second of its two
        readings: what hangs on it is then placed anew."""
        self.times_made.settle(placed)
        chosen, undecided = dict(placed.decided), placed.undecided
        if shares and undecided:
            half = _digest(str(event.get("id") or "\x1f".join(cells)))[0] & 1
            chosen |= {name: readings[half] for name, readings in undecided.items()}
            self._note_shared(min(undecided.values())[0])
        settled = {name: at for name, at in chosen.items() if at != placed.at.get(name)}
        if not settled:
            return placed
        decided = placed.decided
        placed = Placed({**(placed.settled or {}), **settled})
        placed.decided, placed.undecided = decided, undecided
        with self.notices.heard():
            for name, make in self._makers:
                value = make(cells, placed)
                if value is not None:
                    event[name] = value
                else:
                    event.pop(name, None)
        return placed

    def _note_shared(self, at: dt.datetime) -> None:
        hour = at.astimezone(self.times_made.clock.zone).replace(minute=0)
        self.notices.add(
            f"{{count}} row{{s}} of {hour.day} {hour:%B %Y} between {hour:%H:%M} and "
            f"{hour.replace(tzinfo=None) + dt.timedelta(hours=1):%H:%M} with a time that came "
            "twice, since the clock was put back, and with nothing that decides which is meant: "
            "about half are counted in each of the two hours, by a hash of their id; days are "
            "right. The first at {example}",
            f"{self.file}:{self.line()}",
        )

    def finish(self, event: Fields, placed: Placed) -> bytes:
        """A whole record as an event line, judged; raises `Refused`."""
        for name in self._lenient:
            if name in placed.at:
                why = self._contradiction(name, placed)
                if why is not None:
                    self._leave_out(name, why)
                    event.pop(name, None)
        if self.mapping.kind == "reading":
            self._need_figure(event)
        latest = self.plausible.judge(placed)
        if self._ids and "updated_at" not in event:
            event["updated_at"] = latest or self._end_of_period(event)
        line = self._encode(self.itemised(event))
        if self._same is not None:
            self._same.see(event, self.line())
        return line

    def itemised(self, event: Fields) -> Fields:
        """The same fields, with those of one object of a list as that object: the unit of a row,
        say. An object without the part that it must have is left out."""
        for field, needs in item_fields(self.mapping.kind).items():
            before = f"{field}."
            parts = {name: event.pop(name) for name in self._items[field] if name in event}
            if before + needs in parts:
                event[field] = [{name.removeprefix(before): v for name, v in parts.items()}]
            elif parts:
                self.notices.add(
                    f"{field} was left out of {{count}} row{{s}} without {before}{needs}, the "
                    "first at {example}",
                    f"{self.file}:{self.line()}",
                )
        return event

    def _need_figure(self, event: Fields) -> None:
        """Refuses a reading whose cells are blank where its figure should stand."""
        if "deleted" in event:
            return
        counts = any(name.startswith("counts.") for name in event)
        if not counts and "value" not in event and not {"numerator", "denominator"} <= event.keys():
            mapped = [name for name in self.mapping.fields if name.startswith(_FIGURES)]
            raise Refused(
                "missing_field",
                f"the row has no figure: {', '.join(mapped)} blank; exclude such rows if they "
                "are no readings"
                if mapped
                else "the mapping gives no value and no counts",
            )

    def _end_of_period(self, event: Fields) -> dt.datetime:
        """When a reading without a time of its own was so: at the end of its period."""
        period = event.get("period")
        if self.mapping.kind != "reading" or period is None:
            raise Refused("no_time", "the row has no time, so nothing says when it was so")
        found = bounds(str(period), self.times_made.clock)
        if found is None:
            raise Refused(
                "wrong_form", f'period: "{period}" is none; write 2024, 2024-Q1, 2024-01, '
                "2024-01-31 or 2024-01-31T09, or give it a `format`"
            )  # fmt: skip
        begin, end = found
        if self._now.before(end):
            if self._now.before(begin):
                raise Refused("implausible_date", f"period {period} has not begun")
            end = self._now()
        return end

    def _encode(self, event: Fields) -> bytes:
        fields = _nest(event) if self._nested else event
        # Sent as it stands: whoever counts the record finds it unknown, and says so.
        unlisted = {name: fields.pop(name) for name in self._unlisted if name in fields}
        self._unlisted.clear()
        try:
            try:
                made: Any = msgspec.convert(fields, self.struct, strict=False)
            except msgspec.ValidationError as error:
                if self.mapping.kind not in FIELDS:
                    raise Refused("wrong_form", str(error)) from None
                kept = mend(self.mapping.kind, fields, strict=False)
                made, unlisted = kept.event, unlisted | kept.left_out
            # JSON has no NaN and would say null: a figure would go missing without a word.
            for name in self._figures:
                figure = getattr(made, name, None)
                if figure is not None and not math.isfinite(figure):
                    raise Refused("bad_number", f"{name} is {figure}")
            return LenientEvent(made, [], unlisted).encode(made)
        except UnicodeEncodeError:
            raise Refused(
                "bad_encoding", f"the bytes are not {self.mapping.encoding}; {_other(self.mapping)}"
            ) from None

    def _id(self, cells: Cells) -> str:
        parts = [cells[place].strip() for place, _ in self._ids]
        if not self._nulls.isdisjoint(parts):
            column = next(
                name
                for part, (_, name) in zip(parts, self._ids, strict=True)
                if part in self._nulls
            )
            raise Refused("no_id", f'the column "{column}" is blank, and the id needs it')
        whole = self.mapping.id_separator.join([*self._of, *parts])
        if self._alike is None:
            return whole
        number = self._alike[_digest(whole)] + 1
        name = whole if number == 1 else f"{whole}#{number}"
        while number > 1 and _digest(name) in self._alike:  # the file has such an id too
            number += 1
            name = f"{whole}#{number}"
        self._alike[_digest(name)] = 1
        self._alike[_digest(whole)] = number
        return name

    # --- fields that are rather left out ----------------------------------------------------------

    def _or_nothing(self, name: str, make: Make) -> Make:
        """A field that is left out where it is wrong or contradicts."""

        def make_or_leave(cells: Cells, placed: Placed) -> object:
            try:
                value = make(cells, placed)
            except Refused as refused:
                self._leave_out(name, refused.detail)
                return None
            if name in placed.at:
                why = self._contradiction(name, placed)
                if why is not None:
                    self._leave_out(name, why)
                    return None
            return value

        return make_or_leave

    def _contradiction(self, name: str, placed: Placed) -> str | None:
        why = self.plausible.contradiction(name, placed, *self._lenient[name])
        if why is not None:
            placed.forget(name)
        return why

    def _leave_out(self, name: str, why: str) -> None:
        self.notices.add(
            f"{name} was left out of {{count}} row{{s}} (on_error), the first at {{example}}",
            f"{self.file}:{self.line()}: {why}",
        )

    def _note_rolled(self, name: str) -> None:
        self.notices.add(
            f"{name} of {{count}} row{{s}} was put on the next day (roll) and is so more than "
            "6 hours after the time it follows, the first at {example}; look whether a clock is "
            "wrong there",
            f"{self.file}:{self.line()}",
        )

    # --- building blocks ------------------------------------------------------------------------

    def _column(self, name: str, field: str) -> int:
        found = self.header.count(name)
        if found == 1:
            return self.header.index(name)
        raise NoColumn(
            name,
            f'{self.file} has {found or "no"} column{"s" * (found > 1)} "{name}"',
            field=field,
            cure=f"It has: {', '.join(self.header) or 'none'}",
        )

    def _reader(
        self, columns: Texts | None, null: list[str], field: str, join: str | None = None
    ) -> Read:
        """The first cell that is not blank and no null value; with `join`, all of them in a row."""
        places = [self._column(name, field) for name in as_list(columns)]
        nulls = frozenset({"", *self.mapping.null, *null})

        def read(cells: Cells) -> str | None:
            for place in places:
                text = cells[place].strip()
                if text not in nulls:
                    return text
            return None

        def read_all(cells: Cells) -> str | None:
            parts = [cells[place].strip() for place in places]
            parts = ["" if part in nulls else part for part in parts]
            return join.join(parts).strip() if join is not None and any(parts) else None

        if join is not None:
            return read_all
        if len(places) > 1:
            return read
        only = places[0]

        def read_one(cells: Cells) -> str | None:
            text = cells[only].strip()
            return None if text in nulls else text

        return read_one

    def _condition(self, condition: RowCondition, field: str) -> Holds:
        place = self._column(condition.column, field)
        among = None if condition.is_ is None else frozenset(condition.is_)
        others = frozenset(condition.is_not or ())
        matches = None if condition.match is None else Pattern(condition.match)

        def holds(cells: Cells) -> bool:
            text = cells[place].strip()
            return text not in others and (among is None or text in among)

        if matches is None:
            return holds
        return lambda cells: holds(cells) and matches(cells[place].strip()) is not None

    def _known_state(self) -> Holds:
        """Whether a row's state is one of the mapping; raises `Refused` for a new one."""
        states = self.mapping.states
        assert states is not None  # noqa: S101  asked for only where the mapping has some
        place, known = self._column(states.column, "states.column"), states.fields.keys()
        ignored, all_others = frozenset(states.ignore), states.default == "ignore"

        def holds(cells: Cells) -> bool:
            state = cells[place].strip()
            if state in known:
                return True
            if all_others or state in ignored:
                return False
            raise Refused(
                "unknown_value",
                f'states: "{state}" is none of the listed states; add it to `ignore` or `fields`',
            )

        return holds

    def _maker(self, name: str, rule: FieldRule) -> Make:
        if rule.from_ is not None:
            make = self.times_made.duration(name, rule)
        elif name == "period" and (rule.format or rule.date):
            make = self.times_made.period(name, rule)
        elif is_time(self.mapping, name):
            make = self.times_made.time(name, rule)
        elif rule.flags is not None:
            make = self._flags(name, rule, rule.flags)
        else:
            make = self._word(name, rule)
        if _lenient(rule):
            make = self._or_nothing(name, make)
        conditions = [self._condition(c, f"{name}.when") for c in conditions_of(rule)]
        if not conditions:
            return make

        def make_when(cells: Cells, placed: Placed) -> object:
            for holds in conditions:
                if not holds(cells):
                    return None
            return make(cells, placed)

        return make_when

    def _word(self, name: str, rule: FieldRule) -> Make:
        read = self._reader(rule.column, rule.null, name, rule.join)
        translate, default = self._translation(name, rule), rule.default
        listed, nulls = name in self._listed, self._nulls.union(rule.null)

        def make(cells: Cells, _placed: Placed) -> object:
            text = read(cells)
            if text is None:
                return [default] if listed and default is not None else default
            if rule.split is None:
                return [translate(text)] if listed else translate(text)
            parts = (part.strip() for part in text.split(rule.split))
            return list(dict.fromkeys(translate(part) for part in parts if part not in nulls))

        return make

    def _flags(self, name: str, rule: FieldRule, flags: dict[str, str]) -> Make:
        """A list of what the columns stand for that say yes, and of what its own column says."""
        places = [(self._column(column, name), value) for column, value in flags.items()]
        say_no = self._nulls | NO | frozenset(rule.null)
        own = None if rule.column is None else self._word(name, rule)

        def make(cells: Cells, placed: Placed) -> object:
            found = [value for place, value in places
                     if (text := cells[place].strip()) not in say_no
                     and text.casefold() not in say_no]  # fmt: skip
            more = None if own is None else own(cells, placed)
            if isinstance(more, list):
                found += more
            return list(dict.fromkeys(found)) or None

        return make

    def _translation(self, name: str, rule: FieldRule) -> Callable[[str], Scalar]:
        """What a text of a field becomes: by its pattern, then its values, then as a number."""
        values, default = rule.values, rule.default
        pattern = None if rule.match is None else Pattern(rule.match)
        below = rule.under
        number = self._number(name, rule) if name in self._numbers or below is not None else None
        may_be_unknown = self._may_be_sent(name, rule)
        kept = name not in self.mapping.persons  # of people no value is kept

        def unlisted(text: str, why: str) -> Scalar:
            if default is not None:
                if kept:
                    self.notices.add_default(name, text)
                return default
            return self._unknown(name, text, why, may_be=may_be_unknown)

        def translate(text: str) -> Scalar:
            if values is None:
                return text
            found = values.get(text)
            return unlisted(text, "is none of the listed values") if found is None else found

        def translate_match(text: str) -> Scalar:
            whole = text if pattern is None else pattern(text)
            if whole is None:
                return unlisted(text, "does not match the pattern")
            found = translate(whole)
            if number is None or not isinstance(found, str):
                return found
            try:
                return number(found) if below is None else float(number(found)) < below
            except Refused:
                if not may_be_unknown:
                    raise
                return self._unknown(name, text, "is no number", may_be=True)

        return translate if pattern is None and number is None else translate_match

    def _may_be_sent(self, name: str, rule: FieldRule) -> bool:
        """Whether a value that no list has is sent all the same."""
        return name.partition(".")[0] in self._may_be_unknown and not _lenient(rule)

    def _unknown(self, name: str, text: str, why: str, *, may_be: bool) -> str:
        """A value that no list has, sent as it stands where it `may_be`; raises `Refused`."""
        if not may_be:
            raise Refused("unknown_value", f'{name}: "{text}" {why}')
        self._unlisted.add(name.partition(".")[0])
        return text

    def _number(self, name: str, rule: FieldRule) -> Callable[[str], str]:
        decimal, thousands = self.mapping.marks(rule)

        def number(text: str) -> str:
            try:
                return plain_number(text, decimal, thousands)
            except ValueError:
                raise Refused("bad_number", f'{name}: "{text}" is no number') from None

        return number


def _other(mapping: Mapping) -> str:
    """What to do about bytes that are not of the declared encoding."""
    if codecs.lookup(mapping.encoding).name == "utf-8":
        return 'a file of a Windows program may need encoding = "cp1252" in the mapping'
    return "check `encoding`"


def _digest(text: str) -> bytes:
    """A name in few bytes, since a file may have millions of ids."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()


def _not(holds: Holds) -> Holds:
    return lambda cells: not holds(cells)


def _unsent(make: Make) -> Make:
    """A time that is needed only to place others: computed, but not written into the event."""

    def make_unsent(cells: Cells, placed: Placed) -> object:
        make(cells, placed)
        return None

    return make_unsent


def _lenient(rule: FieldRule) -> bool:
    return rule.on_error == "leave_out"


def _nest(event: Fields) -> Fields:
    """`casualties.fatal` goes into an object of its own."""
    nested: Fields = {}
    groups: dict[str, Fields] = {}
    for name, value in event.items():
        outer, _, inner = name.partition(".")
        if inner:
            nested[outer] = groups.setdefault(outer, {})
            groups[outer][inner] = value
        else:
            nested[name] = value
    return nested
