"""Prometheus rules, made from the registry and from the kinds of alert.

Everything here is a pure function: `rule_files` gives the text of each file by its name, and
`watchroom rules` writes them to `deploy/prometheus/rules`. Alerts are judged in Watchroom itself;
Prometheus sends Alertmanager those that are open, and watches what Watchroom can't: that it is
there.
"""

from streams.outputs.rules.budget import budget_file
from streams.outputs.rules.kinds import alerts_file
from streams.outputs.rules.pipeline import PIPELINE, pipeline_file
from streams.outputs.rules.recording import recording_file
from streams.outputs.rules.text import DASHBOARDS, Links

__all__ = ["DASHBOARDS", "PIPELINE", "Links", "budget_file", "rule_files"]


def rule_files(links: Links) -> dict[str, str]:
    """The rules of every installation: file name to text."""
    return {
        "watchroom-alerts.yml": alerts_file(links),
        "watchroom-pipeline.yml": pipeline_file(links),
        "watchroom-recording.yml": recording_file(),
    }
