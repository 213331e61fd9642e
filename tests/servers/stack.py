"""The processes of docker-compose.yml without Docker: the same commands and the same files.

Only what names a place is replaced: addresses, folders, and the files of the secrets.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.compose import ROOT, compose, kafka_properties
from tests.servers import alertmanager as alertmanager_server
from tests.servers import kafka as kafka_server
from tests.servers import prometheus as prometheus_server
from tests.servers.alertmanager import Alertmanager
from tests.servers.kafka import Kafka
from tests.servers.process import Server, free_port, port_is_open
from tests.servers.prometheus import Prometheus
from tests.servers.receivers import Receivers, receivers

WORKERS = ("worker-1", "worker-2")
FRONT = "wallboard"
WATCHROOM = [sys.executable, "-m", "streams.cli"]
TOKEN = "the token of "  # noqa: S105 - and the name of the file


def kafka_text(environment: dict[str, str]) -> str:
    """The server.properties that the official image would make, on this machine."""
    places = {
        "controller.quorum.voters": "1@127.0.0.1:${controller_port}",
        "listeners": "PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller_port}",
        "advertised.listeners": "PLAINTEXT://127.0.0.1:${port}",
        "log.dirs": "${data_dir}",
    }
    properties = kafka_properties(environment)
    assert set(places) <= set(properties)
    return "".join(f"{name}={value}\n" for name, value in {**properties, **places}.items())


@dataclass(frozen=True)
class Workers:
    """What a test adds to the workers: options, and the environment."""

    options: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class Stack:
    """Everything that docker-compose.yml starts, but for Grafana, which can't be had here."""

    def __init__(self, folder: Path, kafka: Kafka, got: Receivers, workers: Workers) -> None:
        self.folder, self.kafka, self.got = folder, kafka, got
        self.services: dict[str, dict[str, Any]] = compose()["services"]
        self.ports = {name: free_port() for name in (*WORKERS, FRONT)}
        self.front_url = f"http://127.0.0.1:{self.ports[FRONT]}"
        self.workers = {
            name: self._server(name, *workers.options, environment=workers.environment)
            for name in WORKERS
        }

    def run(self, service: str) -> None:
        """Run a command that ends, such as that of `topics`."""
        subprocess.run(self._command(service), check=True, capture_output=True, cwd=ROOT)

    def start_worker(self, name: str) -> None:
        """Start a worker and wait until its health check passes."""
        *_, program = self.services[name]["healthcheck"]["test"]
        program = program.replace("8787", str(self.ports[name]))
        check = [sys.executable, "-c", program]
        self.workers[name].start(
            lambda: subprocess.run(check, capture_output=True, check=False).returncode == 0
        )

    def simulator(self, *options: str) -> Server:
        """The simulator, not started."""
        return self._server("simulator", *options)

    def front(self) -> Server:
        """The wallboard of all workers, not started."""
        return self._server(FRONT, environment={"WATCHROOM_INSECURE": "1"})

    def _server(
        self, name: str, *options: str, environment: Mapping[str, str] | None = None
    ) -> Server:
        command = [*self._command(name), *options]
        log = self.folder / f"{name}.log"
        return Server(name, command, log, cwd=ROOT, environment=environment)

    def _command(self, name: str) -> list[str]:
        places = {
            "/var/lib/watchroom": str(self.folder / f"{name}-data"),
            "0.0.0.0:8787": f"127.0.0.1:{self.ports.get(name, 0)}",
            **{f"http://{each}:8787": f"http://127.0.0.1:{self.ports[each]}" for each in WORKERS},
        }
        words = [places.get(word, word) for word in self.services[name]["command"]]
        verb, *rest = words
        # Compose gives the brokers by the environment.
        broker = ["--broker", self.kafka.bootstrap]
        if name == FRONT:  # which knows no brokers
            broker = []
        return [*WATCHROOM, verb, *(rest + broker if verb == "topics" else broker + rest)]


def alertmanager_files(folder: Path, got: Receivers) -> tuple[str, dict[str, str]]:
    """Its configuration with other addresses, and what lies beside it."""
    here = ROOT / "deploy" / "alertmanager"
    config = (here / "alertmanager.yml").read_text()
    for host in ("pager", "tickets", "heartbeat"):
        config = config.replace(
            f"http://{host}.example.org/watchroom", f"http://127.0.0.1:{got.web_port}/{host}"
        )
    config = config.replace("mail.example.org:587", f"127.0.0.1:{got.mail_port}")
    config = config.replace("smtp_require_tls: true", "smtp_require_tls: false")
    for name in compose()["secrets"]:
        (folder / name).write_text(TOKEN + name)
        config = config.replace(f"/run/secrets/{name}", str(folder / name))
    templates = {f"templates/{path.name}": path.read_text() for path in here.glob("templates/*")}
    return config, templates


def prometheus_files(ports: dict[str, str], own: int) -> tuple[str, dict[str, str]]:
    """Its configuration with other addresses, and the rules beside it."""
    here = ROOT / "deploy" / "prometheus"
    config = (here / "prometheus.yml").read_text()
    for place, address in {**ports, "localhost:9090": f"127.0.0.1:{own}"}.items():
        assert place in config
        config = config.replace(place, address)
    return config, {f"rules/{path.name}": path.read_text() for path in here.glob("rules/*.yml")}


@contextmanager
def stack(
    folder: Path,
    kafka: kafka_server.Found,
    prometheus: prometheus_server.Found,
    alertmanager: alertmanager_server.Found,
    workers: Workers | None = None,
) -> Iterator[tuple[Stack, Prometheus, Alertmanager]]:
    """All of it, running, with the topics made; it ends with the block."""
    with ExitStack() as opened:
        got = opened.enter_context(receivers())
        environment = compose()["services"]["kafka"]["environment"]
        broker = Kafka(kafka, kafka_text(environment))
        opened.callback(broker.close)
        broker.start()
        made = Stack(folder, broker, got, workers or Workers())
        made.run("topics")
        for name in WORKERS:
            opened.callback(made.workers[name].kill)
            made.start_worker(name)
        sender = Alertmanager(alertmanager, *alertmanager_files(folder, got))
        opened.callback(sender.close)
        sender.start()
        places = {
            f"{name}:8787": f"127.0.0.1:{port}"
            for name, port in made.ports.items()
            if name in WORKERS
        }
        places["alertmanager:9093"] = sender.url.removeprefix("http://")
        port = free_port()
        assert not port_is_open(port)
        watcher = Prometheus(prometheus, *prometheus_files(places, port), port=port)
        opened.callback(watcher.close)
        watcher.start()
        yield made, watcher, sender
