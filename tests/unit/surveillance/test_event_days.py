"""Shares and durations within an event that goes on for weeks."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from detectors import state
from streams.periods import DAY
from streams.registry.registry import REGISTRY
from streams.surveillance.adapters.base import OwnAdapter, PeriodPoint
from streams.surveillance.adapters.grouped import GroupedRows
from streams.surveillance.adapters.selection import adapter_of
from streams.surveillance.series import watch_list
from tests.build import tiny_force

LOCKDOWN = ("First national lockdown",)
SERIES = {
    "share": "day/calls/service_level/999/force",
    "mean": "day/attendance/response_mean/force",
}


def adapter(which: str, rows: GroupedRows | None = None) -> OwnAdapter:
    force = tiny_force()
    kind = "call" if which == "share" else "incident"
    watched = next(
        w for w in watch_list(force, REGISTRY.kinds[kind], "day") if w.name == SERIES[which]
    )
    made = adapter_of(watched, force, 0.005, None, rows or GroupedRows(7, 0.005))
    assert isinstance(made, OwnAdapter)
    return made


def counts(which: str, level: float, chance: np.random.Generator) -> dict[str, int]:
    """A day: of 100 calls that share in time, or of 100 emergencies that many seconds each."""
    if which == "share":
        within = int(chance.binomial(100, level))
        return {"within": within, "answered": 100, "abandoned": 0, "abandoned_within": 0}
    took = chance.exponential(1000 * level, 100).astype(int)
    return {"sum": int(took.sum()), "squares": int((took**2).sum()), "attended": 100}


def play(
    series: OwnAdapter, which: str, levels: Sequence[float], names: Sequence[Sequence[str]]
) -> list[int]:
    """The days of which an alarm comes."""
    chance, alarms = np.random.default_rng(5), []
    for day, (level, named) in enumerate(zip(levels, names, strict=True)):
        series.update(
            counts(which, level, chance), PeriodPoint(day * DAY, 1.0, (day + 2) % 7, tuple(named))
        )
        if series.rate <= series.allowed:
            alarms.append(day)
    return alarms


GOOD = {"share": 0.9, "mean": 600.0}
BAD = {"share": 0.7, "mean": 1100.0}
ALARMS = {"share": [60, 61, 62, 63, 64], "mean": [60, 61, 62, 63, 64]}


@pytest.mark.parametrize("which", SERIES)
@pytest.mark.parametrize("before", [0, 100])
def test_a_bad_day_within_a_lockdown_is_found_whether_or_not_there_was_anything_before(
    which: str, before: int
) -> None:
    series = adapter(which)
    names = [()] * before + [LOCKDOWN] * 65
    levels = [GOOD[which]] * (before + 60) + [BAD[which]] * 5
    assert play(series, which, levels, names) == [before + day for day in ALARMS[which]]
    assert series.about.endswith(", known only from First national lockdown")


@pytest.mark.parametrize("which", SERIES)
def test_the_days_after_a_lockdown_are_judged_by_it_until_enough_are_known(which: str) -> None:
    names = [LOCKDOWN] * 84 + [()] * 90
    levels = [GOOD[which]] * 90 + [BAD[which]] * 3 + [GOOD[which]] * 81
    series = adapter(which)
    alarms = play(series, which, levels, names)
    assert alarms[:3] == [90, 91, 92]
    assert alarms[-1] < 100  # while a change of those days is in sight
    assert "lockdown" not in series.about
    assert series.state == "ready"


@pytest.mark.parametrize("which", SERIES)
def test_a_holiday_or_a_weekend_of_a_festival_is_judged_by_nothing(which: str) -> None:
    names: list[Sequence[str]] = [()] * 40
    names += [("Fair",)] * 3 + [()] * 20 + [("Christmas Day", "bank holiday")]
    levels = [GOOD[which]] * 40 + [BAD[which]] * 3 + [GOOD[which]] * 20 + [BAD[which]]
    series = adapter(which)
    assert not play(series, which, levels, names)
    assert series.about == adapter_after(which, names)


def adapter_after(which: str, names: Sequence[Sequence[str]]) -> str:
    """What is said where the named days are gaps."""
    series, chance = adapter(which), np.random.default_rng(5)
    for day, named in enumerate(names):
        given = None if named else counts(which, GOOD[which], chance)
        series.update(given, PeriodPoint(day * DAY, 1.0, (day + 2) % 7))
    return series.about


@pytest.mark.parametrize("which", SERIES)
def test_what_is_known_of_an_event_comes_back_from_a_checkpoint(which: str) -> None:
    rows, others = GroupedRows(7, 0.005), GroupedRows(7, 0.005)
    series, again = adapter(which, rows), adapter(which, others)
    play(series, which, [GOOD[which]] * 50, [LOCKDOWN] * 50)
    encode = msgspec.msgpack.Encoder(enc_hook=state.plain).encode
    again.restore(msgspec.msgpack.decode(encode(series.save())))
    others.restore(msgspec.msgpack.decode(encode(rows.save())))
    names, levels = [LOCKDOWN] * 20 + [()] * 10, [GOOD[which]] * 10 + [BAD[which]] * 20
    assert play(series, which, levels, names) == play(again, which, levels, names) != []
    assert encode(series.save()) == encode(again.save())
