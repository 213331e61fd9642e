"""Sign-in at a real, small OpenID provider; what does not hold of its answer is refused."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc.jwk import ECKey

from streams.alerts.actions import LONGEST_NAME
from streams.outputs.monitor_server import serve
from streams.outputs.sign_in.access import Access
from streams.outputs.sign_in.account import with_account
from streams.outputs.sign_in.oidc import OidcSignIn
from streams.outputs.web.running import Running
from tests.openid_provider import CLIENT, CLIENT_SECRET, Provider, provided
from tests.servers.process import free_port
from tests.signing_in import HTML, OWN, Room, client, live, secret_file, with_alert


@pytest.fixture(scope="module")
def running_provider() -> Iterator[Provider]:
    with provided() as made:
        yield made


@pytest.fixture
def provider(running_provider: Provider) -> Iterator[Provider]:
    """The provider, which a test may change."""
    before = dict(vars(running_provider))
    yield running_provider
    vars(running_provider).update(before)


def settings(provider: Provider, port: int) -> str:
    return f"""
address = "http://127.0.0.1:{port}"
[oidc]
issuer = "{provider.issuer}"
client_id = "{CLIENT}"
client_secret_file = "client_secret"
[roles]
view = ["staff"]
act = ["dispatch"]
"""


@pytest.fixture(scope="module")
def board(
    running_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    room, port, made = Room(tmp_path_factory.mktemp("oidc")), free_port(), live()
    secret_file(room.folder / "client_secret", CLIENT_SECRET)
    with_alert(made)
    access = Access(room.settings(settings(running_provider, port)))
    running = serve(made, port=port, access=access)
    yield running
    running.stop()


@pytest.fixture
def browser(board: Running) -> Iterator[httpx2.Client]:
    with client(board) as made:
        yield made


def left(browser: httpx2.Client, there: str = "/alert?force=tiny") -> str:
    """Goes to the provider, and returns where it sends the person back to."""
    answer = browser.get("/sign-in/oidc", params={"next": there})
    assert answer.status_code == 302, answer.text
    return httpx2.get(answer.headers["location"], trust_env=False).headers["location"]


def came_back(browser: httpx2.Client) -> httpx2.Response:
    return browser.get(left(browser))


def test_who_signs_in_at_the_provider_comes_back_to_what_was_asked_for_and_acts_as_themselves(
    board: Running, browser: httpx2.Client
) -> None:
    page = browser.get("/alert?force=tiny", headers=HTML)
    assert page.status_code == 401
    assert 'href="/sign-in/oidc?next=%2Falert%3Fforce%3Dtiny"' in page.text
    answer = came_back(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/alert?force=tiny")
    assert browser.get("/me.json").json() == {
        "name": "Ann Example (ann)", "role": "act", "sees_names": True, "sign_in": True,
        "sign_out": True,
    }  # fmt: skip
    name = browser.get("/alerts.json").json()["alerts"][0]["id"]
    path = f"/api/alerts/{name.replace('/', '%2F')}/acknowledge"
    taken = browser.post(path, json={"who": "Somebody else"}, headers=OWN)
    assert taken.json()["alert"]["owner"] == "Ann Example (ann)"
    assert browser.post("/sign-out", headers=OWN).status_code == 303
    assert browser.get("/board.json").status_code == 401


def test_the_cookie_holds_no_token_of_the_provider_and_what_was_kept_meanwhile_is_gone(
    browser: httpx2.Client,
) -> None:
    answer = came_back(browser)
    cookies = answer.headers.get_list("set-cookie")
    assert [each.partition("=")[0] for each in cookies] == ["watchroom", "watchroom-signing-in"]
    assert "Max-Age=0" in cookies[1]
    assert all(len(each) < 400 for each in cookies)
    assert list(browser.cookies) == ["watchroom"]


def refused(answer: httpx2.Response) -> str:
    """Why nobody has signed in."""
    assert answer.status_code == 403
    assert not [each for each in answer.headers.get_list("set-cookie") if "watchroom=" in each]
    return (
        html.unescape(answer.text)
        .partition("You have not signed in: ")[2]
        .partition(". Try again.")[0]
    )


def test_a_wrong_state_signs_nobody_in(browser: httpx2.Client) -> None:
    address = left(browser)
    state = parse_qs(urlsplit(address).query)["state"][0]
    answer = browser.get(address.replace(state, "x" * len(state)))
    assert refused(answer) == "the provider's answer does not hold (mismatching_state)"


def test_the_way_back_of_another_browser_signs_nobody_in(
    board: Running, browser: httpx2.Client
) -> None:
    # What an attacker has someone open, so that they act in the attacker's name.
    address = left(browser)
    with client(board) as victim:
        assert "mismatching_state" in refused(victim.get(address))


def test_what_stands_in_the_address_is_not_repeated_in_the_log(
    browser: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = browser.get("/sign-in/back", params={"error": "x\nERROR forged", "state": "y"})
    assert refused(answer) == "the provider's answer does not hold (OAuthError)"
    assert "forged" not in caplog.text + answer.text


def test_a_code_signs_in_once(browser: httpx2.Client) -> None:
    address = left(browser)
    assert browser.get(address).status_code == 303
    browser.cookies.clear()
    assert "mismatching_state" in refused(browser.get(address))


@pytest.mark.parametrize(
    ("claim", "value", "why"),
    [
        ("nonce", "another", "invalid_claim"),
        ("nonce", None, "missing_claim"),
        ("aud", "another-client", "invalid_claim"),
        ("aud", ["another-client", "third"], "invalid_claim"),
        ("iss", "http://127.0.0.1:1", "invalid_claim"),
        ("exp", 1_600_000_000, "expired_token"),
        ("sub", None, "missing_claim"),
    ],
)
def test_an_id_token_that_does_not_hold_signs_nobody_in(
    provider: Provider, browser: httpx2.Client, claim: str, value: Any, why: str
) -> None:
    provider.claims = {**provider.claims, claim: value}
    assert refused(came_back(browser)) == f"the provider's answer does not hold ({why})"


def test_an_id_token_of_another_key_signs_nobody_in(
    provider: Provider, browser: httpx2.Client
) -> None:
    provider.key = ECKey.generate_key("P-256", {"kid": "one"})
    assert refused(came_back(browser)) == "the provider's answer does not hold (bad_signature)"


def test_a_new_key_of_the_provider_is_found(provider: Provider, browser: httpx2.Client) -> None:
    assert came_back(browser).status_code == 303
    provider.key = ECKey.generate_key("P-256", {"kid": "two"})
    provider.published = [*provider.published, provider.key]
    assert came_back(browser).status_code == 303


def test_a_provider_that_calls_itself_otherwise_is_not_asked(
    provider: Provider, tmp_path: Path
) -> None:
    provider.says_issuer = "https://other.example"
    secret_file(tmp_path / "client_secret", CLIENT_SECRET)
    with Room(tmp_path).asked(settings(provider, 8787)) as browser:
        why = refused(browser.get("/sign-in/oidc"))
    assert why.startswith("the provider calls itself https://other.example, and is set as http")


def test_a_code_that_the_provider_does_not_know_signs_nobody_in(
    provider: Provider, browser: httpx2.Client
) -> None:
    address = left(browser)
    provider.asked.clear()
    assert "(invalid_grant)" in refused(browser.get(address))


def test_a_provider_that_does_not_answer_is_said(tmp_path: Path) -> None:
    room, nobody = Room(tmp_path), Provider()
    nobody.issuer = f"http://127.0.0.1:{free_port()}"
    secret_file(tmp_path / "client_secret", CLIENT_SECRET)
    with room.asked(settings(nobody, 8787)) as browser:
        answer = browser.get("/sign-in/oidc")
    assert refused(answer) == "the provider can't be asked now (ConnectError)"


def test_who_is_in_no_group_with_a_role_has_signed_in_and_may_nothing(
    provider: Provider, browser: httpx2.Client
) -> None:
    provider.claims = {"sub": "eve", "preferred_username": "eve@force.example", "groups": "guests"}
    assert came_back(browser).status_code == 303
    answer = browser.get("/board.json")
    assert answer.status_code == 403
    assert answer.json()["error"].startswith("you have signed in, but have no role here")
    assert browser.get("/me.json").json()["name"] == "eve@force.example"


def test_who_gives_themselves_another_s_name_is_shown_by_their_own_account(
    provider: Provider, browser: httpx2.Client
) -> None:
    provider.claims = {
        "sub": "f81d4fae", "name": "Ann Example (ann)", "preferred_username": "eve",
        "groups": ["dispatch"],
    }  # fmt: skip
    assert came_back(browser).status_code == 303
    assert browser.get("/me.json").json()["name"] == "Ann Example (ann) (eve)"


@pytest.mark.parametrize(
    ("name", "account", "shown"),
    [
        ("", "eve", "eve"),
        ("eve", "eve", "eve"),
        ("Eve Example", "eve@force.example", "Eve Example (eve@force.example)"),
        ("N" * 99, "eve", f"{'N' * 74} (eve)"),
        ("N" * 99, "e" * 61, f"{'N' * 17} ({'e' * 59}…)"),
    ],
)
def test_the_account_is_shown_whatever_the_name(name: str, account: str, shown: str) -> None:
    assert with_account(name, account) == shown
    assert len(shown) <= LONGEST_NAME


def test_another_claim_may_be_the_account(provider: Provider, tmp_path: Path) -> None:
    room = Room(tmp_path)
    secret_file(tmp_path / "client_secret", CLIENT_SECRET)
    said = settings(provider, 8787).replace("[roles]", 'account = "email"\n[roles]')
    oidc = OidcSignIn(room.settings(said))
    for claims, name in (
        ({"email": "ann@force.example"}, "Ann (ann@force.example)"),
        ({"email": None}, "Ann (s1)"),
    ):
        assert oidc._caller({"sub": "s1", "name": "Ann", **claims}).name == name


def test_a_sign_in_that_takes_too_long_begins_anew(
    browser: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, now = left(browser), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 700)
    assert "mismatching_state" in refused(browser.get(address))
