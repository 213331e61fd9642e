"""Find or fetch every server that the tests use, and say in one line what became of each."""

from collections.abc import Callable

from tests.servers import alertmanager, chromium, docker_compose, kafka, prometheus, registry
from tests.servers.process import MissingError

SERVERS: dict[str, Callable[[], str]] = {
    "Kafka": lambda: kafka.find(fetch=True).how,
    "Prometheus": lambda: prometheus.find(fetch=True).how,
    "Alertmanager": lambda: alertmanager.find(fetch=True).how,
    "Compose": lambda: docker_compose.find(fetch=True).how,
    "Registry": lambda: registry.find(fetch=True).how,
    "Chromium": lambda: chromium.find(fetch=True).how,
}


def main() -> None:
    """Print a line a server. A missing one is no failure here: the tests skip it, or fail in CI."""
    for name, find in SERVERS.items():
        try:
            print(f"{name + ':':<14}{find()}", flush=True)
        except MissingError as missing:
            print(f"{name + ':':<14}MISSING {missing.what}. {missing.cure}", flush=True)


if __name__ == "__main__":
    main()
