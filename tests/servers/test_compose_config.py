"""docker-compose itself accepts docker-compose.yml, and refuses it without its passwords."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.compose import FILE, FILLED_IN, compose
from tests.servers.docker_compose import Found


def services(docker_compose: Found, **variables: str) -> set[str]:
    """The services that would be started: those without profiles, and those of a chosen one. The
    profiles are as Compose makes them of the variables; its first version prints all services."""
    answer = docker_compose.config(FILE, {**FILLED_IN, **variables})
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    chosen = set(variables.get("COMPOSE_PROFILES", "").split(","))
    told = yaml.safe_load(answer.stdout)["services"]
    return {name for name, each in told.items() if chosen & set(each.get("profiles") or chosen)}


ALL = set(compose()["services"])
OWN = "kafka1.example.org:9092,kafka2.example.org:9092"


def test_docker_compose_starts_kafka_and_the_simulator_by_their_profiles(
    docker_compose: Found,
) -> None:
    assert services(docker_compose, COMPOSE_PROFILES="kafka") == ALL - {"simulator"}
    assert services(docker_compose, COMPOSE_PROFILES="kafka,simulator") == ALL


@pytest.mark.parametrize("profiles", ["", "kafka"])
def test_docker_compose_starts_no_kafka_where_brokers_are_named(
    docker_compose: Found, profiles: str
) -> None:
    chosen = {"COMPOSE_PROFILES": profiles} if profiles else {}
    found = services(docker_compose, WATCHROOM_BOOTSTRAP=OWN, **chosen)
    assert found == ALL - {"kafka", "simulator"}


@pytest.mark.parametrize("missing", FILLED_IN)
def test_docker_compose_refuses_it_without_what_is_required(
    docker_compose: Found, missing: str
) -> None:
    rest = {name: value for name, value in FILLED_IN.items() if name != missing}
    answer = docker_compose.config(FILE, rest)
    assert answer.returncode != 0
    assert missing in answer.stderr


def flags(program: Path) -> str:
    answer = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    return answer.stdout + answer.stderr


def test_prometheus_knows_every_option_that_it_is_given(promtool: Path) -> None:
    known = flags(promtool.with_name("prometheus"))
    for option in compose()["services"]["prometheus"]["command"]:
        assert option.partition("=")[0] in known


def test_alertmanager_knows_every_option_that_it_is_given(amtool: Path) -> None:
    names = ("alertmanager", "prometheus-alertmanager")
    programs = [path for name in names if (path := amtool.with_name(name)).is_file()]
    known = flags(programs[0])
    for option in compose()["services"]["alertmanager"]["command"]:
        assert option.partition("=")[0] in known
