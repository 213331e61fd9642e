"""What a dated change of recording affects: the names that `affects` in a force file may have.

A name stands for a group of the registry, one of its measures, a kind of record, a category, an
offence, a marker or a line, or is one under which forces publish a figure. Force files are read
below the registry, so that this is asked where measures are known: by `watchroom force check`, and
by every monitor as it is made.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from streams.config.force import Force, SystemChange, shipped_readings
from streams.config.toml import locate, meant
from streams.errors import ConfigError
from streams.registry.carried import names_of_fields
from streams.registry.registry import REGISTRY, Registry

PUBLISHED: dict[str, frozenset[str]] = {
    "mean_response_time": frozenset({"response_mean"}),
    "attended_within_20min": frozenset({"attendance", "within"}),
    "emergency_incidents": frozenset({"emergencies"}),
    "total_recorded_crime": frozenset({"crimes"}),
    "asb_personal": frozenset({"asb.personal"}),
    "asb_nuisance": frozenset({"asb.nuisance"}),
    "asb_environmental": frozenset({"asb.environmental"}),
    "violence_with_injury": frozenset({"violence.with_injury"}),
    "violence_without_injury": frozenset({"violence.without_injury"}),
    "homicide": frozenset({"violence.homicide"}),
    "rape": frozenset({"sexual.rape"}),
    "other_sexual_offences": frozenset({"sexual.other"}),
    "business_robbery": frozenset({"robbery.business"}),
    "personal_robbery": frozenset({"robbery.personal"}),
    "residential_burglary_dwelling": frozenset({"burglary.residential"}),
    "domestic_burglary": frozenset({"burglary.residential"}),
    "residential_burglary_home": frozenset({"burglary.residential"}),
    "business_community_burglary": frozenset({"burglary.business_community"}),
    "burglary_other": frozenset({"burglary.business_community"}),
    "vehicle_offences": frozenset({"vehicle"}),
    "criminal_damage_arson": frozenset({"damage_arson"}),
    "drug_offences": frozenset({"drugs"}),
    "possession_of_weapons": frozenset({"weapons"}),
    "hate_crime": frozenset({"hate"}),
    "alcohol_related": frozenset({"alcohol"}),
    "business_crime": frozenset({"business"}),
    "rural_crime": frozenset({"rural"}),
}
"""Names that forces publish figures under, and what these are in the registry: all of it."""
OF_A_LINE = {
    re.compile(r"calls_(.+)"): frozenset[str](),
    re.compile(r"answered_(.+)_within_\d+s"): frozenset({"service_level"}),
    re.compile(r"abandoned_(.+)"): frozenset({"abandonment"}),
}
"""The same of one line: `calls_101` is everything of it."""
# fmt: off
NOT_COUNTED = frozenset({
    "action_taken_outcomes", "calls_resolved_at_first_contact", "dvpns_authorised",
    "fatal_casualties", "firearms_offences", "knife_crime", "ksi_casualties", "ksi_collisions",
    "missing_person_incidents", "missing_person_reports", "online_crime_reports", "outcome_rate",
    "outcomes_assigned_within_5_days", "repeat_offenders", "repeat_victims", "serious_casualties",
    "victim_satisfaction",
})
# fmt: on
"""Published topics that no measure counts yet: a change of them affects nothing here so far."""


def known_names(force: Force, registry: Registry = REGISTRY) -> set[str]:
    """Every name that `affects` may have in a force's file, but for those made of its lines."""
    names = {*PUBLISHED, *NOT_COUNTED, *force.line_index}
    names |= {*force.readings, *(each.name for each in shipped_readings())}
    names.update(force.categories.index, force.offences.index, force.markers.index)
    for group in registry.groups:
        names |= {group.name, f"{group.kind}s", *(measure.name for measure in group.measures)}
    return names


def unknown_names(
    force: Force, text: str = "", registry: Registry = REGISTRY
) -> Iterator[ConfigError]:
    """Every name in `affects` that stands for nothing, with its line in `text`, the force's file,
    and the nearest names that do."""
    known = known_names(force, registry)
    groups = ", ".join(group.name for group in registry.groups)
    any_name = f"Name a group ({groups}), a measure, a category, an offence, a marker or a line"
    lines = set(force.line_index)
    spelled = {*known, *(f"calls_{line}" for line in lines)}
    for n, change in enumerate(force.file.changes):
        field = f"changes[{n}].affects"
        for name in change.affects:
            if name in known or any(of.fullmatch(name) for of in _line_names(lines)):
                continue
            near = difflib.get_close_matches(name, sorted(spelled), n=3)
            cure = meant(near) if near else any_name
            yield ConfigError(
                f'"{name}" is nothing that a change can affect',
                file=force.source or None,
                line=locate(text, field) if text else None,
                field=field,
                cure=cure,
            )


def unknown_fields(
    force: Force, text: str = "", registry: Registry = REGISTRY
) -> Iterator[ConfigError]:
    """The same of every name in `carries`, and in `not_carried` and `carried` of a change, that is
    no field which a feed may carry or not."""
    asked = [("carries", name) for name in force.file.carries]
    for n, change in enumerate(force.file.changes):
        for key, names in (("not_carried", change.not_carried), ("carried", change.carried)):
            asked += [(f"changes[{n}].{key}", name) for name in names]
    if not asked:
        return
    kinds = {**REGISTRY.kinds, **registry.kinds}.values()  # a file serves more than one registry
    known = set[str]().union(*(names_of_fields(kind, force) for kind in kinds))
    for field, name in asked:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=3)
            yield ConfigError(
                f'"{name}" is no field that a feed may carry or not',
                file=force.source or None,
                line=locate(text, field) if text else None,
                field=field,
                cure=meant(near) if near else "Name one as outcome, crimes.markers, markers.cse",
            )


def check_affects(forces: Iterable[Force], registry: Registry = REGISTRY) -> None:
    """Raises the first name of a change, or of what feeds carry, that stands for nothing."""
    for force in forces:
        names, fields = unknown_names(force, registry=registry), unknown_fields
        for problem in chain(names, fields(force, registry=registry)):
            raise problem


def affects(change: SystemChange, about: set[str]) -> bool:
    """Whether a change affects a series that has these names: of its group, its measure, its kind
    of record and the values of its row."""
    return not change.affects or any(stands_for(name) <= about for name in change.affects)


def stands_for(name: str) -> frozenset[str]:
    """The names, all of which a series has where it is meant.

    >>> sorted(stands_for("answered_101_within_30s")), sorted(stands_for("cse"))
    (['101', 'service_level'], ['cse'])
    """
    for pattern, more in OF_A_LINE.items():
        if found := pattern.fullmatch(name):
            return frozenset({found[1], *more})
    return PUBLISHED.get(name, frozenset({name}))


def _line_names(lines: Iterable[str]) -> list[re.Pattern[str]]:
    ids = "|".join(map(re.escape, lines))
    return [re.compile(pattern.pattern.replace("(.+)", f"({ids})")) for pattern in OF_A_LINE]
