"""The stream of a worker: Faust fetches, and what it has fetched is folded in lots. Only here is
Faust.

What of Faust is used, and what is not, is in docs/decisions/0003-checkpoint-and-recovery.md and
0011-lots.md. In short: the five input topics in one group, at least once, no agents, no tables, no
web server. Faust keeps the group together and fetches; its path of single messages is not used. The
group's offsets are committed through Faust's consumer, so that the brokers refuse a worker that has
lost its partitions, and only up to what the checkpoints hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiokafka.errors
import faust
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.types import TP

from streams.errors import KafkaError, WatchroomError
from streams.kafka.assignments import AssignedPartitions
from streams.kafka.brokers import in_words
from streams.kafka.lots import LINES, Key
from streams.kafka.membership import SESSION_SECONDS, Membership
from streams.kafka.security import Security, current
from streams.kafka.settings import WorkerSettings
from streams.kafka.stream import Position, StreamPositions
from streams.kafka.unpacking import limit_unpacking

log = logging.getLogger("watchroom.worker")

HEARTBEAT_SECONDS = 2.0
TWIN_SECONDS = 2.0
"""Between two looks whether another worker still has this one's place."""
REVOKE_SECONDS = 2.0
COMMIT_SECONDS, LAST_COMMIT_SECONDS = 5.0, 1.0
FETCH_WAIT_MS = 100
FETCH_BYTES, PARTITION_BYTES = 8 << 20, 1 << 20
"""What one fetch may bring, in all and of a partition; as much again waits in the client."""
FETCH_SECONDS = 0.02
"""From one fetch to the next, where there is little: events that come one by one are then taken
some at a time. A fetch costs about as much as a hundred events."""


def broken_off(why: BaseException | None, checkpoints: Path) -> WatchroomError:
    """What to say of a stream that has ended; of a file or folder that can't be used, which."""
    if isinstance(why, OSError) and why.filename is not None:
        return WatchroomError(
            f"{why.filename}: {why.strerror}. See what mends it: watchroom doctor --no-kafka "
            f"--checkpoints {checkpoints}"
        )
    return KafkaError(f"the stream broke off: {why!r}")


class FaustStream:
    """A `streams.kafka.stream.Stream` that feeds the partitions which the group assigns."""

    def __init__(self, settings: WorkerSettings) -> None:
        limit_unpacking()
        self._brokers = settings.brokers
        self._checkpoints = settings.checkpoints
        self.app = _app(settings)
        self.membership = Membership(settings)
        self._followed: Any = None
        self._positions = StreamPositions()
        self._ending = False

    async def run(self) -> None:
        """Fetches for ever; raises `KafkaError` where Faust breaks off."""
        await self.app.start()
        await self.app._crashed.wait()
        why = self.app.crash_reason
        if isinstance(why, aiokafka.errors.KafkaError):
            raise in_words(why, self._brokers, ("Read",)) from why
        raise broken_off(why, self._checkpoints)

    async def stop(self) -> None:
        """Leaves off fetching."""
        await self.app.stop()

    def end_soon(self) -> None:
        """From now on nothing is waited for long."""
        self._ending = True

    # -- what the partitions ask ---------------------------------------------------------------

    def resume(self, key: Key, offset: int) -> None:
        """Goes on with a partition, from an offset; where that is negative, from where it is."""
        consumer = self.app.consumer
        with contextlib.suppress(Exception):  # between two assignments there is nothing to do
            if offset >= 0:
                consumer._thread.thread_loop.call_soon_threadsafe(self._seek, key, offset)
            self._resume({TP(*key)})

    def _seek(self, key: Key, offset: int) -> None:
        """In the consumer's thread, before it is next asked for records. Where the assignment has
        changed, Faust puts the stream elsewhere, and what is held is passed over."""
        away = aiokafka.errors.KafkaError, faust.exceptions.ConsumerNotStarted
        with contextlib.suppress(*away):
            self._consumer().seek(TopicPartition(*key), offset)

    async def commit(self, offsets: dict[Key, int]) -> bool:
        """Commits for the group; False where that can't be done now."""
        try:
            consumer = self._consumer()
            assigned = consumer.assignment()
            found = {TopicPartition(*key): offset for key, offset in offsets.items()}
            if not found.keys() <= assigned:
                return False
            async with asyncio.timeout(LAST_COMMIT_SECONDS if self._ending else COMMIT_SECONDS):
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
        except (asyncio.CancelledError, RuntimeError):
            # The consumer's thread has ended meanwhile, as it does where the stream breaks off.
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            return False
        return True

    def high(self, key: Key) -> int | None:
        """The end of what may be read of a partition: the last stable offset."""
        try:
            found: int | None = self._consumer().last_stable_offset(TopicPartition(*key))
        except Exception:  # noqa: BLE001 - not assigned at this moment: not known
            return None
        return found

    def position(self, key: Key) -> Position | None:
        """How far it has come in a partition, where that is known."""
        return self._positions.of(key)

    def forget_positions(self) -> None:
        """A new assignment has come: nothing is known of it."""
        self._positions.forget()

    def heard(self) -> int | None:
        """When the brokers last answered, in ms by the wall clock; None where it is not known."""
        try:
            found = self._consumer()
            polled_at = [found.last_poll_timestamp(tp) for tp in found.assignment()]
        except Exception:  # noqa: BLE001 - between two assignments: not known
            return None
        return max((at for at in polled_at if at), default=None)

    # -- what it tells the partitions ----------------------------------------------------------

    def feed(self, assigned: AssignedPartitions) -> None:
        """Has assignments and what is fetched go to these partitions; before `run`."""

        async def on_revoked(*_: Any, **__: Any) -> None:
            # The group waits for this; what takes longer goes on by itself.
            await asyncio.wait([asyncio.ensure_future(assigned.revoke())], timeout=REVOKE_SECONDS)

        async def on_assigned(*arguments: Any, **_: Any) -> None:
            granted = arguments[-1]
            coordinator = self._consumer()._coordinator
            self._follow(coordinator)
            self.membership.joined(str(coordinator.member_id))
            keys = {(tp.topic, tp.partition) for tp in granted}
            assigned.assign(keys, int(coordinator.generation), str(coordinator.member_id))

        self.app.on_partitions_revoked.connect(on_revoked)
        self.app.on_partitions_assigned.connect(on_assigned)
        self._wire_fetching(assigned)
        self._wire_lots(assigned)

    def _consumer(self) -> Any:
        """The aiokafka consumer inside Faust's, which lives in a thread of its own."""
        return self.app.consumer._thread._ensure_consumer()

    def _follow(self, coordinator: Any) -> None:
        """Has each heartbeat that the group answers renew the lease, the first at once. A worker
        that was thrown out does not join again while another has its place."""
        loop = self.app.consumer._thread.thread_loop
        if coordinator is not self._followed:
            self._followed = coordinator
            lease, membership = self.membership.lease, self.membership
            beat, rejoin = coordinator._do_heartbeat, coordinator._do_rejoin_group

            async def beat_noted() -> bool:
                asked = lease.ask()
                known: bool = await beat()
                if known:
                    lease.answered(asked)
                elif not coordinator.member_id:
                    lease.end()
                return known

            async def rejoin_alone(subscription: Any) -> bool:
                while not coordinator.member_id and await asyncio.to_thread(membership.thrown_out):
                    await asyncio.sleep(TWIN_SECONDS)
                    if self._ending:
                        return False
                return bool(await rejoin(subscription))

            coordinator._do_heartbeat = beat_noted
            coordinator._do_rejoin_group = rejoin_alone
        asyncio.run_coroutine_threadsafe(coordinator._do_heartbeat(), loop)

    def _wire_fetching(self, assigned: AssignedPartitions) -> None:
        """Has the consumer read what was committed of the partitions that are ready, and note how
        far it has come."""
        consumer = self.app.consumer
        thread = consumer._thread
        create, fetch = thread._create_consumer, thread._fetch_records
        self._resume = consumer.resume_partitions

        def resume_ready(tps: Any) -> None:
            # Faust resumes all partitions after a rebalance; those still being read back must wait.
            self._resume({tp for tp in tps if assigned.ready((tp.topic, tp.partition))})

        def create_quick(loop: Any) -> Any:
            # aiokafka has one fetch under way a broker. Faust lets it wait 1.5 s for partitions
            # without news, and meanwhile nothing more of a busy partition is fetched.
            made = create(loop)
            made._fetch_max_wait_ms = FETCH_WAIT_MS
            made._fetch_max_bytes = FETCH_BYTES
            # What was rolled back never happened. Faust would ask for this only with exactly-once.
            made._isolation_level = "read_committed"
            return made

        async def fetch_noted(kafka_consumer: Any, *args: Any, **options: Any) -> Any:
            found = await fetch(kafka_consumer, *args, **options)
            subscription = kafka_consumer._subscription.subscription
            self._positions.note(subscription and subscription.assignment, found)
            return found

        consumer.resume_partitions = resume_ready
        thread._create_consumer = create_quick
        thread._fetch_records = fetch_noted

    def _wire_lots(self, assigned: AssignedPartitions) -> None:
        """Has what is fetched folded in lots, where Faust would send it on message by message: that
        costs ten times as much as the counting of an event."""
        app, consumer = self.app, self.app.consumer

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


def _app(settings: WorkerSettings) -> Any:
    app = faust.App(
        settings.group,
        broker=[f"kafka://{broker}" for broker in settings.brokers.split(",")],
        broker_credentials=credentials(current()),
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
    app.topics.add(app.topic(*settings.inputs, key_type=bytes, value_type=bytes))
    return app


def credentials(security: Security) -> Any:
    """What Faust makes its clients with; None for brokers without security. It is always given the
    context for TLS: what it makes by itself fails."""
    made = security.for_aiokafka()
    context = made.get("ssl_context")
    if security.endpoint is not None:
        return faust.OAuthCredentials(
            oauth_cb=made["sasl_oauth_token_provider"], ssl_context=context
        )
    if security.uses_sasl:
        return faust.SASLCredentials(
            username=security.username,
            password=security.password,
            ssl_context=context,
            mechanism=security.mechanism,
        )
    return faust.SSLCredentials(context) if context is not None else None
