"""The fields of each kind of event that a mapping can fill, read from the events themselves.

A field that is an object of its own stands as its parts: `casualties.fatal`. So does one that is a
list of objects (`units.arrived_at`): a row gives one of them, and rows of one id the list.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from msgspec import inspect

from streams.registry.registry import REGISTRY


class Form(NamedTuple):
    """What a field may hold."""

    types: frozenset[type[inspect.Type]]
    partial: bool = False
    """A time that may also be a day or a month."""
    person: bool = False
    """Who somebody is: an event has only a pseudonym."""
    listed: bool = False
    """A list of plain values."""
    item_needs: str | None = None
    """For a part of one object of a list: the part that each of them must have."""
    choices: tuple[str, ...] = ()
    """The values that it may have, where there are few."""


def _choices(shape: inspect.Type) -> Iterator[tuple[inspect.Type, dict[str, bool]]]:
    """The types that a field may have, one by one, each with what is noted of it."""
    if isinstance(shape, inspect.UnionType):
        for choice in shape.types:
            yield from _choices(choice)
    elif isinstance(shape, inspect.Metadata):
        for choice, noted in _choices(shape.type):
            yield choice, {**noted, **(shape.extra or {})}
    else:
        yield shape, {}


def _walk(
    struct: inspect.StructType, before: str = "", item_needs: str | None = None
) -> Iterator[tuple[str, Form]]:
    for field in struct.fields:
        name = before + field.encode_name
        choices = list(_choices(field.type))
        plain: list[tuple[inspect.Type, dict[str, bool]]] = []
        listed = False
        for shape, noted in choices:
            if isinstance(shape, inspect.StructType):
                yield from _walk(shape, f"{name}.")
            elif isinstance(shape, inspect.VarTupleType):
                for item, noted_of_item in _choices(shape.item_type):
                    if isinstance(item, inspect.StructType):
                        needs = next(f.encode_name for f in item.fields if f.required)
                        yield from _walk(item, f"{name}.", needs)
                    else:
                        listed = True
                        plain.append((item, noted_of_item))
            else:
                plain.append((shape, noted))
        said = [(shape, noted) for shape, noted in plain if not isinstance(shape, inspect.NoneType)]
        if said:
            values = [
                str(value)
                for shape, _ in said
                if isinstance(shape, inspect.LiteralType)
                for value in shape.values
            ]
            form = Form(
                frozenset(type(shape) for shape, _ in said),
                any(noted.get("partial") for _, noted in said),
                any(noted.get("person") for _, noted in said),
                listed,
                item_needs,
                tuple(values),
            )
            yield name, form


@cache
def forms(kind: str) -> dict[str, Form]:
    """Every field of a kind, with what it may hold."""
    struct = inspect.type_info(REGISTRY.structs[kind])
    assert isinstance(struct, inspect.StructType)  # noqa: S101  every event is one
    return dict(_walk(struct))


@cache
def allowed_fields(kind: str) -> frozenset[str]:
    """The fields of a kind that a rule or a constant can fill."""
    return frozenset(forms(kind)) - {"id", "version", "played", "origin"}


@cache
def number_fields(kind: str) -> frozenset[str]:
    """Those of them that hold a number."""
    numbers = {inspect.IntType, inspect.FloatType}
    return frozenset(name for name, form in forms(kind).items() if form.types & numbers)


@cache
def flag_fields(kind: str) -> frozenset[str]:
    """Those of them that are true or false."""
    return frozenset(name for name, form in forms(kind).items() if inspect.BoolType in form.types)


@cache
def person_fields(kind: str) -> frozenset[str]:
    """Those of them that say who somebody is."""
    return frozenset(name for name, form in forms(kind).items() if form.person)


@cache
def listed_fields(kind: str) -> frozenset[str]:
    """Those of them that are a list of plain values."""
    return frozenset(name for name, form in forms(kind).items() if form.listed)


@cache
def item_fields(kind: str) -> dict[str, str]:
    """The fields that are a list of objects, each with the part that every object must have."""
    return {
        name.rpartition(".")[0]: form.item_needs
        for name, form in forms(kind).items()
        if form.item_needs is not None
    }


@cache
def parts_of(kind: str, field: str) -> frozenset[str]:
    """The parts of one object of a list: `units.id`, `units.arrived_at` ..."""
    of = f"{field}."
    return frozenset(
        name for name, form in forms(kind).items() if form.item_needs and name.startswith(of)
    )


TIME_FIELDS = frozenset(
    name
    for kind in REGISTRY.structs
    for name, form in forms(kind).items()
    if inspect.DateTimeType in form.types
)
PARTIAL_FIELDS = frozenset(
    name for kind in REGISTRY.structs for name, form in forms(kind).items() if form.partial
)
"""Times that may also be known only to the day or the month."""
