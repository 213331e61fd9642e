"""Which days are not like others: bank holidays, and dated events that the caller names.

A date's names say what a baseline may not use (`ordinary`) and what it must explain (`names`): a
count on such a day is compared with earlier days of the same name, never with ordinary ones, and
where the history has none, `first_time` says so in words. A day's own name stands before the
general one, "bank holiday", which lets a first Boxing Day borrow from other holidays.

Its sibling `detectors.counts.weekly.named_day_factors` learns what each name does to a count. Dates
come in as arguments: nothing here knows what day it is. Bank holidays are those of the package
`holidays`. Reference: https://holidays.readthedocs.io; for the United Kingdom it follows the
Banking and Financial Dealings Act 1971 and the yearly proclamations.
"""

from __future__ import annotations

import calendar
import datetime as dt
import difflib
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from holidays import HolidayBase

BANK_HOLIDAY = "bank holiday"
_LAST = dt.date(2100, 12, 31)  # no further than this a search for earlier days goes wrong


def _holidays() -> Any:
    """The package, loaded when the first day or code is looked up."""
    return import_module("holidays")


def _countries() -> dict[str, tuple[str, ...]]:
    """By the name of a module of the package, the codes of its country."""
    known: dict[str, tuple[str, ...]] = import_module("holidays.registry").COUNTRIES
    return known


class Event(NamedTuple):
    """A dated event: its name and its first and last day, both of them included."""

    name: str
    first: dt.date
    last: dt.date


def every_year(
    name: str, first: tuple[int, int], last: tuple[int, int], years: Iterable[int]
) -> list[Event]:
    """The same event from (month, day) to (month, day) of each year; it may pass into the next.

    >>> [str(event.last) for event in every_year("Halloween", (10, 31), (10, 31), [2021, 2022])]
    ['2021-10-31', '2022-10-31']
    """
    return [
        Event(name, dt.date(year, *first), dt.date(year + (last < first), *last)) for year in years
    ]


def bank_holidays(country: str) -> HolidayBase:
    """The bank holidays of `GB`, or of a part of it, `GB-ENG`; raises `KeyError` for a code that
    the package does not know, for another name of one (`UK`) and for a part without a name."""
    code, _, part = country.partition("-")
    known = _holidays().list_supported_countries(include_aliases=False)
    if code not in known or country == f"{code}-":
        raise KeyError(country)
    try:
        found: HolidayBase = _holidays().country_holidays(code, subdiv=part or None)
    except NotImplementedError:
        raise KeyError(country) from None
    return found


def holidays_in(country: str, year: int) -> int:
    """How many bank holidays a year has; one with a substitute day counts once.

    >>> holidays_in("GB-ENG", 2026), holidays_in("GB-ENG", 2022)
    (8, 10)
    """
    known = bank_holidays(country)
    first = dt.date(year, 1, 1)
    names = (known.get(first + dt.timedelta(n)) for n in range(365 + calendar.isleap(year)))
    return len({name.partition(" (")[0] for name in names if name})


def codes_like(country: str) -> list[str]:
    """Codes of the countries, and parts of countries, that may have been meant, the nearest first.

    >>> codes_like("Columbiaa"), codes_like("England"), codes_like("gb"), codes_like("GB-XXX")
    (['CO'], ['GB-ENG'], ['GB'], ['GB-ENG', 'GB-NIR', 'GB-SCT', 'GB-WLS'])
    """
    code, _, part = country.partition("-")
    every = _holidays().list_supported_countries(include_aliases=False)
    if code.upper() not in every:
        given = code.upper()  # UK, USA
        code = next((id_ for _, id_, *other in _countries().values() if given in other), code)
        if code == "GB" and not part:  # whose parts have days that the whole has not
            return [f"GB-{each}" for each in every["GB"]]
    if code.upper() in every:
        parts = every[code.upper()] if part else []
        near = difflib.get_close_matches(part.upper(), parts, n=4, cutoff=0.5) or parts[:6]
        return [f"{code.upper()}-{each}" for each in near] or [code.upper()]
    named = {name.casefold(): f"GB-{id_}" for name, id_ in _of_britain().items()}
    for module, (_, id_, *_) in _countries().items():
        named.setdefault(module.replace("_", " "), id_)
    meant = country.casefold()
    near = [meant] if meant in named else difflib.get_close_matches(meant, named, cutoff=0.75)
    return list(dict.fromkeys(named[name] for name in near))


def place_of(country: str) -> str:
    """What a code stands for: `England` for GB-ENG, `Colombia` for CO, else the code itself."""
    code, _, part = country.partition("-")
    if part:
        names = {id_: name for name, id_ in _of_britain().items()} if code == "GB" else {}
        return names.get(part, country)
    modules = (module for module, (_, id_, *_) in _countries().items() if id_ == code)
    return next(modules, country).replace("_", " ").title() if code else country


def _of_britain() -> dict[str, str]:
    aliases: dict[str, str] = _holidays().country_holidays("GB").subdivisions_aliases
    return aliases


class NamedDays:
    """The names of local dates.

    country: as the package `holidays` codes it (GB) and, where it has parts, which of them (GB-ENG,
    GB-SCT, GB-NIR, GB-WLS); None has no bank holidays, and what the package does not know raises
    `KeyError`. events: (name, first day, last day) each.

    >>> england = NamedDays(events=[("Fair", dt.date(2022, 10, 10), dt.date(2022, 10, 12))])
    >>> england.names(dt.date(2022, 12, 26)), england.names(dt.date(2022, 10, 12))
    (('Boxing Day', 'bank holiday'), ('Fair',))
    >>> england.ordinary(dt.date(2022, 10, 13))
    True
    >>> england.first_time(dt.date(2022, 10, 10), dt.date(2021, 1, 1))
    'no day called Fair since 1 January 2021: nothing to compare this one with'
    """

    def __init__(
        self,
        country: str | None = "GB-ENG",
        events: Sequence[tuple[str, dt.date, dt.date]] = (),
    ) -> None:
        self.events = [Event(*event) for event in events]
        for event in self.events:
            if event.last < event.first:
                raise ValueError(f"{event.name}: the last day, {event.last}, is before the first")
        self._holidays = None if country is None else bank_holidays(country)

    def names(self, day: dt.date) -> tuple[str, ...]:
        """The names of a date, without repetition: events first, then bank holidays."""
        found = [event.name for event in self.events if event.first <= day <= event.last]
        if self._holidays is not None and (official := self._holidays.get(day)):
            found += [*official.split("; "), BANK_HOLIDAY]
        return tuple(dict.fromkeys(found))

    def ordinary(self, day: dt.date) -> bool:
        """Whether a baseline may use this date."""
        return not self.names(day)

    def seen(self, day: dt.date, history_from: dt.date) -> tuple[str, ...]:
        """Those names of a date that an earlier day of the history has.

        Days of the same run don't count: the second day of a fair has not seen a fair before.
        """
        names = self.names(day)
        begun = day
        while begun > dt.date.min and set(self.names(begun - dt.timedelta(1))) & set(names):
            begun -= dt.timedelta(1)
        found: set[str] = set()
        for event in self.events:
            if event.first < begun and event.last >= history_from:
                found.add(event.name)
        if self._holidays is not None:
            for year in range(history_from.year, min(day, _LAST).year + 1):
                for other in self._of_year(year):
                    if history_from <= other < begun:
                        found.update(self.names(other))
        return tuple(name for name in names if name in found)

    def first_time(self, day: dt.date, history_from: dt.date) -> str | None:
        """What to say of a date with a name that the history has not seen; None otherwise."""
        seen = self.seen(day, history_from)
        new = [name for name in self.names(day) if name not in seen]
        if not new:
            return None
        since = f"{history_from.day} {history_from:%B %Y}"
        said = f"no day called {' or '.join(new)} since {since}"
        if seen:
            return f"{said}: compared with {' and '.join(seen)} days only"
        return f"{said}: nothing to compare this one with"

    def _of_year(self, year: int) -> list[dt.date]:
        assert self._holidays is not None  # noqa: S101 - the caller has seen to it
        first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
        self._holidays.get(first)  # the package fills a year when it is asked for a day of it
        return [day for day in self._holidays if first <= day <= last]
