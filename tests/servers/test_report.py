"""The performance summary in a real browser: nothing on the console, nothing for axe, whole charts
on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from streams.outputs.report.comments import Comment
from streams.outputs.report.page import page as html
from tests.build import tiny_force
from tests.servers.chromium import Chromium
from tests.servers.wallboard_rig import browser
from tests.unit.outputs.test_report import made

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAPER = 794 - 106, 1123 - 113
"""A4 without its margins, in pixels."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    comments = [Comment("total_recorded_crime", "Two car parks were closed.", "south")]
    path = tmp_path_factory.mktemp("report") / "summary.html"
    path.write_text(html(made(comments=comments), tiny_force()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the console said."""
    return []


@pytest.fixture(scope="module")
def shown(chromium: Chromium, file: Path, said: list[str]) -> Iterator[Page]:
    with browser(chromium.path) as opened:
        page = opened.new_page(viewport={"width": 1920, "height": 1080})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri())
        yield page


@pytest.mark.parametrize("width", [1920, 390])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(shown: Page, width: int) -> None:
    shown.set_viewport_size({"width": width, "height": 900})
    found = Axe().run(shown, options={"runOnly": WCAG, "resultTypes": ["violations"]})
    assert [each["id"] for each in found.response["violations"]] == []
    root = "document.documentElement"
    assert shown.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")


def test_the_console_stays_silent(shown: Page, said: list[str]) -> None:
    assert said == []


def test_charts_are_whole_on_paper(shown: Page, tmp_path: Path) -> None:
    wide, high = PAPER
    shown.set_viewport_size({"width": wide, "height": high})
    shown.emulate_media(media="print")
    charts = shown.locator("figure .wide svg")
    assert charts.count() == 1
    for chart in charts.all():
        box = chart.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= wide
        assert box["height"] < high / 2
    kept = "each => getComputedStyle(each).breakInside"
    assert shown.locator("figure").first.evaluate(kept) == "avoid"
    pdf = shown.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    shown.emulate_media(media="screen")
