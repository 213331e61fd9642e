"""What every detector keeps to, whatever it looks for; tests/detectors_registry.py lists them."""

import copy
import doctest
import importlib
import json
import math
import pkgutil
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from river.base import DriftDetector

import detectors
from detectors.base import Detector
from tests.detectors_registry import DETECTORS

Make = Callable[[], Detector]
MODULES = [module.name for module in pkgutil.walk_packages(detectors.__path__, "detectors.")]

every_detector = pytest.mark.parametrize(
    "make", [pytest.param(make, id=name) for name, make in DETECTORS]
)


def counts(number: int, seed: int = 1, mean: float = 11) -> list[float | None]:
    """Counts with a change of level in the middle and a few gaps."""
    generator = random.Random(seed)
    points: list[float | None] = []
    for place in range(number):
        level = mean * (1 if place < number // 2 else 1.8)
        x = round(max(0.0, generator.gauss(level, math.sqrt(level))))
        points.append(None if generator.random() < 0.03 else x)
    return points


def state_of(detector: Detector) -> str:
    """All that a detector says and knows, to the last bit."""
    said = [detector.drift_detected, detector.evidence]
    return json.dumps([said, detector.save()], sort_keys=True)


def run(detector: Detector, points: Iterable[float | None]) -> list[str]:
    """What it says about each point, and then all that it knows."""
    found = []
    for x in points:
        detector.update(x)
        found.append(json.dumps([detector.drift_detected, detector.evidence]))
    return [*found, state_of(detector)]


CUTS = (0, 1, 12, 13, 75)
"""Where a stream is cut: before, within, at the end of and after a baseline."""

STREAMS: dict[str, Sequence[float | None]] = {
    "zeros": [0] * 60,
    "a constant": [7] * 60,
    "a constant fraction": [0.1] * 60,
    "zeros, then ones": [0] * 30 + [1] * 30,
    "no points": [None] * 40,
    "gaps": [None, 5, None, None, 6, None] * 12,
    "one point among gaps": [None] * 20 + [5] + [None] * 20,
    "a huge value": [5, 6, 4, 5, 7, 5] * 5 + [1e300] + [5, 6, 4] * 5,
    "huge values": [1e12, 3e12, 2e12, 1e15, 1e18] * 8,
    "values at the end of the range": [1e308, 0, 1e308, 1e307] * 10,
    "tiny values": [1e-300, 2e-300, 0, 5e-324] * 10,
    "large and small": [1, 1e9, 0, 1e-9] * 15,
    "up for ever": [float(x) for x in range(80)],
    "a rare event": ([0] * 19 + [1]) * 5,
}


@every_detector
def test_nothing_odd_raises_or_is_not_a_number(make: Make) -> None:
    for stream, points in STREAMS.items():
        detector = make()
        for x in points:
            detector.update(x)
            assert isinstance(detector.drift_detected, bool), stream
            assert isinstance(detector.evidence, float), stream
            assert not math.isnan(detector.evidence), stream
        assert "NaN" not in json.dumps(detector.save()), stream


@every_detector
def test_a_detector_of_ours_is_one_of_rivers(make: Make) -> None:
    detector = make()
    assert isinstance(detector, DriftDetector)
    assert detector.drift_detected is False
    clone = detector.clone()
    points = counts(60)
    assert run(clone, points) == run(detector, points)


@every_detector
def test_the_same_points_give_the_same_answers(make: Make) -> None:
    assert run(make(), counts(150)) == run(make(), counts(150))


@every_detector
def test_two_detectors_share_nothing(make: Make) -> None:
    one, other = make(), make()
    before = state_of(other)
    run(one, counts(60))
    assert state_of(other) == before


@every_detector
def test_reset_is_as_new(make: Make) -> None:
    detector, fresh = make(), make()
    run(detector, counts(70, seed=2))
    detector.reset()
    assert state_of(detector) == state_of(fresh)
    assert run(detector, counts(70)) == run(fresh, counts(70))


@every_detector
def test_a_deep_copy_goes_its_own_way(make: Make) -> None:
    points = counts(110)
    whole = run(make(), points)
    for at in CUTS:
        detector = make()
        run(detector, points[:at])
        copied = copy.deepcopy(detector)
        run(detector, counts(30, seed=3))
        assert run(copied, points[at:]) == whole[at:], at


@every_detector
def test_saved_as_text_and_restored_it_goes_on_to_the_last_bit(make: Make) -> None:
    points = counts(110)
    whole = run(make(), points)
    for at in CUTS:
        detector = make()
        run(detector, points[:at])
        saved = detector.save()
        text = json.dumps(saved)
        assert json.loads(text) == saved  # lists and no tuples, text keys, no infinity
        run(detector, counts(30, seed=3))
        assert json.dumps(saved) == text  # what was saved is independent of it
        restored = type(detector).restore(json.loads(text))
        assert run(restored, points[at:]) == whole[at:], at


@every_detector
def test_a_gap_raises_no_alarm(make: Make) -> None:
    detector = make()
    for x in counts(120):
        detector.update(x)
        if x is None:
            assert not detector.drift_detected


@every_detector
def test_its_state_stays_small(make: Make) -> None:
    detector = make()
    sizes = []
    for part in range(3):
        for x in counts(300, seed=part):
            detector.update(x)
        sizes.append(len(json.dumps(detector.save())))
    assert sizes[2] < 1.5 * sizes[1] + 200


@pytest.mark.parametrize("name", MODULES)
def test_every_example_in_a_docstring_is_true(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


def test_every_detector_is_in_the_registry() -> None:
    for name in MODULES:
        importlib.import_module(name)
    found, waiting = set(), [Detector]
    while waiting:
        kind = waiting.pop()
        below = [one for one in kind.__subclasses__() if one.__module__ in MODULES]
        waiting += below
        if not below:  # what others are made of need not be a detector by itself
            found.add(kind)
    assert found <= {type(make()) for _, make in DETECTORS}


def test_the_names_in_the_registry_are_unique() -> None:
    names = [name for name, _ in DETECTORS]
    assert len(names) == len(set(names))


WITH_ONSET = [
    pytest.param(make, id=name) for name, make in DETECTORS if hasattr(type(make()), "onset")
]


@pytest.mark.parametrize("make", WITH_ONSET)
def test_an_onset_counts_missing_points_where_the_detector_says_so(make: Callable[[], Any]) -> None:
    plain, after_gaps = make(), make()
    for _ in range(14):
        after_gaps.update(None)
    for x in counts(160):
        if x is not None:
            plain.update(x)
            after_gaps.update(x)
    shift = 14 if plain.gaps_count else 0
    assert after_gaps.onset == (None if plain.onset is None else plain.onset + shift)


@every_detector
def test_what_it_still_needs_is_said_until_it_judges(make: Make) -> None:
    detector = make()
    said = []
    for x in counts(600):
        detector.update(x)
        said.append(detector.still_needs)
        if said[-1] is not None:
            assert not detector.drift_detected
    first = said.index(None) if None in said else len(said)
    assert all(said[:first])
    assert type(detector).restore(detector.save()).still_needs == detector.still_needs
