"""Notifications of an embedded monitor: in order, none lost, none twice."""

import os
import signal as signals
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from streams.alerts.evaluation import evaluate
from streams.alerts.model import Transition
from streams.embedded.alert_database import AlertDatabase
from streams.errors import ConfigError
from streams.outputs.notify import AGAIN, ALL, Channel, Notifier, channels, message
from tests.alerting import at, signal, store
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


def test_the_words_come_first_and_are_complete_without_the_link() -> None:
    (page,) = opened(1)
    title, body = message(page, "http://watchroom.example/")
    assert title == "Page: 999 calls, Warwickshire"
    words, link = body.split("\n")
    assert words == page.alert.words
    assert link == (
        "http://watchroom.example/alert?force=warwickshire&id=warwickshire%2Fexceptional_volume"
        "%2Fcalls.offered%2Fline%3D999%2Fforce%2Fup%2F2026-11-01T21%3A00%3A00Z"
    )
    assert AGAIN in message(page, None, again=True)[1]


def test_where_the_runbooks_are_served_a_message_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (page,) = opened(1)
    monkeypatch.setenv("WATCHROOM_RUNBOOKS", "https://intranet.example/runbooks/")
    assert message(page, None)[1].split("\n")[1] == (
        "What to do: https://intranet.example/runbooks/WatchroomExceptionalVolume.md"
    )
    over = msgspec.structs.replace(page, what="resolved")
    assert "What to do" not in message(over, None)[1]


def test_what_can_not_be_sent_waits_longer_each_time_and_comes_in_order(tmp_path: Path) -> None:
    store, now = AlertDatabase(tmp_path), 0
    with Receiver() as receiver:
        channel = Channel(receiver.address)
        notifier = Notifier(store, [channel], clock=lambda: now)
        store.append(opened(2), [(channel.name, ALL)], now)
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


def test_a_transition_that_is_stored_twice_is_sent_once(tmp_path: Path) -> None:
    (page,) = opened(1)
    with Receiver() as receiver:
        channel = Channel(receiver.address)
        for _ in range(2):
            store = AlertDatabase(tmp_path)
            store.append([page, page], [(channel.name, ALL)], 0)
            while Notifier(store, [channel]).serve(channel):
                pass
            assert store.load() == [page]
            store.close()
        assert len(receiver.got) == 1


def test_a_crash_between_the_sending_and_the_note_of_it_sends_again_and_says_so(
    tmp_path: Path,
) -> None:
    store = AlertDatabase(tmp_path)
    store.append(opened(1), [("json-x", ALL)], 0)
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
from streams.outputs.notify import Channel, Notifier
from streams.embedded.alert_database import NAME, AlertDatabase
from streams.embedded.alerting import Alerting
channel = Channel(sys.argv[1])
notifier = Notifier(AlertDatabase(Path(sys.argv[2])), [channel])
notifier.start()
print("sending", flush=True)
time.sleep(60)
"""


def test_kill_9_loses_none_and_repeats_at_most_the_one_that_was_on_its_way(tmp_path: Path) -> None:
    made = opened(28)
    with Receiver() as receiver:
        channel = Channel(receiver.address)
        store = AlertDatabase(tmp_path)
        store.append(made, [(channel.name, ALL)], 0)
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
        notifier = Notifier(store, [channel])
        while notifier.serve(channel):
            pass
        store.close()
        plain = [m["message"] for m in receiver.got if AGAIN not in m["message"]]
        again = [m["message"] for m in receiver.got if AGAIN in m["message"]]
        assert len(again) <= 1
        told = {text.split("\n")[0] for text in [*plain, *again]}
        assert told == {t.alert.words for t in made}
        assert len(plain) in (len(made), len(made) - len(again))


def test_addresses_come_from_the_environment_or_a_file_and_are_never_shown(tmp_path: Path) -> None:
    named = tmp_path / "addresses"
    named.write_text("# on call\npage  json://user:secret@127.0.0.1:9/\n")
    found = channels(
        {
            "WATCHROOM_NOTIFY": "json://127.0.0.1:8/ notice,state json://127.0.0.1:7/",
            "WATCHROOM_NOTIFY_FILE": str(named),
        }
    )
    assert [sorted(c.severities) for c in found] == [
        ["notice", "page", "state"],
        ["notice", "state"],
        ["page"],
    ]
    assert "secret" not in found[2].name
    with pytest.raises(ConfigError) as told:
        channels({"WATCHROOM_NOTIFY": "nonsense://user:secret@x/"})
    assert "secret" not in str(told.value)
    with pytest.raises(ConfigError, match='"pager" is neither'):
        channels({"WATCHROOM_NOTIFY": "pager json://127.0.0.1:8/"})


def test_what_a_feed_wrote_comes_by_mail_as_it_stands_and_is_no_markup() -> None:
    said = "Feed <b>calls</b> & <img src=x>: no heartbeat for 5 minutes."
    with receivers() as got:
        to = f"mailto://127.0.0.1:{got.mail_port}?from=watchroom@room.example&to=duty@room.example"
        assert Channel(to).send("Page: feed <b>calls</b>", said, "page")
    (mail,) = got.mails
    plain, marked_up = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None or marked_up is not None
    if plain is not None:
        assert said in plain.get_content()
    if marked_up is not None:
        assert "<b>" not in marked_up.get_content()
        assert "<img" not in marked_up.get_content()
    assert mail["subject"] == "Page: feed <b>calls</b>"
