"""The page of a backtest in a real browser: nothing on the console, nothing for axe, whole on
paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from streams.backtest.model import (
    Backtest,
    Difference,
    RaisedAlert,
    Score,
    SettingsResult,
    TruthResult,
)
from streams.backtest.page import page as html
from streams.charts.model import Chart, ChartPoint, Mark
from tests.build import tiny_force
from tests.servers.chromium import Chromium
from tests.servers.pages import fits, is_whole, opened, printed
from tests.servers.wallboard_rig import faults

DAYS = [dt.datetime(2021, 3, 1, tzinfo=dt.UTC) + dt.timedelta(n) for n in range(60)]


def raised(settings: str, number: int, **fields: Any) -> RaisedAlert:
    given: dict[str, Any] = {
        "settings": settings,
        "id": f"{settings}-{number}",
        "kind": "exceptional_volume",
        "severity": "page",
        "group": "calls",
        "measure": "offered",
        "row": {"line": "999"},
        "area": "force",
        "direction": "up",
        "grain": "hour",
        "title": "999 calls, Tiny Police",
        "words": "999 calls, Tiny Police: 21 in the hour to 22:00, usually 3 to 14. Up since 6.",
        "opened_at": DAYS[3 * number],
        "since": DAYS[3 * number],
        "judged_to": DAYS[3 * number],
        "until": None if number == 5 else DAYS[3 * number + 1],
        "hours_open": 24.0,
        "report_at": DAYS[45],
        "days_before_report": 45.0 - 3 * number,
        "verdict": "found" if number == 0 else "false",
        "truth": "Surge" if number == 0 else None,
        "why": "of Outage, but in the other direction" if number == 1 else "",
        **fields,
    }
    return RaisedAlert(**given)


def result(settings: str, alerts: int) -> SettingsResult:
    """What came of some settings, with that many alerts."""
    chart = Chart(
        title="Calls: Offered (line 999), Tiny Police",
        unit="count",
        period="day",
        points=tuple(
            ChartPoint(start=at, end=at + dt.timedelta(1), label=f"{at:%Y-%m-%d}", value=50 + n % 9)
            for n, at in enumerate(DAYS)
        ),
        marks=(
            Mark(at=DAYS[0], until=DAYS[2], kind="alert", words="999 calls", link="a-0"),
            Mark(at=DAYS[0], until=DAYS[5], kind="note", words="Surge"),
        ),
    )
    common: dict[str, Any] = {"settings": settings, "within_hours": 24.0, "optional": False}
    return SettingsResult(
        name=settings,
        differs=("alerts.false_episodes_a_week = 2 (own: 1)",) if settings != "own" else (),
        alerts=tuple(raised(settings, number) for number in range(alerts)),
        by_severity={"page": alerts, "notice": 0, "state": 0},
        by_kind={"exceptional_volume": alerts},
        weeks_judged=8.43,
        alerts_a_week=alerts / 8.43,
        budget_a_week=1.0,
        hours_open=24.0 * alerts,
        open_at_end=1,
        watched=120,
        learning=20,
        faults=0,
        truths=(
            TruthResult(
                **common, name="Surge", about="calls.offered, line 999, up", start=DAYS[0],
                end=DAYS[5], detection="found", delay_hours=5.0,
            ),
            TruthResult(
                **common, name="Outage", about="any of calls, down", start=DAYS[9], end=None,
                detection="missed",
            ),
        ),
        score=Score(
            expected=2, found=1, late=0, missed=1, again=0, false=alerts - 1,
            false_states=0, false_a_week=0.5, median_delay_hours=5.0,
        ),
        charts=(chart,),
        charts_left_out=1,
    )  # fmt: skip


def made() -> Backtest:
    own, other = result("own", 6), result("two-a-week", 12)
    return Backtest(
        force="tiny",
        force_name="Tiny Police",
        sources=("calls.ndjson",),
        start=DAYS[0],
        end=DAYS[-1],
        weeks=8.43,
        records_from=DAYS[0],
        report_lag_days=14.0,
        rows="rows in = 3: 3 counted + 0 merged as versions + 0 refused + 0 excluded",
        notes=("Rows of calls are as they were at their end.",),
        truth_given=True,
        results=(own, other),
        differences=tuple(
            Difference(
                title=each.title,
                words=each.words,
                opened_at=each.opened_at,
                first=None,
                second=each.id,
            )
            for each in other.alerts[6:]
        ),
        same=6,
        version="1",
    )


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the console said."""
    return []


@pytest.fixture(scope="module")
def shown(
    chromium: Chromium, tmp_path_factory: pytest.TempPathFactory, said: list[str]
) -> Iterator[Page]:
    path = tmp_path_factory.mktemp("backtest") / "page.html"
    path.write_text(html(made(), tiny_force()), encoding="utf-8")
    with opened(chromium, path, said) as page:
        yield page


@pytest.mark.parametrize("width", [1920, 390])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(shown: Page, width: int) -> None:
    shown.set_viewport_size({"width": width, "height": 900})
    assert faults(shown) == []
    assert fits(shown)


def test_the_console_stays_silent(shown: Page, said: list[str]) -> None:
    assert said == []


def test_tables_and_charts_are_whole_on_paper(shown: Page) -> None:
    with printed(shown):
        charts = shown.locator("figure .wide svg")
        assert charts.count() == 4  # by time and of the series, of each of two settings
        assert all(map(is_whole, [*charts.all(), *shown.locator("table").all()]))


def test_the_page_says_what_was_found_missed_and_false(shown: Page) -> None:
    text = shown.locator("main").inner_text()
    assert "found after 5 h" in text
    assert "missed" in text
    assert "false: of Outage, but in the other direction" in text
    assert "0 by own only, 6 by two-a-week only" in text
