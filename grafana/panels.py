"""The kinds of panel that the dashboards use, each with what every panel has.

Every panel has a title, a description, a unit and the templated data source. A state is shown by a
word with a mark (`WORDS`), a line by its dashes and its name in the legend, so that nothing is said
by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from string import ascii_uppercase
from typing import NamedTuple, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import (
    DashboardLink,
    FieldColor,
    ThresholdsConfig,
)
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.colours import APPEARANCES, BLUE, GREY, Appearance
from grafana.names import in_words, mapped
from grafana.queries import unbroken, unbroken_by
from grafana.variables import SOURCE

Panel = Builder[model.Panel]
Kind = TypeVar(
    "Kind", stat.Panel, timeseries.Panel, bargauge.Panel, table.Panel, statetimeline.Panel
)
HEIGHT = 8
LETTERS = [*ascii_uppercase, *map("".join, product(ascii_uppercase, repeat=2))]
"""What Grafana calls the queries of a panel."""
DATE = "dateTime"
"""What the units of instants begin with."""
POINTS = 2160
"""Of the line of a figure: one in 10 s over six hours. The figure itself is the last of them, and
so no older than that."""
ENDLESS = 1e15
"""The end of a range that has none. Grafana takes an end that is null for 0."""


class PanelQuery(NamedTuple):
    """PromQL, what its series are called, and how a line of it is drawn."""

    expr: str
    legend: str
    appearance: Appearance | None = None
    points: bool = False
    """Points of their own instead of a line."""
    band: str = ""
    """The line below, down to which the space is shaded."""
    each: tuple[str, str] | None = None
    """Of a figure by a label: the label, and the series of a metric that has all of its values."""


class NamedRange(NamedTuple):
    """What a number from `low` up to the next one is called, in words and in colour.

    Without words the number itself is shown: "● None", but 3.
    """

    low: float
    text: str
    colour: str


@dataclass(frozen=True, slots=True)
class Face:
    """What every panel says of itself."""

    title: str
    description: str
    unit: str = "short"
    width: int = 6
    height: int = HEIGHT
    decimals: int | None = None
    none: str = "–"
    """Shown where there is no value."""
    none_is: str = GREY
    """The colour of that: no state, unless it means something that there is none."""
    link: tuple[str, str] | None = None
    """(title, uid) of the dashboard that says more."""
    words: Sequence[NamedRange] = field(default_factory=tuple)


def _faced(panel: Kind, face: Face, queries: Sequence[PanelQuery], *, now: bool = False) -> Kind:
    panel.title(face.title).description(face.description).unit(face.unit).datasource(SOURCE)
    panel.span(face.width).height(face.height).no_value(face.none)
    if face.decimals is not None:
        panel.decimals(face.decimals)
    if face.link is not None:
        panel.links([_to(*face.link)])
    if face.words:
        panel.mappings(_mappings(face.words))
    panel.thresholds(_steps(face))
    for letter, query in zip(LETTERS, queries, strict=False):
        panel.with_target(_target(query, letter, now=now, rows=isinstance(panel, table.Panel)))
    for each in in_words([query.legend for query in queries]):
        panel.with_transformation(each)
    return panel


def _steps(face: Face) -> ThresholdsConfig:
    """Always given: where a panel has none, Grafana takes green, and red from 80 on."""
    # What has no value is shown in the colour of the base, so no state may have that one.
    base = model.Threshold(None, face.none_is if face.words else BLUE)
    steps = [model.Threshold(each.low, each.colour) for each in face.words]
    return ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps([base, *steps])


def _to(title: str, uid: str) -> DashboardLink:
    url = f"/d/{uid}?${{__url_time_range}}&${{force:queryparam}}"
    return DashboardLink(title).type(model.DashboardLinkType.LINK).url(url)


def _target(query: PanelQuery, letter: str, *, now: bool, rows: bool) -> Dataquery:
    made = Dataquery().expr(query.expr).ref_id(letter).datasource(SOURCE)
    made.legend_format(query.legend)
    if rows:
        made.format(PromQueryFormat.TABLE)
    return made.instant() if now else made.range()


def _mappings(words: Sequence[NamedRange]) -> list[model.ValueMapping]:
    """Ranges without a gap: each ends where the next begins, the last at `ENDLESS`."""
    made: list[model.ValueMapping] = []
    for place, each in enumerate(words):
        after = words[place + 1].low if place + 1 < len(words) else ENDLESS
        result = model.ValueMappingResult(text=each.text or None, color=each.colour, index=place)
        # A range holds both its ends, and the first that holds a value counts: so the highest
        # stands first.
        options = model.DashboardRangeMapOptions(from_val=each.low, to=after, result=result)
        made.insert(0, model.RangeMap(options=options))
    return made


def _fixed(colour: str) -> FieldColor:
    return FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color(colour)


def now(face: Face, *queries: PanelQuery, size: int = 0) -> Panel:
    """Large figures of this moment, each with its name, and below it how it came to be; a state in
    words and an instant have no line, and are asked for as they are now."""
    has_line = not face.words and not face.unit.startswith(DATE)
    panel = _faced(
        stat.Panel(), face, [_unbroken(each) for each in queries] if has_line else queries,
        now=not has_line,
    )  # fmt: skip
    panel.graph_mode(kinds.BigValueGraphMode.NONE).text_mode(kinds.BigValueTextMode.AUTO)
    if has_line:
        panel.graph_mode(kinds.BigValueGraphMode.AREA).max_data_points(POINTS)
        panel.mappings([_unknown(face)])
    if len(queries) > 1 or "{{" in queries[0].legend:
        panel.text_mode(kinds.BigValueTextMode.VALUE_AND_NAME)
    if face.words:
        panel.color_mode(kinds.BigValueColorMode.BACKGROUND_SOLID)
    else:
        panel.color_mode(kinds.BigValueColorMode.NONE).color_scheme(_fixed(BLUE))
    if size:
        panel.text(common.VizTextDisplayOptions().value_size(size))
    calc = "last" if has_line else "lastNotNull"
    return panel.reduce_options(common.ReduceDataOptions().calcs([calc]))


def _unbroken(query: PanelQuery) -> PanelQuery:
    """A query whose last value is that of now."""
    if query.each is None:
        return query._replace(expr=unbroken(query.expr))
    label, known = query.each
    return query._replace(expr=unbroken_by(label, query.expr, known))


def _unknown(face: Face) -> model.ValueMapping:
    """What stands where there is nothing now."""
    result = model.ValueMappingResult(text=face.none, color=face.none_is, index=0)
    match = model.SpecialValueMatch.NULL_AND_NAN
    options = model.DashboardSpecialValueMapOptions(match=match, result=result)
    return model.SpecialValueMap(options=options)


def repeated(panel: Panel, variable: str) -> Panel:
    """A panel for each of the values that are chosen of a variable, two beside one another."""
    built = panel.build()
    built.repeat, built.repeat_direction, built.max_per_row = variable, "h", 2
    return _Built(built)


class _Built(Builder[model.Panel]):
    def __init__(self, made: model.Panel) -> None:
        self._made = made

    def build(self) -> model.Panel:
        return self._made


def lines(
    face: Face, *queries: PanelQuery, low: float | None = 0, limit: float | None = None
) -> Panel:
    """Lines over time; `limit` is a threshold that is drawn as a line of its own."""
    panel = _faced(timeseries.Panel(), face, queries)
    if low is not None:
        panel.axis_soft_min(low)
    panel.line_width(2).fill_opacity(0).show_points(kinds.VisibilityMode.NEVER)
    legend = common.VizLegendOptions().show_legend(True).placement(kinds.LegendPlacement.BOTTOM)
    if any("{{" in query.legend for query in queries):
        # Names that are not known beforehand get no dashes of their own: so they get shades, light
        # to dark, and each its latest figure beside its name.
        panel.color_scheme(FieldColor().mode(model.FieldColorModeId.SHADES).fixed_color(BLUE))
        legend.display_mode(kinds.LegendDisplayMode.TABLE).calcs(["lastNotNull"])
    else:
        legend.display_mode(kinds.LegendDisplayMode.LIST)
    panel.legend(legend)
    panel.tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI))
    if limit is not None:
        steps = [model.Threshold(None, BLUE), model.Threshold(limit, GREY)]
        panel.thresholds(ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps))
        mode = kinds.GraphThresholdsStyleMode.DASHED
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(mode))
    appearances = iter(APPEARANCES)
    for query in queries:
        if "{{" not in query.legend:  # the names of the others are not known beforehand
            panel.override_by_name(
                query.legend, _drawn(query, query.appearance or next(appearances))
            )
    return panel


def _drawn(query: PanelQuery, appearance: Appearance) -> list[model.DynamicConfigValue]:
    fill = {"fill": "dash", "dash": list(appearance.dash)} if appearance.dash else {"fill": "solid"}
    drawn: dict[str, object] = {
        "color": {"mode": "fixed", "fixedColor": appearance.colour},
        "custom.lineStyle": fill,
        "custom.lineWidth": appearance.width,
    }
    if query.points:
        drawn |= {"custom.drawStyle": "points", "custom.pointSize": 12}
        drawn |= {"custom.showPoints": "always"}
    if query.band:
        drawn |= {"custom.fillBelowTo": query.band, "custom.fillOpacity": 10}
    return [model.DynamicConfigValue(name, value) for name, value in drawn.items()]


def bars(face: Face, *queries: PanelQuery) -> Panel:
    """A bar for each series, its name and its figure beside it."""
    panel = _faced(bargauge.Panel(), face, queries, now=True)
    panel.orientation(kinds.VizOrientation.HORIZONTAL)
    panel.display_mode(kinds.BarGaugeDisplayMode.BASIC).color_scheme(_fixed(BLUE)).min(0)
    return panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))


def states(face: Face, *queries: PanelQuery) -> Panel:
    """A band over time for each series, with the word of its state in it."""
    panel = _faced(statetimeline.Panel(), face, queries)
    panel.show_value(kinds.VisibilityMode.AUTO).merge_values(True).fill_opacity(80)
    # The words bring their colours. By thresholds the legend would list numbers instead of them.
    return panel.color_scheme(_fixed(BLUE))


def rows(
    face: Face,
    *queries: PanelQuery,
    columns: Mapping[str, str],
    units: Mapping[str, str] | None = None,
    also: Mapping[str, Sequence[NamedRange]] | None = None,
    links: Mapping[str, tuple[str, str]] | None = None,
    hidden: Sequence[str] = (),
) -> Panel:
    """A table: the columns that are named, in that order; queries are merged by their labels.

    `units`, `also` (words for numbers) and `links` (title, address) are those of single columns, by
    their titles; `hidden` columns are there for addresses only. Columns of labels whose values are
    known say them in words.
    """
    panel = _faced(table.Panel(), face, queries, now=True)
    if len(queries) > 1:
        panel.with_transformation(model.DataTransformerConfig("merge", options={}))
    named: dict[str, object] = {
        "includeByName": dict.fromkeys(columns, True),
        "indexByName": {name: place for place, name in enumerate(columns)},
        "renameByName": dict(columns),
    }
    panel.with_transformation(model.DataTransformerConfig("organize", options=named))
    for title, unit in (units or {}).items():
        panel.override_by_name(title, [model.DynamicConfigValue("unit", unit)])
    for title, words in (also or {}).items():
        panel.override_by_name(title, [model.DynamicConfigValue("mappings", _mappings(words))])
    for title, (said, url) in (links or {}).items():
        led = [{"title": said, "url": url, "targetBlank": True}]
        panel.override_by_name(title, [model.DynamicConfigValue("links", led)])
    for title in hidden:
        panel.override_by_name(title, [model.DynamicConfigValue("custom.hidden", True)])
    for label, title in columns.items():
        if known := mapped(label):
            panel.override_by_name(title, [model.DynamicConfigValue("mappings", known)])
    return panel.color_scheme(_fixed(BLUE))
