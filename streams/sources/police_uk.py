"""data.police.uk street files: one row a crime or anti-social behaviour incident, known by month.

Outcome files, which have the month of each outcome, are read beside them:
`streams.sources.police_uk_histories`.

**Kinds.** Anti-social behaviour becomes an `incident` of category `asb`; every other row a `crime`
whose `offence` stands one to one for the file's crime type. `recorded_at` and `opened_at` are the
month, so that the record enters no day or hour.

**Blank Crime IDs.** All anti-social behaviour, and now and then a crime, has none. The id is then a
digest of the row (month, force, place and crime type; not the outcome, which changes later) and an
ordinal among the rows of the same file that have the same digest. The same file always gives the
same ids, so a month replayed twice, or months in any order, count once. It follows that one month
of one force must stand in one file, as it is published.

**Repeated Crime IDs** are versions of one record. `updated_at` is the last second of the row's
month, local time, so the row of the latest month wins; within a month it is the row with the
greatest content, as the ledger compares it. That does not depend on the order of files or rows.

**Areas.** The LSOA name without its code ("Rugby 012B" is Rugby) is looked up among the areas of
the force. A row without an LSOA, or with one outside the force, counts under the force alone.

**Outcomes.** `outcome` is the Home Office code where the published words leave no choice, else
`outcome_group` is its group; see `OUTCOMES` and `OUTCOME_GROUPS`. They carry no date, so
`outcome_at` stays empty.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Literal
from zoneinfo import ZoneInfo

from streams.config.force import Force, find_force, shipped_forces
from streams.errors import Refused
from streams.events.schema import Crime, Incident, encode_event

ASB = "Anti-social behaviour"
OFFENCES: Mapping[str, str] = {
    "Bicycle theft": "bicycle_theft",
    "Burglary": "burglary",
    "Criminal damage and arson": "damage_arson",
    "Drugs": "drugs",
    "Other crime": "other_crime",
    "Other theft": "other_theft",
    "Possession of weapons": "weapons",
    "Public order": "public_order",
    "Robbery": "robbery",
    "Shoplifting": "shoplifting",
    "Theft from the person": "theft_from_person",
    "Vehicle crime": "vehicle",
    "Violence and sexual offences": "violence_and_sexual",
}
"""Crime type to offence group, one to one. A type that is not listed (files before 2013 have some)
becomes its own name in small letters, which a force's vocabulary counts under `other`."""

OUTCOMES: Mapping[str, int] = {
    # A court's result, and waiting for one, both follow a charge or summons.
    "Suspect charged": 1,
    "Awaiting court outcome": 1,
    "Court case unable to proceed": 1,
    "Court result unavailable": 1,
    "Defendant found not guilty": 1,
    "Defendant sent to Crown Court": 1,
    "Offender deprived of property": 1,
    "Offender fined": 1,
    "Offender given absolute discharge": 1,
    "Offender given community sentence": 1,
    "Offender given conditional discharge": 1,
    "Offender given suspended prison sentence": 1,
    "Offender ordered to pay compensation": 1,
    "Offender otherwise dealt with": 1,
    "Offender sent to prison": 1,
    "Offender given penalty notice": 6,
    "Offender given a drugs possession warning": 7,
    "Local resolution": 8,
    "Investigation complete; no suspect identified": 18,
    "Action to be taken by another organisation": 20,
    "Further investigation is not in the public interest": 21,
}
"""Last outcome category to Home Office outcome code, where the words stand for one."""

OutcomeGroup = Literal["action_taken", "no_action"]
OUTCOME_GROUPS: Mapping[str, OutcomeGroup] = {
    "Offender given a caution": "action_taken",  # 2, 3
    "Suspect charged as part of another case": "action_taken",  # 1, 4
    "Unable to prosecute suspect": "no_action",  # 11 to 17
    "Formal action is not in the public interest": "no_action",  # 9, 10
    "Further action is not in the public interest": "no_action",  # 5, 22
}
"""Those that several codes share, by the group that all of these belong to."""

UNDECIDED = frozenset({"", "Under investigation", "Status update unavailable"})
"""What says that nothing is decided, or known."""

LONGEST_ID = 128
_LSOA = re.compile(r"(.+) \d{3}[A-Z]$")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def is_street(header: Sequence[str]) -> bool:
    """Whether these are the columns of a street file."""
    return {"Crime ID", "Month", "Falls within", "Crime type", "LSOA name"} <= set(header)


def is_stop_and_search(header: Sequence[str]) -> bool:
    """Whether this is a stop-and-search file, which has no records that are counted."""
    return {"Object of search", "Legislation"} <= set(header)


def force_slug(name: str) -> str:
    """The id of a force by its published name: "West Mercia Police" is `west-mercia`."""
    for ending in (" Police Service", " Police", " Constabulary"):
        name = name.removesuffix(ending)
    return re.sub(r"[^a-z0-9]+", "-", name.casefold().replace("&", "and")).strip("-")


class ForceRows:
    """What all rows of one force share."""

    def __init__(self, slug: str, force: Force | None) -> None:
        self.id = slug if force is None else force.id
        self.force = force
        self.zone = ZoneInfo("Europe/London") if force is None else force.zone
        self.areas: dict[str, str | None] = {"": None}
        self.months: dict[str, dt.datetime] = {}

    def area(self, lsoa: str) -> str | None:
        """The id of the area that an LSOA lies in; None outside the force."""
        try:
            return self.areas[lsoa]
        except KeyError:
            match = _LSOA.fullmatch(lsoa)
            found = None
            if self.force is not None:
                try:
                    area = self.force.areas[self.force.find_area(match[1] if match else lsoa)]
                except KeyError:
                    area = None
                found = None if area is None else area.id
            self.areas[lsoa] = found
            return found

    def end_of(self, month: str) -> dt.datetime:
        """The last second of a month, local time; raises `Refused` for what is no month."""
        try:
            return self.months[month]
        except KeyError:
            if _MONTH.fullmatch(month) is None or not "1990" <= month < "2110":
                raise Refused("bad_time", f'Month: "{month}" is no month') from None
            first = dt.date(int(month[:4]), int(month[5:]), 1)
            last = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
            last -= dt.timedelta(days=1)
            end = dt.datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=self.zone)
            # A fixed offset is written several times as fast as a time zone.
            self.months[month] = end.replace(tzinfo=dt.timezone(end.utcoffset() or dt.timedelta()))
            return self.months[month]


class PublishedForces:
    """The forces of some rows by their published names.

    `forces` are the known forces by id; a shipped force is found without it. A force that is not
    known keeps its slug as id, and its rows have no area.
    """

    def __init__(self, forces: Mapping[str, Force]) -> None:
        self._known = dict(forces)
        self._met: dict[str, ForceRows] = {}

    def of(self, name: str) -> ForceRows:
        """The force that a row falls within; raises `Refused` where it does not say."""
        return self._met.get(name) or self._meet(name)

    def _meet(self, name: str) -> ForceRows:
        slug = force_slug(name)
        if not slug:
            raise Refused("no_force", "Falls within is blank")
        force = self._known.get(slug)
        if force is None:
            for candidate in self._known.values():
                if slug in {force_slug(candidate.name), force_slug(candidate.id)}:
                    force = candidate
        if force is None and slug in shipped_forces():
            force = find_force(slug)
        self._met[name] = ForceRows(slug[:80], force)
        return self._met[name]


def checked_id(text: str) -> str:
    """A Crime ID; raises `Refused` for one that is too long."""
    if len(text) > LONGEST_ID:
        raise Refused("wrong_form", f"Crime ID is longer than {LONGEST_ID} characters")
    return text


def encoded(event: Crime | Incident) -> bytes:
    """An event as a line; raises `Refused` where its texts were no UTF-8."""
    try:
        return encode_event(event)
    except UnicodeEncodeError:
        raise Refused("bad_encoding", "the bytes are not UTF-8") from None


class StreetRows:
    """The rows of one street file; call it with the cells of a row."""

    def __init__(self, header: Sequence[str], forces: Mapping[str, Force]) -> None:
        place = {name: position for position, name in enumerate(header)}
        self._id, self._month = place["Crime ID"], place["Month"]
        self._force, self._lsoa = place["Falls within"], place["LSOA name"]
        self._type, self._outcome = place["Crime type"], place.get("Last outcome category", -1)
        alike = ("Month", "Falls within", "Longitude", "Latitude", "Location", "LSOA code")
        self._alike = [place[n] for n in (*alike, "LSOA name", "Crime type") if n in place]
        self._seen: dict[bytes, int] = {}
        self._forces = PublishedForces(forces)

    def __call__(self, cells: list[str]) -> bytes:
        """One row as an event line; raises `Refused`."""
        return encoded(self.event(cells))

    def has_id(self, cells: list[str]) -> bool:
        """Whether a row has a Crime ID, by which outcomes can name it."""
        return cells[self._id] != "" and cells[self._type] != ASB

    def event(self, cells: list[str]) -> Crime | Incident:
        """One row as an event; raises `Refused`."""
        force = self._forces.of(cells[self._force])
        month, crime_type = cells[self._month], cells[self._type]
        updated = force.end_of(month)
        area = force.area(cells[self._lsoa])
        key = checked_id(cells[self._id] or self._made_up(cells))
        if crime_type == ASB:
            return Incident(
                force=force.id,
                id=key,
                updated_at=updated,
                opened_at=month,
                category="asb",
                area=area,
            )
        words = cells[self._outcome] if self._outcome >= 0 else ""
        return Crime(
            force=force.id,
            id=key,
            updated_at=updated,
            recorded_at=month,
            offence=OFFENCES.get(crime_type) or _unlisted(crime_type),
            area=area,
            outcome=OUTCOMES.get(words),
            outcome_group=OUTCOME_GROUPS.get(words),
        )

    def _made_up(self, cells: list[str]) -> str:
        content = "\x1f".join([cells[i] for i in self._alike])
        digest = blake2b(content.encode("utf-8", "surrogateescape"), digest_size=12).digest()
        ordinal = self._seen[digest] = self._seen.get(digest, 0) + 1
        return f"{cells[self._month]}-{digest.hex()}-{ordinal}"


def _unlisted(crime_type: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", crime_type.casefold()).strip("_")
    if not slug or len(slug) > 80:
        raise Refused("wrong_form", f'Crime type: "{crime_type[:80]}" is no crime type')
    return slug
