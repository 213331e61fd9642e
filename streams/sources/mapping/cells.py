"""What a cell says: numbers and durations as people write them (12,345 and 92.3% and -1:02:03), and
patterns of a mapping (`match`), which are regular expressions that a whole cell must match."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import cache

SPACES = " \u00a0\u2009\u202f"
"""A space between thousands may be any of these: plain, no-break, thin, narrow no-break."""
PER_UNIT = {"seconds": 1_000_000, "minutes": 60_000_000, "milliseconds": 1_000}
"""Microseconds in a unit."""


@cache
def _grouped(decimal: str, thousands: str) -> re.Pattern[str]:
    """A number whose thousands are set apart, each group of three figures."""
    apart = f"[{SPACES}]" if thousands == " " else re.escape(thousands)
    return re.compile(rf"[-+]?[1-9]\d{{0,2}}(?:{apart}\d{{3}})+(?:{re.escape(decimal)}\d*)?")


def plain_number(text: str, decimal: str = ".", thousands: str = ",") -> str:
    """A written number as `float` takes it; raises ValueError for what is none.

    A percentage is the number that it means: "92.3%" is 0.923. Thousands are set apart only where
    every group has three figures, so that "1,2" is an error rather than twelve.
    """
    if text.isdecimal():
        return text
    number = text.removesuffix("%").rstrip()
    if thousands and _grouped(decimal, thousands).fullmatch(number):
        for mark in SPACES if thousands == " " else thousands:
            number = number.replace(mark, "")
    elif decimal != "." and "." in number:
        raise ValueError(text)
    number = number.replace(decimal, ".")
    float(number)
    if text.endswith("%"):
        # In decimals: 92.3 / 100 in floats is not always what "0.923" is.
        return format(Decimal(number) / 100, "f")
    return number


def clock_length(text: str, decimal: str = ".") -> dt.timedelta:
    """A duration such as 1:02:03, 0:05.5 or -00:00:05; raises ValueError for what is none."""
    parts = text.lstrip("-").replace(decimal, ".").split(":")
    if len(parts) > 3 or text.startswith("--"):
        raise ValueError(text)
    *leading, last = parts
    whole = 0
    for part in leading:
        whole = whole * 60 + _figures(part)
    seconds, _, fraction = last.partition(".")
    micros = _figures(fraction.ljust(6, "0")[:6]) if fraction else 0
    length = dt.timedelta(seconds=whole * 60 + _figures(seconds), microseconds=micros)
    return -length if text.startswith("-") else length


def _figures(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)


def length_of(text: str, unit: str, decimal: str = ".", thousands: str = ",") -> dt.timedelta:
    """A written duration in one of the units of a mapping; raises ValueError for what is none."""
    if unit == "clock":
        return clock_length(text, decimal)
    if text.isdecimal():
        return dt.timedelta(microseconds=int(text) * PER_UNIT[unit])
    if text.endswith("%"):
        raise ValueError(text)
    number = float(plain_number(text, decimal, thousands))
    return dt.timedelta(microseconds=round(number * PER_UNIT[unit]))


def check_pattern(text: str) -> str | None:
    """What is wrong with a pattern, in words; None when it can be used."""
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        return f'the pattern "{text}" can\'t be used: {error}'
    return None


class Pattern:
    """One pattern; call it with a cell."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._match = re.compile(text).fullmatch

    def __call__(self, cell: str) -> str | None:
        """The first group where the pattern has one (blank where it took no part), else the whole
        cell; None where the cell does not match."""
        found = self._match(cell)
        if found is None:
            return None
        return ((found[1] or "") if found.re.groups else found[0]).strip()
