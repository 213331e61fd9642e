"""The variables at the top of a dashboard."""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import (
    ConstantVariable,
    CustomVariable,
    DatasourceVariable,
    QueryVariable,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from grafana.queries import FORCE, pick
from grafana.settings import DEFAULT_WALLBOARD, WALLBOARD
from streams.board.monitor import WINDOWS
from streams.config.force import WHOLE

Variable = Builder[VariableModel]

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
"""Where every query of a dashboard goes: what the reader chose, never a fixed data source."""

ALL = VariableOption(selected=True, text=["All"], value=["$__all"])


def _labels(name: str, label: str, words: str, metric: str, *matchers: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(label)
        .description(words)
        .datasource(SOURCE)
        .query(f"label_values({pick(metric, *matchers)}, {name})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )


def _several(variable: QueryVariable, everything: str) -> QueryVariable:
    return variable.multi(True).include_all(True).all_value(everything).current(ALL)


def _scraped(name: str, words: str, known: str) -> QueryVariable:
    variable = (
        QueryVariable(name)
        .label(name.capitalize())
        .description(words)
        .datasource(SOURCE)
        .query(f"label_values({known}, {name})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
    return _several(variable, ".+")


def scraped() -> list[Variable]:
    """The data source, and the job and instances that it scraped; on every dashboard."""
    source = (
        DatasourceVariable("datasource")
        .label("Data source")
        .description("The Prometheus that scrapes Watchroom.")
        .type("prometheus")
        .current(VariableOption(selected=True, text="default", value="default"))
    )
    return [
        source,
        _scraped("job", "The scrape job of Watchroom.", "watchroom_build_info"),
        _scraped("instance", "The workers to show.", 'watchroom_build_info{job=~"$job"}'),
    ]


def wallboard() -> Variable:
    """The address of the wallboard, which links begin with; on every dashboard, and shown on none.
    `watchroom grafana generate --wallboard` and `push --wallboard` set it."""
    return (
        ConstantVariable(WALLBOARD)
        .label("Wallboard")
        .description("Where people reach the wallboard.")
        .value(DEFAULT_WALLBOARD)
    )


def force() -> Variable:
    """One force."""
    return _labels("force", "Force", "The force to show.", "watchroom_clock_timestamp_seconds")


def area(metric: str = "watchroom_calls_offered") -> Variable:
    """One area of the force, or the whole of it."""
    words = f'A policing area or district; "{WHOLE}" is the whole force.'
    current = VariableOption(selected=True, text=WHOLE, value=WHOLE)
    return _labels("area", "Area", words, metric, FORCE).current(current)


def line() -> Variable:
    """The lines of a force: 999, 101."""
    words = "The telephone lines to show."
    return _several(_labels("line", "Line", words, "watchroom_calls_offered", FORCE), ".+")


def window(default: str = "1h") -> Variable:
    """Over how long figures are counted."""
    names = [*WINDOWS, "today", "month"]
    return (
        CustomVariable("window")
        .label("Window")
        .description("Over how long calls, incidents and crimes are counted.")
        .values(",".join(names))
        .current(VariableOption(selected=True, text=default, value=default))
        .options([VariableOption(name == default, name, name) for name in names])
    )


def reading() -> Variable:
    """One of the figures that other systems report."""
    words = "The figure that another system reports, to show over time."
    return (
        QueryVariable("reading")
        .label("Reading")
        .description(words)
        .datasource(SOURCE)
        .query(f"label_values({pick('watchroom_reading', FORCE)}, indicator)")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )


def figure(choices: Sequence[tuple[str, str]]) -> Variable:
    """One of some metrics, each with its title."""
    plain = ((title.replace(",", "\\,"), metric) for title, metric in choices)
    listed = ",".join(f"{title} : {metric}" for title, metric in plain)
    title, metric = choices[0]
    return (
        CustomVariable("figure")
        .label("Figure")
        .description("The figures to show over time, of those without a panel of their own.")
        .values(listed)
        .multi(True)
        .current(VariableOption(selected=True, text=[title], value=[metric]))
        .options([VariableOption(each == (title, metric), *each) for each in choices])
    )


def watched(*names: str) -> list[Variable]:
    """What chooses one watched series, each within those before it."""
    words = {
        "group": ("Table", "The table of the board that the measure stands in."),
        "measure": ("Measure", "The measure that is watched."),
        "row": ("Row", "A row of the table: a value of each of its dimensions, or all together."),
        "grain": ("Period", "How long the periods are that are judged."),
    }
    made: list[Variable] = []
    chosen = [FORCE, 'area="$area"']
    for name in names:
        made.append(_labels(name, *words[name], "watchroom_watch_observed", *chosen))
        chosen.append(f'{name}="${name}"')
    return made


def alert_measure() -> Variable:
    """The measures that have an open alert, or all of them."""
    words = "Only alerts of this measure."
    measure = _labels("measure", "Measure", words, "watchroom_alert_open", FORCE)
    return _several(measure, ".*")


def alert_area() -> Variable:
    """The areas that have an open alert, or all of them."""
    found = _labels("area", "Area", "Only alerts of this area.", "watchroom_alert_open", FORCE)
    return _several(found, ".*")
