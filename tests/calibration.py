"""What is simulated of the small force of the tests when its alarms are calibrated."""

import datetime as dt

from streams.periods import HOUR, rfc3339, to_ms
from streams.surveillance.calibration import Planned, plan_of
from tests.build import call, feed, monitor, tiny_force

START = to_ms(dt.datetime(2022, 1, 3, tzinfo=dt.UTC))
DAYS = 22


def calls(hours: int, area: str | None, line: str = "999", every: int = 1) -> list[dict[str, str]]:
    """One call in every so many hours."""
    return [
        call(f"{line}-{area}-{n}", rfc3339(START + n * HOUR), line=line, area=area)
        for n in range(0, hours, every)
    ]


def planned() -> Planned:
    """Three weeks: a call an hour in the north, one in two hours without area, one 101 a day."""
    watched = monitor()
    feed(watched, *calls(24 * DAYS, "north"))
    feed(watched, *calls(24 * DAYS, None, every=2))
    feed(watched, *calls(24 * DAYS, "south", "101", every=24))
    return plan_of(watched, tiny_force())
