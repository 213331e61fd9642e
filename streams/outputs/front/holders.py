"""Which worker serves which force now: every worker is asked, again and again.

A worker says in `/forces.json` which forces it holds, how it does, and which forces it would show
if it were given their partitions. Nothing of this is kept: a front that starts asks anew.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx2
import msgspec
from msgspec.structs import replace

from streams.outputs.web.readiness import ReasonShown
from streams.printing import masked

EVERY = 1.0
"""Seconds between two questions to a worker."""

PATIENCE = httpx2.Timeout(5.0, connect=2.0)
"""A worker that folds a large batch answers late."""

TAKE_OVER = 15.0
"""Seconds for which two workers may both say that they have a force: one that lost it notices
within its session of 6 seconds."""

NO_ANSWER = "no answer"
REFUSED = "does not know this front: give both the same workers_token_file"

log = logging.getLogger("watchroom.front")


class Named(msgspec.Struct):
    """A force, as a worker names it."""

    id: str
    name: str


class Said(msgspec.Struct):
    """What a worker says of itself in `/forces.json`."""

    forces: list[Named]
    known: list[Named]
    ready: bool
    state: str
    reasons: list[ReasonShown] = []


_said = msgspec.json.Decoder(Said).decode


@dataclass
class Worker:
    """A worker, as it last answered."""

    url: str
    state: str = NO_ANSWER
    ready: bool = False
    heard: bool = False
    """It has answered since this front began."""
    forces: set[str] = field(default_factory=set)
    reasons: list[ReasonShown] = field(default_factory=list)
    """Why its figures may not be relied on, each with its address."""

    @property
    def shown(self) -> str:
        """Its address without a password, for a log or an answer."""
        return masked(self.url)


class Holders:
    """The workers, and which of them has which force."""

    def __init__(
        self,
        urls: list[str],
        headers: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._headers = headers
        """By which workers know that it is a front of theirs that asks."""
        self._clock = clock
        self._shared_since: dict[str, float] = {}
        self.workers = [Worker(url) for url in urls]
        self.names: dict[str, str] = {}
        """The name of every force that a worker has spoken of, by id."""
        self._held: dict[str, Worker] = {}

    @property
    def ready(self) -> bool:
        """At least one worker is ready."""
        return any(worker.ready for worker in self.workers)

    @property
    def heard_all(self) -> bool:
        """Every worker has answered once: a force that none has named does not exist."""
        return all(worker.heard for worker in self.workers)

    def shared(self) -> dict[str, list[str]]:
        """The forces that more than one worker has said to have for longer than a take-over takes,
        with the addresses of these workers."""
        now = self._clock()
        return {
            force: sorted(worker.shown for worker in self._claiming(force))
            for force, since in self._shared_since.items()
            if now - since > TAKE_OVER
        }

    def _claiming(self, force: str) -> list[Worker]:
        return [worker for worker in self.workers if force in worker.forces]

    def of(self, force: str) -> Worker | None:
        """The worker that serves this force now."""
        return self._held.get(force)

    def lost(self, worker: Worker) -> None:
        """It went away; until it answers again it serves nothing."""
        worker.state, worker.ready, worker.forces, worker.reasons = NO_ANSWER, False, set(), []
        self._settle()

    async def watch(self, client: httpx2.AsyncClient) -> None:
        """Asks all workers, for ever; a slow one holds up no other."""
        await asyncio.gather(*(self._ask_on(client, worker) for worker in self.workers))

    async def _ask_on(self, client: httpx2.AsyncClient, worker: Worker) -> None:
        while True:
            try:
                await self.ask(client, worker)
            except Exception:  # it must not end the asking
                log.exception("%s could not be asked", worker.shown)
                self.lost(worker)
            await asyncio.sleep(EVERY)

    async def ask(self, client: httpx2.AsyncClient, worker: Worker) -> None:
        """Asks one worker what it serves."""
        try:
            address = f"{worker.url}/forces.json"
            answer = await client.get(address, timeout=PATIENCE, headers=self._headers)
            if answer.status_code in (401, 403):
                self._refused(worker)
                return
            said = _said(answer.raise_for_status().content)
        except (httpx2.HTTPError, msgspec.MsgspecError) as error:
            if worker.state != NO_ANSWER:
                log.warning(
                    "%s does not answer: %s", worker.shown, str(error) or type(error).__name__
                )
            self.lost(worker)
            return
        self.names |= {force.id: force.name for force in (*said.known, *said.forces)}
        worker.state, worker.ready, worker.heard = said.state, said.ready, True
        worker.forces = {force.id for force in said.forces}
        worker.reasons = [replace(each, worker=worker.shown) for each in said.reasons]
        self._settle()

    def _refused(self, worker: Worker) -> None:
        """It does not know this front."""
        if worker.state != REFUSED:
            log.warning("%s %s", worker.shown, REFUSED)
        self.lost(worker)
        worker.state = REFUSED

    def _settle(self) -> None:
        """Decides who has each force. Where two say so, as one does for a moment after another took
        over from it, it is the one that is ready, and then the one that it was."""
        for force in self.names:
            before = self._held.get(force)
            candidates = self._claiming(force)
            if len(candidates) > 1:
                self._shared_since.setdefault(force, self._clock())
            else:
                self._shared_since.pop(force, None)
            if not candidates:
                if self._held.pop(force, None) is not None:
                    log.warning("no worker serves %s now", self.names[force])
                continue
            now = min(candidates, key=lambda w: (not w.ready, w is not before))
            if now is not before:
                self._held[force] = now
                log.info("%s is served by %s", self.names[force], now.shown)
