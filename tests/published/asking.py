"""What the product answers where a published figure is asked of it; nothing else here asks it."""

from __future__ import annotations

from collections.abc import Callable

from streams.board.monitor import Monitor
from streams.board.query import Observation, Query
from streams.errors import QueryError
from tests.published.scope import Figure


class NoAnswerError(Exception):
    """The product has no answer, and why."""


class Asked:
    """The figures of a force, as its report names them."""

    def __init__(self, monitor: Monitor, force: str, at: int) -> None:
        self.query = Query(monitor, force, at)

    def answer(self, figure: Figure) -> float:
        """The value that a published figure should be, in its unit; raises `NoAnswerError`."""
        how = _ANSWERS.get(figure.statistic)
        if how is None:
            raise NoAnswerError(f"no {figure.statistic.replace('_', ' ')}")
        try:
            value = how(self, figure)
        except QueryError as error:
            raise NoAnswerError(str(error).split(";")[0]) from None
        if value is None:
            raise NoAnswerError("not known")
        return 100 * value if figure.unit == "percent" else value

    def observed(self, figure: Figure, period: str | None = None) -> Observation:
        """The measure in the period of a figure, or in another one."""
        return self.query.figure(figure.measure, period or figure.period, figure.area)


def _now(asked: Asked, figure: Figure) -> float | None:
    return asked.observed(figure).value


def _share(asked: Asked, figure: Figure) -> float | None:
    if asked.query.unit(figure.measure) != "ratio":
        raise NoAnswerError("no share of another measure")
    return asked.observed(figure).value


def _previous(asked: Asked, figure: Figure) -> float | None:
    stretch = asked.query.stretch(figure.period).previous
    return asked.query.figure(figure.measure, stretch, figure.area).value


def _last_year(asked: Asked, figure: Figure) -> float | None:
    stretch = asked.query.stretch(figure.period).last_year
    return asked.query.figure(figure.measure, stretch, figure.area).value


_ANSWERS: dict[str, Callable[[Asked, Figure], float | None]] = {
    "volume": _now,
    "seconds": _now,
    "percent": _share,
    "previous_quarter": _previous,
    "previous_month": _previous,
    "same_quarter_last_year": _last_year,
}
