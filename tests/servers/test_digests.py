"""`make digests`, against a real registry."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose import ROOT
from tests.conftest import found_or_skipped
from tests.servers import registry as registry_server
from tests.servers.registry import Registry

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    started = Registry(found_or_skipped(request.config, registry_server.find))
    try:
        started.start()
        yield started
    finally:
        started.close()


def pin(*files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "deploy" / "digests.py"), *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_each_image_gets_the_digest_that_its_registry_has_for_the_tag(
    registry: Registry, tmp_path: Path
) -> None:
    one = registry.push("prom/prometheus", "v1")
    two = registry.push("library/python", "3.11")
    compose, dockerfile = tmp_path / "compose.yml", tmp_path / "Dockerfile"
    compose.write_text(f"services:\n  a:\n    image: {registry.address}/prom/prometheus:v1\n")
    dockerfile.write_text(f"FROM {registry.address}/library/python:3.11 AS build\n")
    done = pin(compose, dockerfile)
    assert done.returncode == 0, done.stderr
    pinned = f"{registry.address}/prom/prometheus:v1@{one}"
    assert compose.read_text() == f"services:\n  a:\n    image: {pinned}\n"
    pinned = f"{registry.address}/library/python:3.11@{two}"
    assert dockerfile.read_text() == f"FROM {pinned} AS build\n"


def test_a_tag_that_moved_gets_its_new_digest(registry: Registry, tmp_path: Path) -> None:
    compose = tmp_path / "compose.yml"
    compose.write_text(f"    image: {registry.address}/moved:v1\n")
    registry.push("moved", "v1")
    pin(compose)
    newer = registry.push("moved", "v1")
    assert pin(compose).returncode == 0
    assert compose.read_text() == f"    image: {registry.address}/moved:v1@{newer}\n"


def test_where_one_image_is_not_known_nothing_is_written(
    registry: Registry, tmp_path: Path
) -> None:
    registry.push("known", "v1")
    compose = tmp_path / "compose.yml"
    text = f"    image: {registry.address}/known:v1\n    image: {registry.address}/unknown:v1\n"
    compose.write_text(text)
    done = pin(compose)
    assert done.returncode == 3
    assert f"{registry.address}/unknown:v1: {registry.address} answered 404" in done.stderr
    assert compose.read_text() == text
