"""Where an alert says that a change may be one of recording."""

from __future__ import annotations

from streams.alerts.lookup import NoLookup
from streams.alerts.rules import exceptional_volume, level_change
from streams.config.force import find_force
from streams.surveillance.signals import Signal
from tests.alerting import at, signal

WARWICKSHIRE = find_force("warwickshire")
NOW = at("2026-10-24T06:00")


class Alike(NoLookup):
    """All five areas moved alike."""

    def alike(self, signal: Signal, since: int, ratio: float | None) -> int | None:
        return 5 if ratio and ratio > 1 else None


def missing(**changes: object) -> Signal:
    said: dict[str, object] = {
        "kind": "incident", "group": "incidents", "measure": "count", "grain": "day",
        "row": {"category": "missing_person", "grade": "all"}, "method": "change",
        "observed": 17.0, "expected": 8.0, "lower": 4.0, "upper": 12.0,
        "onset": at("2026-10-01T00:00"), "ratio": 2.0, "before": 8.0, "after": 16.0,
    }  # fmt: skip
    return signal("2026-10-23T12:00", **said | changes)


def test_a_category_that_changed_alike_in_all_areas_is_perhaps_recording() -> None:
    said = exceptional_volume.by_days(
        WARWICKSHIRE, "Missing person incidents", missing(), 2.0, at("2026-10-01T00:00"), NOW, 5
    )
    assert said[1] == "About 2 times the usual since 1 October in all 5 areas: perhaps recording."


def test_one_that_lasts_says_so_too() -> None:
    said = exceptional_volume.by_weeks(
        WARWICKSHIRE, "Missing person incidents", (16.0, 8.0), 2.0, at("2026-10-01T00:00"), NOW, 5
    )
    assert said[1].startswith("All 5 areas alike: perhaps recording. ")


def test_only_what_was_written_down_can_be_recording() -> None:
    assert exceptional_volume.is_as_recorded(missing())
    assert not exceptional_volume.is_as_recorded(missing(row={"category": "all", "grade": "all"}))
    assert not exceptional_volume.is_as_recorded(signal("2026-10-23T12:00"))


def test_a_new_level_in_all_areas_is_perhaps_recording() -> None:
    said = level_change.said(WARWICKSHIRE, missing(method="level"), NOW, Alike())
    assert said[1].endswith("; in all 5 areas alike: perhaps recording.")
    assert "recording" not in level_change.said(WARWICKSHIRE, missing(), NOW, NoLookup())[1]


def test_a_new_level_of_the_share_with_a_marker_is_perhaps_recording() -> None:
    share = signal(
        "2026-10-23T12:00", kind="crime", group="markers", measure="marked_share", grain="day",
        row={}, method="change", observed=0.17, expected=0.6, lower=0.53, upper=0.65, onset=None,
        ratio=None, before=None, after=None,
    )  # fmt: skip
    assert level_change.said(WARWICKSHIRE, share, NOW, NoLookup())[1] == "Perhaps recording."
