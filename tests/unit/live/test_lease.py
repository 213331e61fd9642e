"""What the group has granted holds from the question that it answered, and no longer."""

from __future__ import annotations

from streams.live import Health
from streams.live.lease import Lease


def is_held(lease: Lease) -> bool:
    return lease.held


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_is_held_for_a_session_from_when_it_was_asked_for() -> None:
    clock = Clock()
    lease = Lease(6.0, clock)
    assert not is_held(lease)
    asked = lease.ask()
    clock.now += 4  # the answer took long
    lease.answered(asked)
    clock.now += 1.5
    assert is_held(lease)
    clock.now += 0.5
    assert not is_held(lease)
    assert lease.words == (
        "the group of workers has not answered for 6 s: another worker may have taken over, so "
        "nothing is done here until it answers"
    )


def test_an_answer_to_an_older_question_takes_nothing_back() -> None:
    clock = Clock()
    lease = Lease(6.0, clock)
    first = lease.ask()
    clock.now += 3
    lease.answered(lease.ask())
    lease.answered(first)
    clock.now += 5
    assert is_held(lease)
    lease.end()
    assert not is_held(lease)
    assert lease.words == "the group of workers does not know this one"


def test_a_live_worker_that_wakes_is_not_ready_before_anything_else_runs() -> None:
    clock = Clock()
    health = Health("live", "20 partitions", lease=Lease(6.0, clock))
    assert health.lease is not None
    health.lease.answered(health.lease.ask())
    assert (health.ready, health.counting, health.shown) == (True, True, ("live", "20 partitions"))
    clock.now += 60  # stopped, and gone on with
    assert (health.ready, health.counting) == (False, False)
    assert health.shown[0] == "behind"
    assert [reason.code for reason in health.reasons] == ["group"]
