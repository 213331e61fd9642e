"""Windows of answered calls, which follow the records that change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.alerts.answer_windows import AnswerWindows
from streams.fold.ledger import Ledger
from streams.periods import HOUR, MINUTE, SECOND, rfc3339
from tests.build import call, feed, monitor, ms, tiny_force

BEGIN = ms("2021-03-01T10:00:00Z")
LENGTHS = (15, 60, 360)

MOVES = st.tuples(st.just("move"), st.integers(0, 8 * HOUR), st.none(), st.none())
VERSIONS = st.tuples(
    st.sampled_from("abcdefgh"),
    st.integers(0, 30 * MINUTE),
    st.one_of(st.none(), st.integers(0, 40 * SECOND)),
    st.sampled_from(("999", "101", "deleted")),
)


def anew(ledger: Ledger, at: int) -> list[int]:
    """What windows say that begin with this instant."""
    kept, ledger.followed = ledger.followed, None
    fresh = AnswerWindows(tiny_force(), ledger, LENGTHS)
    fresh.move(at)
    ledger.followed = kept
    return fresh.sums


@given(steps=st.lists(st.one_of(MOVES, VERSIONS, VERSIONS), max_size=30))
def test_windows_that_follow_changes_say_what_the_minutes_say(
    steps: list[tuple[str, int, int | None, str | None]],
) -> None:
    """Whatever versions come, late ones and deletions among them, and whenever somebody looks."""
    target = monitor()
    ledger = target.ledger("call", "tiny")
    assert ledger is not None
    windows, now = AnswerWindows(tiny_force(), ledger, LENGTHS), BEGIN
    for number, (name, after, waited, line) in enumerate(steps):
        if name == "move":
            now += after
            windows.move(now)
            assert windows.sums == anew(ledger, now)
            continue
        offered = max(BEGIN, now - after)
        now = max(now, offered + (waited or 0))
        fields = {"version": number, "updated_at": rfc3339(now)}
        if waited is not None:
            fields["answered_at"] = rfc3339(offered + waited)
        if line == "deleted":
            fields["deleted"] = True
        else:
            fields["line"] = line
        feed(target, call(name, rfc3339(offered), **fields))
    windows.move(now + MINUTE)
    assert windows.sums == anew(ledger, now + MINUTE)
    assert windows.empty == (not any(anew(ledger, now + MINUTE)))
