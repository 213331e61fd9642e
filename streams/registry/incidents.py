"""Incidents: how many, of what category and grade, and how soon emergencies were attended.

All of an incident's figures belong to the minute at which it was opened (or to the day or month,
where no more is known). Attendance runs from `opened_at` to `arrived_at`, the first resource at
scene; within 20 minutes includes the twentieth. A cancelled incident counts nowhere. An incident
closed with no arrival is never attended; an arrival recorded after the close still counts. The last
version of an incident in a finished export that names neither is unknown: it counts, but is neither
never attended nor unattended now.

Counters of a series (category, grade, area): count; attended; within the limit at that date; never
attended; and of the response time the sum (ms) and sum of squares (ms squared).
"""

from __future__ import annotations

from streams.config.force import Force
from streams.errors import Refused
from streams.events.schema import Incident
from streams.periods import DAY, HOUR, SECOND, to_ms
from streams.registry.histogram import bin_of
from streams.registry.kind import (
    BIN_SHIFT,
    EARLIEST,
    PRECISION_SHIFT,
    SECOND_PRECISE,
    WHEN_SHIFT,
    Contribution,
    CounterLayout,
    RecordRules,
    check_length,
    check_plausible,
    missing_field,
    partial_stamp,
)

GRADES = ("ungraded", "emergency", "priority", "scheduled", "no_attendance")
EMERGENCY = 1
PENDING, ATTENDED, NEVER, CANCELLED = 0, 1, 2, 3

# Packed, lowest bit first: open 1, disposition 2, response in ms 32, area 12, grade 3, category 12,
# ended 1.
_DISPOSITION_SHIFT, _RESPONSE_SHIFT, _SERIES_KEY_SHIFT = 1, 3, 35
_ENDED = 1 << 62
"""The bit of an incident that is closed or cancelled, or whose export is finished: nothing more is
to come."""
_RESPONSE_MASK, _SERIES_KEY_MASK = (1 << 32) - 1, (1 << 27) - 1

COUNTERS = CounterLayout(
    ("count", 32),
    ("attended", 32),
    ("within", 32),
    ("never", 32),
    ("sum", 64),
    ("squares", 112),
)
_SUM, _SQUARES = COUNTERS.shift["sum"], COUNTERS.shift["squares"]
_C_COUNT = COUNTERS.one("count")
_C_ATTENDED = COUNTERS.one("count", "attended")
_C_WITHIN = COUNTERS.one("within")
_C_NEVER = COUNTERS.one("count", "never")


def series_key_of(category: int, grade: int, area: int) -> int:
    """The series key of a category, a grade and an area, all by index."""
    return (category << 3 | grade) << 12 | area


def split_series_key(series_key: int) -> tuple[int, int, int]:
    """(category, grade, area) of a series key, all by index."""
    return series_key >> 15, (series_key >> 12) & 7, series_key & 4095


class Incidents(RecordRules):
    """The `Kind` of incidents for one force."""

    name = "incident"
    horizon = 35 * DAY
    grace = HOUR
    counters = COUNTERS

    def __init__(self, force: Force) -> None:
        super().__init__()
        self.force = force
        self._limits = force.target_steps(force.file.attendance.targets)
        self._series_keys: dict[tuple[str, str | None, str | None], int] = {}
        self._grades = {name: index for index, name in enumerate(GRADES)}

    def limit(self, when: int) -> int:
        """The attendance limit in ms at `when`; before the first date, the first."""
        for since, limit, _ in self._limits:
            if when >= since:
                return limit
        return self._limits[-1][1]

    def pack(self, event: Incident, updated: int) -> int:
        """The packed record of an incident."""
        if event.opened_at is None:
            raise missing_field("opened_at")
        if event.category is None:
            raise missing_field("category")
        opened, precision = partial_stamp("opened_at", event.opened_at, self.force.zone)
        if not EARLIEST <= opened <= updated:
            check_plausible("opened_at", opened)
            opened = self.clamped("opened_at", opened, updated)
        series_key = self._series_keys.get((event.category, event.grade, event.area))
        if series_key is None:
            series_key = self._series_key(event, event.category)
        if event.markers:
            self.note_markers(self.force, event)
        # graded_at and dispatched_at enter no figure yet: an error there must not lose an incident.
        response, disposition = 0, PENDING
        if event.arrived_at is not None:
            if precision != SECOND_PRECISE:
                raise Refused("arrival_without_time", "arrived_at needs an exact opened_at")
            arrived = to_ms(event.arrived_at)
            response = self.duration("opened", opened, "arrived", arrived, updated)
            check_length("arrived", response)
            disposition = ATTENDED
        if event.closed_at is not None:
            if precision == SECOND_PRECISE:
                self.duration("opened", opened, "closed", to_ms(event.closed_at), updated)
            if disposition == PENDING:
                disposition = NEVER
        if event.cancelled:
            disposition, response = CANCELLED, 0
        ended = event.closed_at is not None or event.cancelled or event.played == "end"
        unattended = (
            disposition == PENDING
            and not ended
            and precision == SECOND_PRECISE
            and event.grade == GRADES[EMERGENCY]
        )
        return (
            opened << WHEN_SHIFT
            | precision << PRECISION_SHIFT
            | series_key << _SERIES_KEY_SHIFT
            | response << _RESPONSE_SHIFT
            | disposition << _DISPOSITION_SHIFT
            | unattended
            | (_ENDED if ended else 0)
        )

    def _series_key(self, event: Incident, category: str) -> int:
        """The series key of what an event names. Names as the force's file writes them are
        remembered: one
        look-up for the next event."""
        vocabulary, grade, area = self.force.categories, event.grade, event.area
        series_key = series_key_of(
            self.category_of(event, "category", vocabulary, category),
            0 if grade is None else self._grades[grade],
            self.area_of(self.force, event),
        )
        if category in vocabulary.index and (area is None or area in self.force.area_index):
            self._series_keys[category, grade, area] = series_key
        return series_key

    def contribution(self, packed: int) -> Contribution | None:
        """Its series, and for an attended incident the bin of its response time."""
        disposition = (packed >> _DISPOSITION_SHIFT) & 3
        if disposition == CANCELLED:
            return None
        when = packed >> WHEN_SHIFT
        precision = (packed >> PRECISION_SHIFT) & 3
        series_key = (packed >> _SERIES_KEY_SHIFT) & _SERIES_KEY_MASK
        if disposition == PENDING:
            return when, precision, series_key, _C_COUNT, -1
        if disposition == NEVER:
            return when, precision, series_key, _C_NEVER, -1
        response = (packed >> _RESPONSE_SHIFT) & _RESPONSE_MASK
        counters = _C_ATTENDED + (response << _SUM) + (response * response << _SQUARES)
        if response <= self.limit(when):
            counters += _C_WITHIN
        return (
            when,
            precision,
            series_key,
            counters,
            series_key | bin_of(response // SECOND) + 1 << BIN_SHIFT,
        )

    def unfinished(self, packed: int) -> bool:
        """An incident that is not closed, attended or not. One known only to the day or the month
        comes from no live feed: no end of it will come."""
        return not packed & _ENDED and (packed >> PRECISION_SHIFT) & 3 == SECOND_PRECISE

    def lost_after(self, packed: int) -> int:
        """Milliseconds after which an emergency still unattended is shown as unknown."""
        return self.force.file.attendance.lost_after_hours * HOUR
