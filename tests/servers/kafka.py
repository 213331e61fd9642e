"""A real Kafka broker, found in four ways, tried in this order.

1. `WATCHROOM_TEST_KAFKA`: the bootstrap servers of brokers that run already.
2. `WATCHROOM_KAFKA_HOME`: a Kafka folder, with its jars in `libs/`.
3. The jars named by `deploy/kafka/pom.xml`, resolved once by Maven into the user's cache.
4. Docker, where an engine answers.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.servers import debian
from tests.servers.cache import cache_dir, fill_once
from tests.servers.process import MissingError, Server, ServerError, free_port, port_is_open

DEPLOY = Path(__file__).parents[2] / "deploy" / "kafka"
JAVA_LEAST = 17
MAVEN_SECONDS = 900
JVM = ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"]
CLUSTER_ID = "V2F0Y2hyb29tLXRlc3RzIQ"  # any 16 bytes; a new data folder makes it a new cluster


@dataclass(frozen=True)
class Found:
    """Where Kafka is; one of the three fields is set."""

    how: str
    bootstrap: str = ""
    home: Path | None = None
    image: str = ""


def pinned_version() -> str:
    """Return the Kafka version that the pom pins."""
    match = re.search(r"<kafka\.version>([^<]+)<", (DEPLOY / "pom.xml").read_text())
    if match is None:
        raise ServerError("deploy/kafka/pom.xml names no kafka.version")
    return match[1]


def find(*, fetch: bool = False) -> Found:
    """Find Kafka; with `fetch`, also resolve the jars when they are not in the cache yet."""
    if brokers := os.environ.get("WATCHROOM_TEST_KAFKA"):
        return Found(f"brokers {brokers} (WATCHROOM_TEST_KAFKA)", bootstrap=brokers)
    if named := os.environ.get("WATCHROOM_KAFKA_HOME"):
        if not any((Path(named) / "libs").glob("kafka_2.13-*.jar")):
            raise MissingError(
                "Kafka", f"WATCHROOM_KAFKA_HOME={named} has no libs/kafka_2.13-*.jar."
            )
        _need_java(fetch=fetch)
        return Found(f"folder {named} (WATCHROOM_KAFKA_HOME)", home=Path(named))
    try:
        home = _jars(fetch=fetch)
        return Found(f"jars from Maven Central in {home}", home=home)
    except MissingError:
        image = f"apache/kafka:{pinned_version()}"
        if not _docker_answers():
            raise
        return Found(f"Docker image {image}", image=image)


def _java_version() -> int:
    java = shutil.which("java")
    if java is None:
        return 0
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    match = re.search(r'version "(\d+)', answer.stderr)
    return int(match[1]) if match else 0


def _need_java(*, fetch: bool) -> None:
    if _java_version() >= JAVA_LEAST:
        return
    if fetch and debian.can_install():
        debian.install("openjdk-17-jre-headless")
    if _java_version() < JAVA_LEAST:
        cure = "As root: apt-get install openjdk-17-jre-headless maven; then: make servers"
        raise MissingError(f"Kafka's Java {JAVA_LEAST} or newer", cure)


def _jars(*, fetch: bool) -> Path:
    _need_java(fetch=fetch)
    pinned = hashlib.sha256((DEPLOY / "pom.xml").read_bytes()).hexdigest()[:8]
    name = f"kafka-{pinned_version()}-{pinned}"
    if (cache_dir() / name).is_dir():
        return cache_dir() / name
    if not fetch:
        raise MissingError("Kafka", "Fetch it once: make servers")
    if shutil.which("mvn") is None and debian.can_install():
        debian.install("maven")
    if shutil.which("mvn") is None:
        cure = "As root: apt-get install maven; then: make servers. Or set WATCHROOM_KAFKA_HOME."
        raise MissingError("Maven (it fetches Kafka)", cure)
    return fill_once(name, _resolve)


def _resolve(folder: Path) -> None:
    pom, libs = DEPLOY / "pom.xml", folder / "libs"
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={libs}", "-DincludeScope=runtime"]
    try:
        answer = subprocess.run(
            ["mvn", "-q", "-B", "-f", str(pom), *goal],
            capture_output=True,
            text=True,
            check=False,
            timeout=MAVEN_SECONDS,
        )
    except subprocess.TimeoutExpired as late:
        raise MissingError("Kafka", f"Maven did not fetch it in {MAVEN_SECONDS} seconds.") from late
    if answer.returncode:
        errors = [line for line in answer.stdout.splitlines() if "ERROR" in line]
        raise MissingError(
            "Kafka", f"Maven could not fetch it: {(errors or ['no reason given'])[0]}"
        )


def _docker_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    ask = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        return subprocess.run(ask, capture_output=True, timeout=10, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


class Kafka:
    """One broker for the session, at `bootstrap`."""

    def __init__(
        self,
        found: Found,
        properties: str = "",
        *,
        values: Mapping[str, object] | None = None,
        jvm: Sequence[str] = (),
        scram: Sequence[str] = (),
    ) -> None:
        """Prepare a broker; `start` starts it.

        `properties` stand in for the template's text, and `values` for its further names; `jvm` are
        further options of Java, `scram` users that the storage is formatted with, as Kafka writes
        them.
        """
        self.found = found
        self._properties = properties
        self._values, self._jvm, self._scram = dict(values or {}), list(jvm), list(scram)
        self.folder = Path(tempfile.mkdtemp(prefix="watchroom-kafka-"))
        self._port = free_port()
        self.waited_for = self._port
        """The port that is open once it serves."""
        self._server: Server | None = None
        self.bootstrap = found.bootstrap or f"127.0.0.1:{self._port}"

    @property
    def owned(self) -> bool:
        """Whether the broker is ours, and so may be stopped and started."""
        return not self.found.bootstrap

    @property
    def server(self) -> Server:
        """The broker's process; ServerError for brokers that are not ours."""
        if self._server is None:
            raise ServerError("this broker was not started by the tests")
        return self._server

    def start(self) -> None:
        """Start the broker, on the same port and data each time, and wait until it serves."""
        if not self.owned:
            return
        if self._server is None:
            self._server = self._from_image() if self.found.image else self._from_jars()
        self._server.start(lambda: port_is_open(self.waited_for), seconds=90)

    def stop(self) -> None:
        """Stop the broker in good order; what it stored stays."""
        if self._server is not None:
            self._server.stop()

    def kill(self) -> None:
        """End the broker as a power cut would; what it stored stays."""
        if self._server is not None:
            self._server.kill()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Run a block without the broker, which is back afterwards whatever happens."""
        self.server.stop()
        try:
            yield
        finally:
            self.start()

    def close(self) -> None:
        """Stop the broker and remove what it stored."""
        self.stop()
        if self.found.image and self._server is not None:
            subprocess.run(
                ["docker", "rm", "-f", "-v", self.folder.name], capture_output=True, check=False
            )
        shutil.rmtree(self.folder, ignore_errors=True)

    def _from_jars(self) -> Server:
        text = self._properties or (DEPLOY / "server.properties.template").read_text()
        template = Template(text)
        config = self.folder / "server.properties"
        values = {
            "port": self._port,
            "controller_port": free_port(),
            "data_dir": self.folder / "data",
            **self._values,
        }
        config.write_text(template.substitute(values))
        java = ["java", *JVM, *self._jvm, "-Dlog4j2.level=WARN", "-cp", f"{self.found.home}/libs/*"]
        users = [part for user in self._scram for part in ("--add-scram", user)]
        format_ = ["format", "-t", CLUSTER_ID, "-c", str(config), *users]
        answer = subprocess.run(
            [*java, "kafka.tools.StorageTool", *format_],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if answer.returncode:
            raise ServerError(f"Kafka's storage was not formatted:\n{answer.stdout}{answer.stderr}")
        return Server("Kafka", [*java, "kafka.Kafka", str(config)], self.folder / "kafka.log")

    def _from_image(self) -> Server:
        # The container is kept between stop and start, so its data is too; close() removes it.
        settings = {
            "CLUSTER_ID": CLUSTER_ID,
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://localhost:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{self._port}",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "5",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_HEAP_OPTS": "-Xms256m -Xmx512m",
        }
        env = [part for key, value in settings.items() for part in ("-e", f"{key}={value}")]
        name, publish = self.folder.name, f"127.0.0.1:{self._port}:9092"
        create = ["docker", "create", "--name", name, "-p", publish, *env, self.found.image]
        answer = subprocess.run(create, capture_output=True, text=True, check=False, timeout=600)
        if answer.returncode:
            raise ServerError(f"docker create failed: {answer.stderr}")
        # The client passes SIGTERM on to the container, also when the test process dies.
        attach = ["docker", "start", "-a", name]
        return Server("Kafka", attach, self.folder / "kafka.log", death_signal=15)
