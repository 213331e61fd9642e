"""What the board says in words: shares, whether a target is met, how old the feeds are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from streams.board.definitions import own_limits
from streams.board.model import Board, FeedAge, HoursAhead, PeriodFigures, PeriodTarget
from streams.config.force import WHOLE
from streams.registry.aggregates import Ratio
from streams.registry.calls import CALLS
from streams.registry.phrases import duration, limit, limits, percent
from streams.registry.registry import Registry

CALLS_OFFERED = (CALLS.name, "offered")
FROM_USUAL = (
    "These hours are forecast from what is usual: while that alert holds, do not rely on the "
    "handlers that they name."
)


def share(ratio: Ratio, nothing: str) -> str:
    """A ratio with its number of cases: `83.0 % of 1,060`; `nothing` where there are none."""
    if ratio.value is None:
        return nothing
    few = ", few" if ratio.small else ""
    return f"{ratio.value * 100:.1f} % of {ratio.denominator:,}{few}"


def verdict(ratio: Ratio, held: PeriodTarget) -> str:
    """Whether the target of a period is met, by word and sign; of too few cases, and where the
    target changed within the period, that it is not judged."""
    target = held.target
    if target is None or ratio.value is None:
        return ""
    if held.changed:
        return "target changed"
    if ratio.small:
        return "too few to judge"
    met = ratio.value >= target
    return f"✓ met {percent(target)}" if met else f"✗ missed {percent(target)}"


def held_in(board: Board, figures: PeriodFigures, line: str | None = None) -> PeriodTarget:
    """The target of a period of the board's own time, of a line or of attendance."""
    if (own := figures.targets) is not None:
        return own.attendance if line is None else own.lines[line]
    defined = board.definitions
    now = defined.attendance if line is None else defined.lines[line]
    return PeriodTarget(now.within_seconds, now.target)


class Limits:
    """How soon records of a line, or of a group of the force as a whole, were to be served over
    some periods, by their names: one limit, or several, by class of areas or by date."""

    def __init__(
        self,
        board: Board,
        periods: Iterable[tuple[str, PeriodFigures]],
        group: str,
        measure: str,
        line: str | None = None,
    ) -> None:
        seconds, self._said = set[int](), dict[str, list[str]]()
        for name, figures in periods:
            held = held_in(board, figures, line)
            further = board.definitions.further
            if figures.targets is not None:
                further = figures.targets.further
            parts = [part.within_seconds for part in held.changed or ()]
            every = {"": parts or [held.within_seconds]}
            if line is None:
                every |= own_limits(further, group, measure)
            seconds.update(*every.values())
            self._said.setdefault(limits(every), []).append(name)
        self.words = f"in {limit(seconds.pop())}" if len(seconds) == 1 else "in time"
        """`in 20 min`; `in time` where there are several."""
        self.several = self.words == "in time"

    @property
    def title(self) -> str:
        """The same as the heading of a column."""
        return self.words.capitalize()

    @property
    def note(self) -> str:
        """What the limits are where there are several: `In time: 20 min, urban 15 min`; those of
        most periods first, of others with their names. Else empty."""
        if not self.several:
            return ""
        first, *others = sorted(self._said, key=lambda said: -len(self._said[said]))
        said = [first, *(f"{', '.join(self._said[each])}: {each}" for each in others)]
        return f"In time: {'; '.join(said)}"


def ages(feeds: Mapping[str, FeedAge], registry: Registry) -> str:
    """How old the latest of every feed is: `calls 3 s, crimes 4 min 1 s; heartbeats calls 12 s`."""
    data, beats = [], []
    for path, heard in feeds.items():
        kind, _, of = path.partition(".")
        age = duration(max(0, int(heard.age_seconds)))
        if of:
            beats.append(f"{of.replace('_', ' ')} {age}")
        else:
            data.append(f"{registry.names.get(kind, kind)} {age}")
    records = ", ".join(data)
    return f"{records}; heartbeats {', '.join(beats)}" if beats else records


def alert_ahead(board: Board, line: str) -> str:
    """The words of the open alert that says that the calls of a line are out of their usual range,
    first of the whole force; empty where there is none."""
    held = [] if board.alerts is None else board.alerts.open
    about = [each for each in held if (each.group, each.measure) == CALLS_OFFERED]
    about = [each for each in about if each.row.get("line") in (None, line)]
    about.sort(key=lambda each: each.area != WHOLE)
    return about[0].said[0] if about and about[0].said else ""


def unusual_ahead(board: Board) -> list[str]:
    """What of the last hours speaks against a forecast from what is usual, in sentences: how they
    departed from it, and the alerts that are open of the calls of a line."""
    found = []
    for line in [] if board.ahead is None else board.ahead.lines:
        if not line.hours:
            continue
        if line.departed:
            found.append(line.departed)
        if alert := alert_ahead(board, line.line):
            found.append(f"An alert is open: {alert}")
            if not line.departed:
                found.append(FROM_USUAL)
    return found


def not_known_ahead(ahead: HoursAhead) -> list[str]:
    """What of the next hours is not known, and why."""
    found = []
    for line in ahead.lines:
        if line.reason:
            found.append(f"{line.name}, next hours: not known, {line.reason}.")
        elif line.handlers_reason:
            found.append(f"{line.name}, handlers needed: not known, {line.handlers_reason}.")
    return found
