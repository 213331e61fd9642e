"""`from detectors import CUSUM`: every detector by its name, and nothing slow to get it."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from importlib import import_module

import pytest

import detectors
from tests.detectors_registry import DETECTORS

PARTS = ["change", "charts", "counts", "durations", "shares"]
SLOW = ["scipy", "holidays", "river.drift", "pandas"]


def test_every_detector_of_the_registry_has_a_public_name() -> None:
    kinds = {type(make()) for _, make in DETECTORS}
    assert {kind.__name__ for kind in kinds} == set(detectors.__all__) - {"Detector"}
    assert kinds == {getattr(detectors, name) for name in detectors.__all__} - {detectors.Detector}


@pytest.mark.parametrize("part", PARTS)
def test_what_a_part_exports_is_what_its_docstring_names(part: str) -> None:
    module = import_module(f"detectors.{part}")
    for name in module.__all__:
        assert hasattr(module, name)
        assert f"`{name}`" in str(module.__doc__)


def test_the_table_of_the_package_names_every_part_and_its_example_is_true() -> None:
    rows = [line for line in str(detectors.__doc__).splitlines() if line.startswith("| ")]
    named = [row.split("| ")[2].split(":")[0].strip("`") for row in rows[1:]]
    assert sorted(named) == sorted([*PARTS, "silence"])
    for row in rows[1:]:
        for name in re.findall(r"`([A-Z]\w+)`", row):
            assert name in detectors.__all__
    assert doctest.testmod(detectors).failed == 0


def test_a_star_import_gives_every_detector() -> None:
    found: dict[str, object] = {}
    exec("from detectors import *", found)  # noqa: S102
    assert set(detectors.__all__) <= set(found)
    assert set(detectors.__all__) <= set(dir(detectors))


def test_what_there_is_not_is_said_as_python_says_it() -> None:
    with pytest.raises(AttributeError, match="module 'detectors' has no attribute 'Watch'"):
        detectors.Watch  # noqa: B018


@pytest.mark.parametrize(
    "asked",
    [
        *[f"from detectors import {name}" for name in ("CUSUM", "CountWatch", "ADWIN", "EARS")],
        "import detectors.calibration.simulation, detectors.named_days, detectors.homogeneity",
    ],
)
def test_an_import_loads_nothing_that_is_slow(asked: str) -> None:
    code = f"{asked}\nimport sys\nprint(*[name for name in {SLOW} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    "made",
    [
        "alerts.service import AlertService; AlertService(live)",
        "state.surveillance import watch_all; watch_all(live.monitor)",
    ],
)
def test_what_judges_has_loaded_what_tails_need_before_the_first_event(made: str) -> None:
    code = f"""
import sys
from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.live import Live
live = Live(Monitor([find_force("warwickshire")]))
print("scipy.special" in sys.modules)
from streams.{made}
print("scipy.special" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
