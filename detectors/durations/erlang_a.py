r"""Calls that wait and give up (Erlang A): the service level of so many handlers, and how many a
target needs.

Calls come at rate :math:`\lambda`, are handled at rate :math:`\mu` by n handlers, and a caller who
waits gives up at rate :math:`\theta`. The wait that a patient caller would have has the density

.. math:: v(t) = \lambda \pi \exp\left(\lambda \frac{1 - e^{-\theta t}}{\theta} - n \mu t\right)

beside the chance of none, :math:`\pi\varepsilon`. Its integrals, alone and times
:math:`e^{-\theta t}`, are incomplete gamma functions. It is the steady state of a steady rate.

References: Palm (1957), Tele 2; Garnett, Mandelbaum and Reiman, Manufacturing and Service
Operations Management 4 (2002); Mandelbaum and Zeltyn, Service engineering in action (2007).

>>> queue = erlang_a(48 / 60, 60, 120, 50)
>>> round(queue.abandoned, 3), round(queue.mean_wait, 1)
(0.031, 3.7)
"""

from __future__ import annotations

from math import exp, inf, log
from typing import NamedTuple

import numpy as np

from detectors import special

MOST = 10_000
"""Handlers beyond which none are tried."""


class Queue(NamedTuple):
    """What becomes of calls: the share of all offered that is answered within the limit, the share
    given up, the mean wait of all in seconds, and the share of their time that handlers work."""

    within: float
    abandoned: float
    mean_wait: float
    occupancy: float


def erlang_a(
    rate: float, handling: float, patience: float, handlers: int, limit: float = 10.0
) -> Queue:
    """Of `rate` calls a second, `handling` and `patience` being means in seconds and `limit` the
    seconds to answer in; raises ValueError where one is not above 0 (a limit may be 0)."""
    if min(rate, handling, patience) <= 0 or handlers < 1 or limit < 0:
        raise ValueError("rate, handling and patience are above 0, with one handler or more")
    free = 0.0  # all in logarithms, since either side of the sum may be beyond any float
    for busy in range(1, handlers):
        free = float(np.logaddexp(0.0, free + log(busy / (rate * handling))))
    a, b = rate * patience, handlers * patience / handling

    def beyond(seconds: float, more: int) -> float:
        """The logarithm of the integral of the density from an instant on, over its factor."""
        share = float(special.gammainc(b + more, a * exp(-seconds / patience)))
        if share == 0.0:
            return -inf
        return a - (b + more - 1) * log(a) + float(special.gammaln(b + more)) + log(share)

    whole = np.logaddexp(free, beyond(0, 0))
    answered = min(1.0, float(np.exp(np.logaddexp(free, beyond(0, 1)) - whole)))
    within = max(0.0, answered - float(np.exp(beyond(limit, 1) - whole)))
    abandoned = 1.0 - answered
    occupancy = answered * rate * handling / handlers
    return Queue(within, abandoned, abandoned * patience, occupancy)


def handlers_needed(
    rate: float, handling: float, patience: float, target: float, limit: float = 10.0
) -> int:
    """The fewest handlers with whom at least the share `target` of calls is answered within
    `limit` seconds; raises ValueError for a target that is not between 0 and 1."""
    if not 0 < target < 1:
        raise ValueError("a target is a share between 0 and 1")
    low, high = 0, 1
    while erlang_a(rate, handling, patience, high, limit).within < target:
        low, high = high, 2 * high
        if high > MOST:
            raise ValueError(f"more than {MOST:,} handlers are needed")
    while high - low > 1:
        middle = (low + high) // 2
        enough = erlang_a(rate, handling, patience, middle, limit).within >= target
        low, high = (low, middle) if enough else (middle, high)
    return high
