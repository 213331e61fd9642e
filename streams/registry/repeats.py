"""People who come back: how many of those in the records of a period are in others before.

The reports count a *repeat victim* in a month who was the victim of at least one other offence in
the 12 months before, in either of two allied forces (Warwickshire PCC performance report Apr-Jun
2016). They leave open where the window ends, and whether an offence of the same month is another
one: these are parameters, with what is most plausible as default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streams.registry.conditions import ALWAYS, Condition

Until = Literal["record", "period"]


@dataclass(frozen=True)
class RepeatRule:
    """How many people there are in the records of a period, each once, of whom a condition on facts
    holds, and who are in `at_least` such records in a window: that record itself, and others.

    `roles`: what they are in the records (`victim`). With `all_roles` they have to be each of them
    in some record of the window; `no_other` are roles that they must not have in any of it;
    `linked` is what one of the counted records of the window has to be.

    The window reaches `months` back from each record of the period (`until="record"`), or from the
    start of the period to its end (`until="period"`; of no months it is the period itself). With
    `same_period` records of the same period are others too. Records of all forces that share a
    `partition_group` count as others, where they are `allied`."""

    kind: str
    roles: tuple[str, ...]
    when: Condition = ALWAYS
    at_least: int = 1
    months: int = 12
    until: Until = "record"
    same_period: bool = True
    allied: bool = True
    all_roles: bool = False
    no_other: tuple[str, ...] = ()
    linked: Condition = ALWAYS
