"""Notifications of an embedded monitor: in order, none lost, none twice."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal as signals
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from streams.alerts.actions import Request
from streams.alerts.evaluation import evaluate
from streams.alerts.lifecycle import Lifecycle
from streams.alerts.model import Alert, Transition
from streams.alerts.rules import pipeline_unwell
from streams.alerts.service import AlertService
from streams.alerts.store import AlertStore
from streams.board.monitor import Monitor
from streams.config.force import Force, check_force, find_force, shipped_force_text
from streams.embedded.alert_database import AlertDatabase
from streams.embedded.alerting import Alerting
from streams.errors import ConfigError
from streams.live import Health, Live, LostReceiver
from streams.outputs.notify import channels
from streams.outputs.notify import notifier as notifier_module
from streams.outputs.notify.channels import channel_of
from streams.outputs.notify.message import AGAIN, Message, encode, message
from streams.outputs.notify.notifier import Notifier
from streams.outputs.notify.receivers import Receiver as Sent
from streams.outputs.notify.receivers import channels_for, links
from streams.outputs.notify.receivers import receivers as receivers_of
from streams.outputs.notify.rehearsal import rehearsal
from tests.alerting import WARWICKSHIRE, at, signal, store, with_policy
from tests.receiver import Receiver
from tests.servers.process import wait_until
from tests.servers.receivers import receivers

NOW = at("2026-11-21 22:00")
ROOT = Path(__file__).parents[3]


def opened(count: int) -> list[Transition]:
    """So many alerts, each of another day."""
    made = []
    for n in range(count):
        made += evaluate(store(), [signal(f"2026-11-{1 + n:02} 21:00")], [], NOW)
    return made


LINK = (
    "https://watchroom.example/alert?force=warwickshire&id=warwickshire%2Fexceptional_volume"
    "%2Fcalls.offered%2Fline%3D999%2Fforce%2Fup%2F2026-11-01T21%3A00%3A00Z"
)


def test_a_message_says_what_where_how_unusual_since_when_who_has_it_and_leads_to_its_page() -> (
    None
):
    (page,) = opened(1)
    sent = message(page, "https://watchroom.example")
    assert sent.title == "Page: 999 calls, Warwickshire"
    assert sent.text.split("\n") == [
        page.alert.words,
        "Open since 22:00 on Saturday 21 November 2026.",
        f"Take it: {LINK}",
        "What to do: https://watchroom.example/runbooks/WatchroomExceptionalVolume",
    ]
    assert page.alert.words == (
        "999 calls, Warwickshire: 21 in the hour to 22:00 on Sunday 1 November 2026, "
        "usually 3 to 14. Nobody has this yet."
    )


def test_without_a_public_address_the_words_are_complete_and_lead_nowhere() -> None:
    (page,) = opened(1)
    sent = message(page, None, again=True)
    assert sent.text.split("\n") == [
        page.alert.words,
        "Open since 22:00 on Saturday 21 November 2026.",
        AGAIN,
    ]
    assert (sent.links.alert, sent.links.runbook) == (None, None)


def test_the_message_of_its_end_says_from_when_to_when_it_was_open() -> None:
    known = store()
    evaluate(known, [signal("2026-11-21 21:00")], [], NOW)
    ended = Lifecycle(known, NOW + 3_600_000, notify=True)
    ended.resolve(next(iter(known.alerts.values())))
    sent = message(ended.made[0], "https://watchroom.example")
    words, see = sent.text.split("\n")
    assert words.endswith("Over at 23:00, open since 22:00.")
    assert see.startswith("See it: https://watchroom.example/alert?")
    assert sent.title == "Over: 999 calls, Warwickshire"


def test_an_alert_that_somebody_closes_is_sent_once_with_what_it_was(tmp_path: Path) -> None:
    live = Live(Monitor([WARWICKSHIRE]), lambda: NOW)
    live.health.state = "live"
    with Receiver() as receiver:
        webhook = receiver.address.replace("json:", "webhook+http:")
        alerting = Alerting(live, tmp_path, [Sent(channel_of(webhook, "X"))])
        notifier, service = alerting.notifier, alerting.service
        assert notifier is not None
        (page,) = evaluate(service.stores["warwickshire"], [signal("2026-11-21 21:00")], [], NOW)
        service._pass_on([page])
        for outcome in ("real", "planned_event"):  # the second corrects the first
            service.act(page.alert.id, "close", NOW + 60_000, "Sgt Q. Ngata", outcome=outcome)
        (channel,) = notifier.channels.values()
        while notifier.serve(channel):
            pass
        assert alerting.database is not None
        alerting.database.close()
        opening, closing = receiver.got
    assert opening["event"] == "opened"
    assert (closing["event"], closing["title"]) == ("resolved", "Closed: 999 calls, Warwickshire")
    assert closing["text"].split("\n") == [
        "999 calls, Warwickshire: 21 in the hour to 22:00, usually 3 to 14. Closed at 22:01: real.",
        "Open from 22:00 to 22:01 on Saturday 21 November 2026.",
    ]
    assert closing["alert"]["outcome"] == "real"


def test_what_was_not_sent_or_is_closed_in_quiet_hours_is_closed_without_a_message() -> None:
    closing = Request(action="close", who="Anna", outcome="real")
    state = store()
    (page,) = evaluate(state, [signal("2026-11-21 21:00")], [], NOW, notify=False)
    assert not state.act(page.alert.id, closing, NOW).notify
    quiet = AlertStore(with_policy('\n[alerts.quiet_hours]\npage = "22:30-07:00"\n'))
    (page,) = evaluate(quiet, [signal("2026-11-21 21:00")], [], NOW)
    assert not quiet.act(page.alert.id, closing, at("2026-11-21 23:00")).notify


def test_a_page_that_nobody_has_taken_says_so_once_and_one_that_is_taken_asks_nobody_to() -> None:
    sent = rehearsal(WARWICKSHIRE, NOW, "https://watchroom.example")
    escalated, taken, over = (each.text.split("\n") for each in sent[1:])
    assert escalated[0].endswith("Nobody has taken this for 15 min.")
    assert escalated[2] == "Open since 21:43 on Saturday 21 November 2026."
    assert taken[3].startswith("See it: https://")
    assert over[0].endswith("Over at 22:00, open since 21:43.")
    assert over[2].startswith("See it: https://")


def test_a_state_is_sent_only_to_who_names_that_severity() -> None:
    (page,) = opened(1)
    state = msgspec.structs.replace(page.alert, severity="state")
    force, _ = notifying(OWN + TICKETS)
    environment = {
        "WATCHROOM_NOTIFY": "json://127.0.0.1:8/ state,page json://127.0.0.1:9/",
        "DUTY": "json://127.0.0.1:7/",
    }
    assert [each.takes(state) for each in receivers_of([], environment)] == [False, True]
    names = [each.name for each in receivers_of([force], environment) if each.takes(state)]
    assert names == ["warwickshire/tickets"]


def test_no_message_names_a_person_but_says_that_somebody_has_it() -> None:
    known = store()
    (page,) = evaluate(known, [signal("2026-11-21 21:00")], [], NOW)
    asked = Request(action="acknowledge", who="Sgt Q. Ngata")
    sent = message(known.act(page.alert.id, asked, NOW))
    assert "Ngata" not in encode(sent).decode()
    assert sent.text.startswith(
        "999 calls, Warwickshire: 21 in the hour to 22:00, usually 3 to 14. Somebody has this."
    )
    assert sent.alert is not None
    assert sent.alert.taken


@pytest.mark.parametrize(
    ("origin", "first"),
    [("simulated", "SIMULATED"), ("replayed", "REPLAYED"), ("mixed", "PARTLY MADE UP")],
)
def test_the_first_words_of_a_message_say_what_is_made_up(origin: str, first: str) -> None:
    (page,) = opened(1)
    made_up = msgspec.structs.replace(page.alert, origin=origin)
    sent = message(msgspec.structs.replace(page, alert=made_up))
    assert sent.title == f"{first}: Page: 999 calls, Warwickshire"
    assert sent.text.startswith(f"{first}: 999 calls, Warwickshire: 21 ")
    assert sent.origin == origin


def test_where_a_copy_of_the_runbooks_is_named_a_message_leads_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (page,) = opened(1)
    monkeypatch.setenv("WATCHROOM_RUNBOOKS", "https://intranet.example/runbooks/")
    assert message(page, None).text.split("\n")[2] == (
        "What to do: https://intranet.example/runbooks/WatchroomExceptionalVolume.md"
    )
    over = msgspec.structs.replace(page, what="resolved")
    assert "What to do" not in message(over, None).text


SCHEMA = json.loads((ROOT / "docs" / "schemas" / "message.schema.json").read_text())


def test_a_webhook_is_sent_what_the_schema_says_with_its_token() -> None:
    (page,) = opened(1)
    with receivers() as got:
        webhook = f"webhook+http://t0ken@127.0.0.1:{got.web_port}/duty?team=a"
        for sent in (
            message(page, "https://watchroom.example"),
            message(page, rehearsal=True),
            Message(event="test", at=page.at, title="Test", text="A test."),
        ):
            assert channel_of(webhook, "X").send(sent)
    first, rehearsed, tested = got.hooks
    assert (first.path, first.authorization) == ("/duty?team=a", "Bearer t0ken")
    for each in got.hooks:
        Draft202012Validator(SCHEMA, format_checker=FormatChecker()).validate(each.content)
    assert first.content["version"] == 1
    assert first.content["event"] == "opened"
    assert first.content["origin"] == "live"
    assert first.content["links"]["alert"] == LINK
    assert first.content["alert"]["opened_at"] == "2026-11-21T22:00:00Z"
    assert first.content["alert"]["figures"]["observed"] == 21.0
    assert rehearsed.content["rehearsal"]
    assert tested.content["alert"] is None
    broken = {**first.content, "event": "exploded"}
    assert list(Draft202012Validator(SCHEMA).iter_errors(broken))


def test_a_webhook_that_refuses_or_is_away_has_not_taken_a_message() -> None:
    (page,) = opened(1)
    with Receiver() as receiver:
        receiver.failing = True
        webhook = receiver.address.replace("json:", "webhook+http:")
        assert not channel_of(webhook, "X").send(message(page))
    assert not channel_of("webhook+http://127.0.0.1:1/", "X").send(message(page))


class Trickling:
    """A server that answers 200 at once and then a byte now and then, in its header or its body."""

    def __init__(self, head: bytes) -> None:
        self.head, self.stopping = head, threading.Event()
        self.asked = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"webhook+http://127.0.0.1:{self.socket.getsockname()[1]}/"
        self.thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        self.socket.settimeout(0.05)
        taken = list[socket.socket]()
        while not self.stopping.is_set():
            with suppress(OSError):
                taken.append(self.socket.accept()[0])
                taken[-1].sendall(self.head)
                self.asked.set()
            for each in taken:
                with suppress(OSError):
                    each.sendall(b"x")
        for each in (*taken, self.socket):
            each.close()

    def __enter__(self) -> Trickling:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.thread.join()


def test_a_webhook_that_trickles_its_header_has_not_taken_a_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (page,) = opened(1)
    monkeypatch.setattr(channels, "SECONDS", 0.5)
    with Trickling(b"HTTP/1.1 200 OK\r\nx: ") as server:
        assert not channel_of(server.address, "X").send(message(page))


def test_what_a_webhook_says_beside_its_status_is_not_waited_for() -> None:
    (page,) = opened(1)
    with Trickling(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n") as server:
        assert channel_of(server.address, "X").send(message(page))


def test_a_receiver_that_hangs_keeps_nothing_from_another(tmp_path: Path) -> None:
    store = AlertDatabase(tmp_path)
    with Trickling(b"HTTP/1.1 200 OK\r\nx: ") as server, Receiver() as receiver:
        hanging, other = (channel_of(each.address, "X") for each in (server, receiver))
        notifier = Notifier(store, [Sent(hanging), Sent(other)])
        store.append(opened(1), lambda *_: [hanging.name], 0)
        notifier.start()
        assert server.asked.wait(30)
        store.append(opened(2)[1:], lambda *_: [hanging.name, other.name], 0)
        wait_until(lambda: len(receiver.got) == 1, 5, "the other has it")
    notifier.stop()
    store.close()


def test_what_can_not_be_sent_waits_longer_each_time_and_comes_in_order(tmp_path: Path) -> None:
    store, now = AlertDatabase(tmp_path), 0
    with Receiver() as receiver:
        channel = channel_of(receiver.address, "X")
        notifier = Notifier(store, [Sent(channel)], clock=lambda: now)
        store.append(opened(2), lambda *_: [channel.name], now)
        receiver.failing = True
        for pause in (2_000, 4_000, 8_000):
            assert notifier.serve(channel)
            now += pause - 1
            assert not notifier.serve(channel)  # neither it nor what comes after it
            now += 1
        receiver.failing = False
        assert notifier.serve(channel)
        assert notifier.serve(channel)
        assert not notifier.serve(channel)
        assert len(receiver.got) == 2
        assert store.waiting() == 0
    store.close()


class Broken:
    """A channel whose sending ends in an error that nobody thought of, `times` times."""

    name = "broken"

    def __init__(self, times: int) -> None:
        self.times, self.took = times, list[str]()

    def send(self, message: Message) -> bool:
        if self.times:
            self.times -= 1
            raise UnicodeEncodeError("ascii", "x", 0, 1, "nobody thought of it")
        self.took.append(message.title)
        return True


def test_an_error_in_sending_is_a_try_that_failed_logged_once_and_the_fourth_is_a_dead_link(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store, now, health, channel = AlertDatabase(tmp_path), 0, Health(), Broken(4)
    notifier = Notifier(store, [Sent(channel)], clock=lambda: now, health=health)
    store.append(opened(2), lambda *_: [channel.name], now)
    for pause in (2_000, 4_000, 8_000, 16_000):
        assert health.lost_receivers == {}
        assert notifier.serve(channel)
        now += pause - 1
        assert not notifier.serve(channel)
        now += 1
    assert set(health.lost_receivers) == {"broken"}
    assert notifier.serve(channel)
    assert health.lost_receivers == {}
    assert notifier.serve(channel)
    assert (len(channel.took), store.waiting()) == (2, 0)
    assert len([each for each in caplog.records if each.exc_info]) == 1
    store.close()


def test_a_message_that_can_not_be_made_is_given_up_in_the_end_and_the_next_one_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, now, channel = AlertDatabase(tmp_path), NOW, Broken(0)
    first, second = opened(2)
    notifier = Notifier(store, [Sent(channel)], clock=lambda: now)

    def made(transition: Transition, url: str | None, *, again: bool) -> Message:
        if transition.key == first.key:
            raise KeyError("nobody thought of it")
        return message(transition, url, again=again)

    monkeypatch.setattr(notifier_module, "message", made)
    store.append([first, second], lambda *_: [channel.name], now)
    assert notifier.serve(channel)
    now += notifier_module.PATIENCE + 1
    assert notifier.serve(channel)  # given up
    assert notifier.serve(channel)
    assert channel.took == ["Page: 999 calls, Warwickshire"]
    assert store.waiting() == 0
    store.close()


def test_a_message_is_given_up_after_three_days_and_not_before(tmp_path: Path) -> None:
    store, now, channel = AlertDatabase(tmp_path), NOW, Broken(100)
    notifier = Notifier(store, [Sent(channel)], clock=lambda: now)
    store.append(opened(1), lambda *_: [channel.name], now)
    assert notifier.serve(channel)
    now = NOW + 3 * 24 * 3_600_000  # to the millisecond, which is not yet too long
    assert notifier.serve(channel)
    assert store.waiting() == 1
    now += 5 * 60_000
    assert notifier.serve(channel)
    assert store.waiting() == 0
    store.close()


def test_what_waited_for_days_while_nothing_ran_is_tried_once_more_before_it_is_given_up(
    tmp_path: Path,
) -> None:
    store, now, channel = AlertDatabase(tmp_path), NOW + 8 * 24 * 3_600_000, Broken(2)
    notifier = Notifier(store, [Sent(channel)], clock=lambda: now)
    store.append(opened(1), lambda *_: [channel.name], NOW)
    assert notifier.serve(channel)
    assert store.waiting() == 1
    now += 2_000
    assert notifier.serve(channel)
    assert store.waiting() == 0
    store.close()


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("http://%E2%82%AC@127.0.0.1:9/x", "the token of a webhook can't be sent in a header"),
        ("http://a%0D%0Ab@127.0.0.1:9/x", "the token of a webhook can't be sent in a header"),
        ("http://a%20b@127.0.0.1:9/x", "the token of a webhook can't be sent in a header"),
        ("https://t@exam\x00ple/", "the address of a webhook can't be read"),
    ],
)
def test_a_webhook_to_which_no_request_can_be_made_is_refused_at_the_start(
    address: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        channel_of(f"webhook+{address}", "X")


def test_a_transition_that_is_stored_twice_is_sent_once(tmp_path: Path) -> None:
    (page,) = opened(1)
    with Receiver() as receiver:
        channel = channel_of(receiver.address, "X")
        for _ in range(2):
            store = AlertDatabase(tmp_path)
            store.append([page, page], lambda *_: [channel.name], 0)
            while Notifier(store, [Sent(channel)]).serve(channel):
                pass
            assert store.load() == [page]
            store.close()
        assert len(receiver.got) == 1


def test_a_crash_between_the_sending_and_the_note_of_it_sends_again_and_says_so(
    tmp_path: Path,
) -> None:
    store = AlertDatabase(tmp_path)
    store.append(opened(1), lambda *_: ["json-x"], 0)
    first = store.next("json-x", 0)
    assert first is not None
    assert not first.again
    store.close()  # as a crash leaves it
    store = AlertDatabase(tmp_path)
    second = store.next("json-x", 0)
    assert second is not None
    assert second.again
    store.close()


CRASHING = """
import sys, time
from pathlib import Path
from streams.outputs.notify.channels import channel_of
from streams.outputs.notify.notifier import Notifier
from streams.outputs.notify.receivers import Receiver
from streams.embedded.alert_database import AlertDatabase
channel = channel_of(sys.argv[1], "X")
notifier = Notifier(AlertDatabase(Path(sys.argv[2])), [Receiver(channel)])
notifier.start()
print("sending", flush=True)
time.sleep(60)
"""


def test_kill_9_loses_none_and_repeats_at_most_the_one_that_was_on_its_way(tmp_path: Path) -> None:
    made = opened(28)
    with Receiver() as receiver:
        channel = channel_of(receiver.address, "X")
        store = AlertDatabase(tmp_path)
        store.append(made, lambda *_: [channel.name], 0)
        store.close()
        process = subprocess.Popen(
            [sys.executable, "-c", CRASHING, receiver.address, str(tmp_path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        wait_until(lambda: len(receiver.got) >= 5, 60, "five notifications")
        process.send_signal(signals.SIGKILL)
        process.communicate()
        store = AlertDatabase(tmp_path)
        notifier = Notifier(store, [Sent(channel)])
        while notifier.serve(channel):
            pass
        store.close()
        plain = [m["message"] for m in receiver.got if AGAIN not in m["message"]]
        again = [m["message"] for m in receiver.got if AGAIN in m["message"]]
        assert len(again) <= 1
        told = {text.split("\n")[0] for text in [*plain, *again]}
        assert told == {t.alert.words for t in made}
        assert len(plain) in (len(made), len(made) - len(again))


def test_a_dead_link_is_noted_once_and_so_is_its_end_over_a_restart_too(tmp_path: Path) -> None:
    store, now, health = AlertDatabase(tmp_path), 0, Health()
    with Receiver() as receiver:
        channel = channel_of(receiver.address, "X")
        notifier = Notifier(store, [Sent(channel)], clock=lambda: now, health=health)
        store.append(opened(2), lambda *_: [channel.name], now)
        receiver.failing = True
        for pause in (2_000, 4_000, 8_000):
            assert notifier.serve(channel)
            assert health.lost_receivers == {}
            now += pause
        notifier.serve(channel)
        assert health.lost_receivers == {channel.name: (channel.name, frozenset(), 14_000)}
        store.close()
        store, health = AlertDatabase(tmp_path), Health()  # as after a restart
        notifier = Notifier(store, [Sent(channel)], clock=lambda: now, health=health)
        assert health.lost_receivers == {channel.name: (channel.name, frozenset(), 14_000)}
        receiver.failing = False
        now += 16_000
        assert notifier.serve(channel)
        assert health.lost_receivers == {}
    store.close()


def test_a_dead_link_is_one_notice_on_the_board_and_to_the_others_until_it_works_again() -> None:
    now = NOW
    live = Live(Monitor([WARWICKSHIRE, find_force("west-mercia")]), lambda: now)
    service = AlertService(live)
    live.health.state, said = "live", list[Transition]()
    service.subscribe(said.extend)
    served = frozenset({"warwickshire", "west-mercia"})
    live.health.lost_receivers = {"mailtos-1": LostReceiver("mailtos-1", served, NOW - 14_000)}
    for _ in range(3):
        service.tick()
        now += 2_000
    (lost,) = said
    assert (lost.what, lost.notify, lost.alert.severity) == ("opened", True, "notice")
    assert lost.alert.words == (
        "Watchroom, Warwickshire: no messages to mailtos-1: it can't be reached. "
        "It is tried again every 5 minutes. Nobody has this yet."
    )
    assert live.health.ready  # the figures are whole all the same
    known = links([sent_to("mailtos-1"), sent_to("pager", severities=PAGES)])
    assert channels_for(lost.alert, known) == ["pager"]
    live.health.lost_receivers = {}
    now += 10_000
    service.tick()
    assert [each.what for each in said] == ["opened", "resolved"]
    assert said[-1].notify


def test_of_a_receiver_that_is_away_the_others_get_one_message_and_one_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "FIRST_PAUSE", 40)
    monkeypatch.setattr(notifier_module, "LONGEST_PAUSE", 80)
    monkeypatch.setattr(pipeline_unwell, "REACHED", 200)
    live = Live(Monitor([WARWICKSHIRE]))
    live.health.state = "live"
    with Receiver() as away, Receiver() as other:
        away.failing = True
        webhooks = [each.address.replace("json:", "webhook+http:") for each in (away, other)]
        sent_to_both = [Sent(channel_of(each, "X")) for each in webhooks]
        name = sent_to_both[0].label
        with Alerting(live, tmp_path, sent_to_both, every=0.05) as alerting:
            live.health.note(("web",), {"web": "the web server does not answer. Start it again"})

            def about_it() -> list[str]:
                return [m["event"] for m in other.got if f"no messages to {name}" in m["title"]]

            wait_until(lambda: about_it() == ["opened"], 30, "the others are sent that it is away")
            (alert,) = [
                each
                for each in alerting.service.view("warwickshire", live.clock()).open
                if each.measure == "receiver"
            ]
            assert name in alert.words
            away.failing = False
            wait_until(lambda: about_it() == ["opened", "resolved"], 30, "and that it is back")
        titles = [m["title"] for m in away.got]
    # What it missed comes once it is back; of its own absence it is sent nothing.
    assert titles == ["Page: Watchroom, Warwickshire: its web server does not answer"]
    assert away.got[0]["alert"]["severity"] == "page"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead link shows within half a second, and so does its end."""
    monkeypatch.setattr(notifier_module, "FIRST_PAUSE", 40)
    monkeypatch.setattr(notifier_module, "LONGEST_PAUSE", 80)
    monkeypatch.setattr(pipeline_unwell, "REACHED", 200)


def owning(force: str, **addresses: str) -> tuple[Force, dict[str, str]]:
    """A force with receivers of its own, and the environment with their addresses."""
    text, environment = shipped_force_text(force), dict[str, str]()
    for name, address in addresses.items():
        variable = f"{force}_{name}".upper().replace("-", "_")
        severities = '["page"]' if name == "pager" else '["page", "notice"]'
        text += (
            f'\n[[notify.receivers]]\nname = "{name}"\nseverities = {severities}\n'
            f'address_env = "{variable}"\n'
        )
        environment[variable] = address
    made, problems = check_force(text, f"{force}.toml")
    assert made is not None
    assert not problems
    return made, environment


def test_a_dead_address_that_two_forces_share_is_one_notice_which_the_other_links_send(
    tmp_path: Path, impatient: None
) -> None:
    with Receiver() as shared, receivers() as got:
        shared.failing = True
        dead = shared.address.replace("json:", "webhook+http:")
        pager = f"webhook+http://127.0.0.1:{got.web_port}"
        mail = f"mailto://127.0.0.1:{got.mail_port}?from=watchroom@room.example&to=it@room.example"
        made = [
            owning("warwickshire", duty=dead, pager=f"{pager}/warwickshire"),
            owning("west-mercia", duty=dead, pager=f"{pager}/west-mercia"),
            owning("city-of-london", pager=f"{pager}/city-of-london"),
        ]
        forces = [force for force, _ in made]
        environment = {"WATCHROOM_NOTIFY": mail}
        for _, variables in made:
            environment |= variables
        live = Live(Monitor(forces))
        live.health.state = "live"

        def losses() -> list[tuple[str, str]]:
            about = [each for each in got.hooks if "no messages to" in each.content["title"]]
            return sorted((each.path, each.content["event"]) for each in about)

        def mailed() -> list[str]:
            subjects = [str(each["subject"]).partition(": ") for each in got.mails]
            return [head for head, _, rest in subjects if "no messages to" in rest]

        with Alerting(live, tmp_path, receivers_of(forces, environment), every=0.05) as alerting:
            live.health.note(("web",), {"web": "the web server does not answer. Start it again"})
            begun = [("/warwickshire", "opened"), ("/west-mercia", "opened")]
            wait_until(lambda: (losses(), mailed()) == (begun, ["Notice"]), 30, "it is sent")
            titles = [
                each.title
                for force in forces
                for each in alerting.service.view(force.id, live.clock()).open
                if each.measure == "receiver"
            ]
            assert titles == [
                "Watchroom, Warwickshire: no messages to warwickshire/duty and west-mercia/duty"
            ]
            shared.failing = False
            ended = sorted([*begun, ("/warwickshire", "resolved"), ("/west-mercia", "resolved")])
            wait_until(
                lambda: (losses(), mailed()) == (ended, ["Notice", "Over"]), 30, "so is its end"
            )
    # What it missed comes once it is back, each once; of its own absence it is sent nothing.
    assert sorted(each["title"] for each in shared.got) == [
        "Page: Watchroom, Warwickshire: its web server does not answer",
        "Page: Watchroom, West Mercia: its web server does not answer",
    ]


def test_of_two_dead_links_each_is_sent_to_those_that_live_and_not_late_to_the_other(
    tmp_path: Path, impatient: None
) -> None:
    live = Live(Monitor([WARWICKSHIRE]))
    live.health.state = "live"
    with Receiver() as first, Receiver() as second, Receiver() as living:
        first.failing = second.failing = True
        addresses = [
            each.address.replace("json:", "webhook+http:") for each in (first, second, living)
        ]
        sent = [Sent(channel_of(each, "X"), name=f"r{n}") for n, each in enumerate(addresses)]
        with Alerting(live, tmp_path, sent, every=0.05):
            live.health.note(("web",), {"web": "the web server does not answer. Start it again"})

            def losses(name: str) -> list[str]:
                return [m["event"] for m in living.got if f"no messages to {name}" in m["title"]]

            wait_until(lambda: (losses("r0"), losses("r1")) == (["opened"],) * 2, 30, "both")
            first.failing = False
            wait_until(lambda: losses("r0") == ["opened", "resolved"], 30, "one is back")
            second.failing = False
            wait_until(lambda: losses("r1") == ["opened", "resolved"], 30, "so is the other")
    # The one that came back while the other was still dead is sent that; the one that came back
    # last is sent nothing of what is over.
    assert [(m["event"], m["title"].partition(": ")[2]) for m in first.got][1:] == [
        ("opened", "Watchroom, Warwickshire: no messages to r1"),
        ("resolved", "Watchroom, Warwickshire: no messages to r1"),
    ]
    assert len(second.got) == 1


def restarted(folder: Path, sent: list[Sent]) -> AlertDatabase:
    """The alerts of a process that was started anew with these receivers, and ended."""
    alerting = Alerting(Live(Monitor([WARWICKSHIRE]), lambda: NOW), folder, sent)
    assert alerting.database is not None
    return alerting.database


def waits(folder: Path, channels: list[str], made: list[Transition]) -> None:
    """Has alerts wait for channels, as an earlier process left them."""
    store = AlertDatabase(folder)
    store.append(made, lambda *_: channels, 0)
    store.close()


def open_deliveries(store: AlertDatabase, channel: str) -> list[str]:
    """The ids of the alerts that wait for a channel, in their order."""
    found = []
    while (delivery := store.next(channel, NOW + 10**9)) is not None:
        found.append(delivery.transition.alert.id)
        store.sent(delivery.number)
    return found


def test_what_waits_for_an_address_that_was_changed_is_sent_to_the_new_one_in_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = opened(2)
    waits(tmp_path, ["json-old", "mail"], made)
    store = restarted(tmp_path, [sent_to("json-new"), sent_to("mail")])
    assert open_deliveries(store, "json-new") == [each.alert.id for each in made]
    assert open_deliveries(store, "mail") == [each.alert.id for each in made]  # and not twice
    assert store.waiting() == 0
    (words,) = caplog.messages
    assert words == (
        "json-old is no receiver any more: of the messages that waited for it 2 were handed on to "
        "the receivers of now, and 0 given up"
    )
    store.close()


def test_what_waits_for_an_address_that_was_removed_is_given_up_where_nobody_else_is_sent_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    waits(tmp_path, ["json-old"], opened(1))
    store = restarted(tmp_path, [sent_to("states", severities=frozenset({"state"}))])
    assert store.waiting() == 0
    (words,) = caplog.messages
    assert words == (
        "json-old is no receiver any more: of the messages that waited for it 0 were handed on to "
        "the receivers of now, and 1 given up"
    )
    store.close()


def test_where_no_receiver_is_named_or_the_force_is_another_s_what_waits_is_left_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (page,) = opened(1)
    elsewhere = msgspec.structs.replace(page.alert, force="kent", id="kent/a")
    waits(tmp_path / "a", ["json-old"], [page])
    waits(tmp_path / "b", ["json-old"], [msgspec.structs.replace(page, alert=elsewhere)])
    for folder, sent in (("a", []), ("b", [sent_to("mail")])):
        store = restarted(tmp_path / folder, sent)
        assert len(open_deliveries(store, "json-old")) == 1
        store.close()
    assert caplog.messages == ["1 messages wait, and no receiver is named"]


def test_what_may_have_arrived_at_the_old_address_is_sent_again_as_such(tmp_path: Path) -> None:
    waits(tmp_path, ["json-old"], opened(1))
    store = AlertDatabase(tmp_path)
    assert store.next("json-old", 0) is not None
    store.close()  # as a crash leaves it
    store = restarted(tmp_path, [sent_to("json-new")])
    delivery = store.next("json-new", NOW + 10**9)
    assert delivery is not None
    assert delivery.again
    store.close()


class Named:
    """A channel with a name, which takes everything."""

    def __init__(self, name: str) -> None:
        self.name = name

    def send(self, message: Message) -> bool:
        return True


def sent_to(name: str, **fields: Any) -> Sent:
    return Sent(Named(name), **fields)


PAGES = frozenset({"page"})


@pytest.mark.parametrize(
    ("lost", "other", "sent"),
    [
        # Of one force: whatever the other takes, since what the dead one took is missing.
        ({"force": "kent"}, {"force": "kent"}, True),
        ({"force": "kent"}, {"force": "kent", "severities": PAGES}, True),
        ({"force": "kent"}, {"force": "surrey"}, False),
        ({"force": "kent"}, {"force": "surrey", "severities": PAGES}, False),
        # Of the installation: who takes notices may have to mend it.
        ({"force": "kent"}, {}, True),
        ({"force": "kent"}, {"severities": PAGES}, False),
        ({"force": "kent"}, {"severities": frozenset({"state"})}, False),
        ({}, {}, True),
        ({}, {"severities": PAGES}, True),
        ({}, {"force": "kent"}, False),
        ({}, {"force": "kent", "severities": PAGES}, False),
    ],
)
def test_who_is_sent_that_a_link_is_dead(
    lost: dict[str, Any], other: dict[str, Any], sent: bool
) -> None:
    own = frozenset({"kent", "surrey"})
    both = [
        sent_to(name, **({"others": own} | fields))
        for name, fields in (("dead", lost), ("other", other))
    ]
    assert channels_for(about_the_loss_of("dead"), links(both)) == (["other"] if sent else [])


def about_the_loss_of(channel: str) -> Alert:
    """The alert that a link is dead."""
    live = Live(Monitor([WARWICKSHIRE]), lambda: NOW)
    service, said = AlertService(live), list[Transition]()
    live.health.state = "live"
    service.subscribe(said.extend)
    live.health.lost_receivers = {channel: LostReceiver(channel, frozenset(), NOW - 14_000)}
    service.tick()
    return said[0].alert


def test_receivers_that_share_an_address_are_one_link_that_takes_what_either_takes() -> None:
    (page,) = opened(1)
    notice = msgspec.structs.replace(page.alert, severity="notice")
    elsewhere = msgspec.structs.replace(notice, force="west-mercia")
    shared = [
        Sent(Named("mail"), force="warwickshire", severities=PAGES, name="warwickshire/duty"),
        Sent(Named("mail"), force="west-mercia", name="west-mercia/duty"),
        Sent(Named("mail"), force="west-mercia", name="west-mercia/night"),
    ]
    known = links(shared)
    assert [channels_for(each, known) for each in (page.alert, notice, elsewhere)] == [
        ["mail"],
        [],
        ["mail"],
    ]
    assert known["mail"].label == "warwickshire/duty and 2 others"
    assert channels_for(about_the_loss_of("mail"), known) == []


def test_of_the_end_of_a_dead_link_is_sent_who_was_sent_its_beginning() -> None:
    lost = about_the_loss_of("dead")
    over = msgspec.structs.replace(lost, state="resolved")
    known = links(sent_to(name) for name in ("dead", "mail", "chat"))
    assert channels_for(lost, known) == ["mail", "chat"]
    assert channels_for(over, known, {"mail"}) == ["mail"]
    assert channels_for(over, known) == []


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("page", 'WATCHROOM_NOTIFY: no address follows "page"'),
        ("nobody:// page,notice", 'WATCHROOM_NOTIFY: no address follows "page,notice"'),
        ("page notice nobody://", 'WATCHROOM_NOTIFY: no address follows "page"'),
    ],
)
def test_severities_that_no_address_follows_are_refused(variable: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        receivers_of(environment={"WATCHROOM_NOTIFY": variable})
    assert str(raised.value) == (
        f"{said}. Severities stand before the address that takes them: page,notice mailtos://..."
    )


def test_severities_hold_for_the_next_address_alone() -> None:
    found = receivers_of(environment={"WATCHROOM_NOTIFY": "state nobody:// json://127.0.0.1:8/"})
    assert [sorted(each.severities) for each in found] == [["state"], ["notice", "page"]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("pager json://127.0.0.1:8/", '"pager" is neither an address nor a list of severities'),
        ("webhook+ftp://x/", "the address of a webhook can't be read"),
        ("page", 'no address follows "page"'),
    ],
)
def test_what_is_wrong_in_the_file_of_addresses_is_said_of_that_file_with_its_line(
    tmp_path: Path, line: str, said: str
) -> None:
    file = tmp_path / "addresses"
    file.write_text(f"# on call\nnobody://\n{line}\n")
    environment = {"WATCHROOM_NOTIFY": "nobody://", "WATCHROOM_NOTIFY_FILE": str(file)}
    with pytest.raises(ConfigError) as raised:
        receivers_of(environment=environment)
    assert str(raised.value).startswith(f"{file}:3 [WATCHROOM_NOTIFY_FILE]: {said}")


def test_a_word_left_in_the_variable_is_not_taken_for_the_first_address_of_the_file(
    tmp_path: Path,
) -> None:
    file = tmp_path / "addresses"
    file.write_text("nobody://\n")
    environment = {"WATCHROOM_NOTIFY": "nobody:// state", "WATCHROOM_NOTIFY_FILE": str(file)}
    with pytest.raises(ConfigError, match='no address follows "state"'):
        receivers_of(environment=environment)


def test_addresses_come_from_the_environment_or_a_file_and_are_never_shown(tmp_path: Path) -> None:
    named = tmp_path / "addresses"
    named.write_text("# on call\npage  json://user:secret@127.0.0.1:9/\n")
    found = receivers_of(
        environment={
            "WATCHROOM_NOTIFY": "json://127.0.0.1:8/ notice,state json://127.0.0.1:7/",
            "WATCHROOM_NOTIFY_FILE": str(named),
        }
    )
    assert [sorted(c.severities) for c in found] == [
        ["notice", "page"],
        ["notice", "state"],
        ["page"],
    ]
    assert "secret" not in found[2].label
    for wrong in ("nonsense://user:secret@x/", "webhook+ftp://user:secret@x/"):
        with pytest.raises(ConfigError) as told:
            receivers_of(environment={"WATCHROOM_NOTIFY": wrong})
        assert "secret" not in str(told.value)
    with pytest.raises(ConfigError, match='"pager" is neither'):
        receivers_of(environment={"WATCHROOM_NOTIFY": "pager json://127.0.0.1:8/"})


def notifying(policy: str) -> tuple[Force, list[ConfigError]]:
    force, problems = check_force(shipped_force_text("warwickshire") + policy, "w/force.toml")
    assert force is not None
    return force, list(problems)


OWN = """
[[notify.receivers]]
name = "duty"
severities = ["page"]
address_env = "DUTY"

[[notify.receivers]]
name = "log"
nobody = true
"""

TICKETS = """
[[notify.receivers]]
name = "tickets"
severities = ["state"]
nobody = true
"""


def test_a_force_with_receivers_of_its_own_has_its_alerts_sent_there_and_nowhere_else() -> None:
    force, problems = notifying(OWN)
    assert not problems
    environment = {"WATCHROOM_NOTIFY": "json://127.0.0.1:8/", "DUTY": "json://127.0.0.1:7/"}
    everybody, duty, quiet = receivers_of([force], environment)
    (page,) = opened(1)
    assert not everybody.takes(page.alert)
    assert duty.takes(page.alert)
    assert quiet.takes(page.alert)
    notice = msgspec.structs.replace(page.alert, severity="notice")
    assert not duty.takes(notice)
    elsewhere = msgspec.structs.replace(page.alert, force="west-mercia")
    assert [each.takes(elsewhere) for each in (everybody, duty, quiet)] == [True, False, False]
    assert duty.label == "warwickshire/duty"


def test_in_a_trial_nobody_is_notified_and_the_log_says_of_what(
    caplog: pytest.LogCaptureFixture,
) -> None:
    force, problems = notifying("\n[notify]\ntrial = true\n" + OWN)
    assert not problems
    everybody, trial = receivers_of([force], {"WATCHROOM_NOTIFY": "json://127.0.0.1:8/"})
    (page,) = opened(1)
    assert not everybody.takes(page.alert)
    assert trial.takes(page.alert)
    assert trial.channel.send(message(page))
    assert caplog.messages == [
        f"nobody is notified: Page: 999 calls, Warwickshire. {page.alert.words}"
    ]


def test_an_address_that_is_not_there_stops_the_start_and_is_said_with_its_place() -> None:
    force, _ = notifying(OWN)
    with pytest.raises(ConfigError) as told:
        receivers_of([force], {})
    assert str(told.value) == (
        "w/force.toml [notify.receivers[0].address_env]: the environment has no variable DUTY. "
        "Set it to the address of the receiver; see docs/notifications.md"
    )
    force, _ = notifying(OWN.replace('address_env = "DUTY"', 'address_file = "duty.txt"'))
    with pytest.raises(ConfigError, match=r"w/duty\.txt can't be read: No such file"):
        receivers_of([force], {})


@pytest.mark.parametrize(
    ("receiver", "problem"),
    [
        ('name = "a"', "has none of address_env, address_file and nobody"),
        ('name = "a"\nnobody = true\naddress_env = "A"', "has more than one of address_env"),
        ('name = "a"\naddress_file = "json://u:p@h/"', "an address may hold a password"),
        ('name = "duty"\nnobody = true', 'two receivers are named "duty"'),
    ],
)
def test_the_check_of_a_force_file_finds_what_is_wrong_with_its_receivers(
    receiver: str, problem: str
) -> None:
    text = shipped_force_text("warwickshire") + OWN + f"\n[[notify.receivers]]\n{receiver}\n"
    _, problems = check_force(text, "force.toml")
    assert problems
    assert all(problem in str(each) for each in problems)


def test_what_a_feed_wrote_comes_by_mail_as_it_stands_and_is_no_markup() -> None:
    said = "Feed <b>calls</b> & <img src=x>: no heartbeat for 5 minutes."
    with receivers() as got:
        to = f"mailto://127.0.0.1:{got.mail_port}?from=watchroom@room.example&to=duty@room.example"
        sent = Message(
            event="test", at=dt.datetime.now(dt.UTC), title="Page: feed <b>calls</b>", text=said
        )
        assert channel_of(to, "X").send(sent)
    (mail,) = got.mails
    plain, marked_up = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None or marked_up is not None
    if plain is not None:
        assert said in plain.get_content()
    if marked_up is not None:
        assert "<b>" not in marked_up.get_content()
        assert "<img" not in marked_up.get_content()
    assert mail["subject"] == "Page: feed <b>calls</b>"
