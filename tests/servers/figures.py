"""The figures of a board as they should be in Prometheus, made from the board alone."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterable
from typing import Any

from streams.registry.measures import Gauge, Group, Measure
from streams.registry.registry import REGISTRY
from tests.servers.prometheus import Prometheus

SUFFIXES = {"count": "", "ratio": "_ratio", "seconds": "_seconds"}
ENDLESS = {"category", "grade", "offence"}
Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]

CONFIG = """
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: watchroom
    static_configs: [{ targets: ["ADDRESS"] }]
"""


def scraping(url: str) -> str:
    """The configuration of a Prometheus that scrapes this address every second."""
    return CONFIG.replace("ADDRESS", url.removeprefix("http://"))


def get(url: str) -> bytes:
    """The body of an answer."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        body: bytes = answer.read()
        return body


def named(name: str) -> Group:
    """A group by its name."""
    return next(group for group in REGISTRY.groups if group.name == name)


def on_the_board(board: dict[str, Any], name: str) -> Figures:
    """Every figure of a group that is to be exported, by metric name and labels."""
    group = named(name)
    found: Figures = {}
    tables = [(window, table.get(name, [])) for window, table in board["windows"].items()]
    for window, rows in [*tables, (None, board["now"].get(name, []))]:
        for row in rows:
            narrow = any(row[each] != "all" for each in ENDLESS & set(group.dimensions))
            if (
                window is not None
                and (narrow or group.wide)
                and (
                    window not in {"1h", "today", "month"}
                    or not any(map(counts, measured(group, row)))
                )
            ):
                continue
            labels = {"force": board["force"]["id"], "area": row["area"]}
            labels |= {each: row[each] for each in group.dimensions}
            labels |= {} if window is None else {"window": window}
            for measure in group.measures:
                if isinstance(measure.value, Gauge) != (window is None):
                    continue
                value = row[measure.name]
                value = value["value"] if isinstance(value, dict) else value
                if value is not None:
                    found[exported_as(group, measure), frozenset(labels.items())] = value
    return found


def measured(group: Group, row: dict[str, Any]) -> list[Any]:
    """The figures over time of a row."""
    return [row[each.name] for each in group.measures if not isinstance(each.value, Gauge)]


def counts(value: Any) -> bool:
    """Whether a figure is of anything."""
    return bool(value["denominator"] if isinstance(value, dict) else value)


def of_groups(groups: Iterable[Group], *labels: str) -> str:
    """A query for all figures of some groups; not the parts of their ratios, nor their targets."""
    names = "|".join(exported_as(group, each) for group in groups for each in group.measures)
    selected = ",".join([f'__name__=~"{names}"', *labels])
    return f"{{{selected}}}"


def exported_as(group: Group, measure: Measure) -> str:
    """The name of the metric of a measure."""
    stem = f"watchroom_{group.name}" + ("" if measure.name == "count" else f"_{measure.name}")
    return stem + SUFFIXES[measure.unit]


def in_prometheus(server: Prometheus, promql: str) -> Figures:
    """What a query returns, by metric name and labels."""
    found: Figures = {}
    for series in server.query(promql):
        labels = dict(series["metric"])
        name = labels.pop("__name__")
        del labels["job"], labels["instance"]
        found[name, frozenset(labels.items())] = float(series["value"][1])
    return found
