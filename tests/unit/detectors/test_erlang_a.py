"""Calls that wait and give up: against published figures, the chain added up, and a simulation."""

from __future__ import annotations

from functools import partial
from heapq import heapify, heapreplace
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.durations.erlang_a import (
    Queue,
    erlang_a,
    erlang_a_upto,
    handlers_needed,
    patience,
)


def chain(rate: float, handling: float, waits: float, handlers: int) -> Queue:
    """What adding up the birth-death chain of M/M/n+M gives; no shares within a limit."""
    logs = [0.0]
    for calls in range(1, 1_500):
        leave = min(calls, handlers) / handling + max(0, calls - handlers) / waits
        logs.append(logs[-1] + np.log(rate / leave))
    weights = np.exp(np.array(logs) - max(logs))
    weights /= weights.sum()
    there = np.arange(len(weights))
    queue = float(np.maximum(0, there - handlers) @ weights)
    busy = float(np.minimum(there, handlers) @ weights) / handlers
    nan = float("nan")
    return Queue(
        nan, nan, queue / waits / rate, float(weights[handlers:].sum()), queue / rate, busy
    )


def simulated(
    rate: float, handling: float, waits: float, handlers: int, limit: float, calls: int, seed: int
) -> NDArray[np.float64]:
    """The shares answered within a limit, given up within it, and given up, of so many calls that
    are served one after the other as they came."""
    chance = np.random.default_rng(seed)
    came = np.cumsum(chance.exponential(1 / rate, calls))
    patient, length = chance.exponential(waits, calls), chance.exponential(handling, calls)
    free = [0.0] * handlers
    heapify(free)
    found = np.zeros(3)
    for at, until, takes in zip(came, patient, length, strict=True):
        wait = max(0.0, free[0] - at)
        if wait <= until:
            found[0] += wait <= limit
            heapreplace(free, at + wait + takes)
        else:
            found += [0.0, until <= limit, 1.0]
    return found / calls


def in_time(handling: float, waits: float, rate: float, most: int) -> NDArray[np.float64]:
    return erlang_a_upto(rate, handling, waits, most, 10.0).within


def test_the_figures_of_the_published_example() -> None:
    # Garnett, Mandelbaum and Reiman (2002), table 1: 48 calls a minute, one minute each, patience
    # of two minutes, 50 handlers: 3.1 % give up, they wait 3.7 s on average, 9 in 10 no longer
    # than 12.5 s, three wait at a time, handlers are busy 93 % of their time.
    queue = erlang_a(48 / 60, 60, 120, 50, limit=12.5)
    assert round(100 * queue.abandoned, 1) == 3.1
    assert round(queue.mean_wait, 1) == 3.7
    assert round(queue.within + queue.abandoned_within, 2) == 0.90
    assert round(queue.mean_wait * 48 / 60) == 3
    assert round(100 * queue.occupancy) == 93


def test_without_giving_up_it_is_erlang_c() -> None:
    # The same without patience's end: 20.8 s on average, 9 in 10 no longer than 58.1 s, 96 % busy.
    queue = erlang_a(48 / 60, 60, 1e6, 50, limit=58.1)
    assert queue.mean_wait == pytest.approx(20.8, abs=0.05)
    assert queue.within == pytest.approx(0.9, abs=0.0005)
    assert queue.occupancy == pytest.approx(0.96, abs=0.0005)
    # Erlang's C for 8 erlangs and 10 handlers is 0.4092 in his tables.
    assert erlang_a(8.0, 1.0, 1e6, 10, 0.0).waits == pytest.approx(0.4092, abs=5e-5)


def test_without_patience_it_is_erlang_b() -> None:
    # Erlang's B for 8 erlangs and 10 handlers is 0.1217 in his tables.
    assert erlang_a(8.0, 1.0, 1e-6, 10).abandoned == pytest.approx(0.1217, abs=5e-5)


@given(
    load=st.floats(0.05, 60.0),
    handling=st.floats(10.0, 900.0),
    waits=st.floats(5.0, 3_600.0),
    handlers=st.integers(1, 80),
)
@settings(max_examples=60, deadline=None)
def test_it_is_what_the_chain_adds_up_to(
    load: float, handling: float, waits: float, handlers: int
) -> None:
    if load * handling / handlers * waits > 40 * handling * 60:  # the chain would be longer
        return
    queue = erlang_a(load / handling, handling, waits, handlers)
    added = chain(load / handling, handling, waits, handlers)
    assert queue[2:] == pytest.approx(added[2:], rel=1e-6, abs=1e-9)


@given(
    load=st.floats(0.5, 12.0),
    over=st.floats(-1.0, 2.0),
    waits=st.floats(20.0, 900.0),
    limit=st.floats(0.0, 60.0),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=8, deadline=None)
def test_it_is_what_a_simulated_queue_does(
    load: float, over: float, waits: float, limit: float, seed: int
) -> None:
    handlers, calls = max(1, round(load + over * load**0.5)), 20_000
    queue = erlang_a(load / 180, 180, waits, handlers, limit)
    found = simulated(load / 180, 180, waits, handlers, limit, calls, seed)
    # Calls near in time are alike: so many of them are worth a fraction of independent ones.
    assert found == pytest.approx(queue[:3], abs=0.035)


@given(st.floats(0.001, 0.2), st.floats(30.0, 600.0), st.floats(10.0, 900.0))
@settings(max_examples=40, deadline=None)
def test_more_handlers_answer_more_calls_in_time(
    rate: float, handling: float, waits: float
) -> None:
    queues = erlang_a_upto(rate, handling, waits, 40, 10.0)
    assert (np.diff(queues.within) > -1e-9).all()
    assert (np.diff(queues.abandoned) < 1e-9).all()
    assert (queues.abandoned_within <= queues.abandoned + 1e-12).all()


@pytest.mark.parametrize("handlers", [10, 2000])
def test_far_too_few_and_far_too_many_handlers_are_no_trouble(handlers: int) -> None:
    queue = erlang_a(1.0, 300, 3600, handlers)
    assert queue.abandoned == pytest.approx(max(0.0, 1 - handlers / 300), abs=1e-6)


def test_within_a_long_limit_all_that_are_not_given_up_are_answered() -> None:
    queue = erlang_a(0.02, 300, 90, 4, limit=10_000)
    assert queue.within == pytest.approx(1 - queue.abandoned)
    assert queue.abandoned_within == pytest.approx(queue.abandoned)


def test_within_no_time_those_are_answered_who_do_not_wait() -> None:
    queue = erlang_a(0.02, 300, 90, 4, limit=0.0)
    assert queue.within == pytest.approx(1 - queue.waits)
    assert queue.abandoned_within == pytest.approx(0.0, abs=1e-12)


def test_the_handlers_needed_are_the_fewest_that_reach_the_target() -> None:
    needed = handlers_needed([0.02], 300, partial(in_time, 300, 90), 0.9)
    assert erlang_a(0.02, 300, 90, needed).within >= 0.9
    assert erlang_a(0.02, 300, 90, needed - 1).within < 0.9


def test_rates_that_may_be_higher_need_more_handlers_than_their_mean() -> None:
    level = partial(in_time, 300, 90)
    assert handlers_needed([0.02], 300, level, 0.9) == 10
    assert handlers_needed([0.005, 0.02, 0.035], 300, level, 0.9) == 13


def test_a_share_counts_by_its_calls() -> None:
    # Of an hour with one call and one with 99, the second decides.
    level = partial(in_time, 60, 120)
    assert handlers_needed([1 / 3600, 99 / 3600], 60, level, 0.9) == handlers_needed(
        [99 / 3600], 60, level, 0.9
    )


def test_what_is_no_queue_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        erlang_a(0, 60, 60, 1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        handlers_needed([0.1], 60, partial(in_time, 60, 60), 1.0)


def test_patience_is_learned_from_those_who_were_answered_too() -> None:
    chance = np.random.default_rng(3)
    gives_up, answered = chance.exponential(120.0, 20_000), chance.exponential(30.0, 20_000)
    waited = float(np.minimum(gives_up, answered).sum())
    assert patience(float((gives_up < answered).sum()), waited) == pytest.approx(120.0, rel=0.03)
    assert float(gives_up[gives_up < answered].mean()) < 30.0  # what only they would say
    assert patience(0, 300.0) is None
    assert exp(-10.0 / 120.0) == pytest.approx(0.92, abs=0.001)  # nine of ten outwait ten seconds
