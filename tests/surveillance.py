"""Watches of the small force of the tests: fed with incidents hour by hour, and looked into."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from detectors import state
from streams.board.monitor import Monitor
from streams.config.force import Force, check_force
from streams.periods import HOUR, rfc3339
from streams.state import surveillance as watching
from streams.surveillance.service import Surveillance
from streams.surveillance.signals import Signal
from streams.surveillance.state import whole
from tests.build import FAR_FUTURE, TINY_FORCE, incident, lines, ms, tiny_force

START = ms("2021-03-01T00:00:00Z")  # a Monday


def watched(force: Force | None = None) -> Monitor:
    """A monitor of one force that is watched."""
    target = Monitor([force or tiny_force()])
    watching.watch_all(target)
    return target


def of(target: Monitor, kind: str = "incident") -> Surveillance:
    """The surveillance of a kind of record of the small force."""
    found: Surveillance = next(s for s in target.shards if s.kind == kind).surveillance["tiny"]
    return found


@lru_cache
def hours(number: int, first: int = 0, seed: int = 1) -> tuple[bytes, ...]:
    """So many hours of incidents, about 4 an hour by day and 2 by night: a payload each."""
    chance = np.random.default_rng((seed, first))
    payloads = []
    for hour in range(first, first + number):
        at = START + hour * HOUR
        usual = 4 if 8 <= hour % 24 < 20 else 2
        minutes = sorted(chance.integers(0, 60, chance.poisson(usual)).tolist())
        payloads.append(burst(at, minutes, "h"))
    return tuple(payloads)


def burst(at: int, minutes: list[int], name: str) -> bytes:
    """An incident in each of these minutes after an instant; a minute named twice has two."""
    return lines(
        incident(f"{name}{at}/{n}", rfc3339(at + minute * 60_000), grade="priority")
        for n, minute in enumerate(minutes)
    )


def state_of(surveillance: Surveillance) -> dict[str, Any]:
    """All of it, as it comes back from a checkpoint."""
    encode = msgspec.msgpack.Encoder(enc_hook=state.plain).encode
    return {name: msgspec.msgpack.decode(encode(part)) for name, part in whole(surveillance)}


def play(target: Monitor, payloads: tuple[bytes, ...]) -> list[Signal]:
    """Folds payloads; the signals on the way."""
    signals: list[Signal] = []
    of(target).on_signals = signals.extend
    assert not target.ingest(b"\n".join(payloads), FAR_FUTURE)
    return signals


def after(hour: int) -> int:
    """The instant so many hours after the start."""
    return START + hour * HOUR


def changed_force(affects: str, effect: str = "restart") -> Force:
    """The small force with a change of recording on 7 April 2021."""
    text = TINY_FORCE + (
        f'[[changes]]\ndate = 2021-04-07\nkind = "recording"\neffect = "{effect}"\n'
        f'what = "All reports are kept"\naffects = [{affects}]\n'
    )
    force, problems = check_force(text, "tiny.toml")
    assert force is not None, problems
    return force
