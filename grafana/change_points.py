"""Change points: where a measure can't be compared across, as notes on every chart.

Two kinds are known. The force's file lists changes of system and of recording, at which a baseline
starts anew (a re-base) or which are only marked. A running monitor knows the changes of level that
it found itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec

from streams.alerts.rules.level_change import LEVEL_CHANGE
from streams.config.force import Force
from streams.errors import ConfigError, SourceError
from streams.outputs.monitor_client import Declined, MonitorClient, NoAnswer
from streams.periods import to_ms

FORCE_FILE = "from:force-file"
MONITOR = "from:monitor"
PATIENCE = 15


class ChangePoint(NamedTuple):
    """An instant (or a stretch) in milliseconds, what is said of it, and what it is known by."""

    key: str
    start: int
    end: int
    text: str
    tags: tuple[str, ...]


class AlertSent(msgspec.Struct):
    """What is read of an alert of a monitor; `onset` and `opened_at` are RFC 3339."""

    id: str
    kind: str
    area: str
    group: str
    measure: str
    words: str
    opened_at: str
    onset: str | None = None


class AlertsSent(msgspec.Struct):
    """What is read of `/alerts.json`."""

    alerts: list[AlertSent]


def of_force(force: Force) -> list[ChangePoint]:
    """The changes of system and of recording of a force's file, at midnight where it is."""
    made = []
    for change in force.file.changes:
        midnight = dt.datetime.combine(change.date, dt.time(), force.zone)
        at = to_ms(midnight)
        affected = ", ".join(name.replace("_", " ") for name in change.affects) or "everything"
        key = f"{force.id}/{change.date}/{change.kind}/{change.what}"
        effect = "Re-based" if change.effect == "restart" else "Compared across a change"
        text = f"{change.what}. {effect}: {affected}"
        made.append(ChangePoint(key, at, at, text, (FORCE_FILE, f"kind:{change.kind}")))
    return made


def of_alerts(alerts: Iterable[AlertSent]) -> list[ChangePoint]:
    """The changes of level among alerts, each at the instant from which the level is another."""
    made = []
    for alert in alerts:
        if alert.kind != LEVEL_CHANGE.name:
            continue
        at = to_ms(dt.datetime.fromisoformat(alert.onset or alert.opened_at))
        tags = [MONITOR, f"kind:{LEVEL_CHANGE.name}", f"area:{alert.area}"]
        tags.append(f"measure:{alert.group}.{alert.measure}")
        made.append(ChangePoint(alert.id, at, at, alert.words, tuple(tags)))
    return made


def from_monitor(url: str, force: str, token: str | None = None) -> list[ChangePoint]:
    """The changes of level that a running monitor found in this force; `token`: says who asks."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ConfigError(f'"{url}" is no address of a monitor', cure="Write http://HOST:8787")
    address = f"{url.rstrip('/')}/alerts.json?{urlencode({'force': force})}"
    try:
        answer = MonitorClient(url, PATIENCE, token).ask("/alerts.json", {"force": force})
        return of_alerts(msgspec.json.decode(answer, type=AlertsSent).alerts)
    except Declined as error:
        raise SourceError(f"{address} answered {error.status}. Is a monitor there?") from error
    except NoAnswer as error:
        raise SourceError(f"the monitor at {url} can't be reached. Is it running?") from error
    except (ValueError, msgspec.DecodeError) as error:
        raise SourceError(f"{address} does not answer as a monitor does") from error
