"""Crime records: recorded crime by offence group and area.

A crime belongs to the moment at which it was recorded, to the precision that is known: a record
known only to the month enters no day and no hour. A cancelled crime ("no crime") counts nowhere.
"""

from __future__ import annotations

from streams.config.force import Force
from streams.events.schema import Crime
from streams.periods import DAY
from streams.registry.kind import (
    PRECISION_SHIFT,
    WHEN_SHIFT,
    Contribution,
    CounterLayout,
    RecordRules,
    check_plausible,
    missing_field,
    partial_stamp,
)

# Packed, lowest bit first: open 1 (never set), cancelled 1, area 12, offence 12.
_CANCELLED, _AREA_SHIFT, _OFFENCE_SHIFT = 2, 2, 14
_SERIES_KEY_MASK = (1 << 24) - 1

COUNTERS = CounterLayout(("count", 32))
_C_COUNT = COUNTERS.one("count")


def series_key_of(offence: int, area: int) -> int:
    """The series key of an offence group and an area, both by index."""
    return offence << 12 | area


def split_series_key(series_key: int) -> tuple[int, int]:
    """(offence, area) of a series key, both by index."""
    return series_key >> 12, series_key & 4095


class Crimes(RecordRules):
    """The `Kind` of crime records for one force."""

    name = "crime"
    horizon = 761 * DAY  # 25 months
    grace = DAY
    counters = COUNTERS

    def __init__(self, force: Force) -> None:
        super().__init__()
        self.force = force

    def pack(self, event: Crime, updated: int) -> int:
        """The packed record of a crime record."""
        if event.recorded_at is None:
            raise missing_field("recorded_at")
        if event.offence is None:
            raise missing_field("offence")
        recorded, precision = partial_stamp("recorded_at", event.recorded_at, self.force.zone)
        check_plausible("recorded_at", recorded)
        recorded = self.clamped("recorded_at", recorded, updated)
        for field, text in (
            ("committed_from", event.committed_from),
            ("committed_to", event.committed_to),
            ("outcome_at", event.outcome_at),
        ):
            if text is not None:
                self.clamped(field, partial_stamp(field, text, self.force.zone)[0], updated)
        self.note_markers(self.force, event)
        return (
            recorded << WHEN_SHIFT
            | precision << PRECISION_SHIFT
            | self.category_of(event, "offence", self.force.offences, event.offence)
            << _OFFENCE_SHIFT
            | (0 if event.area is None else self.area_of(self.force, event)) << _AREA_SHIFT
            | (_CANCELLED if event.cancelled else 0)
        )

    def contribution(self, packed: int) -> Contribution | None:
        """Its series, or nothing for a cancelled crime."""
        if packed & _CANCELLED:
            return None
        return (
            packed >> WHEN_SHIFT,
            (packed >> PRECISION_SHIFT) & 3,
            (packed >> _AREA_SHIFT) & _SERIES_KEY_MASK,
            _C_COUNT,
            -1,
        )

    def unfinished(self, packed: int) -> bool:
        """Never: whether there is an outcome yet enters no figure of a crime's period."""
        return False

    def lost_after(self, packed: int) -> int:
        """Never asked: no gauge counts a crime record."""
        return 0
