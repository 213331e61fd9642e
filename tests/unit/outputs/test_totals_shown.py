"""Where figures come from totals, every output says so, and shows nothing that is not known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.live import Live
from streams.outputs.metrics import prometheus as exporter
from streams.outputs.terminal.board import as_text, summary
from streams.outputs.wallboard.screen import first_screen
from streams.outputs.wallboard.series import hours
from tests.build import as_json, call, feed, monitor, ms

NOW = ms("2021-03-31T12:00:00Z")


def total(period: str, line: str = "999", **counts: int) -> dict[str, Any]:
    return {
        "kind": "reading",
        "force": "tiny",
        "id": f"{line}/{period}",
        "measure": "calls",
        "line": line,
        "period": period,
        "updated_at": "2021-03-31T12:00:00Z",
        "counts": counts,
    }


YESTERDAY = total("2021-03-30", offered=1200, answered=1100, within=990, abandoned=100)
TODAY = total("2021-03-31", offered=120, answered=110, within=99, abandoned=10)
ONE_CALL = call("c", "2021-03-29T09:00:00Z", answered_at="2021-03-29T09:00:05Z")


def live(*records: dict[str, Any]) -> Live:
    watched = monitor()
    feed(watched, *records)
    shown = Live(watched, clock=lambda: NOW)
    shown.health.state = "live"
    return shown


def terminal_rows(*records: dict[str, Any]) -> list[str]:
    """The part of the first line, from its heading to the next."""
    text = as_text(live(*records).board("tiny"), 100)
    return [" ".join(line.split()) for line in text.split("─" * 100)[1].strip().splitlines()]


def test_the_terminal_marks_what_is_from_totals() -> None:
    assert terminal_rows(YESTERDAY, TODAY) == [
        "999 not known",
        "Offered Answered In 10 s Target Mean Median 90th pct",
        "last 15 min unknown",
        "last 60 min unknown",
        "today 120* 110 82.5 % of 120 ✗ missed 90 %",
        "this month 1,320* 1,210 82.5 % of 1,320 ✗ missed 90 %",
        (
            "* from totals, not from records of single calls; "
            "a total was written before its period was over"
        ),
    ]


def test_the_terminal_marks_what_is_from_both() -> None:
    rows = terminal_rows(YESTERDAY, ONE_CALL)
    assert "this month 1,201+ 1,101 82.5 % of 1,201 ✗ missed 90 %" in rows
    assert rows[-1] == "+ from records and totals"


def test_the_terminal_says_that_a_rate_is_not_known() -> None:
    rows = terminal_rows(total("2021-03-31", offered=120))
    assert "today 120* – not known" in rows
    assert "not known" in summary(live(ONE_CALL, total("2021-03-31", offered=120)).board("tiny"))


def scraped(*records: dict[str, Any]) -> list[str]:
    text = exporter.Exporter(live(*records)).text()[0].decode()
    return [line for line in text.splitlines() if line.startswith("watchroom_calls_")]


def test_prometheus_is_given_the_figures_with_a_mark_and_nothing_that_is_not_known() -> None:
    found = scraped(total("2021-03-31", offered=120), YESTERDAY, ONE_CALL)
    place = 'area="force",force="tiny",line="999",'
    assert f'watchroom_calls_offered{{{place}window="today"}} 120.0' in found
    assert f'watchroom_calls_from_totals{{{place}source="totals",window="today"}} 1.0' in found
    assert f'watchroom_calls_from_totals{{{place}source="both",window="month"}} 1.0' in found
    for name in ("answered_within", "service_level_ratio", "service_level_numerator"):
        assert not any(f"{name}{{{place}" in line and '"today"' in line for line in found), name


def test_prometheus_has_no_mark_where_all_is_from_records() -> None:
    assert not any("from_totals" in line for line in scraped(ONE_CALL))


def answer(*records: dict[str, Any], area: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = as_json(first_screen(live(*records).board("tiny"), area))["in_time"][
        "999"
    ]
    return found


def test_the_wallboard_says_that_its_figure_is_from_totals() -> None:
    shown = answer(TODAY)
    assert (shown["known"], shown["from"], shown["late"]) == (True, "totals", None)
    assert (shown["numerator"], shown["denominator"], shown["met"]) == (99, 120, False)
    assert answer(ONE_CALL)["from"] is None


@pytest.mark.parametrize("area", [None, "north"])
def test_the_wallboard_shows_no_rate_that_the_totals_do_not_tell(area: str | None) -> None:
    counted = TODAY if area else total("2021-03-31", offered=120)
    shown = answer(counted, area=area)
    assert (shown["known"], shown["from"], shown["value"]) == (False, "totals", None)


def test_hours_that_only_a_total_of_their_day_tells_have_no_value() -> None:
    hour = total("2021-03-31T09", offered=7)
    points = hours(live(hour, YESTERDAY), "tiny", "calls", "offered", {"line": "999"}).points
    known = {point.start: point.value for point in points if point.value is not None}
    assert known == {"2021-03-31T09:00:00+01:00": 7}
    by_area = hours(live(hour), "tiny", "calls", "offered", {"line": "999", "area": "north"})
    assert {point.value for point in by_area.points} == {None}


# --- from a table to the board ----------------------------------------------------------------

FORCE = """
id = "call-centre"
name = "Daily call centre"
timezone = "America/Bogota"
country = "CO"
population = 100000
service_level = "answered_of_offered"
incident_categories = ["medical", "other"]

[[lines]]
id = "101"
name = "101 calls"
targets = [{ since = 2020-01-01, seconds = 20, share = 0.8 }]

[attendance]
targets = [{ since = 2020-01-01, seconds = 1200 }]
"""
MAPPING = """
kind = "reading"
force = "call-centre"
timezone = "America/Bogota"
id = "Fecha"

[constants]
measure = "calls"
line = "101"

[fields.period]
column = "Fecha"

[fields."counts.offered"]
column = "Incoming Calls"

[fields."counts.answered"]
column = "Answered Calls"

[fields."counts.abandoned"]
column = "Abandoned Calls"

[fields.updated_at]
column = "Reported"
"""
TABLE = """\
Fecha,Incoming Calls,Answered Calls,Answer Rate,Abandoned Calls,Service Level,Reported
2020-01-01,217,204,0.94,13,0.76,2020-01-02T06:00:00
2020-01-02,200,182,0.91,18,0.73,2020-01-03T06:00:00
2020-01-03,216,198,0.92,18,0.74,2020-01-04T06:00:00
"""


def test_a_table_of_daily_totals_gives_the_figures_of_its_days_and_month(tmp_path: Path) -> None:
    for name, text in (("force.toml", FORCE), ("m.toml", MAPPING), ("calls.csv", TABLE)):
        (tmp_path / name).write_text(text)
    with pytest.MonkeyPatch.context() as here:
        here.chdir(tmp_path)
        done = CliRunner().invoke(
            main,
            "run calls.csv --mapping m.toml --force force.toml --json "
            "--period 2020-01-02 --period 2020-01",
        )
    assert done.exit_code == 0, done.output
    board = json.loads(next(line for line in done.output.splitlines() if line.startswith("{")))
    (day,) = board["periods"]["2020-01-02"]["calls"]
    assert (day["offered"], day["answered"], day["abandoned"]) == (200, 182, 18)
    assert day["abandonment"]["value"] == 0.09
    assert (day["service_level"]["value"], day["answer_mean"]) == (None, None)
    (month,) = board["periods"]["2020-01"]["calls"]
    assert (month["offered"], month["answered"], month["from"]) == (633, 584, "totals")
