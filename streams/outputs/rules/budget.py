"""Error budgets: alerts on how fast a force uses up the misses that its target allows.

A target of 90 % in time allows 10 % misses: the budget. The *burn rate* is misses over budget, and
the most it can be, when every case is missed, is 1 / (1 - target): 10 at 90 %. The well-known rates
14.4 and 6 are for targets of 99 % and above, and 14.4 can never be reached at 90 %; a rule with it
would look like a guard and be none. So the tiers are derived from the target:

* fast: 14.4, or half of the most where that is less: half of all cases missed for an hour.
* slow: 1, the rate that just uses up the budget.
* steady: between them, where 6 stands between 14.4 and 1 on a scale of ratios.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from streams.errors import ConfigError
from streams.outputs.rules.recording import RatioSeries, ratio_named
from streams.outputs.rules.text import Links, PrometheusRule, template, written
from streams.registry.aggregates import SMALL

PERIOD_HOURS = 30 * 24
KNOWN_FAST, KNOWN_STEADY = 14.4, 6.0
STEADY = math.log(KNOWN_STEADY) / math.log(KNOWN_FAST)
LEAST_CASES = SMALL
"""In the long window: one missed call of two is no emergency."""

LEAST_TARGET, MOST_TARGET = 0.6, 0.9999
"""Below 60 % the fast tier (half missed) would lie within a fifth of what is allowed anyway."""


@dataclass(frozen=True, slots=True)
class Tier:
    """One speed of burning: alert when both windows burn at `burn` or faster."""

    name: str
    severity: str
    long: str
    short: str
    hours: int
    burn: float
    target: float

    @property
    def missed(self) -> float:
        """The share of misses at this rate."""
        return self.burn * (1 - self.target)

    @property
    def spent(self) -> float:
        """The share of the budget of 30 days that the long window has used at this rate."""
        return self.burn * self.hours / PERIOD_HOURS


def most_burn(target: float) -> float:
    """The burn rate when every case is missed."""
    return 1 / (1 - target)


def tiers(target: float) -> tuple[Tier, Tier, Tier]:
    """The tiers of a target, fastest first; raises `ConfigError`."""
    if not LEAST_TARGET <= target <= MOST_TARGET:
        raise ConfigError(
            f"a target of {target:g} has no error budget: give a share from "
            f"{LEAST_TARGET:g} to {MOST_TARGET:g}, such as 0.9"
        )
    fast = min(KNOWN_FAST, most_burn(target) / 2)
    return (
        Tier("fast", "page", "1h", "15m", 1, fast, target),
        Tier("steady", "notice", "6h", "30m", 6, fast**STEADY, target),
        Tier("slow", "state", "3d", "6h", 72, 1.0, target),
    )


def _part(series: RatioSeries, part: str, window: str) -> str:
    name = series.recorded(part, "force")
    if window != "3d":
        return f'{name}{{window="{window}"}}'
    # The board has no window of three days: 72 hours, each counted once.
    return f'sum_over_time({name}{{window="1h"}}[3d:1h])'


def _misses(series: RatioSeries, window: str) -> str:
    top, bottom = _part(series, "numerator", window), _part(series, "denominator", window)
    return f"1 - sum without (window) ({top}) / sum without (window) ({bottom} > 0)"


def budget_rule(series: RatioSeries, tier: Tier, chosen: str, links: Links) -> PrometheusRule:
    """The rule of one tier; `chosen` picks the series, such as `line="999"`."""
    limit = f"{tier.missed:.4g}"
    cases = _part(series, "denominator", tier.long)
    expr = (
        f"(({_misses(series, tier.long)}) >= {limit})\n"
        f"and (({_misses(series, tier.short)}) >= {limit})\n"
        f"and (sum without (window) ({cases}) >= {LEAST_CASES})\n"
    )
    if chosen:
        expr = expr.replace('{window="', f'{{{chosen},window="')
    row = "".join(f" <{name}>" for name in series.dimensions)
    return {
        "alert": "WatchroomErrorBudget",
        "expr": expr,
        "keep_firing_for": "1m",
        "labels": {
            "severity": tier.severity,
            "kind": "error_budget",
            "measure": series.name.removeprefix("watchroom_").replace("_", ".", 1),
            "tier": tier.name,
        },
        "annotations": {
            "summary": template(f"<force>{row}: {{{{ $value | humanizePercentage }}}} missed ")
            + f"in {tier.long}, allowed {1 - tier.target:.0%} ({series.title}).",
            "wallboard_url": links.board(),
            "description": (
                f"At this rate (burn {tier.burn:.3g} or more of at most "
                f"{most_burn(tier.target):.3g}) {tier.long} use up {tier.spent:.1%} or more of the "
                "misses that the target allows in 30 days."
            ),
            "runbook_url": links.runbook("WatchroomErrorBudget"),
            "dashboard_url": links.dashboard(series.dashboard, "?var-force={{ $labels.force }}"),
        },
    }


def budget_file(target: float, measure: str, chosen: str, links: Links) -> str:
    """The text of an optional rule file; raises `ConfigError`."""
    try:
        series = ratio_named(measure)
    except KeyError:
        raise ConfigError(
            f'"{measure}" is no ratio of the registry: write calls.service_level'
        ) from None
    found = tiers(target)
    rules = [budget_rule(series, tier, chosen, links) for tier in found]
    head = [f"Error budget of {measure} at a target of {target:.4g}; total failure burns at"]
    head[0] += f" {most_burn(target):.3g}."
    head += [
        f"{tier.name}: burn {tier.burn:.3g}, {tier.missed:.1%} missed over {tier.long} and "
        f"{tier.short}, {tier.spent:.1%} of 30 days' budget."
        for tier in found
    ]
    return written("\n".join(head), [(f"watchroom-error-budget-{measure}", rules)])
