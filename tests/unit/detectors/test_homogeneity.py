"""Which leads: the county, or one of its districts."""

from collections.abc import Iterable

import numpy as np
import pytest

from detectors.homogeneity import LEVEL, PartCount, homogeneity_test, probability_alike
from streams.alerts.evaluation import evaluate
from streams.alerts.model import Transition
from streams.surveillance.signals import Signal
from tests.alerting import Known, at, incidents, store

NOW = at("2026-11-21 00:10")
USUAL = {
    "north-warwickshire": 14.0,
    "nuneaton-bedworth": 30.0,
    "rugby": 24.0,
    "stratford": 26.0,
    "warwick": 34.0,
}
NORTH, SOUTH = "north-warwickshire-area", "south-warwickshire-area"
PARENTS = dict.fromkeys(USUAL, NORTH) | {"stratford": SOUTH, "warwick": SOUTH}


def day(ratios: dict[str, float]) -> list[Signal]:
    """A day of the county, its policing areas and its districts."""
    seen = {area: round(usual * ratios.get(area, 1.0)) for area, usual in USUAL.items()}
    made = [incidents(area, seen[area], usual) for area, usual in USUAL.items()]
    for parent in (NORTH, SOUTH):
        inside = [area for area in USUAL if PARENTS[area] == parent]
        count, usual = sum(seen[a] for a in inside), sum(USUAL[a] for a in inside)
        made.append(incidents(parent, count, usual))
    made.append(incidents("force", sum(seen.values()), sum(USUAL.values())))
    return made


def opened(signals: list[Signal], known: Iterable[Signal] = ()) -> list[Transition]:
    made = evaluate(store(), signals, [], NOW, Known(*known))
    return [t for t in made if t.what == "opened"]


def test_one_district_with_three_times_its_usual_is_named() -> None:
    signals = day({"rugby": 3.0})
    (told,) = opened(signals)
    assert told.alert.area == "rugby"
    assert told.alert.words == (
        "Anti-social behaviour incidents, Rugby: 72 on Friday, usually 18 to 30. "
        "Nobody has this yet."
    )


def test_a_district_is_named_though_the_others_are_a_little_high_by_chance() -> None:
    """The rest has 9 where 4.5 are usual, which one hour in 25 has, and a fifth of the rise."""
    rise, district = PartCount(33.0, 8.06), PartCount(24.0, 3.61)
    assert homogeneity_test(rise, {"north": district}, "up", 1.21).apart == ("north",)
    assert homogeneity_test(
        PartCount(41.0, 8.06), {"north": district}, "up", 1.21
    ).shared  # it has 17: it rose too


def test_a_county_that_rises_evenly_is_one_alert_of_the_county() -> None:
    signals = day(dict.fromkeys(USUAL, 1.3))
    loud = [incidents("force", 166, 128.0, notify=True), *(s for s in signals if s.area != "force")]
    (told,) = opened(loud)
    assert (told.alert.area, told.alert.area_name) == ("force", "Warwickshire")


def test_opposite_directions_are_two_alerts() -> None:
    signals = day({"rugby": 2.2, "warwick": 0.2})
    fall = incidents("warwick", 7, 34.0, notify=True)
    told = opened([*(s for s in signals if s.area != "warwick"), fall])
    assert {(t.alert.area, t.alert.direction) for t in told} == {
        ("rugby", "up"),
        ("warwick", "down"),
    }


def test_children_that_make_no_signal_are_looked_up() -> None:
    signals = day({"rugby": 3.0})
    county = next(s for s in signals if s.area == "force")
    (told,) = opened([county], known=signals)
    assert told.alert.area == "rugby"


def test_a_child_with_too_few_to_tell_of_lets_its_parent_lead() -> None:
    """One where none is usual is unlike its parent's ratio, and nobody's alert."""
    county = incidents("force", 5, 2.0, notify=True)
    rugby = incidents("rugby", 1, 0.01, lower=0, upper=0, notify=False)
    others = [incidents(area, 1, 0.5, notify=False) for area in USUAL if area != "rugby"]
    (told,) = opened([county], known=[rugby, *others])
    assert told.alert.area == "force"


def test_a_parent_that_arrives_later_updates_and_tells_nobody() -> None:
    b = store()
    rugby = incidents("rugby", 45, 24.0, notify=True)
    (first,) = evaluate(b, [rugby], [], NOW)
    county = incidents("force", 230, 128.0, notify=True)
    made = evaluate(b, [county], [], NOW + 60_000)
    assert {(t.what, t.notify, t.alert.id) for t in made} == {("updated", False, first.alert.id)}
    last = made[-1].alert
    assert last.area == "force"
    assert last.also == ("Anti-social behaviour incidents, Rugby",)
    assert last.words.startswith("Anti-social behaviour incidents, Warwickshire: 230 on")
    assert last.course is not None
    assert (last.course.days, last.course.taken, last.course.observed) == (1, 1, 230.0)


def test_a_child_goes_with_its_parent_only_where_it_shares_its_ratio() -> None:
    county = incidents("force", 230, 128.0, notify=True)
    for observed, alerts in ((44, 1), (70, 2)):
        b = store()
        evaluate(b, [county], [], NOW)
        child = incidents("rugby", observed, 24.0, notify=True)
        evaluate(b, [child], [], NOW + 60_000, Known(county))
        assert len(b.alerts) == alerts


def test_a_category_that_holds_most_of_the_rise_leads() -> None:
    every = incidents(
        "force", 400, 320.0, notify=True, theme="incidents", row={"category": "all", "grade": "all"}
    )
    asb = incidents("force", 200, 128.0, notify=True)
    (told,) = opened([every, asb])
    assert told.alert.row["category"] == "asb"
    assert told.alert.also == ("Incidents, Warwickshire",)


@pytest.mark.parametrize("usual", [40.0, 3.0])
def test_the_level_holds(usual: float) -> None:
    """Children that do share the ratio are set apart in no more than that share of cases."""
    rng = np.random.default_rng(7)
    counts = rng.poisson(1.5 * usual, size=(400, 5))
    chances = [probability_alike([PartCount(float(n), usual) for n in row]) for row in counts]
    assert sum(chance < LEVEL for chance in chances) / 400 <= LEVEL + 0.03


def test_nobody_is_named_for_what_is_in_no_known_child() -> None:
    parts = {"a": PartCount(10.0, 10.0), "b": PartCount(10.0, 10.0)}
    assert homogeneity_test(PartCount(80.0, 40.0), parts, "up").shared
