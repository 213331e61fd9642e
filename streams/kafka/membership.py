"""This worker's place in the group, which it has under a lasting name: its instance id.

The brokers give the place to whoever comes last under the name. So two workers under one name, as
of a service or a machine that was copied, would throw each other out for ever. Therefore one that
starts first looks whether its name is taken by a worker that lives, and one that was thrown out
does not come back as long as another has its place.
"""

from __future__ import annotations

import contextlib
import logging
import time
from pathlib import Path
from typing import NamedTuple

from streams.errors import KafkaError, WatchroomError
from streams.kafka import topics
from streams.kafka.settings import WorkerSettings
from streams.live.lease import Lease
from streams.private import private_file

log = logging.getLogger("watchroom.worker")

SESSION_SECONDS = 6.0
"""After so many seconds without a heartbeat the group takes a worker for dead."""
AGAIN, PATIENCE = 0.5, 6
"""Seconds between two looks at the group by a worker that starts, and how often it looks again
where brokers that are new have no groups yet."""
MARGIN = 1.5
"""Seconds beyond a session until the group shows that a worker is gone."""
BOOT = Path("/proc/sys/kernel/random/boot_id")
"""A number that this machine has until it is started again."""


class NameTaken(WatchroomError):
    """Another worker lives under this one's instance id."""

    exit_code = 3


class Member(NamedTuple):
    """A member of the group; `id` is what the brokers call it."""

    id: str
    host: str


class Membership:
    """The place of one worker. May be used from any thread."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        self.lease = Lease(SESSION_SECONDS)
        self.trouble = ""
        """Who has this worker's place, and the cure; empty where nobody has."""
        self.member = ""
        """What the brokers call this worker, or called it last."""
        self._own: set[str] = set()
        self._note = settings.checkpoints / "member"

    # -- who has the name ----------------------------------------------------------------------

    def holder(self) -> Member | None:
        """Who has this worker's name in the group, if any. Raises `KafkaError`."""
        settings = self.settings
        with topics.admin(settings.brokers) as client:
            found = client.describe_groups([settings.group])
        for member in found[settings.group].get("members", ()):
            if member["group_instance_id"] == settings.instance_id:
                return Member(member["member_id"], member["client_host"].lstrip("/"))
        return None

    def other(self) -> Member | None:
        """Who else has it."""
        found = self.holder()
        return None if found is None or found.id in self._own else found

    def joined(self, member: str) -> None:
        """The group calls this worker so from now on; it is noted in the folder of checkpoints, so
        that after a crash nobody need wait until the group takes it for dead."""
        self.member, self.trouble = member, ""
        self._own.add(member)
        with contextlib.suppress(OSError):  # then it takes a session longer
            private_file(self._note)
            self._note.write_text(f"{_boot()}\n{member}\n")

    def await_free(self) -> None:
        """At the start: waits until nobody has the name, at most for a session. One that was killed
        is gone by then; raises `NameTaken` for one that lives."""
        try:
            found = self._holder_at_last()
            if found is None or self._was_ours(found):
                return
            found = self._outlived(found)
        except KafkaError as error:
            # Not known: one that lives has its place taken, and says so.
            log.warning("whether another worker has the same name can't be seen (%s)", error)
            return
        if found is not None:
            raise NameTaken(f"{self._taken(found)}. This one has not joined the group, and ends")

    def _holder_at_last(self) -> Member | None:
        """`holder`, where brokers that are new take some seconds until they have any group."""
        for _ in range(PATIENCE):
            with contextlib.suppress(KafkaError):
                return self.holder()
            time.sleep(AGAIN)
        return self.holder()

    def _outlived(self, found: Member) -> Member | None:
        """Who has the name after a session of silence of those that are dead."""
        log.info(
            "waiting for up to %.0f s: %s is in the group, from %s",
            SESSION_SECONDS + MARGIN, self.settings.instance_id, found.host,
        )  # fmt: skip
        until = time.monotonic() + SESSION_SECONDS + MARGIN
        now: Member | None = found
        while now is not None and time.monotonic() < until:
            time.sleep(AGAIN)
            now = self.holder()
        return now

    def _was_ours(self, found: Member) -> bool:
        """Whether it is the worker that had this folder before, on this machine: one folder has one
        worker at a time, so that one is dead."""
        try:
            boot, member = self._note.read_text().splitlines()
        except (OSError, ValueError):
            return False
        return bool(boot) and boot == _boot() and member == found.id

    def _taken(self, found: Member) -> str:
        return (
            f"another worker runs from {found.host} under the same instance id "
            f"{self.settings.instance_id}. Give each worker an --instance-id and a --checkpoints "
            "folder of its own"
        )

    # -- having been thrown out ----------------------------------------------------------------

    def thrown_out(self) -> bool:
        """Whether another has this worker's place, so that it must not come back yet."""
        try:
            found = self.other()
        except WatchroomError as error:
            log.info("the group could not be asked (%s)", error)
            return bool(self.trouble)
        self.trouble = "" if found is None else f"{self._taken(found)}. This one counts nothing"
        return found is not None


def _boot() -> str:
    try:
        return BOOT.read_text().strip()
    except OSError:  # not Linux: then it is never known that a worker is dead
        return ""
