"""Windows of answered calls, which follow the records that change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.alerts.answer_windows import AnswerWindows
from streams.fold.ledger import Ledger
from streams.periods import DAY, HOUR, MINUTE, SECOND, rfc3339
from tests.build import call, feed, monitor, ms, tiny_force

BEGIN = ms("2021-03-01T10:00:00Z")
LENGTHS = (15, 60, 360)
Rates = list[list[tuple[int, int]]]

MOVES = st.tuples(st.just("move"), st.integers(0, 8 * HOUR), st.none(), st.none())
VERSIONS = st.tuples(
    st.sampled_from("abcdefgh"),
    st.integers(0, 30 * MINUTE),
    st.one_of(st.none(), st.integers(0, 40 * SECOND)),
    st.sampled_from(("999", "101", "deleted")),
)


def rates(windows: AnswerWindows, at: int) -> Rates:
    """By line and length what the windows say that end with a minute."""
    minute = at // MINUTE
    windows.move(at)
    return [[line.rate(minute - length, minute) for length in LENGTHS] for line in windows.lines]


def anew(ledger: Ledger, at: int) -> Rates:
    """What windows say that begin with this instant."""
    kept = ledger.on_change
    found = rates(AnswerWindows(tiny_force(), ledger, max(LENGTHS)), at)
    ledger.on_change = kept
    return found


@given(steps=st.lists(st.one_of(MOVES, VERSIONS, VERSIONS), max_size=30))
def test_windows_that_follow_changes_say_what_the_minutes_say(
    steps: list[tuple[str, int, int | None, str | None]],
) -> None:
    """Whatever versions come, late ones and deletions among them, and whenever somebody looks."""
    target = monitor()
    ledger = target.ledger("call", "tiny")
    assert ledger is not None
    windows, now = AnswerWindows(tiny_force(), ledger, max(LENGTHS)), BEGIN
    for number, (name, after, waited, line) in enumerate(steps):
        if name == "move":
            now += after
            assert rates(windows, now) == anew(ledger, now)
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
    assert rates(windows, now + MINUTE) == anew(ledger, now + MINUTE)


def test_who_asks_is_told_once_more_answers_have_got_worse_than_it_allowed() -> None:
    target = monitor()
    ledger = target.ledger("call", "tiny")
    assert ledger is not None
    told: list[int] = []
    windows = AnswerWindows(tiny_force(), ledger, max(LENGTHS))
    windows.on_more = lambda: told.append(len(ledger.entries))
    windows.move(BEGIN)
    windows.lines[0].most = 1

    def offered(number: int, after: int) -> None:
        at = BEGIN + number * MINUTE
        late = rfc3339(at + after * SECOND)
        feed(target, call(f"c{number}", rfc3339(at), answered_at=late, updated_at=late))

    for number, after in enumerate((5, 40, 5, 5, 40, 5)):
        offered(number, after)
    assert told == [5]


def test_changes_are_followed_no_longer_than_somebody_looks() -> None:
    """A backlog that is read meanwhile may be a year long."""
    target = monitor()
    ledger = target.ledger("call", "tiny")
    assert ledger is not None
    windows = AnswerWindows(tiny_force(), ledger, max(LENGTHS))
    assert ledger.on_change is None
    windows.move(BEGIN)
    for day in range(4):
        at = BEGIN + day * DAY
        late = rfc3339(at + 5 * SECOND)
        feed(target, call(f"c{day}", rfc3339(at), answered_at=late, updated_at=late))
    assert ledger.on_change is None
    assert rates(windows, BEGIN + 3 * DAY + MINUTE) == [[(1, 1)] * 3, [(0, 0)] * 3]
