"""Carries out a mapping: one row of a table becomes one event line, the final version of a record.

Rows are turned by closures that are built once for each file, from its header. Every event passes
through the msgspec Structs of `streams.events`, so that a row of the wrong form is refused here,
with its line, rather than later.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from streams.errors import ConfigError, Refused
from streams.events import KINDS, encode
from streams.sources.mapping import Condition, Mapping, Rule, Scalar, Texts, as_list, is_time
from streams.sources.placing import Calendar, Cells, Make, Placed, Read

Holds = Callable[[Cells], bool]


class Mapper:
    """The rows of one file through a mapping; call it with the cells of a row.

    `header` are the file's column names, `force` the force of a mapping that names none, and
    `file` the name for messages. Raises `ConfigError` when the header lacks a column.
    """

    def __init__(
        self, mapping: Mapping, header: Sequence[str], force: str | None, file: Path | str
    ) -> None:
        self.mapping, self.header, self.file = mapping, list(header), file
        self.calendar = Calendar(mapping, self._reader)
        self.struct = KINDS[mapping.kind]
        self.fixed: dict[str, object] = {}
        force = mapping.force or force
        if force is not None:
            self.fixed["force"] = force
        elif "force" not in mapping.fields and "force" not in mapping.constants:
            raise ConfigError(
                "nothing says which force the rows belong to",
                file=file,
                field="force",
                cure='Write force = "..." in the mapping, or give --force',
            )
        for name, value in mapping.constants.items():
            _put(self.fixed, name, value)
        self._nested = any("." in name for name in (*mapping.constants, *mapping.fields))
        self._ids = [self._column(name, "id") for name in as_list(mapping.id)]
        self._version = self._reader(mapping.version, [], "version") if mapping.version else None
        self._filters = [self._condition(c, "include") for c in mapping.include]
        self._filters += [_not(self._condition(c, "exclude")) for c in mapping.exclude]
        rules = mapping.rules()
        self._makers = [(name, self._maker(name, rules[name])) for name in mapping.order()]

    def __call__(self, cells: Cells) -> bytes | None:
        """One row as an event line; None when a filter excludes it; raises `Refused`."""
        for holds in self._filters:
            if not holds(cells):
                return None
        event = dict(self.fixed)
        if self._nested:  # objects of constants: no row may write into another's
            event |= {name: dict(v) for name, v in event.items() if isinstance(v, dict)}
        if self._ids:
            event["id"] = self._id(cells)
        if self._version is not None:
            event["version"] = self._version(cells)
        placed = Placed()
        for name, make in self._makers:
            value = make(cells, placed)
            if value is not None and name not in self.mapping.working:
                if "." in name:
                    _put(event, name, value)
                else:
                    event[name] = value
        if self._ids and "updated_at" not in event:
            if placed.latest is None:
                raise Refused("no_time", "the row has no time, so nothing says when it was so")
            event["updated_at"] = placed.latest
        return self._encode(event)

    def _encode(self, event: dict[str, object]) -> bytes:
        try:
            made = msgspec.convert(event, self.struct, strict=False)
            # JSON has no NaN and would say null: a figure would go missing without a word.
            for name in ("value", "numerator", "denominator"):
                figure = getattr(made, name, None)
                if figure is not None and not math.isfinite(figure):
                    raise Refused("bad_number", f"{name} is {figure}")
            return encode(made)
        except msgspec.ValidationError as error:
            raise Refused("wrong_form", str(error)) from None
        except UnicodeEncodeError:
            raise Refused(
                "bad_encoding", f"the bytes are not {self.mapping.encoding}; check `encoding`"
            ) from None

    def _id(self, cells: Cells) -> str:
        parts = [cells[i].strip() for i in self._ids]
        if not any(parts):
            raise Refused("no_id", f"blank: {', '.join(as_list(self.mapping.id))}")
        return self.mapping.id_separator.join(parts)

    # --- building blocks ------------------------------------------------------------------------

    def _column(self, name: str, field: str) -> int:
        found = self.header.count(name)
        if found == 1:
            return self.header.index(name)
        raise ConfigError(
            f'{self.file} has {found or "no"} column{"s" * (found > 1)} "{name}"',
            field=field,
            cure=f"It has: {', '.join(self.header) or 'none'}",
        )

    def _reader(self, columns: Texts | None, null: list[str], field: str) -> Read:
        """The first cell that is not blank and no null value."""
        places = [self._column(name, field) for name in as_list(columns)]
        nulls = frozenset({"", *self.mapping.null, *null})

        def read(cells: Cells) -> str | None:
            for place in places:
                text = cells[place].strip()
                if text not in nulls:
                    return text
            return None

        if len(places) > 1:
            return read
        only = places[0]

        def read_one(cells: Cells) -> str | None:
            text = cells[only].strip()
            return None if text in nulls else text

        return read_one

    def _condition(self, condition: Condition, field: str) -> Holds:
        place = self._column(condition.column, field)
        among = None if condition.is_ is None else frozenset(condition.is_)
        others = frozenset(condition.is_not or ())

        def holds(cells: Cells) -> bool:
            text = cells[place].strip()
            return text not in others and (among is None or text in among)

        return holds

    def _maker(self, name: str, rule: Rule) -> Make:
        if rule.plus is not None:
            make = self.calendar.duration(name, rule)
        elif is_time(self.mapping, name):
            make = self.calendar.time(name, rule)
        else:
            make = self._word(name, rule)
        when = rule.when if isinstance(rule.when, list) else [rule.when] if rule.when else []
        if not when:
            return make
        conditions = [self._condition(c, f"{name}.when") for c in when]

        def make_when(cells: Cells, placed: Placed) -> object:
            for holds in conditions:
                if not holds(cells):
                    return None
            return make(cells, placed)

        return make_when

    def _word(self, name: str, rule: Rule) -> Make:
        read = self._reader(rule.column, rule.null, name)
        values, default = rule.values, rule.default

        def translate(text: str) -> Scalar:
            if values is None:
                return text
            found = values.get(text, default)
            if found is None:
                raise Refused("unknown_value", f'{name}: "{text}" is none of the listed values')
            return found

        def make(cells: Cells, _placed: Placed) -> object:
            text = read(cells)
            if text is None:
                return default
            if rule.split is None:
                return translate(text)
            return [translate(part.strip()) for part in text.split(rule.split) if part.strip()]

        return make


def _not(holds: Holds) -> Holds:
    return lambda cells: not holds(cells)


def _put(event: dict[str, object], name: str, value: object) -> None:
    """Set a field; `casualties.fatal` goes into its own object."""
    outer, _, inner = name.partition(".")
    if inner:
        group = event.setdefault(outer, {})
        assert isinstance(group, dict)  # noqa: S101  only this function makes it
        group[inner] = value
    else:
        event[outer] = value
