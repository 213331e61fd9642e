"""Alerts of a partition: who has decided, what is still to be written, and in which generation."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from streams.alerts.model import Alert, Evidence, Handover, Transition, decode_fact, encode
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.errors import ConfigError, NotStored
from streams.kafka.alert_writer import AlertWriter, NotMine
from streams.kafka.alerts import TopicAlerts
from streams.kafka.brokers import in_words
from streams.kafka.membership import BOOT, Member, Membership
from streams.kafka.oauth import NoToken
from streams.kafka.partition import Partition, fingerprint
from streams.kafka.partition_alerts import PartitionAlerts
from streams.kafka.settings import WorkerSettings
from streams.live import Live
from streams.state.snapshot import Identity, Outgoing
from tests.build import StillStream, tiny_force

AT = dt.datetime(2021, 3, 1, 12, tzinfo=dt.UTC)
ALERT = Alert(
    id="tiny/a", force="tiny", kind="callers_waiting", severity="page", group="calls",
    measure="waiting", area="force", area_name="Tiny Police", title="999", grain="now",
    opened_at=AT, updated_at=AT, words="", evidence=Evidence(), notified=True,
)  # fmt: skip


def fact(generation: int, revision: int, owner: str | None = None) -> Transition:
    alert = msgspec.structs.replace(ALERT, owner=owner, revision=revision)
    return Transition(what="updated", at=AT, generation=generation, alert=alert)


class Topic(AlertWriter):
    """A topic in memory, which is written while it is claimed."""

    def __init__(self, held: Sequence[Transition] = ()) -> None:
        super().__init__("127.0.0.1:9", "w.alerts", 0, "w", StillStream().membership.lease)
        self.values = [encode(each) for each in held]
        self.mine = False
        self.refuses: Exception | None = None
        self.fails: Exception | None = None
        """What the next write ends with, though it is in the topic."""

    @property
    def claimed(self) -> bool:
        return self.mine

    async def claim(self) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.mine = True

    async def write(self, messages: Sequence[tuple[bytes, bytes | None]]) -> None:
        if not self.mine:
            raise NotMine("another has it")
        self.values += [value for _, value in messages if value is not None]
        if self.fails is not None:
            error, self.fails = self.fails, None
            self.drop()
            raise error

    def drop(self) -> None:
        self.mine = False

    @property
    def ranks(self) -> list[tuple[int, int]]:
        return [msgspec.json.decode(each, type=Transition).rank for each in self.values]


def held(folder: Path, topic: Topic, generation: int) -> PartitionAlerts:
    live = Live(Monitor([tiny_force()]))
    shard = next(each for each in live.monitor.shards if each.kind == "call")
    print_ = fingerprint("call", [tiny_force()])
    identity = Identity(
        cluster="c", topic="w.calls", topic_id="t", partition=0, fingerprint=print_,
        forces=("tiny",),
    )  # fmt: skip
    partition = Partition(live, shard, folder / "0.sqlite", identity, "w", 1)

    async def read(_: int) -> list[bytes] | None:
        return topic.values

    made = PartitionAlerts(0, topic, AlertService(live), read, lambda: generation)
    made.partitions = {partition.topic: partition}
    return made


def mail(*facts: Transition) -> list[tuple[int, Outgoing]]:
    return [
        (n, Outgoing("w.alerts", each.alert.id.encode(), encode(each), []))
        for n, each in enumerate(facts)
    ]


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        await work()

    asyncio.run(all_of_it())


async def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition, a second at most."""
    async with asyncio.timeout(1):
        while not condition():  # noqa: ASYNC110 - it tells no event
            await asyncio.sleep(0.01)


def owner(alerts: PartitionAlerts) -> str | None:
    return alerts.service.stores["tiny"].alerts["tiny/a"].owner


def test_what_was_not_written_yet_is_written_once_it_is_taken_over_again(tmp_path: Path) -> None:
    topic = Topic([fact(3, 1)])
    alerts = held(tmp_path, topic, 4)

    async def work() -> None:
        alerts.post(
            alerts.partitions["w.calls"], mail(fact(3, 1), fact(3, 2, "AB"))
        )  # the first one is there already
        await alerts.take_over()
        await alerts.flush(5)
        await alerts.close()

    run(work)
    assert topic.ranks == [(3, 1), (3, 2)]
    assert (owner(alerts), alerts.generation) == ("AB", 4)


def test_what_was_decided_before_another_had_the_alerts_is_neither_written_nor_shown(
    tmp_path: Path,
) -> None:
    topic = Topic([fact(3, 1), fact(4, 2, "AB")])
    alerts = held(tmp_path, topic, 5)

    async def work() -> None:
        alerts.post(alerts.partitions["w.calls"], mail(fact(3, 7)))
        await alerts.take_over()
        await alerts.flush(5)
        await alerts.close()

    run(work)
    assert topic.ranks == [(3, 1), (4, 2)]
    assert owner(alerts) == "AB"


def test_a_generation_is_above_all_of_the_topic_though_the_group_was_made_anew(
    tmp_path: Path,
) -> None:
    topic = Topic([fact(57, 3)])
    alerts = held(tmp_path, topic, 1)

    async def work() -> None:
        await alerts.take_over()
        assert await alerts.keep(fact(58, 4, "AB"))
        assert not await alerts.keep(fact(57, 5))  # of before: it is to be decided anew
        await alerts.close()

    run(work)
    assert topic.ranks == [(57, 3), (58, 4)]


def test_what_another_has_written_meanwhile_takes_the_place_of_what_was_known(
    tmp_path: Path,
) -> None:
    topic = Topic()
    alerts = held(tmp_path, topic, 3)

    async def work() -> None:
        await alerts.take_over()
        alerts.service.stores["tiny"].apply(fact(3, 9, "old"))
        topic.values.append(encode(fact(4, 2, "AB")))
        topic.mine = False
        with pytest.raises(NotMine):
            await topic.write([(b"", b"")])
        await alerts.take_over()
        await alerts.close()

    run(work)
    assert (owner(alerts), alerts.generation) == ("AB", 5)


def test_own_alerts_are_written_though_a_person_did_something_meanwhile(tmp_path: Path) -> None:
    topic = Topic([fact(3, 1)])
    alerts = held(tmp_path, topic, 4)
    other = msgspec.structs.replace(ALERT, id="tiny/b")

    async def work() -> None:
        await alerts.take_over()
        assert await alerts.keep(fact(4, 2, "AB"))
        await alerts.close()  # so that what is posted waits
        waits = Transition(what="opened", at=AT, generation=4, alert=other)
        alerts.post(alerts.partitions["w.calls"], mail(waits))
        for revision, who in (3, "CD"), (4, "EF"):
            topic.drop()
            assert not await alerts.keep(fact(4, revision))  # it is decided anew
            assert await alerts.keep(fact(alerts.generation, revision, who))
        topic.drop()
        await alerts._send_some()

    run(work)
    assert topic.ranks == [(3, 1), (4, 2), (5, 3), (6, 4), (4, 1)]
    assert msgspec.json.decode(topic.values[-1], type=Transition).alert.id == "tiny/b"


def test_a_topic_that_was_made_again_is_given_all_that_is_held(tmp_path: Path) -> None:
    topic = Topic([fact(7, 3, "AB")])
    alerts = held(tmp_path, topic, 4)
    handover = Handover(force="tiny", at=AT, who="AB", to="CD")

    async def work() -> None:
        await alerts.take_over()
        alerts.service.stores["tiny"].apply_handover(handover)
        topic.values = []
        alerts.send_again()
        async with asyncio.timeout(1):
            while len(topic.values) < 2:  # noqa: ASYNC110 - it tells no event
                await asyncio.sleep(0.01)
        assert await alerts.keep(fact(alerts.generation, 4, "EF"))
        await alerts.close()

    run(work)
    written = [decode_fact(each) for each in topic.values]
    assert written == [fact(7, 3, "AB"), handover, fact(8, 4, "EF")]


def test_what_a_topic_that_was_made_again_could_not_be_given_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.kafka.partition_alerts.PAUSE", 0.01)
    topic = Topic([fact(7, 3)])
    alerts = held(tmp_path, topic, 4)

    async def work() -> None:
        await alerts.take_over()
        await asyncio.sleep(0)
        topic.values, topic.refuses = [], TimeoutError()
        alerts.send_again()
        await asyncio.sleep(0.05)
        assert alerts.trouble
        topic.refuses = None
        async with asyncio.timeout(1):
            while not topic.values or alerts.trouble:  # noqa: ASYNC110 - it tells no event
                await asyncio.sleep(0.01)
        await alerts.close()

    run(work)
    assert topic.ranks == [(7, 3)]


def test_an_action_that_was_stored_though_the_answer_did_not_come_is_shown_at_once(
    tmp_path: Path,
) -> None:
    topic = Topic([fact(3, 1)])
    alerts = held(tmp_path, topic, 4)

    async def work() -> None:
        await alerts.take_over()
        await asyncio.sleep(0)
        topic.fails = TimeoutError()
        with pytest.raises(TimeoutError):
            await alerts.keep(fact(4, 2, "AB"))
        async with asyncio.timeout(1):
            while owner(alerts) != "AB":  # noqa: ASYNC110 - it tells no event
                await asyncio.sleep(0.01)
        await alerts.close()

    run(work)
    assert alerts.generation == 5


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (ConfigError("the key is of another", cure="Replace both"), ". Replace both"),
        (NoToken("no token came"), ". Look at the brokers, and at the rights of this worker"),
    ],
)
def test_settings_and_tokens_that_fail_are_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, cure: str
) -> None:
    monkeypatch.setattr("streams.kafka.partition_alerts.PAUSE", 0.01)
    topic = Topic()
    alerts = held(tmp_path, topic, 4)
    said: list[str] = []

    async def work() -> None:
        topic.refuses = error
        await alerts.take_over()
        alerts.post(alerts.partitions["w.calls"], mail(fact(4, 1)))
        await asyncio.sleep(0.05)
        said.append(alerts.trouble)
        topic.refuses = None
        async with asyncio.timeout(1):
            while not topic.values:  # noqa: ASYNC110 - it tells no event
                await asyncio.sleep(0.01)
        await alerts.close()

    run(work)
    (trouble,) = said
    assert trouble == (
        "alerts can't be written to w.alerts, and what people do about them is not taken: "
        f"{str(error).partition('.')[0]}{cure}"
    )
    assert (topic.ranks, alerts.trouble) == ([(4, 1)], "")


def test_an_error_that_nobody_thought_of_is_said_and_logged_once_and_the_writing_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("streams.kafka.partition_alerts.PAUSE", 0.01)
    topic = Topic()
    alerts = held(tmp_path, topic, 4)
    said: list[str] = []

    async def work() -> None:
        await alerts.take_over()
        topic.drop()
        topic.refuses = KeyError("nobody thought of it")
        alerts.post(alerts.partitions["w.calls"], mail(fact(4, 1)))
        await asyncio.sleep(0.1)
        said.append(alerts.trouble)
        topic.refuses = None
        await alerts.take_over()
        await until(lambda: topic.ranks == [(4, 1)])
        await alerts.close()

    run(work)
    (trouble,) = said
    assert trouble == (
        "alerts can't be written to w.alerts, and what people do about them is not taken: an "
        "unexpected KeyError, which stands in the log. It is tried again every 0 s: report it with "
        "that part of the log"
    )
    assert alerts.trouble == ""
    (logged,) = [each for each in caplog.records if each.levelname == "ERROR"]
    assert "nobody thought of it" in str(logged.exc_text)


def test_a_task_that_has_ended_though_nobody_stopped_it_begins_anew_and_one_that_was_stopped_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    topic = Topic()
    alerts = held(tmp_path, topic, 4)

    async def work() -> None:
        await alerts.take_over()
        task = alerts._writing._task
        assert task is not None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        alerts.post(alerts.partitions["w.calls"], mail(fact(4, 1)))
        alerts.revive()
        await until(lambda: topic.ranks == [(4, 1)])
        await alerts.close()
        alerts.revive()
        alerts.post(alerts.partitions["w.calls"], mail(fact(4, 2)))
        await asyncio.sleep(0.02)

    run(work)
    assert topic.ranks == [(4, 1)]
    assert [each.message for each in caplog.records if each.levelname == "ERROR"] == [
        "a task had ended, and begins anew"
    ]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NotMine("another has it"), "another has it. It is not done: try again in some seconds"),
        (
            ConfigError("the key is of another", cure="Replace both"),
            (
                "this could not be stored in w.alerts, so it is not done: the key is of another. "
                "Replace both. Look at the brokers, and do it again"
            ),
        ),
    ],
)
def test_who_acts_is_told_why_it_is_not_stored(
    tmp_path: Path, error: Exception, words: str
) -> None:
    topic = Topic()
    one = held(tmp_path, topic, 4)
    (partition,) = one.partitions.values()

    async def nothing(_: int) -> list[bytes] | None:
        return []

    async def work() -> None:
        settings = WorkerSettings("127.0.0.1:9", (tiny_force(),), tmp_path, prefix="w")
        lease = StillStream().membership.lease
        alerts = TopicAlerts(
            settings, partition.live, lease, lambda _: partition, nothing, lambda: 4
        )
        evaluating = asyncio.create_task(alerts.evaluate_for_ever())
        await one.take_over()
        await asyncio.sleep(0)
        alerts.held[0] = one
        topic.drop()
        topic.refuses = error
        with pytest.raises(NotStored) as caught:
            await asyncio.to_thread(alerts.keep, fact(4, 1))
        assert str(caught.value) == words
        evaluating.cancel()
        await one.close()

    run(work)


def test_settings_that_have_become_wrong_are_told_as_the_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WATCHROOM_KAFKA_SECURITY_PROTOCOL", "NONE")
    assert "WATCHROOM_KAFKA_SECURITY_PROTOCOL" in str(in_words(NotMine("x"), "127.0.0.1:9"))


# -- the name in the group -------------------------------------------------------------------------


class Group(Membership):
    """A membership in a group that is made up."""

    found: Member | None = None

    def holder(self) -> Member | None:
        return self.found


@pytest.mark.skipif(not BOOT.exists(), reason="this machine has no boot id")
def test_a_folder_says_that_a_member_was_its_own_unless_the_machine_was_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Group(WorkerSettings("127.0.0.1:9", (), tmp_path, instance_id="one"))
    before.joined("one-123")
    after = Group(WorkerSettings("127.0.0.1:9", (), tmp_path, instance_id="one"))
    after.found = Member("one-123", "10.0.0.5")
    after.await_free()  # at once
    assert not after._was_ours(Member("one-456", "10.0.0.5"))
    other = tmp_path / "boot"
    other.write_text("another machine\n")
    monkeypatch.setattr("streams.kafka.membership.BOOT", other)
    assert not after._was_ours(after.found)


def test_who_was_thrown_out_stays_out_as_long_as_another_has_its_place(tmp_path: Path) -> None:
    group = Group(WorkerSettings("127.0.0.1:9", (), tmp_path, instance_id="one"))
    group.joined("one-123")
    group.found = Member("one-123", "10.0.0.5")  # itself, as it was called before
    assert not group.thrown_out()
    group.found = Member("one-456", "10.0.0.6")
    assert group.thrown_out()
    assert group.trouble == (
        "another worker runs from 10.0.0.6 under the same instance id one. Give each worker an "
        "--instance-id and a --checkpoints folder of its own. This one counts nothing"
    )
    group.found = None
    assert not group.thrown_out()
    assert not group.trouble
