"""The text of metrics: what is kept as lines is as `prometheus_client` writes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from streams.outputs.metrics.exposition import GaugeLines, exposed, labels_text, sample_line

FORMATS = (
    "",
    "application/openmetrics-text",
    "application/openmetrics-text;version=1.0.0",
    "text/plain;version=1.0.0;escaping=allow-utf-8",
)
LABELS = st.dictionaries(st.sampled_from(("force", "area", "line")), st.text(), min_size=1)
VALUES = st.floats() | st.integers(0, 10**9)


class Collected(Collector):
    def __init__(self, *families: Metric) -> None:
        self.families = families

    def collect(self) -> Iterator[Metric]:
        yield from self.families


@pytest.mark.parametrize("accept", FORMATS)
@given(samples=st.lists(st.tuples(LABELS, VALUES), max_size=3))
def test_lines_are_as_the_client_writes_samples(
    accept: str, samples: list[tuple[dict[str, str], float]]
) -> None:
    names = ("watchroom_calls", 'Calls: "all" of them.')
    info = InfoMetricFamily("watchroom_build", "The version.", value={"version": "1"})
    by_client, by_lines = GaugeMetricFamily(*names), GaugeLines(*names)
    for labels, value in samples:
        by_client.add_sample(names[0], labels, value)
        by_lines.lines.append(sample_line(names[0], labels_text(labels), value))
    encode, content_type = choose_encoder(accept)
    assert exposed([by_lines, info], accept) == (encode(Collected(by_client, info)), content_type)
