"""Every detector, for the tests that all of them must pass: one line each, sorted by name."""

from collections.abc import Callable

from detectors.base import Detector
from detectors.chart import ControlChart
from detectors.ears import Ears
from detectors.farrington import FlexibleFarrington

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
    ("ears, C1", lambda: Ears("C1")),
    ("ears, C2", lambda: Ears("C2", least_sigma=0.5)),
    ("ears, C3", lambda: Ears("C3")),
    ("ears, C3 as in surveillance", lambda: Ears("C3", around="observed")),
    ("farrington, months", lambda: FlexibleFarrington(period=12, years=2, half_window=1, levels=3, skip=2)),  # noqa: E501
    ("farrington, months, delta", lambda: FlexibleFarrington(0.05, period=12, years=3, half_window=1, levels=1, skip=1, trend_alpha=0.05, threshold="delta")),  # noqa: E501
    ("farrington, months, muan", lambda: FlexibleFarrington(period=12, years=2, half_window=0, levels=1, skip=0, threshold="muan")),  # noqa: E501
    ("farrington, weeks", FlexibleFarrington),
]
# fmt: on
