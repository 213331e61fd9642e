"""The calls and the response times that the published figures of calls and emergencies need.

Of calls the volumes are printed, of some the shares of those abandoned or answered in time; of
emergencies the shares attended within 20 minutes and some months' mean times. The months between
are chosen so that the printed averages come out.
"""

from __future__ import annotations

from typing import NamedTuple


class Offered(NamedTuple):
    """The calls of a line in a quarter or month, and how many of each thousand were abandoned, were
    answered in time, and were settled by the first call."""

    line: str
    period: str
    number: int
    abandoned: int = 20
    in_time: int = 900
    resolved: int | None = None


CALLS: dict[str, tuple[Offered, ...]] = {
    "000": (),
    "001": (
        Offered("999", "2016-Q3", 33_545, in_time=880),
        Offered("999", "2016-Q4", 28_953, in_time=905),
        Offered("101", "2016-Q3", 118_008, in_time=860),
        Offered("101", "2016-Q4", 134_875, in_time=890),
    ),
    "002": (
        Offered("999", "2017-Q3", 18_487, abandoned=14, in_time=890),
        Offered("999", "2017-Q4", 18_196, abandoned=6, in_time=905),
        Offered("101", "2017-Q3", 58_734, abandoned=100, in_time=700),
        Offered("101", "2017-10", 17_869, abandoned=60, in_time=720),
        Offered("101", "2017-11", 17_868, abandoned=60, in_time=820),
        Offered("101", "2017-12", 17_868, abandoned=60, in_time=820),
    ),
    "003": (
        Offered("999", "2019-07", 10_000),
        Offered("999", "2019-08", 14_000),
        *(Offered("999", f"2019-{month:02d}", 10_000) for month in range(9, 13)),
        *(Offered("999", f"2020-{month:02d}", 10_000) for month in range(1, 7)),
        Offered("999", "2020-07", 16_000),
        Offered("999", "2020-08", 16_000, in_time=810),
        Offered("999", "2020-09", 11_000, in_time=830),
        # How many calls came on 101 was not published.
        *(Offered("101", f"2019-{month:02d}", 4_000 + 50 * month) for month in range(7, 13)),
        *(Offered("101", f"2020-{month:02d}", 4_000 + 50 * month) for month in range(1, 7)),
        Offered("101", "2020-07", 5_000, abandoned=150, in_time=500),
        Offered("101", "2020-08", 5_000, abandoned=150, in_time=400),
        Offered("101", "2020-09", 4_400, abandoned=150, in_time=270),
        Offered("101", "2020-10", 4_400, abandoned=150, resolved=500),
    ),
}


class Response(NamedTuple):
    """How emergencies of a month were attended: of each hundred how many within 20 minutes, and
    after how many seconds on average."""

    in_time: int
    mean: float


RESPONSES: dict[str, dict[str, Response]] = {
    "000": {"": Response(87, 700)},
    # From April 2016 on, when the times were taken from other data, to November they average 642.
    "001": {"": Response(93, 638.86), "2016-11": Response(93, 664), "2016-12": Response(93, 629)},
    # They average 702 at first; from June 2017 on each month lies above that.
    "002": {
        "": Response(83, 702),
        "2017-04": Response(83, 690),
        "2017-05": Response(83, 690),
        **{f"2017-{month:02d}": Response(83, 741) for month in range(6, 11)},
        "2017-11": Response(83, 802),
        "2017-12": Response(83, 786),
    },
    "003": {"": Response(85, 700)},
}
"""By report and month; of every month that is not named, what stands under the empty name."""
