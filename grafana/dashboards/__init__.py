"""The dashboards, one a file; each file's `dashboard()` builds one."""

from __future__ import annotations

from collections.abc import Callable

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.dashboards import alerts, calls, control_room, pipeline, response, volumes

DASHBOARDS: tuple[Callable[[], Dashboard], ...] = (
    control_room.dashboard,
    calls.dashboard,
    response.dashboard,
    volumes.dashboard,
    alerts.dashboard,
    pipeline.dashboard,
)
