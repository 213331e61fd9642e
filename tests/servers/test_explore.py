"""Explore in a real browser: its chart can be read by mouse, keyboard and without a script, on a
large screen, a phone and paper; the wallboard and every alert lead to it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from streams.board.monitor import Monitor
from streams.live import Live
from streams.outputs.monitor_server import serve
from streams.outputs.web.running import Running
from tests.build import crime, feed, ms, tiny_force
from tests.servers.wallboard_rig import FORCE, Room, Screens, faults, screens

CRIME = "/explore?measure=total_recorded_crime"
COUNTS = [*[29, 31] * 6, *[34, 36] * 4, 50, 36, 20, 38]
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """Two years of crimes: an average that moved, months far out, and one that runs."""
    watched = Monitor([tiny_force()])
    watched.play_history(True)
    for month, count in enumerate(COUNTS):
        year, of_year = divmod(month, 12)
        days = (1, 28 if of_year == 1 else 30, *[10] * count)[:count]
        feed(
            watched,
            *(
                crime(f"m{month}n{n}", f"{2020 + year}-{of_year + 1:02d}-{day:02d}T12:00:00Z")
                for n, day in enumerate(days)
            ),
        )
    made = Live(watched, clock=lambda: ms("2021-12-20T12:00:00Z"))
    made.health.state, made.health.replay = "live", True
    running = serve(made)
    yield running
    running.stop()


@pytest.fixture
def show(opened: Browser, server: Running) -> Iterator[Open]:
    """Opens a page, by itself the chart of all crime."""
    with screens(opened, server.url, 1920, 1080) as made:
        yield partial(_shown, made)


def _shown(made: Screens, path: str = CRIME, *size: int, **more: Any) -> Page:
    return made(path, *size, **more)


def picture(page: Page) -> Any:
    """The chart that fits the window."""
    return page.locator(".drawing svg:visible")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1920, 1080), (390, 844)])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    show: Open, theme: str, size: tuple[int, int]
) -> None:
    explored = (CRIME, "/explore", "/explore?measure=abuse", f"{CRIME}&grain=day")
    for path in (*explored, "/runbooks/", "/runbooks/WatchroomWrongPartition"):
        page = show(path, *size, color_scheme=theme)
        assert faults(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_words_in_the_chart_do_not_overlap_as_a_browser_draws_them(show: Open) -> None:
    for width in (1920, 390):
        boxes = (
            picture(show(width=width))
            .locator("text")
            .evaluate_all(
                "all => all.map(e => [e.textContent, e.getBBox()])"
                ".map(([t, b]) => [t, b.x, b.y, b.x + b.width, b.y + b.height])"
            )
        )
        assert len(boxes) > 10
        met = [
            (one[0], other[0])
            for one, other in combinations(boxes, 2)
            if one[1] < other[3] and other[1] < one[3] and one[2] < other[4] and other[2] < one[4]
        ]
        assert met == []


def test_pointing_at_a_month_says_its_value(show: Open) -> None:
    page = show()
    picture(page).locator(".spot").nth(20).hover(force=True)
    expect(page.locator("#read")).to_have_text(
        re.compile(r"September 2021: 50\. Average 35, limits 33 to 37\. A year before 29\..*")
    )
    expect(picture(page).locator("circle.cursor")).to_be_visible()


def test_the_keyboard_goes_through_the_months(show: Open) -> None:
    page = show()
    bar = page.get_by_role("slider", name="Period shown")
    expect(bar).to_have_attribute("aria-valuetext", re.compile("^December 2021: 38. .*Not over"))
    bar.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#read")).to_have_text(re.compile("^September 2021: 50."))
    expect(bar).to_have_attribute("aria-valuetext", re.compile("^September 2021: 50."))


def test_what_goes_up_to_now_is_asked_for_again_but_not_under_a_reader(
    opened: Browser, server: Running
) -> None:
    page = opened.new_page(timezone_id="America/New_York")
    page.clock.install(time=dt.datetime(2024, 7, 1, 20, 10, tzinfo=dt.UTC))
    asked = []
    page.on("request", lambda request: asked.append(request.resource_type))
    page.goto(f"{server.url}{CRIME}")
    page.evaluate("document.querySelector('h1').textContent = 'Old'")
    page.get_by_role("slider", name="Period shown").focus()
    page.clock.run_for(61_000)
    assert "fetch" not in asked
    page.get_by_role("link", name="Wallboard").focus()
    page.clock.run_for(60_000)
    expect(page.locator("h1")).to_have_text("Total recorded crime, Tiny Police")
    bar = page.get_by_role("slider", name="Period shown")
    bar.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#read")).to_have_text(re.compile("^November 2021"))
    page.get_by_role("link", name="Wallboard").focus()
    page.route("**/explore*", lambda route: route.abort())
    page.clock.run_for(60_000)
    expect(page.get_by_role("status")).to_have_text(
        re.compile("^No answer: figures of 21:1[2-4]$")  # on the clock of the force
    )
    page.close()


def test_a_page_up_to_a_named_month_stays_as_it_is(opened: Browser, server: Running) -> None:
    page = opened.new_page()
    page.clock.install()
    asked = []
    page.on("request", lambda request: asked.append(request.resource_type))
    page.goto(f"{server.url}{CRIME}&to=2021-10")
    page.clock.run_for(120_000)
    assert "fetch" not in asked
    page.close()


def test_without_a_script_the_form_and_the_chart_work(show: Open) -> None:
    page = show(java_script_enabled=False)
    expect(picture(page)).to_have_count(1)
    expect(picture(page).locator(".spot title").nth(20)).to_have_text(re.compile("^September 2021"))
    page.locator("select[name=grain]").select_option("quarters")
    page.locator("input[name=from]").fill("2021")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".sentence")).to_have_text(re.compile("^By quarter, from January 2021 to"))


def test_a_measure_is_found_by_its_words_and_chosen(show: Open) -> None:
    page = show()
    field = page.get_by_label("Measure, or words of it")
    field.fill("vehicle offences")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vehicle offences, Tiny Police")
    assert page.url.endswith("measure=vehicle+offences&area=force&grain=month")
    page.get_by_label("Measure, or words of it").fill("domestic abuse victims")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Repeat victims of domestic abuse").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Repeat victims of domestic abuse")


def test_a_dark_browser_has_a_dark_chart_unless_the_address_says_light(show: Open) -> None:
    colour = "element => getComputedStyle(element).stroke"
    light = picture(show(color_scheme="light")).locator("path.line").first.evaluate(colour)
    dark = picture(show(color_scheme="dark")).locator("path.line").first
    assert dark.evaluate(colour) != light
    fixed = picture(show(f"{CRIME}&theme=light", color_scheme="dark")).locator("path.line").first
    assert fixed.evaluate(colour) == light


def test_paper_has_the_chart_with_its_values_and_no_controls(show: Open) -> None:
    page = show(color_scheme="dark")
    page.emulate_media(media="print")
    expect(page.locator(".only-paper svg")).to_be_visible()
    expect(page.locator(".only-wide")).to_be_hidden()
    for control in ("form", ".grains", ".links", ".drawing input"):
        expect(page.locator(control)).to_be_hidden()
    assert page.locator(".only-paper .value").count() > 5
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    expect(page.get_by_text("Replay, not live")).to_be_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_every_tile_with_a_figure_is_one_step_from_its_months(
    opened: Browser, evening: Room
) -> None:
    page = opened.new_page()
    for tile, measure in (
        ("waiting-999", "calls.offered{line=999}"),
        ("unattended", "attendance.emergencies"),
        ("in_time-999", "calls.service_level{line=999}"),
    ):
        page.goto(evening.url)
        page.locator(f"#{tile} .explore-link").click()
        expect(page.locator(".about")).to_contain_text(f"Name: {measure}.")
        expect(page.locator(".drawing svg:visible")).to_be_visible()
    page.goto(f"{evening.url}/?kiosk")
    expect(page.locator("#tiles")).to_be_visible()
    expect(page.locator("#waiting-999 .explore-link")).to_be_hidden()
    page.close()


def test_an_alert_has_its_chart_and_leads_to_its_months(opened: Browser, evening: Room) -> None:
    alert = evening.alert("999 calls, Warwickshire, 20:00 to 21:00: 31, expected 6 to 23.", 12)
    page = opened.new_page()
    page.goto(f"{evening.url}/alert?id={quote(alert)}")
    drawn = page.locator("div > .drawing svg:visible")
    expect(drawn.locator("path.alert")).to_have_count(2)
    expect(drawn.locator("path.band")).to_have_count(2)  # what was usual of its hour, and the key
    page.get_by_role("link", name="Days, months and years: explore").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("line 999")
    expect(page.get_by_text("Alerts of this time")).to_be_visible()
    page.get_by_role("link", name="999 calls, Warwickshire, 20:00 to 21:00").click()
    expect(page.get_by_role("button", name="I have it")).to_be_visible()
    assert FORCE in page.url
    page.close()
