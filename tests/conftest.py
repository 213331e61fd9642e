"""Fixtures that any test may ask for. Nothing here costs anything until a test asks for it."""

import gc
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest
from hypothesis import settings

from tests.servers import alertmanager as alertmanager_server
from tests.servers import chromium as chromium_browser
from tests.servers import docker_compose as docker_compose_program
from tests.servers import kafka as kafka_server
from tests.servers import prometheus as prometheus_server
from tests.servers.alertmanager import Alertmanager
from tests.servers.chromium import Chromium
from tests.servers.configured import Configured
from tests.servers.kafka import Kafka
from tests.servers.process import MissingError
from tests.servers.prometheus import Prometheus

Found = TypeVar("Found")
Started = TypeVar("Started", bound=Configured)
SERVER_FIXTURES = {
    "kafka",
    "kafka_found",
    "prometheus_factory",
    "promtool",
    "alertmanager_factory",
    "amtool",
    "chromium",
    "docker_compose",
}
TERMINAL = ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
UNAVAILABLE = pytest.StashKey[dict[str, None]]()  # used as an ordered set of reasons


@pytest.fixture(scope="session", autouse=True)
def _no_terminal_of_the_caller() -> None:
    """Let no test depend on the width and the colours of the terminal that the tests run in."""
    for name in TERMINAL:
        os.environ.pop(name, None)


@pytest.fixture(scope="session", autouse=True)
def _state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what a live run stores out of the user's own state folder."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(autouse=True)
def _seen_by_the_collector() -> Iterator[None]:
    """What a test froze is seen by the garbage collector again: hypothesis asks it who holds what,
    and took its own random numbers for held by nobody."""
    yield
    gc.unfreeze()


def in_ci() -> bool:
    """Tell whether a missing server is a failure rather than a reason to skip."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


# In CI the same examples on every run: a new one is found where someone is there to look at it.
# No deadline: a machine that is busy with other things is no fault.
# 25 examples while one waits for them, 100 by night: `pytest -m hypothesis
# --hypothesis-profile=nightly`. `tests/examples.py` is for those that cost much each.
settings.register_profile("here", deadline=None, max_examples=25)
settings.register_profile("ci", deadline=None, max_examples=25, derandomize=True, print_blob=True)
settings.register_profile("nightly", deadline=None, max_examples=100, print_blob=True)
if in_ci():
    settings.load_profile("ci")
else:
    settings.load_profile("here")


def unavailable(config: pytest.Config, reason: str) -> NoReturn:
    """Skip the test with this reason, which the last lines of the output repeat; in CI, fail it."""
    config.stash.setdefault(UNAVAILABLE, {})[reason] = None
    if in_ci():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def found_or_skipped(config: pytest.Config, find: Callable[[], Found]) -> Found:
    """Return what `find` finds; where it is missing, skip the test or fail it."""
    try:
        return find()
    except MissingError as missing:
        reason = str(missing)
    unavailable(config, reason)


def shared_folder(root: Path) -> Path | None:
    """Return the folder with the optional real data, or None where there is none."""
    folder = Path(os.environ.get("WATCHROOM_SHARED") or root.parent / "shared").resolve()
    return folder if (folder / "data").is_dir() else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for a server or for real data, so that `make unit` can't include it."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & SERVER_FIXTURES:
            item.add_marker("servers")
        if "shared_data" in fixtures:
            item.add_marker("real_data")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Keep a test of real data from running without it."""
    if item.get_closest_marker("real_data") and shared_folder(item.config.rootpath) is None:
        unavailable(
            item.config,
            "Real data is missing. Put the shared data folder beside the checkout, as ../shared, "
            "or name it in WATCHROOM_SHARED.",
        )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Iterator[None]:
    """End the output with what could not be had, and so was not tested."""
    yield
    for reason in terminalreporter.config.stash.get(UNAVAILABLE, {}):
        terminalreporter.write_line(f"NOT TESTED: {reason}", yellow=True, bold=True)


@pytest.fixture(scope="session")
def shared_data(request: pytest.FixtureRequest) -> Path:
    """Return the shared folder; the data sets are in its `data/`."""
    folder = shared_folder(request.config.rootpath)
    assert folder is not None  # pytest_runtest_setup has seen to it
    return folder


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[Kafka]:
    """Start one real broker for the session; use `topic_prefix` to keep tests apart on it."""
    broker = Kafka(found_or_skipped(request.config, kafka_server.find))
    try:
        broker.start()
        yield broker
    finally:
        broker.close()


@pytest.fixture(scope="session")
def kafka_found(request: pytest.FixtureRequest) -> kafka_server.Found:
    """Return Kafka's own jars, for a test that starts brokers with other properties."""
    found = found_or_skipped(request.config, kafka_server.find)
    if found.home is None:
        unavailable(request.config, "Only Kafka's own jars can be started with other properties.")
    return found


@pytest.fixture
def topic_prefix(request: pytest.FixtureRequest) -> str:
    """Return a prefix for topic and group names that no other test has, ending in a full stop."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name).strip("-").lower()[:60]
    return f"{name}-{secrets.token_hex(4)}."


def _starter(made: Callable[..., Started]) -> Iterator[Callable[..., Started]]:
    with ExitStack() as servers:

        def start(config: str, files: Mapping[str, str] | None = None) -> Started:
            server = made(config, files)
            servers.callback(server.close)
            server.start()
            return server

        yield start


@pytest.fixture(scope="session")
def prometheus_found(request: pytest.FixtureRequest) -> prometheus_server.Found:
    """Find Prometheus once for the session."""
    return found_or_skipped(request.config, prometheus_server.find)


@pytest.fixture
def prometheus_factory(
    prometheus_found: prometheus_server.Found,
) -> Iterator[Callable[..., Prometheus]]:
    """Start a real Prometheus from a configuration text; it ends with the test."""
    yield from _starter(partial(Prometheus, prometheus_found))


@pytest.fixture(scope="session")
def promtool(prometheus_found: prometheus_server.Found) -> Path:
    """Return the path of promtool."""
    return prometheus_found.promtool


@pytest.fixture(scope="session")
def alertmanager_found(request: pytest.FixtureRequest) -> alertmanager_server.Found:
    """Find Alertmanager once for the session."""
    return found_or_skipped(request.config, alertmanager_server.find)


@pytest.fixture
def alertmanager_factory(
    alertmanager_found: alertmanager_server.Found,
) -> Iterator[Callable[..., Alertmanager]]:
    """Start a real Alertmanager from a configuration text; it ends with the test."""
    yield from _starter(partial(Alertmanager, alertmanager_found))


@pytest.fixture(scope="session")
def amtool(alertmanager_found: alertmanager_server.Found) -> Path:
    """Return the path of amtool."""
    return alertmanager_found.amtool


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Chromium:
    """Return a real browser: `.dom(url)` and `.screenshot(url, png)`."""
    return Chromium(found_or_skipped(request.config, chromium_browser.find))


@pytest.fixture(scope="session")
def docker_compose(request: pytest.FixtureRequest) -> docker_compose_program.Found:
    """Return docker-compose, which checks a file without an engine."""
    return found_or_skipped(request.config, docker_compose_program.find)
