"""What the product says where the reports judge: increase, exceptional, re-based, target met.

Not every judgement is one that figures can be asked for. Those that say why a figure is as it is
(`driver`, a system change), or compare it with forecasts and forces that were not published, are
listed by that reason.
"""

from __future__ import annotations

from collections.abc import Callable

from streams.board.compare import Change, Comparisons
from streams.board.control import chart
from streams.board.month_by_month import LEAST
from streams.board.standing import IN_LINE
from streams.errors import QueryError
from streams.registry.affected import affects, stands_for
from tests.published.asking import Asked, NoAnswerError, goal_of
from tests.published.scope import WRONG_WORDS, Figure, Statement, excepted
from tests.published.series import DRIVERS

_NO_QUESTION = {
    "under_marking": "it says why, not what",
    "data_incomplete": "nothing was published",
    "record_high": "the months before were not published",
    "no_significant_change": "the weeks were not published",
    "above_average": "of what it is an average was not published",
}
"""By kind, why figures can't be asked for it."""
_NOT_ASKED = {
    ("002", 733): "the months before have no people in them",
    ("002", 913): "the months before have no people in them",
    ("002", 915): "the months before have no people in them",
    ("002", 1198): "it lies above its average, which has the summer before in it",
    ("002", 1206): "it lies above its average, which has the summer before in it",
    ("002", 1449): "the use of the marker fell by 69 %",
    ("003", 1197): "it says what is to come",
    ("003", 1592): "the months before have no people in them",
    ("003", 1713): "it says what is to come",
    ("003", 1978): "it says what is to come",
}
"""By report and line, why the figures can't be asked for a season, trend, share or change."""
_WORDS = (
    ("projection", "projections were not published"),
    ("peer", "the figures of other forces were not published"),
    ("national", "the figures of other forces were not published"),
    ("rank", "the figures of other forces were not published"),
)


def judge(asked: Asked, statement: Statement) -> bool:
    """Whether the product says what a report says; raises `NoAnswerError` with the reason where it
    can't be asked."""
    kind = statement.kind
    reason = WRONG_WORDS.get((statement.report, statement.line, statement.measure, kind))
    reason = reason or _NO_QUESTION.get(kind)
    if kind.startswith(("seasonal", "trend", "share_stable", "below_expected")):
        reason = reason or _NOT_ASKED.get((statement.report, statement.line))
    reason = reason or next((why for word, why in _WORDS if word in kind), None)
    if reason is not None:
        raise NoAnswerError(reason)
    how = next((how for start, how in _JUDGES if kind.startswith(start)), None)
    if how is None:
        raise NoAnswerError(f"no answer to {kind}")
    try:
        return how(asked, statement)
    except QueryError as error:
        raise NoAnswerError(str(error).split(";")[0]) from None


def _figure(statement: Statement, statistic: str = "monthly_average") -> Figure:
    report, line, area, period, measure, *_ = statement
    return Figure(report, line, area, period, measure, statistic, "", "")


def _compared(asked: Asked, statement: Statement) -> Comparisons:
    return asked.compared(_figure(statement))


def _base(compared: Comparisons, kind: str) -> Change:
    return compared.last_year if kind.endswith("last_year") else compared.previous


def _known(change: float | None) -> float:
    if change is None:
        raise NoAnswerError("not known")
    return change


def _increase(asked: Asked, statement: Statement) -> bool:
    change = _known(_base(_compared(asked, statement), statement.kind).change)
    return change > 0 if statement.kind.startswith("increase") else change < 0


def _stable(asked: Asked, statement: Statement) -> bool:
    """Within as many per cent of the period before as the product calls in line."""
    change = _base(_compared(asked, statement), statement.kind)
    base = _known(change.base)
    return abs(_known(change.change)) <= base * IN_LINE / 100


def _in_line(asked: Asked, statement: Statement) -> bool:
    """With the period before where the report gives both, else with the average."""
    compared = _compared(asked, statement)
    change = compared.previous if "->" in statement.figures else compared.average
    return abs(_known(change.change)) <= _known(change.base) * IN_LINE / 100


def _above_quarters(asked: Asked, statement: Statement) -> bool:
    change = _known(_compared(asked, statement).average.change)
    return change > 0 if statement.kind.startswith("above") else change < 0


def _above_months(asked: Asked, statement: Statement) -> bool:
    stretch = asked.query.stretch(statement.period)
    points = [
        point
        for point in asked.charted(_figure(statement))
        if stretch.start <= point.start and point.centre is not None and point.value is not None
    ]
    away = [(point.value or 0) - (point.centre or 0) for point in points]
    if not away:
        raise NoAnswerError("its chart has no limits yet")
    return all(each > 0 for each in away) is statement.kind.startswith("above")


def _flags(asked: Asked, statement: Statement) -> list[str | None]:
    """The flags of the months of a period."""
    stretch = asked.query.stretch(statement.period)
    return [
        point.flag
        for point in asked.charted(_figure(statement))
        if stretch.start <= point.start and point.centre is not None
    ]


def _unless_unpublished(found: bool) -> bool:
    """The limits of a month's chart rest on months before, which were chosen freely."""
    if not found:
        raise NoAnswerError("the months that its limits rest on were not published")
    return True


def _exceptional(asked: Asked, statement: Statement) -> bool:
    return _unless_unpublished("above" in _flags(asked, statement))


def _exceptionally_few(asked: Asked, statement: Statement) -> bool:
    return _unless_unpublished("below" in _flags(asked, statement))


def _nothing_exceptional(asked: Asked, statement: Statement) -> bool:
    return _unless_unpublished(not any(_flags(asked, statement)))


def _returned(asked: Asked, statement: Statement) -> bool:
    return _unless_unpublished(_flags(asked, statement)[-1:] == [None])


def _limits(asked: Asked, statement: Statement) -> bool:
    flag = asked.charted(_figure(statement, "upper_control_limit"))[-1].flag
    return flag == {"above": "above", "below": "below"}.get(statement.kind.split("_")[0])


def _rebased(asked: Asked, statement: Statement) -> bool:
    return any(point.moved for point in asked.charted(_figure(statement)))


def _run(asked: Asked, statement: Statement) -> bool:
    if statement.kind == "rebase_due_next_month":  # said of the month that is to come
        last = asked.query.stretch(statement.period).previous.label
        statement = statement._replace(period=last)
    return asked.charted(_figure(statement))[-1].run == 7


def _seasonal(asked: Asked, statement: Statement) -> bool:
    word = _compared(asked, statement).as_last_year.word
    if word is None:
        raise NoAnswerError("last year, or a year before, is not known")
    return word == "as last year"


RISES = {("001", 357): 3}
"""Lines that count how many times in a row a figure rose."""


def _trend(asked: Asked, statement: Statement) -> bool:
    """Over the year to date where the report says by how much, else by the first and the last of
    its months: reports call that a trend, which is no test of one."""
    compared, rises = _compared(asked, statement), statement.kind.endswith("increasing")
    if (times := RISES.get((statement.report, statement.line))) is not None:
        return asked.charted(_figure(statement))[-1].rises == times
    if statement.figures.startswith("YTD"):
        return (_known(compared.year_to_date.change) > 0) is rises
    if statement.figures.startswith("+"):
        first = _compared(asked, statement._replace(period=statement.period.partition("..")[0]))
        return (_known(first.previous.change) > 0) is rises
    found = compared.month_by_month
    if found is None or found.of < LEAST - 1:
        raise NoAnswerError("the months of the trend were not published")
    if found.value == found.base:
        raise NoAnswerError("the months of the trend were not published")
    return (found.value > found.base) is rises


SHARES = {
    "asb": ("asb_nuisance", "asb_personal", "asb_environmental"),
    "hate_crime": ("hate_crime_racial",),
    "domestic_abuse": ("domestic_abuse",),
    "business_robbery_share_of_robbery": ("business_robbery_share_of_robbery",),
}
"""The shares that a judgement of a measure's shares is of."""
NAMED_SHARES = {("001", 654): ("asb_nuisance", "asb_personal")}
"""By report and line, those of them that it names."""


def _shares(asked: Asked, statement: Statement) -> bool:
    """Its share, or those of its parts, beside the period before."""
    if statement.measure not in SHARES:
        raise NoAnswerError("the shares before were not published")
    changes = [
        _compared(asked, statement._replace(measure=each)).share_change
        for each in NAMED_SHARES.get((statement.report, statement.line), SHARES[statement.measure])
    ]
    known = [(_known(each.change), _known(each.base)) for each in changes if each is not None]
    if statement.kind == "share_increasing":
        return all(change > 0 for change, _ in known)
    return all(abs(change) <= base * IN_LINE / 100 for change, base in known)


PARTS = {
    ("001", 24): ("rape_non_recent_over_1_year",),
    ("001", 336): ("rape_non_recent_over_1_year",),
    ("001", 442): ("theft_from_motor_vehicle",),
}
"""By report and line, the parts that a change comes from."""


def _driven(asked: Asked, statement: Statement) -> bool:
    """The areas or parts that the report names moved the figure most."""
    place = statement.report, statement.line
    areas, parts = DRIVERS.get(place), PARTS.get(place)
    if areas is None and parts is None:
        raise NoAnswerError("it says why, not what")
    whole = asked.query.force.name if areas else statement.area
    found = _compared(asked, statement._replace(area=whole)).drivers
    if found is None:
        raise NoAnswerError("not known")
    named = set(parts or (asked.query.areas()[asked.query.area(each)] for each in areas or ()))
    moved = found.areas if areas else found.parts
    return set(list(moved)[: len(named)]) == named


def _below_expected(asked: Asked, statement: Statement) -> bool:
    """By the limits of its quarters."""
    return asked.charted(_figure(statement, "lower_control_limit"))[-1].flag == "below"


def _unavailable(asked: Asked, statement: Statement) -> bool:
    if statement.figures.endswith("keywords"):
        raise NoAnswerError("no indicator is of two markers of an offence together")
    if _compared(asked, statement).observation.value is not None:
        raise NoAnswerError("the made records have it as nothing, not as unknown")
    return True


def _same_definition(asked: Asked, statement: Statement) -> bool:
    """Of domestic burglary until 2017, and residential burglary of dwellings since."""
    now, before = _compared(asked, statement), statement._replace(measure="domestic_burglary")
    return now.observation == _compared(asked, before).observation


def _across(asked: Asked, statement: Statement) -> bool:
    """Whether the chart says that it compares across a change of recording."""
    words = chart(asked.query, statement.measure, "quarter", statement.period).words
    return any(each.startswith("Compared across a change") for each in words)


def _everywhere(asked: Asked, statement: Statement) -> bool:
    """In every policing area, but for those that the report leaves out itself."""
    rises, left_out = statement.kind.endswith("increase"), excepted(statement)
    for area in asked.query.force.file.areas:
        if area.parent is None and area.name not in left_out:
            compared = _compared(asked, statement._replace(area=area.name))
            change = _known(compared.previous.change)
            if change <= 0 if rises else change >= 0:
                return False
    return True


def _target(asked: Asked, statement: Statement) -> bool:
    compared = _compared(asked, statement)
    met = goal_of(asked, _figure(statement)).met(compared.observation.value)
    return met is statement.kind.endswith("met")


_UNDATED = (("000", 427),)
"""Lines about a change of which no day was published."""


def _changed(asked: Asked, statement: Statement) -> bool:
    """Whether the force's file has a change that can only be of it, up to then."""
    if (statement.report, statement.line) in _UNDATED:
        raise NoAnswerError("its day was not published")
    until, force = asked.query.stretch(statement.period).end, asked.query.force
    about = stands_for(statement.measure) | {statement.measure}
    changes = [change for change in force.file.changes if force.instant(change.date) < until]
    if not any(affects(change, set(about)) for change in changes):
        raise NoAnswerError("the force's file has no such change")
    return True


_JUDGES: tuple[tuple[str, Callable[[Asked, Statement], bool]], ...] = (
    ("increase_on", _increase),
    ("decrease_on", _increase),
    ("stable", _stable),
    ("in_line", _in_line),
    ("above_quarter", _above_quarters),
    ("below_quarter", _above_quarters),
    ("above_monthly", _above_months),
    ("below_monthly", _above_months),
    ("exceptional_volume", _exceptional),
    ("exceptional_reduction", _exceptionally_few),
    ("no_exceptional", _nothing_exceptional),
    ("within_expected", _nothing_exceptional),
    ("returned", _returned),
    ("within_control", _limits),
    ("above_upper", _limits),
    ("below_lower", _limits),
    ("rebased", _rebased),
    ("7", _run),
    ("rebase_due", _run),
    ("area_comparison", _everywhere),
    ("seasonal", _seasonal),
    ("trend", _trend),
    ("share", _shares),
    ("driver", _driven),
    ("below_expected", _below_expected),
    ("data_unavailable", _unavailable),
    ("definition_change", _same_definition),
    ("not_comparable", _across),
    ("target", _target),
    ("system_change", _changed),
    ("recording_change", _changed),
)
"""How a judgement is asked for, by how its kind begins."""
