"""Readings as indicators: declared in TOML, asked for by name."""

from __future__ import annotations

from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.shares.interval import wilson
from streams.board.compare import Comparisons
from streams.board.control import chart
from streams.board.query import UNREPORTED, Observation, Query
from streams.config.force import Force, check_force, load_force
from streams.errors import ConfigError, QueryError
from tests.build import TINY_FORCE, feed, monitor, ms

AT = ms("2021-07-01T12:00:00Z")
DECLARED = """
[[readings]]
name = "satisfaction"
title = "Satisfaction of victims"
unit = "percent"
polarity = "up_good"
rolling = 3

[[readings]]
name = "referrals"
title = "Referrals"
unit = "ratio"

[[readings]]
name = "posts"
title = "Posts"
at_a_moment = true

[[readings]]
name = "visits"
title = "Visits"
"""


def tiny(more: str = DECLARED) -> Force:
    force, problems = check_force(TINY_FORCE + more, "tiny.toml")
    assert force is not None, problems
    return force


def reading(measure: str, period: str, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "reading",
        "force": "tiny",
        "id": f"{measure} {period} {fields.get('area')}",
        "updated_at": "2021-07-01T00:00:00Z",
        "measure": measure,
        "period": period,
        **fields,
    }


def parts(top: float, bottom: float) -> dict[str, float]:
    return {"numerator": top, "denominator": bottom}


def asked(*records: dict[str, Any]) -> Query:
    watched = monitor(tiny())
    feed(watched, *records)
    return Query(watched, "tiny", AT)


def test_a_value_is_the_figure_of_its_period() -> None:
    query = asked(reading("visits", "2021-05", value=12))
    assert query.figure("visits", "2021-05") == Observation(12)
    assert query.figure("visits", "2021-04") == UNREPORTED
    assert query.unit("visits") == "count"
    assert query.polarity("satisfaction") == "up_good"


def test_as_of_an_instant_within_a_period_what_is_reported_of_its_days_to_then_counts() -> None:
    days = [reading("visits", f"2021-05-{day:02d}", value=day) for day in range(1, 32)]
    watched = monitor(tiny())
    feed(watched, *days, reading("visits", "2021-06", value=12))
    query = Query(watched, "tiny", ms("2021-05-04T10:00:00Z"))
    assert query.figure("visits", "2021-05") == Observation(1 + 2 + 3, complete=False)
    query = Query(watched, "tiny", ms("2021-06-04T10:00:00Z"))
    assert query.figure("visits", "2021-06") == UNREPORTED
    assert Query(watched, "tiny", AT).figure("visits", "2021-06") == Observation(12)


def test_counts_add_up_over_time_and_areas_where_all_are_there() -> None:
    query = asked(
        reading("visits", "2021-04", area="north", value=3),
        reading("visits", "2021-04", area="south", value=4),
        reading("visits", "2021-05", area="north", value=5),
        reading("visits", "2021-05", area="south", value=6),
    )
    assert query.figure("visits", "2021-04") == Observation(7)
    assert query.figure("visits", "YTD-2021-05") == Observation(18)
    assert query.figure("visits", "2021-04..2021-05", "north") == Observation(8)
    assert query.figure("visits", "2021-Q2") == UNREPORTED


def test_shares_add_up_by_their_parts_and_have_an_interval() -> None:
    query = asked(
        reading("referrals", "2021-04", area="north", **parts(8, 10)),
        reading("referrals", "2021-04", area="south", **parts(10, 90)),
    )
    low, high = wilson(18, 100)
    assert query.figure("referrals", "2021-04") == Observation(0.18, 18, 100, low=low, high=high)


MONTHS = [f"2021-{month:02d}" for month in range(1, 7)]


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["north", "south"]), st.sampled_from(MONTHS)),
        st.tuples(st.integers(0, 50), st.integers(1, 50)),
    )
)
def test_a_sum_is_known_where_all_of_its_parts_are(held: dict[tuple[str, str], Any]) -> None:
    query = asked(
        *(
            reading("referrals", month, area=area, **parts(*of))
            for (area, month), of in held.items()
        )
    )
    for first, last in combinations_with_replacement(range(6), 2):
        within = MONTHS[first : last + 1]
        found = query.figure("referrals", f"{within[0]}..{within[-1]}")
        wanted = [held.get((area, month)) for area in ("north", "south") for month in within]
        present = [of for of in wanted if of is not None]
        assert found.known is (len(present) == len(wanted))
        if found.known:
            assert found.numerator == sum(top for top, _ in present)
            assert found.denominator == sum(bottom for _, bottom in present)


def test_values_alone_are_never_averaged() -> None:
    query = asked(
        reading("referrals", "2021-04", area="north", value=0.8),
        reading("referrals", "2021-04", area="south", value=0.2),
        reading("referrals", "2021-05", area="north", value=0.6),
    )
    assert query.figure("referrals", "2021-04") == UNREPORTED
    assert query.figure("referrals", "2021-04..2021-05", "north") == UNREPORTED


def test_a_rolling_figure_is_made_of_the_parts_of_its_months() -> None:
    months = {"2021-03": (9, 10), "2021-04": (10, 20), "2021-05": (1, 10), "2021-06": (2, 10)}
    query = asked(*(reading("satisfaction", month, **parts(*of)) for month, of in months.items()))
    found = query.figure("satisfaction", "2021-05")
    assert (found.value, found.numerator, found.denominator) == (0.5, 20, 40)
    assert query.figure("satisfaction", "2021-06").value == 13 / 40
    assert query.figure("satisfaction", "R3-2021-05").value == 0.5
    assert query.figure("satisfaction", "2021-04") == UNREPORTED


def test_of_rolling_figures_only_those_with_no_month_in_common_are_judged() -> None:
    labels = [f"{year}-{month:02d}" for year in range(2016, 2021) for month in range(1, 13)]
    # Every figure repeats two of the three months of the one before, and so lies near it.
    values = [80 + (n // 3) % 2 for n in range(len(labels))]
    found = [
        reading("satisfaction", at, value=value) for at, value in zip(labels, values, strict=True)
    ]
    watched = monitor(tiny())
    feed(watched, *found)
    made = chart(Query(watched, "tiny", AT), "satisfaction")
    judged = [each.label for each in made.points if each.centre is not None]
    assert judged == [f"{year}-{n:02d}" for year in (2019, 2020) for n in (1, 4, 7, 10)]
    assert not any(each.moved for each in made.points)
    said = "Each figure is of 3 months; only those with no month in common are judged."
    assert made.words[-1] == said
    assert said in made.rule


def test_a_rolling_value_that_is_reported_alone_stands_as_it_is() -> None:
    query = asked(
        reading("satisfaction", "2021-04", value=84.5),
        reading("satisfaction", "R3-2021-05", value=90),
    )
    assert query.figure("satisfaction", "2021-04") == Observation(0.845)
    assert query.figure("satisfaction", "2021-05") == Observation(0.9)


def test_what_holds_at_a_moment_adds_up_over_areas_but_not_over_time() -> None:
    query = asked(
        reading("posts", "2021-04", area="north", value=30),
        reading("posts", "2021-05", area="north", value=31),
        reading("posts", "2021-05", area="south", value=20),
    )
    assert query.figure("posts", "2021-04..2021-05", "north") == Observation(31)
    assert query.figure("posts", "2021-05") == Observation(51)


def test_a_corrected_reading_is_the_figure() -> None:
    query = asked(reading("visits", "2021-05", value=12))
    assert query.figure("visits", "2021-05").value == 12
    corrected = reading("visits", "2021-05", value=13) | {"updated_at": "2021-07-01T01:00:00Z"}
    feed(query.monitor, corrected)
    assert Query(query.monitor, "tiny", AT).figure("visits", "2021-05").value == 13


def test_a_reading_is_charted() -> None:
    months = [f"2020-{month:02d}" for month in range(1, 13)] + ["2021-01"]
    values = [*[20, 22] * 6, 60]
    found = chart(
        asked(*(reading("visits", m, value=v) for m, v in zip(months, values, strict=True))),
        "visits",
    )
    assert found.points[12].flag == "above"
    assert found.points[12].centre == 21.0


@pytest.mark.parametrize("name", ["val_referral_rate", "confidence_in_police", "dvpns_authorised"])
def test_what_the_reports_of_forces_have_is_declared_for_every_force(name: str) -> None:
    query = asked(reading(name, "2021-05", value=12))
    assert query.figure(name, "2021-05").known


def test_a_wrong_declaration_says_where_and_what_to_do() -> None:
    wrong = DECLARED.replace('unit = "ratio"', 'unit = "metres"').replace(
        "at_a_moment = true", "at_moment = true"
    )
    _, problems = check_force(TINY_FORCE + wrong, "tiny.toml")
    lines = (TINY_FORCE + wrong).splitlines()
    assert [(each.field, each.line, each.cure) for each in problems] == [
        (
            "readings[1].unit",
            lines.index('unit = "metres"') + 1,
            "Use one of: count, percent, ratio, seconds, money, days, score",
        ),
        (
            "readings[2].at_moment",
            lines.index("at_moment = true") + 1,
            'Did you mean "at_a_moment"?',
        ),
    ]


def test_a_figure_stands_beside_that_of_the_nation() -> None:
    query = asked(
        reading("confidence_in_police", "R12-2021-05", value=80),
        reading("confidence_in_police_national", "R12-2021-05", value=78),
    )
    found = Comparisons(query, "confidence_in_police", "R12-2021-05")
    nation = found.nation
    assert nation is not None
    assert (nation.value, nation.base, nation.change) == (0.8, 0.78, 0.8 - 0.78)
    assert nation.base_period == "Confidence in the police: England and Wales, R12-2021-05"
    assert found.similar is not None
    assert found.similar.base is None
    assert Comparisons(query, "visits", "2021-05").nation is None


def test_a_share_that_is_reported_alone_is_not_judged_by_a_chart_of_cases() -> None:
    records = [reading("val_referral_rate", f"2020-{m:02d}", value=20) for m in range(1, 13)]
    found = chart(
        asked(*records, reading("val_referral_rate", "2021-01", value=90)), "val_referral_rate"
    )
    assert {point.flag for point in found.points} == {None}


def test_a_file_of_readings_that_the_force_names_is_read(tmp_path: Path) -> None:
    (tmp_path / "surveys.toml").write_text(DECLARED)
    force = tmp_path / "tiny.toml"
    force.write_text('readings_files = ["surveys.toml"]\n' + TINY_FORCE)
    assert set(load_force(force).readings) == {"satisfaction", "referrals", "posts", "visits"}
    (tmp_path / "surveys.toml").write_text(DECLARED.replace("posts", "visits"))
    with pytest.raises(ConfigError, match='reading "visits" stands twice') as caught:
        load_force(force)
    assert (caught.value.file, caught.value.field) == (
        str(tmp_path / "surveys.toml"), "readings[3].name",
    )  # fmt: skip


def test_a_force_s_own_reading_goes_by_its_title_and_is_told_where_it_is_near() -> None:
    query = Query(monitor(tiny()), "tiny")
    assert query.indicator("Satisfaction of victims").name == "satisfaction"
    with pytest.raises(QueryError, match="did you mean satisfaction"):
        query.indicator("satisfied_victims")
