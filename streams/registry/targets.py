"""Whether what a force's file says of measures is about any: its targets, its own readings, and
what of its figures is exported."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from streams.config.force import Force
from streams.config.toml import locate, meant
from streams.errors import ConfigError, DeclarationError
from streams.registry.indicator import Indicator
from streams.registry.indicators.readings import own_indicators
from streams.registry.registry import REGISTRY, Registry

Problem = tuple[str, str, str]
"""(problem, field, cure)"""


def measure_problems(
    force: Force, text: str = "", registry: Registry = REGISTRY
) -> Iterator[ConfigError]:
    """Every target of an indicator that there is not, or that its unit can't have, every own
    reading with the name of something else, and every table, measure or indicator to be exported
    that there is not, with its line in `text`, the force's file."""
    for problem, field, cure in _problems(force, registry):
        yield ConfigError(
            problem,
            file=force.source or None,
            line=locate(text, field) if text else None,
            field=field,
            cure=cure,
        )


def check_measures(forces: Iterable[Force], registry: Registry = REGISTRY) -> None:
    """Raises the first of them."""
    for force in forces:
        for problem in measure_problems(force, registry=registry):
            raise problem


def _problems(force: Force, registry: Registry) -> Iterator[Problem]:
    own = own_indicators(force)
    for n, reading in enumerate(force.file.readings):
        known = registry.indicators.get(reading.name)
        if known is not None and known.reported is None:
            problem = f'"{reading.name}" is counted from records, and can\'t be a reading too'
            yield problem, f"readings[{n}].name", "Choose another name"
    for n, target in enumerate(force.file.targets):
        field = f"targets[{n}]"
        indicator = _indicator(target.indicator, own, registry)
        if indicator is None:
            yield _unknown(
                target.indicator, "indicator", (*registry.indicators, *own), f"{field}.indicator"
            )
            continue
        bounds = [each for each in (target.at_least, target.at_most) if each is not None]
        share = registry.unit_of(indicator) == "ratio" and target.of == "value"
        if share and any(not 0 <= each <= 1 for each in bounds):
            problem = f'the target of "{target.indicator}" is no share'
            yield problem, field, "Write a share between 0 and 1: 0.9 is 90 %"
    yield from _not_exported(force, own, registry)


def _not_exported(
    force: Force, own: Mapping[str, Indicator], registry: Registry
) -> Iterator[Problem]:
    """The names under `[metrics]` that are of nothing."""
    settings = force.file.metrics
    tables = [group.name for group in registry.groups]
    measures = [f"{group.name}.{each.name}" for group in registry.groups for each in group.measures]
    for n, name in enumerate(settings.tables or ()):
        if name not in tables:
            yield _unknown(name, "table", tables, f"metrics.tables[{n}]")
    for n, name in enumerate(settings.left_out):
        if name not in (*tables, *measures):
            yield _unknown(name, "table or measure", (*tables, *measures), f"metrics.left_out[{n}]")
    for n, name in enumerate(settings.figures):
        if _indicator(name, own, registry) is None:
            known = (*registry.indicators, *own)
            yield _unknown(name, "indicator", known, f"metrics.figures[{n}]")


def _indicator(name: str, own: Mapping[str, Indicator], registry: Registry) -> Indicator | None:
    try:
        return registry.indicator(name, own)
    except DeclarationError:
        return None


def _unknown(name: str, what: str, known: Sequence[str], field: str) -> Problem:
    near = difflib.get_close_matches(name, known, n=3)
    cure = meant(near) if near else "`watchroom measures` lists them"
    return f'"{name}" is no {what}', field, cure
