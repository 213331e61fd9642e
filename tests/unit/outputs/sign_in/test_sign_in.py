"""Who is answered what: roles, tokens, cookies, the header of a proxy, names, addresses."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from streams.errors import ConfigError, WatchroomError
from streams.outputs.front.server import IN_THE_CLEAR, Front, serve_front
from streams.outputs.monitor_server import application, serve
from streams.outputs.sign_in import access as asking
from streams.outputs.sign_in import cookie, limits
from streams.outputs.sign_in.access import CURES, PLAIN, WARNING, Access, is_loopback
from streams.outputs.sign_in.cookie import MOST_BYTES, Cookies
from streams.outputs.sign_in.least import LEAST, Undeclared, least, protect
from streams.outputs.sign_in.pages import own_path
from streams.outputs.sign_in.proxy import RequestRefused, is_listed
from streams.outputs.sign_in.roles import Caller, Role
from streams.outputs.sign_in.settings import SignInSettings
from streams.outputs.sign_in.signed_out import SignedOut
from streams.outputs.sign_in.tokens import Token
from streams.outputs.wallboard import hub
from streams.outputs.web.running import Running
from tests.compose import ROOT
from tests.servers.process import wait_until
from tests.signing_in import (
    HTML,
    OWN,
    SECRET,
    TOKENS,
    Room,
    bearer,
    client,
    live,
    secret_file,
    with_alert,
)

TAKE = {"who": "Somebody else"}
METRICS = 'token_file = "tokens.json"\nmetrics_token_file = "secret"'
PROXY = """
[proxy]
from = ["127.0.0.0/8"]
[roles]
view = ["*"]
act = ["dispatch"]
administer = ["admins"]
"""
ELSEWHERE = PROXY.replace("127.0.0.0/8", "10.20.0.0/16")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


@pytest.fixture
def running(room: Room) -> Iterator[Running]:
    with room.served() as made:
        yield made


@pytest.fixture
def asked(room: Room) -> Iterator[httpx2.Client]:
    with room.asked() as made:
        yield made


def sign_in(asked: httpx2.Client, token: str) -> httpx2.Client:
    answer = asked.post("/sign-in", data={"token": token}, headers=OWN)
    assert answer.status_code == 303, answer.text
    return asked


# --- every route has a least role -----------------------------------------------------------------


def test_every_route_of_the_monitor_and_the_front_has_a_least_role_and_every_role_a_route() -> None:
    routes = [*application(live()).routes, *Front(["http://w:1"]).application().routes]
    paths = {route.path for route in routes if hasattr(route, "path")}
    assert {least(route) for route in routes} <= set(Role)
    assert {each for each in LEAST if each not in paths} == {"/assets"}


def test_a_route_without_a_least_role_keeps_the_server_from_starting() -> None:
    made = Starlette(routes=[Route("/new.json", lambda _: Response())])
    with pytest.raises(Undeclared, match=r"/new\.json is not in the table"):
        protect(made.routes, lambda *_: Response())


def test_who_has_not_signed_in_is_answered_nothing_that_needs_a_role(
    asked: httpx2.Client,
) -> None:
    paths = [path for path, role in LEAST.items() if role and "{" not in path]
    answers = {path: asked.get(path) for path in paths}
    assert {answer.status_code for answer in answers.values()} == {401}
    assert {*map(str, map(list, (answer.json() for answer in answers.values())))} == {"['error']"}
    assert answers["/"].headers["www-authenticate"] == 'Bearer realm="Watchroom"'


def test_a_browser_is_shown_the_page_of_sign_in_and_then_what_it_asked_for(
    room: Room, asked: httpx2.Client
) -> None:
    page = asked.get("/chart?force=tiny&chart=feeds", headers=HTML)
    assert page.status_code == 401
    assert 'name="next" value="/chart?force=tiny&amp;chart=feeds"' in page.text
    assert "Sign in first." in page.text
    sent = {"token": room.screen, "next": "/chart?force=tiny&chart=feeds"}
    answer = asked.post("/sign-in", data=sent, headers=OWN)
    assert answer.headers["location"] == "/chart?force=tiny&chart=feeds"
    assert asked.get("/chart?force=tiny&chart=feeds", headers=HTML).status_code == 200


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", ""])
def test_signing_in_leads_to_no_foreign_site(path: str) -> None:
    assert own_path(path) == "/"


# --- roles ----------------------------------------------------------------------------------------


def test_who_may_view_may_not_act_and_is_told_why(room: Room) -> None:
    made = live()
    path = with_alert(made)
    with room.asked(made=made) as asked:
        assert asked.get("/board.json", headers=bearer(room.screen)).status_code == 200
        answer = asked.post(f"{path}/acknowledge", json=TAKE, headers=bearer(room.screen))
        assert answer.status_code == 403
        assert answer.json()["error"] == "you have the role view; this needs the role act"
        assert asked.get("/metrics", headers=bearer(room.inspector)).status_code == 403


def test_the_log_of_an_alert_has_who_signed_in_and_not_the_name_that_was_sent(room: Room) -> None:
    made = live()
    path = with_alert(made)
    with room.asked(made=made) as asked:
        answer = asked.post(f"{path}/acknowledge", json=TAKE, headers=bearer(room.inspector))
        assert answer.status_code == 200
        alert = asked.get("/alerts.json", headers=bearer(room.screen)).json()["alerts"][0]
    assert (alert["owner"], alert["log"][0]["who"]) == ("Duty inspector", "Duty inspector")


def test_a_name_need_not_be_sent_by_who_has_signed_in(room: Room) -> None:
    made = live()
    path = with_alert(made)
    with room.asked(made=made) as asked:
        sign_in(asked, room.inspector)
        assert asked.post(f"{path}/acknowledge", json={}, headers=OWN).status_code == 200


def test_another_sites_page_can_t_act_in_the_name_of_who_has_signed_in(room: Room) -> None:
    made = live()
    path = with_alert(made)
    with room.asked(made=made) as asked:
        sign_in(asked, room.inspector)
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            assert asked.post(f"{path}/acknowledge", json={}, headers=headers).status_code == 403
            assert asked.post("/sign-out", headers=headers).status_code == 403
            assert asked.post("/sign-in", data={"token": "x"}, headers=headers).status_code == 403
        assert asked.get("/me.json").json()["name"] == "Duty inspector"


def test_it_says_who_asks(room: Room, asked: httpx2.Client) -> None:
    assert asked.get("/me.json").json() == {
        "name": None, "role": "none", "sees_names": False, "sign_in": True, "sign_out": False,
    }  # fmt: skip
    assert asked.get("/me.json", headers=bearer(room.inspector)).json() == {
        "name": "Duty inspector", "role": "act", "sees_names": True, "sign_in": True,
        "sign_out": False,
    }  # fmt: skip


# --- tokens ---------------------------------------------------------------------------------------


def test_a_token_that_is_over_signs_nobody_in(room: Room, asked: httpx2.Client) -> None:
    held = room.tokens.all()[0]
    past = Token(held.name, held.role, held.sha256, held.made - 10, time.time() - 1)
    content = {"tokens": [{name: getattr(past, name) for name in past.__struct_fields__}]}
    room.tokens.path.write_text(json.dumps(content))
    answer = asked.get("/board.json", headers=bearer(room.inspector))
    assert (answer.status_code, answer.json()["error"]) == (
    401, "there is no such token, or it is over"
    )  # fmt: skip


def test_a_token_that_is_removed_signs_out_who_signed_in_with_it(
    room: Room, asked: httpx2.Client
) -> None:
    sign_in(asked, room.inspector)
    assert asked.get("/board.json").status_code == 200
    room.tokens.remove("Duty inspector")
    assert asked.get("/board.json").status_code == 401


def test_a_new_token_of_the_same_name_does_not_take_over_the_sign_ins_of_the_old_one(
    room: Room, asked: httpx2.Client
) -> None:
    sign_in(asked, room.screen)
    room.tokens.remove("screen")
    room.tokens.add("screen", "administer", 1)  # within the same second
    assert asked.get("/metrics").status_code == 401
    assert asked.get("/board.json").status_code == 401


def test_failed_sign_ins_of_an_address_are_put_off_and_stop_nobody_who_has_a_token(
    room: Room, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with client(running) as asked:
        for _ in range(limits.MOST):
            assert asked.post("/sign-in", data={"token": "guess"}, headers=OWN).status_code == 401
        assert asked.post("/sign-in", data={"token": "guess"}, headers=OWN).status_code == 429
        assert asked.get("/board.json", headers=bearer("guess")).status_code == 429
        assert asked.get("/board.json", headers=bearer(room.inspector)).status_code == 200
        sign_in(asked, room.inspector)
    assert caplog.text.count("a sign-in from 127.0.0.1 failed") == limits.MOST
    assert "guess" not in caplog.text


def test_a_file_of_tokens_that_others_may_write_to_is_not_used(room: Room) -> None:
    room.tokens.path.chmod(0o666)
    with pytest.raises(ConfigError, match=r"others may write to it\. chmod 600"):
        serve(live(), access=Access(room.settings()))


# --- the cookie -----------------------------------------------------------------------------------


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites_and_small(
    room: Room, running: Running
) -> None:
    with client(running) as asked:
        answer = asked.post("/sign-in", data={"token": room.inspector}, headers=OWN)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie  # over plain HTTP on loopback a browser would not keep it
    assert len(cookie) < 400
    assert room.inspector not in cookie


def test_over_tls_at_a_proxy_the_cookie_is_sent_over_tls_alone(room: Room) -> None:
    settings = 'token_file = "tokens.json"\naddress = "https://board.force.example"'
    with room.asked(settings) as asked:
        answer = asked.post("/sign-in", data={"token": room.inspector}, headers=OWN)
    assert answer.headers["set-cookie"].startswith("__Host-watchroom=")
    assert "; Secure" in answer.headers["set-cookie"]


def cookies(hours: float = 1) -> Cookies:
    return Cookies(SECRET, hours, secure=False)


def cookie_made(caller: Caller, made: Cookies) -> str:
    answer = Response()
    made.sign_in(answer, caller)
    return answer.headers["set-cookie"].partition("=")[2].partition(";")[0]


PERSON = Caller(Role.ACT, "Ann Example", "oidc:ann", sees_names=True)


def test_a_cookie_of_another_secret_or_with_another_letter_signs_nobody_in() -> None:
    text = cookie_made(PERSON, cookies())
    found = cookies().read(text)
    assert found is not None
    assert (found.name, found.subject, found.role) == ("Ann Example", "oidc:ann", Role.ACT)
    assert Cookies("another-secret-of-some-length", 1, secure=False).read(text) is None
    assert cookies().read("A" + text[1:]) is None


def test_a_cookie_signs_in_until_its_hours_are_over(monkeypatch: pytest.MonkeyPatch) -> None:
    text, now = cookie_made(PERSON, cookies(1)), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3_590)
    assert cookies(1).read(text) is not None
    monkeypatch.setattr(time, "time", lambda: now + 3_610)
    assert cookies(1).read(text) is None


def test_a_cookie_above_4096_bytes_is_neither_written_nor_read() -> None:
    with pytest.raises(ValueError, match="more than 4,096 bytes"):
        cookies().keep_flow(Response(), {"next": secrets.token_hex(MOST_BYTES)})
    with pytest.raises(ValueError, match="more than 255 characters"):
        cookies().sign_in(Response(), Caller(Role.VIEW, "x", "s" * 300))
    long = cookie_made(Caller(Role.ACT, "N" * 5_000, "s" * 255), cookies())
    assert len(long) < 1_000
    assert cookies().read("x" * (MOST_BYTES + 1)) is None


@pytest.mark.parametrize(
    "content",
    [
        ["token:Anna", "Anna", "act", 9_999_999_999, "abcd"],  # the first form
        ["token:Anna", "Anna", "act", "", 9_999_999_999, "abcd", "more"],
        ["token:Anna", "Anna", "act", "", "soon", "abcd"],
        {"subject": "token:Anna"},
        None,
        7,
    ],
)
@pytest.mark.parametrize("purpose", ["signed in", f"signed in, form {cookie.STATE_VERSION}"])
def test_a_cookie_of_another_form_signs_nobody_in_and_nothing_fails(
    content: object, purpose: str, room: Room
) -> None:
    """As a browser has it that signed in before an upgrade."""
    text = cookie._serializer(SECRET, purpose).dumps(content)
    assert cookies().read(text) is None
    cookies().sign_out(Response(), text)
    settings = TOKENS + '\ncookie_secret_file = "secret"'
    (room.folder / "secret").write_text(SECRET)
    (room.folder / "secret").chmod(0o600)
    with room.asked(settings) as asked:
        old = {"cookie": f"watchroom={text}"}
        statuses = [
            asked.get(path, headers=old).status_code
            for path in ("/healthz", "/sign-in", "/board.json")
        ]
    assert statuses == [200, 200, 401]


def test_a_cookie_that_is_signed_and_can_not_be_read_signs_nobody_in() -> None:
    broken = cookie._serializer(SECRET, f"signed in, form {cookie.STATE_VERSION}")
    text = broken.make_signer(broken.salt).sign(b"bm8ganNvbg").decode()  # "no json"
    assert cookies().read(text) is None


def test_a_cookie_that_was_kept_is_not_believed_after_a_sign_out(
    room: Room, running: Running
) -> None:
    with client(running) as asked:
        sign_in(asked, room.inspector)
        kept = {"cookie": f"watchroom={asked.cookies['watchroom']}"}
        answer = asked.post("/sign-out", headers=OWN)
        assert answer.headers["location"] == "/sign-in?out"
    with client(running) as thief:
        assert thief.get("/board.json", headers=kept).status_code == 401


def test_a_sign_out_holds_after_a_restart_and_at_another_front_with_the_same_secret(
    tmp_path: Path,
) -> None:
    file = tmp_path / "secret.signed-out"
    one, other = (Cookies(SECRET, 1, secure=False, signed_out=file) for _ in range(2))
    first, second = cookie_made(PERSON, one), cookie_made(PERSON, one)
    assert other.read(first) is not None
    one.sign_out(Response(), first)
    other.sign_out(Response(), second)
    restarted = Cookies(SECRET, 1, secure=False, signed_out=file)
    for each in (one, other, restarted):
        assert (each.read(first), each.read(second)) == (None, None)
    assert f"{file.stat().st_mode & 0o777:o}" == "600"
    assert list(tmp_path.iterdir()) == [file]


def test_the_file_of_sign_outs_stands_beside_the_secret_of_cookies(room: Room) -> None:
    settings = TOKENS + '\ncookie_secret_file = "secret"'
    with room.asked(settings) as asked:
        sign_in(asked, room.inspector)
        kept = {"cookie": f"watchroom={asked.cookies['watchroom']}"}
        asked.post("/sign-out", headers=OWN)
    with room.asked(settings) as restarted:
        assert restarted.get("/board.json", headers=kept).status_code == 401
    assert (room.folder / "secret.signed-out").exists()


def test_a_sign_out_is_kept_no_longer_than_its_cookie_would_have_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, now = tmp_path / "signed-out", time.time()
    kept = SignedOut(file)
    kept.add("a", now + 60)
    monkeypatch.setattr(time, "time", lambda: now + 61)
    kept.add("b", now + 120)
    assert json.loads(file.read_bytes()) == {"b": now + 120}


def test_a_sign_out_that_can_t_be_kept_holds_in_this_process_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "none" / "signed-out"
    kept = SignedOut(file)
    kept.add("a", time.time() + 60)
    assert "a" in kept
    (words,) = caplog.messages
    assert words == (
        f"{file} can't be written (No such file or directory): a sign-out holds here until this "
        "process ends, and not at other fronts"
    )


def test_a_damaged_file_of_sign_outs_is_told_with_the_cure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "signed-out"
    file.write_text("{")
    assert "a" not in SignedOut(file)
    (words,) = caplog.messages
    assert words.endswith("Make the secret of cookies anew: that signs everybody out")


def test_a_stream_ends_with_the_sign_in_of_who_reads_it(
    room: Room, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "STILL_EVERY", 0.1)
    monkeypatch.setattr(hub, "EVERY", 0.05)
    monkeypatch.setattr(hub, "BEAT", 0.1)
    headers = bearer(room.screen)
    with client(running) as asked, asked.stream("GET", "/events", headers=headers) as answer:
        said = answer.iter_lines()
        assert next(said) == "retry: 2000"
        room.tokens.remove("screen")
        for _ in said:
            pass


# --- the header of a proxy ------------------------------------------------------------------------


def test_a_header_of_the_proxy_says_who_asks_and_its_groups_what_they_may(room: Room) -> None:
    made = live()
    path = with_alert(made)
    ann = {"x-forwarded-user": "ann", "x-forwarded-groups": "staff, dispatch"}
    with room.asked(PROXY, made) as asked:
        assert asked.get("/board.json").status_code == 401
        assert asked.get("/board.json", headers={"x-forwarded-user": "bob"}).status_code == 200
        answer = asked.post(f"{path}/acknowledge", json=TAKE, headers={"x-forwarded-user": "bob"})
        assert answer.status_code == 403
        answer = asked.post(f"{path}/acknowledge", json=TAKE, headers=ann)
        assert answer.json()["alert"]["owner"] == "ann"


@pytest.mark.parametrize("chosen", ["watchroom", "Ann Example", "Ann Example (ann)"])
def test_who_gives_themselves_another_s_name_at_a_proxy_is_in_the_log_by_their_own_user(
    room: Room, chosen: str
) -> None:
    made = live()
    path = with_alert(made)
    eve = {"x-forwarded-user": "eve", "x-forwarded-groups": "dispatch", "x-name": chosen}
    settings = PROXY.replace("[roles]", 'name = "X-Name"\n[roles]')
    with room.asked(settings, made) as asked:
        asked.post(f"{path}/acknowledge", json={}, headers=eve)
        alert = asked.get("/alerts.json", headers=eve).json()["alerts"][0]
    assert alert["log"][0]["who"] == alert["owner"] == f"{chosen} (eve)"


def test_a_header_from_an_address_that_is_not_listed_is_refused(room: Room) -> None:
    ann = {"x-forwarded-user": "ann", "x-forwarded-groups": "admins"}
    with room.asked(ELSEWHERE) as asked:
        answer = asked.get("/board.json", headers=ann)
        assert answer.status_code == 403
        assert "only the proxy in front of Watchroom may say who asks" in answer.json()["error"]
        # Nor can a header say that the connection comes from the proxy.
        ann["x-forwarded-for"] = "10.20.0.1"
        assert asked.get("/board.json", headers=ann).status_code == 403


def test_a_header_that_is_sent_twice_is_refused(room: Room) -> None:
    twice = [("x-forwarded-user", "ann"), ("x-forwarded-user", "root")]
    with room.asked(PROXY) as asked:
        assert asked.get("/board.json", headers=twice).status_code == 400


@pytest.mark.parametrize(
    ("address", "listed"),
    [("10.20.3.4", True), ("::ffff:10.20.3.4", True), ("10.21.0.1", False), ("", False)],
)
def test_an_address_is_listed_by_its_network(room: Room, address: str, listed: bool) -> None:
    assert is_listed(address, room.settings(ELSEWHERE).networks) is listed


def test_who_is_in_no_group_with_a_role_is_told_so(room: Room) -> None:
    settings = PROXY.replace('view = ["*"]', 'view = ["staff"]')
    with room.asked(settings) as asked:
        answer = asked.get("/board.json", headers={"x-forwarded-user": "eve"})
    assert answer.status_code == 403
    assert answer.json()["error"].startswith("you have signed in, but have no role here")


# --- names ----------------------------------------------------------------------------------------


def words_in(answer: httpx2.Response) -> str:
    return json.dumps(answer.json())


def first_board(asked: httpx2.Client) -> str:
    with asked.stream("GET", "/events") as answer:
        return next(line for line in answer.iter_lines() if line.startswith("data:"))


def test_without_signing_in_an_open_wallboard_says_that_somebody_has_it_and_not_who(
    room: Room,
) -> None:
    made = live()
    path = with_alert(made)
    open_board = 'token_file = "tokens.json"\nanyone = "view"'
    with room.served(open_board, made) as running, client(running) as asked:
        note = {"note": "Ring Sergeant Example"}
        done = asked.post(f"{path}/acknowledge", json=note, headers=bearer(room.inspector))
        assert done.json()["alert"]["words"].endswith("Duty inspector has this.")
        handed = {"to": "Night shift", "note": "Quiet"}
        asked.post(
            "/api/alerts/tiny%2Fshift/hand_over", json=handed, headers=bearer(room.inspector)
        )
        alert = asked.get("/alerts.json").json()["alerts"][0]
        shown = [words_in(asked.get(path)) for path in ("/alerts.json", "/board.json")]
        shown.append(first_board(asked))
        assert asked.post(f"{path}/acknowledge", json=TAKE).status_code == 401
        board = words_in(asked.get("/board.json", headers=bearer(room.screen)))
    assert alert["owner"] == "somebody"
    assert alert["words"].endswith("Somebody has this.")
    for text in shown:
        assert "Somebody has this." in text
        assert not [each for each in ("inspector", "Example", "Night", "Quiet") if each in text]
    assert '"Duty inspector"' in board
    assert '"Night shift"' in board


def test_on_loopback_without_sign_in_all_is_as_it_was() -> None:
    made = live()
    path = with_alert(made)
    running = serve(made)
    try:
        with client(running) as asked:
            assert asked.post(f"{path}/acknowledge", json={"who": "AB"}).status_code == 200
            assert asked.get("/alerts.json").json()["alerts"][0]["owner"] == "AB"
            assert asked.get("/metrics").status_code == 200
            assert "sign-in is off" not in asked.get("/").text
            assert asked.get("/me.json").json()["role"] == "administer"
    finally:
        running.stop()


# --- other addresses ------------------------------------------------------------------------------


def test_on_another_address_without_sign_in_it_does_not_start_and_names_the_cures() -> None:
    with pytest.raises(WatchroomError) as refused:
        serve(live(), "0.0.0.0")  # noqa: S104
    assert str(refused.value).endswith(CURES)
    assert "anyone who reaches 0.0.0.0 could see all figures" in str(refused.value)
    with pytest.raises(WatchroomError, match="does not start"):
        serve_front(["http://127.0.0.1:1"], "::")


def test_where_it_is_meant_to_be_open_it_says_so_for_ever_and_shows_no_names(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = live()
    path = with_alert(made)
    running = serve(made, "0.0.0.0", access=Access(insecure=True))  # noqa: S104
    try:
        with client(running) as asked:
            for page in ("/", "/alert?force=tiny", "/about", "/explore", "/ahead"):
                assert f'class="open">{WARNING}</' in asked.get(page).text, page
            assert asked.post(f"{path}/acknowledge", json={"who": "AB"}).status_code == 200
            assert asked.get("/alerts.json").json()["alerts"][0]["owner"] == "somebody"
    finally:
        running.stop()
    assert [each.message for each in caplog.records if each.levelno == logging.WARNING] == [WARNING]


@pytest.mark.parametrize(
    ("host", "only_here"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("192.0.2.1", False)],  # noqa: S104
)  # fmt: skip
def test_what_is_loopback(host: str, only_here: bool) -> None:
    assert is_loopback(host) is only_here


def test_who_may_not_view_is_told_no_details_of_what_is_wrong(room: Room) -> None:
    made = live()
    made.health.state, made.health.detail = "behind", "kafka-7.internal does not answer"
    with room.asked(made=made) as asked:
        assert asked.get("/healthz").json() == {"status": "alive"}
        assert asked.get("/readyz").json() == {"ready": False, "state": "behind"}
        detailed = asked.get("/readyz", headers=bearer(room.screen)).json()
        of_act = asked.get("/readyz", headers=bearer(room.inspector)).json()
    assert detailed["detail"] == "kafka-7.internal does not answer"
    assert of_act == detailed


def test_people_who_sign_in_over_plain_http_are_a_warning_in_the_log(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    Access(room.settings()).admit("127.0.0.1")
    behind_a_proxy = 'token_file = "tokens.json"\naddress = "https://board.force.example"'
    Access(room.settings(behind_a_proxy)).admit("0.0.0.0")  # noqa: S104
    Access(room.settings(WORKER)).admit("0.0.0.0")  # noqa: S104
    assert caplog.messages == []
    Access(room.settings()).admit("0.0.0.0")  # noqa: S104
    assert caplog.messages == [PLAIN]


def test_it_answers_under_the_name_at_which_people_open_it(room: Room) -> None:
    settings = PROXY.replace("\n[proxy]", 'address = "https://board.force.example"\n[proxy]')
    with room.asked(settings) as asked:
        assert asked.get("/healthz", headers={"host": "board.force.example"}).status_code == 200
        assert asked.get("/healthz", headers={"host": "other.force.example"}).status_code == 421


def test_the_addresses_of_failed_sign_ins_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ADDRESSES", 3)
    failed = limits.FailedSignIns()
    for number in range(50):
        for _ in range(limits.MOST):
            failed.add(f"10.0.0.{number}")
    assert len(failed._failed) == 3
    assert failed.wait("10.0.0.0") == 0
    assert 0 < failed.wait("10.0.0.49") <= 60


# --- the tokens of programs -----------------------------------------------------------------------


def test_metrics_have_a_token_of_their_own_which_opens_nothing_else(room: Room) -> None:
    administrator = room.tokens.add("administrator", "administer", 1)
    with room.asked(METRICS) as asked:
        assert asked.get("/metrics").status_code == 401
        assert asked.get("/metrics", headers=bearer(SECRET)).status_code == 200
        assert asked.get("/metrics", headers=bearer(administrator)).status_code == 200
        assert asked.get("/board.json", headers=bearer(SECRET)).status_code == 401


# --- the front ------------------------------------------------------------------------------------

FRONT = 'token_file = "tokens.json"\nworkers_token_file = "secret"'
WORKER = 'workers_token_file = "secret"'


def test_a_front_tells_its_workers_who_has_signed_in(room: Room) -> None:
    made = live()
    path = with_alert(made)
    with room.served(WORKER, made) as worker:
        front = serve_front([worker.url], access=Access(room.settings(FRONT)))
        try:
            with client(front) as asked:
                wait_until(lambda: asked.get("/readyz").status_code == 200, 10, "it is ready")
                assert asked.get("/readyz").json() == {"ready": True}
                assert asked.get("/board.json?force=tiny").status_code == 401
                headers = bearer(room.inspector)
                answer = asked.post(f"{path}/acknowledge", json=TAKE, headers=headers)
                assert answer.json()["alert"]["owner"] == "Duty inspector"
                assert asked.post(
                    f"{path}/acknowledge", json=TAKE, headers=bearer(room.screen)
                ).status_code == 403  # fmt: skip
                seen = asked.get("/alerts.json", headers=bearer(room.screen)).json()
                assert seen["alerts"][0]["owner"] == "Duty inspector"
            with client(worker) as asked:
                forged = {"x-watchroom-role": "administer", "x-watchroom-name": "eve"}
                for headers in ({}, forged, forged | bearer("guess"), bearer(room.inspector)):
                    assert asked.get("/board.json", headers=headers).status_code == 401
        finally:
            front.stop()


def test_a_front_gives_the_name_of_who_signed_in_to_a_worker_that_is_open_to_this_machine(
    room: Room,
) -> None:
    made = live()
    path = with_alert(made)
    worker = serve(made)
    front = serve_front([worker.url], access=Access(room.settings(FRONT)))
    try:
        with client(front) as asked:
            wait_until(lambda: asked.get("/readyz").status_code == 200, 10, "it is ready")
            headers = bearer(room.inspector)
            answer = asked.post(f"{path}/acknowledge", json=TAKE, headers=headers)
    finally:
        front.stop()
        worker.stop()
    assert answer.json()["alert"]["owner"] == "Duty inspector"


def test_a_front_with_sign_in_needs_a_token_that_its_workers_know(room: Room) -> None:
    with pytest.raises(ConfigError, match=r"\[workers_token_file\]: is missing"):
        serve_front(["http://127.0.0.1:1"], access=Access(room.settings()))


def test_a_front_whose_token_goes_over_the_network_for_all_to_read_warns_of_it(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    access = Access(room.settings(FRONT))
    elsewhere, own = "http://me:pass@worker.invalid:1", "http://127.0.0.1:1"
    for urls, names in (
        ([own, "https://worker.invalid:1"], None),
        ([own, elsewhere], "http://***@worker.invalid:1"),
    ):
        caplog.clear()
        serve_front(urls, access=access).stop()
        found = [record for record in caplog.records if record.msg == IN_THE_CLEAR]
        assert [record.args for record in found] == ([] if names is None else [(names,)])


def test_a_worker_that_does_not_know_the_front_is_named_as_such(room: Room) -> None:
    with room.served() as worker:
        front = serve_front([worker.url], access=Access(room.settings(FRONT)))
        try:
            with client(front) as asked:

                def said() -> str:
                    return asked.get("/readyz", headers=bearer(room.screen)).text

                words = "does not know this front: give both the same workers_token_file"
                wait_until(lambda: words in said(), 10, "it is named")
        finally:
            front.stop()


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour = 1", "unknown field `colour`"),
        ("[proxy]\nfrom = []\n[roles]\nview = ['*']", "[proxy.from]: no address is listed"),
        ("[proxy]\nfrom = ['10.0.0.1/8']\n[roles]\nview = ['*']", "has host bits set"),
        ("[proxy]\nfrom = ['10.0.0.1']", "[roles]: nobody is given a role"),
        ("[oidc]\nissuer = 'http://idp.example'\nclient_id = 'w'\n[roles]\nview = ['*']",
         "[oidc.issuer]: \"http://idp.example\" is no https address"),
        ("[oidc]\nissuer = 'https://idp.example'\nclient_id = 'w'\n[roles]\nview = ['*']",
         "[address]: is missing: the provider sends people back there"),
        ("address = 'board'", '[address]: "board" is none'),
        ("hours = 0", "[hours]: a sign-in lasts up to 744 hours"),
        ("metrics_token_file = 'none'", "[metrics_token_file]: "),
        ("metrics_token_file = 'short'", "holds fewer than 20 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_settings_is_said(room: Room, text: str, words: str) -> None:
    secret_file(room.folder / "short", "abc")
    with pytest.raises(ConfigError) as wrong:
        room.settings(text)
    assert words in str(wrong.value)
    assert str(room.folder / "sign-in.toml") in str(wrong.value)


FILES = {
    "cookie_secret_file": "cookie_secret_file = 'kept'",
    "workers_token_file": "workers_token_file = 'kept'",
    "metrics_token_file": "metrics_token_file = 'kept'",
    "oidc.client_secret_file": "[oidc]\nissuer = 'https://idp.example'\nclient_id = 'w'\n"
    "client_secret_file = 'kept'",
}


@pytest.mark.parametrize("field", FILES)
@pytest.mark.parametrize("mode", [0o666, 0o644, 0o604, 0o602, 0o620])
def test_a_secret_that_others_may_read_or_write_is_not_used(
    room: Room, field: str, mode: int
) -> None:
    kept = secret_file(room.folder / "kept", mode=mode)
    with pytest.raises(ConfigError) as wrong:
        room.settings(FILES[field])
    assert str(wrong.value).endswith(
        f"[{field}]: others may read {kept} or write to it (mode {mode:04o}). chmod 600 {kept}"
    )


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640])
def test_a_secret_that_its_owner_or_its_group_may_read_is_used(room: Room, mode: int) -> None:
    secret_file(room.folder / "kept", mode=mode)
    assert room.settings("cookie_secret_file = 'kept'").cookie_secret == SECRET


def test_every_recipe_of_the_page_about_sign_in_is_one_that_a_server_takes(room: Room) -> None:
    page = (ROOT / "docs" / "sign-in.md").read_text()
    recipes = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(recipes) == 4
    for recipe in recipes:
        for name in re.findall(r'_file = "(\w+)"', recipe):
            secret_file(room.folder / name)
        Access(room.settings(recipe)).admit("0.0.0.0")  # noqa: S104


def test_settings_that_are_not_there_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: No such file"):
        SignInSettings.read(tmp_path / "none.toml")


def test_a_request_that_says_nothing_is_nobodys(room: Room) -> None:
    access = Access(room.settings())
    found = access.caller(asking.Asked("127.0.0.1", "", "", {}, []))
    assert (found.role, found.name) == (Role.NONE, None)
    with pytest.raises(RequestRefused):
        access.caller(asking.Asked("127.0.0.1", "Bearer guess", "", {}, []))
