"""The worker: a Faust app feeds the assigned partitions, which own the state. Only here is Faust.

What of Faust is used, and what is not, is in docs/decisions/0003-checkpoint-and-recovery.md. In
short: the five input topics in one group, at least once, no agents, no tables, no web server. Faust
keeps the group together and fetches; what it has fetched is folded in lots, past its path of single
messages. The group's offsets are committed through Faust's consumer, so that the brokers refuse a
worker that has lost its partitions, and only up to what the checkpoints hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
import time
from collections.abc import AsyncIterator
from importlib.util import find_spec
from typing import Any

import aiokafka.errors
import faust
import kafka.errors
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.types import TP
from kafka.admin import MemberToRemove

from streams.board.monitor import Monitor
from streams.errors import KafkaError, WatchroomError
from streams.kafka import topics
from streams.kafka.assignments import AssignedPartitions
from streams.kafka.lots import LINES, Key
from streams.kafka.producer import Outbox
from streams.kafka.settings import Cluster, Settings
from streams.kafka.stream import Stream, StreamPositions
from streams.live import Live

log = logging.getLogger("watchroom.worker")

SESSION_SECONDS, HEARTBEAT_SECONDS = 6.0, 2.0
REVOKE_SECONDS = 2.0
COMMIT_SECONDS = 5.0
STOP_SECONDS = 1.0
"""At the end, for each thing that brokers may be slow at: to end takes less than 5 s in all."""
FETCH_WAIT_MS = 100
FETCH_BYTES, PARTITION_BYTES = 8 << 20, 1 << 20
"""What one fetch may bring, in all and of a partition; as much again waits in the client."""
FETCH_SECONDS = 0.02
"""From one fetch to the next, where there is little: events that come one by one are then taken
some at a time. A fetch costs about as much as a hundred events."""
SWITCH_SECONDS = 0.001
"""How long a busy thread may keep the others waiting. Python's 5 ms add up for the thread that
fetches and beats for the group, and for the one that writes checkpoints."""


def look_at(settings: Settings) -> Cluster:
    """What the brokers have; raises `KafkaError` where the topics will not do."""
    with topics.admin(settings.brokers) as client:
        cluster = client.describe_cluster()["cluster_id"]
        names = [topics.input_topic(settings.prefix, kind) for kind in topics.INPUT_TOPICS]
        found = topics.describe(client, names)
        for name, problems in topics.check(client, settings.prefix).items():
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


class FaustWorker:
    """One worker process."""

    def __init__(self, settings: Settings, live: Live | None = None) -> None:
        self.settings = settings
        self.live = live or Live(Monitor(settings.forces, all_shards=False))
        self.stopped = asyncio.Event()
        self.web: Any = None

    async def run(self) -> None:
        """Works until it is told to stop. Raises `WatchroomError`."""
        settings = self.settings
        cluster = await asyncio.to_thread(look_at, settings)
        self.outbox = Outbox(settings.brokers)
        self.assigned = AssignedPartitions(settings, cluster, self.live, self.outbox, Stream())
        self.app = self._app()
        self._wire(self.assigned.stream)
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
            )
        ]
        stream: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._stream()),
            asyncio.create_task(self.stopped.wait()),
        ]
        done, _ = await asyncio.wait([*beside, *stream], return_when=asyncio.FIRST_COMPLETED)
        failure = next((task.exception() for task in done if task.exception()), None)
        await self._close(beside, stream)
        if failure is not None:
            if isinstance(failure, WatchroomError):
                raise failure
            raise KafkaError(f"the stream broke off: {failure!r}") from failure

    # -- Faust ---------------------------------------------------------------------------------

    def _app(self) -> Any:
        settings = self.settings
        app = faust.App(
            settings.group,
            broker=[f"kafka://{broker}" for broker in settings.brokers.split(",")],
            datadir=str(settings.checkpoints / "faust"),
            store="memory://",
            key_serializer="raw",
            value_serializer="raw",
            processing_guarantee="at_least_once",
            # Above zero: keeps Faust's own assignor, which gives a worker the same partition of
            # every topic, so that all kinds of a force are in one place.
            table_standby_replicas=1,
            topic_allow_declare=False,
            topic_disable_leader=True,
            web_enabled=False,
            worker_redirect_stdouts=False,
            stream_wait_empty=False,
            broker_session_timeout=SESSION_SECONDS,
            broker_heartbeat_interval=HEARTBEAT_SECONDS,
            broker_max_poll_interval=600.0,
            consumer_auto_offset_reset="earliest",
            # A topic that is made again is taken up so soon; aiokafka's own age is 5 minutes.
            consumer_metadata_max_age_ms=int(settings.topics_every * 1000),
            consumer_max_fetch_size=PARTITION_BYTES,
            consumer_group_instance_id=settings.instance_id,
        )
        names = [topics.input_topic(settings.prefix, kind) for kind in topics.INPUT_TOPICS]
        app.topics.add(app.topic(*names, key_type=bytes, value_type=bytes))
        assigned = self.assigned

        async def on_revoked(*_: Any, **__: Any) -> None:
            # The group waits for this; what takes longer goes on by itself.
            await asyncio.wait([asyncio.ensure_future(assigned.revoke())], timeout=REVOKE_SECONDS)

        async def on_assigned(*arguments: Any, **_: Any) -> None:
            granted = arguments[-1]
            coordinator = self._consumer()._coordinator
            keys = {(tp.topic, tp.partition) for tp in granted}
            assigned.assign(keys, int(coordinator.generation), str(coordinator.member_id))

        app.on_partitions_revoked.connect(on_revoked)
        app.on_partitions_assigned.connect(on_assigned)
        return app

    def _consumer(self) -> Any:
        """The aiokafka consumer inside Faust's, which lives in a thread of its own."""
        return self.app.consumer._thread._ensure_consumer()

    def _wire(self, stream: Stream) -> None:
        """Gives the assigned partitions what they need of Faust's consumer."""
        consumer, assigned = self.app.consumer, self.assigned
        resume_all = consumer.resume_partitions

        def resume_ready(tps: Any) -> None:
            # Faust resumes all partitions after a rebalance; those still being read back must wait.
            resume_all({tp for tp in tps if assigned.ready((tp.topic, tp.partition))})

        def resume(key: Key, offset: int) -> None:
            with contextlib.suppress(Exception):  # between two assignments there is nothing to do
                if offset >= 0:
                    consumer._thread.thread_loop.call_soon_threadsafe(seek, key, offset)
                resume_all({TP(*key)})

        def seek(key: Key, offset: int) -> None:
            # In the consumer's thread, before it is next asked for records. Where the assignment
            # has changed, Faust puts the stream elsewhere, and what is held is passed over.
            with contextlib.suppress(
                aiokafka.errors.KafkaError, faust.exceptions.ConsumerNotStarted
            ):
                self._consumer().seek(TopicPartition(*key), offset)

        def high(key: Key) -> int | None:
            try:
                found: int | None = self._consumer().last_stable_offset(TopicPartition(*key))
            except Exception:  # noqa: BLE001 - not assigned at this moment: not known
                return None
            return found

        def heard() -> int | None:
            try:
                found = self._consumer()
                polled_at = [found.last_poll_timestamp(tp) for tp in found.assignment()]
            except Exception:  # noqa: BLE001 - between two assignments: not known
                return None
            return max((at for at in polled_at if at), default=None)

        consumer.resume_partitions = resume_ready
        stream.resume, stream.commit = resume, self._commit
        stream.high, stream.heard = high, heard
        self._wire_fetching(stream)
        self._wire_lots()

    def _wire_lots(self) -> None:
        """Has what is fetched folded in lots, where Faust would send it on message by message: that
        costs ten times as much as the counting of an event."""
        app, consumer, assigned = self.app, self.app.consumer, self.assigned

        async def take(seconds: float) -> None:
            found, active = await consumer._wait_next_records(seconds)
            begun, generation = time.monotonic(), app.consumer_generation_id
            if found is None or consumer.should_stop:
                return
            if not consumer.flow_active:  # between two assignments
                with contextlib.suppress(Exception):  # what comes again is passed over
                    await consumer.perform_seek()
                return
            fetched = {
                (tp.topic, tp.partition): messages
                for tp, messages in found.items()
                if active is None or tp in active
            }

            def valid() -> bool:
                return bool(consumer.flow_active) and app.consumer_generation_id == generation

            if await assigned.take(fetched, valid) < LINES:
                await asyncio.sleep(begun + FETCH_SECONDS - time.monotonic())

        async def getmany(timeout: float) -> AsyncIterator[Any]:  # noqa: ASYNC109 - as in Faust
            await take(timeout)
            for nothing in list[Any]():
                yield nothing

        # Faust looks for messages on the way that they no longer take, and warns.
        consumer.verify_event_path = lambda *_: None
        consumer.getmany = getmany

    def _wire_fetching(self, stream: Stream) -> None:
        """Has the consumer read what was committed, and note how far it has come."""
        consumer = self.app.consumer
        thread = consumer._thread
        create = thread._create_consumer

        def create_quick(loop: Any) -> Any:
            # aiokafka has one fetch under way a broker. Faust lets it wait 1.5 s for partitions
            # without news, and meanwhile nothing more of a busy partition is fetched.
            made = create(loop)
            made._fetch_max_wait_ms = FETCH_WAIT_MS
            made._fetch_max_bytes = FETCH_BYTES
            # What was rolled back never happened. Faust would ask for this only with exactly-once.
            made._isolation_level = "read_committed"
            return made

        positions = StreamPositions()
        fetch = thread._fetch_records

        async def fetch_noted(kafka_consumer: Any, *args: Any, **options: Any) -> Any:
            found = await fetch(kafka_consumer, *args, **options)
            subscription = kafka_consumer._subscription.subscription
            positions.note(subscription and subscription.assignment, found)
            return found

        thread._create_consumer = create_quick
        thread._fetch_records = fetch_noted
        stream.position, stream.forget_positions = positions.of, positions.forget

    async def _commit(self, offsets: dict[Key, int]) -> bool:
        """Commits for the group; False where that can't be done now."""
        try:
            consumer = self._consumer()
            assigned = consumer.assignment()
            found = {TopicPartition(*key): offset for key, offset in offsets.items()}
            if not found.keys() <= assigned:
                return False
            seconds = STOP_SECONDS if self.assigned.stopping else COMMIT_SECONDS
            async with asyncio.timeout(seconds):
                await self.app.consumer._thread.call_thread(
                    consumer.commit,
                    {tp: OffsetAndMetadata(offset, "") for tp, offset in found.items()},
                )
        except TimeoutError:
            log.warning("the brokers do not take offsets; trying again")
            return False
        except (aiokafka.errors.KafkaError, faust.exceptions.ConsumerNotStarted) as error:
            log.info("offsets could not be committed (%r); trying again", error)
            return False
        return True

    async def _stream(self) -> None:
        await self.app.start()
        await self.app._crashed.wait()
        raise KafkaError(f"the stream broke off: {self.app.crash_reason!r}")

    # -- beside it -----------------------------------------------------------------------------

    def _serve(self) -> None:
        if self.settings.web is not None and find_spec("streams.outputs.web") is not None:
            from streams.outputs import web  # noqa: PLC0415 - only a worker that serves needs it

            self.web = web.serve(self.live, *self.settings.web)
            log.info("serving http://%s:%d", self.settings.web[0], self.web.port)

    async def _close(
        self, beside: list[asyncio.Task[None]], stream: list[asyncio.Task[Any]]
    ) -> None:
        """The last checkpoint, the last offsets, and out of the group. The stream is needed until
        these offsets are committed."""
        self.assigned.stopping = True
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
                await self.app.stop()
        await self.assigned.close()
        await self.outbox.close()
        await asyncio.to_thread(self._leave)
        if self.web is not None:
            self.web.stop()
        log.info("stopped; all that was counted is in the checkpoints")

    def _leave(self) -> None:
        """Out of the group at once: a static member is otherwise waited for."""
        try:
            with topics.admin(self.settings.brokers) as client:
                member = MemberToRemove(group_instance_id=self.settings.instance_id)
                client.remove_group_members(self.settings.group, [member])
        except (WatchroomError, kafka.errors.KafkaError) as error:
            log.info("could not leave the group (%r); it ends by itself", error)


def run_worker(settings: Settings) -> None:
    """Runs a worker until SIGTERM or SIGINT. Raises `WatchroomError`."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()  # what is imported stays: to look through it again took 50 ms at a time

    async def work() -> None:
        await FaustWorker(settings).run()

    asyncio.run(work())
