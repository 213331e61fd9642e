"""A detector that a force's file chooses by its name watches the measure instead of our own."""

import json
from itertools import count

import pytest

from streams.board.monitor import Monitor
from streams.config.force import Force, check_force
from streams.config.schema import ChosenDetector
from streams.errors import ConfigError
from streams.periods import DAY
from streams.registry.aggregates import Count, Mean, Share
from streams.state.surveillance import put_back, take, watch_all
from streams.surveillance.adapters.base import PassedPeriods, PeriodPoint
from streams.surveillance.adapters.chosen import Chosen, chosen
from streams.surveillance.signals import Signal
from tests.build import FAR_FUTURE, TINY_FORCE, crime, lines

CHOICE = """
[[alerts.detectors]]
measure = "{measure}"
grain = "{grain}"
use = "{use}"
settings = {settings}
"""


def force(
    measure: str = "crimes.count", grain: str = "day", use: str = "CUSUM", settings: str = "{}"
) -> Force:
    text = CHOICE.format(measure=measure, grain=grain, use=use, settings=settings)
    found, problems = check_force(TINY_FORCE + text, "tiny.toml")
    if found is None:
        raise problems[0]
    return found


def adapter(value: Count | Share | Mean, use: str, **settings: object) -> Chosen:
    choice = ChosenDetector(measure="a.b", grain="day", use=use, settings=settings)
    return Chosen(value, choice, "day", 7, 0.01)


def fed(one: Chosen, *figures: dict[str, int] | None) -> list[bool]:
    """Feeds a day each; whether there was an alarm."""
    found = []
    for each in figures:
        number = one.taken
        one.feed(each, PeriodPoint(number * DAY, 1.0, number % 7), normal=True)
        found.append(one.rate <= one.allowed)
    return found


def of(*numbers: int) -> list[dict[str, int] | None]:
    return [{"count": number} for number in numbers]


def test_its_alarm_is_within_what_is_allowed_and_no_alarm_never_is() -> None:
    one = adapter(Count("count"), "CUSUM", mean=10, sd=3, h=4)
    assert fed(one, *of(10, 9, 11, 10)) == [False] * 4
    assert fed(one, *of(20, 20)) == [False, True]


def test_it_says_what_came_and_since_when_and_what_was_usual() -> None:
    one = adapter(Count("count"), "CUSUM", mean=10, sd=3, h=4)
    fed(one, *of(10, 9, 11, 10, 9, 11, 10, 10, 20, 20))
    found = one.assessment()
    assert (found.method, found.direction, found.observed) == ("change", "up", 20.0)
    assert one.onset == 8 * DAY
    assert found.ratio == 2.0
    assert (found.lower, found.upper) == (9.0, 11.0)  # of the eight days before


def test_by_the_month_a_stretch_is_a_level() -> None:
    choice = ChosenDetector(
        measure="a.b", grain="month", use="CUSUM", settings={"mean": 10, "sd": 3, "h": 4}
    )
    one = Chosen(Count("count"), choice, "month", None, 0.01)
    for number, each in enumerate((10, 10, 10, 20, 20)):
        point = PeriodPoint(number * 30 * DAY, 30.4375, number % 12)
        one.feed({"count": each}, point, normal=True)
    found = one.assessment()
    assert (found.method, found.before, found.after) == ("level", 10.0, 20.0)


def test_a_share_gives_its_cases_to_a_detector_that_takes_them() -> None:
    one = adapter(Share(("top",), ("all",)), "Proportion", target=0.9, least=10)
    fed(one, {"top": 9, "all": 10})
    assert one.assessment().cases == (9, 10)
    assert one.assessment().observed == 0.9


def test_a_share_or_a_mean_of_no_cases_is_a_missing_point() -> None:
    one = adapter(Share(("top",), ("all",)), "CUSUM")
    fed(one, {"top": 0, "all": 0})
    assert one.last is None


def test_a_mean_is_taken_in_seconds() -> None:
    one = adapter(Mean("count"), "CUSUM")
    fed(one, {"count": 4, "sum": 240_000})
    assert one.last == 60.0


def test_what_a_detector_takes_beside_a_point_is_given_to_it() -> None:
    one = adapter(Count("count"), "CountWatch")
    assert (one.detector.slots, one.detector.allowed) == (7, 0.01)
    fed(one, *of(3, 4))
    assert one.taken == 2


def test_a_gap_moves_it_on_without_an_alarm() -> None:
    one = adapter(Count("count"), "CUSUM", mean=10, sd=3, h=4)
    fed(one, *of(10, 20))
    one.pass_over(PassedPeriods(3, 3, [4 * DAY]))
    assert (one.taken, one.last, one.rate <= one.allowed) == (5, None, False)


def test_it_goes_on_from_what_was_saved() -> None:
    whole, cut = (adapter(Count("count"), "CUSUM", mean=10, sd=3, h=4) for _ in range(2))
    fed(whole, *of(10, 9, 20))
    fed(cut, *of(10, 9, 20))
    again = adapter(Count("count"), "CUSUM", mean=10, sd=3, h=4)
    again.restore(json.loads(json.dumps(cut.save())))
    assert fed(again, *of(20)) == fed(whole, *of(20)) == [True]
    assert again.assessment() == whole.assessment()


OF_COUNTS = (
    "ADWIN", "ControlChart", "CountWatch", "CUSUM", "EARS", "EWMA", "Expected",
    "FlexibleFarrington", "MonthWatch", "NegativeBinomialFocus", "PageHinkley", "PoissonFocus",
    "ReportingTriangle", "SeasonalScan", "ShiryaevRoberts", "UncertainFocus",
)  # fmt: skip


@pytest.mark.parametrize("use", OF_COUNTS)
def test_any_detector_of_counts_takes_a_count(use: str) -> None:
    one = adapter(Count("count"), use)
    assert fed(one, *of(*[10, 11, 9, 12] * 4), None, *of(10)) is not None
    assert one.state in ("learning", "ready")
    assert one.assessment().observed == 10.0


def test_the_file_says_which_measure_and_grain() -> None:
    made = force()
    assert [(key, each.use) for key, each in chosen(made).items()] == [
        (("crimes.count", "day"), "CUSUM")
    ]
    assert chosen(Force(check_force(TINY_FORCE, "tiny.toml")[0].file)) == {}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"use": "CUSOM"}, "use", "there is no detector"),
        ({"settings": "{ hh = 4 }"}, "settings", 'CUSUM has no setting "hh"'),
        ({"settings": '{ h = "high" }'}, "settings", "h is a number"),
        ({"use": "GLR"}, "settings", "GLR needs the count that is usual"),
        ({"grain": "hour"}, "grain", "is not watched by the hour"),
        ({"measure": "crimes.counted"}, "measure", "is no measure that detectors watch"),
        ({"use": "Proportion"}, "use", "is for shares"),
    ],
)
def test_a_choice_that_can_t_be_made_is_told(
    changes: dict[str, str], field: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        chosen(force(**changes))
    assert caught.value.field == f"alerts.detectors[0].{field}"


def test_two_for_one_measure_and_grain_are_told() -> None:
    text = CHOICE.format(measure="crimes.count", grain="day", use="CUSUM", settings="{}")
    found, problems = check_force(TINY_FORCE + text * 2, "tiny.toml")
    assert found is None
    assert "two detectors are chosen" in str(problems[0])


def played(made: Force, stop: int, monitor: Monitor | None = None, first: int = 0) -> Monitor:
    """Days of ten crimes each, of forty from the fiftieth on."""
    if monitor is None:
        monitor = Monitor([made])
        watch_all(monitor)
    for day in range(first, stop):
        numbers = count()
        many = 40 if day >= 50 else 10
        at = f"2021-{1 + day // 28:02d}-{1 + day % 28:02d}T10:00:00Z"
        monitor.ingest(
            lines([crime(f"{day}-{next(numbers)}", at) for _ in range(many)]), FAR_FUTURE
        )
    return monitor


def signals(monitor: Monitor) -> list[Signal]:
    """Of recorded crime by the day, of the whole force."""
    (shard,) = (each for each in monitor.shards if each.kind == "crime")
    return [
        watch.signal
        for watch in shard.surveillance["tiny"].grains["day"]
        if watch.signal is not None and watch.series.area == "force"
        and watch.series.row["offence"] == "all"
    ]  # fmt: skip


def test_it_watches_the_measure_in_a_monitor() -> None:
    (found,) = signals(played(force(settings="{ mean = 10, sd = 3 }"), 53))
    assert (found.notify, found.direction, found.observed) == (True, "up", 40.0)


def test_a_checkpoint_of_another_choice_begins_anew() -> None:
    before, after = force(), force(use="EWMA")
    monitor, other = played(before, 20), Monitor([after])
    watch_all(other)
    for old, new in zip(monitor.shards, other.shards, strict=True):
        stored = {"tiny": {part: blob for _, part, blob in take(old)}}
        put_back(new, stored)
    (shard,) = (each for each in other.shards if each.kind == "crime")
    adapters = [w.adapter for w in shard.surveillance["tiny"].grains["day"]]
    assert adapters
    assert {each.taken for each in adapters if isinstance(each, Chosen)} == {0}
