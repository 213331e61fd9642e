"""A whole backtest: what came of a history under each of the settings, and how they differ."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from streams.alerts.model import instant
from streams.backtest.model import Backtest, Difference
from streams.backtest.playing import Played
from streams.backtest.results import WEEK, differences
from streams.config.force import Force
from streams.periods import DAY, rfc3339


def whole(
    force: Force,
    sources: Sequence[str],
    played: Sequence[Played],
    *,
    lag: int,
    truth_given: bool,
    version: str,
    notes: Sequence[str] = (),
) -> Backtest:
    """The plays of one history together; the first two are compared. `lag` is in ms,
    `version` that of Watchroom."""
    start, end = max(each.start for each in played), min(each.end for each in played)
    found: list[Difference] = []
    same = 0
    said = list(dict.fromkeys([*notes, *(note for each in played for note in each.notes)]))
    if len(played) > 1:
        one, other = (
            replace(
                each.result,
                alerts=tuple(
                    alert
                    for alert in each.result.alerts
                    if alert.opened_at < instant(end, force.zone)
                ),
            )
            for each in played[:2]
        )
        found, same = differences(one, other, force)
        if max(each.end for each in played) > end:
            said.append(
                f"Not all settings were played up to the same time: they are compared up to "
                f"{rfc3339(end)}."
            )
    return Backtest(
        force=force.id,
        force_name=force.name,
        sources=tuple(sources),
        start=instant(start, force.zone),
        end=instant(end, force.zone),
        weeks=round(max(0.0, (end - start) / WEEK), 2),
        records_from=instant(min(each.first for each in played), force.zone),
        report_lag_days=round(lag / DAY, 2),
        rows=played[0].rows,
        notes=tuple(said),
        stopped=any(each.stopped for each in played),
        truth_given=truth_given,
        results=tuple(each.result for each in played),
        differences=tuple(found),
        same=same,
        version=version,
    )
