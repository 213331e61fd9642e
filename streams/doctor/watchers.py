"""Whether Prometheus and Alertmanager answer, have the rules, and scrape the workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streams.doctor.asking import HttpAnswer, ask
from streams.doctor.finding import Examined, Finding, NotKnown, examined
from streams.doctor.setup import Setup
from streams.doctor.versions import numbers

CHECK = "Prometheus and Alertmanager"
LEAST_PROMETHEUS, LEAST_ALERTMANAGER = (2, 42), (0, 25)
"""The oldest that the rules and templates are tried with (docs/alerting.md)."""
GROUP = "watchroom-pipeline"
"""One of the groups of rules that are delivered."""


def check(setup: Setup) -> Examined:
    """Asks both, where they are named."""
    if not (setup.prometheus or setup.alertmanager):
        raise NotKnown("name them: --prometheus URL --alertmanager URL")
    found: list[Finding] = []
    said = []
    if url := setup.prometheus:
        built = ask(url, "/api/v1/status/buildinfo")
        version = _at(built.json(), "data", "version")
        said.append(f"Prometheus {version or 'does not answer'}")
        rules, targets = ask(url, "/api/v1/rules"), ask(url, "/api/v1/targets?state=active")
        found += [
            *of_server("Prometheus", url, built, version, LEAST_PROMETHEUS),
            *(of_prometheus(url, rules.json(), targets.json()) if version else ()),
        ]
    if url := setup.alertmanager:
        status = ask(url, "/api/v2/status")
        version = _at(status.json(), "versionInfo", "version")
        said.append(f"Alertmanager {version or 'does not answer'}")
        found += of_server("Alertmanager", url, status, version, LEAST_ALERTMANAGER)
    return examined(CHECK, ", ".join(said), found)


def _at(said: Any, *path: str) -> Any:
    for name in path:
        said = said.get(name) if isinstance(said, dict) else None
    return said or ""


def of_server(
    name: str, url: str, answer: HttpAnswer, version: str, least: tuple[int, ...]
) -> Iterator[Finding]:
    """One that does not answer, or is too old."""
    if not version:
        why = answer.error or f"answers {answer.status}"
        cure = f"Start it, or name its address: --{name.lower()} http://HOST:PORT"
        yield Finding(subject=url, problem=f"{name} can't be asked: {why}", cure=cure)
    elif numbers(version) < least:
        wanted = ".".join(map(str, least))
        problem = f"{name} is of version {version}, and the rules need {wanted}"
        yield Finding(subject=url, problem=problem, cure=f"Upgrade it to {wanted} or newer")


def of_prometheus(url: str, rules: Any, targets: Any) -> Iterator[Finding]:
    """Rules that are not there, and workers that are not scraped."""
    groups = {_at(each, "name") for each in _at(rules, "data", "groups") or ()}
    if GROUP not in groups:
        yield Finding(
            subject=url,
            problem="Prometheus has none of Watchroom's rules: nobody hears that a worker is down",
            cure="watchroom rules write, and name the files under rule_files in prometheus.yml",
        )
    active = _at(targets, "data", "activeTargets") or ()
    of_job = [each for each in active if _at(each, "labels", "job") == "watchroom"]
    if not of_job:
        yield Finding(
            subject=url,
            problem='Prometheus scrapes no worker (job "watchroom")',
            cure="Name the workers in prometheus.yml, as in deploy/prometheus/prometheus.yml",
        )
    for each in of_job:
        if _at(each, "health") == "down":
            yield Finding(
                subject=_at(each, "scrapeUrl"),
                problem=f"Prometheus can't scrape it: {_at(each, 'lastError')}",
                cure="Look whether the worker runs, and may be reached from Prometheus",
            )
