"""History for Prometheus: which figures, under which names, at which times."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.config.force import Force, check_force
from streams.errors import QueryError
from streams.live import Live
from streams.outputs.metrics.backfill import Backfill
from streams.outputs.metrics.prometheus import Exporter
from tests.build import TINY_FORCE, call, crime, feed, monitor, ms

Samples = dict[tuple[str, frozenset[tuple[str, str]]], dict[str, float]]
RECORDS = [
    crime("first", "2021-01-01T12:00:00Z", area="north"),
    *(crime(f"a{n}", "2021-02-10T12:00:00Z", area="north") for n in range(3)),
    crime("last", "2021-04-05T12:00:00Z", area="south"),
    call("c1", "2021-03-02T10:00:00Z", answered_at="2021-03-02T10:00:07Z"),
    call("c2", "2021-03-03T10:00:00Z", answered_at="2021-03-03T10:00:37Z"),
    call("c3", "2021-04-04T10:00:00Z", answered_at="2021-04-04T10:00:07Z"),
]
AT = ms("2021-04-06T00:00:00+01:00")


def tiny(metrics: str = "") -> Force:
    force, problems = check_force(f"{TINY_FORCE}[metrics]\n{metrics}\n", "tiny.toml")
    assert force is not None, problems
    return force


def played(metrics: str = "") -> Monitor:
    watched = monitor(tiny(metrics))
    watched.play_history(True)
    feed(watched, *RECORDS)
    return watched


@cache
def text(metrics: str = 'tables = ["calls", "crimes"]', **options: Any) -> str:
    out = io.BytesIO()
    Backfill(Query(played(metrics), "tiny", AT), **options).write(out)
    return out.getvalue().decode()


def samples(written: str) -> Samples:
    """By name and labels the values, by the UTC time of each."""
    found: Samples = {}
    for family in text_string_to_metric_families(written):  # type: ignore[no-untyped-call]
        for each in family.samples:
            at = f"{float(each.timestamp):.0f}"
            found.setdefault((each.name, frozenset(each.labels.items())), {})[at] = each.value
    return found


def at(stamp: str) -> str:
    return str(ms(stamp) // 1000)


def series(found: Samples, name: str, **labels: str) -> dict[str, float]:
    place = {"force": "tiny", "area": "force", "job": "watchroom", "instance": "backfill", **labels}
    return found.get((name, frozenset(place.items())), {})


JANUARY, FEBRUARY = at("2021-01-31T23:59:59Z"), at("2021-02-28T23:59:59Z")
MARCH = at("2021-03-31T23:59:59+01:00")


def test_a_month_stands_in_its_last_second_under_the_window_of_the_month() -> None:
    found = series(samples(text()), "watchroom_crimes", offence="all", window="month")
    assert found == {JANUARY: 1, FEBRUARY: 3, MARCH: 0}


def test_a_day_stands_in_its_last_second_under_the_window_of_today() -> None:
    found = series(samples(text()), "watchroom_calls_offered", line="999", window="today")
    assert len(found) == 34  # from the first call's day to the last's
    assert {when: value for when, value in found.items() if value} == {
        at("2021-03-02T23:59:59Z"): 1,
        at("2021-03-03T23:59:59Z"): 1,
        at("2021-04-04T23:59:59+01:00"): 1,
    }


def test_a_month_of_which_a_feed_was_heard_in_part_has_no_sample() -> None:
    found = series(samples(text()), "watchroom_calls_offered", line="999", window="month")
    assert found == {}  # the first call was on 2 March


def test_a_share_of_nothing_has_no_sample() -> None:
    name = "watchroom_calls_service_level_ratio"
    found = series(samples(text()), name, line="999", window="today")
    assert found == {
        at("2021-03-02T23:59:59Z"): 1,
        at("2021-03-03T23:59:59Z"): 0,
        at("2021-04-04T23:59:59+01:00"): 1,
    }


def test_the_series_are_those_of_the_live_metrics() -> None:
    metrics = 'tables = ["calls", "crimes"]\nfigures = ["total_recorded_crime"]'
    live = Live(played(metrics), clock=lambda: ms("2021-04-04T23:59:59+01:00"))
    live.health.state = "live"
    shown = {
        (sample.name, frozenset(sample.labels))
        for family in text_string_to_metric_families(  # type: ignore[no-untyped-call]
            Exporter(live).text("application/openmetrics-text; version=1.0.0")[0].decode()
        )
        for sample in family.samples
    }
    written = {
        (name, frozenset(dict(labels)) - {"job", "instance"})
        for name, labels in samples(text(metrics, period="2021-03"))
    }
    assert ("watchroom_crimes", frozenset({"force", "area", "offence", "window"})) in written
    assert written <= shown


def test_the_tables_of_the_forces_file_are_written_alone() -> None:
    names = {name for name, _ in samples(text('tables = ["crimes"]'))}
    assert "watchroom_crimes" in names
    assert not any(name.startswith("watchroom_calls_offered") for name in names)


def test_a_figure_by_its_name_stands_under_its_period() -> None:
    metrics = 'tables = []\nfigures = ["total_recorded_crime"]\nperiods = ["month", "quarter"]'
    found, what = samples(text(metrics)), {"indicator": "total_recorded_crime", "unit": "count"}
    monthly = series(found, "watchroom_figure", period="month", **what)
    assert monthly == {JANUARY: 1, FEBRUARY: 3, MARCH: 0}
    assert series(found, "watchroom_figure", period="quarter", **what) == {MARCH: 4}


def test_the_targets_stand_beside_the_figures_once_each() -> None:
    written = text()
    found = samples(written)
    name, labels = "watchroom_calls_target_ratio", {"force": "tiny", "line": "999"}
    own = {"job": "watchroom", "instance": "backfill"}
    assert JANUARY in found[name, frozenset({**labels, **own}.items())]
    lines = written.splitlines()
    assert len(lines) == len(set(lines))


def test_a_period_limits_what_is_written() -> None:
    found = samples(text(period="2021-02"))
    assert {when for values in found.values() for when in values} <= {
        at(f"2021-02-{day:02}T23:59:59Z") for day in range(1, 29)
    }
    assert series(found, "watchroom_crimes", offence="all", window="month") == {FEBRUARY: 3}


def test_the_labels_of_the_live_scrape_can_be_given() -> None:
    out = io.BytesIO()
    labels = {"job": "w", "instance": 'a"b'}
    query = Query(played('tables = ["crimes"]'), "tiny", AT)
    Backfill(query, ("month",), labels=labels).write(out)
    found = samples(out.getvalue().decode())
    place = {"job": "w", "instance": 'a"b', "offence": "all", "window": "month"}
    assert series(found, "watchroom_crimes", **place)[FEBRUARY] == 3


def test_what_does_not_fit_into_memory_gives_the_same_file() -> None:
    assert text(run_bytes=2_000) == text()


def test_it_says_how_many_samples_and_series_of_when_there_are() -> None:
    out = io.BytesIO()
    query = Query(played('tables = ["crimes"]'), "tiny", AT)
    written = Backfill(query, ("month",)).write(out)
    lines = [line for line in out.getvalue().decode().splitlines() if not line.startswith("#")]
    assert written.samples == len(lines)
    assert written.series == len({line.rpartition(" ")[0].rpartition(" ")[0] for line in lines})
    assert written.first == ms("2021-01-31T23:59:59Z")
    assert written.last == ms("2021-03-31T23:59:59+01:00")


def test_it_ends_as_openmetrics_does() -> None:
    assert text().endswith("\n# EOF\n")


def test_a_force_of_which_nothing_is_known_has_no_history() -> None:
    with pytest.raises(QueryError, match="nothing is known of Tiny Police"):
        Backfill(Query(monitor(tiny()), "tiny", AT))


def test_a_figure_that_there_is_not_is_told_at_once() -> None:
    with pytest.raises(QueryError, match='"no_such" is no offence of Tiny Police'):
        text('figures = ["crimes.count{offence=no_such}"]')


def test_what_other_systems_report_stands_in_the_last_second_of_its_period() -> None:
    watched = played()
    vacant = {"kind": "reading", "force": "tiny", "measure": "staff_vacancies"}
    for period, value in (("2021-01", 40), ("2021-02", 50), ("2021-03", 60), ("2021-04", 1)):
        stamp = {"id": period, "updated_at": "2021-04-05T00:00:00Z"}
        feed(watched, {**vacant, **stamp, "period": period, "value": value})
    out = io.BytesIO()
    Backfill(Query(watched, "tiny", AT)).write(out)
    found = samples(out.getvalue().decode())
    reported = series(found, "watchroom_reading", indicator="staff_vacancies", unit="count")
    assert reported == {JANUARY: 40, FEBRUARY: 50, MARCH: 60}  # April is not over
    name = "watchroom_reading_period_end_timestamp_seconds"
    place = {"force": "tiny", "indicator": "staff_vacancies", "job": "watchroom"}
    ends = found[name, frozenset({**place, "instance": "backfill"}.items())]
    assert ends[MARCH] == float(MARCH) + 1
