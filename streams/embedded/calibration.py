"""Calibrating a force: simulated years over processes, and the result kept for the same question.

What is found is kept in the user's cache folder under a fingerprint of the question (levels,
budget, history, replicates, seed), of the form of the answer and of the version of Watchroom,
since the same question has the same answer.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from math import inf, log2
from pathlib import Path

import msgspec

from detectors.calibration.alarm_budget import MOST_ALARMS, AlarmBudget
from detectors.calibration.detection_delay import DetectionDelay, detection_delays
from detectors.calibration.simulation import Plan, RatedPoint, SimulatedStream, fit, replay, total
from streams.private import private_file, private_folder
from streams.state.sqlite import set_aside
from streams.surveillance.calibration import Planned

log = logging.getLogger("watchroom.calibration")

STATE_VERSION = 2
"""Of an answer that is kept; one of another number is not looked for. To be raised with any change
of what is written or of how it is found. `tests/unit/state/test_versions.py` fails where the form
changed and the number did not."""

JUDGED_WEEKS = 52
"""Weeks of each replicate that are judged."""

STEPS = 40
"""Simulated steps of each size and class of series."""

SeriesClass = tuple[str, float, float, float]
"""A class of series: grain, events an hour, dispersion, false alarms a week that it is allowed."""

Progress = Callable[[str, float], None]
"""Is given what is being done, and the share that is done."""


class Sight(msgspec.Struct, frozen=True):
    """`detectors.calibration.detection_delay.DetectionDelay` as it is kept; None stands for
    never."""

    factor: float
    half: float | None
    most: float | None
    found: float

    def as_delay(self) -> DetectionDelay:
        """With infinity for never."""
        half, most = (inf if one is None else one for one in (self.half, self.most))
        return DetectionDelay(self.factor, half, most, self.found)


class Calibrated(msgspec.Struct):
    """What a calibration found."""

    factors: dict[str, float]
    fresh: float
    """Episodes a week on simulated years that the factors were not fitted on."""
    sights: dict[str, list[Sight]]
    """What each class of series can see, by `class_name`."""
    kept: bool = False
    """It was found earlier."""


def kept_folder() -> Path:
    """Where answers are kept."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "watchroom" / "calibration"


@dataclass(frozen=True)
class CalibrationQuestion:
    """What is to be calibrated: history in weeks, replicates in simulated years."""

    planned: Planned
    budget: AlarmBudget
    history: int
    replicates: int
    seed: int

    def kept_at(self) -> Path:
        """The file of its answer."""
        asked = (self.planned.plan, self.budget, self.history, self.replicates, self.seed)
        made_by = (STATE_VERSION, version("watchroom"))
        name = hashlib.sha256(repr((asked, made_by)).encode()).hexdigest()[:24]
        return kept_folder() / f"{name}.json"


def answer(
    question: CalibrationQuestion, processes: int, progress: Progress, *, anew: bool = False
) -> Calibrated:
    """The factors, checked on fresh years, and what each class of series can see with them."""
    path = question.kept_at()
    if not anew and (kept := _kept(path)) is not None:
        return kept
    with ProcessPoolExecutor(processes) as pool:
        found = _answer(question, pool, progress)
    try:
        _keep(path, found)
    except OSError as error:
        log.warning("%s: the result can't be kept for the next time: %s", path, error.strerror)
    return found


def _kept(path: Path) -> Calibrated | None:
    """The answer of a file; one that is damaged is set aside, and found anew."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Calibrated)
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("%s can't be read (%s): calibrating anew", path, error.strerror)
        return None
    except msgspec.MsgspecError as error:
        aside = set_aside(path, "damaged")
        log.warning(
            "%s is damaged (%s): set aside as %s, calibrating anew", path, error, aside.name
        )
        return None
    found.kept = True
    return found


def _keep(path: Path, found: Calibrated) -> None:
    """Writes an answer, whole or not at all; raises `OSError`."""
    part = path.with_suffix(".part")
    private_folder(path.parent)
    private_file(part)
    part.write_bytes(msgspec.json.encode(found))
    part.replace(path)


def _answer(
    question: CalibrationQuestion, pool: ProcessPoolExecutor, progress: Progress
) -> Calibrated:
    plan, budget, number = question.planned.plan, question.budget, question.replicates
    checks = max(2, number // 2)
    cutoff = dict(MOST_ALARMS)
    one = functools.partial(_replicate, plan=plan, history=question.history, cutoff=cutoff)
    replays: list[list[RatedPoint]] = []
    for noted in pool.map(one, [(question.seed, n) for n in range(number + checks)]):
        replays.append(noted)
        progress("Simulating years in which nothing happens", len(replays) / (number + checks))
    factors = fit(plan, replays[:number], weeks=JUDGED_WEEKS, budget=budget)
    fitted = AlarmBudget(budget.episodes_a_week, budget.shares, factors)
    fresh = total(plan, replays[number:], fitted).total() / (checks * JUDGED_WEEKS)
    kinds = classes(question.planned, fitted)
    work = [(stream, kind[0], kind[3], question) for kind, stream in kinds.items()]
    sights: dict[str, list[Sight]] = {}
    for kind, seen in zip(kinds, pool.map(_sights, work), strict=True):
        sights[class_name(kind)] = seen
        progress("Simulating steps, and how soon they are found", len(sights) / len(kinds))
    return Calibrated(factors, fresh, sights)


def _replicate(
    seed: tuple[int, int], plan: Plan, history: int, cutoff: dict[str, float]
) -> list[RatedPoint]:
    return replay(plan, history=history, weeks=JUDGED_WEEKS, seed=seed, cutoff=cutoff)


def _sights(work: tuple[SimulatedStream, str, float, CalibrationQuestion]) -> list[Sight]:
    stream, grain, allowed, asked = work
    found = detection_delays(
        stream, grain, allowed=allowed, history=asked.history, runs=STEPS, seed=asked.seed
    )
    return [
        Sight(
            one.factor,
            None if one.half == inf else one.half,
            None if one.most == inf else one.most,
            one.found,
        )
        for one in found
    ]


def class_of(planned: Planned, number: int, budget: AlarmBudget) -> SeriesClass:
    """That of a watched series. Series of a class are alike: their rates to half an octave, their
    dispersions to a quarter."""
    stream, (where, _, part) = planned.as_one(number), planned.plan.watched[number]
    dispersion = max(1.0, round(4.0 * stream.dispersion) / 4.0)
    rate = 2.0 ** (round(2.0 * log2(stream.rate)) / 2.0)
    return where.grain, rate, dispersion, budget.allowed(where.grain, part)


def class_name(kind: SeriesClass) -> str:
    """A class of series in one word."""
    return f"{kind[0]}/{kind[1]:.4g}/{kind[2]:g}/{kind[3]:.4g}"


def classes(planned: Planned, budget: AlarmBudget) -> dict[SeriesClass, SimulatedStream]:
    """The classes of the hourly and daily series, each with a stream that stands for it."""
    found: dict[SeriesClass, SimulatedStream] = {}
    for number, watched in enumerate(planned.plan.watched):
        if watched.where.grain != "month":
            kind = class_of(planned, number, budget)
            stream = planned.as_one(number)
            found.setdefault(kind, stream._replace(rate=kind[1], dispersion=kind[2]))
    return found
