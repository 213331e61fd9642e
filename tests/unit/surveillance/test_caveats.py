"""What has to be known of a comparison is said: a change that is marked, an event that goes on."""

from __future__ import annotations

import datetime as dt

import pytest

from streams.alerts.lookup import NoLookup
from streams.alerts.rules import said
from streams.board.monitor import Monitor
from streams.config.force import Force, check_force
from streams.periods import DAY
from streams.registry import phrases as signal_words
from streams.state import surveillance as watching
from streams.surveillance import watch as watches
from streams.surveillance.signals import Signal
from tests.alerting import signal
from tests.build import FAR_FUTURE, TINY_FORCE, tiny_force
from tests.surveillance import after, burst, changed_force, hours, of

LOCKDOWN = '\nevents = [{ name = "Lockdown", start = 2021-03-01, end = 2021-06-30 }]\n'


def surges(force: Force, *days: int) -> list[Signal]:
    """What is said of a burst of an hour in each of these days from 1 March 2021 on."""
    target = Monitor([force])
    watching.watch_all(target)
    found: list[Signal] = []
    of(target).on_signals = found.extend
    payloads = list(hours(max(days) * 24 + 48))
    for day in days:
        payloads[day * 24 + 12] = burst(after(day * 24 + 12), list(range(0, 60, 2)), "surge")
    assert not target.ingest(b"\n".join(payloads), FAR_FUTURE)
    return [
        s for s in found
        if s.grain == "hour" and s.observed == 30 and s.row["category"] == "asb" and s.notify
    ]  # fmt: skip


def test_across_a_marked_change_the_baseline_goes_on_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(watches.ACROSS, "hour", 7 * DAY)
    before, later, long_after = surges(changed_force('"incidents"', "mark"), 35, 40, 45)
    assert before.caveats == long_after.caveats == ()
    assert later.caveats == ("Compared across a change: All reports are kept, 7 April 2021.",)
    assert later.words == (
        "Anti-social behaviour incidents, Tiny Police: 30 in the hour to 14:00, usually 2 to 7. "
        "Compared across a change: All reports are kept, 7 April 2021."
    )


def test_a_series_that_began_after_a_marked_change_is_not_compared_across_it() -> None:
    force = changed_force('"incidents"', "mark")
    (change,) = force.file.changes
    change.date = dt.date(2021, 2, 20)
    assert [s.caveats for s in surges(Force(force.file), 35)] == [()]


def test_a_baseline_that_began_anew_says_so_in_an_alert_too() -> None:
    (found,) = surges(changed_force('"incidents"', "restart"), 70)
    assert found.caveats == (
        "Compared only with what was recorded after a change: All reports are kept, 7 April 2021.",
    )


def test_an_event_in_which_a_series_began_is_all_that_is_known() -> None:
    text = TINY_FORCE.replace("\n[[lines]]", LOCKDOWN + "\n[[lines]]", 1)
    force, problems = check_force(text, "tiny.toml")
    assert force is not None, problems
    (found,) = surges(force, 35)
    assert found.caveats == ("Known only from Lockdown.",)
    assert found.lower is not None
    assert found.lower > 0


def test_the_words_fit_into_an_alert() -> None:
    day = dt.date(2020, 7, 1)
    long = "Command and control moved to SAAB SAFE (July 2020, day not stated)"
    told = signal_words.across(long, "system", day)
    assert told == "Compared across a change of system on 1 July 2020."
    assert signal_words.known_from(["Lockdown", "Fair"], only=False) == (
        "Compared with other days of Lockdown and Fair."
    )


@pytest.mark.parametrize("kind", ["exceptional_volume", "level_change"])
def test_an_alert_has_it_as_its_last_sentences(kind: str) -> None:
    force = tiny_force()
    caveats = ("Known only from Lockdown.", "Compared across a change of system on 1 July 2020.")
    given = signal(
        "2026-11-21 21:00", force="tiny", kind="incident", group="incidents", measure="count",
        row={"category": "asb", "grade": "all"}, caveats=caveats,
    )  # fmt: skip
    sentences = said(force, given, kind, NoLookup(), given.end + DAY)
    assert sentences[-2:] == caveats
