"""Sign-in in a real browser, at a real provider, and Prometheus with the token of `/metrics`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from streams.outputs.monitor_server import serve
from streams.outputs.sign_in.access import WARNING, Access
from streams.outputs.web.running import Running
from tests.openid_provider import CLIENT, CLIENT_SECRET, provided
from tests.servers.process import free_port
from tests.servers.prometheus import Prometheus
from tests.servers.wallboard_rig import FORCE, Room, faults
from tests.signing_in import SECRET, secret_file
from tests.signing_in import Room as SignInRoom

pytestmark = pytest.mark.servers

WAITS = "999 calls, Warwickshire, 20:00 to 21:00: 31, expected 6 to 23."


@pytest.fixture
def signing_in(tmp_path: Path) -> SignInRoom:
    return SignInRoom(tmp_path)


def ended_by_sign_in(page: Page) -> None:
    expect(page.get_by_role("heading", name="Sign in to Watchroom")).to_be_visible()


def test_who_signs_in_with_a_token_takes_an_alert_in_their_name_and_signs_out(
    opened: Browser, evening: Room, signing_in: SignInRoom
) -> None:
    name = evening.alert(WAITS, 12)
    settings = signing_in.settings('token_file = "tokens.json"\nanyone = "view"')
    running = serve(evening.live, access=Access(settings))
    try:
        page = opened.new_page()
        page.goto(f"{running.url}/alert?force={FORCE}&id={quote(name)}")
        expect(page.locator("#actions")).to_contain_text("Sign in to take it")
        page.get_by_role("link", name="Sign in to take it").click()
        ended_by_sign_in(page)
        assert faults(page) == []
        page.get_by_label("Your token").fill("a guess")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("There is no such token, or it is over.")
        assert faults(page) == []
        page.get_by_label("Your token").fill(signing_in.inspector)
        page.keyboard.press("Enter")
        expect(page.locator("#actions")).to_contain_text("You are Duty inspector.")
        assert faults(page) == []
        page.get_by_role("button", name="I have it").click()
        expect(page.locator("#status")).to_contain_text("by Duty inspector")
        assert evening.alerts()[name].owner == "Duty inspector"
        page.get_by_role("button", name="Sign out Duty inspector").click()
        expect(page.get_by_role("status")).to_have_text("You have signed out.")
        page.goto(f"{running.url}/alert?force={FORCE}&id={quote(name)}")
        expect(page.locator("#status")).to_contain_text("by somebody")
    finally:
        running.stop()


def test_a_wallboard_leads_to_the_provider_and_back_and_to_the_page_of_sign_in_once_it_is_over(
    opened: Browser, evening: Room, signing_in: SignInRoom
) -> None:
    evening.alert(WAITS, 12)
    secret_file(signing_in.folder / "client_secret", CLIENT_SECRET)
    with provided() as provider:
        port = free_port()
        settings = signing_in.settings(
            f'address = "http://127.0.0.1:{port}"\n[oidc]\nissuer = "{provider.issuer}"\n'
            f'client_id = "{CLIENT}"\nclient_secret_file = "client_secret"\n'
            '[roles]\nact = ["dispatch"]\n'
        )
        running = serve(evening.live, port=port, access=Access(settings))
        try:
            page = opened.new_page()
            page.goto(f"{running.url}/?force={FORCE}")
            ended_by_sign_in(page)
            page.get_by_role("link", name="Sign in with your force's account").click()
            expect(page.locator("#waiting-999 .figure")).to_have_text("3")
            assert page.url == f"{running.url}/?force={FORCE}"
            assert page.evaluate("document.cookie") == ""  # out of reach of scripts
            page.context.clear_cookies()
            running.stop()  # the stream breaks off, and asks again without the cookie
            running = serve(evening.live, port=port, access=Access(settings))
            ended_by_sign_in(page)
        finally:
            running.stop()


def test_a_wallboard_that_is_meant_to_be_open_says_so_on_the_screen(
    opened: Browser, evening: Room
) -> None:
    running: Running = serve(evening.live, "0.0.0.0", access=Access(insecure=True))  # noqa: S104
    try:
        page = opened.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{running.url}/?force={FORCE}&kiosk")
        expect(page.locator("#waiting-999 .figure")).to_have_text("3")
        expect(page.locator("footer .open")).to_have_text(WARNING)
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    finally:
        running.stop()


PROMETHEUS = """
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs:
  - job_name: watchroom
    authorization:
      credentials_file: {token}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def test_prometheus_scrapes_with_the_token_of_the_metrics(
    evening: Room, signing_in: SignInRoom, prometheus_factory: Callable[..., Prometheus]
) -> None:
    settings = signing_in.settings('metrics_token_file = "secret"')
    token = signing_in.folder / "credentials"
    token.write_text(SECRET)
    running = serve(evening.live, access=Access(settings))
    try:
        server = prometheus_factory(PROMETHEUS.format(token=token, port=running.port))
        assert server.wait_for('up{job="watchroom"} == 1')
    finally:
        running.stop()
