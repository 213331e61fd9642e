"""The fields of each kind of event that a mapping can fill, read from the events themselves.

A field that is an object of its own stands as its parts: `casualties.fatal`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from msgspec import inspect

from streams.events.schema import KINDS

PEOPLE = frozenset({"persons", "victims", "suspects", "defendants"})
"""Fields that name people. A mapping can't fill them: they need pseudonyms, which a source system
makes before its export."""

Types = frozenset[type[inspect.Type]]


def _choices(shape: inspect.Type) -> Iterator[inspect.Type]:
    """The types that a field may have, one by one."""
    if isinstance(shape, inspect.UnionType):
        for choice in shape.types:
            yield from _choices(choice)
    elif isinstance(shape, inspect.Metadata):
        yield from _choices(shape.type)
    else:
        yield shape


def _walk(struct: inspect.StructType, before: str = "") -> Iterator[tuple[str, Types]]:
    for field in struct.fields:
        shapes = list(_choices(field.type))
        inner = [shape for shape in shapes if isinstance(shape, inspect.StructType)]
        if inner:
            yield from _walk(inner[0], f"{before}{field.encode_name}.")
        else:
            yield before + field.encode_name, frozenset(type(shape) for shape in shapes)


@cache
def _types(kind: str) -> dict[str, Types]:
    struct = inspect.type_info(KINDS[kind])
    assert isinstance(struct, inspect.StructType)  # noqa: S101  every event is one
    return dict(_walk(struct))


@cache
def allowed_fields(kind: str) -> frozenset[str]:
    """The fields of a kind that a rule or a constant can fill."""
    return frozenset(_types(kind)) - PEOPLE - {"id", "version", "played"}


@cache
def number_fields(kind: str) -> frozenset[str]:
    """Those of them that hold a number."""
    numbers = {inspect.IntType, inspect.FloatType}
    return frozenset(name for name, types in _types(kind).items() if types & numbers)


@cache
def flag_fields(kind: str) -> frozenset[str]:
    """Those of them that are true or false."""
    return frozenset(name for name, types in _types(kind).items() if inspect.BoolType in types)
