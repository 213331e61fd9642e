"""The heart: events in, the board out. Pure: no clock, no I/O; the time is an argument.

`ingest` folds lines of events. `advance` moves the clock that views are judged by, which changes
nothing that is stored. `board` gives every live figure of a force as of an instant.

State is kept in *shards*: the unit that one topic-partition feeds and one checkpoint holds, that is
one kind of event for one or more forces. Kinds are joined only when the board is read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import msgspec

from streams.board.area_sums import AreaSums
from streams.board.definitions import definitions, period_targets
from streams.board.incomplete import incomplete
from streams.board.model import (
    Board,
    FeedAge,
    FirstPublished,
    ForceShown,
    Incomplete,
    KindTaken,
    KnownDays,
    NowFigures,
    PeriodFigures,
    ReportedFigure,
    Row,
    board_types,
    heard,
)
from streams.board.repeats import Repeats, keep, revise
from streams.board.reported import Reports
from streams.board.rollup import Rollup
from streams.board.stopped import StoppedFields
from streams.board.tables import ChangedStretches, Tables, both, without
from streams.board.totals import TotalsBeside
from streams.board.unheard import Unheard
from streams.config.force import Force
from streams.errors import Refused
from streams.events.lenient import salvage
from streams.events.refusals import FeedKey, Refusals, RefusedFeed, key_in
from streams.events.schema import SHALLOW, Event, check_depth, refusal
from streams.events.unknown_values import UnknownValues
from streams.fold.gaps import CUT
from streams.fold.heartbeats import Heartbeats, breaks, interval_of, patience
from streams.fold.ledger import MOST_RECORDS, InMemory, Ledger
from streams.fold.log_gap import LogGap
from streams.fold.panes import NOTHING, Parts
from streams.fold.readings import Readings
from streams.fold.totals import MEASURE
from streams.periods import DAY, MINUTE, Calendar, Grain, Period, Span, rfc3339
from streams.registry.affected import check_affects
from streams.registry.calls import CALL
from streams.registry.measures import Group
from streams.registry.packing import Packer
from streams.registry.registry import REGISTRY, Registry
from streams.registry.targets import check_measures
from streams.stretches import Stretch

WINDOWS: dict[str, int] = {"5m": 5, "15m": 15, "30m": 30, "1h": 60, "6h": 360}
"""Sliding windows and their minutes; `today` and `month` are calendar periods."""
WINDOW_NAMES = (*WINDOWS, "today", "month")

VOLATILE = (
    "feeds",
    "ingest",
    "incomplete",
    "revisions",
    "alerts",
    "status",
    "surveillance",
    "ahead",
)
"""Parts of a board that depend on how and when the events came; the rest does not."""

Add = Callable[[Any, int], Iterator[None] | None]
"""Folds one event, and gives what is still to be done of it, step by step; raises `Refused`."""
NONE: dict[str, Add] = {}
FOREIGN = "wrong_prefix"
"""Why a record is refused in a topic that is of other forces."""
LINES_A_STEP = 32
"""Lines that are folded in one step, where none of them closes a period."""

_canonical = msgspec.json.Encoder(order="sorted").encode


class Refusal(NamedTuple):
    """A line that became a dead letter: which (from 0), its raw bytes, and why."""

    line: int
    raw: bytes
    reason: str
    detail: str


class Asked(NamedTuple):
    """A window or period that is asked for, [start, end) in ms; of a period that has one its
    grain."""

    start: int
    end: int
    grain: Grain | None = None


class Folded:
    """How far the folding of a payload has got; of several, that of the one that is being folded.

    What is refused is given to `refuse` as it comes, by default kept in `refusals`."""

    __slots__ = ("blank", "lines", "refusals", "refuse", "refused")

    def __init__(self, refuse: Callable[[Refusal], None] | None = None) -> None:
        self.lines = 0
        """Lines that were folded or refused, blank ones among them."""
        self.refused = self.blank = 0
        """Lines that were refused, and those of nothing but spaces, that are passed over."""
        self.refusals: list[Refusal] = []
        self.refuse = refuse or self.refusals.append


class Shard:
    """The state that one topic-partition feeds: one kind, some forces."""

    def __init__(
        self,
        kind: str,
        forces: Iterable[Force],
        most: int = MOST_RECORDS,
        registry: Registry = REGISTRY,
        admits: Iterable[str] | None = None,
    ) -> None:
        """`admits` are the ids of the forces of which its topic may have any records, where it is
        not of all; in this partition or in another."""
        self.admits = None if admits is None else frozenset(admits)
        self.kind = kind
        self.registry = registry
        self.forces = tuple(forces)
        self.folds: dict[str, Ledger | Readings | Heartbeats] = {}
        for force in self.forces:
            if kind == "reading":
                self.folds[force.id] = Readings(force)
            elif kind == "heartbeat":
                self.folds[force.id] = Heartbeats(force)
            else:
                ledger = Ledger(Packer(registry.kinds[kind], force), Calendar(force.zone), most)
                ledger.stepwise = True
                self.folds[force.id] = ledger
        self.gaps: list[LogGap] = []
        """What the log lost of it before it was counted."""
        self.surveillance: dict[str, Any] = {}
        """What watches its ledgers, by force id: a runner's `Surveillance`, which stands above."""
        self.adders: dict[str, Add] = {name: fold.add for name, fold in self.folds.items()}
        self.repeats = self._people()
        """The people in its records, by force id; those that share a `partition_group` are in one
        shard."""

    def _people(self) -> dict[str, Repeats]:
        found, ledgers = dict[str, Repeats](), self.ledgers()
        rules = self.registry.repeats_of(self.kind)
        for group in {force.partition_group for force in self.forces} if rules else ():
            allied = [force for force in self.forces if force.partition_group == group]
            several = [ledgers[force.id] for force in allied]
            made = [
                Repeats(force, own, [each for each in several if each is not own], rules)
                for force, own in zip(allied, several, strict=True)
            ]
            found |= {each.force.id: each for each in made}
            for ledger in several:
                ledger.on_leaving = partial(keep, made)
                ledger.on_late_people = partial(revise, made, ledger)
        return found

    def ledgers(self) -> dict[str, Ledger]:
        """The ledgers by force id; empty for readings and heartbeats."""
        return {f: fold for f, fold in self.folds.items() if isinstance(fold, Ledger)}


class Monitor:
    """All shards of one process."""

    def __init__(
        self,
        forces: Iterable[Force],
        *,
        registry: Registry = REGISTRY,
        all_shards: bool = True,
    ) -> None:
        self.registry = registry
        self.types = board_types(registry)
        self._kinds = {struct: kind for kind, struct in registry.structs.items()}
        self.forces = {force.id: force for force in forces}
        check_affects(self.forces.values(), registry)
        check_measures(self.forces.values(), registry)
        self.shards: list[Shard] = []
        self.now = 0
        self.history_ends: dict[str, int] = {}
        """By force the end of the last local day of a history that was played to its end, in ms:
        nothing more comes, so that day, and what ends with it, is over. Empty while more may."""
        self.refused: dict[str, Counter[str]] = {
            kind: Counter() for kind in (*self.registry.structs, "unknown")
        }
        """Lines refused, by kind (`unknown` where not even that can be told) and reason."""
        self.refusals = Refusals()
        """The feeds of which every line is refused."""
        self._changed: defaultdict[tuple[str, str, str], ChangedStretches] = defaultdict(
            ChangedStretches
        )
        self._tables: dict[tuple[str, str], Tables] = {}
        self._area_sums: dict[tuple[str, str, int], AreaSums] = {}
        self._reports: dict[str, Reports] = {}
        self._stopped: dict[tuple[str, str], StoppedFields] = {}
        self._unheard: dict[tuple[str, str], Unheard] = {}
        if all_shards:
            for kind in registry.structs:
                self.shards.append(Shard(kind, self.forces.values(), registry=registry))

    def add_shard(self, shard: Shard) -> None:
        """Takes a shard in, for example one that a partition was assigned for."""
        self.shards.append(shard)
        self.connect(shard)

    def connect(self, shard: Shard) -> None:
        """Lets what watches a shard know of the heartbeats of its feed."""
        for force_id, watching in shard.surveillance.items():
            watching.missing.breaks = partial(self._breaks, force_id, shard.kind)

    def _breaks(self, force_id: str, kind: str, span: Span) -> list[Span] | None:
        """Where in a span the heartbeats of a feed were due and did not come; None where that
        can't be told."""
        for shard in self.shards:
            fold = shard.folds.get(force_id)
            if isinstance(fold, Heartbeats):
                for feed in (self.registry.names[kind], kind):
                    if feed in fold.beating:
                        every = interval_of(self.forces[force_id], fold, feed)
                        # Before it is known how far apart they are, none can be due.
                        return None if every is None else breaks(fold.beating[feed], every, span)
        return None

    def drop_shard(self, shard: Shard) -> None:
        """Lets a shard go; its figures leave the board."""
        self.shards.remove(shard)

    def play_history(self, on: bool = True) -> None:
        """From now on (until `on` is False) a finished history is played, in the order of its
        updates: a new record of a sealed period counts. Records that leave the ledger are kept in
        memory where no runner has given them another place."""
        for shard in self.shards:
            for ledger in shard.ledgers().values():
                ledger.counts_sealed = on
                if ledger.departed is None:
                    ledger.departed = InMemory()

    def ingest(self, payload: bytes, appended: int, only: Shard | None = None) -> list[Refusal]:
        """Folds the lines of a payload, one JSON object each; blank lines are passed over.

        `appended` is when the log took the payload, in ms. With `only`, every line must belong to
        that shard. Returns what was refused; every other line is folded, whatever its neighbours.
        """
        folded = Folded()
        for _ in self.steps(payload, appended, only, folded):
            pass
        return folded.refusals

    def steps(
        self, payload: bytes, appended: int, only: Shard | None, folded: Folded
    ) -> Iterator[None]:
        """The same in steps of at most `LINES_A_STEP` lines or one period that closes. Nothing else
        may be folded into the same shards before the last step; figures may be read."""
        return self.steps_of(((payload, appended),), only, folded)

    def steps_of(
        self, payloads: Iterable[tuple[bytes, int]], only: Shard | None, folded: Folded
    ) -> Iterator[None]:
        """The same for payloads and when the log took each. One is asked for once all lines of the
        one before are folded: payloads of a line each then take as many a step as lines of one."""
        shards, decode_line = self.shards if only is None else [only], self.registry.decode_line
        adders: dict[type, dict[str, Add]] = {}  # not of each kind: a payload may be a single line
        for shard in shards:
            adders.setdefault(self.registry.structs[shard.kind], {}).update(shard.adders)
        left = LINES_A_STEP
        for payload, appended in payloads:
            lines = payload.split(b"\n")
            folded.lines = folded.refused = folded.blank = 0
            shallow = max(map(len, lines)) <= SHALLOW
            for number, line in enumerate(lines, start=1):
                try:
                    if not shallow and len(line) > SHALLOW:
                        check_depth(line)
                    event = decode_line(line)
                    add = adders.get(event.__class__, NONE).get(event.force)
                    if add is None:
                        raise self._misplaced(event, only)
                    crossing = add(event, appended)
                    if crossing is not None:
                        folded.lines = number
                        yield from crossing
                except Exception as error:  # noqa: BLE001 - no line may stop its neighbours
                    if line and not line.isspace():
                        folded.lines = number
                        refused = yield from self._salvage(line, error, appended, shards, only)
                        if refused is not None:
                            self._refuse(number - 1, line, refused, appended, only, folded)
                    elif line:
                        folded.blank += 1
                left -= 1
                if not left:
                    left, folded.lines = LINES_A_STEP, number
                    yield
            folded.lines = len(lines)

    def origins(self, force_id: str) -> dict[str, dict[str, int]]:
        """By kind of record how many lines were taken of each origin: `live`, `replayed`,
        `simulated`; of those that brought none there is nothing."""
        found = {}
        for shard in self.shards:
            ledger = self.ledger(shard.kind, force_id)
            if ledger is None or shard.kind in found:
                continue
            taken = ledger.versions
            lines = taken.new + taken.revised + taken.same + taken.stale
            number_of = {"live": lines - ledger.made_up.total(), **ledger.made_up}
            found[shard.kind] = {name: number for name, number in number_of.items() if number > 0}
        return {kind: by_origin for kind, by_origin in found.items() if by_origin}

    def _refuse(
        self,
        place: int,
        line: bytes,
        refused: Refused,
        appended: int,
        only: Shard | None,
        folded: Folded,
    ) -> None:
        """Hands a refused line over and counts it."""
        folded.refused += 1
        folded.refuse(Refusal(place, line, refused.reason, refused.detail))
        self.refused[only.kind if only else self._kind_in(line)][refused.reason] += 1
        if refused.reason != FOREIGN:  # which says nothing of the feed of the force that it names
            self._note_refused(line, refused.reason, appended, only)

    def _salvage(
        self,
        line: bytes,
        error: Exception,
        appended: int,
        shards: Sequence[Shard],
        only: Shard | None,
    ) -> Generator[None, None, Refused | None]:
        """Folds what can be kept of a line that met with `error`, in short steps, and counts what
        was unknown in it; why it is refused, where nothing can be kept."""
        if not isinstance(error, msgspec.ValidationError):
            return refusal(error, line)
        try:
            kept = salvage(line, error)
            event = kept.event
            kind = self._kinds[type(event)]
            shard = next((s for s in shards if s.kind == kind and event.force in s.folds), None)
            if shard is None:
                raise self._misplaced(event, only)
            fold = shard.folds[event.force]
            if isinstance(fold, Ledger):
                for field, value in kept.unknown:
                    fold.packer.unknown.note(event, field, value)
            yield from shard.adders[event.force](event, appended) or ()
        except Exception as again:  # noqa: BLE001 - no line may stop its neighbours
            return refusal(again, line)
        return None

    def _kind_in(self, line: bytes) -> str:
        """The kind that a refused line says it is, as far as it can be read."""
        try:
            kind = msgspec.json.decode(line, type=_JustKind).kind
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            return "unknown"
        return kind if kind in self.registry.structs else "unknown"

    def _note_refused(self, line: bytes, reason: str, appended: int, only: Shard | None) -> None:
        key = key_in(line) or self._feed_of(only)
        if key is not None and (mark := self._mark(key)) is not None:
            self.refusals.note(key, mark, line, reason, appended)

    def _feed_of(self, only: Shard | None) -> FeedKey | None:
        """The feed of a line that can't be read, by where it came; None where it may be of several
        (also of heartbeats, whose feeds have names)."""
        if only is None or len(only.folds) != 1 or only.kind == "heartbeat":
            return None
        return FeedKey(next(iter(only.folds)), only.kind)

    def _mark(self, key: FeedKey) -> int | None:
        """A number that changes with every line of the feed that is taken; None where it is not
        held here."""
        for shard in self.shards:
            if shard.kind == key.kind and key.force in shard.folds:
                fold = shard.folds[key.force]
                if isinstance(fold, Heartbeats):
                    return fold.latest.get(key.feed, 0)
                if isinstance(fold, Ledger):
                    versions = fold.versions
                    return versions.new + versions.revised + versions.same + versions.stale
                return fold.lines
        return None

    def refused_feeds(self, force_id: str) -> list[RefusedFeed]:
        """The feeds of a force of which a line was refused, and none has been taken since."""
        found = []
        for key in self.refusals.keys(force_id):
            mark = self._mark(key)
            held = None if mark is None else self.refusals.of(key, mark)
            found += [] if held is None else [held]
        return found

    def _misplaced(self, event: Event, only: Shard | None) -> Refused:
        """Why no shard here takes an event."""
        if event.force not in self.forces:
            return Refused("unknown_force", f'"{event.force}" is none of {sorted(self.forces)}')
        if only is not None and self._kinds[type(event)] != only.kind:
            return Refused("wrong_topic", f"a {self._kinds[type(event)]} does not belong here")
        if only is not None and only.admits is not None and event.force not in only.admits:
            return Refused(
                FOREIGN, f'this topic is of {sorted(only.admits)}; "{event.force}" has its own'
            )
        return Refused("wrong_partition", f'"{event.force}" belongs in another partition')

    def advance(self, now: int) -> None:
        """Moves the clock of the views to `now`, in ms. Only a clock that was set goes back."""
        self.now = now

    def ledger(self, kind: str, force_id: str) -> Ledger | None:
        """The ledger of a kind and force, where this process has it."""
        for shard in self.shards:
            if shard.kind == kind and force_id in shard.folds:
                fold = shard.folds[force_id]
                return fold if isinstance(fold, Ledger) else None
        return None

    def area_sums(self, force_id: str, kind: str, clock: int) -> AreaSums:
        """What the records of a kind count by area, by one of its clocks."""
        place = force_id, kind, clock
        if place not in self._area_sums:
            of = self.registry.kinds[kind], clock, self.forces[force_id]
            self._area_sums[place] = AreaSums(*of)
        return self._area_sums[place]

    def repeats(self, force_id: str, kind: str) -> Repeats | None:
        """The people in the records of a kind, with those of the allied forces that are here; None
        where no such records are."""
        for shard in self.shards:
            if shard.kind == kind and force_id in shard.repeats:
                return shard.repeats[force_id]
        return None

    def stopped(self, ledger: Ledger, force_id: str) -> StoppedFields:
        """What the feed of a ledger has stopped carrying."""
        place = force_id, ledger.kind.name
        held = self._stopped.get(place)
        if held is None or held.ledger is not ledger:
            held = self._stopped[place] = StoppedFields(ledger, self.forces[force_id])
        return held

    def readings(self, force_id: str) -> Readings | None:
        """The readings of a force as they came; None where none are here."""
        return self._readings(self.forces[force_id])

    def reports(self, force_id: str) -> Reports | None:
        """The readings of a force by measure; None where no readings are here."""
        readings = self.readings(force_id)
        if readings is None:
            return None
        known = self._reports.get(force_id)
        if known is None or known.readings is not readings:
            known = self._reports[force_id] = Reports(readings)
        return known

    def watches(self, kind: str, force_id: str) -> bool:
        """Whether it is judged of a feed where it was not heard."""
        return any(shard.kind == kind and force_id in shard.surveillance for shard in self.shards)

    def lines_taken(self, force_id: str) -> int:
        """How many lines of a force were folded: another number means that something came."""
        folds = (shard.folds.get(force_id) for shard in self.shards)
        counts = (fold.taken() for fold in folds if fold is not None)
        return sum(n for count in counts for name, n in count.items() if name != "records")

    def board(self, force_id: str, at: int | None = None, periods: Sequence[str] = ()) -> Board:
        """Every live figure of a force as of `at` (ms; by default the clock of the views).

        A sliding window ends with the minute in progress and holds that many whole minutes of
        event time. `periods` names closed or running ones to add (see `streams.stretches`; raises
        ValueError). Everything but the parts named in `VOLATILE` is the same whatever order the
        events came in.
        """
        force = self.forces[force_id]
        at = self.now if at is None else at
        calendar = Calendar(force.zone)
        end = -(-at // MINUTE) * MINUTE
        windows = {name: Asked(end - minutes * MINUTE, end) for name, minutes in WINDOWS.items()}
        for name, period in zip(
            WINDOW_NAMES[-2:],
            (calendar.holding("day", at), calendar.holding("month", at)),
            strict=True,
        ):
            windows[name] = Asked(period.start, period.end)
        wanted = [Stretch.parse(calendar, label) for label in periods]
        beside, feeds = self.beside(force), self._feeds(force, at)
        revised = {
            each.label: self._first_published(force, each.period, beside)
            for each in wanted
            if each.period is not None
        }
        reported, left_out = _reported(self._readings(force), at)
        return self.types.board(
            force=ForceShown(force.id, force.name, force.file.timezone),
            at=rfc3339(at, force.zone),
            definitions=definitions(force, at),
            now=self._gauges(force, at, beside, feeds),
            windows=self._figures(force, windows, beside, at, together=True),
            periods=self._figures(
                force, {p.label: Asked(p.start, p.end, p.grain) for p in wanted}, beside, at
            ),
            readings=reported,
            readings_left_out=left_out,
            feeds=feeds,
            ingest=self._ingest(),
            incomplete=self._incomplete(force, at),
            revisions={label: first for label, first in revised.items() if first is not None},
        )

    def period_figures(self, force_id: str, period: Period, at: int) -> PeriodFigures:
        """All tables over a period, as of `at`, as `board` has them of the `periods` that are asked
        for."""
        force = self.forces[force_id]
        asked = {period.label: Asked(period.start, period.end, period.grain)}
        return self._figures(force, asked, self.beside(force), at)[period.label]

    def _figures(
        self,
        force: Force,
        asked: Mapping[str, Asked],
        beside: TotalsBeside | None,
        at: int,
        *,
        together: bool = False,
    ) -> dict[str, PeriodFigures]:
        """All groups over windows (`together`) or periods, by the name of each, as of `at`; a group
        is left out where panes so fine are not kept and no totals serve. Where its feed was not
        heard no figure is known; `missing` says how many of the days are known, where some were not
        heard."""
        out = {
            name: self.types.period(
                grain=grain,
                start=rfc3339(start, force.zone),
                end=rfc3339(end, force.zone),
                targets=period_targets(force, start, end),
            )
            for name, (start, end, grain) in asked.items()
        }
        every: dict[tuple[str, str, str], Parts] = {}
        for group in self.registry.groups:
            ledger = self.ledger(group.kind, force.id)
            if ledger is None:
                continue
            panes, tables = ledger.panes_by(self._clock(group)), self._tables_of(force, group)
            shown: dict[str, float] = {}
            made: dict[str, list[Row]] = {}
            plain: dict[str, Parts] = {}
            for name, (start, end, _) in asked.items():
                read = name, group.kind, group.clock
                parts = every.get(read)
                if parts is None and panes.keeps(start, end):
                    parts = every[read] = panes.parts(start, end)
                used = beside.used(start, end, parts) if beside and group.name == MEASURE else None
                totals = bool(used and used.parts)
                if parts is None and not totals:
                    continue
                known, empty = 1.0, parts is None or not (parts.kept or parts.fresh)
                if not totals:
                    known = self.known_share(group.kind, force.id, start, end, at, empty=empty)
                shown[name] = known
                if empty and not totals and (not known or panes.covered(start, end)):
                    made[name] = tables.rollup.missing()
                elif used is not None:
                    made[name] = tables.rollup.rows_beside(tables.rollup.sums(both(parts)), used)
                else:
                    plain[name] = parts or NOTHING
            if together:
                made |= tables.rows_of_windows(plain)
            else:
                made |= {name: tables.rows(name, parts) for name, parts in plain.items()}
            stopped = self.stopped(ledger, force.id)
            for name, known in shown.items():
                start, end, _ = asked[name]
                unknown = stopped.unknown_in(group.clock, start, end)
                out[name].put(group.name, tables.without(name, made[name], unknown))
                if known < 1.0:
                    days = (min(end, at) - start) / DAY
                    out[name].missing[group.name] = KnownDays(
                        round(known * days, 2), round(days, 2)
                    )
        return out

    def _tables_of(self, force: Force, group: Group) -> Tables:
        """The tables of a group: made for a force once its board is asked for."""
        found = self._tables.get((force.id, group.name))
        if found is None:
            rollup = Rollup(group, force, self.registry.kinds[group.kind], self.types)
            changed = self._changed[force.id, group.kind, group.clock]
            found = Tables(rollup, changed, WINDOW_NAMES)
            self._tables[force.id, group.name] = found
        return found

    def _clock(self, group: Group) -> int:
        """By which clock of its kind the records of a group are counted, by number."""
        return self.registry.kinds[group.kind].clocks.index(group.clock)

    def known_share(
        self, kind: str, force_id: str, start: int, end: int, at: int, *, empty: bool
    ) -> float:
        """How much of [start, end) the feed of a kind was heard in, as of `at`: 1 but for what
        matters, and 0 where no figure of it is known."""
        missing = self._missing_of(kind, force_id)
        if missing is None or start >= at:
            return 1.0
        return _share_heard(missing, start, end, at, empty=empty)

    def lost(self, kind: str, force_id: str, start: int, end: int, at: int) -> int:
        """How much of [start, end) the feed of a kind was not heard in, as of `at`, in ms, from its
        first record on."""
        missing = self._missing_of(kind, force_id)
        return 0 if missing is None or start >= at else missing.shown(start, end, at)

    def _missing_of(self, kind: str, force_id: str) -> _Missing | None:
        """What knows where the feed of a kind was not heard; None before any record of it."""
        for shard in self.shards:
            watching = shard.surveillance.get(force_id) if shard.kind == kind else None
            if watching is not None:
                missing: _Missing = watching.missing
                return missing
        ledger = self.ledger(kind, force_id)
        return None if ledger is None else self._unheard_by(ledger, force_id)

    def _unheard_by(self, ledger: Ledger, force_id: str) -> Unheard:
        """Where the feed of a ledger was not heard that nobody watches."""
        kind = ledger.kind.name
        held = self._unheard.get((force_id, kind))
        if held is None or held.ledger is not ledger:
            made = Unheard(ledger, partial(self._breaks, force_id, kind))
            held = self._unheard[force_id, kind] = made
        return held

    def beside(self, force: Force) -> TotalsBeside | None:
        """The totals of a force's calls beside its records; None where there are none."""
        readings, ledger = self._readings(force), self.ledger(CALL.name, force.id)
        if readings is None or ledger is None or not readings.totals.lines:
            return None
        return TotalsBeside(force, readings.calendar, readings.totals, ledger.panes)

    def _first_published(
        self, force: Force, period: Period, beside: TotalsBeside | None
    ) -> FirstPublished | None:
        """The rows of a closed period as they stood when it closed, with the totals of now; None
        where no record has changed them."""
        out: FirstPublished | None = None
        for group in self.registry.groups:
            ledger = self.ledger(group.kind, force.id)
            clock = self._clock(group)
            change = ledger and ledger.changes_since_closed(period, clock)
            if ledger is not None and change:
                parts = ledger.panes_by(clock).parts(period.start, period.end)
                tables = self._tables_of(force, group)
                out = out or self.types.first()
                if beside and group.name == MEASURE:
                    used = beside.used(period.start, period.end, parts)
                    first = tables.rollup.sums(without(change, parts))
                    rows = tables.rollup.rows_beside(first, used)
                else:
                    rows = tables.first(period.label, parts, change)
                stopped = self.stopped(ledger, force.id)
                unknown = stopped.unpublished_in(group.clock, period)
                rows = tables.without(f"first {period.label}", rows, unknown)
                out.put(group.name, rows)
                out.days[group.name] = ledger.days_of_change(period, clock)
        return out

    def _gauges(
        self, force: Force, at: int, beside: TotalsBeside | None, feeds: Mapping[str, FeedAge]
    ) -> NowFigures:
        """What is open; not known of a kind of which nothing ever came."""
        out = self.types.now()
        for group in self.registry.groups:
            rollup = self._tables_of(force, group).rollup
            ledger = self.ledger(group.kind, force.id)
            if rollup.has_gauges and ledger is not None:
                known = heard(feeds, group.kind, self.registry)
                still = ledger.open.values() if known else None
                rows = rollup.gauges(ledger.packer, still, at)
                if beside and group.name == MEASURE:
                    rows = beside.recorded(rows, at)
                out.put(group.name, rows)
        return out

    def _readings(self, force: Force) -> Readings | None:
        for shard in self.shards:
            if shard.kind == "reading" and force.id in shard.folds:
                readings = shard.folds[force.id]
                return readings if isinstance(readings, Readings) else None
        return None

    def feeds(self, force_id: str) -> dict[str, FeedAge]:
        """How far each kind and each heartbeat has got, as a board of now has it."""
        return self._feeds(self.forces[force_id], self.now)

    def _feeds(self, force: Force, at: int) -> dict[str, FeedAge]:
        out: dict[str, FeedAge] = {}
        for shard in self.shards:
            fold = shard.folds.get(force.id)
            marks = fold.missed(at) if isinstance(fold, Heartbeats) else {}
            if isinstance(fold, Ledger | Readings) and fold.watermark:
                marks = {shard.kind: fold.watermark}
            for name, mark in marks.items():
                feed = f"heartbeat.{name}" if shard.kind == "heartbeat" else name
                heard = out[feed] = FeedAge(rfc3339(mark, force.zone), (at - mark) / 1000)
                if isinstance(fold, Heartbeats):
                    interval = interval_of(force, fold, name)
                    if interval is not None:
                        heard.silent_after_seconds = patience(interval)
                elif isinstance(fold, Ledger):
                    heard.not_carried = fold.packer.carried.never
                    ceased = self.stopped(fold, force.id).now().items()
                    heard.stopped = {field: rfc3339(since, force.zone) for field, since in ceased}
        return out

    def _incomplete(self, force: Force, at: int) -> list[Incomplete]:
        """The stretches of which not all records are counted."""
        found: list[Incomplete] = []
        for shard in self.shards:
            fold = shard.folds.get(force.id)
            if fold is not None:
                cut = fold.half_counted if isinstance(fold, Ledger) else None
                name = self.registry.plain_name(shard.kind)
                found += incomplete(shard.kind, name, force.zone, at, shard.gaps, cut)
        return found

    def _ingest(self) -> dict[str, KindTaken]:
        """How the lines were taken, by kind, over all forces of this process."""
        out: dict[str, KindTaken] = {}
        unknown = self.unknown()
        for kind, refused in self.refused.items():
            tally = Counter[str]()
            for shard in self.shards:
                if shard.kind == kind:
                    for fold in shard.folds.values():
                        tally.update(fold.taken())
            found = unknown.get(kind, UnknownValues())
            out[kind] = KindTaken(
                **tally,
                refused=dict(sorted(refused.items())),
                unknown=dict(sorted(found.fields.items())),
                unknown_values=found.values,
            )
        return out

    def unknown(self) -> dict[str, UnknownValues]:
        """The unknown values of the records that were kept, by kind, over all forces of this
        process; only kinds that have any."""
        out: dict[str, UnknownValues] = {}
        for shard in self.shards:
            for ledger in shard.ledgers().values():
                if ledger.packer.unknown.fields:
                    out.setdefault(shard.kind, UnknownValues()).add(ledger.packer.unknown)
        return out


def _reported(readings: Readings | None, at: int) -> tuple[list[ReportedFigure], int]:
    """The readings of a force around `at` as they were reported, and how many are left out; none
    where it has none."""
    found, left_out = ([], 0) if readings is None else readings.latest(at)
    rows = []
    for period, event in found:
        row = ReportedFigure(event.measure or "", event.area or "", period, event.line or None)
        if event.value is not None:
            row.value = event.value
        else:
            row.numerator, row.denominator = event.numerator, event.denominator
        rows.append(row)
    return rows, left_out


class _Missing(Protocol):
    """What knows where a feed was not heard: a runner's surveillance, or `Unheard`."""

    def shown(self, start: int, end: int, at: int) -> int: ...

    def before(self, end: int) -> bool: ...


def _share_heard(missing: _Missing, start: int, end: int, at: int, *, empty: bool) -> float:
    lost = missing.shown(start, end, at) / (min(end, at) - start)
    if lost >= CUT:
        return 0.0 if empty else max(0.0, 1.0 - lost)
    return 0.0 if empty and missing.before(end) else 1.0


class _JustKind(msgspec.Struct):
    kind: str


def canonical(board: Board) -> bytes:
    """A board as canonical JSON without its volatile parts: equal states give equal bytes."""
    parts = msgspec.structs.asdict(board)
    return _canonical({name: part for name, part in parts.items() if name not in VOLATILE})
