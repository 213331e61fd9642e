"""The dashboards, one a file; each file's `dashboard` builds one."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.dashboards import alerts, calls, control_room, pipeline, response, volumes
from streams.registry.registry import Registry


def dashboards(registry: Registry) -> list[Dashboard]:
    """All of them, of the measures of a registry."""
    return [
        control_room.dashboard(registry),
        calls.dashboard(registry),
        response.dashboard(registry),
        volumes.dashboard(registry),
        alerts.dashboard(),
        pipeline.dashboard(),
    ]
