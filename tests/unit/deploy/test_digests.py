"""Names of images as Docker reads them."""

import pytest

from deploy.digests import Image, images, pinned
from tests.compose import ROOT


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("python:3.11", "https://registry-1.docker.io/v2/library/python/manifests/3.11"),
        ("prom/prometheus:v2", "https://registry-1.docker.io/v2/prom/prometheus/manifests/v2"),
        ("quay.io/strimzi/kafka", "https://quay.io/v2/strimzi/kafka/manifests/latest"),
        ("localhost:5000/a/b:1", "http://localhost:5000/v2/a/b/manifests/1"),
    ],
)
def test_a_name_leads_to_its_manifest(name: str, address: str) -> None:
    assert Image.parse(name).manifest == address


def test_every_image_of_the_stack_is_looked_up_but_our_own() -> None:
    found = images((ROOT / "docker-compose.yml").read_text())
    assert [name.partition(":")[0] for name in found] == [
        "apache/kafka", "prom/prometheus", "prom/alertmanager", "grafana/grafana",
    ]  # fmt: skip
    assert images((ROOT / "deploy" / "Dockerfile").read_text()) == ["python:3.11.13-slim-bookworm"]


def test_what_stands_behind_the_image_stays() -> None:
    digest = f"sha256:{'0' * 64}"
    text = f"FROM a:1@sha256:{'f' * 64} AS build\nRUN image: a:1\n"
    assert pinned(text, {"a:1": digest}) == f"FROM a:1@{digest} AS build\nRUN image: a:1\n"
