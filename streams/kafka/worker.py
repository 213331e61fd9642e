"""The worker: the partitions that the group assigns, fed by Faust, and what runs beside them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Iterable
from typing import Any

import kafka.errors
from kafka.admin import MemberToRemove

from streams.board.monitor import Monitor
from streams.errors import KafkaError, WatchroomError
from streams.kafka import topics
from streams.kafka.assignments import AssignedPartitions
from streams.kafka.faust_stream import FaustStream, broken_off
from streams.kafka.inputs import parted
from streams.kafka.producer import Outbox
from streams.kafka.refusals import Denied, NotAllowed
from streams.kafka.settings import Cluster, WorkerSettings
from streams.live import Live

log = logging.getLogger("watchroom.worker")

STOP_SECONDS = 1.0
"""At the end, for each thing that brokers may be slow at: to end takes less than 5 s in all."""
SWITCH_SECONDS = 0.001
"""How long a busy thread may keep the others waiting. Python's 5 ms add up for the thread that
fetches and beats for the group, and for the one that writes checkpoints."""


def look_at(settings: WorkerSettings) -> Cluster:
    """What the brokers have; raises `KafkaError` where the topics will not do."""
    prefixes = [each.name for each in settings.topic_prefixes]
    for one, other in parted(settings.topic_prefixes):
        log.warning(
            "people in records of both %s and %s are not found to be the same: their topics have "
            "different prefixes. For that, one prefix has both: --topic-prefix PREFIX=%s,%s",
            one, other, one, other,
        )  # fmt: skip
    with topics.admin(settings.brokers) as client:
        cluster = client.describe_cluster()["cluster_id"]
        names = list(settings.inputs)
        found = topics.describe(client, names)
        _check_rights(client, settings, names)
        wrong = topics.check(client, settings.brokers, settings.prefix, inputs=prefixes)
        for name, problems in wrong.items():
            for each in problems:
                if each.startswith(topics.MISSING):
                    raise KafkaError(f"the topic {name} {each}")
                log.warning("the topic %s %s", name, each)
    counts = {each.partitions for each in found.values()}
    if len(counts) > 1:
        raise KafkaError(
            f"the input topics have different numbers of partitions ({sorted(counts)}). "
            "See: watchroom topics check"
        )
    return Cluster(cluster, counts.pop(), {name: each.id for name, each in found.items()})


def _check_rights(client: Any, settings: WorkerSettings, inputs: Iterable[str]) -> None:
    """Raises `Denied` for a right that a worker lacks: told at once and in words, rather than met
    hours later, with letters and alerts that can't be sent."""
    out = {name: topics.topic_name(settings.prefix, name) for name in topics.OUTPUTS}
    there, _ = topics.seen(client, out.values())
    read, _ = topics.seen(client, inputs)
    back = [out[name] for name in topics.READ_BACK]
    topics.require({**read, **there}, [*read, *back], "Read")
    topics.require(there, there, "Write")
    try:
        group = client.describe_groups([settings.group])[settings.group]
    except kafka.errors.GroupAuthorizationFailedError:
        raise Denied("group", [settings.group], ("Read",)) from None
    except kafka.errors.KafkaError:
        return  # brokers that are new have nobody yet who could tell of groups
    rights = group.get("authorized_operations") or ()
    if rights and "READ" not in rights:
        raise Denied("group", [settings.group], ("Read",))


class FaustWorker:
    """One worker process."""

    def __init__(self, settings: WorkerSettings, live: Live | None = None) -> None:
        self.settings = settings
        self.live = live or Live(Monitor(settings.forces, all_shards=False))
        self.stopped = asyncio.Event()
        self.web: Any = None

    async def run(self) -> None:
        """Works until it is told to stop. Raises `WatchroomError`."""
        settings = self.settings
        cluster = await asyncio.to_thread(look_at, settings)
        self.stream = FaustStream(settings)
        await asyncio.to_thread(self.stream.membership.await_free)
        self.outbox = Outbox(settings.brokers)
        self.assigned = AssignedPartitions(settings, cluster, self.live, self.outbox, self.stream)
        self.stream.feed(self.assigned)
        self._serve()
        await self.outbox.start()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopped.set)
        beside = [
            asyncio.create_task(each)
            for each in (
                self.assigned.manage(),
                self.assigned.keep(),
                self.assigned.alerts.evaluate_for_ever(),
                self.assigned.look_at_topics(),
                self.assigned.look_at_disk(),
                self.assigned.beat(),
            )
        ]
        stream: list[asyncio.Task[Any]] = [
            asyncio.create_task(self.stream.run()),
            asyncio.create_task(self.stopped.wait()),
        ]
        done, _ = await asyncio.wait([*beside, *stream], return_when=asyncio.FIRST_COMPLETED)
        failure = next((found for task in done if (found := _failure_of(task))), None)
        await self._close(beside, stream)
        if failure is not None:
            raise await asyncio.to_thread(self._why, failure) from failure

    def _why(self, failure: BaseException) -> WatchroomError:
        """What to say of the end of the stream. Where rights were withdrawn, it may break off in
        many ways, so they are looked at again."""
        try:
            look_at(self.settings)
        except NotAllowed as withdrawn:
            return withdrawn
        except WatchroomError:
            pass
        if isinstance(failure, WatchroomError):
            return failure
        return broken_off(failure, self.settings.checkpoints)

    # -- beside it -----------------------------------------------------------------------------

    def _serve(self) -> None:
        if self.settings.web is not None:
            from streams.outputs import monitor_server  # noqa: PLC0415  only where it serves

            self.web = monitor_server.serve(self.live, *self.settings.web, self.settings.access)
            log.info("serving %s", self.web.url)
            log.info("%s", self.web.exported)

    async def _close(
        self, beside: list[asyncio.Task[None]], stream: list[asyncio.Task[Any]]
    ) -> None:
        """The last checkpoint, the last offsets, and out of the group. The stream is needed until
        these offsets are committed."""
        self.assigned.stopping = True
        self.stream.end_soon()
        self.live.health.state, self.live.health.detail = "recovering", "stopping"
        for task in beside:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(*beside, return_exceptions=True)
        await self.assigned.settle()
        await self.assigned.save_all()
        for task in stream:
            task.cancel()
        await asyncio.gather(*stream, return_exceptions=True)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(STOP_SECONDS):
                await self.stream.stop()
        await self.assigned.close()
        await self.outbox.close()
        await asyncio.to_thread(self._leave)
        if self.web is not None:
            self.web.stop()
        log.info("stopped; all that was counted is in the checkpoints")

    def _leave(self) -> None:
        """Out of the group at once: a static member is otherwise waited for. Another worker that
        has taken its name stays."""
        try:
            with topics.admin(self.settings.brokers) as client:
                own, name = self.stream.membership.member, self.settings.instance_id
                member = MemberToRemove(member_id=own or None, group_instance_id=name)
                client.remove_group_members(self.settings.group, [member])
        except (WatchroomError, kafka.errors.KafkaError) as error:
            log.info("could not leave the group (%r); it ends by itself", error)


def _failure_of(task: asyncio.Task[Any]) -> BaseException | None:
    """What a task that is done failed with. One that nobody here cancelled waited for the stream's
    thread as that broke off."""
    return asyncio.CancelledError() if task.cancelled() else task.exception()


def run_worker(settings: WorkerSettings) -> None:
    """Runs a worker until SIGTERM or SIGINT. Raises `WatchroomError`."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()  # what is imported stays: to look through it again took 50 ms at a time

    async def work() -> None:
        await FaustWorker(settings).run()

    asyncio.run(work())
