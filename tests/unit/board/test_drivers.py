"""Which areas and parts moved a figure."""

from __future__ import annotations

from streams.board.compare import Comparisons
from streams.board.drivers import Drivers
from streams.board.query import Query
from streams.outputs.figures_shown import compared
from tests.build import crime, feed, monitor, ms


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


def test_what_is_no_count_or_not_known_is_moved_by_nothing() -> None:
    assert asked("mean_response_time") is None
    assert asked("crimes.count", period="2021-08") is None
