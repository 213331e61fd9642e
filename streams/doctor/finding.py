"""What a check finds. No password of an address stands in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec.structs import force_setattr

from streams.printing import masked

Verdict = Literal["well", "note", "wrong", "unknown"]
"""`note`: nothing is wrong, but somebody should know. `unknown`: it could not be found out."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it should be."""

    subject: str
    """What it is of: a topic, a file, an address."""
    problem: str
    cure: str
    """What to do: a command where there is one."""
    grave: bool = True
    """Whether it is wrong, or only to be known."""

    def __post_init__(self) -> None:
        for name in ("subject", "problem", "cure"):
            force_setattr(self, name, masked(getattr(self, name)))

    @classmethod
    def of_words(cls, subject: str, words: str, *, grave: bool = True) -> Finding:
        """From sentences, of which the first is the problem and the others the cure.

        >>> Finding.of_words("w.calls", "is missing. Create it: watchroom topics create").cure
        'Create it: watchroom topics create'
        """
        problem, _, cure = words.partition(". ")
        return cls(subject=subject, problem=problem, cure=cure, grave=grave)


class Examined(msgspec.Struct, kw_only=True):
    """What a check came to: `said` is what was looked at, or why it could not be."""

    check: str
    verdict: Verdict
    said: str
    findings: list[Finding] = []

    def __post_init__(self) -> None:
        self.said = masked(self.said)


class NotKnown(Exception):
    """A check can't find out how things are; says why in words."""


def examined(check: str, said: str, findings: Iterable[Finding]) -> Examined:
    """What a check came to, by the gravest of its findings."""
    found = list(findings)
    verdict: Verdict = "well"
    if found:
        verdict = "wrong" if any(each.grave for each in found) else "note"
    return Examined(check=check, verdict=verdict, said=said, findings=found)
