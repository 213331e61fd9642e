r"""Calls that wait and give up (Erlang A): what becomes of them with so many handlers, and how many
a target needs.

Calls come at rate :math:`\lambda`, are handled at rate :math:`\mu` by n handlers in the order in
which they came, and a caller who waits gives up at rate :math:`\theta`. The wait that a caller who
never gave up would have, :math:`V`, is none with a chance of :math:`\pi\varepsilon_n`, and else has
the density

.. math:: v(t) = \lambda \pi \exp\left(\lambda \frac{1 - e^{-\theta t}}{\theta} - n \mu t\right),
   \qquad \varepsilon_n = 1 + \frac{(n - 1)\,\mu}{\lambda}\,\varepsilon_{n-1}, \quad
   \varepsilon_1 = 1.

Its integrals, alone and times :math:`e^{-\theta t}`, are incomplete gamma functions, and all else
follows: a call is answered within t with the chance :math:`E[e^{-\theta V}; V \le t]`, given up
within t with :math:`1 - E[e^{-\theta V}; V \le t] - e^{-\theta t} P(V > t)`.

It is the steady state of a steady rate: right where calls are short beside the time over which the
rate changes, as in an hour. Handling times and patience are taken as exponential; of handling times
the mean matters most. Patience is learned by censoring (`patience`): those who were answered had
waited so long without giving up.

References: Palm (1957), Tele 2; Garnett, Mandelbaum and Reiman, Manufacturing and Service
Operations Management 4 (2002); Mandelbaum and Zeltyn, Service engineering in action: the
Palm/Erlang-A queue (2007); Brown et al., Journal of the American Statistical Association 100
(2005), the hazard.

>>> queue = erlang_a(48 / 60, 60, 120, 50)
>>> round(queue.abandoned, 3), round(queue.mean_wait, 1), round(queue.occupancy, 2)
(0.031, 3.7, 0.93)
>>> def in_time(rate, most):
...     return erlang_a_upto(rate, 60, 120, most, limit=10).within
>>> handlers_needed([48 / 60], 60, in_time, 0.9)
52
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, exp, log, log1p, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import special

Floats = NDArray[np.float64]
TINY = 1e-280
"""Incomplete gamma functions below which they are no longer exact, or 0."""
MOST_HANDLERS = 10_000
"""Handlers beyond which none are tried."""


class Queue(NamedTuple):
    """What becomes of calls with some handlers: the share of all offered that is answered within
    the limit, given up within it and given up at all, that waits at all, the mean wait of all in
    seconds, and the share of their time that handlers work."""

    within: float
    abandoned_within: float
    abandoned: float
    waits: float
    mean_wait: float
    occupancy: float


class Queues(NamedTuple):
    """The same with 1, 2, 3 ... handlers."""

    within: Floats
    abandoned_within: Floats
    abandoned: Floats
    waits: Floats
    mean_wait: Floats
    occupancy: Floats


def erlang_a(
    rate: float, handling: float, patience: float, handlers: int, limit: float = 10.0
) -> Queue:
    """Of `rate` calls a second, `handling` and `patience` being means in seconds and `limit` the
    seconds to answer in; raises ValueError where one is not above 0 (a limit may be 0)."""
    upto = erlang_a_upto(rate, handling, patience, handlers, limit)
    return Queue(*(float(each[-1]) for each in upto))


def erlang_a_upto(
    rate: float, handling: float, patience: float, most: int, limit: float = 10.0
) -> Queues:
    """The same with 1 to `most` handlers, at once."""
    if min(rate, handling, patience) <= 0.0 or most < 1 or limit < 0.0:
        raise ValueError("rate, handling and patience are above 0, with one handler or more")
    handlers = np.arange(1, most + 1, dtype=np.float64)
    free = np.array(_free(rate * handling, most))
    a, b = rate * patience, handlers * patience / handling
    whole = np.logaddexp(free, _beyond(a, b, 1.0))
    answered = np.minimum(1.0, np.exp(np.logaddexp(free, _beyond(a, b + 1.0, 1.0)) - whole))
    still = exp(-limit / patience)
    within = np.maximum(0.0, answered - np.exp(_beyond(a, b + 1.0, still) - whole))
    later = np.exp(_beyond(a, b, still) - whole)
    abandoned = 1.0 - answered
    return Queues(
        within,
        np.clip(1.0 - within - still * later, 0.0, abandoned),
        abandoned,
        np.exp(_beyond(a, b, 1.0) - whole),
        abandoned * patience,
        answered * rate * handling / handlers,
    )


def _free(load: float, most: int) -> list[float]:
    r"""The logarithms of :math:`\varepsilon_n` over the rate's unit, for 1 to so many handlers.
    In logarithms since either side of a later sum may be beyond any float."""
    found = [0.0]
    for busy in range(1, most):
        step = found[-1] + log(busy / load)
        found.append(step + log1p(exp(-step)) if step > 0.0 else log1p(exp(step)))
    return found


def _beyond(a: float, b: Floats, still: float) -> Floats:
    """The logarithm of the integral of the density from an instant on, over its factor, `still`
    being the share who would not have given up by then; with b + 1 that of callers who have not."""
    share = special.gammainc(b, a * still)
    tiny = share < TINY
    with np.errstate(divide="ignore"):
        found = a - (b - 1.0) * log(a) + special.gammaln(b) + np.log(share)
    if tiny.any() and still > 0.0:  # by Kummer's series, which is short there
        few = b[tiny]
        kummer = np.log(special.hyp1f1(1.0, few + 1.0, a * still))
        found[tiny] = a * (1.0 - still) + few * log(still) + log(a) - np.log(few) + kummer
    return np.asarray(found)


def handlers_needed(
    rates: Sequence[float], handling: float, level: Callable[[float, int], Floats], target: float
) -> int:
    """The fewest handlers with whom the service level reaches a target, a share between 0 and 1.
    `level` gives it at a rate of calls a second with 1 to so many handlers; several equally likely
    `rates` count by their calls. Raises ValueError for a target that is no such share, and where
    `MOST_HANDLERS` handlers are too few."""
    if not 0.0 < target < 1.0:
        raise ValueError("a target is a share between 0 and 1")
    load = max(rates) * handling
    most = ceil(load + 2.0 * sqrt(load)) + 4
    while most <= 2 * MOST_HANDLERS:
        upto = min(most, MOST_HANDLERS)
        levels = np.array([level(rate, upto) for rate in rates])
        reached = np.asarray(rates) @ levels / sum(rates) >= target
        if reached.any():
            return int(reached.argmax()) + 1
        most *= 2
    raise ValueError(f"more than {MOST_HANDLERS:,} handlers are needed")


def patience(abandoned: float, waited: float) -> float | None:
    """The mean patience in seconds, by how many gave up and how long all callers waited together,
    those who were answered too: the estimate of greatest likelihood for a steady hazard. None
    where nobody gave up, so that only that it is long is known.

    >>> patience(30, 3600.0)
    120.0
    """
    return waited / abandoned if abandoned > 0 else None
