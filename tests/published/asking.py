"""What the product answers where a published figure is asked of it; nothing else here asks it."""

from __future__ import annotations

from collections.abc import Callable

from streams.board.compare import Change, Comparisons
from streams.board.control import ControlPoint, Moved, chart
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.board.targets import Goal, goal
from streams.config.force import WHOLE
from streams.config.measures import Band
from streams.errors import QueryError
from streams.periods import Grain
from tests.published.scope import Figure
from tests.published.series import WHOLES, WITHIN

ALIASES = {
    "alcohol_keyword_use": "alcohol_related",
    "cyber_itemised_total": "cyber",
    "investigation_complete_no_suspect_rate": "investigation_complete_no_suspect_share",
    "vulnerable_adult_keyword_use": "vulnerable_adult",
}
"""Measures that have two names in the reports."""


# The text has lost the names over its five tables of areas: they are taken in this order, as the
# records are made.
AREAS = {
    f"LPA block {place} (area name not in text)": name
    for place, name in enumerate(WITHIN["West Mercia"], 1)
}


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
        return value

    def compared(self, figure: Figure) -> Comparisons:
        """What the measure is compared with in the period and area of a figure."""
        measure = ALIASES.get(figure.measure, figure.measure)
        # What was before July 2020 is dated by no more than that.
        period = figure.period.removeprefix("asat-").replace("before-2020-07", "2020-01..2020-06")
        area, query = AREAS.get(figure.area, figure.area), self.query
        for force in query.monitor.forces.values():
            if area == force.name and force != query.force:  # the allied force
                area, query = WHOLE, Query(query.monitor, force.id, query.at)
        return Comparisons(query, measure, period, area, small_bases=True)

    def charted(self, figure: Figure) -> list[ControlPoint]:
        """The chart of the measure up to the last point that lies in the period of a figure: by
        months, but for limits, which the reports have by quarter."""
        grain: Grain = "quarter" if figure.statistic.endswith("_limit") else "month"
        end = self.query.stretch(figure.period).end
        measure = ALIASES.get(figure.measure, figure.measure)
        made = chart(self.query, measure, grain, area=figure.area)
        points = [point for point in made.points if point.end <= end]
        if not points or points[-1].centre is None:
            raise NoAnswerError("its chart has no limits yet")
        return points


OF_FORCE = ("repeat_victims_10plus_offences",)
"""Measures of which an area's percentage is that of the force's number."""


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _value(asked: Asked, figure: Figure) -> float | None:
    return asked.compared(figure).observation.value


def _by_month(asked: Asked, figure: Figure) -> list[float]:
    """The values of the months of a period."""
    months = asked.query.series(figure.measure, "month", figure.period, figure.area)
    found = [seen.value for _, seen in months if seen.value is not None]
    if not found:
        raise NoAnswerError("not known")
    return found


def _share(asked: Asked, figure: Figure) -> float | None:
    compared = asked.compared(figure)
    if asked.query.unit(compared.indicator) == "ratio":
        return _percent(compared.observation.value)
    if figure.measure in OF_FORCE and compared.area != WHOLE:
        return None if compared.of_force is None else _percent(compared.of_force.value)
    whole = WHOLES.get(figure.measure)
    found = compared.share_of(whole) if whole else compared.share
    if found is None:
        raise NoAnswerError("no share of another measure")
    return _percent(found.value)


def _base(change: Change, figure: Figure) -> float | None:
    return _percent(change.base) if figure.unit == "percent" else change.base


TARGET_OF = {
    "emergency_response_time_standard": "attended_within_20min",
    "outcome_14_victim_linked": "outcome_14_16_victim_linked",
}
"""Measures whose target is set for another one."""


def goal_of(asked: Asked, figure: Figure) -> Goal:
    """The target that holds of a measure in the period of a figure."""
    measure = figure.measure.partition("_key_band_")[0]
    found = goal(asked.query, TARGET_OF.get(measure, measure), figure.period, figure.area)
    if found is None:
        raise NoAnswerError("no target of it")
    return found


def _target(asked: Asked, figure: Figure) -> float | None:
    """Of a share the least, of a time the minutes."""
    found = goal_of(asked, figure)
    if figure.unit != "minutes":
        return _percent(found.lower)
    return None if found.seconds is None else found.seconds / 60


def _band(asked: Asked, figure: Figure) -> Band:
    return goal_of(asked, figure).bands[int(figure.measure[-1]) - 1]


_Of = Callable[[Asked, Figure], float | None]


def _last(read: Callable[[ControlPoint], float | None]) -> _Of:
    return lambda asked, figure: read(asked.charted(figure)[-1])


def _moved(points: list[ControlPoint]) -> Moved | None:
    """The last time that the level moved."""
    return next((point.moved for point in reversed(points) if point.moved is not None), None)


def _before_rebase(asked: Asked, figure: Figure) -> float:
    moved = _moved(asked.charted(figure))
    if moved is None:
        raise NoAnswerError("its chart has not moved")
    return moved.old


def _run(asked: Asked, figure: Figure) -> float:
    """A run ends with the move that it brings."""
    last = asked.charted(figure)[-1]
    return last.run if last.moved is None else last.moved.points


def _comparison(read: Callable[[Comparisons], float | None]) -> _Of:
    return lambda asked, figure: read(asked.compared(figure))


def _month_average(asked: Asked, figure: Figure) -> float | None:
    """Of a range its own average; else that of its chart, re-based."""
    if ".." in asked.compared(figure).stretch.label:
        return asked.compared(figure).a_month
    points = asked.charted(figure)
    moved = _moved(points)
    return points[-1].centre if moved is None else moved.new


_ANSWERS: dict[str, _Of] = {
    "volume": _value,
    "volume_low": lambda asked, figure: min(_by_month(asked, figure)),
    "volume_high": lambda asked, figure: max(_by_month(asked, figure)),
    "seconds": _value,
    "percent": _share,
    "percent_approx": _share,
    "percent_at_least": _share,
    "percent_of_total_crime": _share,
    "percent_of_asb": _share,
    "percent_of_repeat_nominals": _comparison(
        lambda of: _percent(of.share_of("repeat_nominals_3plus_high_harm").value)
    ),
    "rate_per_1000": _comparison(lambda of: of.rate.value),
    "previous_quarter": lambda asked, figure: _base(asked.compared(figure).previous, figure),
    "previous_month": lambda asked, figure: _base(asked.compared(figure).previous, figure),
    "same_quarter_last_year": lambda asked, figure: _base(asked.compared(figure).last_year, figure),
    "quarter_average": _comparison(lambda of: of.average.base),
    "daily_average": _comparison(lambda of: of.a_day),
    "change_on_previous_quarter": _comparison(lambda of: of.previous.change),
    "change_on_same_month_last_year": _comparison(lambda of: of.last_year.change),
    "change_on_same_quarter_last_year": _comparison(lambda of: of.last_year.change),
    "percent_change": _comparison(lambda of: of.previous.percent),
    "percent_change_after_system_change": _comparison(lambda of: of.previous.percent),
    "percent_change_on_previous_month": _comparison(lambda of: of.previous.percent),
    "percent_change_on_previous_quarter": _comparison(lambda of: of.previous.percent),
    "percent_change_on_same_quarter_last_year": _comparison(lambda of: of.last_year.percent),
    "percent_above_quarter_average": _comparison(lambda of: of.average.percent),
    "ytd_percent_change": _comparison(lambda of: of.year_to_date.percent),
    "target": _target,
    "target_percent_change": lambda asked, figure: _percent(goal_of(asked, figure).upper),
    "target_lower": lambda asked, figure: goal_of(asked, figure).lower,
    "target_upper": lambda asked, figure: goal_of(asked, figure).upper,
    "band_lower": lambda asked, figure: _percent(_band(asked, figure).lower),
    "band_upper": lambda asked, figure: _percent(_band(asked, figure).upper),
    "upper_control_limit": _last(lambda point: point.upper),
    "lower_control_limit": _last(lambda point: point.lower),
    "monthly_average": _month_average,
    "monthly_average_before_rebase": _before_rebase,
    "consecutive_months_above_average": _run,
    "consecutive_months_increasing": _last(lambda point: point.rises),
}
