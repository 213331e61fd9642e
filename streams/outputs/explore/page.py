"""The pages of Explore, as HTML that is whole without a script."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from streams.alerts.model import Alert
from streams.board.answers import MeasureShown
from streams.board.query import Query
from streams.charts.layout import layout
from streams.charts.model import Chart
from streams.charts.svg import svg
from streams.charts.words import EACH, period_name, sentence
from streams.charts.words import table as table_of
from streams.config.force import WHOLE, Force
from streams.live import Live
from streams.outputs.explore.asked import Asked, with_query
from streams.outputs.explore.figures import Explored
from streams.outputs.sign_in.without_names import nameless_words
from streams.outputs.web.markup import Child, Markup, table, tag
from streams.periods import GRAINS, Grain
from streams.registry.phrases import instant

WIDE, PHONE, PAPER = (1120, 440), (360, 440), (760, 400)
"""Sizes of the chart; the page shows the one that fits it."""
MOST_LISTED = 60
"""Measures that are listed at once."""
FINER: dict[Grain, Grain] = {
    "financial_year": "month",
    "quarter": "month",
    "month": "day",
    "day": "hour",
}
"""By which grain a period of another is looked into."""
GRAIN_NAMES: dict[Grain, str] = {
    "hour": "Hours",
    "day": "Days",
    "month": "Months",
    "quarter": "Quarters",
    "financial_year": "Years",
}


class Frame(NamedTuple):
    """What stands around a page: where its files are, how the figures of its force came about where
    that is not now and here, what stands at its foot, and the time zone of the force."""

    assets: str
    mode: str = ""
    warning: str = ""
    timezone: str = ""

    def of_force(self, live: Live, force: str) -> Frame:
        """The same around a page of a force."""
        return self._replace(mode=live.mode(force), timezone=live.monitor.forces[force].zone.key)


def page(frame: Frame, asked: Asked, title: str, *parts: Child) -> str:
    """A whole page."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="dark light"),
        tag("title", f"{title} – Watchroom"),
        tag("link", rel="icon", href=f"{frame.assets}/icon.svg", type="image/svg+xml"),
        tag("link", rel="stylesheet", href=f"{frame.assets}/wallboard.css"),
        tag("link", rel="stylesheet", href=f"{frame.assets}/chart.css"),
        tag("script", type="module", src=f"{frame.assets}/explore_page.js"),
    )
    wallboard = asked._replace(measure="", grain=None, first="", last="", at="")
    strip = tag(
        "header",
        tag("a", "← Wallboard", href=wallboard.address("/")),
        tag("p", frame.mode, class_="mode") if frame.mode else None,
        class_="strip",
    )
    foot = tag("footer", frame.warning, class_="open") if frame.warning else None
    body = tag("body", strip, tag("main", *parts, id="main"), foot, class_="below explore")
    whole = tag(
        "html",
        head,
        body,
        lang="en-GB",
        data_theme=asked.theme or None,
        data_timezone=frame.timezone or None,
    )
    return f"<!doctype html>\n{whole}\n"


# -- one figure ------------------------------------------------------------------------------------


def figure_page(frame: Frame, shown: Explored, every: Sequence[MeasureShown]) -> str:
    """A figure over its periods."""
    chart, asked, query = shown.chart, shown.asked, shown.query
    unit = EACH[chart.period]
    parts: list[Child] = [
        tag("h1", chart.title),
        tag("p", _sentence(chart), class_="lead sentence"),
        _form(query.force, asked, _searched(shown), every),
        _grains(shown),
        _drawing(shown),
        tag("p", _links(shown), class_="links"),
        _findings(shown),
        _beside(shown),
        _alerts(shown),
        tag("h2", f"The figures {unit}"),
        _figures(shown),
        _about(shown),
    ]
    return page(frame, asked, f"{chart.title}, {unit}", *parts)


def _sentence(chart: Chart) -> str:
    """What the chart shows, below its title."""
    said = sentence(chart).removeprefix(f"{chart.title}, ")
    return said[:1].upper() + said[1:]


def _form(force: Force, asked: Asked, title: str, every: Iterable[MeasureShown]) -> Markup:
    options = (tag("option", value=each.title) for each in every)
    grains = [
        tag("option", GRAIN_NAMES[each].lower(), value=each, selected=each == asked.grain)
        for each in reversed(GRAINS)
    ]
    if asked.grain is None:
        grains = [tag("option", "as it fits", value=""), *grains]
    hidden = [("force", asked.force), ("at", asked.at), ("theme", asked.theme)]
    return tag(
        "form",
        (tag("input", type="hidden", name=name, value=value) for name, value in hidden if value),
        _field(
            "Measure, or words of it",
            tag("input", type="search", name="measure", value=title, list="measures"),
            class_="measure",
        ),
        tag("datalist", options, id="measures"),
        _field("Area", tag("select", _areas(force, asked.area), name="area")),
        _field("By", tag("select", grains, name="grain")),
        _field("From", tag("input", name="from", value=asked.first, placeholder="2021-04")),
        _field("To", tag("input", name="to", value=asked.last, placeholder="now")),
        tag("button", "Show", type="submit", class_="main"),
        action="/explore",
        method="get",
        class_="choose",
    )


def _searched(shown: Explored) -> str:
    """The measure as it is written to be found again: its title, or the address that has none."""
    indicator = shown.indicator
    return indicator.title if indicator.name in shown.query.indicators() else indicator.name


def _field(words: str, control: Markup, class_: str | None = None) -> Markup:
    return tag("label", words, control, class_=class_)


def _areas(force: Force, chosen: str) -> Iterator[Markup]:
    yield tag("option", force.name, value=WHOLE, selected=chosen == WHOLE)
    kinds: dict[str, list[Markup]] = {}
    for area in force.areas:
        if area is not None:
            option = tag("option", area.name, value=area.id, selected=chosen == area.id)
            kinds.setdefault(area.kind, []).append(option)
    for kind, options in kinds.items():
        yield tag("optgroup", options, label=kind.replace("_", " ").capitalize())


def _grains(shown: Explored) -> Markup:
    """The same by shorter and longer periods, up to the same end."""
    asked = shown.asked

    def link(grain: Grain) -> Markup:
        # Of years there are too many hours: a finer grain begins where it usually does.
        coarser = GRAINS.index(grain) >= GRAINS.index(shown.grain)
        other = asked._replace(grain=grain, first=asked.first if coarser else "")
        current = "page" if grain == shown.grain else None
        return tag("a", GRAIN_NAMES[grain], href=other.address(), aria_current=current)

    items = (tag("li", link(grain)) for grain in GRAINS)
    return tag("nav", tag("ul", items), aria_label="Periods", class_="grains")


def _drawing(shown: Explored) -> Markup:
    chart = shown.chart
    drawn = (
        ("wide", layout(chart, *WIDE, titled=False)),
        ("phone", layout(chart, *PHONE, titled=False)),
        ("paper", layout(chart, *PAPER, "print", titled=False)),
    )
    sizes = (tag("div", Markup(svg(made, name)), class_=f"only-{name}") for name, made in drawn)
    return tag("figure", sizes, tag("p", id="read", class_="read"), class_="drawing")


def _links(shown: Explored) -> Iterator[Child]:
    asked = shown.asked
    csv = {
        "force": asked.force,
        "indicator": asked.measure,
        "area": asked.area,
        "grain": shown.grain,
        "period": shown.within.label,
        "at": asked.at,
        "format": "csv",
        "limit": "1000",
    }
    yield tag("a", "CSV", href=with_query("/api/series", csv), download="figures.csv")
    yield tag("a", "SVG", href=asked.address("/chart.svg"), download="chart.svg")
    yield tag("a", "Link to this page", href=_fixed(shown).address())


def _fixed(shown: Explored) -> Asked:
    """The same with its periods written out, for a link that stays what it is."""
    points = shown.chart.points
    if not points:
        return shown.asked
    return shown.asked._replace(first=points[0].label, last=points[-1].label)


def _findings(shown: Explored) -> Child:
    chart = shown.chart
    said = [tag("p", each) for each in chart.findings if not each.startswith(chart.title)]
    rule = tag("p", chart.rule, class_="rule") if chart.rule else None
    return [*said, rule]


def _beside(shown: Explored) -> Child:
    found, point = shown.beside(), shown.latest
    if not found or point is None:
        return None
    name = period_name(shown.grain, point)
    return [
        tag("h2", f"{name} compared"),
        table(f"{name} compared", ("Beside", "Figure and change"), found),
    ]


def _alerts(shown: Explored) -> Child:
    """The alerts of the time, newest first."""
    points = shown.chart.points
    if not points:
        return None
    listed = [
        each
        for each in shown.alerts
        if points[0].start <= (each.onset or each.opened_at) < points[-1].end
    ]
    if not listed:
        return None
    zone = shown.query.force.zone
    return [
        tag("h2", "Alerts of this time"),
        tag("ul", (_alert(each, zone) for each in listed), class_="list"),
    ]


def _alert(alert: Alert, zone: dt.tzinfo) -> Markup:
    link = with_query("/alert", {"force": alert.force, "id": alert.id})
    said = " ".join(alert.said) if alert.said else nameless_words(alert)
    when = instant(alert.opened_at.isoformat(), zone)
    state = "open" if alert.open else "resolved"
    return tag(
        "li",
        tag("a", said, href=link),
        tag("p", f"{when}, {state}", class_="lead"),
    )


def _figures(shown: Explored) -> Markup:
    """The points as a table; each leads to its finer periods."""
    chart = shown.chart
    headings, rows = table_of(chart)
    finer = FINER.get(shown.grain)
    made: list[list[Child]] = []
    for (name, *others), point in zip(rows, reversed(chart.points), strict=True):
        first: Child = name
        if finer is not None:
            into = shown.asked._replace(grain=finer, first=point.label, last=point.label)
            first = tag("a", name, href=into.address())
        made.append([first, *others])
    return table(f"{chart.title}, {EACH[chart.period]}", headings, made)


def _about(shown: Explored) -> Markup:
    indicator, query = shown.indicator, shown.query
    said = [f"{indicator.title}: {shown.definition.rstrip('.')}."]
    if indicator.source:
        said.append(f"Defined as in {indicator.source.rstrip('.')}.")
    zone = query.force.zone
    said.append(
        f"{query.force.name}, as of {instant(query.calendar.local(query.at).isoformat(), zone)}. "
        "Missing is never zero: what is not known has no figure."
    )
    return tag("p", " ".join(said), tag("span", f" Name: {indicator.name}."), class_="about")


# -- what can be explored --------------------------------------------------------------------------


def choice_page(
    frame: Frame,
    query: Query,
    asked: Asked,
    every: Sequence[MeasureShown],
    found: Sequence[MeasureShown],
) -> str:
    """What can be explored, or that of it which some words name."""
    name = query.force.name
    listed = found[:MOST_LISTED]
    many = f"{len(found):,} {'measure' if len(found) == 1 else 'measures'}"
    if not asked.measure:
        lead = f"Any of {many}, for any area, from hours to years."
    elif found:
        lead = f"{many} with the words “{asked.measure}”."
    else:
        lead = f"No measure has all of the words “{asked.measure}”. Try fewer of them."
    more = len(found) - len(listed)
    items = (
        tag(
            "li",
            tag("a", each.title, href=asked._replace(measure=each.name).address()),
            tag("p", each.definition or each.name, class_="lead"),
        )
        for each in listed
    )
    return page(
        frame,
        asked,
        f"Explore, {name}",
        tag("h1", f"Explore, {name}"),
        tag("p", lead, class_="lead"),
        _form(query.force, asked, asked.measure, every),
        tag("ul", items, class_="list"),
        tag("p", f"And {more:,} more: write words of what you look for.") if more > 0 else None,
    )


def force_page(frame: Frame, asked: Asked, forces: Mapping[str, str]) -> str:
    """Which force."""
    items = (
        tag("li", tag("a", name, href=asked._replace(force=force).address()))
        for force, name in forces.items()
    )
    return page(
        frame, asked, "Explore", tag("h1", "Explore"), tag("p", "Which force?", class_="lead"),
        tag("ul", items, class_="list"),
    )  # fmt: skip


def refused_page(frame: Frame, asked: Asked, why: str) -> str:
    """What can't be shown, why, and a way on."""
    start = Asked(force=asked.force, theme=asked.theme)
    same = asked._replace(first="", last="", grain=None)
    return page(
        frame,
        asked,
        "This can't be shown",
        tag("h1", "This can't be shown"),
        tag("p", f"{why[:1].upper()}{why[1:].rstrip('.')}.", class_="lead"),
        tag(
            "ul",
            tag("li", tag("a", "The same measure with its usual periods", href=same.address()))
            if asked.measure
            else None,
            tag("li", tag("a", "All that can be explored", href=start.address())),
            class_="list",
        ),
    )
