"""Every detector, for the tests that all of them must pass: the ways in which it can be set up.

What `detectors` exports and has no line here is tested as it is without settings.
"""

from collections.abc import Callable

import detectors
from detectors import (
    ADWIN,
    CUSUM,
    EARS,
    EWMA,
    GLR,
    ControlChart,
    CountWatch,
    Detector,
    DurationWatch,
    Expected,
    FlexibleFarrington,
    GaussianFocus,
    Heartbeat,
    MonthWatch,
    NegativeBinomialFocus,
    PageHinkley,
    PoissonFocus,
    Proportion,
    ProportionWatch,
    ReportingTriangle,
    SeasonalScan,
    ShiryaevRoberts,
    Silence,
    UncertainFocus,
)

# fmt: off
DETECTORS: list[tuple[str, Callable[[], Detector]]] = [
    ("ageing", lambda: ReportingTriangle(ages=1, need=3)),
    ("ageing, delay not known", ReportingTriangle),
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
    ("count watch, days", lambda: CountWatch(7, 0.5, need=2)),
    ("count watch, hours", CountWatch),
    ("cusum", lambda: CUSUM(mean=11)),
    ("cusum, goes on", lambda: CUSUM(mean=11, restart=False, transform="anscombe")),
    ("cusum, learns", lambda: CUSUM(dispersion=None, head_start=0.5)),
    ("cusum, rossi", lambda: CUSUM(mean=11, transform="rossi", k=1.04, h=2.26, sides="up")),
    ("duration watch, days", DurationWatch),
    ("duration watch, hours", lambda: DurationWatch(0.1, 168, least=1, window=6, need=4)),
    ("ears, C1", lambda: EARS("C1")),
    ("ears, C2", lambda: EARS("C2", least_sigma=0.5)),
    ("ears, C3", lambda: EARS("C3")),
    ("ears, C3 as in surveillance", lambda: EARS("C3", around="observed")),
    ("ewma", lambda: EWMA(mean=11)),
    ("ewma, learns", lambda: EWMA(dispersion=None, exact=False, restart=False)),
    ("expected, days", lambda: Expected(slots=7, need=2, prior_dispersion=2.0)),
    ("expected, hours", lambda: Expected(fixed_lower=1, fixed_upper=20)),
    ("farrington, months", lambda: FlexibleFarrington(period=12, years=2, half_window=1, levels=3, skip=2)),  # noqa: E501
    ("farrington, months, delta", lambda: FlexibleFarrington(0.05, period=12, years=3, half_window=1, levels=1, skip=1, trend_alpha=0.05, threshold="delta")),  # noqa: E501
    ("farrington, months, muan", lambda: FlexibleFarrington(period=12, years=2, half_window=0, levels=1, skip=0, threshold="muan")),  # noqa: E501
    ("farrington, weeks", FlexibleFarrington),
    ("focus, negative binomial", NegativeBinomialFocus),
    ("focus, negative binomial, known", lambda: NegativeBinomialFocus(11.0, restart=False)),
    ("focus, normal", lambda: GaussianFocus(sd=3.0)),
    ("focus, normal, known", lambda: GaussianFocus(11.0, sd=3.0, restart=False)),
    ("focus, poisson", PoissonFocus),
    ("focus, poisson, dispersed", lambda: PoissonFocus(dispersion=2.0, restart=False)),
    ("focus, poisson, known", lambda: PoissonFocus(11.0, sides="up")),
    ("glr", lambda: GLR(mean=11)),
    ("glr, negative binomial", lambda: GLR(mean=11, alpha=0.1, direction="down", restart=False)),
    ("held focus", lambda: UncertainFocus(threshold=3.0, spread=0.01)),
    ("month watch", MonthWatch),
    ("month watch, siblings", lambda: MonthWatch(0.1, 1.2, 50, window=12)),
    ("proportion", Proportion),
    ("proportion, target", lambda: Proportion(target=0.8, mid_p=True)),
    ("proportion watch, days", lambda: ProportionWatch(0.5, 7, 1, 5, prior_correlation=0.1)),
    ("proportion watch, hours", lambda: ProportionWatch(least=5, need=3)),
    ("river, ADWIN", ADWIN),
    ("river, Page-Hinkley", PageHinkley),
    ("seasonal scan, months", lambda: SeasonalScan(period=12, window=3, harmonics=1, half_life=3, need=12, keep=3)),  # noqa: E501
    ("seasonal scan, weeks", SeasonalScan),
    ("shiryaev-roberts", ShiryaevRoberts),
    ("shiryaev-roberts, siblings", lambda: ShiryaevRoberts(window=6, prior_dispersion=2.0, prior_weight=20)),  # noqa: E501
    ("silence, heartbeats", lambda: Heartbeat(period=5, missed=1, late=0)),
    ("silence, records", lambda: Silence(0.01, 2.0, 0.1, rate=0.05)),
]
# fmt: on

_LISTED = {type(make()) for _, make in DETECTORS}
DETECTORS += [
    (name, kind)
    for name, kind in ((name, getattr(detectors, name)) for name in detectors.__all__)
    if kind not in _LISTED and kind is not Detector
]
