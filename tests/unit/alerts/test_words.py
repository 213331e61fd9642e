"""The words of alerts, to the letter: what is told first, what fits, and what is comparable."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.alerts import words as say
from streams.alerts.lookup import CountedPeriod, NoLookup
from streams.alerts.rules import (
    answer_rate,
    callers_waiting,
    exceptional_volume,
    kind_of,
    target_missed,
    unattended,
)
from streams.alerts.rules import said as said_of
from streams.config.force import Force, check_force
from streams.periods import HOUR
from streams.surveillance.signals import Signal
from tests.alerting import WARWICKSHIRE, Known, at, incidents, signal
from tests.build import TINY_FORCE

SEASON = "perhaps only the season"


def words(told: Signal, now: int | None = None) -> str:
    when = told.end if now is None else now
    return say.fit(said_of(WARWICKSHIRE, told, kind_of(told), NoLookup(), when), say.NOBODY_YET)


def month(**changes: Any) -> Signal:
    fields: dict[str, Any] = {
        "kind": "crime", "group": "crimes", "measure": "count", "row": {"offence": "shoplifting"},
        "grain": "month", "method": "level", "theme": "crimes.shoplifting", "within": 0.95,
        "direction": "down", "observed": 44, "expected": 58.0, "lower": 45.2, "upper": 70.4,
        "before": 58.2, "after": 41.4, "onset": at("2026-05-01 00:00"),
    }  # fmt: skip
    return signal("2026-07-01 00:00", **{**fields, **changes})


def rate(**changes: Any) -> Signal:
    fields: dict[str, Any] = {
        "measure": "service_level", "grain": "day", "method": "proportion", "direction": "down",
        "observed": 83 / 412, "cases": (83, 412), "lower": 0.61, "upper": 0.78,
        "expected": 0.7, "first": at("2026-11-16 00:00"),
    }  # fmt: skip
    return signal("2026-11-19 00:00", **{**fields, **changes})


def test_a_rise_names_an_hour_before_that_was_further_out_than_the_last() -> None:
    onset = at("2026-11-21 10:00")
    told = signal("2026-11-21 12:00", method="change", onset=onset, ratio=2.2, observed=15)
    counts = (20, 8.0), (13, 8.0), (15, 8.0)
    hours = [CountedPeriod(onset + n * HOUR, *each) for n, each in enumerate(counts)]
    said = said_of(WARWICKSHIRE, told, kind_of(told), Known(since_onset=hours), told.end)
    assert said[2] == "Before that 20 in the hour to 11:00."


def test_a_rise_whose_last_hour_is_the_furthest_out_names_no_other() -> None:
    onset = at("2026-11-21 10:00")
    told = signal("2026-11-21 12:00", method="change", onset=onset, ratio=2.2, observed=15)
    hours = [CountedPeriod(onset, 16, 12.0), CountedPeriod(onset + HOUR, 13, 8.0)]
    said = said_of(WARWICKSHIRE, told, kind_of(told), Known(since_onset=hours), told.end)
    assert len(said) == 2


def test_the_change_comes_second_with_its_own_baseline() -> None:
    told = signal("2026-11-21 21:00", method="change", onset=at("2026-11-20 18:00"), ratio=1.83)
    assert words(told) == (
        "999 calls, Warwickshire: 21 in the hour to 22:00, usually 3 to 14. "
        "1.8 times the usual since about 18:00 on Friday. Nobody has this yet."
    )


@pytest.mark.parametrize(
    ("ratio", "direction", "told"),
    [
        (12.34, "up", "12 times the usual since about 18:00 on Friday."),
        (1234.5, "up", "1,234 times the usual since about 18:00 on Friday."),
        (0.621, "down", "62 % of the usual since about 18:00 on Friday."),
        (0.0, "down", "0 % of the usual since about 18:00 on Friday."),
        (1.02, "up", "Up since about 18:00 on Friday."),
        (0.9, "up", "Up since about 18:00 on Friday."),
        (None, "down", "Down since about 18:00 on Friday."),
    ],
)
def test_how_many_times_the_usual(ratio: float | None, direction: str, told: str) -> None:
    onset = at("2026-11-20 18:00")
    some = signal("2026-11-21 21:00", direction=direction, ratio=ratio, onset=onset)
    assert exceptional_volume.volume(WARWICKSHIRE, some, some.end)[1] == told


@pytest.mark.parametrize(
    ("same", "told"),
    [
        ((3, 41.0, 58.0), "41 a month, 29 % less than in the same months a year before."),
        ((3, 41.0, 18.0), "41 a month, 2.3 times that of the same months a year before."),
        ((3, 41.0, 0.0), "41 a month, none in the same months a year before."),
        # The last twelve months of one that is older than a year are compared.
        ((2, 41.0, 58.0), "41 a month in the last 12, 29 % less than a year before."),
    ],
)
def test_a_level_by_the_month_is_compared_with_the_same_months_a_year_before(
    same: tuple[int, float, float], told: str
) -> None:
    assert f": 44 in July 2026. A new level since about May 2026: {told}" in words(
        month(same_months=same, lower=None, upper=None)
    )


def test_where_the_year_before_is_not_known_a_level_says_that_it_may_be_the_season() -> None:
    assert words(month()) == (
        "Shoplifting offences, Warwickshire: 44 in July 2026. A new level since about May 2026, "
        "perhaps only the season: 58 a month before, 41 since (3 months)."
    )
    assert words(month(season=0.9)) == (
        "Shoplifting offences, Warwickshire: 44 in July 2026, usually 45 to 70. A new level since "
        "about May 2026: 58 a month before, 41 since (3 months)."
    )


def test_a_level_that_is_one_month_old_is_that_month_and_not_yet_called_new() -> None:
    assert words(month(onset=None)) == (
        "Shoplifting offences, Warwickshire: 44 in July 2026, usually 45 to 70. Lower since "
        "about July 2026: 58 a month before. Nobody has this yet."
    )


@pytest.mark.parametrize(
    "changes",
    [{"observed": 52}, {"observed": 75}, {"lower": 30.0, "upper": 43.0, "observed": 29},
     {"lower": None, "upper": None}],
)  # fmt: skip
def test_a_range_that_says_the_opposite_of_a_fall_is_not_said(changes: dict[str, Any]) -> None:
    """The figure inside it or above; or the level before outside of it."""
    told = month(**changes)
    assert words(told) == (
        f"Shoplifting offences, Warwickshire: {told.observed:.0f} in July 2026. A new level since "
        "about May 2026, perhaps only the season: 58 a month before, 41 since (3 months)."
    )


def test_a_rate_of_several_days_says_which() -> None:
    assert words(rate()) == (
        "999 calls answered in time, Warwickshire: 83 of 412 (20.1 %) over the 4 days to "
        "Thursday, usually 61.0 % to 78.0 %. Nobody has this yet."
    )
    assert words(rate(first=at("2026-11-19 00:00"))).startswith(
        "999 calls answered in time, Warwickshire: 83 of 412 (20.1 %) on Thursday, usually "
    )


def test_a_duration_of_several_days_says_which() -> None:
    told = rate(kind="incident", group="attendance", measure="response_mean", row={},
                method="duration", direction="up", observed=724.0, cases=None, lower=550.0,
                upper=661.0, before=602.0, after=715.0, onset=at("2026-11-12 00:00"))  # fmt: skip
    assert words(told) == (
        "Mean response to emergencies, Warwickshire: 12 min 4 s over the 4 days to Thursday. "
        "Higher since about 12 November 2026: 10 min 2 s before, 11 min 55 s since."
    )


@pytest.mark.parametrize(
    ("lower", "upper", "told"),
    [(0, 0, "usually none"), (0, 2, "usually 0 to 2"), (12, 12, "usually 12"),
     (11.8, 12.3, "usually 12")],
)  # fmt: skip
def test_small_ranges(lower: float, upper: float, told: str) -> None:
    some = incidents("rugby", 16, 8.0, lower=lower, upper=upper)
    assert words(some) == (
        f"Anti-social behaviour incidents, Rugby: 16 on Friday, {told}. Nobody has this yet."
    )


def test_a_count_outside_its_range_is_not_rounded_into_it() -> None:
    assert "14 on Friday, usually 15 to 51." in words(
        incidents("rugby", 14, 30.0, lower=14.3, upper=51.2)
    )


def test_an_hour_that_the_clock_shows_twice_says_which() -> None:
    ends = [exceptional_volume.volume(WARWICKSHIRE, hour(n), hour(n).end)[0] for n in range(4)]
    told = [each.partition(" in the ")[2].partition(", usually")[0] for each in ends]
    assert told == ["hour to 01:00 BST", "hour to 01:00 GMT", "hour to 02:00", "hour to 03:00"]


def hour(number: int) -> Signal:
    start = at("2026-10-25 00:00") + number * HOUR
    return signal("2026-10-25 00:00", start=start, end=start + HOUR)


def test_an_hour_that_the_clock_skips_ends_when_the_clock_says() -> None:
    told = signal("2026-03-29 00:00")
    assert "21 in the hour to 02:00, usually" in words(told)


def test_one_emergency_that_waits() -> None:
    assert unattended.sentences("Rugby", 1, 1, 3000, 2400)[0] == (
        "Emergency incident, Rugby: 1 not attended for 50 min."
    )
    assert unattended.sentences("Rugby", 2, 1, 3000, 2400)[0] == (
        "Emergency incidents, Rugby: 2 not attended, the oldest for 50 min."
    )


# -- what fits ---------------------------------------------------------------------------------


LONG = "Llanfairpwllgwyngyll and the Surrounding Communities of the Menai Strait"


@pytest.fixture(scope="module")
def force() -> Force:
    found, problems = check_force(TINY_FORCE.replace("Tiny Police", f"{LONG} Police"), "tiny.toml")
    assert found is not None, problems
    return found


@pytest.mark.parametrize(
    ("told", "change"),
    [
        (signal("2026-11-21 21:00", force="tiny", ratio=1.83, onset=at("2026-11-01 18:00")),
         "1.8 times the usual since about 18:00 on Sunday 1 November 2026."),
        (month(force="tiny", row={"offence": "vehicle"}),
         f"A new level since about May 2026, {SEASON}: 58 a month before, 41 since (3 months)."),
        (rate(force="tiny", before=0.7, after=0.31, onset=at("2026-11-05 00:00")),
         "Lower since about 5 November 2026: 70.0 % before, 31.0 % since."),
    ],
)  # fmt: skip
def test_a_name_is_shortened_rather_than_the_change_left_out(
    force: Force, told: Signal, change: str
) -> None:
    said = said_of(force, told, kind_of(told), NoLookup(), told.end)
    text = say.fit(said, "Superintendent A. Longname of the Command and Control Centre has this.")
    assert len(text) <= say.LONGEST_TEXT
    assert change in text


name = st.text("abc é-,.", min_size=1, max_size=90)


@settings(max_examples=200)
@given(name, name, st.lists(name, max_size=3), st.sampled_from(["", say.NOBODY_YET, "x" * 90]))
def test_whatever_the_names_it_fits_and_the_change_is_in_it(
    what: str, where: str, others: list[str], last: str
) -> None:
    figures = ": 12 min 4 s over the 14 days to Thursday 18 November 2026."
    change = "A new level since about September 2026: 10 min 2 s before, 11 min 55 s since."
    lead = say.named(f"{what}, {where}", figures)
    text = say.fit([lead, change, *others], last)
    assert len(text) <= say.LONGEST_TEXT
    assert change in text


def test_the_sentences_after_the_change_are_left_out_last_first() -> None:
    said = ["a: 1.", "Up since b.", "c" * 30 + ".", "d" * 20 + ".", "e."]
    assert say.fit(said, "Last.", 60) == f"a: 1. Up since b. {'c' * 30}. e. Last."
    assert say.fit(said, "Last.", 40) == "a: 1. Up since b. e. Last."


@pytest.mark.parametrize(("many", "long"), [*product((1, 3), (40.0, 7500.0))])
def test_what_is_judged_now_fits_under_any_name(many: int, long: float) -> None:
    for sentences in (
        callers_waiting.sentences(LONG * 2, "999", (many, 1, long), 300, 10),
        unattended.sentences(LONG * 2, many, 1, long, 2400),
        answer_rate.sentences("999 calls", LONG * 2, (12, 40), 10, 0.83, 0.9),
        target_missed.sentences("101 calls", LONG * 2, 0.27, 0.8, 30, 4),
    ):
        assert len(say.fit(sentences, say.NOBODY_YET)) <= say.LONGEST_TEXT


def test_where_most_of_it_is_may_cost_a_quarter_of_a_long_name() -> None:
    told = incidents("north-warwickshire-area", 21, 10.0, lower=6, upper=14, grain="hour",
                     onset=at("2026-11-19 01:00"), ratio=1.9)  # fmt: skip
    said = exceptional_volume.volume(WARWICKSHIRE, told, told.end, mostly=("rugby", 13))
    assert say.fit(said, say.NOBODY_YET) == (
        "Anti-social behaviour incidents, North Warwickshire…: 21 in the hour to 01:00, usually "
        "6 to 14. 1.9 times the usual since about 01:00. 13 of them in Rugby."
    )


def test_that_an_alert_is_over_comes_before_its_change_and_that_before_its_range() -> None:
    said = ["Public order: 12 in July 2026, usually 45 to 70.", f"A new level {'b' * 70}."]
    assert say.fit(said, "Somebody has this.") == " ".join([*said, "Somebody has this."])
    told = say.fit(said, "Closed on 31 May 2020: a false alarm.", cleared=True)
    short = "Public order: 12 in July 2026."
    assert told == f"{short} {said[1]} Closed on 31 May 2020: a false alarm."
    # No name is cut for it: then the change is left out.
    said[1] = f"A new level {'b' * 100}."
    told = say.fit(said, "Closed on 31 May 2020: a false alarm.", cleared=True)
    assert told == f"{said[0]} Closed on 31 May 2020: a false alarm."


def test_when_an_alert_ended_is_told_by_its_grain() -> None:
    ended = at("2020-05-31 23:59")
    told = [
        say.opened_and_ended(WARWICKSHIRE, grain, ended - HOUR, ended, ended)[1]
        for grain in ("now", "hour", "day", "month")
    ]
    assert told == ["at 23:59", "at 23:59", "on 31 May 2020", "on 31 May 2020"]
    assert say.resolved(told[2], None) == "Over on 31 May 2020."
    assert say.resolved(told[0], "planned_event") == "Closed at 23:59: a planned event."


def test_what_was_open_for_more_than_a_day_has_both_dates() -> None:
    opened, ended = at("2018-09-24 00:54"), at("2018-10-06 00:06")
    said = say.opened_and_ended(WARWICKSHIRE, "hour", opened, ended, ended)
    assert said == ("00:54 on 24 September", "at 00:06 on 6 October")


SURGE = ["Incidents: 35 in the hour to 00:00, usually 17 to 32.", "1.6 times the usual since noon."]
HIGHEST = "Highest 61 in the hour to 23:00."


@pytest.mark.parametrize(
    ("longest", "said"),
    [
        (152, [*SURGE, HIGHEST, "Over at 04:00, open since 00:00."]),
        (140, [*SURGE, HIGHEST, "Over at 04:00."]),
        (120, [SURGE[0], HIGHEST, "Over at 04:00, open since 00:00."]),
        (105, [SURGE[0], HIGHEST, "Over at 04:00."]),
    ],
)
def test_of_what_is_over_its_highest_figure_is_left_out_last(longest: int, said: list[str]) -> None:
    text = say.fit_cleared(SURGE, HIGHEST, "Over at 04:00, open since 00:00.", longest)
    assert text == " ".join(said)


def test_a_level_that_is_over_says_which_way_it_went_before_anything_else() -> None:
    level = "A new level since about November 2011: 1,449 a month before, 1,056 since (3 months)."
    said = ["Violence offences, Chicago: 966 in January 2012.", level]
    text = say.fit_cleared(
        said, "Lowest 911 in February 2012.", "Over on 30 June 2012, open since 1 February 2012."
    )
    assert text == f"{said[0]} {level} Over on 30 June 2012."


@pytest.mark.parametrize(
    ("until", "told"),
    [("2026-11-22 06:00", "06:00"), ("2026-11-24 06:00", "06:00 on Tuesday"),
     ("2026-12-05 06:00", "06:00 on Saturday 5 December 2026")],
)  # fmt: skip
def test_when_a_snooze_ends(until: str, told: str) -> None:
    assert say.clock(WARWICKSHIRE, at(until), at("2026-11-21 22:00")) == told
