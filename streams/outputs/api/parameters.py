"""What the paths of the API take: each parameter once, for the reading and for its description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from starlette.datastructures import QueryParams

from streams.board.answers import ALL_AREAS, Page
from streams.board.compare import COMPARISONS
from streams.config.force import WHOLE
from streams.errors import QueryError
from streams.periods import GRAINS
from streams.stretches import FORMS

MOST = 1_000
"""Rows of one answer, at most."""
USUAL = 200
"""Rows of one answer where nothing is said."""

Format = Literal["json", "csv"]
FORMATS: tuple[Format, ...] = ("json", "csv")


class Parameter(NamedTuple):
    """A parameter of a path: its name, what it says, and the JSON Schema of its value. One that is
    `repeated` may be given several times."""

    name: str
    words: str
    schema: Mapping[str, Any] = {"type": "string"}
    repeated: bool = False
    required: bool = False


def one_of(values: tuple[str, ...], usual: str | None = None) -> Mapping[str, Any]:
    """The schema of one of some words."""
    return {"type": "string", "enum": list(values), **({"default": usual} if usual else {})}


def whole(least: int, usual: int, most: int | None = None) -> Mapping[str, Any]:
    """The schema of a whole number."""
    bound = {} if most is None else {"maximum": most}
    return {"type": "integer", "minimum": least, **bound, "default": usual}


FORCE = Parameter("force", "The force, by id; needed where the monitor has several.")
AT = Parameter("at", "As of when, as RFC 3339; without it, now.")
INDICATORS = Parameter(
    "indicator",
    "An indicator by its name or address, as /api/measures lists them; without any, all that have "
    "a name.",
    repeated=True,
)
INDICATOR = Parameter("indicator", "An indicator by its name or address.", required=True)
PERIODS = Parameter("period", f"What it is of: {FORMS}.", repeated=True, required=True)
WITHIN = Parameter("period", f"From when to when: {FORMS}.", required=True)
AREAS = Parameter(
    "area",
    f'An area by id, name or alias; "{ALL_AREAS}" for every one, "{WHOLE}" (the default) for the '
    "force as a whole.",
    repeated=True,
)
AREA = Parameter("area", f'An area by id, name or alias; "{WHOLE}" (the default) for the force.')
COMPARE = Parameter(
    "compare",
    "What is set beside each figure.",
    {"type": "string", "enum": list(COMPARISONS)},
    repeated=True,
)
GRAIN = Parameter("grain", "The periods of the series.", one_of(GRAINS, "month"))
CHART = Parameter(
    "chart", "Whether its chart is given, where it has one.", one_of(("yes", "no"), "yes")
)
MONTH = Parameter("month", "A month that is over: 2024-05.", required=True)
RATE = Parameter(
    "rate",
    "The share of the listed that may be chance; without it, that of the force's file.",
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
)
SEARCH = Parameter("search", "Only what has this in its name, title or definition.")
OFFSET = Parameter("offset", "How many rows are passed over.", whole(0, 0))
LIMIT = Parameter("limit", "How many rows are given.", whole(1, USUAL, MOST))
FORMAT = Parameter("format", "How they are written.", one_of(FORMATS, "json"))


class Given:
    """The parameters of a request, each as its `Parameter` says it; raises `QueryError` for others
    and for values that they do not take."""

    def __init__(self, query: QueryParams, known: tuple[Parameter, ...]) -> None:
        self._query = query
        names = [each.name for each in known]
        for name in query:
            if name not in names:
                raise QueryError(f'there is no parameter "{name}", only: {", ".join(names)}')

    def text(self, parameter: Parameter, usual: str = "") -> str:
        """A text."""
        found = self._query.get(parameter.name) or ""
        if not found and parameter.required:
            raise QueryError(f"{parameter.name} is missing. {parameter.words}")
        return found or usual

    def texts(self, parameter: Parameter, usual: tuple[str, ...] = ()) -> tuple[str, ...]:
        """All texts of a repeated one."""
        found = tuple(filter(None, self._query.getlist(parameter.name)))
        if not found and parameter.required:
            raise QueryError(f"{parameter.name} is missing. {parameter.words}")
        return found or usual

    def choice(self, parameter: Parameter) -> str:
        """One of some words."""
        values = parameter.schema["enum"]
        found = self.text(parameter, parameter.schema["default"])
        if found not in values:
            raise QueryError(f'{parameter.name}: "{found}" is none of {", ".join(values)}')
        return found

    def number(self, parameter: Parameter) -> int:
        """A whole number within its bounds."""
        schema = parameter.schema
        text = self.text(parameter, str(schema["default"]))
        least, most = schema["minimum"], schema.get("maximum")
        if not text.isdecimal() or len(text) > 9 or int(text) < least or int(text) > (most or 1e9):
            bounds = f"{least} or more" if most is None else f"from {least} to {most}"
            raise QueryError(f'{parameter.name}: "{text}" is no whole number, {bounds}')
        return int(text)

    def share(self, parameter: Parameter) -> float | None:
        """A share between 0 and 1; None where nothing is said."""
        text = self.text(parameter)
        try:
            found = float(text) if text else None
        except ValueError:
            found = 0.0
        if found is not None and not 0.0 < found < 1.0:
            raise QueryError(f'{parameter.name}: "{text}" is no share between 0 and 1')
        return found

    def page(self) -> Page:
        """Which part of the answer is asked for."""
        return Page(self.number(OFFSET), self.number(LIMIT))
