"""Whether what a force's file says of measures is about any: its targets, and its own readings."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from streams.config.force import Force
from streams.config.toml import locate, meant
from streams.errors import ConfigError, DeclarationError
from streams.registry.indicators.readings import own_indicators
from streams.registry.registry import REGISTRY, Registry

Problem = tuple[str, str, str]
"""(problem, field, cure)"""


def measure_problems(
    force: Force, text: str = "", registry: Registry = REGISTRY
) -> Iterator[ConfigError]:
    """Every target of an indicator that there is not, or that its unit can't have, and every own
    reading with the name of something else, with its line in `text`, the force's file."""
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
        try:
            indicator = own.get(target.indicator) or registry.indicator(target.indicator)
        except DeclarationError:
            near = difflib.get_close_matches(target.indicator, [*registry.indicators, *own], n=3)
            problem = f'"{target.indicator}" is no indicator'
            cure = meant(near) if near else "`watchroom measures` lists them"
            yield problem, f"{field}.indicator", cure
            continue
        bounds = [each for each in (target.at_least, target.at_most) if each is not None]
        share = registry.unit_of(indicator) == "ratio" and target.of == "value"
        if share and any(not 0 <= each <= 1 for each in bounds):
            problem = f'the target of "{target.indicator}" is no share'
            yield problem, field, "Write a share between 0 and 1: 0.9 is 90 %"
