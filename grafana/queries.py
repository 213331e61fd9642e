"""PromQL over the metrics of `streams.outputs.metrics`, with the dashboards' variables in it.

Every selector names the job and the instance that the reader chose, as the dashboard linter asks.
A force is on one worker at a time; while it is handed over two may show it for a moment, so the
figures are taken over instances (`latest`), never added up.
"""

from __future__ import annotations

from collections.abc import Callable

from streams.outputs.metrics.prometheus import metric_name
from streams.registry.measures import Gauge, Group, Measure

UNKNOWN = "0 / 0"
"""NaN: what a stat shows as a word where there is nothing now, in place of the last there was."""
SCRAPED = ('job=~"$job"', 'instance=~"$instance"')
FORCE = 'force="$force"'
PLACE = (FORCE, 'area="$area"')


def pick(metric: str, *matchers: str) -> str:
    """The series of a metric that the reader chose."""
    return f"{metric}{{{', '.join((*matchers, *SCRAPED))}}}"


def latest(metric: str, *matchers: str) -> str:
    """The same over all instances: what a figure is."""
    return f"max without (job, instance) ({pick(metric, *matchers)})"


def drawn(metric: str, *matchers: str) -> str:
    """The same as a line over time. A step that is longer than Prometheus looks back has the last
    value in it: that of a month stands alone in its last second, as `watchroom backfill` writes
    it."""
    series = pick(metric, *matchers)
    return f"max without (job, instance) ({series} or last_over_time({series}[$__interval]))"


def unbroken(expr: str) -> str:
    """A single series, which is `UNKNOWN` at every step at which it has no value. A range ends with
    the last value that there was, so that one that has gone would be taken for that of now."""
    return f"max({expr}) or vector({UNKNOWN})"


def unbroken_by(label: str, expr: str, known: str) -> str:
    """The same of a series for each value of a label, of which `known` is a metric that has all of
    them: which there are is looked up once, and not at every step."""
    values = f"max by ({label}) (last_over_time({known}[$__range] @ end()))"
    return f"max by ({label}) ({expr}) or {UNKNOWN} * {values}"


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
    group: Group,
    measure: Measure,
    *matchers: str,
    window: str = "$window",
    part: str = "",
    series: Callable[..., str] = latest,
) -> str:
    """A measure of the registry, or the `numerator` or `denominator` of a ratio; as it is, or by
    `series` as a line over time."""
    name = metric_name(group, measure)
    if part:
        name = f"{name.removesuffix('_ratio')}_{part}"
    timed = () if is_gauge(measure) else (f'window="{window}"',)
    return series(name, *matchers, *timed)
