"""What a force is like: its volumes, its season, its room, its units and its crime, as a TOML file.

The shipped ones are in `streams/sources/simulator/profiles/`, each with what it was fitted to; copy
one for an own force. A force without a profile gets that of Warwickshire, by population.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from streams.config.force import Force, default_vocabulary
from streams.config.toml import Fault, locate, parse_toml, read_text
from streams.errors import ConfigError
from streams.sources.simulator.arrivals import Rates

FOLDER = resources.files("streams.sources.simulator") / "profiles"
TYPICAL = "warwickshire"
CURE = "Compare with `watchroom simulate --show-profile warwickshire`"

Volume = Annotated[float, Meta(ge=0, le=1_000_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Scatter = Annotated[float, Meta(ge=0, le=2)]
Memory = Annotated[float, Meta(ge=0, lt=1)]
Factor = Annotated[float, Meta(gt=0, le=10)]
Seconds = Annotated[float, Meta(gt=0, le=1_000_000)]
Year = Annotated[list[Factor], Meta(min_length=12, max_length=12)]


class Scattering(Struct, kw_only=True, forbid_unknown_fields=True):
    """How a rate varies beyond what the week and the year explain.

    Logarithms of two factors, each an autoregression of the first order: one a day, shared by all
    that happens, and one an hour, of each stream by itself. `day` and `hour` are their standard
    deviations, `_memory` their correlation from one to the next.
    """

    day: Scatter = 0.05
    day_memory: Memory = 0.5
    hour: Scatter = 0.10
    hour_memory: Memory = 0.7


class CallsOf(Struct, kw_only=True, forbid_unknown_fields=True):
    """Calls of the emergency line, or of the other lines together.

    `a_day` is the mean of a year, `patience` the mean seconds until a caller gives up, `opens` the
    share of the answered that open an incident, `on_holidays` and `on_nights` what the rate is
    multiplied by on bank holidays and on the evenings (from 18:00) of the force's own dated events
    of a day or two.
    """

    a_day: Volume
    patience: Seconds
    opens: Share
    on_holidays: Factor = 1.0
    on_nights: Factor = 1.0
    year: Year = msgspec.field(default_factory=lambda: [1.0] * 12)


class Calls(Struct, kw_only=True, forbid_unknown_fields=True):
    """Both kinds, and the room: `handlers` multiplies the staff that it would roster, `kept` is
    the share of those on duty who are kept free for emergencies."""

    emergency: CallsOf
    other: CallsOf
    handlers: Annotated[float, Meta(ge=0.1, le=5)] = 1.0
    kept: Share = 0.12


class Incidents(Struct, kw_only=True, forbid_unknown_fields=True):
    """Incidents a day by category, how many are emergencies, and how soon they are attended.

    What calls do not open is opened otherwise. `response_median` (seconds) and `response_sigma` are
    those of the lognormal time from opening to arrival where a unit is free; `units` are those on
    duty in the whole force, shared among districts by population.
    """

    a_day: dict[str, Volume]
    emergencies: Volume
    response_median: Seconds
    response_sigma: Annotated[float, Meta(gt=0, le=3)]
    units: Annotated[int, Meta(ge=1, le=10_000)]
    cross_border: Factor = 1.6
    under_18: Share = 0.4
    in_care: Share = 0.15
    missing_again: Share = 0.3
    crimed_only: Share = 0.1
    year: dict[str, Year] = {}


class Crimes(Struct, kw_only=True, forbid_unknown_fields=True):
    """Crimes recorded a day by offence, and what becomes of them.

    `victim_again` and `suspect_again` are the chances that a victim, or a suspect who is known, is
    one who was so before; `known` is the share with a suspect. `markers` are shares by marker and
    offence, or what lies above it; of several the nearest holds.
    """

    a_day: dict[str, Volume]
    markers: dict[str, dict[str, Share]] = {}
    victim_again: Share = 0.2
    suspect_again: Share = 0.4
    known: Share = 0.45
    reclassified: Share = 0.04
    cancelled: Share = 0.03
    non_recent: Share = 0.04
    year: dict[str, Year] = {}


class Profile(Struct, kw_only=True, forbid_unknown_fields=True):
    """A force as the simulator makes it up; volumes are means of a year, a day, for `population`
    people, and are scaled to the force that they are made up for."""

    population: Annotated[int, Meta(gt=0)]
    calls: Calls
    incidents: Incidents
    crimes: Crimes
    scatter: Scattering = msgspec.field(default_factory=Scattering)


@dataclass(frozen=True)
class Likeness:
    """A profile as it is of one force: `size` is what volumes are multiplied by."""

    profile: Profile
    force: Force

    @cached_property
    def size(self) -> float:
        """This force's people over those of the profile."""
        return self.force.file.population / self.profile.population

    def rates(self, handlers: float = 1.0, heartbeat_seconds: int = 30) -> Rates:
        """The room: `handlers` multiplies the staff once more (0.7 is a bad day)."""
        calls = self.profile.calls
        thousands = self.profile.population / 1000
        by_calls = calls.emergency.opens * calls.emergency.a_day
        by_calls += calls.other.opens * calls.other.a_day
        own = max(0.0, sum(self.profile.incidents.a_day.values()) - by_calls)
        return Rates(
            emergency_calls=calls.emergency.a_day / thousands,
            other_calls=calls.other.a_day / thousands,
            own_incidents=own / thousands,
            handlers=calls.handlers * handlers,
            kept=calls.kept,
            emergency_patience=calls.emergency.patience,
            other_patience=calls.other.patience,
            heartbeat_seconds=heartbeat_seconds,
        )


def read_profile(text: str, source: Path | str) -> Profile:
    """A profile from TOML; raises `ConfigError` with line, field and cure."""
    found = parse_toml(text, Profile, source)
    categories, offences, markers = (
        set(_with_parents(default_vocabulary(which)))
        for which in ("incidents", "offences", "markers")
    )
    for field, names, known in (
        ("incidents.a_day", found.incidents.a_day, categories),
        ("incidents.year", found.incidents.year, categories),
        ("crimes.a_day", found.crimes.a_day, offences),
        ("crimes.year", found.crimes.year, offences | {"all"}),
        ("crimes.markers", found.crimes.markers, markers),
    ):
        for name in names:
            if name not in known:
                raise _wrong(text, source, Fault(f"{field}.{name}", f'"{name}" is not known', CURE))
    for marker, shares in found.crimes.markers.items():
        for name in shares:
            if name not in offences | {"all"}:
                fault = Fault(f"crimes.markers.{marker}", f'"{name}" is no offence', CURE)
                raise _wrong(text, source, fault)
    return found


def _with_parents(paths: tuple[str, ...]) -> list[str]:
    return [
        ".".join(parts[: n + 1]) for path in paths for parts in (path.split("."),)
        for n in range(len(parts))
    ]  # fmt: skip


def _wrong(text: str, source: Path | str, fault: Fault) -> ConfigError:
    return ConfigError(
        fault.problem,
        file=source,
        line=locate(text, fault.field),
        field=fault.field,
        cure=fault.cure,
    )


def shipped_profiles() -> tuple[str, ...]:
    """The names of those in the package."""
    return tuple(sorted(f.name[:-5] for f in FOLDER.iterdir() if f.name.endswith(".toml")))


def shipped_profile_text(name: str) -> str:
    """The TOML text of one, with comments; raises `ConfigError` for another name."""
    if name not in shipped_profiles():
        raise ConfigError(
            f'no profile "{name}" is shipped', cure=f"Use one of {', '.join(shipped_profiles())}"
        )
    return (FOLDER / f"{name}.toml").read_text("utf-8")


@cache
def _shipped(name: str) -> Profile:
    return read_profile(shipped_profile_text(name), f"{name}.toml")


def find_profile(name: str) -> Profile:
    """A profile by the name of a shipped one, or by the path of a TOML file."""
    if name.endswith(".toml") or "/" in name:
        return read_profile(read_text(Path(name)), name)
    shipped_profile_text(name)  # says what there is
    return _shipped(name)


def profile_of(force: Force) -> Profile:
    """That which is shipped for a force; else the typical one."""
    return _shipped(force.id if force.id in shipped_profiles() else TYPICAL)


def nearest(path: str, by_path: Mapping[str, float]) -> float:
    """The value of a dotted path, or of what lies above it, or of `all`; else 0.

    >>> nearest("asb.personal", {"asb": 0.2}), nearest("fire", {"asb": 0.2})
    (0.2, 0.0)
    """
    while path not in by_path and "." in path:
        path = path.rpartition(".")[0]
    return by_path.get(path, by_path.get("all", 0.0))
