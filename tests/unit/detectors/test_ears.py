"""EARS: the limits and alarms of R's surveillance 1.20.3, and what a stream may bring."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from detectors.counts.ears import EARS

REFERENCE = json.loads((Path(__file__).parents[2] / "data/surveillance_ears.json").read_text())
COUNTS = REFERENCE["series"]["observed"]
METHODS = ("C1", "C2", "C3")


@pytest.mark.parametrize("name", REFERENCE["cases"])
def test_limits_and_alarms_are_those_of_r(name: str) -> None:
    case = REFERENCE["cases"][name]
    control, result = case["control"], case["result"]
    detector = EARS(
        control["method"],
        baseline=control["baseline"],
        alpha=control["alpha"],
        around="observed",
    )
    uppers, alarms, weeks = [], [], []
    for week, count in enumerate(COUNTS, start=1):
        detector.update(count)
        if detector.upper is None:
            assert detector.state == "learning"
            continue
        weeks.append(week)
        uppers.append(detector.upper)
        alarms.append(int(detector.drift_detected))
    assert weeks == result["index"]
    assert uppers == pytest.approx(result["upperbound"], rel=1e-12, abs=1e-12)
    assert alarms == result["alarm"]


def test_the_documented_c3_alarms_where_the_three_distances_add_up() -> None:
    detector = EARS("C3", baseline=3)
    for count in (4, 5, 6, 5, 4, 6, 6):
        detector.update(count)
    # Baselines (5, 6, 5), (6, 5, 4), (4, 5, 6) do not hold the surge that begins after them.
    detector.update(8)
    first = detector.evidence
    assert detector.upper is not None
    assert detector.drift_detected == (detector.upper < 8)
    detector.update(9)
    assert detector.evidence > first
    assert detector.drift_detected


def test_c3_takes_in_the_two_points_before() -> None:
    quiet, warned = EARS("C3"), EARS("C3")
    baseline = [4.0, 6.0, 5.0, 7.0, 5.0, 4.0, 4.0, 5.0, 6.0]
    for detector, before in ((quiet, 5.0), (warned, 8.0)):
        for count in [*baseline, before, before, 6.5]:
            detector.update(count)
    assert quiet.expected == warned.expected
    assert quiet.upper is not None
    assert warned.upper is not None
    assert warned.upper < quiet.upper
    assert warned.drift_detected
    assert not quiet.drift_detected


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("around", ["mean", "observed"])
@pytest.mark.parametrize("series", [[0.0], [7.0], [0.0] * 9 + [1e300], [1e300, 0.0], [-3.5, 2.0]])
def test_zeros_constants_and_huge_points_do_no_harm(
    method: Any, around: Any, series: list[float]
) -> None:
    detector = EARS(method, around=around)
    for point in (series * 30)[:60]:
        detector.update(point)
        assert not math.isnan(detector.evidence)
        assert detector.upper is None or not math.isnan(detector.upper)
        if len(series) == 1:
            assert not detector.drift_detected


def test_the_least_sigma_keeps_a_constant_baseline_from_crying_wolf() -> None:
    strict, lenient = EARS("C2"), EARS("C2", least_sigma=1.0)
    for detector in (strict, lenient):
        for count in [5.0] * 9 + [7.0]:
            detector.update(count)
    assert strict.drift_detected
    assert strict.upper == 5.0
    assert not lenient.drift_detected
    assert lenient.evidence == 2.0


@pytest.mark.parametrize("method", METHODS)
def test_missing_points_are_passed_over(method: Any) -> None:
    whole, holed = EARS(method), EARS(method)
    for count in COUNTS[:60]:
        whole.update(count)
        holed.update(None)
        holed.update(count)
        assert holed.save() == whole.save()
        holed.update(None)
        assert not holed.drift_detected


@pytest.mark.parametrize("method", METHODS)
def test_a_saved_detector_goes_on_bit_for_bit(method: Any) -> None:
    detector = EARS(method)
    for count in COUNTS[:50]:
        detector.update(count)
    again = EARS.restore(json.loads(json.dumps(detector.save())))
    for count in COUNTS[50:100]:
        detector.update(count)
        again.update(count)
        assert again.save() == detector.save()
    assert len(detector._points) == detector.needs
    detector.reset()
    assert detector.save() == EARS(method).save()


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "C4"},
        {"baseline": 2},
        {"alpha": 1.0},
        {"least_sigma": -1.0},
        {"around": "median"},
    ],
)
def test_arguments_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        EARS(**wrong)


def test_what_is_no_number_is_refused() -> None:
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match="not a finite number"):
            EARS().update(bad)
