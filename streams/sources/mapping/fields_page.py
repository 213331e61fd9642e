"""The fields that a mapping can fill, as text: `watchroom mapping fields` and docs/fields.md."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import inspect

from streams.events.fields import says
from streams.registry.registry import REGISTRY
from streams.sources.mapping.kind_fields import Form, allowed_fields, forms

_WORDS: dict[type[inspect.Type], str] = {
    inspect.DateTimeType: "time",
    inspect.BoolType: "true or false",
    inspect.IntType: "whole number",
    inspect.FloatType: "number",
    inspect.StrType: "text",
}


def form_in_words(form: Form) -> str:
    """What a field may hold: `time, day or month`, `list of pseudonyms`."""
    if form.person:
        word = "pseudonym"
    elif form.partial:
        word = "time, day or month"
    elif form.choices:
        word = "one of " + ", ".join(form.choices)
    else:
        word = next(word for shape, word in _WORDS.items() if shape in form.types)
    return f"list of {word}s" if form.listed else word


def rows(kind: str) -> Iterator[tuple[str, str, str]]:
    """(name, form, what it says) of every field of a kind that a mapping can fill."""
    for name, form in forms(kind).items():
        if name in allowed_fields(kind):
            yield name, form_in_words(form), says(kind, name)


def page() -> str:
    """docs/fields.md."""
    lines = [
        "# Fields of a mapping",
        "",
        "What a row of each `kind` can say. A mapping makes a field with `[fields.NAME]`, or with",
        "`[constants]` where it is the same in every row; a name with a full stop stands in",
        'quotes: `[fields."units.id"]`. Of `units`, `casualties` and `persons` a row gives one,',
        "and rows that are merged give one each",
        "([sources](sources.md#several-rows-of-one-record)). A cell of a pseudonym may say who",
        "somebody is: it becomes one as it is read ([people](sources.md#people)).",
        "",
        "This page is what `watchroom mapping fields --page` prints.",
        "",
    ]  # fmt: skip
    for kind in REGISTRY.structs:
        lines += [f"## {kind}", "", "| field | form | says |", "|---|---|---|"]
        lines += [f"| `{name}` | {form} | {says} |" for name, form, says in rows(kind)]
        lines.append("")
    return "\n".join(lines)
