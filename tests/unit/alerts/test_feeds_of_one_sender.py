"""Feeds that may have fallen silent at one moment are one alert, whoever sent them."""

from __future__ import annotations

import datetime as dt

import pytest

from streams.alerts.actions import Request
from streams.alerts.evaluation import evaluate
from streams.alerts.evaluation.feeds import NEARLY
from streams.alerts.model import Transition
from streams.alerts.rules.base import Finding
from streams.alerts.rules.feed_silent import feeds_of, silent_feeds
from streams.alerts.service import AlertService
from streams.alerts.store import AlertStore
from streams.board.freshness import LOOKS
from streams.live import Live
from streams.periods import HOUR, MINUTE, SECOND, rfc3339
from streams.state import surveillance as watching
from streams.surveillance.last_signs import LastSign
from streams.surveillance.view import silences
from tests.build import FAR_FUTURE, call, feed, monitor, ms, tiny_force

NOON = ms("2021-03-01T12:00:00Z")
EVERY = 30 * SECOND
FEEDS = ("calls", "crimes", "incidents")


class Room:
    """A live room in which feeds beat every 30 seconds; its clock is `now`."""

    def __init__(self, *feeds: str) -> None:
        self.monitor, self.now = monitor(), NOON
        watching.watch_all(self.monitor)
        feed(
            self.monitor,
            call(offered="2021-03-01T11:50:00Z", answered_at="2021-03-01T11:50:05Z"),
            appended=FAR_FUTURE,
        )
        self.live = Live(self.monitor, lambda: self.now)
        self.live.health.state = "live"
        self.live.alerts = self.service = AlertService(self.live)
        self.made: list[Transition] = []
        self.service.subscribe(self.made.extend)
        self.until = dict.fromkeys(feeds, NOON + HOUR)
        """Until when each feed beats, in ms."""
        self.beat_at = {name: NOON - 5 * MINUTE + n for n, name in enumerate(feeds)}
        """The next heartbeat of each; a millisecond apart, as of one sender."""
        self.run(LOOKS * SECOND)

    def run(self, ms: int, step: int = SECOND) -> None:
        """Lets time go on, in steps."""
        for _ in range(ms // step):
            self.now += step
            for name in self.beat_at:
                while self.beat_at[name] <= self.now:
                    at = self.beat_at[name]
                    self.beat_at[name] = at + EVERY
                    if at <= self.until[name]:
                        beat = {"kind": "heartbeat", "force": "tiny", "feed": name}
                        feed(self.monitor, beat | {"at": rfc3339(at, dt.UTC)}, appended=FAR_FUTURE)
            self.service.tick()

    def silence(self, *feeds: str) -> None:
        self.until |= dict.fromkeys(feeds, 0)

    def wake(self, *feeds: str) -> None:
        self.until |= dict.fromkeys(feeds, NOON + 24 * HOUR)

    def notified(self) -> list[tuple[str, str]]:
        assert self.service.faults == 0
        return [(each.what, each.alert.words) for each in self.made if each.notify]

    def words(self) -> list[str]:
        return [each.words for each in self.service.view("tiny", self.now).open]


def test_a_dead_sender_of_three_feeds_is_one_page_that_names_them_all() -> None:
    room = Room(*FEEDS)
    room.silence(*FEEDS)
    room.run(4 * MINUTE)
    assert room.notified() == [
        (
            "opened",
            (
                "Feeds calls, crimes and incidents, Tiny Police: silent since 12:00. "
                "Callers and emergencies are not watched. One sender may be down. "
                "Nobody has this yet."
            ),
        )
    ]
    (alert,) = room.service.view("tiny", room.now).open
    assert alert.title == "Feeds of calls, crimes and incidents, Tiny Police"
    assert alert.also == ("Feed of calls, Tiny Police", "Feed of incidents, Tiny Police")


def test_each_of_its_feeds_stays_visible_by_itself() -> None:
    room = Room(*FEEDS)
    room.silence(*FEEDS)
    room.run(4 * MINUTE)
    silent, _ = silences(room.monitor, "tiny", room.now, lambda _: True)
    assert [signal.measure for signal in silent] == list(FEEDS)


def test_crimes_that_are_found_silent_later_join_the_page_and_nobody_is_notified_again() -> None:
    room = Room(*FEEDS)
    room.silence("calls")
    room.run(90 * SECOND)
    room.silence("crimes")
    room.run(4 * MINUTE)
    assert [what for what, _ in room.notified()] == ["opened"]
    assert room.words() == [
        (
            "Feeds calls and crimes, Tiny Police: silent since 12:00, crimes since 12:01. Callers "
            "are not watched. One sender may be down. Nobody has this yet."
        )
    ]


def test_calls_that_are_found_silent_later_notify_once_more_though_somebody_has_the_page() -> None:
    room = Room(*FEEDS)
    room.silence("incidents")
    room.run(2 * MINUTE)
    (alert,) = room.service.view("tiny", room.now).open
    room.service.act(alert.id, "acknowledge", room.now, "Dan")
    room.silence("calls", "crimes")
    room.run(10 * MINUTE)
    assert [what for what, _ in room.notified()] == ["opened", "updated"]
    assert room.notified()[1][1] == (
        "Feeds calls, crimes and incidents, Tiny Police: silent since 12:00, calls and crimes "
        "since 12:02. Callers and emergencies are not watched. Dan has this."
    )
    (alert,) = room.service.view("tiny", room.now).open
    noted = [(each.who, each.what, each.note) for each in alert.log]
    assert noted[1:] == [("watchroom", "joined", "calls and crimes silent too since 12:02")]


def test_calls_that_join_during_a_snooze_notify_with_its_end() -> None:
    room = Room("calls", "incidents")
    room.silence("incidents")
    room.run(2 * MINUTE)
    (alert,) = room.service.view("tiny", room.now).open
    until = room.now + 10 * MINUTE
    room.service.act(alert.id, "snooze", room.now, "Dan", until=until, reason="known")
    room.silence("calls")
    room.run(9 * MINUTE)
    assert [what for what, _ in room.notified()] == ["opened"]
    room.run(2 * MINUTE)
    assert [what for what, _ in room.notified()] == ["opened", "reminded"]


def test_it_says_which_came_back_when_and_ends_with_the_last() -> None:
    room = Room(*FEEDS)
    room.silence(*FEEDS)
    room.run(5 * MINUTE)
    room.wake("incidents")
    room.run(5 * MINUTE)
    assert room.words() == [
        (
            "Feeds calls and crimes, Tiny Police: silent since 12:00. Callers are not watched. "
            "Back: incidents at 12:05. One sender may be down. Nobody has this yet."
        )
    ]
    room.wake("calls", "crimes")
    room.run(5 * MINUTE)
    assert room.notified()[1:] == [
        (
            "resolved",
            (
                "Feeds calls, crimes and incidents, Tiny Police: silent from 12:00 to 12:10. "
                "Back: incidents at 12:05. Over at 12:12, open since 12:01."
            ),
        )
    ]


def test_a_feed_that_only_missed_a_beat_is_named_as_back() -> None:
    room = Room("calls", "incidents")
    room.silence("calls")
    room.run(MINUTE)
    room.beat_at["incidents"] += MINUTE
    room.run(4 * MINUTE)
    assert [what for what, _ in room.notified()] == ["opened"]
    (said,) = room.words()
    assert said.startswith("Feed calls, Tiny Police: silent since 12:00. Callers are not watched.")
    assert "Back: incidents at 12:0" in said


def test_one_feed_says_since_what_time_it_is_silent_and_the_end_says_so_of_each() -> None:
    room = Room(*FEEDS)
    room.silence("incidents")
    room.run(100 * SECOND)
    alone = "Feed incidents, Tiny Police: silent since 12:00. Emergencies are not watched."
    assert room.notified() == [("opened", f"{alone} Nobody has this yet.")]
    room.silence("calls", "crimes")
    room.run(4 * MINUTE)
    (said,) = room.words()
    assert said == (
        "Feeds calls, crimes and incidents, Tiny Police: silent since 12:00, calls and crimes "
        "since 12:02. Callers and emergencies are not watched. Nobody has this yet."
    )
    room.wake(*FEEDS)
    room.run(4 * MINUTE)
    _, ended = room.notified()[-1]
    assert ended.startswith(
        "Feeds calls, crimes and incidents, Tiny Police: silent from 12:00 to 12:06, calls and "
        "crimes from 12:02."
    )


def test_two_feeds_that_fall_silent_hours_apart_are_two_pages() -> None:
    room = Room(*FEEDS)
    room.wake(*FEEDS)
    room.silence("calls")
    room.run(2 * HOUR, 10 * SECOND)
    room.silence("incidents")
    room.run(5 * MINUTE)
    opened = [words for what, words in room.notified() if what == "opened"]
    assert [words.partition(":")[0] for words in opened] == [
        "Feed calls, Tiny Police",
        "Feed incidents, Tiny Police",
    ]


def test_a_feed_that_comes_back_and_falls_silent_hours_later_is_another_page() -> None:
    room = Room("calls", "incidents")
    room.silence("calls", "incidents")
    room.run(5 * MINUTE)
    room.wake("calls")
    room.run(2 * HOUR, 10 * SECOND)
    room.silence("calls")
    room.run(5 * MINUTE)
    opened = [words.partition(":")[0] for what, words in room.notified() if what == "opened"]
    assert opened == ["Feeds calls and incidents, Tiny Police", "Feed calls, Tiny Police"]


# -- what may be one moment --------------------------------------------------------------------


def found(feed: str, since: int, due: int, said: tuple[str, ...] = ("Silent.",)) -> Finding:
    """A feed that is silent."""
    return Finding(
        kind="feed_silent",
        severity="page",
        records="call",
        group="feeds",
        measure=feed,
        title=f"Feed of {feed}, Tiny Police",
        since=since,
        due=due,
        said=said,
        settle=2 * MINUTE,
    )


@pytest.mark.parametrize(("apart", "alerts"), [(NEARLY, 1), (NEARLY + 1, 2)])
def test_stretches_in_which_they_fell_silent_have_to_meet_nearly(apart: int, alerts: int) -> None:
    store = AlertStore(tiny_force())
    first = found("calls", NOON, NOON + EVERY)
    second = found("crimes", NOON + EVERY + apart, NOON + HOUR)
    evaluate(store, [], [first, second], NOON + HOUR)
    assert len(store.alerts) == alerts


def test_all_of_an_alert_may_have_fallen_silent_at_one_moment() -> None:
    store = AlertStore(tiny_force())
    few = found("crimes", NOON, NOON + 3 * HOUR)  # the wide stretch of a feed of few records
    early = found("calls", NOON + MINUTE, NOON + 2 * MINUTE)
    late = found("incidents", NOON + 2 * HOUR, NOON + 2 * HOUR + MINUTE)
    evaluate(store, [], [few, early, late], NOON + 4 * HOUR)
    assert [[each.feed for each in feeds_of(alert)] for alert in store.alerts.values()] == [
        ["crimes", "calls"],
        ["incidents"],
    ]


def test_one_that_a_person_has_closed_takes_no_further_feed_in() -> None:
    store = AlertStore(tiny_force())
    first = found("calls", NOON, NOON + EVERY)
    evaluate(store, [], [first], NOON + 2 * MINUTE)
    (known,) = store.alerts
    asked = Request(action="close", who="Anna", outcome="data_fault")
    store.act(known, asked, NOON + 3 * MINUTE)
    second = found("crimes", NOON, NOON + EVERY)
    evaluate(store, [], [first, second], NOON + 4 * MINUTE)
    assert [alert.state for alert in store.alerts.values()] == ["resolved", "open"]


def test_a_restart_knows_the_feeds_of_an_open_alert() -> None:
    store, again = AlertStore(tiny_force()), AlertStore(tiny_force())
    both = [found("calls", NOON, NOON + EVERY), found("crimes", NOON, NOON + EVERY)]
    for each in evaluate(store, [], both, NOON + 2 * MINUTE):
        again.apply(each)
    assert evaluate(again, [], both, NOON + 3 * MINUTE) == []
    (ended,) = evaluate(again, [], [], NOON + 6 * MINUTE)
    assert (ended.what, len(again.alerts)) == ("resolved", 1)


def test_a_clock_that_is_wrong_refuses_all_feeds_of_a_sender_in_one_page() -> None:
    why = "refused: its clock is 1 hour ahead. 14 lines in a row; none is counted."
    feeds = [
        found(name, NOON, NOON + EVERY, said=(f"Feed {name}, Tiny Police: {why}",))
        for name in ("calls", "crimes")
    ]
    store = AlertStore(tiny_force())
    (made,) = evaluate(store, [], feeds, NOON + 2 * MINUTE)
    assert made.alert.words == (
        "Feeds calls and crimes, Tiny Police: refused: its clock is 1 hour ahead. None of their "
        "lines is counted. Nobody has this yet."
    )


def test_a_beat_that_is_missing_opens_nothing_alone() -> None:
    force = tiny_force()
    late = silent_feeds(force, [], NOON + MINUTE, {"calls": LastSign(NOON, NOON + EVERY, 30.0)})
    assert [(each.measure, each.opens) for each in late] == [("calls", False)]
    assert evaluate(AlertStore(force), [], late, NOON + MINUTE) == []
