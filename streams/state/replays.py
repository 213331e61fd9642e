"""How far a replay has come, on disk, so that one that was broken off goes on.

A replay is known by what it plays: its sources (place, size, when they were written), the stretch
of time, the force files, where it goes, and the version of Watchroom, since another may sort or
unfold otherwise. Of one that is played to its end nothing is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

import msgspec

from streams.errors import CheckpointError
from streams.private import private_file, private_folder
from streams.sources.order.player import PlayPosition

FOLDER = "replays"


class ReplayPosition(msgspec.Struct):
    """What is kept of a replay."""

    what: tuple[str, ...]
    """What is replayed, for a person who looks into the file."""
    lines: int = 0
    at: int = 0
    spans: Mapping[str, tuple[int, int]] = {}
    """Of a Kafka log: from which offset each partition is read, and before which one."""


class KeptReplay:
    """The file of one replay in a folder of state. `what` says what is replayed."""

    def __init__(self, folder: Path, what: Iterable[str]) -> None:
        self.what = (f"watchroom {version('watchroom')}", *what)
        name = hashlib.sha256("\n".join(self.what).encode()).hexdigest()[:24]
        self.path = folder / FOLDER / f"{name}.json"

    def load(self) -> ReplayPosition | None:
        """What was kept; None where no such replay was broken off. Raises `CheckpointError`."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=ReplayPosition)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise CheckpointError(
                f"{self.path} can't be read ({error}). Delete it, and replay from the start"
            ) from None

    def save(self, position: PlayPosition, spans: Mapping[str, tuple[int, int]]) -> None:
        """Keeps how far it has come; what was kept before is there until then. Raises
        `CheckpointError`."""
        kept = msgspec.json.encode(ReplayPosition(self.what, *position, spans))
        part = self.path.with_suffix(".part")
        try:
            private_folder(self.path.parent.parent)
            private_folder(self.path.parent)
            private_file(part)
            with part.open("wb") as file:
                file.write(kept)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
        except OSError as error:
            raise CheckpointError(
                f"{self.path}: how far the replay has come can't be kept: {error.strerror}. Name "
                "another folder with --state"
            ) from None

    def forget(self) -> None:
        """It has come to its end."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def told_apart(path: Path) -> str:
    """A file by its place, size and when it was written."""
    try:
        found = path.stat()
    except OSError:
        return str(path)
    return f"{path.resolve()} {found.st_size} {found.st_mtime_ns}"
