"""One step down from the wallboard in a real browser: charts, alerts and the shift's handover, all
by the keyboard alone, and nothing that axe finds on any page that a link leads to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import msgspec
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from streams.alerts.model import Transition
from streams.outputs.public.screen import serve_public
from streams.periods import MINUTE
from tests.servers.wallboard_rig import FORCE, Room, Screens, faults, screens

WAITS = "999 calls, Warwickshire, 20:00 to 21:00: 31, expected 6 to 23."
CHART = "/chart?chart=waiting&line=999"
FOCUSED = """() => {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const { width, height } = element.getBoundingClientRect();
  return { seen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && width * height > 0,
    words: element.innerText || element.id || element.tagName };
}"""


@pytest.fixture
def show(opened: Browser, evening: Room) -> Iterator[Screens]:
    """Opens a page of the evening."""
    with screens(opened, evening.url, 1280, 800) as made:
        yield made


# -- charts ----------------------------------------------------------------------------------------


def picture(page: Page) -> Locator:
    return page.locator(".picture svg.chart")


SETTLED = """() => {
  const drawn = document.querySelector(".picture svg.chart");
  const { width, height } = drawn?.getBoundingClientRect() ?? {};
  const before = window.before;
  window.before = `${width} ${height}`;
  return height > 0 && window.before === before;
}"""


def box_of(page: Page) -> Any:
    """Where the chart is once it has the size of the screen: it is measured, and drawn again."""
    page.wait_for_function(SETTLED, polling=500)
    return page.locator(".picture").bounding_box()


def test_a_chart_fills_the_screen_and_follows_its_size(show: Screens) -> None:
    page = show(CHART, 1920, 1080)
    box = box_of(page)
    assert box["width"] > 1800
    assert box["height"] > 600
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(picture(page)).to_have_attribute("viewBox", re.compile("^0 0 3"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_arrow_keys_go_from_hour_to_hour_and_say_each(show: Screens) -> None:
    page = show(CHART)
    slider = page.get_by_role("slider", name="Period shown")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    words = re.compile("^20:00 to 21:00 on 14 January 2022: 15")
    expect(page.locator(".read")).to_have_text(words)
    expect(slider).to_have_attribute("aria-valuetext", words)
    page.keyboard.press("Home")
    expect(page.locator(".read")).to_have_text(re.compile("^00:00 to 01:00 on 14 January 2022"))


def test_buttons_show_hours_and_days_and_the_address_keeps_them(show: Screens) -> None:
    page = show(CHART)
    expect(page.get_by_role("button", name="Last 24 hours")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("button", name="Last 6 hours").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("from 15:00 on 14 January 2022")
    expect(page.locator("#spoken")).to_contain_text("Last 6 hours. By hour, from 15:00")
    assert "hours=6" in page.url
    page.get_by_role("button", name="Last 28 days").click()
    expect(page.locator("#said")).to_contain_text("By day")
    page.reload()
    expect(page.locator("#said")).to_contain_text("By day")


def test_above_a_chart_of_a_late_feed_stands_that_it_is_late(show: Screens, evening: Room) -> None:
    lead = show(CHART).locator(".lead")
    expect(lead).to_have_text(re.compile("^3 waiting at 21:10:00"))
    evening.clock.move(12 * MINUTE)
    evening.beat("incidents")
    expect(lead).to_have_text(
        re.compile("^Late: 3 waiting at 21:10:00; nothing of the calls feed for 12.min since.$")
    )


def test_dragging_and_the_wheel_show_less_and_escape_lets_go(show: Screens) -> None:
    page = show(CHART)
    box = box_of(page)
    y = box["y"] + box["height"] / 2

    def drag(first: float, last: float, *, drop: bool = True) -> None:
        page.mouse.move(box["x"] + box["width"] * first, y)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * last, y, steps=4)
        if not drop:
            page.keyboard.press("Escape")
        page.mouse.up()

    drag(0.5, 0.8, drop=False)
    assert "from=" not in page.url
    drag(0.5, 0.8)
    expect(page.locator("#said")).to_contain_text("from 10:00 on 14 January 2022 to 18:00")
    assert "from=" in page.url
    page.mouse.wheel(0, 100)
    expect(page.locator("#spoken")).to_contain_text("Zoomed out")
    page.get_by_role("button", name="Zoom in").click()
    expect(page.locator("#spoken")).to_contain_text("Zoomed in")
    page.get_by_role("button", name="Earlier").click()
    expect(page.locator("#spoken")).to_contain_text("Earlier. By hour")


def test_a_chart_renews_itself_and_keeps_its_time_and_the_cursor(
    show: Screens, evening: Room
) -> None:
    page = show(f"{CHART}&hours=6")
    slider = page.get_by_role("slider", name="Period shown")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".read")).to_contain_text("20:00 to 21:00")
    before = picture(page).inner_html()
    evening.take(evening.call(0), evening.call(0))
    expect(picture(page)).not_to_have_text(before)
    rows = page.locator(".rows-of-chart tbody tr").first
    expect(rows).to_contain_text("5")
    expect(page.locator(".read")).to_contain_text("20:00 to 21:00")
    expect(slider).to_be_focused()
    assert "hours=6" in page.url


def test_a_week_is_asked_for_every_minute_and_without_an_answer_its_time_is_the_forces(
    opened: Browser, evening: Room
) -> None:
    context = opened.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.clock.install()
    page.goto(f"{evening.url}{CHART}&hours=168")
    expect(picture(page)).to_have_count(1)
    page.clock.run_for(11_000)  # drawn again in its size by now
    asked = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.clock.run_for(20_000)
    assert asked.count("/drawing.json") == 0
    page.clock.run_for(40_000)
    assert asked.count("/drawing.json") == 1
    page.route("**/drawing.json*", lambda route: route.abort())
    page.clock.run_for(60_000)
    status = page.get_by_role("status").filter(has_text="No answer")
    expect(status).to_have_text("No answer: figures of 21:10")
    context.close()


def test_an_alerts_page_shows_its_hour_as_it_came_in_what_was_usual_by_then(
    show: Screens, evening: Room
) -> None:
    page = show(f"/alert?id={quote(evening.alert(WAITS, 12))}")
    course = page.get_by_role("region", name="The hour as it came")
    expect(course).to_contain_text(
        "Counted from 20:00 on, 14 January 2022: 15 by 21:00, usually 6 to 23 by then."
    )
    expect(course.locator("svg.chart")).to_be_visible()
    course.get_by_role("slider").focus()
    page.keyboard.press("End")
    expect(course.locator(".read")).to_contain_text("By 21:00: 15. Usual by then 6 to 23.")
    expect(course.locator(".read")).to_contain_text("The alert said 31.")


def test_the_evidence_and_the_title_of_an_alerts_page_go_on_with_its_words(
    show: Screens, evening: Room
) -> None:
    ident = evening.alert(WAITS, 12)
    page = show(f"/alert?id={quote(ident)}")
    seen = page.get_by_role("region", name="Evidence").get_by_role("row", name="seen")
    expect(seen).to_have_text("seen31")
    held = evening.alerts()[ident]
    more = WAITS.replace("31", "58")
    evidence = msgspec.structs.replace(held.evidence, observed=58.0)
    now = msgspec.structs.replace(
        held, revision=held.revision + 1, words=more, said=(more,), evidence=evidence
    )
    evening.service.restore([Transition(what="updated", at=held.updated_at, alert=now)])
    expect(page.locator("#words")).to_contain_text("58, expected", timeout=60_000)
    expect(seen).to_have_text("seen58")
    expect(page).to_have_title(re.compile("58, expected"))


def test_what_is_over_can_still_be_called_what_it_was_and_what_is_missing_is_said(
    show: Screens, evening: Room
) -> None:
    ident = evening.alert(WAITS, 12)
    page = show(f"/alert?id={quote(ident)}")
    page.get_by_label("You: initials or role").fill("AB")
    page.locator("#actions summary").click()
    for button, words in (
        ("Snooze", "Say why you snooze it."),
        ("Hand over", "Say who gets it."),
        ("Add note", "Write the note."),
        ("Close", "Choose what it was."),
    ):
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    held = evening.alerts()[ident]
    over = msgspec.structs.replace(
        held, revision=held.revision + 1, state="resolved", resolved_at=held.updated_at
    )
    evening.service.restore([Transition(what="resolved", at=held.updated_at, alert=over)])
    status = page.locator("#status")
    expect(status).to_contain_text("oversince 14 Jan", timeout=60_000)
    expect(status).not_to_contain_text("nobody yet")
    expect(page.get_by_role("button", name="I have it")).to_be_hidden()
    page.get_by_label("it was").select_option("a planned event")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(status).to_contain_text(re.compile("closedby AB, 14 Jan, .*: a planned event"))
    assert evening.alerts()[ident].outcome == "planned_event"
    expect(page.locator("#actions")).to_be_hidden()


def test_where_a_proxy_answers_instead_of_watchroom_nothing_is_said_of_what_was_done(
    show: Screens, evening: Room
) -> None:
    page = show(f"/alert?id={quote(evening.alert(WAITS, 12))}")

    def lost(route: Route) -> None:
        route.fetch()
        route.fulfill(status=200, content_type="text/html", body="<h1>Bad gateway</h1>")

    page.route("**/api/alerts/**", lost)
    page.get_by_label("You: initials or role").fill("AB")
    page.get_by_role("button", name="I have it").click()
    expect(page.locator("#acknowledge-problem")).to_have_text(
        re.compile("^Watchroom does not answer: this may not be done. See what stands here")
    )
    expect(page.locator("#status")).to_contain_text("by AB", timeout=60_000)


def test_pages_of_alerts_say_when_watchroom_does_not_answer_and_send_nothing_then(
    show: Screens, evening: Room
) -> None:
    """As of a process that stands still: it takes connections, and no word comes."""
    alert = evening.alert(WAITS, 12)
    feeds = "/chart?chart=feeds"
    paths = (f"/alert?id={quote(alert)}", "/alert", "/handover", feeds)
    pages = [show(path) for path in paths]
    for page in pages:
        expect(page.locator("#main h1")).to_be_visible()
        expect(page.locator("#stale")).to_be_hidden()
        page.route("**/*", lambda _: None)
    words = re.compile(r"^Stale for \d+.s: no connection since 21:10:00$")
    for page in pages:
        expect(page.locator("#stale")).to_have_text(words, timeout=60_000)
        assert page.title().startswith("STALE: ")
    one, _, handover, _ = pages
    one.get_by_label("You: initials or role").fill("AB")
    one.get_by_role("button", name="I have it").click()
    not_sent = "This was not sent: there is no connection to Watchroom. Try again when it is back."
    expect(one.locator("#acknowledge-problem")).to_have_text(not_sent)
    handover.get_by_label("You: initials or role").fill("AB")
    handover.get_by_label("To: who has the room now").fill("CD")
    handover.get_by_role("button", name="Hand over the shift").click()
    expect(handover.locator("#problem")).to_have_text(not_sent)
    for page in pages:
        page.unroute("**/*")
    for page in pages:
        expect(page.locator("#stale")).to_be_hidden(timeout=60_000)
        assert not page.title().startswith("STALE")
    assert evening.alerts()[alert].owner is None


# -- by the keyboard alone -------------------------------------------------------------------------


def tab_to(page: Page, words: str, most: int = 40) -> None:
    """Goes on with Tab until what has these words has the focus; it is to be seen all the way."""
    for _ in range(most):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        assert found["seen"], f"nobody sees the focus on {found['words']}"
        if words in found["words"]:
            return
    raise AssertionError(f"Tab does not come to {words}")


def test_an_alerts_whole_life_and_the_handover_go_by_the_keyboard_alone(
    show: Screens, evening: Room
) -> None:
    alert = evening.alert(WAITS, 12, owner="Duty inspector")
    page = show("/")
    expect(page.locator("#tiles")).to_be_visible()
    tab_to(page, WAITS)
    page.keyboard.press("Enter")
    spoken, status = page.locator("#spoken"), page.locator("#status")
    expect(status).to_contain_text("by Duty inspector")
    expect(status).to_contain_text("Page; open since 14 Jan, 20:58")

    tab_to(page, "who")
    page.keyboard.type("AB")
    page.keyboard.press("Enter")
    asks = page.get_by_role("alert").filter(has_text="Duty inspector has it. Take over?")
    expect(asks).to_be_visible()
    expect(page.get_by_role("button", name="Take over")).to_be_focused()
    page.keyboard.press("Escape")
    expect(spoken).to_have_text("Not taken over.")
    expect(page.get_by_role("button", name="I have it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(asks).to_be_visible()
    page.keyboard.press("Enter")
    expect(spoken).to_have_text("You have it now.")
    expect(status).to_contain_text("by AB")
    expect(page.get_by_role("button", name="I have it")).to_be_focused()

    tab_to(page, "Snooze, hand over, note or close")
    page.keyboard.press("Enter")
    tab_to(page, "30 minutes")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("football")
    page.keyboard.press("Enter")
    expect(spoken).to_have_text("Snoozed.")
    expect(status).to_contain_text("snoozed until 14 Jan, 22:10: football")
    expect(page.get_by_role("button", name="Snooze")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#actions summary")).to_be_focused()

    page.keyboard.press("Enter")
    tab_to(page, "real")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("match day")
    page.keyboard.press("Enter")
    expect(spoken).to_have_text("Closed.")
    expect(status).to_contain_text("by AB, 14 Jan, 21:10: a planned event")
    expect(status).to_be_focused()
    assert evening.alerts()[alert].outcome == "planned_event"

    evening.alert("Emergencies unattended: 2.", 3, owner="AB")
    page.keyboard.press("Shift+Tab")
    page.goto(f"{evening.url}/alert?force={FORCE}")
    expect(page.get_by_role("link", name="Emergencies unattended: 2.")).to_be_visible()
    tab_to(page, "Shift handover")
    page.keyboard.press("Enter")
    expect(page.locator("#last")).to_have_text("Not handed over in the last 12 hours.")
    tab_to(page, "to")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Say who has the room now.")
    expect(page.locator("#along")).to_have_text("1 open alert that you have goes along.")
    page.keyboard.type("Night shift")
    page.keyboard.press("Tab")
    page.keyboard.type("Calm so far.")
    page.keyboard.press("Enter")
    expect(spoken).to_have_text("Handed over to Night shift, with 1 alert.")
    expect(page.locator("#last")).to_be_focused()
    expect(page.locator("#last")).to_have_text(re.compile(r", AB to Night shift: Calm so far\.$"))
    log = page.locator("#log")
    for words in (
        "Night shift",
        "match day",
        "snoozed until 22:10: football",
        "took over from Duty inspector",
        "closed as a planned event: match day",
        "it was a planned event",
    ):
        expect(log).to_contain_text(words)
    page.goto(evening.url)
    expect(page.locator("#alerts")).to_contain_text("handed over 14 Jan, 21:10")


def test_what_was_typed_and_the_focus_survive_a_renewal(show: Screens, evening: Room) -> None:
    alert = evening.alert(WAITS, 12)
    page = show(f"/alert?id={quote(alert)}")
    page.get_by_label("You: initials or role").fill("AB")
    page.get_by_text("Snooze, hand over, note or close").click()
    reason = page.get_by_label("because")
    reason.focus()
    page.keyboard.type("foot")
    evening.service.act(alert, "acknowledge", evening.clock(), "CD")
    expect(page.locator("#status")).to_contain_text("by CD")
    page.keyboard.type("ball")
    expect(reason).to_have_value("football")
    expect(reason).to_be_focused()
    page.get_by_role("region", name="What happened").focus()
    evening.service.act(alert, "note", evening.clock(), "CD", note="called them")
    expect(page.locator("#log")).to_contain_text("called them")
    expect(page.get_by_role("region", name="What happened")).to_be_focused()


def test_escape_closes_the_menu_and_leads_back_to_it(show: Screens) -> None:
    page = show("/")
    expect(page.locator("#tiles")).to_be_visible()
    page.locator("#menu summary").focus()
    page.keyboard.press("Enter")
    tab_to(page, "Shift handover")
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).not_to_have_attribute("open", "")
    expect(page.locator("#menu summary")).to_be_focused()


# -- axe -------------------------------------------------------------------------------------------


def kind_of(address: str) -> tuple[str, ...]:
    """What tells one kind of page from another: its path and its parameters, and which chart."""
    parts = urlsplit(address)
    query = parse_qs(parts.query)
    return (parts.path, *sorted(query), *query.get("chart", ()), *query.get("grain", ()))


def links(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        "a[href]:not([download])", "all => all.map(each => each.getAttribute('href'))"
    )
    return found


@pytest.mark.parametrize(("theme", "width", "height"), [("dark", 1920, 1080), ("light", 390, 844)])
def test_axe_finds_nothing_on_any_page_that_links_lead_to(
    show: Screens, evening: Room, theme: str, width: int, height: int
) -> None:
    evening.alert(WAITS, 12)
    evening.alert("Emergencies unattended: 2.", 3, owner="AB")
    evening.service.act(f"{FORCE}/shift", "hand_over", evening.clock(), "AB", to="CD")
    evening.clock.move(12 * MINUTE)
    evening.beat("incidents")
    evening.live.health.replay = True
    page = show("/", width, height, color_scheme=theme)
    page.get_by_text("Menu").click()
    assert faults(page) == []
    missing = ["/?area=nosuch", "/chart?chart=x"]
    show.missing.update(missing)
    wanted = [*links(page), "/about", "/sign-in", "/runbooks/", *missing]
    seen: dict[tuple[str, ...], list[str]] = {}
    while wanted:
        address = urljoin(evening.url, wanted.pop())
        kind = kind_of(address)
        if not address.startswith(evening.url) or kind in seen:
            continue
        answer = page.request.get(address)
        if "text/html" not in answer.headers["content-type"]:
            seen[kind] = []
            continue
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_text("Reading …")).to_have_count(0)
        for each in page.locator("details").all():
            each.evaluate("one => one.open = true")
        seen[kind] = faults(page)
        wanted += links(page)
    assert {" ".join(kind): found for kind, found in seen.items() if found} == {}
    paths = {path for path, *_ in seen}
    assert {"/", "/alert", "/chart", "/handover", "/explore", "/ahead", "/about"} <= paths


def test_axe_finds_nothing_on_the_public_screen(opened: Browser, evening: Room) -> None:
    public = serve_public([evening.url], below=5)
    page = opened.new_page()
    try:
        page.goto(f"{public.url}/?force={FORCE}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert faults(page) == []
    finally:
        page.close()
        public.stop()
