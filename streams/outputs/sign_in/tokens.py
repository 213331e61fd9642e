"""Tokens of persons and programs: a file with the name, the role and the hash of each.

A token is 256 random bits, so its SHA-256 can't be guessed back: a slow hash, which passwords need,
would add nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from streams.errors import ConfigError, WatchroomError
from streams.outputs.sign_in.roles import NAMED, Role
from streams.state.durable import synchronise

PREFIX = "watchroom_"
"""What a token begins with, so that one in a repository or a log is found."""
LONGEST_NAME = 60
SENDS = "send:"
"""What the role of a token begins with that may send the events of the force that follows, and do
nothing else."""


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One token; times in seconds since 1970."""

    name: str
    role: str
    sha256: str
    made: float
    until: float

    @property
    def as_role(self) -> Role:
        """What it allows."""
        return NAMED.get(self.role, Role.NONE)

    @property
    def sends(self) -> str | None:
        """The force whose events it may send; None for a token that people sign in with."""
        return self.role.removeprefix(SENDS) if self.role.startswith(SENDS) else None


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tokens: tuple[Token, ...] = ()


def digest(token: str) -> str:
    """The hash of a token, as hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class TokenFile:
    """The tokens of a file, read again when it changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_at: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def all(self) -> tuple[Token, ...]:
        """Every token; none where the file is not there yet. Raises `ConfigError`."""
        try:
            found = self.path.stat()
            if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise ConfigError("others may write to it", file=self.path, cure="chmod 600")
            mark = (found.st_mtime_ns, found.st_ino, found.st_size)
            if mark != self._read_at:
                content = msgspec.json.decode(self.path.read_bytes(), type=_Content)
                self._read_at, self._tokens = mark, content.tokens
        except FileNotFoundError:
            self._read_at, self._tokens = None, ()
        except OSError as error:
            raise ConfigError(f"can't be read: {error.strerror}", file=self.path) from None
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise ConfigError(str(error), file=self.path) from None
        return self._tokens

    def holder(self, token: str) -> Token | None:
        """Whose token it is, if it is one that holds now; raises `ConfigError`. All are compared,
        each in constant time, so that how long it takes says nothing."""
        asked, found = digest(token), None
        for each in self.all():
            if hmac.compare_digest(each.sha256, asked):
                found = each
        return found if found is not None and time.time() < found.until else None

    def named(self, name: str) -> Token | None:
        """The token of a name, if it holds now."""
        found = next((each for each in self.all() if each.name == name), None)
        return found if found is not None and time.time() < found.until else None

    def add(self, name: str, role: str, days: float) -> str:
        """Makes a token and returns it: it is shown this once. Raises `WatchroomError`."""
        if not name.isprintable() or not name.strip() or len(name) > LONGEST_NAME:
            raise WatchroomError(f"a name is one line of up to {LONGEST_NAME} characters")
        token, now = PREFIX + secrets.token_urlsafe(32), time.time()
        made = Token(name, role, digest(token), int(now), int(now + days * 86_400))
        with self._alone():
            held = self.all()
            if any(each.name == name for each in held):
                raise WatchroomError(
                    f'{self.path} has a token of "{name}": remove it first (watchroom token remove)'
                )
            self._write((*held, made))
        return token

    def remove(self, name: str) -> None:
        """Removes the token of a name; raises `WatchroomError` where there is none."""
        with self._alone():
            held = self.all()
            left = tuple(each for each in held if each.name != name)
            if len(left) == len(held):
                names = ", ".join(each.name for each in held) or "none"
                raise WatchroomError(f'{self.path} has no token of "{name}", only: {names}')
            self._write(left)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """That nobody else changes the file between its reading and its writing; raises
        `ConfigError` where the file can't be written. The folder is locked, since the file is
        another one after each change."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            number = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(number, fcntl.LOCK_EX)
                yield
            finally:
                os.close(number)
        except OSError as error:
            raise ConfigError(f"can't be written: {error.strerror}", file=self.path) from None

    def _write(self, tokens: tuple[Token, ...]) -> None:
        """Replaces the file; a reader finds the old one or the new one, whole, and may read it as
        before."""
        text = msgspec.json.format(msgspec.json.encode(_Content(tokens)), indent=1)
        number, name = tempfile.mkstemp(dir=self.path.parent, prefix=".tokens-")  # 0600 by itself
        try:
            with os.fdopen(number, "wb") as file:
                self._keep_readable(number)
                file.write(text + b"\n")
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
            synchronise(self.path.parent)  # else who was removed may come back
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _keep_readable(self, number: int) -> None:
        """Gives an open file the owner, the group and the mode of the one that it replaces; one
        that is the first, and root's, the owner of its folder: else the server, as another user,
        could not read it."""
        mine = os.fstat(number)
        try:
            like = self.path.stat()
        except FileNotFoundError:
            if mine.st_uid:
                return
            like, mode = self.path.parent.stat(), mine.st_mode
        else:
            mode = like.st_mode
        if (like.st_uid, like.st_gid) != (mine.st_uid, mine.st_gid):
            try:
                os.fchown(number, like.st_uid, like.st_gid)
            except PermissionError:
                raise ConfigError(
                    "belongs to another user or group, who could not read it any more",
                    file=self.path,
                    cure="Change it as that user, or as root",
                ) from None
        os.fchmod(number, stat.S_IMODE(mode))
