"""The TOML file of a force as it is written: tables, keys, and the form of each value."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from streams.config.measures import AreaKind, DeclaredReading, Dotted, IndicatorTarget

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
Share = Annotated[float, Meta(gt=0, le=1)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Factor = Annotated[float, Meta(gt=0)]
Weight = Annotated[float, Meta(ge=0.001, le=1000)]
Positive = Annotated[int, Meta(gt=0)]
ClockHours = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Year = Annotated[str, Meta(pattern=r"^\d{4}$")]

Window = Literal["5m", "15m", "30m", "1h", "6h", "today", "month"]
ServiceLevel = Literal[
    "answered_of_answered",
    "answered_of_offered",
    "answered_and_abandoned_within_of_offered",
    "answered_of_offered_less_abandoned_within",
    "answered_and_abandoned_at_once_of_offered",
]
AttendedGrade = Literal["emergency", "priority", "scheduled"]
"""The grades of incidents that somebody is to attend."""
AttendedInTime = Literal[
    "of_attended", "of_attended_and_never", "of_deployed", "of_not_cancelled", "of_all_opened"
]


WHOLE = "force"
"""The id under which the whole force is shown; no area may have it."""
AREA_CLASS = "area_class"
"""What kind of area a class of areas is: it holds those that are of it."""
MOST_AT_ONCE = 3
"""Targets of a line that hold at one time."""


class FormerName(Struct, kw_only=True, forbid_unknown_fields=True):
    """What an area was called up to a day."""

    name: Name
    until: dt.date


class Area(Struct, kw_only=True, forbid_unknown_fields=True):
    """A policing area, district or beat. An event names it by id, name or alias.

    `populations` and `households_by_year` have those of some years, each of which holds until the
    next one; before the first, `population` and `households` hold where they are given.

    `class` (`urban`, `rural`) says by which limits it is attended; an area without one has that of
    the area that it lies in.

    It is there `from` a day on, `until` another, its last; what names it later counts in the area
    that it was `replaced_by`. From the days of `boundary_changes` on it can't be compared with what
    was before. Its `former_names` stand for it like aliases, and are shown up to their last day."""

    id: Slug
    name: Name
    kind: AreaKind
    parent: Slug | None = None
    area_class: Slug | None = field(name="class", default=None)
    population: Positive | None = None
    households: Positive | None = None
    populations: dict[Year, Positive] = {}
    households_by_year: dict[Year, Positive] = {}
    aliases: list[Name] = []
    opened: dt.date | None = field(name="from", default=None)
    until: dt.date | None = None
    replaced_by: Slug | None = None
    boundary_changes: list[dt.date] = []
    former_names: list[FormerName] = []


class Target(Struct, kw_only=True, forbid_unknown_fields=True):
    """A target that holds from a date until the next one: `share` of cases within `seconds`."""

    since: dt.date
    seconds: Positive
    share: Share | None = None


class TelephoneLine(Struct, kw_only=True, forbid_unknown_fields=True):
    """A telephone line. A call still waiting after `lost_after_minutes` is shown as unknown.

    Several targets that are set on one day hold together (90 % in 15 seconds and 95 % in 20); the
    first of them is that by which the line is watched. `rings_back`: callers who gave up are rung
    back, and `called_back_at` says when."""

    id: Annotated[str, Meta(min_length=1, max_length=20)]
    name: Name
    targets: Annotated[list[Target], Meta(min_length=1)]
    lost_after_minutes: Positive = 120
    rings_back: bool = False

    def by_date(self, place: int = 0) -> tuple[Target, ...]:
        """The targets in one place among those that hold together, in the order of their dates; ()
        where there never was one. From a date on which none stands there its limit goes on, so that
        calls are counted by it, and there is no share to be reached."""
        dates: dict[dt.date, list[Target]] = {}
        for target in sorted(self.targets, key=lambda each: each.since):
            dates.setdefault(target.since, []).append(target)
        given = [targets[place] for targets in dates.values() if len(targets) > place]
        found: list[Target] = []
        for since, targets in dates.items() if given else ():
            limit = found[-1] if found else given[0]
            none = Target(since=since, seconds=limit.seconds)
            found.append(targets[place] if len(targets) > place else none)
        return tuple(found)


class AttendanceTarget(Target, kw_only=True, forbid_unknown_fields=True):
    """A target of attendance: of emergencies, or of another grade; in all areas, or in those of a
    class."""

    grade: AttendedGrade = "emergency"
    area_class: Slug | None = None


class Attendance(Struct, kw_only=True, forbid_unknown_fields=True):
    """Attendance: the clock runs from `opened_at` to the first resource at scene. `in_time` says of
    which incidents those attended in time are a share. `tells_delay`: callers who wait are to be
    told of the delay, and `recontact_due_at` says by when."""

    targets: Annotated[list[AttendanceTarget], Meta(min_length=1)]
    in_time: AttendedInTime = "of_attended"
    lost_after_hours: Positive = 24
    tells_delay: bool = False

    @property
    def by_class(self) -> bool:
        """Whether any target is that of a class of areas."""
        return any(each.area_class is not None for each in self.targets)

    def by_date(
        self, grade: str = "emergency", area_class: str | None = None
    ) -> tuple[AttendanceTarget, ...]:
        """What a grade is held to in a class of areas, in the order of the dates: by then the
        class's own, else that of all areas. () where the grade has no target."""
        ordered = sorted(self.targets, key=lambda each: each.since)
        plain = [each for each in ordered if each.grade == grade and each.area_class is None]
        own = [each for each in ordered if each.grade == grade and each.area_class == area_class]
        if area_class is None or not own:
            return tuple(plain)
        found = [each for each in plain if each.since < own[0].since]
        return (*found, *own)


class LocalEvent(Struct, kw_only=True, forbid_unknown_fields=True):
    """A dated local event (football, festival, Bonfire Night), inclusive of both days."""

    name: Name
    start: dt.date
    end: dt.date | None = None
    areas: list[Slug] = []


class SystemChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """A dated change of system or of recording.

    `effect` is `mark` where figures can still be compared across the date, which is then said, or
    `restart` where they can't: baselines begin anew. `affects` names measures (`response_mean`), or
    records for every figure made from them (`crimes`); `streams.registry.affected` has all of its
    names. Empty means everything.

    From that day on a feed has `not_carried` some fields, until a later change says that they are
    `carried` again: what rests on them is not known, and never 0.
    """

    date: dt.date
    kind: Literal["system", "recording"]
    what: str
    effect: Literal["mark", "restart"] = "mark"
    affects: list[str] = []
    not_carried: list[Dotted] = []
    carried: list[Dotted] = []


class GrainShares(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How the false episodes of a week are split: what is known by the hour, day and month."""

    hour: Fraction | None = None
    day: Fraction | None = None
    month: Fraction | None = None

    def given(self) -> dict[str, float]:
        """Those that are given, by grain."""
        every = {"hour": self.hour, "day": self.day, "month": self.month}
        return {grain: share for grain, share in every.items() if share is not None}


class GrainFactors(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What `watchroom calibrate` found for the force (`detectors.calibration.alarm_budget`)."""

    hour: Factor | None = None
    day: Factor | None = None
    month: Factor | None = None

    def given(self) -> dict[str, float]:
        """Those that are given, by grain."""
        every = {"hour": self.hour, "day": self.day, "month": self.month}
        return {grain: factor for grain, factor in every.items() if factor is not None}


class ThemeWeights(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How the false alarms of a grain are shared among themes; which series are of which theme says
    `streams.registry.alarm_themes`. The weights are how many series of each theme an area has by
    the day with the shipped lists of categories and offences, so that by these all are alike."""

    calls: Weight = 4
    response: Weight = 3
    asb: Weight = 1
    welfare: Weight = 7
    roads: Weight = 2
    incidents: Weight = 8
    violence: Weight = 4
    acquisitive: Weight = 7
    crimes: Weight = 6
    other: Weight = 1


class Maintenance(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A stretch of time in which nobody is notified of alerts; local time where no offset is given.

    `areas` limits it to some areas; empty means the whole force, its feeds and the pipeline.
    """

    start: dt.datetime = field(name="from")
    end: dt.datetime = field(name="to")
    reason: Name
    areas: list[Slug] = []


class QuietHours(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """For each severity the hours of the day, local, in which nobody is notified: `22:00-07:00`."""

    page: ClockHours | None = None
    notice: ClockHours | None = None
    state: ClockHours | None = None


class ChosenDetector(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A detector that watches a measure by a grain in the place of our own: any that `watchroom
    detect` lists, with the settings that it has there. One with the setting `allowed` keeps to the
    budget of false alarms where that is not given; the others alarm by their own thresholds."""

    measure: Annotated[str, Meta(pattern=r"^\w+\.\w+$", max_length=80)]
    grain: Literal["hour", "day", "month"]
    use: Name
    settings: dict[str, Any] = {}


class AlertSettings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How many false alarms the control room will stand, and who is notified of what.

    `false_episodes_a_week` is over all that is watched; `false_flags` is the share of the monthly
    list of flags that may be chance. Without `waiting_seconds` for a line and
    `unattended_seconds`, the limits follow from the targets and the force's own record, so that a
    target missed every day does not page every day.
    """

    false_episodes_a_week: Annotated[float, Meta(gt=0, le=100)] = 1.0
    shares: GrainShares = GrainShares()
    factors: GrainFactors = GrainFactors()
    weights: ThemeWeights = ThemeWeights()
    false_flags: Annotated[float, Meta(gt=0, lt=1)] = 0.1
    waiting_seconds: dict[str, Positive] = {}
    unattended_seconds: Positive | None = None
    escalate_after_minutes: Positive = 15
    quiet_hours: QuietHours = QuietHours()
    maintenance: list[Maintenance] = []
    detectors: Annotated[list[ChosenDetector], Meta(max_length=200)] = []


class ReceiverSettings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Somebody who is sent messages about the force's alerts. An address holds a password, so it
    stands in a variable of the environment or in a file (looked for beside this one), and never
    here. A receiver that is `nobody` has none: what it would be sent stands in the log."""

    name: Slug
    severities: list[Literal["page", "notice", "state"]] = []
    """Which alerts; by default pages and notices. A state is sent only where it is named."""
    address_env: Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    address_file: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    nobody: bool = False


class NotifySettings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Who is sent messages about the alerts of the force by Watchroom itself; without `receivers`
    those of the installation (`WATCHROOM_NOTIFY`) are. In a `trial` nobody is: what would have been
    sent stands in the log."""

    trial: bool = False
    receivers: Annotated[list[ReceiverSettings], Meta(max_length=50)] = []


class FeedSettings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A feed that sends heartbeats. `heartbeat_seconds` is how far apart they are; without it that
    is learned from them. One that is `retired` is not missed, whatever it sends."""

    heartbeat_seconds: Annotated[float, Meta(gt=0, le=7 * 86_400)] | None = None
    retired: bool = False


class MetricSettings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What of the figures `/metrics` gives to Prometheus.

    `tables` are those that are exported, by default all; `left_out` names tables, or single
    measures (`calls.abandonment`), that are not. Rows by category, grade or offence, and those of
    wide tables, are in `windows` alone, and of a table there are at most `most_rows`. Of the
    series that detectors watch there are at most `most_watches`, widest areas first. `figures` are
    indicators of which the value by area is exported, of each of the `periods` the one that runs
    and the last that is over.
    """

    tables: list[str] | None = None
    left_out: list[str] = []
    windows: tuple[Window, ...] = ("1h", "today", "month")
    most_rows: Annotated[int, Meta(ge=1, le=100_000)] = 5_000
    most_watches: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    figures: Annotated[list[str], Meta(max_length=500)] = []
    periods: tuple[Literal["day", "month", "quarter", "financial_year"], ...] = ("month",)


TileKind = Literal[
    "waiting", "in_time", "unattended", "attended", "open", "alerts", "feeds", "handlers", "ahead"
]
OF_LINES: tuple[TileKind, ...] = ("waiting", "in_time", "ahead")
"""The tiles of which each line has one."""


AreaOrder = Literal["worst_first", "as_listed"]


class WallboardSettings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which tiles the wallboard has, in their order: `unattended`, or one of a line: `waiting.101`.
    Without any the wallboard chooses by the force's lines and by what its feeds bring.

    `areas` is the kind of those that stand beside each other on the screen of areas, by default the
    smallest; `area_order` puts those that need somebody first, or keeps the order of the file.
    `roles` are posts (`Duty inspector`): an alert that one of them has says so on the first screen,
    which names nobody else.
    """

    tiles: Annotated[list[str], Meta(min_length=1, max_length=16)] | None = None
    areas: AreaKind | None = None
    area_order: AreaOrder = "worst_first"
    roles: Annotated[list[Name], Meta(max_length=50)] = []


class ForceFile(Struct, kw_only=True, forbid_unknown_fields=True):
    """The TOML file as written."""

    id: Slug
    name: Name
    timezone: str
    population: Positive
    households: Positive | None = None
    populations: dict[Year, Positive] = {}
    households_by_year: dict[Year, Positive] = {}
    country: str | None = None
    partition_group: Slug | None = None
    service_level: ServiceLevel = "answered_of_offered"
    lines: Annotated[list[TelephoneLine], Meta(max_length=60)] = []
    """None for a service whose calls are not fed."""
    attendance: Attendance
    areas: Annotated[list[Area], Meta(max_length=4000)] = []
    incident_categories: Annotated[list[Dotted], Meta(max_length=4000)] = []
    offence_groups: Annotated[list[Dotted], Meta(max_length=4000)] = []
    markers: Annotated[list[Dotted], Meta(max_length=200)] = []
    carries: Annotated[list[Dotted], Meta(max_length=200)] = []
    most_similar: Annotated[list[Slug], Meta(max_length=50)] = []
    events: list[LocalEvent] = []
    changes: list[SystemChange] = []
    targets: Annotated[list[IndicatorTarget], Meta(max_length=2000)] = []
    readings: Annotated[list[DeclaredReading], Meta(max_length=2000)] = []
    readings_files: list[Name] = []
    alerts: AlertSettings = AlertSettings()
    feeds: dict[Name, FeedSettings] = {}
    metrics: MetricSettings = MetricSettings()
    wallboard: WallboardSettings = WallboardSettings()
    notify: NotifySettings = NotifySettings()
