"""One surge, one alert: 999 calls that rise for weeks, from the ledger to what people are told.

`tests/unit/alerts/test_course.py` has the rules by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.config.force import find_force
from tests.surges import A_DAY, HOUR, Room, day, plain, times

pytestmark = pytest.mark.replays

LEARNED, SINCE = "2020-04-06", "2020-07-01"


def watched(ratio: float, until: str, end: str, **changes: object) -> Room:
    """A room of so many times the usual from July on, watched up to some day."""
    room = Room(plain(), times(ratio, SINCE, until), **changes)  # type: ignore[arg-type]
    room.learn(day(LEARNED), day(SINCE))
    room.watch(day(SINCE), day(end))
    return room


def test_a_surge_of_two_months_is_opened_once_and_says_since_when_and_by_how_much() -> None:
    room = watched(1.6, "2020-09-01", "2020-09-06")
    assert [(what, when) for what, when, _ in room.told] == [
        ("opened", "2020-07-01"),
        ("escalated", "2020-07-01"),
        ("resolved", "2020-09-03"),
    ]
    (opened,) = room.opened
    assert opened.severity == "page"
    words = {each.at.date().isoformat(): each.alert for each in room.made if each.alert.open}
    assert words["2020-07-05"].words == (
        "999 calls, West Mercia: 545 on Saturday 4 July, usually about 325. About 1.6 times the "
        "usual since 1 July. Nobody has this yet."
    )
    assert not words["2020-07-14"].lasting
    assert words["2020-08-31"].lasting
    assert "1.6 times the usual since 1 July" in words["2020-08-31"].words


def test_with_the_shipped_file_it_is_one_alert_too() -> None:
    """What came before is the first national lockdown, and the command system changed that day."""
    room = Room(find_force("west-mercia"), times(1.6, SINCE, "2020-09-01"))
    room.learn(day("2020-04-01"), day(SINCE))
    room.watch(day(SINCE), day("2020-09-06"))
    assert [(what, when) for what, when, _ in room.told] == [
        ("opened", "2020-07-01"),
        ("escalated", "2020-07-01"),
        ("resolved", "2020-09-03"),
    ]


@pytest.mark.parametrize("ratio", [1.3, 2.0])
def test_a_smaller_and_a_greater_one_are_one_alert_each(ratio: float) -> None:
    room = watched(ratio, "2020-08-01", "2020-08-05")
    assert len(room.opened) == 1
    assert [what for what, _, _ in room.told] == ["opened", "escalated", "resolved"]


def test_a_rise_that_ends_after_five_days_is_over_after_two_usual_days() -> None:
    """The second day after it is by chance above the usual range, the two after that are not."""
    room = watched(1.6, "2020-07-06", "2020-07-11")
    assert [(what, when) for what, when, _ in room.told] == [
        ("opened", "2020-07-01"),
        ("escalated", "2020-07-01"),
        ("resolved", "2020-07-10"),
    ]


def test_a_rise_that_grows_is_told_once_more() -> None:
    first, second = times(1.6, SINCE, "2020-07-15"), times(2.2, "2020-07-15", "2020-08-01")
    room = Room(plain(), lambda at, area: first(at, area) * second(at, area))
    room.learn(day(LEARNED), day(SINCE))
    room.watch(day(SINCE), day("2020-07-25"))
    assert [(what, when) for what, when, _ in room.told] == [
        ("opened", "2020-07-01"),
        ("escalated", "2020-07-01"),
        ("updated", "2020-07-16"),
    ]
    assert len(room.opened) == 1


def test_one_that_ends_and_comes_again_a_week_later_is_two_alerts() -> None:
    first, second = times(1.6, SINCE, "2020-07-06"), times(1.6, "2020-07-15", "2020-07-18")
    room = Room(plain(), lambda at, area: first(at, area) * second(at, area))
    room.learn(day(LEARNED), day(SINCE))
    room.watch(day(SINCE), day("2020-07-22"))
    assert len(room.opened) == 2
    assert [what for what, _, _ in room.told] == ["opened", "escalated", "resolved"] * 2


def test_one_in_one_district_is_one_alert_of_that_district() -> None:
    areas = [area.id for area in plain().file.areas if area.parent is None][:4]
    shares: dict[str | None, float] = dict.fromkeys(areas, 1 / len(areas))
    room = Room(plain(), times(2.0, SINCE, "2020-08-01", areas[0]), shares=shares)
    room.learn(day(LEARNED), day(SINCE))
    room.watch(day(SINCE), day("2020-07-15"))
    assert [each.area for each in room.opened] == [areas[0]]
    assert [what for what, _, _ in room.told] == ["opened", "updated", "escalated"]


def test_closed_as_real_its_level_is_the_usual_at_once_and_its_end_is_a_fall() -> None:
    room = Room(plain(), times(1.6, SINCE, "2020-08-03"))
    room.learn(day(LEARNED), day(SINCE))
    room.watch(day(SINCE), day("2020-07-20"))
    (alert,) = room.opened
    room.service.act(alert.id, "close", room.now, "Duty inspector", outcome="real")
    told = len(room.told)
    room.watch(day("2020-07-20"), day("2020-08-03"))
    assert room.told[told:] == []
    room.watch(day("2020-08-03"), day("2020-08-10"))
    (fall,) = room.opened[1:]
    assert (fall.direction, fall.severity, fall.opened_at.date().isoformat()) == (
        "down", "notice", "2020-08-03",
    )  # fmt: skip


class Silent(Room):
    """A room of which nothing is heard from 10 to 13 July."""

    def hours(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        for until, payload in super().hours(start, end):
            if not day("2020-07-10") < until <= day("2020-07-14"):
                yield until, payload


@pytest.mark.parametrize("ends", ["2020-07-12", "2020-09-01"])
def test_a_gap_of_four_days_in_its_feed_ends_no_surge_and_pages_nobody_anew(ends: str) -> None:
    room = Silent(plain(), times(1.6, SINCE, ends))
    room.learn(day("2020-05-04"), day(SINCE))
    room.watch(day(SINCE), day("2020-07-20"))
    told = [(what, when) for what, when, words in room.told if not words.startswith("Calls")]
    over = [("resolved", "2020-07-17")] * (ends == "2020-07-12")
    assert told == [("opened", "2020-07-01"), ("escalated", "2020-07-01"), *over]


def test_two_hours_of_riot_within_a_surge_are_told_in_the_first_of_them() -> None:
    surge, riot = times(1.5, SINCE, "2020-09-01"), day("2020-07-08") + 18 * HOUR

    def factor(at: int, area: str | None) -> float:
        return surge(at, area) * (5.0 if riot <= at < riot + 2 * HOUR else 1.0)

    room = Room(plain(), factor)
    room.learn(day("2020-05-04"), day(SINCE))
    room.watch(day(SINCE), day("2020-07-09"))
    ((what, when, words),) = [each for each in room.told if each[1] > "2020-07-02"]
    assert (what, when) == ("updated", "2020-07-08")
    assert "from 19:00 to 19:0" in words
    assert "About 1.5 times the usual since 1 July." in words
    assert len(room.opened) == 1


def test_closed_as_real_on_its_first_day_its_level_is_the_usual_from_the_third_on() -> None:
    room = Room(plain(), times(1.6, SINCE, "2020-09-01"))
    room.learn(day("2020-05-04"), day(SINCE))
    room.watch(day(SINCE), day(SINCE) + 15 * HOUR)
    (alert,) = room.opened
    room.service.act(alert.id, "close", room.now, "Duty inspector", outcome="real")
    told = len(room.told)
    room.watch(day(SINCE) + 15 * HOUR, day("2020-07-20"))
    assert room.told[told:] == []
    assert room.usual("day") == pytest.approx(1.6 * A_DAY, rel=0.05)
    assert room.usual("hour") * 24 == pytest.approx(1.6 * A_DAY, rel=0.1)


def test_closed_as_real_the_morning_after_it_was_over_the_usual_stays_what_it_was() -> None:
    room = Room(plain(), times(1.6, SINCE, "2020-07-06"))
    room.learn(day("2020-05-04"), day(SINCE))
    room.watch(day(SINCE), day("2020-07-10") + 8 * HOUR)
    (alert,) = room.opened
    room.service.act(alert.id, "close", room.now, "Duty inspector", outcome="real")
    room.watch(day("2020-07-10") + 8 * HOUR, day("2020-07-20"))
    assert room.usual("day") == pytest.approx(A_DAY, rel=0.05)
    assert room.usual("hour") * 24 == pytest.approx(A_DAY, rel=0.05)


def test_a_surge_of_the_whole_force_while_a_district_has_its_own_is_told() -> None:
    areas = [area.id for area in plain().file.areas if area.parent is None][:4]
    shares: dict[str | None, float] = dict.fromkeys(areas, 1 / len(areas))

    def factor(at: int, area: str | None) -> float:
        if area == areas[0]:
            return 2.0 if at >= day(SINCE) else 1.0
        return 1.8 if at >= day("2020-07-08") else 1.0

    room = Room(plain(), factor, shares=shares)
    room.learn(day("2020-05-04"), day(SINCE))
    room.watch(day(SINCE), day("2020-07-14"))
    assert [each.area for each in room.opened] == [areas[0], "force"]
    later = [(what, when) for what, when, _ in room.told if when > "2020-07-03"]
    assert later == [("opened", "2020-07-08"), ("escalated", "2020-07-08")]


def test_a_restart_in_the_middle_changes_nothing() -> None:
    whole = watched(1.6, "2020-08-01", "2020-08-05")
    room = watched(1.6, "2020-08-01", "2020-07-20")
    stored = list(room.made)
    room.begin()
    room.service.restore(stored)
    room.learn(day(LEARNED), day("2020-07-20"))
    del room.made[len(stored) :]
    room.watch(day("2020-07-20"), day("2020-08-05"))
    assert room.told == whole.told
    assert room.opened == whole.opened
