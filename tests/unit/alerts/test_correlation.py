"""What leads a cluster: recorded crimes, or one group of offences; what takes a headline over."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.alerts.evaluation import evaluate
from streams.alerts.model import Alert, Transition
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.config.force import Force, check_force
from streams.live import Live
from streams.state.surveillance import watch_all
from streams.surveillance.signals import Signal
from tests.alerting import Known, at, signal, store
from tests.build import FAR_FUTURE, TINY_FORCE, crime, feed

USUAL = {
    "burglary": 80.0, "criminal_damage_arson": 90.0, "drugs": 40.0, "public_order": 100.0,
    "robbery": 20.0, "shoplifting": 120.0, "vehicle": 110.0, "violence": 200.0,
}  # fmt: skip
APRIL, MAY, JUNE = "2026-04-01 00:00", "2026-05-01 00:00", "2026-06-01 00:00"
EVALUATED = at("2026-07-01 00:10")
ALL = "Recorded crimes, Warwickshire"


def crimes(
    offence: str, observed: float, expected: float, when: str = APRIL, **changes: Any
) -> Signal:
    """A month of an offence group, 4 standard deviations of a Poisson count wide."""
    wide = 2 * expected**0.5
    fields: dict[str, Any] = {
        "kind": "crime", "group": "crimes", "measure": "count", "row": {"offence": offence},
        "area": "force", "grain": "month", "method": "level", "within": 0.95,
        "theme": "crimes" if offence == "all" else f"crimes.{offence}",
        "observed": observed, "expected": expected, "before": expected, "after": observed,
        "lower": expected - wide, "upper": expected + wide,
        "direction": "up" if observed > expected else "down",
        "notify": abs(observed - expected) > wide,
    }  # fmt: skip
    return signal(when, **{**fields, **changes})


def month(ratios: dict[str, float], when: str = APRIL, **whole: Any) -> list[Signal]:
    """A month of all groups, and of all together."""
    seen = {each: round(usual * ratios.get(each, 1.0)) for each, usual in USUAL.items()}
    parts = [crimes(each, seen[each], usual, when) for each, usual in USUAL.items()]
    return [*parts, crimes("all", sum(seen.values()), sum(USUAL.values()), when, **whole)]


LOCKDOWN = {
    "burglary": 0.5, "criminal_damage_arson": 0.55, "drugs": 0.6, "public_order": 0.3,
    "robbery": 0.2, "shoplifting": 0.1, "vehicle": 0.4, "violence": 0.6,
}  # fmt: skip


def opened(signals: list[Signal], known: list[Signal] | None = None) -> list[Alert]:
    made = evaluate(store(), signals, [], EVALUATED, Known(*(known or signals)))
    return [each.alert for each in made if each.what == "opened"]


def test_a_fall_that_most_groups_share_is_a_fall_of_recorded_crimes() -> None:
    (alert,) = opened(month(LOCKDOWN))
    assert (alert.title, alert.row, alert.direction) == (ALL, {"offence": "all"}, "down")
    assert alert.words.startswith(f"{ALL}: 324 in April 2026, usually 705 to 815.")
    assert "Shoplifting offences, Warwickshire" in alert.also


def test_parts_that_would_not_alarm_alone_are_named_below_a_whole_that_does() -> None:
    # Each of these groups is outside its usual range, and none within its budget.
    shared = dict.fromkeys(USUAL, 1.35) | {"robbery": 1.0, "drugs": 0.95}
    *parts, whole = month(shared)
    quiet = [msgspec.structs.replace(part, notify=False) for part in parts]
    (alert,) = opened([whole], known=[*quiet, whole])
    assert alert.title == ALL
    assert "Violence offences, Warwickshire" in alert.also
    assert "Shoplifting offences, Warwickshire" in alert.also
    assert "Robbery offences, Warwickshire" not in alert.also
    assert "Drugs offences, Warwickshire" not in alert.also


def test_a_county_that_rises_names_the_districts_where_it_is() -> None:
    seen = {"rugby": (60.0, 38.0), "warwick": (75.0, 50.0), "stratford": (24.0, 22.0)}
    places = [
        crimes("vehicle", *figures, area=area, notify=False) for area, figures in seen.items()
    ]
    county = crimes("vehicle", 165.0, 110.0)
    (alert,) = opened([county], known=[*places, county])
    assert alert.title == "Vehicle offences, Warwickshire"
    assert alert.also == ("Vehicle offences, Rugby", "Vehicle offences, Warwick")


def test_a_rise_of_one_group_is_told_of_that_group() -> None:
    (alert,) = opened(month({"vehicle": 1.8}))
    assert alert.title == "Vehicle offences, Warwickshire"
    assert alert.also == (ALL,)


def test_a_group_that_makes_no_signal_itself_is_looked_up() -> None:
    signals = month({"vehicle": 1.8})
    (alert,) = opened([signals[-1]], known=signals)
    assert alert.title == "Vehicle offences, Warwickshire"


def test_two_groups_of_a_whole_that_is_as_usual_without_them_have_two_alerts() -> None:
    found = opened(month({"vehicle": 1.8, "drugs": 2.5}))
    assert {alert.row["offence"] for alert in found} == {"vehicle", "drugs"}


def test_a_third_more_of_everything_and_one_group_with_more_is_the_wholes() -> None:
    ratios = {**dict.fromkeys(USUAL, 1.3), "vehicle": 1.9}
    (alert,) = opened(month(ratios))
    assert alert.title == ALL


def test_recorded_crimes_speak_for_several_groups_before_their_own_alarm() -> None:
    """Its detector may be busy with a rise of last year, which is no part of the cluster."""
    signals = month(LOCKDOWN, notify=True, direction="up", before=600.0, after=760.0)
    (alert,) = opened(signals)
    assert (alert.title, alert.direction) == (ALL, "down")
    assert alert.words == (f"{ALL}: 324 in April 2026, usually 705 to 815. Nobody has this yet.")


def test_recorded_crimes_inside_their_usual_range_speak_for_no_group() -> None:
    signals = month({"robbery": 0.4, "drugs": 0.5, "vehicle": 1.1}, notify=False)
    assert {alert.row["offence"] for alert in opened(signals)} == {"robbery", "drugs"}


def test_a_category_that_is_all_of_its_whole_tells_by_its_own_name() -> None:
    both = [crimes("violence", 150, 80.0), crimes("all", 150, 80.0)]
    (alert,) = opened(both)
    assert (alert.title, alert.also) == ("Violence offences, Warwickshire", (ALL,))


def test_an_alert_that_widened_from_a_part_to_the_whole_goes_to_no_other_part() -> None:
    b = store()
    first = crimes("violence", 120, 200.0)
    evaluate(b, [first], [], at("2026-05-01 00:10"), Known(first))
    signals = month(LOCKDOWN, MAY)
    evaluate(b, signals, [], at("2026-06-01 00:10"), Known(*signals))
    (alert,) = b.alerts.values()
    assert alert.title == ALL
    # All of what is left of the fall is in shoplifting, which then explains the whole alone.
    fallen = [crimes("shoplifting", 10, 120.0, MAY), crimes("all", 650, 760.0, MAY)]
    evaluate(b, fallen, [], at("2026-06-01 00:20"), Known(*fallen))
    (alert,) = b.alerts.values()
    assert (alert.title, alert.id.split("/")[3]) == (ALL, "offence=violence")


def test_an_alert_of_the_whole_takes_the_name_of_the_part_that_it_is_all_about() -> None:
    b = store()
    whole = crimes("all", 650, 760.0, MAY)
    evaluate(b, [whole], [], at("2026-06-01 00:10"), Known(whole))
    fallen = [crimes("shoplifting", 10, 120.0, MAY), whole]
    evaluate(b, fallen, [], at("2026-06-01 00:20"), Known(*fallen))
    (alert,) = b.alerts.values()
    assert alert.title == "Shoplifting offences, Warwickshire"


@pytest.mark.parametrize(("next_month", "goes_on"), [(5166, False), (4000, True)])
def test_a_month_that_says_the_opposite_ends_a_new_level_at_once(
    next_month: int, goes_on: bool
) -> None:
    b = store()
    fall = crimes("all", 3345, 3910.0, APRIL, before=3924.0, after=3345.0, lower=3491, upper=4328)
    evaluate(b, [fall], [], at("2026-05-01 00:10"), Known(fall))
    after = crimes("all", next_month, 3910.0, MAY, notify=False)
    evaluate(b, [], [], at("2026-06-01 00:10"), Known(after))
    (alert,) = b.alerts.values()
    assert alert.open == goes_on


def test_the_whole_takes_the_headline_over_a_month_later_and_nobody_is_told_again() -> None:
    b = store()
    first = [crimes("violence", 120, 200.0), crimes("shoplifting", 70, 120.0)]
    quiet = crimes("all", 720, 760.0, notify=False)
    opened_ = evaluate(b, first[:1], [], at("2026-05-01 00:10"), Known(*first, quiet))
    assert [each.notify for each in opened_] == [True]
    made = evaluate(b, first[1:], [], at("2026-05-01 00:20"), Known(*first, quiet))
    assert [each.alert.title for each in made] == ["Shoplifting offences, Warwickshire"]
    signals = month(LOCKDOWN, MAY)
    made = evaluate(b, signals, [], at("2026-06-01 00:10"), Known(*signals))
    assert [(each.what, each.notify) for each in made] == [("resolved", False), ("updated", False)]
    (alert,) = (each for each in b.alerts.values() if each.open)
    assert alert.id == opened_[0].alert.id
    assert (alert.title, alert.row, alert.theme) == (ALL, {"offence": "all"}, "crimes")
    assert alert.series == ("warwickshire", "crimes", "count", "offence=all", "force", "month")
    assert alert.also[0] == "Violence offences, Warwickshire"
    assert "Shoplifting offences, Warwickshire" in alert.also
    merged = next(each for each in b.alerts.values() if not each.open)
    assert merged.note == f"part of {ALL}"
    assert merged.words == (
        "Shoplifting offences, Warwickshire: 70 in April 2026. "
        f"Now part of the alert about {ALL}. Over on 1 June 2026, open since 1 May 2026."
    )
    # It goes on as the alert of all of them, and ends as that.
    signals = month(LOCKDOWN, JUNE)
    evaluate(b, signals, [], at("2026-07-01 00:10"), Known(*signals))
    assert sum(each.open for each in b.alerts.values()) == 1
    for n, when in enumerate(("2026-07-01 00:00", "2026-08-01 00:00")):
        usual = [crimes(each, usual, usual, when, notify=False) for each, usual in USUAL.items()]
        usual.append(crimes("all", 760, 760.0, when, notify=False))
        evaluate(b, [], [], at(f"2026-{8 + n:02}-01 00:10"), Known(*usual))
    assert not any(each.open for each in b.alerts.values())


def test_a_group_of_its_own_that_changes_long_after_is_an_alert_of_its_own() -> None:
    b = store()
    rise = month(dict.fromkeys(USUAL, 1.3))
    evaluate(b, rise, [], at("2026-05-01 00:10"), Known(*rise))
    later = month({**dict.fromkeys(USUAL, 1.3), "robbery": 4.0}, JUNE)
    robbery = next(each for each in later if each.row == {"offence": "robbery"})
    evaluate(b, [robbery], [], EVALUATED, Known(*later))
    assert [each.title for each in b.alerts.values()] == [ALL, "Robbery offences, Warwickshire"]


def test_a_group_whose_change_began_with_that_of_all_goes_with_them() -> None:
    b = store()
    fall = month(LOCKDOWN)
    evaluate(b, fall, [], at("2026-05-01 00:10"), Known(*fall))
    later = month({**dict.fromkeys(USUAL, 0.8), "robbery": 0.1}, JUNE)
    robbery = crimes("robbery", 2, 20.0, JUNE, onset=at(APRIL))
    evaluate(b, [robbery], [], EVALUATED, Known(*later))
    assert len(b.alerts) == 1


def test_all_of_them_that_change_long_after_a_group_are_an_alert_of_their_own() -> None:
    b = store()
    first = month({"vehicle": 1.3})
    evaluate(b, [next(each for each in first if each.row == {"offence": "vehicle"})],
               [], at("2026-05-01 00:10"), Known(*first))  # fmt: skip
    later = month(dict.fromkeys(USUAL, 2.0), JUNE)
    made = evaluate(b, later, [], EVALUATED, Known(*later))
    assert [each.alert.title for each in made if each.notify] == [ALL]
    assert [each.title for each in b.alerts.values()] == ["Vehicle offences, Warwickshire", ALL]


def test_all_of_them_that_change_after_the_group_that_holds_most_of_it_are_in_its_cluster() -> None:
    b = store()
    for when, ratio, seen in ((APRIL, 1.5, "2026-05-01 00:10"), (JUNE, 2.5, "2026-07-01 00:10")):
        signals = month({"violence": ratio, "vehicle": 1.2}, when)
        groups = {"violence": APRIL, "all": JUNE}
        told = [each for each in signals if groups.get(each.row["offence"]) == when]
        evaluate(b, told, [], at(seen), Known(*signals))
    assert len(b.alerts) == 1


def test_a_rise_of_last_year_is_not_told_of_a_month_below_the_usual_range() -> None:
    onset = at("2025-02-01 00:00")
    rise = crimes(
        "all", 324, 760.0, notify=True, direction="up", onset=onset, before=600.0, after=760.0
    )
    assert not opened([rise])


def rate(area: str, observed: float, **changes: Any) -> Signal:
    """A day's answer rate, usually 85 % to 95 %."""
    fields: dict[str, Any] = {
        "measure": "service_level", "grain": "day", "method": "proportion", "area": area,
        "observed": observed, "expected": 0.9, "lower": 0.85, "upper": 0.95, "before": 0.9,
        "after": 0.7, "direction": "down", "polarity": "bad", "onset": at("2026-11-16 00:00"),
    }  # fmt: skip
    return signal("2026-11-20 00:00", **{**fields, **changes})


def test_a_rate_that_is_back_is_no_news_of_the_days_before() -> None:
    assert not opened([rate("rugby", 0.88)])
    assert [alert.area for alert in opened([rate("rugby", 0.72)])] == ["rugby"]


def test_rates_of_several_areas_are_told_by_the_force_where_its_own_is_down() -> None:
    areas = [rate("rugby", 0.72), rate("warwick", 0.75), rate("stratford", 0.7)]
    (alert,) = opened([*areas, rate("force", 0.76, notify=False)])
    assert alert.title == "999 calls answered in time, Warwickshire"
    assert len(opened([*areas, rate("force", 0.88, notify=False)])) == 3


def test_a_level_that_was_told_and_is_back_is_not_told_again() -> None:
    b = store()
    rise = crimes("drugs", 80, 40.0, onset=at(APRIL))
    evaluate(b, [rise], [], at("2026-05-01 00:10"), Known(rise))
    for when, told in (("2026-05-01 00:00", "2026-06-01 00:10"), (JUNE, "2026-07-01 00:10")):
        usual = crimes("drugs", 41, 40.0, when, notify=False)
        evaluate(b, [], [], at(told), Known(usual))
    assert not any(each.open for each in b.alerts.values())
    again = crimes("drugs", 44, 40.0, "2026-07-01 00:00", notify=True, onset=at(APRIL))
    assert not evaluate(b, [again], [], at("2026-08-01 00:10"), Known(again))


def placed(area: str, observed: float, expected: float) -> Signal:
    wide = 1.28 * expected**0.5
    return signal(
        "2026-11-20 18:00", area=area, observed=observed, expected=expected,
        lower=expected - wide, upper=expected + wide,
        direction="up" if observed > expected else "down", notify=abs(observed - expected) > wide,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("north", "south", "whole", "alerts"),
    [
        # 30 of 60 calls have no area, usually 4 of 64: they were abandoned before an answer.
        (15, 15, 60, []),
        # The calls themselves are fewer.
        (15, 15, 34, ["force"]),
        # A fall of one half of the force, with as many unplaced calls as ever.
        (10, 30, 44, ["north-warwickshire-area"]),
    ],
)
def test_a_fall_of_areas_is_none_where_the_calls_only_lack_their_area(
    north: int, south: int, whole: int, alerts: list[str]
) -> None:
    signals = [
        placed("north-warwickshire-area", north, 30.0),
        placed("south-warwickshire-area", south, 30.0),
        placed("force", whole, 64.0),
    ]
    assert [alert.area for alert in opened(signals)] == alerts


# -- by the whole chain ------------------------------------------------------------------------


GROUPS = ("burglary", "drugs", "robbery", "shoplifting", "vehicle", "violence")


@pytest.fixture(scope="module")
def force() -> Force:
    listed = ", ".join(f'"{each}"' for each in GROUPS)
    text = TINY_FORCE.replace(
        'offence_groups = ["burglary.residential", "vehicle"]', f"offence_groups = [{listed}]"
    )
    found, problems = check_force(text, "tiny.toml")
    assert found is not None, problems
    return found


def replayed(force: Force, last: dict[str, float]) -> list[Transition]:
    """Eighteen months of 30 offences in each group, then one of so many times that."""
    live = Live(Monitor([force]), lambda: FAR_FUTURE)
    watch_all(live.monitor)
    service = AlertService(live)
    made: list[Transition] = []
    service.subscribe(made.extend)
    for shard in live.monitor.shards:
        service.attach(shard)
    live.monitor.play_history(True)
    for n in range(20):
        name = f"{2018 + n // 12}-{n % 12 + 1:02}"
        for m, group in enumerate(GROUPS):
            ratio = last.get(group, 1.0) if n == 18 else 1.0
            count = round((30 + (3 * n + 5 * m) % 7 - 3) * ratio)
            feed(live.monitor, *(
                crime(f"{name}/{group}/{k}", name, offence=group, updated_at=f"{name}-28T12:00:00Z")
                for k in range(count)
            ))  # fmt: skip
    assert not service.faults
    return [each for each in made if each.what == "opened"]


def test_months_in_which_all_groups_fall_are_one_alert_of_recorded_crimes(force: Force) -> None:
    ratios = {"burglary": 0.3, "drugs": 0.6, "robbery": 0.1, "shoplifting": 0.2,
              "vehicle": 0.3, "violence": 0.4}  # fmt: skip
    (told,) = replayed(force, ratios)
    assert told.alert.words.startswith("Recorded crimes, Tiny Police: 59 in July 2019, usually ")
    assert (told.alert.area, told.alert.direction) == ("force", "down")


def test_months_in_which_one_group_falls_are_its_alert(force: Force) -> None:
    (told,) = replayed(force, {"violence": 0.1})
    assert told.alert.words.startswith("Violence offences, Tiny Police: 3 in July 2019, usually ")
