"""Which published figures the product gives, to the printed digit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from streams.board.monitor import Monitor
from streams.periods import Calendar
from tests.published.asking import Asked, NoAnswerError
from tests.published.feed import Feed
from tests.published.judging import judge
from tests.published.scope import (
    CLASSES,
    CONTRADICTORY,
    NOT_PUBLISHED,
    Figure,
    Statement,
    classify,
    figures,
    group_of,
    statements,
)
from tests.published.series import REPORTED, after

FAR_FUTURE = 4_102_444_800_000
"""When the log took the lines, in ms: after any of them was written."""
ABOUT = 2.5
"""How many percentage points off a share may be that a report gives as "about half"."""
MATCHED = "matched"
DIFFERS = "it is "


class Match(NamedTuple):
    """A published figure, and what became of it: `matched`, or why not."""

    figure: Figure
    of: str
    """Its class."""
    outcome: str


class Judged(NamedTuple):
    """A judgement of a report, and what became of it: `matched`, or why not."""

    statement: Statement
    outcome: str


class Found(NamedTuple):
    """What became of the figures and judgements of a report."""

    figures: list[Match]
    statements: list[Judged]


def find(report: str) -> Found:
    """Feeds the records of a report, and asks for each of its figures and judgements."""
    feed = Feed(report)
    monitor = Monitor(feed.forces)
    found = Found([], [])
    at = Calendar(feed.force.zone).parse(after(REPORTED[report])).end
    for state, payloads in (("table", feed.lines()), ("text", feed.corrections())):
        for payload in payloads:
            refused = monitor.ingest(payload, FAR_FUTURE)
            assert not refused, refused[0]
        answers = Asked(monitor, feed.force.id, at)
        for figure in figures():
            if (figure.report, figure.state) == (report, state):
                outcome = _outcome(answers, figure)
                found.figures.append(Match(figure, classify(figure)[0], outcome))
        for each in statements():
            if (each.report, each.state) == (report, state):
                found.statements.append(Judged(each, _judged(answers, each)))
    return found


def _judged(answers: Asked, statement: Statement) -> str:
    """Whether the product says what the report says, else why not."""
    try:
        return MATCHED if judge(answers, statement) else f"{DIFFERS}otherwise"
    except NoAnswerError as error:
        return str(error)


def _outcome(answers: Asked, figure: Figure) -> str:
    """Whether the product's figure is the printed one, else what it is."""
    of, reason = classify(figure)
    if of in (CONTRADICTORY, NOT_PUBLISHED):
        return reason
    try:
        value = answers.answer(figure)
    except NoAnswerError as error:
        return str(error)
    digits = decimals(figure)
    if figure.statistic == "percent_at_least" and value >= float(figure.value):
        return MATCHED
    if figure.statistic == "percent_approx" and abs(value - float(figure.value)) <= ABOUT:
        return MATCHED
    if abs(value - float(figure.value)) <= 0.5 * 10**-digits + 1e-9:
        return MATCHED
    return f"{DIFFERS}{value:.{digits + 2}f}"


def decimals(figure: Figure) -> int:
    """How many decimals a report prints of a statistic: `2` may stand for 2.00. Other percentages
    than those of its tables have as many as the measure's."""
    of_measure = figure.unit == "percent" and figure.statistic != "percent_of_total_crime"
    return _decimals(figure.report, figure.statistic, figure.measure if of_measure else "")


@cache
def _decimals(report: str, statistic: str, measure: str) -> int:
    values = (
        each.value
        for each in figures()
        if (each.report, each.statistic) == (report, statistic) and measure in ("", each.measure)
    )
    return max(len(value.partition(".")[2]) for value in values)


def summary(found: Sequence[Match]) -> Iterator[str]:
    """By report, group and statistic how many figures match, and every other one with why not."""
    by_place: dict[tuple[str, str, str], list[Match]] = defaultdict(list)
    for each in found:
        figure = each.figure
        place = (figure.report, group_of(figure.measure), figure.statistic)
        by_place[place].append(each)
    for place, several in sorted(by_place.items()):
        matched = sum(each.outcome == MATCHED for each in several)
        yield f"{' '.join(place)}: {matched} of {len(several)}"
        for each in several:
            if each.outcome != MATCHED:
                figure = each.figure
                yield (
                    f"    line {figure.line}, {figure.area}, {figure.period}, {figure.measure} "
                    f"{figure.value}: {each.of}: {each.outcome}"
                )
    for of in CLASSES:
        among = [each for each in found if each.of == of]
        matched = sum(each.outcome == MATCHED for each in among)
        yield f"{of}: {matched} of {len(among)}"


def judgements(found: Sequence[Judged]) -> Iterator[str]:
    """By kind how many judgements match, and every other one with why not."""
    by_kind: dict[str, list[Judged]] = defaultdict(list)
    for each in found:
        by_kind[each.statement.kind].append(each)
    for kind, several in sorted(by_kind.items()):
        yield f"{kind}: {sum(each.outcome == MATCHED for each in several)} of {len(several)}"
        for each in several:
            if each.outcome != MATCHED:
                report, line, area, period, measure, *_ = each.statement
                yield f"    {report} line {line}, {area}, {period}, {measure}: {each.outcome}"


if __name__ == "__main__":
    every = [find(report) for report in REPORTED]
    print("\n".join(summary([each for found in every for each in found.figures])))
    print("\n".join(judgements([each for found in every for each in found.statements])))
