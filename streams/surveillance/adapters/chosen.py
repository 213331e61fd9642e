"""A detector that a force's file chooses for a measure, by its name: any of `detectors/`.

It takes the figure of each period: of a count how many, of a share and a mean their value, with
their cases beside it where it takes them. An alarm of it is a signal that notifies: it keeps no
budget of false alarms but by its own settings, unless it has `allowed`. The range that is shown is
the detector's own, or that of the periods before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from statistics import fmean, quantiles
from typing import Any

from streams.config.force import Force
from streams.config.named_detectors import MEASURED, TRIALS, kind_named, made, parameters
from streams.config.schema import ChosenDetector
from streams.config.toml import meant
from streams.errors import ConfigError
from streams.registry.aggregates import Count, Mean, Share
from streams.registry.registry import REGISTRY
from streams.surveillance.adapters.base import (
    ONSET_STARTS,
    Assessment,
    OwnAdapter,
    PassedPeriods,
    PeriodPoint,
    RowCounts,
)
from streams.surveillance.signals import Direction, Grain, Method, State

Value = Count | Share | Mean
USUAL_DAYS: dict[Grain, float] = {"hour": 1 / 24, "day": 1.0, "month": 30.4375}
"""The length of a period to which an exposure of 1 belongs."""
NEVER = 1e6
"""The rate of false alarms a week that stands for no alarm."""
FEW = 8
"""Periods before, below which there is no range of them to be shown."""


@cache
def chosen(force: Force) -> Mapping[tuple[str, str], ChosenDetector]:
    """By measure (`group.measure`) and grain the detectors that a force's file chooses. Raises
    `ConfigError` for a measure that is not watched by that grain, and for a detector that is not
    for it."""
    found: dict[tuple[str, str], ChosenDetector] = {}
    watched = {
        f"{group.name}.{measure.name}": (measure.value, measure.watch.grains)
        for group in REGISTRY.groups
        for measure in group.measures
        if measure.watch is not None
    }
    for number, each in enumerate(force.file.alerts.detectors):
        at = f"alerts.detectors[{number}]"
        value, grains = watched.get(each.measure, (None, ()))
        if value is None:
            raise ConfigError(
                f'"{each.measure}" is no measure that detectors watch', file=force.source or None,
                field=f"{at}.measure", cure=f"Use one of: {', '.join(watched)}",
            )  # fmt: skip
        if each.grain not in grains:
            raise ConfigError(
                f'"{each.measure}" is not watched by the {each.grain}', file=force.source or None,
                field=f"{at}.grain", cure=meant(grains),
            )  # fmt: skip
        if isinstance(value, Count | Mean) and kind_named(each.use).__name__ in TRIALS:
            raise ConfigError(
                f'{each.use} is for shares, and "{each.measure}" is none',
                file=force.source or None, field=f"{at}.use", cure="Choose another detector",
            )  # fmt: skip
        found[each.measure, each.grain] = each
    return found


class Chosen(OwnAdapter):
    """A named detector of one series; `value` says how its figure is read."""

    def __init__(
        self, value: Value, choice: ChosenDetector, grain: Grain, slots: int | None, allowed: float
    ) -> None:
        super().__init__(allowed)
        self.value, self.grain = value, grain
        kind = kind_named(choice.use)
        ours = {"allowed": allowed, **({} if slots is None else {"slots": slots})}
        known = kind()._get_params()
        fitting = {name: each for name, each in ours.items() if name in known}
        self.detector = made(kind, {**fitting, **choice.settings})
        self.use = f"{kind.__name__} {json.dumps(choice.settings, sort_keys=True)}"
        self._takes = parameters(kind.update, but=["x"])
        self.last: float | None = None
        self.cases: tuple[int, int] | None = None
        self.before: list[float | None] = []
        """The figures of the periods before the last one, `ONSET_STARTS` at most."""

    # -- what it takes -------------------------------------------------------------------------

    def _update(self, counts: RowCounts | None, point: PeriodPoint) -> None:
        if self.taken:
            self.before = [*self.before, self.last][-ONSET_STARTS:]
        self.last, self.cases, cases = None, None, 0
        x: float | None = None
        if counts is not None:
            x, cases = self._read(counts)
        beside = self._beside(point, cases)
        self.detector.update(x, **beside)

    def _read(self, counts: RowCounts) -> tuple[float | None, int]:
        """What the detector takes, and of how many cases it is; None of no cases."""
        value = self.value
        if isinstance(value, Count):
            self.last = float(counts[value.counter])
            return self.last, 1
        if isinstance(value, Mean):
            cases = counts[value.of]
            self.last = counts[value.timing] / cases / 1000 if cases else None
            return self.last, cases
        top = sum(counts[name] for name in value.top)
        cases = sum(counts[name] for name in value.bottom) - sum(counts[n] for n in value.less)
        if cases <= 0:
            return None, 0
        self.last, self.cases = top / cases, (top, cases)
        return (float(top) if type(self.detector).__name__ in TRIALS else self.last), cases

    def _beside(self, point: PeriodPoint, cases: int) -> dict[str, Any]:
        """What else the detector takes with a point."""
        exposure = point.days / USUAL_DAYS[self.grain]
        of_counts = isinstance(self.value, Count)
        every = {
            "slot": point.slot,
            "names": point.names,
            "exposure": exposure if exposure > 0.0 else 1.0,
            "seconds": point.days * 86_400,
            "number": max(1, cases),
            "of": max(1, cases),
            "trials": max(1, cases),
        }
        if getattr(self.detector, "kind", "individuals") not in MEASURED:
            every["size"] = every["exposure"] if of_counts else max(1, cases)
        return {name: every[name] for name in self._takes if name in every}

    def _pass_over(self, passed: PassedPeriods) -> None:
        for _ in range(passed.points):
            self.detector.update(None)
        self.before = [*self.before, self.last, *[None] * min(ONSET_STARTS, passed.points)][
            -ONSET_STARTS:
        ]
        self.last = self.cases = None

    # -- what it found -------------------------------------------------------------------------

    @property
    def rate(self) -> float:
        """What is allowed where the detector alarms, whatever its own scale; else never."""
        return self.allowed if self.detector.drift_detected else NEVER

    @property
    def state(self) -> State:
        """Whether it can judge yet."""
        return "ready" if self.detector.still_needs is None else "learning"

    @property
    def about(self) -> str:
        """The state in plain words."""
        needs = self.detector.still_needs
        name = type(self.detector).__name__
        return f"{name}, chosen for it" + ("" if needs is None else f": still needs {needs}")

    @property
    def onset(self) -> int | None:
        """When the change began that the last period alarms of."""
        if not self.detector.drift_detected or getattr(self.detector, "onset", None) is None:
            return None
        return super().onset

    def assessment(self) -> Assessment:
        """Of the last period: a stretch since the onset, or that period alone."""
        observed = 0.0 if self.last is None else self.last
        known = [each for each in self._parts()[0] if each is not None]
        expected = _number(self.detector, "expected")
        lower, upper = _number(self.detector, "lower"), _number(self.detector, "upper")
        if lower is None or upper is None or isinstance(self.value, Share):
            lower, upper = _range(known)
            expected = None
        if expected is None and known:
            expected = fmean(known)
        before, after = self._levels()
        return Assessment(
            method=self._method(lasts=after is not None),
            direction=self._direction(observed, expected),
            observed=observed,
            rate=self.rate,
            expected=expected,
            lower=lower,
            upper=upper,
            ratio=after / before if after is not None and before else None,
            before=before if self._levelled else None,
            after=after if self._levelled else None,
            cases=self.cases,
        )

    @property
    def _levelled(self) -> bool:
        return self.grain == "month" or not isinstance(self.value, Count)

    def _method(self, *, lasts: bool) -> Method:
        if isinstance(self.value, Share):
            return "proportion"
        if isinstance(self.value, Mean):
            return "duration"
        if not lasts:
            return "surprise"
        return "level" if self._levelled else "change"

    def _direction(self, observed: float, expected: float | None) -> Direction:
        found = getattr(self.detector, "direction", None)
        if found in ("up", 1):
            return "up"
        if found in ("down", -1):
            return "down"
        return "down" if expected is not None and observed < expected else "up"

    def _parts(self) -> tuple[list[float | None], list[float | None]]:
        """The figures that are kept from before the onset, and since; without an onset, since is
        the last period."""
        onset, every = self.onset, [*self.before, self.last]
        since = 1
        if onset is not None:
            since = sum(start >= onset for start in self.starts[-len(every) :])
        return every[:-since], every[-since:]

    def _levels(self) -> tuple[float | None, float | None]:
        """The mean of the periods kept before the onset, and of those since; None without one."""
        if self.onset is None:
            return None, None
        before, after = ([each for each in part if each is not None] for part in self._parts())
        return (fmean(before), fmean(after)) if before and after else (None, None)

    def restart(self, reason: str) -> None:
        """Forgets what came before."""
        self.detector.reset()
        self.before, self.last, self.cases = [], None, None

    # -- its state -----------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """The state, before the next period."""
        return {**super().save(), "use": self.use, "last": self.last, "before": self.before}

    def restore(self, saved: dict[str, Any]) -> None:
        """Goes on where the saved one stood."""
        super().restore(saved)
        self.last, self.before = saved["last"], saved["before"]

    def _held(self) -> dict[str, Any]:
        held: dict[str, Any] = self.detector.save()
        return held

    def _hold(self, saved: dict[str, Any]) -> None:
        self.detector = type(self.detector).restore(saved)


def _number(detector: object, name: str) -> float | None:
    found = getattr(detector, name, None)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def _range(known: list[float]) -> tuple[float | None, float | None]:
    """From where to where four of five of the periods before lie."""
    if len(known) < FEW:
        return None, None
    tenths = quantiles(known, n=10, method="inclusive")
    return tenths[0], tenths[-1]
