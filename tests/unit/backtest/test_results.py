"""What is made of the transitions of alerts: rows, rates, and what differs. Exact values."""

import datetime as dt
from typing import Any

from msgspec.structs import replace

from streams.alerts.model import Alert, Evidence, Transition, instant
from streams.backtest import words
from streams.backtest.known import Known, known
from streams.backtest.model import Backtest, RaisedAlert, SettingsResult
from streams.backtest.results import Watches, Window, differences, raised, report_at, result
from streams.backtest.settings import own
from streams.config.force import find_force
from streams.config.truth import Truth
from streams.periods import DAY, HOUR
from tests.alerting import at

FORCE = find_force("warwickshire")
SETTINGS = own(FORCE)
WINDOW = Window(start=at("2021-03-01 00:00"), end=at("2021-04-12 00:00"), lag=14 * DAY)


def alert(opened: str = "2021-03-10 12:00", **fields: Any) -> Alert:
    when = instant(at(opened), FORCE.zone)
    given: dict[str, Any] = {
        "id": f"{fields.get('title', '999 calls')} {opened}",
        "force": "warwickshire",
        "kind": "exceptional_volume",
        "severity": "notice",
        "direction": "up",
        "group": "calls",
        "measure": "offered",
        "row": {"line": "999"},
        "area": "force",
        "area_name": "Warwickshire",
        "title": "999 calls",
        "grain": "hour",
        "opened_at": when,
        "updated_at": when,
        "words": "999 calls: 21. Nobody has this yet.",
        "said": ("999 calls: 21.",),
        "evidence": Evidence(observed=21),
        **fields,
    }
    return Alert(**given)


def made(*alerts: Alert) -> list[RaisedAlert]:
    opened = [Transition(what="opened", at=each.opened_at, alert=each) for each in alerts]
    return raised(SETTINGS, opened, WINDOW)


def surge(start: dt.date, end: dt.date | None = None) -> Known:
    """Calls rise on a day; two days to find it."""
    truth = Truth(
        name="Surge",
        force="warwickshire",
        kind="call",
        start=start,
        end=end,
        direction="up",
        within=2 * DAY,
    )
    return known(truth, FORCE)


JUDGED = Watches(judged_from=at("2021-02-15 00:00"))


def of(*alerts: RaisedAlert, watches: Watches = JUDGED) -> SettingsResult:
    return result(SETTINGS, alerts, WINDOW, None, watches)


def _backtest(found: SettingsResult, first: str = "2021-01-01 00:00") -> Backtest:
    """What is played from March on of records from a day on."""
    return Backtest(
        force="warwickshire",
        force_name="Warwickshire",
        sources=("a",),
        start=instant(WINDOW.start, FORCE.zone),
        end=instant(WINDOW.end, FORCE.zone),
        weeks=round(WINDOW.weeks, 2),
        records_from=instant(at(first), FORCE.zone),
        report_lag_days=14.0,
        rows="",
        results=(found,),
        version="1",
    )


def test_an_alert_has_its_first_words_its_worst_severity_and_its_end() -> None:
    first = alert()
    worse = replace(first, severity="page", said=("999 calls: 30.",), revision=2)
    end = instant(at("2021-03-10 17:30"), FORCE.zone)
    over = replace(worse, severity="notice", state="resolved", resolved_at=end, revision=3)
    made = [
        Transition(what="opened", at=first.updated_at, alert=first),
        Transition(what="updated", at=worse.updated_at, alert=worse),
        Transition(what="resolved", at=end, alert=over),
    ]
    (found,) = raised(SETTINGS, made, WINDOW)
    assert (found.words, found.severity, found.until) == ("999 calls: 21.", "page", end)
    assert found.hours_open == 5.5


def test_an_alert_that_is_still_open_is_open_up_to_the_end() -> None:
    (found,) = made(alert("2021-04-11 12:00"))
    assert (found.until, found.hours_open) == (None, 12.0)


def test_alerts_outside_of_the_window_are_left_out() -> None:
    assert made(alert("2021-02-28 23:59"), alert("2021-04-12 00:00")) == []


def test_the_report_is_of_the_month_in_which_it_began() -> None:
    onset = instant(at("2021-02-27 00:00"), FORCE.zone)
    (found,) = made(alert("2021-03-02 00:00", onset=onset))
    assert found.since == onset
    assert found.report_at == dt.datetime.fromisoformat("2021-03-15T00:00:00+00:00")
    assert found.days_before_report == 13.0


def test_what_holds_at_a_moment_began_when_it_was_opened_where_it_says_no_other_time() -> None:
    weeks = Evidence(start=instant(at("2021-02-10 00:00"), FORCE.zone))
    (now,) = made(alert("2021-03-05 10:00", grain="now", kind="target_missed", evidence=weeks))
    assert now.since == now.opened_at
    (day,) = made(alert("2021-03-05 10:00", grain="day", evidence=weeks))
    assert day.since == weeks.start


def test_an_alert_is_about_its_period_as_far_as_that_has_passed() -> None:
    ends = [instant(at(f"2021-03-10 {time}"), FORCE.zone) for time in ("11:00", "13:00")]
    past, running = made(*(alert(title=f"{end:%H}", evidence=Evidence(end=end)) for end in ends))
    assert past.judged_to == ends[0]
    assert running.judged_to == running.opened_at


def test_what_holds_at_a_moment_is_about_the_time_up_to_that() -> None:
    (found,) = made(alert(grain="now"))
    assert found.judged_to == found.opened_at


def test_an_alert_about_a_time_before_an_event_is_not_held_to_be_about_it() -> None:
    february = Evidence(
        start=instant(at("2021-02-01 00:00"), FORCE.zone),
        end=instant(at("2021-03-01 00:00"), FORCE.zone),
    )
    late = made(alert("2021-03-01 00:05", grain="month", evidence=february))
    found = result(SETTINGS, late, WINDOW, [surge(dt.date(2021, 3, 1))], Watches())
    assert [each.verdict for each in found.alerts] == ["false"]


def test_an_event_that_goes_on_when_alerts_begin_to_be_counted_is_not_expected() -> None:
    alerts = made(alert("2021-03-02 12:00"))
    found = result(SETTINGS, alerts, WINDOW, [surge(dt.date(2021, 2, 26))], Watches())
    assert [(each.verdict, each.truth) for each in found.alerts] == [("again", "Surge")]
    assert [words.detection(each) for each in found.truths] == [
        "began before alerts are counted, 1 further alert"
    ]
    assert found.score is not None
    assert (found.score.expected, found.score.missed, found.score.false) == (0, 0, 0)


def test_an_event_that_lies_outside_of_what_was_played_is_in_no_result() -> None:
    over = surge(dt.date(2021, 2, 1), dt.date(2021, 2, 28))
    to_come = surge(dt.date(2021, 4, 12))
    assert result(SETTINGS, [], WINDOW, [over, to_come], Watches()).truths == ()


def test_nothing_is_said_of_an_event_that_some_settings_were_stopped_before() -> None:
    event = surge(dt.date(2021, 4, 1))
    whole = result(SETTINGS, [], WINDOW, [event], Watches())
    stopped = Window(start=WINDOW.start, end=at("2021-03-20 00:00"), lag=WINDOW.lag)
    part = result(SETTINGS, [], stopped, [event], Watches())
    assert [said for _, said in words.truths([part, whole])] == [["–", "missed"]]


def test_an_alert_about_a_month_that_was_over_may_be_about_an_event_that_was_too() -> None:
    february = Evidence(
        start=instant(at("2021-02-01 00:00"), FORCE.zone),
        end=instant(at("2021-03-01 00:00"), FORCE.zone),
    )
    alerts = made(alert("2021-03-01 00:05", grain="month", evidence=february))
    over = surge(dt.date(2021, 2, 1), dt.date(2021, 2, 28))
    found = result(SETTINGS, alerts, WINDOW, [over], Watches())
    assert [each.verdict for each in found.alerts] == ["again"]


def test_an_alert_after_the_report_of_its_month_has_a_time_below_0() -> None:
    onset = instant(at("2021-01-05 00:00"), FORCE.zone)
    (found,) = made(alert("2021-03-02 00:00", onset=onset))
    assert found.days_before_report == -15.0
    assert words.before_report(found) == "15 days after"


def test_the_summary_says_on_which_side_of_the_report_alerts_came_and_adds_up_their_days() -> None:
    (early,) = made(alert("2021-03-02 00:00"))
    assert words.before_report(early) == "44 days before"
    onset = instant(at("2021-01-05 00:00"), FORCE.zone)
    said = dict(words.summary(_backtest(of(*made(alert("2021-03-02 00:00", onset=onset))))))
    assert said["Median before or after the month's report"] == ["15 days after"]
    assert said["Open, all alerts added up"] == ["41 days"]


def test_a_silent_feed_is_in_no_report() -> None:
    (found,) = made(alert(kind="feed_silent", group="feeds", measure="call", row={}))
    assert (found.report_at, found.days_before_report) == (None, None)


def test_a_report_is_out_after_the_end_of_the_local_month() -> None:
    assert report_at(FORCE, at("2021-03-31 23:59"), 0) == at("2021-04-01 00:00")


def test_rates_are_by_the_weeks_of_the_window_and_leave_states_out() -> None:
    found = of(
        *made(alert(), alert("2021-03-20 12:00", severity="state"), alert("2021-04-01 00:00"))
    )
    assert WINDOW.weeks == (42 * DAY - HOUR) / (7 * DAY)  # the clock goes forward in March
    assert found.by_severity == {"page": 0, "notice": 2, "state": 1}
    assert found.alerts_a_week == 0.334
    assert (found.budget_a_week, found.score) == (1.0, None)


def test_false_ones_a_week_leave_states_out_as_all_ones_do() -> None:
    alerts = made(alert(), alert("2021-03-20 12:00", severity="state"))
    score = result(SETTINGS, alerts, WINDOW, [], JUDGED).score
    assert score is not None
    assert (score.false, score.false_states, score.false_a_week) == (2, 1, 0.167)


def test_rates_are_of_the_weeks_that_could_be_judged_and_of_the_alerts_in_them() -> None:
    late = Watches(judged_from=at("2021-03-15 00:00"))
    alerts = made(alert("2021-03-14 23:59"), alert("2021-03-20 12:00"))
    found = result(SETTINGS, alerts, WINDOW, [], late)
    assert (found.weeks_judged, found.alerts_a_week) == (3.99, 0.25)
    assert found.score is not None
    assert (found.score.false, found.score.false_a_week) == (2, 0.25)


def test_where_no_week_could_be_judged_there_is_no_rate() -> None:
    found = of(*made(alert()), watches=Watches())
    assert (found.weeks_judged, found.alerts_a_week) == (0.0, None)


def test_both_numbers_of_weeks_are_said() -> None:
    late = _backtest(of(watches=Watches(judged_from=at("2021-03-15 00:00"))))
    rows = dict(words.summary(late))
    assert rows["Weeks"] == ["6.0"]
    assert rows["  in which any series could be judged"] == ["4.0"]
    assert "Rates a week are of the weeks in which any series could be judged" in words.span(late)


def test_of_weeks_that_could_all_be_judged_nothing_more_is_said() -> None:
    assert "Rates a week" not in words.span(_backtest(of()))


def test_settings_that_raise_the_same_do_not_differ() -> None:
    one = of(*made(alert(), alert("2021-03-20 12:00")))
    assert differences(one, one, FORCE) == ([], 2)


def test_an_alert_that_one_raises_alone_is_named() -> None:
    (found,), same = differences(of(*made(alert())), of(), FORCE)
    assert (found.first, found.second, same) == ("999 calls 2021-03-10 12:00", None, 0)
    assert words.raised_by(found, "own", "other") == "own only"
    (found,), _ = differences(of(), of(*made(alert())), FORCE)
    assert words.raised_by(found, "own", "other") == "other only"


def test_the_same_alert_at_another_time_says_by_how_much() -> None:
    (found,), same = differences(of(*made(alert())), of(*made(alert("2021-03-10 09:00"))), FORCE)
    assert (found.later_hours, same) == (-3.0, 0)
    assert words.raised_by(found, "own", "other") == "other 3 h sooner"


def test_two_alerts_about_the_same_that_are_weeks_apart_are_two() -> None:
    end = instant(at("2021-03-10 17:30"), FORCE.zone)
    over = alert(state="resolved", resolved_at=end)
    found, same = differences(of(*made(over)), of(*made(alert("2021-03-20 12:00"))), FORCE)
    assert [(each.first is None, each.second is None) for each in found] == [
        (False, True),
        (True, False),
    ]
    assert same == 0


def test_an_alert_that_names_a_part_of_the_other_is_the_same_in_other_words() -> None:
    part = alert(area="north-warwickshire", title="999 calls, North Warwickshire")
    (found,), _ = differences(of(*made(alert())), of(*made(part)), FORCE)
    assert (found.later_hours, found.second_title) == (0.0, "999 calls, North Warwickshire")
    assert words.raised_by(found, "own", "other") == "both, other as 999 calls, North Warwickshire"


def test_each_alert_is_paired_once_with_the_nearest() -> None:
    two = of(*made(alert("2021-03-10 09:00"), alert("2021-03-10 12:00")))
    found, same = differences(of(*made(alert())), two, FORCE)
    assert (same, [each.first for each in found]) == (1, [None])


def test_what_begins_or_ends_with_a_day_is_named_by_it() -> None:
    midnight, noon = (
        dt.datetime(2020, 7, 4, tzinfo=dt.UTC),
        dt.datetime(2020, 7, 4, 12, tzinfo=dt.UTC),
    )
    assert (words.begins(midnight), words.ends(midnight)) == ("Sat 4 Jul 2020", "Fri 3 Jul 2020")
    assert words.begins(noon) == words.ends(noon) == "Sat 4 Jul 2020, 12:00"
    assert words.ends(None) == "goes on"
