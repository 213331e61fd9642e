"""The wallboard in a real browser: what it shows, and what it does when something fails."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from streams.board.freshness import LOOKS
from streams.board.model import find
from streams.outputs import words
from streams.outputs.wallboard import hub
from streams.periods import MINUTE
from tests.servers.chromium import Chromium
from tests.servers.process import wait_until
from tests.servers.wallboard_rig import FORCE, START, Room, faults, room, screens, text
from tests.servers.wallboard_scenes import (
    BESIDE,
    SCENES,
    SIZES,
    beside,
    look,
    look_beside,
    scene,
    settled,
)

WAITS = "999 calls, Warwickshire, 20:00 to 21:00: 31, expected 6 to 23."
Open = Callable[..., Page]


@pytest.fixture
def show(opened: Browser, evening: Room) -> Iterator[Open]:
    """Opens a page of the evening, which the test may cut off, and waits until it shows tiles."""
    with screens(opened, evening.url, 1920, 1080, cut=True) as made:

        def open_page(path: str = "/", *size: int, shows: bool = True, **more: Any) -> Page:
            page = made(path, *size, **{"color_scheme": "dark", **more})
            if shows and (path.startswith("/?") or path == "/"):
                expect(page.locator("#tiles")).to_be_visible()
            return page

        yield open_page


GEOMETRY = (Path(__file__).parent / "wallboard_geometry.js").read_text("utf-8")
TILES = {"waiting": "waiting-999", "answer": "in_time-999"}
"""Those of the emergency line, by what they say."""


def part(page: Page, tile: str, name: str) -> Any:
    return page.locator(f"#{TILES.get(tile, tile)} .{name}")


figure, context, state = (partial(part, name=each) for each in ("figure", "context", "state"))


COUNT = """async ([picture, ...colour]) => {
  const bitmap = await createImageBitmap(await (await fetch(picture)).blob());
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  canvas.drawImage(bitmap, 0, 0);
  const { data } = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (colour.every((each, part) => data[at + part] === each)) found += 1;
  }
  return found / (data.length / 4);
}"""


def share_of(page: Page, colour: tuple[int, int, int]) -> float:
    """The part of the pixels of a page's picture that are of a colour."""
    picture = base64.b64encode(page.screenshot()).decode()
    counter = page.context.new_page()
    found: float = counter.evaluate(COUNT, [f"data:image/png;base64,{picture}", *colour])
    counter.close()
    return found


def test_the_figures_are_those_of_the_board(show: Open, evening: Room) -> None:
    page = show()
    board = evening.figures()
    calls = find(board.now["calls"], line="999", area="force")
    jobs = find(board.now["attendance"], area="force")
    rate = find(board.windows["today"]["calls"], line="999", area="force")
    assert calls is not None
    assert jobs is not None
    assert rate is not None
    expect(figure(page, "waiting")).to_have_text(str(calls["waiting"]))
    expect(context(page, "waiting")).to_contain_text("oldest")
    expect(figure(page, "unattended")).to_have_text(str(jobs["unattended"]))
    level = rate.ratio_of("service_level")
    assert level.value is not None
    expect(figure(page, "answer")).to_have_text(f"{level.value * 100:.1f}%")
    of = f"{level.numerator} of {level.denominator} today"
    expect(context(page, "answer")).to_contain_text(of)
    expect(state(page, "answer")).to_have_text("breachedmissed 90\u00a0%")
    expect(page.locator("#in_time-999")).to_have_attribute("data-state", "breached")
    assert words.share(level, "").startswith(f"{level.value * 100:.1f} % of")
    for feed in ("calls", "incidents"):
        expect(page.locator("#feeds")).to_contain_text(feed)


def test_an_update_appears_by_itself(show: Open, evening: Room) -> None:
    page = show()
    expect(figure(page, "waiting")).to_have_text("3")
    evening.take(evening.call(0))
    expect(figure(page, "waiting")).to_have_text("4")


def test_the_oldest_grows_older_between_updates(show: Open, evening: Room) -> None:
    evening.clock.run()
    page = show()
    before = context(page, "waiting").inner_text()
    expect(context(page, "waiting")).not_to_have_text(before)


def test_a_late_feed_greys_its_figures_and_says_to_when_they_hold(
    show: Open, evening: Room
) -> None:
    evening.clock.move(12 * MINUTE)
    evening.beat("incidents")
    page = show()
    late = "to 21:10, calls feed 12 min behind"
    expect(state(page, "waiting")).to_have_text(f"late{late}")
    expect(state(page, "answer")).to_have_text(f"late{late}")
    expect(context(page, "answer")).to_have_text("53 of 59 today")
    expect(figure(page, "waiting")).to_have_text("3")  # never zero
    expect(context(page, "unattended")).to_contain_text("oldest")
    expect(page.locator("#feeds")).to_contain_text("12 min late")
    evening.clock.move(12 * MINUTE)
    evening.beat("calls")  # and now that of incidents: no age of them goes on as if it were live
    expect(state(page, "open")).to_contain_text("incidents feed")
    ages = page.locator("#open .for")
    expect(ages.first).to_have_text("since 20:55")
    assert " min" not in " ".join(ages.all_inner_texts())
    colour = "element => getComputedStyle(element).color"
    assert figure(page, "waiting").evaluate(colour) != figure(page, "unattended").evaluate(colour)


def test_what_is_not_known_is_no_zero(chromium: Chromium, opened: Browser) -> None:
    with room(lambda _: None) as empty:
        page = opened.new_page()
        page.goto(empty.url)
        for tile in ("waiting", "unattended", "answer"):
            expect(figure(page, tile)).to_have_text("–")
        expect(state(page, "waiting")).to_have_text("not knownnothing from the calls feed yet")
        page.context.close()


@pytest.mark.parametrize(
    ("at", "shown", "words"),
    [
        ({}, "–", "not knownthe feed has no arrivals"),
        ({"arrived_at": START - 500_000}, "0", "calmall attended"),
    ],
)
def test_all_are_attended_only_where_the_feed_has_arrivals(
    opened: Browser, at: dict[str, int], shown: str, words: str
) -> None:
    stamps = {name: text(instant) for name, instant in at.items()}

    def closed(made: Room) -> None:
        closed_at = updated_at = text(START - 60_000)
        made.take(made.emergency(-860, closed_at=closed_at, updated_at=updated_at, **stamps))

    with room(closed) as quiet:
        page = opened.new_page()
        page.goto(quiet.url)
        expect(figure(page, "unattended")).to_have_text(shown)
        expect(state(page, "unattended")).to_have_text(words)
        page.context.close()


def test_a_lost_connection_is_loud_and_comes_back_by_itself(show: Open, evening: Room) -> None:
    evening.clock.run()
    page = show()
    evening.stop()
    banner = page.get_by_role("alert").filter(has_text=": no connection since 21:10:")
    expect(banner).to_be_visible()
    # No age stands still: the only one is that of the silence, and it grows.
    expect(context(page, "waiting")).to_have_text("oldest since 21:08:17")
    assert " min" not in page.locator("#tiles").inner_text()
    before = banner.inner_text()
    expect(banner).not_to_have_text(before)
    expect(page).to_have_title(re.compile("^STALE"))
    assert faults(page) == []
    evening.take(evening.call(0))
    evening.start()
    expect(banner).to_be_hidden()
    expect(figure(page, "waiting")).to_have_text("4")


def test_a_silent_connection_is_as_stale_as_a_broken_one(
    show: Open, evening: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = show()

    def stuck(*_: Any) -> None:
        raise RuntimeError("the board can't be had")

    monkeypatch.setattr(hub._log, "exception", lambda *_: None)
    monkeypatch.setattr(evening.live, "board", stuck)
    expect(page.locator("body")).to_have_class(re.compile("stale"))
    page.wait_for_timeout(6000)  # it connects again meanwhile, and must not believe old figures
    assert "stale" in (page.locator("body").get_attribute("class") or "")
    monkeypatch.undo()
    expect(page.locator("body")).not_to_have_class(re.compile("stale"))


def test_an_alert_is_acknowledged_with_the_keyboard_alone(show: Open, evening: Room) -> None:
    alert = evening.alert(WAITS, 12)
    page = show()
    tile = page.locator("#alerts")
    expect(tile).to_contain_text("1 alert open")
    expect(tile.locator(".who")).to_have_text("pagenobody yetopen 12 min")
    tile.get_by_role("link", name=WAITS).focus()
    page.keyboard.press("Enter")
    page.get_by_label("You: initials or role").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Say who you are")
    page.keyboard.type("Duty inspector AB")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text("owned")
    expect(page.locator("#status")).to_contain_text("Duty inspector AB")
    expect(page.locator("#log")).to_contain_text("acknowledge")
    assert evening.alerts()[alert].owner == "Duty inspector AB"
    page.get_by_role("link", name="Wallboard").click()
    expect(page.locator("#alerts .who")).to_have_text("pagetakenopen 12 min")
    assert "Duty inspector" not in page.content()  # no names of staff on the first screen


def test_to_take_over_what_somebody_has_is_asked_and_done_by_keyboard(
    show: Open, evening: Room
) -> None:
    alert = evening.alert(WAITS, 12, owner="Duty inspector")
    page = show(f"/alert?id={quote(alert)}")
    page.get_by_label("You: initials or role").focus()
    page.keyboard.type("AB")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Duty inspector has it. Take over?")
    assert evening.alerts()[alert].owner == "Duty inspector"
    expect(page.get_by_role("button", name="Take over")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text("by AB")
    expect(page.get_by_role("button", name="I have it")).to_be_visible()


def test_the_list_of_alerts_renews_itself_and_keeps_the_focus(show: Open, evening: Room) -> None:
    evening.alert(WAITS, 12)
    page = show("/alert?force=warwickshire")
    page.get_by_role("link", name=WAITS).focus()
    evening.alert("Emergencies unattended: 2.", 3)
    expect(page.get_by_role("link", name="Emergencies unattended")).to_be_visible()
    expect(page.get_by_role("link", name=WAITS)).to_be_focused()


def test_a_board_of_made_up_records_says_so_and_one_that_mixes_warns(
    show: Open, evening: Room
) -> None:
    page = show()
    expect(page.locator("#mode")).to_be_hidden()
    evening.take(evening.call(0, origin="simulated"))
    expect(page.locator("#mode")).to_have_text("Live and made-up mixed")
    warning = "Not to be relied on: live and made-up calls in one"
    expect(page.get_by_role("alert")).to_have_text(warning)
    expect(page.locator("#updated")).to_contain_text("simulated: calls")


def test_a_click_anywhere_on_an_alert_opens_it(show: Open, evening: Room) -> None:
    evening.alert(WAITS, 12)
    page = show()
    box = page.locator("#alerts .who").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] - 5, box["y"] + 5)
    expect(page.get_by_role("button", name="I have it")).to_be_visible()


def test_an_alert_is_snoozed_and_closed(show: Open, evening: Room) -> None:
    alert = evening.alert(WAITS, 12)
    page = show("/alert?force=warwickshire")
    page.get_by_role("link", name=WAITS).click()
    page.get_by_label("You: initials or role").fill("AB")
    page.get_by_text("Snooze, hand over, note or close").click()
    page.get_by_label(re.compile("^for")).select_option("1 hour")
    page.get_by_label("because").fill("football, planned")
    page.get_by_role("button", name="Snooze").click()
    expect(page.locator("#status")).to_contain_text("snoozed until 14 Jan, 22:10")
    page.get_by_label("it was").select_option("a planned event")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#status")).to_contain_text(": a planned event")
    assert evening.alerts()[alert].outcome == "planned_event"


def test_the_evidence_is_in_plain_words(show: Open, evening: Room) -> None:
    alert = evening.alert(WAITS, 12)
    page = show(f"/alert?id={quote(alert)}")
    for row in (
        "seen 31",
        "usual to 23",
        "chance of as much, if nothing had changed 1 in 43,000",
        "judged by this period by itself",
        "period 14 Jan, 20:00 to 21:00",
        "14 Jan, 20:58 Watchroom opened",
    ):
        expect(page.get_by_role("row", name=row)).to_be_visible()


def test_the_evidence_of_waiting_callers_is_in_minutes(show: Open, evening: Room) -> None:
    evening.clock.move(10 * MINUTE)
    evening.beat("calls", "incidents")
    for _ in range(LOOKS):  # nothing more of the calls is to come
        evening.service.tick()
    made = next(a for a in evening.alerts().values() if a.kind == "callers_waiting")
    page = show(f"/alert?id={quote(made.id)}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("3 callers waiting")
    expect(page.get_by_role("row", name="seen 11 min 43 s")).to_be_visible()
    expect(page.get_by_role("row", name="target 10 s")).to_be_visible()
    expect(page.locator(".drawing svg:visible")).to_be_visible()
    page.goto(evening.url)
    expect(page.locator("#alerts")).to_contain_text("3 callers waiting")
    expect(page.locator("#alerts")).not_to_contain_text("Nobody has this")


def test_unowned_owned_and_snoozed_differ_by_shape_and_word(show: Open, evening: Room) -> None:
    alert = evening.alert(WAITS, 12)
    evening.alert("Emergencies unattended: 2.", 3, owner="AB")
    page = show("/", 390, 844)
    marks = page.locator("#alerts .who")
    expect(marks).to_have_text(["pagenobody yetopen 12 min", "pagetakenopen 3 min"])
    shapes = [marks.nth(n).locator("b svg").inner_html() for n in range(2)]
    assert shapes[0] != shapes[1]
    page.set_viewport_size({"width": 1920, "height": 1080})
    until = evening.clock() + 60 * MINUTE
    reason = "football, planned"
    evening.service.act(alert, "snooze", evening.clock(), "AB", until=until, reason=reason)
    expect(marks.filter(has_text="snoozed")).to_contain_text("open 12 min, snoozed until 22:10")


def test_states_are_counted_below_what_somebody_has_to_act_on_and_lead_to_the_list_of_all(
    show: Open, evening: Room
) -> None:
    for days in range(1, 10):
        words = f"999 calls, Warwickshire: {80 + days} % within 10 s over 4 weeks, target 90 %."
        evening.alert(words, days * 1440, severity="state")
    page = show()
    tile = page.locator("#alerts")
    expect(tile).to_have_attribute("data-state", "state")
    expect(tile.locator(".none")).to_have_text("9 statesno page, no notice")
    rows = tile.locator(".next")
    assert rows.count() >= 3, "as many as there is room for, in small letters"
    expect(rows.first).to_contain_text("stateopen 24 h")
    expect(tile.locator(".context")).to_have_text(f"and {9 - rows.count()} more")
    taken = evening.alert("101 calls: 61, expected 20 to 34.", 14, "DI", severity="notice")
    expect(tile).to_have_attribute("data-state", "taken")
    expect(tile.locator(".label")).to_have_text("1 alert open")
    expect(tile.locator(".words")).to_have_text(["101 calls: 61, expected 20 to 34."])
    expect(tile.locator(".context")).to_have_text("and 9 states")
    assert taken in evening.alerts()
    tile.get_by_role("link", name="and 9 states").click()
    expect(page.locator(".list li")).to_have_count(10)


def test_the_next_alerts_stand_below_the_first_before_its_letters_are_as_large_as_they_can_be(
    show: Open, evening: Room
) -> None:
    evening.alert(WAITS, 12)
    for minutes in range(3):
        evening.alert(f"Emergencies unattended: {minutes + 2}.", minutes, severity="notice")
    tile = show().locator("#alerts")
    expect(tile.locator(".label")).to_have_text("4 alerts open, 4 with nobody yet")
    assert tile.locator(".next").count() >= 1
    sizes = "all => Math.min(...all.map(one => parseFloat(getComputedStyle(one).fontSize)))"
    assert tile.locator(".far").evaluate_all(sizes) >= 64
    hidden = 3 - tile.locator(".next").count()
    expect(tile.locator(".context")).to_have_text(f"and {hidden} more" if hidden else "")


def test_what_is_read_from_five_metres_is_at_least_64_px(show: Open, evening: Room) -> None:
    evening.alert(WAITS, 12)
    evening.live.health.replay = True
    page = show()
    sizes = page.locator(".far").evaluate_all(
        "all => all.map(one => [one.className, parseFloat(getComputedStyle(one).fontSize)])"
    )
    assert len(sizes) > 9
    assert [size for size in sizes if size[1] < 64] == []
    needed = ("#waiting-999 .figure", "#in_time-999 .figure", "#alerts .words", "#alerts .who")
    for selector in (*needed, "#mode", ".clock"):
        assert "far" in (page.locator(selector).first.get_attribute("class") or ""), selector
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_the_tiles_are_those_that_the_force_chooses(opened: Browser) -> None:
    chosen = ["alerts", "unattended", "waiting.101"]
    with room(tiles=chosen) as made:
        page = opened.new_page()
        page.goto(made.url)
        expect(page.locator(".tile")).to_have_count(3)
        named = "all => all.map(one => one.dataset.tile)"
        assert page.locator(".tile").evaluate_all(named) == chosen
        page.context.close()


def test_an_area_that_there_is_not_is_named(show: Open) -> None:
    page = show(f"/?force={FORCE}&area=nosuch", shows=False, missing=True)
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text('There is no area "nosuch" in Warwickshire.')
    page.get_by_role("link", name="Rugby", exact=True).click()
    expect(title).to_have_text("Rugby")


def test_a_page_that_nobody_has_colours_a_twentieth_of_the_screen(
    show: Open, evening: Room
) -> None:
    alert = evening.alert(WAITS, 12)
    page = show()
    expect(page.locator("#alerts")).to_have_attribute("data-state", "page")
    assert share_of(page, (0xFF, 0x5A, 0x26)) >= 0.05
    evening.service.act(alert, "acknowledge", evening.clock(), "AB")
    expect(page.locator("#alerts")).to_have_attribute("data-state", "taken")
    assert share_of(page, (0xFF, 0x5A, 0x26)) == 0


def test_on_a_phone_a_page_that_nobody_has_comes_first(show: Open, evening: Room) -> None:
    alert = evening.alert(WAITS, 12)
    page = show("/", 390, 844)
    tile = page.locator("#alerts")
    expect(tile).to_have_attribute("data-state", "page")
    tops = "all => Math.min(...all.map(one => one.getBoundingClientRect().top))"
    box = tile.bounding_box()
    assert box is not None
    assert box["y"] == page.locator(".tile").evaluate_all(tops)
    assert box["y"] + box["height"] <= 844
    evening.service.act(alert, "acknowledge", evening.clock(), "AB")
    expect(tile).to_have_attribute("data-state", "taken")
    box = tile.bounding_box()
    assert box is not None
    assert box["y"] > 844


def test_a_replay_is_marked_as_not_live(show: Open, evening: Room) -> None:
    evening.live.health.replay, evening.live.health.speed = True, 60.0
    page = show()
    expect(page.locator("#mode")).to_have_text("Replay, not live")
    expect(page.locator("#updated")).to_contain_text("60 times real speed")


def test_figures_that_are_not_ready_say_so(show: Open, evening: Room) -> None:
    evening.live.health.state, evening.live.health.detail = "recovering", "reading back"
    expect(show().get_by_role("alert")).to_have_text("Not ready: reading back")


def test_a_view_of_an_area_says_what_it_does_not_know(show: Open) -> None:
    page = show(f"/?force={FORCE}&area=rugby")
    expect(page.get_by_role("heading", level=1)).to_have_text("Rugby")
    expect(figure(page, "unattended")).to_have_text("1")
    expect(state(page, "waiting")).to_have_text("not known")
    expect(context(page, "waiting")).to_have_text("3 more, area unknown")


def test_a_kiosk_has_nothing_to_touch(show: Open) -> None:
    page = show("/?kiosk&theme=light", color_scheme="dark")
    expect(page.locator("#menu")).to_be_hidden()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_motion_and_sound_are_off_until_asked_for(show: Open) -> None:
    page = show()
    assert page.evaluate("document.documentElement.dataset.motion") == "off"
    page.get_by_text("Menu").click()
    button = page.get_by_role("button", name="Motion: off")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("button", name="Sound: off")).to_be_visible()
    button.click()
    assert page.evaluate("document.documentElement.dataset.motion") == "on"


def least_letters(width: int, height: int) -> float:
    """The size in pixels below which no letter may be: 20 on a television, on its side too, and as
    much more as its screen is larger; what is held in hands is nearer."""
    if min(width, height) >= 1080:
        return 20 * min(width, height) / 1080
    return 14


def faults_of_layout(page: Page, name: str, made: Room) -> list[str]:
    """What is wrong with a screen in each size, in both themes at that of most televisions."""
    found = []
    for width, height in (*SIZES, (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        if page.url == "about:blank":
            (look_beside if name in BESIDE else look)(page, made, name)
        settled(page)
        for theme in ("light", "dark") if width == 1920 else ("dark",):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            least = {"least": least_letters(width, height) - 0.01}
            faulty = page.evaluate(GEOMETRY, least)
            found += [f"{width}x{height} {theme}: {each}" for each in faulty]
    return found


@pytest.mark.parametrize(
    "name", [*(each for each in SCENES if each not in ("simulated", "replay")), *BESIDE]
)
def test_in_every_state_and_size_nothing_overlaps_is_cut_off_too_small_or_empty(
    opened: Browser, name: str
) -> None:
    with (beside if name in BESIDE else scene)(name) as made:
        context = opened.new_context(color_scheme="dark")
        page = context.new_page()
        found = faults_of_layout(page, name, made)
        if name in BESIDE:
            page.set_viewport_size({"width": 1920, "height": 1080})
            # A slow machine may be silent for so long that the page is no longer sure.
            expect(page.locator("#urgent")).to_have_attribute("data-state", "page")
            settled(page)
            assert share_of(page, (0xFF, 0x5A, 0x26)) >= 0.05  # a page that nobody has
            assert faults(page) == []
        if name == "forces_43":
            made.stop()
            expect(page.locator("body.stale")).to_be_visible()
            found += faults_of_layout(page, name, made)
        context.close()
    assert found == []


def test_forces_stand_beside_each_other_the_worst_first_and_each_leads_to_its_own_screen(
    opened: Browser,
) -> None:
    with beside("forces") as made:
        page = opened.new_context(color_scheme="dark").new_page()
        look_beside(page, made, "forces")
        names = page.locator(".place h2")
        expected = ["West Mercia", "West Midlands", "Warwickshire", "Staffordshire"]
        assert names.all_inner_texts()[:4] == expected
        expect(page.locator("#tally")).to_have_text("1 page1 breached3 calm")
        expect(page.locator("#urgent")).to_contain_text("999 calls, West Mercia, 20:00 to 21:00")
        made.take({**made.emergency(-1900), "force": "staffordshire"})
        expect(names.nth(2)).to_have_text("Staffordshire")
        page.get_by_role("link", name="Staffordshire").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Staffordshire")
        expect(figure(page, "unattended")).to_have_text("1")
        page.goto(f"{made.url}/?forces=all")
        expect(page.locator("#urgent")).to_be_visible()
        assert share_of(page, (0xFF, 0x5A, 0x26)) > 0
        made.stop()
        expect(page.locator("body.stale")).to_be_visible(timeout=20_000)
        expect(page.locator("#urgent")).to_have_attribute("data-state", "gone")
        assert share_of(page, (0xFF, 0x5A, 0x26)) == 0
        made.start()
        page.goto(f"{made.url}/?force=leicestershire&force=west-mercia&order=as_listed")
        expect(names).to_have_text(["Leicestershire", "West Mercia"])
        page.goto(f"{made.url}/?forces=west-mercia,leicestershire&order=as_listed")
        expect(names).to_have_text(["West Mercia", "Leicestershire"])
        page.goto(f"{made.url}/?force=nosuch&force=leicestershire")
        expect(page.locator("h1")).to_have_text('There is no force "nosuch" here.')
        page.context.close()


def test_the_areas_of_a_force_stand_beside_each_other_below_the_whole(opened: Browser) -> None:
    with beside("areas") as made:
        page = opened.new_page(viewport={"width": 1920, "height": 1080})
        made.live.health.simulated = "calls and incidents"
        look_beside(page, made, "areas")
        names = page.locator(".place h2")
        expected = "Warwickshire, Rugby, Stratford, Warwick"
        expected += ", North Warwickshire, Nuneaton & Bedworth"
        expect(names).to_have_text(expected.split(", "))
        expect(page.locator("#tally")).to_have_text("2 page2 approaching2 not known")
        expect(page.locator("#mode")).to_have_text("Simulated")
        cut = "one => one.scrollWidth > one.clientWidth + 1"
        title = page.get_by_role("heading", level=1)
        assert not title.evaluate(cut)
        rugby = page.locator(".place").nth(1)
        expect(rugby).to_have_attribute("data-state", "page")
        expect(rugby.locator(".cell").nth(1)).to_have_text("999 waiting1breachedoldest 12 s")
        page.get_by_role("link", name="Rugby", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Rugby")
        page.goto(f"{made.url}/?force={FORCE}&areas=policing_area")
        expect(names).to_have_count(3)
        page.goto(f"{made.url}/?force={FORCE}&areas=beat")
        words = 'There are no areas of kind "beat" in Warwickshire.'
        expect(page.get_by_role("heading", level=1)).to_have_text(words)
        page.context.close()


def test_places_are_drawn_once_for_each_picture_of_the_screen(opened: Browser) -> None:
    with beside("areas") as made:
        page = opened.new_page()
        look_beside(page, made, "areas")
        page.evaluate("""() => {
          window.asked = [];
          window.requestAnimationFrame = (act) => asked.push(act);
        }""")
        with page.expect_event("console", lambda said: said.text == "heard"):
            page.evaluate("""() => {
              const source = new EventSource("/events?screen=places&areas");
              let many = 0;
              source.addEventListener("beat", () => (many += 1) === 3 && console.log("heard"));
            }""")
            made.take(made.emergency(-60))
        assert page.evaluate("asked.length") == 1
        page.evaluate("asked.shift()()")
        page.wait_for_function("() => asked.length === 1", polling=100)
        page.context.close()


def test_the_longest_alert_fits_also_when_a_feed_is_late(show: Open, evening: Room) -> None:
    words = "999 calls, North Warwickshire policing area, 20:00 to 21:00: 31, expected 6 to 23."
    evening.alert(
        f"{words} 17 of 31 answered within 10 s. Also 101 calls, emergencies, domestic.", 12
    )
    evening.live.health.replay = True
    evening.clock.move(12 * MINUTE)
    evening.beat("incidents")
    page = show()
    expect(state(page, "waiting")).to_contain_text("calls feed behind")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")
    sizes = "all => Math.min(...all.map(one => parseFloat(getComputedStyle(one).fontSize)))"
    assert page.locator(".far").evaluate_all(sizes) >= 64


def test_many_screens_share_one_computation(show: Open, evening: Room) -> None:
    for _ in range(5):
        show()
    served = evening.hub
    wait_until(lambda: served.viewers == 5, 10, "five screens are connected")
    before = served.computed
    wait_until(lambda: served.computed >= before + 3, 10, "three more boards")
    assert served.viewers == 5


def test_nothing_is_computed_when_nobody_looks(show: Open, evening: Room) -> None:
    page = show()
    page.context.close()
    served = evening.hub
    wait_until(lambda: served.viewers == 0, 10, "the screen has left")
    wait_until(lambda: not served._forces, 10, "the computation has ended")


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_an_hour_of_updates_leaves_the_memory_of_the_page_flat(
    show: Open, evening: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "EVERY", 0.05)  # an hour of updates in minutes
    alert = evening.alert(WAITS, 12)
    page = show()
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")

    def held() -> dict[str, float]:
        devtools.send("HeapProfiler.collectGarbage")
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        return {metric["name"]: metric["value"] for metric in metrics}

    def updates(number: int) -> None:
        for done in range(number):
            evening.clock.move(1000)
            evening.take(evening.call(0, 5) if done % 2 else evening.call(0))
            if done % 60 == 0:
                evening.service.act(alert, "hand_over", evening.clock(), "AB", to=f"CD {done}")
            served = evening.hub.computed + 1
            next_one = partial(lambda least: evening.hub.computed > least, served)
            wait_until(next_one, 10, "the next board")

    updates(600)
    before = held()
    updates(3000)
    after = held()
    assert after["JSHeapUsedSize"] < before["JSHeapUsedSize"] + 500_000
    assert after["Nodes"] < before["Nodes"] + 200
