"""CUSUM: the tabular cumulative sum, for small shifts that last.

With z a standardised point (`standardised_points.py`), two sums start at 0 and go on

    up   = max(0, up   + z - k),
    down = max(0, down - z - k),

and there is an alarm when the greater reaches `h`. The chart is at its best for a shift of 2 k
standard deviations: k = 0.5 looks for one of 1 SD. With k = 0.5 a one-sided chart of normal points
gives a false alarm every 930 points on average at h = 5 and every 336 at h = 4; with both sides it
is half as long. It is quicker than `ewma.py` by little, needs a size of change to be tuned for, as
`focus.py` does not, and is the yardstick that the others are compared with.

`transform` says how z is made of a point x with mean m:

- `standard`: (x - m) / sd, the sd as in `standardised_points.py`;
- `rossi`: (x - 3 m + 2 sqrt(x m)) / (2 sqrt(m)), for Poisson counts with a small mean;
- `anscombe`: 3/2 (x^(2/3) - m^(2/3)) / m^(1/6), likewise;
- `none`: x itself (k and h are then in units of x).

What follows an alarm: with `restart` the sums start anew with the next point, else they go on. They
start at `head_start` times h, the first time too (Lucas and Crosier's fast initial response).
The alarm is pinned to "reaches h" (not "exceeds"). The onset is the first point since the sum last
stood at its start, and the level the mean since then; both lean towards what raised the alarm.

References: Page (1954), Biometrika 41; Lucas and Crosier (1982), Technometrics 24; Rossi,
Lampugnani and Marchi (1999), Statistics in Medicine 18; Hoehle (2007), Computational Statistics 22.

>>> detector = CUSUM(mean=9.0)
>>> for x in [9, 8, 10, 9, 16, 15, 17, 16]:
...     detector.update(x)
...     if detector.drift_detected:
...         print(detector.direction, detector.onset, detector.level, round(detector.evidence, 6))
up 4 16.0 5.5
"""

from __future__ import annotations

from math import sqrt
from typing import Literal

from detectors.base import bounded
from detectors.change.standardised_points import StandardisedPoints

Transform = Literal["standard", "rossi", "anscombe", "none"]


def transformed(x: float, mean: float, sd: float, transform: str) -> float:
    """The point as the chart adds it up."""
    if transform == "standard":
        return (x - mean) / sd
    if transform == "none":
        return x
    if transform == "rossi":
        return (x - 3.0 * mean + 2.0 * sqrt(x * mean)) / (2.0 * sqrt(mean))
    return float(1.5 * (x ** (2 / 3) - mean ** (2 / 3)) / mean ** (1 / 6))


def untransformed(z: float, mean: float, sd: float, transform: str) -> float:
    """The point, at least 0 for counts, that `transformed` makes z of."""
    if transform == "standard":
        return mean + sd * z
    if transform == "none":
        return z
    if transform == "rossi":
        root = sqrt(max(0.0, 4.0 * mean + 2.0 * sqrt(mean) * z)) - sqrt(mean)
        return max(0.0, root) ** 2
    return float(max(0.0, mean ** (2 / 3) + z * mean ** (1 / 6) / 1.5) ** 1.5)


class CUSUM(StandardisedPoints):
    """A lasting shift of the mean by about 2 `k` standard deviations, either way.

    mean, sd: of the points for an exposure of 1; dispersion: variance over mean, which gives the sd
    where none is given (1: Poisson counts; null: learned too); learn: how many first points give
    what is not given, and are not judged. k: what is taken off each point, in standard
    deviations; h: an alarm is where a sum reaches this; sides: `both`, `up` or `down`. transform:
    what is added up of a point, `standard` (its distance from the mean in standard deviations),
    `rossi` or `anscombe` (the same for small Poisson counts) or `none` (the point itself). restart:
    whether the sums start anew after an alarm; head_start: at which share of h they start.
    """

    def __init__(  # noqa: PLR0913 - a chart's constants, by name
        self,
        mean: float | None = None,
        sd: float | None = None,
        dispersion: float | None = 1.0,
        learn: int = 20,
        *,
        k: float = 0.5,
        h: float = 5.0,
        sides: Literal["both", "up", "down"] = "both",
        transform: Transform = "standard",
        restart: bool = True,
        head_start: float = 0.0,
    ) -> None:
        super().__init__(mean, sd, dispersion, learn)
        if transform not in {"standard", "rossi", "anscombe", "none"}:
            raise ValueError(f"no such transform: {transform!r}")
        if transform in {"rossi", "anscombe"} and (sd is not None or dispersion != 1.0):
            raise ValueError(f"{transform} is for Poisson counts: neither sd nor dispersion")
        if sides not in {"both", "up", "down"}:
            raise ValueError(f"sides are 'both', 'up' or 'down', not {sides!r}")
        if not (h > 0.0 and 0.0 <= head_start < 1.0):
            raise ValueError("h is above 0, and the head start a part of it below 1")
        self.k = k
        self.h = h
        self.sides = sides
        self.transform = transform
        self.restart = restart
        self.head_start = head_start
        self._begin()

    def _begin(self) -> None:
        self._ended = False
        start = self.head_start * self.h
        # The sum, and the onset, exposure and total of the points that it stands on.
        self._up: list[float] = [start, self._points, 0.0, 0.0]
        self._down: list[float] = [start, self._points, 0.0, 0.0]

    def update(self, x: float | None, exposure: float = 1.0) -> None:
        """Takes the next point, a total over `exposure`; None has no index, changes no figure."""
        self._drift_detected = False
        if x is None:
            return
        if self._ended:
            self._begin()
        x = bounded(x, exposure, self.transform in {"standard", "none"})
        scale = self._take(x, exposure)
        if scale is None:
            self._begin()
            return
        z = transformed(x, *scale, self.transform)
        if self.sides != "down":
            self._add(self._up, z, x, exposure)
        if self.sides != "up":
            self._add(self._down, -z, x, exposure)
        self._drift_detected = self.evidence >= self.h
        self._ended = self._drift_detected and self.restart

    def _add(self, side: list[float], z: float, x: float, exposure: float) -> None:
        value = side[0] + z - self.k
        if value > 0.0:
            side[0] = value
            side[2] += exposure
            side[3] += x
        else:
            side[:] = [0.0, self._points, 0.0, 0.0]

    @property
    def evidence_up(self) -> float:
        """The upper sum."""
        return self._up[0] if self.sides != "down" else 0.0

    @property
    def evidence_down(self) -> float:
        """The lower sum, as a positive number."""
        return self._down[0] if self.sides != "up" else 0.0

    @property
    def evidence(self) -> float:
        """The greater sum; an alarm when it reaches h."""
        return max(self.evidence_up, self.evidence_down)

    def _leading(self) -> list[float] | None:
        side = self._up if self.evidence_up >= self.evidence_down else self._down
        return side if side[2] > 0.0 else None

    @property
    def direction(self) -> str | None:
        """'up' or 'down', by the greater sum; None where neither stands on a point."""
        side = self._leading()
        return None if side is None else ("up" if side is self._up else "down")

    @property
    def onset(self) -> int | None:
        """Index of the first point of the greater sum."""
        side = self._leading()
        return None if side is None else int(side[1])

    @property
    def level(self) -> float | None:
        """The mean per unit of exposure of the points of the greater sum."""
        side = self._leading()
        return None if side is None else side[3] / side[2]

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """The greatest and least next point (of exposure 1) without an alarm; None for no limit.

        A point on a limit is an alarm.
        """
        if self._mean is None or self._variance is None:
            return None, None
        start = self.head_start * self.h if self._ended else None
        up = self._up[0] if start is None else start
        down = self._down[0] if start is None else start
        scale = self._mean, sqrt(self._variance), self.transform
        lower = untransformed(-(self.h + self.k - down), *scale) if self.sides != "up" else None
        upper = untransformed(self.h + self.k - up, *scale) if self.sides != "down" else None
        return lower, upper
