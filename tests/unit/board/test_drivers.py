"""Which areas and parts moved a figure."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.board.compare import Comparisons
from streams.board.drivers import NOT_COMPARABLE, NOT_STATED, Drivers
from streams.board.query import Query
from streams.config.force import check_force
from streams.outputs.figures_shown import compared
from tests.build import TINY_FORCE, crime, feed, monitor, ms


def asked(indicator: str, period: str = "2021-05", area: str = "force") -> Drivers | None:
    watched = monitor()
    watched.play_history(True)
    made = [crime("first", "2021-01-01T12:00:00Z"), crime("last", "2021-06-30T12:00:00Z")]
    for place, offence, before, now in (
        ("north", "violence", 5, 9),
        ("north", "vehicle", 4, 5),
        ("south", "vehicle", 2, 8),
        ("south", "violence", 6, 4),
    ):
        for month, number in (("2021-04", before), ("2021-05", now)):
            made += [
                crime(f"{place} {offence} {month} {n}", f"{month}-05T12:00:00Z", area=place,
                      offence=offence)
                for n in range(number)
            ]  # fmt: skip
    feed(watched, *made)
    query = Query(watched, "tiny", ms("2021-07-05T00:00:00Z"))
    return Comparisons(query, indicator, period, area).drivers


def test_the_areas_right_below_add_up_to_the_change_the_largest_first() -> None:
    found = asked("crimes.count")
    assert found is not None
    assert found.change == 9
    assert found.areas == {"north-area": 5, "south": 4}
    assert list(found.areas) == ["north-area", "south"]


def test_the_parts_are_what_is_shown_as_a_share_of_it() -> None:
    found = asked("total_recorded_crime")
    assert found is not None
    assert next(iter(found.parts.items())) == ("vehicle_offences", 7)
    assert compared(found, "count") == "north-area +5, vehicle_offences +7 of +9"


def test_of_an_area_they_are_the_areas_within_it() -> None:
    found = asked("crimes.count", area="north-area")
    assert found == Drivers(5, {"north": 5}, {})


places = st.lists(st.sampled_from([None, "north-area", "north", "south"]), max_size=12)
MOVED_SOUTH = TINY_FORCE.replace('id = "south"', 'id = "south"\nboundary_changes = [2021-05-01]')


@settings(max_examples=25, deadline=None)
@given(places, places, st.sampled_from([TINY_FORCE, MOVED_SOUTH]))
def test_the_areas_add_up_to_the_change_exactly(
    before: list[str | None], now: list[str | None], text: str
) -> None:
    force, _ = check_force(text, "tiny.toml")
    watched = monitor(force)
    watched.play_history(True)
    made = [crime("first", "2021-01-01T12:00:00Z"), crime("last", "2021-06-30T12:00:00Z")]
    made += [
        crime(f"{month}{n}", f"{month}-05T12:00:00Z", area=place)
        for month, places in (("2021-04", before), ("2021-05", now))
        for n, place in enumerate(places)
    ]
    feed(watched, *made)
    query = Query(watched, "tiny", ms("2021-07-05T00:00:00Z"))
    for area in ("force", "north-area"):
        found = Comparisons(query, "crimes.count", "2021-05", area).drivers
        assert found is not None
        assert sum(found.areas.values()) == found.change


def test_records_without_an_area_have_an_entry_of_their_own() -> None:
    watched = monitor()
    watched.play_history(True)
    made = [crime("first", "2021-01-01T12:00:00Z"), crime("last", "2021-06-30T12:00:00Z")]
    for area, number in ((None, 5), ("north-area", 3), ("north", 2), ("south", 1)):
        made += [crime(f"{area}{n}", "2021-05-05T12:00:00Z", area=area) for n in range(number)]
    feed(watched, *made)
    query = Query(watched, "tiny", ms("2021-07-05T00:00:00Z"))
    found = Comparisons(query, "crimes.count", "2021-05").drivers
    assert found == Drivers(11, {"north-area": 5, NOT_STATED: 5, "south": 1}, {})
    within = Comparisons(query, "crimes.count", "2021-05", "north-area").drivers
    assert within == Drivers(5, {NOT_STATED: 3, "north": 2}, {})


def test_an_area_whose_boundary_changed_is_told_apart() -> None:
    force, _ = check_force(MOVED_SOUTH, "tiny.toml")
    watched = monitor(force)
    watched.play_history(True)
    made = [crime("first", "2021-01-01T12:00:00Z"), crime("last", "2021-06-30T12:00:00Z")]
    made += [crime(f"s{n}", "2021-05-05T12:00:00Z", area="south") for n in range(4)]
    feed(watched, *made)
    query = Query(watched, "tiny", ms("2021-07-05T00:00:00Z"))
    found = Comparisons(query, "crimes.count", "2021-05").drivers
    assert found == Drivers(4, {NOT_COMPARABLE: 4, "north-area": 0}, {})


def test_what_is_no_count_or_not_known_is_moved_by_nothing() -> None:
    assert asked("mean_response_time") is None
    assert asked("crimes.count", period="2021-08") is None
