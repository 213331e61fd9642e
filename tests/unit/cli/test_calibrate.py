"""`watchroom calibrate`: the levels of a force's own records, and what is told of them."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from detectors.calibration.alarm_budget import AlarmBudget
from detectors.calibration.episodes import Episodes, Where
from streams.cli.calibrate import calibrate
from streams.embedded import calibration
from streams.periods import HOUR, rfc3339
from streams.surveillance.calibration import WATCHED_GRAINS, plan_of
from streams.surveillance.series import budget_parts
from tests.build import feed, incident, lines, monitor, tiny_force
from tests.calibration import DAYS, START, calls, planned


def test_a_series_is_a_line_in_a_smallest_area_and_what_has_no_area() -> None:
    rates = sorted(stream.rate for stream in planned().plan.streams)
    assert rates == pytest.approx([1 / 24, 0.5, 1.0])


def test_a_force_holds_all_its_series_and_a_district_its_own() -> None:
    found = planned()
    rates = {
        (one.where.place, series.row["line"]): found.as_one(number).rate
        for number, (one, series) in enumerate(zip(found.plan.watched, found.series, strict=True))
        if one.where.grain == "day"
    }
    assert rates == pytest.approx(
        {
            (("force",), "999"): 1.5,
            (("force", "north-area"), "999"): 1.0,
            (("force", "north-area", "north"), "999"): 1.0,
            (("force",), "101"): 1 / 24,
            (("force", "south"), "101"): 1 / 24,
        }
    )


def test_counts_that_do_not_scatter_are_taken_as_poisson() -> None:
    assert {stream.dispersion for stream in planned().plan.streams} == {1.0}


def test_every_watch_of_the_force_has_its_part_of_the_budget() -> None:
    plan = planned().plan
    for grain in WATCHED_GRAINS:
        calls = budget_parts(tiny_force(), grain)["calls"]
        assert set(plan.parts(grain)) == {calls}
    # Of calls by the hour four counts have records; half of the series are shares of answers.
    assert len(plan.parts("hour")) == 4
    calls = budget_parts(tiny_force(), "hour")["calls"] * 12
    assert plan.others["hour"] == pytest.approx(calls / 2)


def test_calls_and_the_incidents_that_they_become_are_one_episode() -> None:
    watched = monitor()
    feed(watched, *calls(24 * DAYS, "north"))
    feed(watched, *(incident(f"i{n}", rfc3339(START + n * HOUR)) for n in range(24 * DAYS)))
    episodes = Episodes(plan_of(watched, tiny_force()).plan.links)
    themes = ["calls", "incidents.asb", "crimes"]
    numbers = [episodes.add(0, Where("hour", theme, ("force",))).number for theme in themes]
    assert numbers == [0, 0, 1]


def test_less_than_two_weeks_of_records_has_no_level() -> None:
    watched = monitor()
    feed(watched, *calls(24 * 10, "north"))
    with pytest.raises(ValueError, match="no record of Tiny Police covers 14 days"):
        plan_of(watched, tiny_force())


def test_the_same_question_is_kept_and_another_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = planned()
    asked = [
        calibration.CalibrationQuestion(found, AlarmBudget(n), 26, 8, 0).kept_at()
        for n in (1.0, 4.0)
    ]
    again = calibration.CalibrationQuestion(planned(), AlarmBudget(1.0), 26, 8, 0).kept_at()
    assert asked[0] == again != asked[1]


def test_the_command_tells_what_is_watched_what_can_be_seen_and_what_to_write(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(calibration, "JUDGED_WEEKS", 6)
    monkeypatch.setattr(calibration, "STEPS", 4)
    force, events = tmp_path / "tiny.toml", tmp_path / "events.ndjson"
    force.write_text(TINY)
    events.write_bytes(lines(calls(24 * DAYS, None, every=2)))
    asked = [str(force), str(events), "--history", "5", "--replicates", "2", "--processes", "1"]
    first, second = (CliRunner().invoke(calibrate, asked) for _ in range(2))
    assert first.exit_code == 0, first.output
    assert "Tiny: series watched: 6 by the hour" in first.stdout
    assert "999 calls, Tiny" in first.stdout
    assert "12.0" in first.stdout
    assert "[alerts]\nfalse_episodes_a_week = 1\nfactors = { hour = " in first.stdout
    assert "--anew reckons again" not in first.stdout
    assert "The same was asked before; --anew reckons again." in second.stdout


def test_too_little_data_is_told_with_a_cure(tmp_path: Path) -> None:
    events = tmp_path / "events.ndjson"
    events.write_bytes(lines(calls(24, None)).replace(b'"tiny"', b'"city-of-london"'))
    result = CliRunner().invoke(calibrate, ["city-of-london", str(events)])
    assert str(result.exception) == (
        "no record of City of London covers 14 days; give more files, or none for simulated levels"
    )


TINY = """
id = "tiny"
name = "Tiny"
timezone = "UTC"
population = 1000
incident_categories = ["asb"]
offence_groups = ["theft"]

[[lines]]
id = "999"
name = "999 calls"
targets = [{ since = 2000-01-01, seconds = 10, share = 0.9 }]

[attendance]
targets = [{ since = 2000-01-01, seconds = 1200 }]
"""
