"""Recording rules: every ratio of the registry, its sums kept apart.

Names are `level:metric:operations`; the level is the labels that are left. A ratio is never
averaged: the parts are added up over workers, forces or time, and only then divided.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.outputs.metrics.exported import own_parts
from streams.outputs.metrics.prometheus import metric_name
from streams.outputs.rules.text import PrometheusRule, written
from streams.registry.aggregates import Count, Share
from streams.registry.measures import Group, Measure
from streams.registry.registry import REGISTRY, Registry


@dataclass(frozen=True, slots=True)
class RatioSeries:
    """A ratio of the registry and the metrics of its parts."""

    name: str
    """Of the ratio, without its unit: `watchroom_calls_service_level`."""
    numerator: str
    denominator: str
    dimensions: tuple[str, ...]
    title: str
    dashboard: str
    """Which dashboard shows it."""

    def level(self, *first: str) -> str:
        """`force_line_window`."""
        return "_".join([*first, *self.dimensions, "window"])

    def recorded(self, part: str, *first: str) -> str:
        """The name under which `numerator`, `denominator` or `ratio` is recorded."""
        if part == "ratio":
            return f"{self.level(*first)}:{self.name}:ratio"
        operation = "max" if first else "sum"
        return f"{self.level(*first)}:{self._parts()[part]}:{operation}"

    def _parts(self) -> dict[str, str]:
        return {"numerator": self.numerator, "denominator": self.denominator}

    def rules(self) -> list[PrometheusRule]:
        """The parts by force, once however many workers report it; then all forces together."""
        by = ", ".join(["force", *self.dimensions, "window"])
        made = [
            {
                "record": self.recorded(part, "force"),
                "expr": f'max by ({by}) ({metric}{{area="force"}})',
            }
            for part, metric in self._parts().items()
        ]
        made.append(self._divided("force"))
        made += [
            {
                "record": self.recorded(part),
                "expr": f"sum without (force) ({self.recorded(part, 'force')})",
            }
            for part in self._parts()
        ]
        return [*made, self._divided()]

    def _divided(self, *first: str) -> PrometheusRule:
        top, bottom = self.recorded("numerator", *first), self.recorded("denominator", *first)
        # Nothing, rather than "not a number", of no cases.
        return {"record": self.recorded("ratio", *first), "expr": f"{top} / ({bottom} > 0)"}


def ratios(registry: Registry = REGISTRY) -> list[RatioSeries]:
    """Every ratio of a registry."""
    return [
        _series(group, measure)
        for group in registry.groups
        for measure in group.measures
        if measure.unit == "ratio"
    ]


def ratio_named(name: str) -> RatioSeries:
    """A ratio by `group.measure`; KeyError where the registry has none of that name."""
    found = {
        f"{group.name}.{measure.name}": _series(group, measure)
        for group in REGISTRY.groups
        for measure in group.measures
        if measure.unit == "ratio"
    }
    return found[name]


def _series(group: Group, measure: Measure) -> RatioSeries:
    name = metric_name(group, measure).removesuffix("_ratio")
    own = own_parts(group, measure)
    summed: dict[str, tuple[str, ...]] = {}
    counted: dict[tuple[str, ...], Measure] = {}
    if isinstance(measure.value, Share):
        summed = {"numerator": measure.value.top, "denominator": measure.value.bottom}
    for each in group.measures:
        if isinstance(each.value, Count):
            counted[each.value.counter,] = each
    parts = {
        part: f"{name}_{part}" if part in own else metric_name(group, counted[summed[part]])
        for part in ("numerator", "denominator")
    }
    return RatioSeries(
        name,
        parts["numerator"],
        parts["denominator"],
        group.dimensions,
        measure.title,
        group.dashboard,
    )


def recording_file(registry: Registry = REGISTRY) -> str:
    """The text of the file."""
    rules: list[PrometheusRule] = []
    for series in ratios(registry):
        known = {rule["record"] for rule in rules}  # two ratios may share a part
        rules += [rule for rule in series.rules() if rule["record"] not in known]
    head = "Every ratio by force and of all forces, its numerator and denominator apart."
    return written(head, [("watchroom-recording", rules)])
