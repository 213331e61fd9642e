"""docker-compose.yml: valid, pinned, closed, and everything that it names is there."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft201909Validator

from streams.cli import main
from tests.compose import FILLED_IN, ROOT, SECRETS, compose

CONTENT = compose()
SERVICES: dict[str, dict[str, Any]] = CONTENT["services"]
OURS = {name: each for name, each in SERVICES.items() if "build" in each}
SERVED = {"kafka", "worker-1", "worker-2", "wallboard", "prometheus", "alertmanager", "grafana"}
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()


def mounts(service: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(source, target, mode) of each."""
    for volume in service.get("volumes", ()):
        source, target, *mode = volume.split(":")
        yield source, target, mode[0] if mode else "rw"


def test_it_is_valid_by_the_compose_specification() -> None:
    schema = json.loads((ROOT / "tests" / "data" / "compose_spec.json").read_text())
    Draft201909Validator.check_schema(schema)
    found = [error.message for error in Draft201909Validator(schema).iter_errors(CONTENT)]
    assert found == []
    broken = {**CONTENT, "services": {"x": {"image": "y", "port": []}}}
    assert list(Draft201909Validator(schema).iter_errors(broken))


def test_it_has_the_parts_that_make_up_watchroom() -> None:
    assert SERVED | {"topics", "simulator"} == set(SERVICES)
    assert SERVICES["simulator"]["profiles"] == ["simulator"]
    assert SERVICES["kafka"]["profiles"] == ["kafka"]


def test_kafka_is_of_no_profile_that_is_chosen_once_brokers_are_named() -> None:
    named = compose({**FILLED_IN, "WATCHROOM_BOOTSTRAP": "kafka1.example.org:9092"})
    assert named["services"]["kafka"]["profiles"] == ["kafka1.example.org:9092"]
    told = named["services"]["worker-1"]["environment"]["WATCHROOM_BOOTSTRAP"]
    assert told == "kafka1.example.org:9092"


def test_nothing_waits_for_a_service_that_may_not_be_started() -> None:
    optional = {name for name, each in SERVICES.items() if "profiles" in each}
    assert optional == {"kafka", "simulator"}
    for name, service in SERVICES.items():
        assert not optional & set(service.get("depends_on", ())), name
    # The first that needs the brokers waits for them itself.
    assert SERVICES["topics"]["command"] == ["topics", "create", "--wait", "3m"]


def test_every_image_is_pinned_to_a_release() -> None:
    images = {each["image"] for each in SERVICES.values()}
    images |= {found[1] for found in re.finditer(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)}
    for image in images:
        assert re.search(r":v?\d+\.\d+\.\d+[\w.-]*$", image), image
    kafka = (ROOT / "deploy" / "kafka" / "pom.xml").read_text()
    version = SERVICES["kafka"]["image"].partition(":")[2]
    assert f"<kafka.version>{version}</kafka.version>" in kafka


def test_only_the_wallboard_and_grafana_are_published_and_on_loopback() -> None:
    published = {name: each["ports"] for name, each in SERVICES.items() if "ports" in each}
    assert published == {
        "wallboard": ["127.0.0.1:8787:8787"],
        "grafana": ["127.0.0.1:3000:3000"],
    }
    assert CONTENT["networks"]["inside"] == {"internal": True}
    closed = {name for name, each in SERVICES.items() if each["networks"] == ["inside"]}
    assert closed == {"kafka", "prometheus"}
    assert not any(each.get("network_mode") for each in SERVICES.values())


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_runs_as_root_or_can_become_it(name: str) -> None:
    service = SERVICES[name]
    assert service["user"].split(":")[0] not in {"", "0", "root"}
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_no_password_stands_in_it_and_none_has_a_default() -> None:
    for missing in FILLED_IN:
        rest = {name: value for name, value in FILLED_IN.items() if name != missing}
        with pytest.raises(KeyError, match=missing):
            compose(rest)
        with pytest.raises(KeyError, match=missing):  # set, but empty
            compose({**rest, missing: ""})
    example = (ROOT / ".env.example").read_text()
    named = dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))
    assert named == {**dict.fromkeys(FILLED_IN, ""), "COMPOSE_PROFILES": "kafka"}
    assert "/.env" in (ROOT / ".gitignore").read_text().splitlines()
    assert SERVICES["grafana"]["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def test_every_variable_is_explained_in_the_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    used.add("COMPOSE_PROFILES")  # which Compose itself reads
    explained = re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert used == set(explained)


@pytest.mark.parametrize("name", sorted(SERVED))
def test_every_server_has_a_health_check_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_what_it_mounts_is_there_and_what_it_keeps_has_a_volume(name: str) -> None:
    for source, target, mode in mounts(SERVICES[name]):
        if source.startswith("."):
            assert (ROOT / source).is_dir(), source
            assert mode == "ro", source
        else:
            assert source in CONTENT["volumes"]
            assert target.startswith("/")
    kept = {source for each in SERVICES.values() for source, _, _ in mounts(each)}
    assert set(CONTENT["volumes"]) <= kept


@pytest.mark.parametrize("name", OURS)
def test_every_command_of_ours_exists_with_its_options(name: str) -> None:
    words = list(OURS[name]["command"])
    group: click.Command = main
    while isinstance(group, click.Group):
        word = words.pop(0)
        found = group.get_command(click.Context(group), word)
        assert found is not None, word
        group = found
    group.make_context(name, words)  # raises for an option that it does not have


def test_every_check_of_a_worker_asks_the_port_that_it_serves() -> None:
    for name in ("worker-1", "worker-2", "wallboard"):
        service = SERVICES[name]
        port = service["command"][service["command"].index("--web") + 1].rpartition(":")[2]
        *_, program = service["healthcheck"]["test"]
        ast.parse(program)
        assert f":{port}/healthz" in program


def test_the_wallboard_counts_nothing_and_asks_every_worker() -> None:
    service = SERVICES["wallboard"]
    command = service["command"]
    asked = {word for before, word in pairwise(command) if before == "--worker"}
    workers = {
        name: each for name, each in SERVICES.items() if each.get("command", [""])[0] == "worker"
    }
    ports = {
        name: each["command"][each["command"].index("--web") + 1].rpartition(":")[2]
        for name, each in workers.items()
    }
    assert asked == {f"http://{name}:{port}" for name, port in ports.items()}
    assert command[0] == "wallboard"
    assert not service.get("volumes")
    assert set(service["environment"]) == {"WATCHROOM_HOSTS", "WATCHROOM_INSECURE"}  # no brokers


def test_prometheus_scrapes_each_worker_and_finds_alertmanager() -> None:
    config = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text()
    for host in ("worker-1:8787", "worker-2:8787", "alertmanager:9093"):
        assert f'"{host}"' in config
        assert host.partition(":")[0] in SERVICES


def test_the_secrets_that_alertmanager_reads_are_those_it_is_given() -> None:
    config = (ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text()
    read = set(re.findall(r"/run/secrets/(\w+)", config.partition("global:")[2]))
    assert read == set(SERVICES["alertmanager"]["secrets"]) == set(CONTENT["secrets"])
    for name, secret in CONTENT["secrets"].items():
        assert secret == {"file": f"{SECRETS}/{name}"}


def test_every_file_that_the_image_is_made_of_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [line[1:] for line in ignored if line.startswith("!")]
    assert "*" in ignored
    for path in allowed:
        assert (ROOT / path).exists(), path
    for path in re.findall(r"requirements/\w+\.txt", DOCKERFILE):
        assert path in allowed
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    assert OURS["worker-1"]["user"] == "10001:10001"


def test_what_the_image_installs_is_what_is_tested() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / name).read_text()
        return set(re.findall(r"^([\w.-]+==[^ ;\\]+)", text, re.MULTILINE))

    runtime, lock = pins("runtime.txt"), pins("lock.txt")
    assert runtime < lock
    assert {"faust-streaming", "msgspec", "pyyaml"} <= {pin.partition("==")[0] for pin in runtime}
    assert "pytest" not in {pin.partition("==")[0] for pin in runtime}


def test_grafana_is_given_what_its_provisioning_names() -> None:
    targets = {target: source for source, target, _ in mounts(SERVICES["grafana"])}
    provisioning = Path(ROOT, targets["/etc/grafana/provisioning"])
    texts = [path.read_text() for path in provisioning.rglob("*.y*ml")]
    assert texts
    assert any("http://prometheus:9090" in text for text in texts)
    for text in texts:
        for path in re.findall(r"^\s*path: (\S+)", text, re.MULTILINE):
            assert path in targets
