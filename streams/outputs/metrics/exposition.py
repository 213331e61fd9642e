"""Metrics as the text that Prometheus reads, where the lines of many of them are kept.

`prometheus_client` writes a family from its samples, each anew. Thousands of ours are of rows and
series that have not changed since the last scrape, so a family may bring its lines as text, which
is the same in every format that a scraper can ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_END = b"# EOF\n"
"""What an answer in OpenMetrics ends with."""


class GaugeLines(GaugeMetricFamily):
    """A gauge whose samples are lines of text already."""

    def __init__(self, name: str, documentation: str) -> None:
        super().__init__(name, documentation)
        self.lines: list[str] = []


def labels_text(labels: Mapping[str, str]) -> str:
    """The labels of a line, in the order of their names."""
    each = (f'{name}="{value.translate(_ESCAPED)}"' for name, value in sorted(labels.items()))
    return "{" + ",".join(each) + "}"


def sample_line(name: str, labels: str, value: float) -> str:
    """The line of a sample; `labels` as `labels_text` gives them."""
    return f"{name}{labels} {floatToGoString(value)}\n"  # type: ignore[no-untyped-call]


def exposed(families: Iterable[Metric], accept: str) -> tuple[bytes, str]:
    """The text of some families and its content type, as the scraper's Accept header asks."""
    encode, content_type = choose_encoder(accept)
    parts: list[bytes] = []
    for family in families:
        text = encode(_Collected(family))
        parts.append(text.removesuffix(_END))
        if isinstance(family, GaugeLines):
            parts.append("".join(family.lines).encode())
    if content_type.startswith("application/openmetrics-text"):
        parts.append(_END)
    return b"".join(parts), content_type


class _Collected(Collector):
    """One family that was collected."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        """It alone."""
        yield self._family
