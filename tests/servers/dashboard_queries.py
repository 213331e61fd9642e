"""Runs what a dashboard asks as Grafana would: variables first, each within those before it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from tests.servers.prometheus import Prometheus

Chosen = dict[str, str]
BUILT_IN = {"__rate_interval": "30s", "__range": "40s", "__interval": "3s"}
"""Four scrapes and more, of three seconds each; the whole of what is asked for; and a step."""
SPAN, STEP = 40, 3
UNKNOWN = "NaN"
"""What a stat has where there is nothing now: no answer."""


def filled(text: str, chosen: Chosen) -> str:
    """The text with every variable in it replaced."""
    values = {**BUILT_IN, **chosen}
    return re.sub(r"\$\{?(\w+)\}?", lambda found: values[found[1]], text)


def options(server: Prometheus, variable: dict[str, Any], chosen: Chosen) -> list[str]:
    """The values that Grafana would offer, the one that it starts with first."""
    if variable["type"] == "constant":
        return [variable["query"]]
    if variable["type"] == "custom":
        listed = re.split(r"(?<!\\),", variable["query"])
        found = [each.rpartition(" : ")[2] for each in listed]
    else:
        asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
        assert asked is not None
        match, label = filled(asked[1], chosen), asked[2]
        found = server.get(f"/api/v1/label/{label}/values", **{"match[]": match})
    first = variable.get("current", {}).get("value", "")
    if isinstance(first, list) and first != ["$__all"]:
        (first,) = first  # a panel for each that is chosen
    if first == ["$__all"]:
        return [variable["allValue"], *found]
    return sorted(found, key=lambda value: value != first)


def choices(
    server: Prometheus, variables: list[dict[str, Any]], chosen: Chosen | None = None
) -> Iterator[Chosen]:
    """Every choice that a reader can make, in the order of the options."""
    chosen = chosen or {}
    if not variables:
        yield chosen
        return
    first, *rest = variables
    if first["type"] == "datasource":
        yield from choices(server, rest, chosen)
        return
    for value in options(server, first, chosen):
        yield from choices(server, rest, {**chosen, first["name"]: value})


def answers(server: Prometheus, target: dict[str, Any], chosen: Chosen) -> list[dict[str, Any]]:
    """The series that a query returns, now or over the last seconds, as the panel asks."""
    query = filled(target["expr"], chosen)
    if target["instant"]:
        return server.query(query)
    end = time.time()
    span = {"start": str(end - SPAN), "end": str(end), "step": str(STEP)}
    found: list[dict[str, Any]] = server.get("/api/v1/query_range", query=query, **span)["result"]
    return [each for each in found if any(value != UNKNOWN for _, value in each["values"])]
