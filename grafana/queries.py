"""PromQL over the metrics of `streams.outputs.prometheus`, with the dashboards' variables in it.

Every selector names the job and the instance that the reader chose, as the dashboard linter asks.
A force is on one worker at a time; while it is handed over two may show it for a moment, so the
figures are taken over instances (`latest`), never added up.
"""

from __future__ import annotations

from streams.outputs.prometheus import metric_name
from streams.registry.measures import Gauge, Group, Measure

SCRAPED = ('job=~"$job"', 'instance=~"$instance"')
FORCE = 'force="$force"'
PLACE = (FORCE, 'area="$area"')


def pick(metric: str, *matchers: str) -> str:
    """The series of a metric that the reader chose."""
    return f"{metric}{{{', '.join((*matchers, *SCRAPED))}}}"


def latest(metric: str, *matchers: str) -> str:
    """The same over all instances: what a figure is."""
    return f"max without (job, instance) ({pick(metric, *matchers)})"


def counted(metric: str, *matchers: str) -> str:
    """How many series there are: 0 when there are none and a monitor answers, else nothing."""
    series = f"count({latest(metric, *matchers)})"
    return f"{series} or 0 * {answering()}"


def answering() -> str:
    """Something that has a value as soon as any monitor answers."""
    return f"max({pick('watchroom_ready')})"


def is_gauge(measure: Measure) -> bool:
    """Whether a measure is true at one moment, and so has no window."""
    return isinstance(measure.value, Gauge)


def figure(
    group: Group, measure: Measure, *matchers: str, window: str = "$window", part: str = ""
) -> str:
    """A measure of the registry, or the `numerator` or `denominator` of a ratio."""
    name = metric_name(group, measure)
    if part:
        name = f"{name.removesuffix('_ratio')}_{part}"
    timed = () if is_gauge(measure) else (f'window="{window}"',)
    return latest(name, *matchers, *timed)
