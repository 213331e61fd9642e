"""Calls that wait and give up."""

from __future__ import annotations

import pytest

from detectors.durations.erlang_a import erlang_a, handlers_needed


def stationary(rate: float, handling: float, patience: float, handlers: int) -> tuple[float, float]:
    """The share given up and the occupancy, by adding up the birth-death chain."""
    weights, busy, waits = [1.0], 0.0, 0.0
    for calls in range(1, 600):
        leave = min(calls, handlers) / handling + max(0, calls - handlers) / patience
        weights.append(weights[-1] * rate / leave)
    total = sum(weights)
    for calls, weight in enumerate(weights):
        busy += min(calls, handlers) * weight / total
        waits += max(0, calls - handlers) * weight / total
    return waits / patience / rate, busy / handlers


def test_it_gives_the_published_figures() -> None:
    # Garnett, Mandelbaum and Reiman (2002), table 1: 48 calls a minute, 50 agents, service of 1
    # minute, patience of 2.
    queue = erlang_a(48 / 60, 60, 120, 50)
    assert round(100 * queue.abandoned, 1) == 3.1
    assert round(queue.mean_wait, 1) == 3.7
    assert round(100 * queue.occupancy) == 93


@pytest.mark.parametrize(
    ("rate", "handling", "patience", "handlers"),
    [(0.02, 300, 90, 4), (0.02, 300, 90, 9), (0.1, 180, 600, 18), (0.001, 60, 60, 1)],
)
def test_it_is_what_the_chain_adds_up_to(
    rate: float, handling: float, patience: float, handlers: int
) -> None:
    queue = erlang_a(rate, handling, patience, handlers)
    abandoned, occupancy = stationary(rate, handling, patience, handlers)
    assert queue.abandoned == pytest.approx(abandoned, abs=1e-9)
    assert queue.occupancy == pytest.approx(occupancy, abs=1e-9)


@pytest.mark.parametrize("handlers", [10, 2000])
def test_far_too_few_and_far_too_many_handlers_are_no_trouble(handlers: int) -> None:
    queue = erlang_a(1.0, 300, 3600, handlers)
    assert queue.abandoned == pytest.approx(max(0.0, 1 - handlers / 300), abs=1e-6)


def test_within_a_long_limit_all_that_are_not_given_up_are_answered() -> None:
    queue = erlang_a(0.02, 300, 90, 4, limit=10_000)
    assert queue.within == pytest.approx(1 - queue.abandoned)


def test_the_handlers_needed_are_the_fewest_that_reach_the_target() -> None:
    needed = handlers_needed(0.02, 300, 90, 0.9)
    assert erlang_a(0.02, 300, 90, needed).within >= 0.9
    assert erlang_a(0.02, 300, 90, needed - 1).within < 0.9


def test_what_is_no_queue_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        erlang_a(0, 60, 60, 1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        handlers_needed(0.1, 60, 60, 1.0)
