"""`watchroom alerts` and `watchroom notify` against a monitor that runs."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.alerts.evaluation import evaluate
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.cli import main
from streams.embedded.alerting import Alerting
from streams.errors import NotStored
from streams.live import Live
from streams.outputs.monitor_server import serve
from streams.periods import HOUR
from tests.alerting import WARWICKSHIRE, at, incidents, signal
from tests.receiver import Receiver

NOW = at("2026-11-21 22:00")
LEAD = "999 calls, Warwickshire: 21 in the hour to 22:00, usually 3 to 14."
ID = "warwickshire/exceptional_volume/calls.offered/line=999/force/up/2026-11-21T21:00:00Z"
Run = Callable[..., Result]


class Full:
    """Keeps so many things that people do, and no more."""

    at_once = True

    def __init__(self, room: int) -> None:
        self.room = room

    def check(self, force: str) -> None:
        pass

    def keep(self, fact: object) -> bool:
        if not self.room:
            raise NotStored("the disk is full, so it is not done")
        self.room -= 1
        return True


@pytest.fixture
def run() -> Iterator[Run]:
    live = Live(Monitor([WARWICKSHIRE]), lambda: NOW)
    live.alerts = service = AlertService(live)
    evaluate(service.stores["warwickshire"], [signal("2026-11-21 21:00")], [], NOW)
    handle = serve(live)

    def run(*words: str, **options: str) -> Result:
        env = {"WATCHROOM_URL": handle.url, "WATCHROOM_WHO": "Duty inspector"}
        return CliRunner().invoke(main, [*words], env=env)

    run.service = service  # type: ignore[attr-defined]
    yield run
    handle.stop()


def test_a_handover_that_is_broken_off_says_how_far_it_came(run: Run) -> None:
    run("alerts", "ack", "1")
    run.service.keeper = Full(room=1)  # type: ignore[attr-defined]
    result = run("alerts", "handover", "--to", "Night shift")
    assert result.exit_code == 1
    assert result.output == (
        "Error: the disk is full, so it is not done. Handed over so far: 1 of 1 alerts, and not "
        "the shift. Hand over again for the rest\n"
    )


def test_an_alert_is_listed_taken_handed_over_and_closed(run: Run) -> None:
    assert run("alerts", "list").output == (
        f" 1 page   {LEAD} Nobody has this yet.\n   opened 2026-11-21 22:00\n   {ID}\n"
    )
    assert run("alerts", "ack", "1").output == f"{LEAD} Duty inspector has this.\n"
    over = run("alerts", "handover", "--to", "Night shift", "--note", "Match traffic").output
    assert over == (
        "Handed over from Duty inspector to Night shift: 1 alert.\n"
        "2026-11-21 22:00 Duty inspector to Night shift: Match traffic\n"
        f"    open: {LEAD} Night shift has this.\n"
        f"- {LEAD} Night shift has this.\n"
        "    2026-11-21 22:00 Duty inspector: acknowledged\n"
        "    2026-11-21 22:00 Duty inspector: handed over to Night shift: Match traffic\n"
    )
    snoozed = run("alerts", "snooze", "1", "--until", "2026-11-21T23:30", "--reason", "Football")
    assert snoozed.output == f"{LEAD} Snoozed until 23:30: Football.\n"
    closed = run("alerts", "close", ID[:20], "--outcome", "planned_event")
    assert closed.output == f"{LEAD} Closed at 22:00: a planned event.\n"
    assert run("alerts", "list").output == "No alert is open.\n"
    assert run("alerts", "list", "--all").output == (
        f" - page   {LEAD} Closed at 22:00: a planned event.\n"
        f"   opened 2026-11-21 22:00, over 2026-11-21 22:00\n   {ID}\n"
    )
    kept = json.loads(run("alerts", "list", "--all", "--json").output)
    assert (kept["id"], kept["outcome"]) == (ID, "planned_event")
    shown = run("alerts", "show", ID).output
    assert "  upper: 14.0\n" in shown or "  upper: 14\n" in shown


def test_a_handover_shows_all_that_was_done_in_the_shift(run: Run) -> None:
    run("alerts", "ack", "1")
    for number in range(7):
        run.service.act(ID, "note", NOW, "AB", note=f"call {number}")  # type: ignore[attr-defined]
    run("alerts", "close", "1", "--outcome", "real", "--note", "A crash")
    assert run("alerts", "handover").output.splitlines() == [
        f"- {LEAD} Closed at 22:00: real.",
        "    2026-11-21 22:00 Duty inspector: acknowledged",
        *(f"    2026-11-21 22:00 AB: noted call {number}" for number in range(7)),
        "    2026-11-21 22:00 Duty inspector: closed as real: A crash",
    ]


def test_an_alert_is_printed_as_json_as_the_monitor_sent_it(run: Run) -> None:
    assert '"observed": 21, ' in run("alerts", "list", "--json").output
    assert '"observed": 21,\n' in run("alerts", "show", "1", "--json").output
    assert "  observed: 21\n" in run("alerts", "show", "1").output


def test_the_log_of_the_shift_is_kept_and_goes_back_as_far_as_is_asked(tmp_path: Path) -> None:
    def told(at_: int, *asked: tuple[str, ...]) -> list[list[str]]:
        """What a monitor says that was started then."""
        live = Live(Monitor([WARWICKSHIRE]), lambda: at_)
        with Alerting(live, tmp_path, every=3600.0) as kept:
            if not kept.service.history("warwickshire"):
                made = evaluate(
                    kept.service.stores["warwickshire"], [signal("2026-11-21 21:00")], [], NOW
                )
                for subscriber in kept.service.subscribers:
                    subscriber(made)
            handle = serve(live)
            env = {"WATCHROOM_URL": handle.url, "WATCHROOM_WHO": "Day shift"}
            found = [
                CliRunner().invoke(main, ["alerts", "handover", *words], env=env).output
                for words in asked
            ]
            handle.stop()
        return [each.splitlines() for each in found]

    told(NOW - 13 * HOUR, ("--to", "Late shift", "--note", "Quiet so far"))
    words = f"{LEAD} Nobody has this yet."
    early = ["2026-11-21 09:00 Day shift to Late shift: Quiet so far", f"    open: {words}"]
    late = ["2026-11-21 22:00 Day shift to Night shift", f"    open: {words}"]
    assert told(NOW, (), ("--hours", "24"), ("--to", "Night shift"), ("--hours", "24")) == [
        [f"- {words}"],
        [*early, f"- {words}"],
        ["Handed over from Day shift to Night shift: 0 alerts.", *late, f"- {words}"],
        [*late, *early, f"- {words}"],
    ]


def test_what_can_not_be_done_is_told_in_plain_words(run: Run) -> None:
    late = run("alerts", "snooze", "1", "--until", "2026-11-20T23:30", "--reason", "x")
    assert late.exit_code == 1
    assert late.output == "Error: a snooze ends in the future, at most 14 days from now\n"
    none = run("alerts", "ack", "nonsense")
    assert none.exit_code == 1
    assert none.output == (
        'Error: no alert is called "nonsense": give its number, its id, or at least 8 letters '
        "from the beginning of it. See: watchroom alerts list\n"
    )


def test_a_test_message_says_which_receiver_took_it() -> None:
    with Receiver() as receiver:
        command = ["notify", "test"]
        env = {"WATCHROOM_NOTIFY": f"page {receiver.address}"}
        told = CliRunner().invoke(main, command, env=env)
        assert told.exit_code == 0
        assert told.output.endswith(" (page): sent\n")
        assert receiver.got[0]["message"] == "A test of Watchroom. Nothing is wrong."
        receiver.failing = True
        told = CliRunner().invoke(main, command, env=env)
        assert told.exit_code == 1
        assert "NOT SENT" in told.output
    told = CliRunner().invoke(main, command, env={"WATCHROOM_NOTIFY": ""})
    assert told.exit_code == 2
    assert "no receiver is named. Set WATCHROOM_NOTIFY" in told.output


def test_receivers_that_share_an_address_are_sent_one_message_and_have_a_line_each() -> None:
    with Receiver() as receiver:
        address = receiver.address.replace("json:", "webhook+http:")
        env = {"WATCHROOM_NOTIFY": f"page {address} notice {address}"}
        sent = CliRunner().invoke(main, ["notify", "test"], env=env)
        assert [each.partition(" (")[2] for each in sent.output.splitlines()] == [
            "page): sent",
            "notice): sent",
        ]
        assert len(receiver.got) == 1


def test_a_rehearsal_plays_the_life_of_an_alert_to_the_receivers_and_every_message_says_so() -> (
    None
):
    command = ["notify", "rehearse", "--force", "warwickshire", "--pause", "0.01"]
    with Receiver() as receiver:
        webhook = receiver.address.replace("json:", "webhook+http:")
        env = {
            "WATCHROOM_NOTIFY": f"page {webhook} notice json://127.0.0.1:1/",
            "WATCHROOM_PUBLIC_URL": "https://watchroom.example",
        }
        told = CliRunner().invoke(main, command, env=env)
        assert told.exit_code == 0, told.output
        assert [(m["event"], m["title"]) for m in receiver.got] == [
            ("opened", "REHEARSAL: Page: 999 calls, Warwickshire"),
            ("escalated", "REHEARSAL: Still nobody: 999 calls, Warwickshire"),
            ("acknowledged", "REHEARSAL: Taken: 999 calls, Warwickshire"),
            ("resolved", "REHEARSAL: Over: 999 calls, Warwickshire"),
        ]
        assert len({m["alert"]["id"] for m in receiver.got}) == 1
        for sent in receiver.got:
            assert sent["rehearsal"]
            assert sent["text"].startswith("REHEARSAL: 999 calls, Warwickshire: 3 callers waiting")
            assert "nothing has happened, and nothing is to be done." in sent["text"]
            assert sent["links"]["alert"].startswith("https://watchroom.example/alert?force=")
        first, *_, last = told.output.splitlines()
        assert first == "1 of 4: REHEARSAL: Page: 999 calls, Warwickshire"
        assert last.endswith(": sent")
        receiver.failing = True
        told = CliRunner().invoke(main, command, env=env)
        assert told.exit_code == 1
        assert "Error: 4 of 4 messages were not taken" in told.output
        told = CliRunner().invoke(main, [*command, "--severity", "state"], env=env)
        assert told.exit_code == 2
        assert "no receiver takes a state of Warwickshire" in told.output
    told = CliRunner().invoke(main, command, env={**env, "WATCHROOM_PUBLIC_URL": "watchroom"})
    assert told.exit_code == 2


def test_a_number_is_one_of_an_open_alert_and_never_a_part_of_an_id(run: Run) -> None:
    """The id holds the date, so "21" would fit it, and "3" would fit with one open alert."""
    third = run("alerts", "ack", "3")
    assert third.exit_code == 1
    assert third.output.startswith("Error: no open alert has the number 3: they have 1 to 1. ")
    assert "Nobody has this yet." in run("alerts", "list").output
    wrong = run("alerts", "close", "21", "--outcome", "false")
    assert wrong.exit_code == 1
    assert wrong.output == (
        "Error: no open alert has the number 21: they have 1 to 1. "
        "Name one that is over by its id, or the beginning of it: watchroom alerts list --all\n"
    )
    run("alerts", "close", "1", "--outcome", "false")
    none = run("alerts", "close", "1", "--outcome", "real")
    assert none.output.startswith("Error: no open alert has the number 1: none is open. ")


@pytest.mark.parametrize("part", ["offered", "999", ID[:7], ID[1:], f"{ID} "])
def test_an_alert_is_not_recognised_by_any_part_of_its_id(run: Run, part: str) -> None:
    assert run("alerts", "ack", part).exit_code == 1
    assert "Nobody has this yet." in run("alerts", "list").output


def test_the_beginning_of_an_id_that_two_alerts_have_is_no_name(run: Run) -> None:
    store = run.service.stores["warwickshire"]  # type: ignore[attr-defined]
    evaluate(store, [signal("2026-11-21 21:00"), incidents("rugby", 90, 20.0)], [], NOW)
    assert len(run("alerts", "list", "--json").output.splitlines()) == 2
    many = run("alerts", "ack", ID[:8])
    assert many.exit_code == 1
    assert many.output.startswith(f'Error: "{ID[:8]}" may be any of 2 alerts:\n')


def test_a_handover_shows_all_that_was_done(run: Run) -> None:
    for number in range(8):
        run("alerts", "snooze", "1", "--until", "2026-11-21T23:30", "--reason", f"round {number}")
    told = run("alerts", "handover").output
    assert [f"round {n}" in told for n in range(8)] == [True] * 8


@pytest.mark.parametrize(
    "answer", [b'{"alerts": [{}]}', b'{"alerts": ["\\xff"]}', b"<html>", b"[]"]
)
def test_an_answer_that_is_no_list_of_alerts_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, run: Run, answer: bytes
) -> None:
    monkeypatch.setattr("streams.outputs.monitor_client.MonitorClient.ask", lambda *_: answer)
    told = run("alerts", "list")
    assert told.exit_code == 1
    assert "answers, but not as a monitor that this release can read" in told.output
    assert "Traceback" not in told.output
