"""The files from which Grafana provisions itself, and what else points at the dashboards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from grafana.committed import GENERATED, dashboards

ROOT = Path(__file__).parents[3]
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"


def read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROVISIONING / name).read_text())
    return loaded


def test_the_data_source_is_one_that_the_dashboards_can_find() -> None:
    held = read("datasources/watchroom.yaml")
    assert held["apiVersion"] == 1
    (source,) = held["datasources"]
    assert (source["type"], source["access"], source["isDefault"]) == ("prometheus", "proxy", True)
    assert source["uid"]
    # Grafana makes $__rate_interval from it: four scrapes.
    scraped = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    (job,) = [job for job in scraped["scrape_configs"] if job["job_name"] == "watchroom"]
    every = job.get("scrape_interval", scraped["global"]["scrape_interval"])
    assert source["jsonData"]["timeInterval"] == every


def test_the_dashboards_are_looked_for_where_the_package_is_mounted() -> None:
    held = read("dashboards/watchroom.yaml")
    assert held["apiVersion"] == 1
    (provider,) = held["providers"]
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)
    assert (provider["folderUid"], provider["folder"]) == ("watchroom", "Watchroom")
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
    text = (ROOT / "docs" / "grafana.md").read_text()
    mounted = f"./{GENERATED.relative_to(ROOT)}:{provider['options']['path']}:ro"
    assert mounted in text
    assert "./deploy/grafana/provisioning:/etc/grafana/provisioning:ro" in text


def test_the_compose_file_mounts_both_where_they_are_looked_for() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    mounts = compose["services"]["grafana"]["volumes"]
    assert "./deploy/grafana/provisioning:/etc/grafana/provisioning:ro" in mounts
    assert "./grafana/generated:/var/lib/grafana/dashboards:ro" in mounts


def test_the_rules_of_prometheus_link_to_dashboards_that_are_there() -> None:
    known = {dashboard["uid"] for dashboard in dashboards()}
    texts = [path.read_text() for path in (ROOT / "deploy" / "prometheus").rglob("*.yml")]
    linked = {uid for text in texts for uid in re.findall(r"/d/([\w-]+)", text)}
    assert linked
    assert linked <= known
