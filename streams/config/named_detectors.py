"""Detectors by their names and settings, as files and commands give them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

import detectors
from detectors import Detector
from detectors.change.focus import Options
from streams.errors import ConfigError

MEASURED = frozenset({"individuals", "mean_sd"})
"""Kinds of `ControlChart` for measurements; the others are for counts and times."""
TRIALS = {"Proportion": "of", "ProportionWatch": "trials"}
"""What a point is so many of, and never more."""
TO_GIVE: dict[str, tuple[str | None, str | None, str]] = {
    "GLR": ("mean", "exposure", "the count that is usual, which it can't learn"),
    "GaussianFocus": ("sd", None, "the standard deviation of a point, which it can't learn"),
    "UncertainFocus": (None, "exposure", "the count that was expected of each row"),
}
"""Where no default can be right: the setting, or what stands beside the column instead, and what
it is."""


def names() -> list[str]:
    """The names of all that there are."""
    return [name for name in detectors.__all__ if name != "Detector"]


def kind_named(name: str) -> type[Detector]:
    """A kind of detector by its name, whatever its case; raises `ConfigError`."""
    known = {each.casefold(): each for each in names()}
    if name.casefold() not in known:
        raise ConfigError(
            f'there is no detector "{name}"', cure=f"There are {', '.join(known.values())}"
        )
    kind: type[Detector] = getattr(detectors, known[name.casefold()])
    return kind


def parameters(function: Any, but: Sequence[str] = ()) -> dict[str, inspect.Parameter]:
    """The parameters of a constructor or of `update` that can be given by name."""
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    every = inspect.signature(function).parameters.items()
    return {name: one for name, one in every if one.kind in plain and name not in ("self", *but)}


def made(kind: type[Detector], options: Mapping[str, Any]) -> Detector:
    """A detector with settings; raises `ConfigError` for one that it does not have, and for a
    value that it can't take."""
    known = kind()._get_params()
    if unknown := [name for name in options if name not in known]:
        raise ConfigError(
            f'{kind.__name__} has no setting "{unknown[0]}"', cure=f"It has {', '.join(known)}"
        )
    types, taken = _types(kind), {}
    for name, value in options.items():
        try:
            taken[name] = msgspec.convert(value, types[name])
        except msgspec.ValidationError:
            shown = json.dumps(value)
            raise ConfigError(
                f"{kind.__name__}: {name} is {_in_words(types[name])}, not {shown}"
            ) from None
    try:
        return kind(**taken)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{kind.__name__}: {error}") from None


def _types(kind: type[Detector]) -> dict[str, Any]:
    """The type of each setting."""
    return {**get_type_hints(Options), **get_type_hints(kind.__init__)}


def _in_words(kind: Any) -> str:
    """A type as a person would say it: "a number or null"."""
    plain = {
        float: "a number", int: "a whole number", bool: "true or false", str: "a text",
        type(None): "null", dict: "a JSON object",
    }  # fmt: skip
    if kind in plain:
        return plain[kind]
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    if get_origin(kind) is dict:
        return plain[dict]
    if get_origin(kind) is not None and issubclass(get_origin(kind), Sequence):
        return "a JSON list"
    return " or ".join(_in_words(each) for each in get_args(kind)) or "JSON"
