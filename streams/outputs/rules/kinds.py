"""One rule a kind of alert that Watchroom itself opens (`streams.alerts.rules`).

An open alert is a series, `watchroom_alert_open`, whose labels never change while it is open: so
one firing and one resolved notification follow it. Its words, which may change, are only in the
annotations. Two things would break that, and are seen to here:

* A worker that ends takes its series with it, until another has taken over (about 10 seconds). So a
  recording rule holds what was open when a force was last reported, until it is reported again.
* Two workers may report the same alert for a moment: `max` makes them one.
"""

from __future__ import annotations

from streams.alerts.rules import KINDS
from streams.alerts.rules.base import AlertKind
from streams.outputs.rules.text import DASHBOARDS, Links, PrometheusRule, template, written

LABELS = "force, kind, severity, area, measure, alert, origin"
HELD = "force_kind_severity_area_measure_alert_origin:watchroom_alert_open:held"
REPORTED = "watchroom_clock_timestamp_seconds"
"""There for every force that some worker reports, and gone with its alerts."""

LONGEST_HELD = "6h"
"""How long the alerts of a force that nobody reports are held."""

KEEP = "30s"
"""Kept firing so long after it is gone: above the 20 seconds that a take-over may last."""


def held_rule() -> PrometheusRule:
    """Holds the open alerts of a force while no worker reports it."""
    reported = f"max by (force) ({REPORTED})"
    return {
        "record": HELD,
        "expr": (
            f"max by ({LABELS}) (watchroom_alert_open)\n"
            f"or\n"
            # Itself, of the evaluation before: what was open when the force was last reported.
            f"({HELD} unless on (force) {reported}\n"
            f"  and on (force) max by (force) (last_over_time({REPORTED}[{LONGEST_HELD}])))\n"
        ),
    }


def _of_words(label: str, otherwise: str) -> str:
    """A label of the words of the alert: the present one, else the last one, else something."""
    series = "watchroom_alert_words{force=%q,alert=%q}"
    newest = f"topk(1, max_over_time(timestamp({series})[1h:15s]))"
    labels = "$labels.force $labels.alert"
    return (
        f'{{{{ with printf `{series}` {labels} | query }}}}{{{{ . | first | label "{label}" }}}}'
        f"{{{{ else }}}}"
        f'{{{{ with printf `{newest}` {labels} | query }}}}{{{{ . | first | label "{label}" }}}}'
        f"{{{{ else }}}}{otherwise}{{{{ end }}}}{{{{ end }}}}"
    )


NO_WORDS = (
    "{{ with $labels.origin }}{{ . | toUpper }}: {{ end }}{{ $labels.force }}: {{ $labels.kind }}, "
    "{{ $labels.measure }}, {{ $labels.area }}. Its words can't be had now; see the board."
)


def alert_rule(kind: AlertKind, links: Links) -> PrometheusRule:
    """The rule of one kind; raises ValueError where it names a dashboard that there is not."""
    if kind.dashboard not in DASHBOARDS:
        known = ", ".join(map(repr, DASHBOARDS))
        raise ValueError(f'{kind.name}: dashboard is "{kind.dashboard}", not one of {known}')
    query = "?var-force={{ $labels.force }}&var-area={{ $labels.area }}"
    return {
        "alert": kind.runbook,
        "expr": f'{HELD}{{kind="{kind.name}"}} > 0',
        "keep_firing_for": KEEP,
        "annotations": {
            "summary": _of_words("words", NO_WORDS),
            "wallboard_url": links.alert(),
            "since": _of_words("since", ""),
            "description": template(f"{kind.meaning} Force <force>, area <area>, <measure>."),
            "runbook_url": links.runbook(kind.runbook),
            "dashboard_url": links.dashboard(kind.dashboard, query),
        },
    }


def alerts_file(links: Links) -> str:
    """The text of the file."""
    rules = [held_rule(), *(alert_rule(kind, links) for kind in KINDS)]
    head = "Alerts that Watchroom opened and has not closed: one rule a kind.\n"
    head += "The labels of an alert stay the same while it is open; its words are an annotation."
    return written(head, [("watchroom-alerts", rules)])
