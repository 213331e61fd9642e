"""Every detector, for the tests that all of them must pass: one line each, sorted by name."""

from collections.abc import Callable

from detectors.base import Detector
from detectors.chart import ControlChart

# fmt: off
DETECTORS: list[tuple[str, Callable[[], Detector]]] = [
    ("chart, c", lambda: ControlChart("c")),
    ("chart, g", lambda: ControlChart("g", rules=["outside", "side_9"])),
    ("chart, individuals", lambda: ControlChart("individuals", options={"screen": 1}, rules=["outside", "near_2_of_3", "side_7", "trend_7"])),  # noqa: E501
    ("chart, last year", lambda: ControlChart("mean_sd", sigmas=2, baseline=[9, 12, 11, 10, 14, 8, 11, 10, 9, 13, 12, 10], rebase=8)),  # noqa: E501
    ("chart, mean and SD", lambda: ControlChart("mean_sd", sigmas=2, rebase=8)),
    ("chart, p", lambda: ControlChart("p", rebase=8)),
    ("chart, p'", lambda: ControlChart("p_prime", rebase={"points": 8, "overlap": True})),
    ("chart, run chart", lambda: ControlChart(rebase={"points": 9, "statistic": "median", "on_line": "skips"})),  # noqa: E501
    ("chart, t", lambda: ControlChart("t", rebase={"points": 8, "statistic": "median"})),
    ("chart, u", lambda: ControlChart("u", rebase=8)),
    ("chart, u'", lambda: ControlChart("u_prime", rules=["outside", "trend_6"])),
]
# fmt: on
