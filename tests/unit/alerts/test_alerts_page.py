"""The numbers of docs/alerts.md are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from detectors.silence import Silence
from streams.alerts import course, own_waits, policy, usual_answers, words
from streams.alerts.correlation import signals
from streams.alerts.rules import (
    KINDS,
    answers,
    base,
    callers_waiting,
    exceptional_volume,
    feed_silent,
    lasting_fall,
    level_change,
    target_missed,
    unattended,
)
from streams.board import freshness
from streams.config.force import find_force
from streams.fold import heartbeats
from streams.periods import DAY, HOUR, MINUTE

PAGE = re.sub(r"\s+", " ", (Path(__file__).parents[3] / "docs" / "alerts.md").read_text())

SAID = {
    "never longer than {} characters": words.LONGEST_TEXT,
    "by chance at most once in {:,} (beta-binomial)": round(10**answers.WORSE),
    "by chance at most once in {:,} (binomial)": round(10**answers.BELOW),
    "and by {:.0f} percentage points or more": 100 * answers.DROP,
    "windows | {} calls or more": answers.LEAST_CALLS,
    "once the same hours hold {} calls of the line": usual_answers.ENOUGH,
    "up to {} weeks back": usual_answers.FURTHEST // (7 * DAY),
    "or after {} days without one that is clearly worse": lasting_fall.LONGEST_DOUBT // DAY,
    "no {} such weeks": target_missed.WEEKS,
    "no 4 such weeks for {} days": base.STEADY // DAY,
    "{} times the target: 5 minutes for 10 s": callers_waiting.LEAST_WAIT,
    "{} times the standard": unattended.LEAST_UNATTENDED,
    "of eight weeks (of {} or more)": unattended.LEAST_EMERGENCIES,
    "A fall needs {:.0f} that were expected": exceptional_volume.FEW,
    "takes more days, up to {}": exceptional_volume.MOST_CLEAR_DAYS,
    "| {} weeks without anybody closing it": exceptional_volume.SETTLED // (7 * DAY),
    "at least 1 time in {:.0f}": 1 / exceptional_volume.CHANCE,
    "| {} days (a change of level": course.LASTS_FROM // DAY,
    "or {} days (24 hours, 2 months) are at the old one": level_change.BACK_PERIODS["day"],
    "each is forgotten {} days after its last heartbeat": heartbeats.MISSED_NO_MORE // DAY,
    "Of a force {} feeds are kept": heartbeats.MOST_FEEDS,
    "learned from the newest {} heartbeats": "eight" if heartbeats.KEPT_BEATS == 8 else "?",
    "each silence is chance once in {:,.0f}": 1 / Silence().probability,
    "a category that is {:.0f} % of what is expected": 100 * signals.NEARLY_ALL,
    "more than {} minutes old, as after an outage": freshness.LOST // MINUTE,
    "brought up to date every {} minutes": policy.REFRESH // MINUTE,
}


@pytest.mark.parametrize(("text", "value"), SAID.items(), ids=SAID)
def test_a_number_on_the_page_is_that_of_the_code(text: str, value: object) -> None:
    assert text.format(value) in PAGE


@pytest.mark.parametrize(
    ("every", "noticed"),
    [(30, "100 s"), (50, "110 s"), (60, "130 s"), (90, "190 s"), (150, "5 min 15 s")],
)
def test_the_table_of_heartbeats_is_what_is_waited_for_them(every: int, noticed: str) -> None:
    seconds = heartbeats.patience(every)
    said = f"{seconds:.0f} s" if seconds < 200 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    assert said == noticed
    assert noticed in PAGE


def test_the_limits_that_the_force_s_file_leaves_open_are_those_of_the_page() -> None:
    file = find_force("warwickshire").file.alerts
    assert f"escalate_after_minutes = {file.escalate_after_minutes}" in PAGE
    assert f"false_episodes_a_week = {file.false_episodes_a_week}" in PAGE
    assert own_waits.OWN_WEEKS == 8
    assert own_waits.OWN_WEEKS * own_waits.ONCE_IN == 4 * 52
    assert (callers_waiting.CROWD, callers_waiting.FAR) == (3, 5 / 3)


def test_every_kind_has_its_severities_a_message_and_a_runbook() -> None:
    for kind in KINDS:
        for row in kind.table:
            assert row.example, kind.name
            assert len(row.example) <= words.LONGEST_TEXT
            assert f"> {row.example} Over when {row.ended}." in PAGE
            assert f"(runbooks/{kind.runbook}.md)" in PAGE


def test_no_table_is_wider_than_a_page() -> None:
    """One of more than four columns has to be scrolled sideways, or is a column of single words."""
    page = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text()
    heads = re.findall(r"^(\|.*\|)\n\|---", page, re.MULTILINE)
    assert len(heads) > 5
    assert [head for head in heads if head.count("|") - 1 > 4] == []


def test_how_long_something_must_be_gone_is_in_the_table() -> None:
    assert (feed_silent.SETTLE, base.DEFAULT_SETTLE) == (2 * MINUTE, 10 * MINUTE)
    assert course.BURST == 2 * DAY
    assert freshness.MOST_DELAY == HOUR
