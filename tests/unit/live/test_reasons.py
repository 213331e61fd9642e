"""Why a process is not ready."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.board.monitor import Monitor
from streams.live import LONG, STALLED, Health, Live
from streams.live import reasons as declared
from streams.live.clock import steady_clock
from streams.live.reasons import REASON_KINDS, Reason
from tests.build import tiny_force
from tests.source_tree import ROOT


def live(**fields: object) -> Health:
    return Health(state="live", detail="1 partitions", **fields)  # type: ignore[arg-type]


def test_a_process_that_is_live_has_no_reason() -> None:
    assert (live().ready, live().reasons) == (True, ())


def test_a_trouble_is_a_reason_with_its_cure() -> None:
    health = live(troubles={"topic:w.calls": "the topic w.calls is missing. Make it again. More"})
    assert health.reasons == (
        Reason("topic", "the topic w.calls is missing", "Make it again. More", "w.calls"),
    )
    assert health.reasons[0].kind.runbook == "WatchroomTopicChanged"
    assert not health.ready


def test_one_step_of_counting_that_takes_seconds_is_told_while_it_goes_on() -> None:
    health = live(step_since=steady_clock() - LONG - 5)
    assert health.shown == (
        "behind",
        "figures may be behind: one step of counting has taken 7 s so far",
    )
    assert [each.code for each in health.reasons] == ["counting"]
    assert not health.ready
    health.step_since = None
    assert health.ready


def test_a_slice_of_counting_is_a_step_only_while_it_goes_on() -> None:
    watched = Live(Monitor([tiny_force()]))
    seen = list[bool]()

    def steps() -> Iterator[None]:
        seen.append(watched.health.step_since is not None)
        yield

    assert list(watched.slices(steps())) == []
    assert (seen, watched.health.step_since) == ([True], None)


def test_a_process_without_a_turn_is_not_live_though_its_last_word_was() -> None:
    health = live(turned_at=steady_clock() - STALLED - 50)
    assert health.shown == ("behind", "the process has had no turn for 60 s")
    assert [each.code for each in health.reasons] == ["stalled"]
    assert not health.ready


@pytest.mark.parametrize(
    ("state", "cause", "follows", "code"),
    [
        ("starting", "", False, "starting"),
        ("recovering", "", False, "recovering"),
        ("behind", "brokers", False, "brokers"),
        ("behind", "", False, "lag"),
        ("behind", "", True, "past"),
    ],
)
def test_a_state_that_is_not_live_has_a_code_that_stays(
    state: str, cause: str, follows: bool, code: str
) -> None:
    health = Health(state, "words", cause=cause, follows=follows)  # type: ignore[arg-type]
    assert [(each.code, each.problem) for each in health.reasons] == [(code, "words")]
    assert health.reasons[0].cure


def test_a_worker_whose_place_another_has_is_not_told_to_wait() -> None:
    health = Health("recovering", "not in the group")
    health.note(("instance",), {"instance:one": "another runs under the same id. Give each one"})
    assert [each.code for each in health.reasons] == ["instance"]
    assert not health.ready


def test_who_watches_for_one_trouble_leaves_those_of_others() -> None:
    health = live(troubles={"web": "deaf. Look", "topic:a": "gone. Make", "topic:b": "gone. Make"})
    health.note(("topic",), {"topic:b": "still gone. Make"})
    assert health.troubles == {"web": "deaf. Look", "topic:b": "still gone. Make"}


def test_every_reason_has_a_runbook_and_a_line_in_the_operations_page() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    for kind in REASON_KINDS:
        assert (ROOT / f"docs/runbooks/{kind.runbook}.md").is_file(), kind.code
        assert f"| `{kind.code}` |" in page, kind.code


def test_the_codes_are_declared_once() -> None:
    assert len({kind.code for kind in declared.REASON_KINDS}) == len(REASON_KINDS)
