"""Publishing: what Grafana has is compared with what it should have, and only that is written.

So a push that is repeated changes nothing, and one that was interrupted is simply done again.
Dashboards are addressed by uid. Annotations carry a tag made from what they are of (`tags.key_tag`)
by which they are found again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from grafana.change_points import FORCE_FILE, ChangePoint
from grafana.client import DashboardChanged, Grafana, GrafanaError
from grafana.tags import CHANGE, FOLDER, TAG, force_tag, key_tag

ALSO_IN_GRAFANA = ("id", "version", "schemaVersion")
"""What Grafana adds to a dashboard or raises by itself: no difference."""


class Step(NamedTuple):
    """One thing that was made so, or was so already."""

    what: str
    name: str
    done: str


Report = Callable[[Step], None]


def publish_folder(grafana: Grafana, report: Report) -> None:
    """The folder; one that somebody renamed keeps its name."""
    uid, title = FOLDER
    if grafana.folder(uid) is not None:
        report(Step("folder", title, "unchanged"))
        return
    try:
        grafana.create_folder(uid, title)
    except GrafanaError:
        if grafana.folder(uid) is None:
            raise
        # Another push was quicker, which is as good.
    report(Step("folder", title, "created"))


def require_data_source(grafana: Grafana, uid: str) -> None:
    """Raise unless there is such a Prometheus."""
    found = grafana.data_source(uid)
    if found is None:
        raise GrafanaError(
            f'{grafana.url} has no data source with the uid "{uid}". '
            "The uid stands in the address of its page, under Connections > Data sources"
        )
    if found.get("type") != "prometheus":
        raise GrafanaError(f'the data source "{uid}" is no Prometheus but {found.get("type")}')


def with_data_source(dashboard: dict[str, Any], found: str) -> dict[str, Any]:
    """The dashboard with this data source chosen at first; the reader may choose another."""
    variables = [dict(each) for each in dashboard["templating"]["list"]]
    for each in variables:
        if each["type"] == "datasource":
            each["current"] = {"selected": True, "text": found, "value": found}
    return {**dashboard, "templating": {"list": variables}}


def publish_dashboard(grafana: Grafana, dashboard: dict[str, Any], report: Report) -> None:
    """One dashboard, saved over what is there where that differs."""
    uid, title = dashboard["uid"], dashboard["title"]
    there = grafana.dashboard(uid)
    if there is not None and there.get("meta", {}).get("provisioned"):
        # Grafana refuses to save over a file's dashboard, and would take the file's back anyhow.
        report(Step("dashboard", title, "left as it is: Grafana takes it from a file"))
        return
    if there is not None and _same(there, dashboard):
        report(Step("dashboard", title, "unchanged"))
        return
    version = there["dashboard"].get("version", 0) if there else 0
    body = {**dashboard, "id": None, "version": version}  # it is found by its uid
    try:
        grafana.save(body, FOLDER[0], "watchroom grafana push")
    except DashboardChanged as error:
        raise DashboardChanged(
            f'"{title}" was saved by somebody else just now. Run the push again to replace it; '
            f"their version stays in Grafana's history ({error})"
        ) from error
    report(Step("dashboard", title, "updated" if there else "created"))


def _same(there: dict[str, Any], dashboard: dict[str, Any]) -> bool:
    def bare(model: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in model.items() if key not in ALSO_IN_GRAFANA}

    in_folder = there.get("meta", {}).get("folderUid") == FOLDER[0]
    return in_folder and bare(there["dashboard"]) == bare(dashboard)


def publish_changes(
    grafana: Grafana, force: str, points: Sequence[ChangePoint], report: Report
) -> None:
    """The change points of a force: made, or written anew where they differ.

    What the force's file no longer lists is removed. What a monitor found stays, also when another
    monitor is asked that never saw it; and so does what has no key, which is somebody else's.
    """
    there, twice = _by_key(grafana.annotations(TAG, CHANGE, force_tag(force)))
    for point in points:
        tags = [TAG, CHANGE, force_tag(force), *point.tags, key_tag(point.key)]
        known = there.pop(key_tag(point.key), None)
        if known is None:
            grafana.annotate(point.start, point.end, tags, point.text)
            report(Step("annotation", point.text, "created"))
        elif not _stands(known, point, tags):
            grafana.change_annotation(int(known["id"]), point.start, point.end, tags, point.text)
            report(Step("annotation", point.text, "updated"))
        else:
            report(Step("annotation", point.text, "unchanged"))
    gone = [each for each in there.values() if FORCE_FILE in each["tags"]]
    for each in (*gone, *twice):
        grafana.remove_annotation(int(each["id"]))
        report(Step("annotation", str(each.get("text", "")), "removed"))


def _by_key(found: list[dict[str, Any]]) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """Annotations by their key tag, the oldest of each, and those that are there once more."""
    there: dict[str, dict[str, Any]] = {}
    twice: list[dict[str, Any]] = []
    for each in sorted(found, key=lambda each: int(each["id"])):
        key = next((tag for tag in each.get("tags") or () if tag.startswith("key:")), None)
        if key is not None and there.setdefault(key, each) is not each:
            twice.append(each)  # two pushes at once made it
    return there, twice


def _stands(known: dict[str, Any], point: ChangePoint, tags: Iterable[str]) -> bool:
    end = known.get("timeEnd") or known.get("time")
    return (
        (known.get("time"), end) == (point.start, point.end)
        and known.get("text") == point.text
        and set(known.get("tags", ())) == set(tags)
    )
