"""docker-compose itself accepts docker-compose.yml, and refuses it without its passwords."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.compose import FILE, FILLED_IN, compose
from tests.servers.docker_compose import Found


def test_docker_compose_accepts_the_file(docker_compose: Found) -> None:
    answer = docker_compose.config(FILE, {**FILLED_IN, "COMPOSE_PROFILES": "simulator"})
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    told = yaml.safe_load(answer.stdout)
    assert set(told["services"]) == set(compose()["services"])


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
