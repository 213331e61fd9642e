"""How long a one-sided CUSUM of Poisson counts runs before an alarm, exactly.

The chart S = max(0, S + x - k) with an alarm at S >= h takes, for k and h in steps of 0.1 (or of
another power of ten), finitely many values below h: it is a Markov chain. With Q the chances of
going from one of these to another, the average run lengths L from each solve (I - Q) L = 1, and
that from 0 is the chart's. (`cusum.py` standardises: there
k is (k - mean) / sqrt(mean) and h is h / sqrt(mean).)

A reference: `CUSUM` is tested against it, and it against R (`test_cusum.py`). Nothing else calls
it; who tunes a CUSUM for a rate of false alarms may (`find_h`).

References: Brook and Evans (1972), Biometrika 59; Hawkins (1992), Communications in Statistics,
Simulation and Computation 21.

>>> round(reference_value(2.3, 2.3 + 0.5 * 2.3**0.5), 1)
2.7
>>> find_h(2.3, 2.7, 500.0)
11.7
>>> round(poisson_run_length(2.3, 2.7, 11.7), 2)
509.19
"""

from __future__ import annotations

from math import exp, lgamma, log

import numpy as np


def reference_value(before: float, after: float) -> float:
    """The k of the chart that is best for a change of the mean from `before` to `after`."""
    return (after - before) / (log(after) - log(before))


def poisson_run_length(mean: float, k: float, h: float, digits: int = 1) -> float:
    """The average number of points to an alarm with counts of this mean, starting at 0."""
    steps: int = 10**digits
    k_steps, h_steps = round(k * steps), round(h * steps)
    if k_steps < 0 or h_steps <= 0:
        raise ValueError("k is at least 0 and h above 0, on a grid of steps")
    counts = np.arange((h_steps + k_steps) // steps + 1)
    chances = np.array([exp(x * log(mean) - mean - lgamma(x + 1)) for x in counts])
    transitions = np.zeros((h_steps, h_steps))
    for state in range(h_steps):
        reached = np.maximum(0, state + steps * counts - k_steps)
        inside = reached < h_steps
        np.add.at(transitions[state], reached[inside], chances[inside])
    lengths = np.linalg.solve(np.eye(h_steps) - transitions, np.ones(h_steps))
    return float(lengths[0])


def find_h(mean: float, k: float, run_length: float, digits: int = 1) -> float:
    """The least h, in steps, whose average run length is at least this long."""
    steps: int = 10**digits
    high = 1
    while poisson_run_length(mean, k, high / steps, digits) < run_length:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if poisson_run_length(mean, k, middle / steps, digits) < run_length:
            low = middle
        else:
            high = middle
    return high / steps
