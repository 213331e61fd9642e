"""What is sent, and what is answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

from streams.events.lenient import LenientEvent


class RequestLine(NamedTuple):
    """One event of a request: its number there, its bytes, and what they say where that can be
    read."""

    number: int
    raw: bytes
    kept: LenientEvent | None


class LineRefusal(NamedTuple):
    """Why a line is refused."""

    reason: str
    detail: str


class Sent(NamedTuple):
    """The lines of one request, and those that are refused whatever they go into. `origin` is the
    same where the same is sent again, so that its dead letters are the same too."""

    origin: str
    lines: Sequence[RequestLine]
    refused: Sequence[tuple[RequestLine, LineRefusal]] = ()


class StoredLines(NamedTuple):
    """What became of them: what was refused, and what could not be stored and why, by number."""

    refused: dict[int, LineRefusal]
    not_stored: frozenset[int] = frozenset()
    why: str = ""


class Store(Protocol):
    """Where events go. A store may be asked from several threads."""

    def put(self, sent: Sent) -> StoredLines:
        """Stores lines so that they are still there after a crash, and the refused as dead letters;
        returns when they are."""
        ...

    @property
    def trouble(self) -> str:
        """Why nothing can be stored now; empty where it can, as far as is known."""
        ...


class Verdict(msgspec.Struct, omit_defaults=True):
    """What became of one line. `not_stored`: send it again."""

    line: int
    verdict: Literal["accepted", "refused", "not_stored"]
    reason: str | None = None
    field: str | None = None
    detail: str | None = None


class RequestAnswer(msgspec.Struct, omit_defaults=True):
    """What became of a request: how many lines were accepted, refused and not stored, and each."""

    accepted: int
    refused: int
    not_stored: int
    lines: list[Verdict]
    error: str | None = None


_IN_DETAIL = re.compile(r"`\$\.([a-z_]+)|required field `([a-z_]+)`|^([a-z]+(?:_[a-z]+)*_at)\b")
_OF_REASON = {
    "unknown_force": "force",
    "wrong_force": "force",
    "unknown_line": "line",
    "unknown_area": "area",
}


def field_of(refusal: LineRefusal) -> str | None:
    """The field that a refusal is about, where it is about one."""
    if (named := _OF_REASON.get(refusal.reason)) is not None:
        return named
    if found := _IN_DETAIL.search(refusal.detail):
        return next(group for group in found.groups() if group)
    first, before, _ = refusal.reason.partition("_before_")
    return f"{first}_at" if before else None


def answer(sent: Sent, stored: StoredLines) -> RequestAnswer:
    """The answer to a request."""
    refused = {line.number: why for line, why in sent.refused} | stored.refused
    numbers = {line.number for line in sent.lines} | {line.number for line, _ in sent.refused}
    lines = []
    for number in sorted(numbers):
        if number in stored.not_stored:
            lines.append(Verdict(number, "not_stored"))
        elif (why := refused.get(number)) is not None:
            lines.append(Verdict(number, "refused", why.reason, field_of(why), why.detail))
        else:
            lines.append(Verdict(number, "accepted"))
    said = [each.verdict for each in lines]
    return RequestAnswer(
        accepted=said.count("accepted"),
        refused=said.count("refused"),
        not_stored=said.count("not_stored"),
        lines=lines,
        error=stored.why or None,
    )
