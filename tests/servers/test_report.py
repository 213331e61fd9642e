"""The performance summary in a real browser: nothing on the console, nothing for axe, whole charts
on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from streams.outputs.report.comments import Comment
from streams.outputs.report.page import page as html
from tests.build import tiny_force
from tests.servers.chromium import Chromium
from tests.servers.pages import PAPER, fits, is_whole, opened, printed
from tests.servers.wallboard_rig import faults
from tests.unit.outputs.test_report import made


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
    with opened(chromium, file, said) as page:
        yield page


@pytest.mark.parametrize("width", [1920, 390])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(shown: Page, width: int) -> None:
    shown.set_viewport_size({"width": width, "height": 900})
    assert faults(shown) == []
    assert fits(shown)


def test_the_console_stays_silent(shown: Page, said: list[str]) -> None:
    assert said == []


def test_charts_are_whole_on_paper(shown: Page) -> None:
    with printed(shown):
        (chart,) = shown.locator("figure .wide svg").all()
        box = chart.bounding_box()
        assert is_whole(chart)
        assert box is not None
        assert box["height"] < PAPER[1] / 2
        kept = "each => getComputedStyle(each).breakInside"
        assert shown.locator("figure").first.evaluate(kept) == "avoid"
