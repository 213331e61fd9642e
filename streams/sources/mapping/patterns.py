"""Patterns of a mapping (`match`): regular expressions that a whole cell must match."""

from __future__ import annotations

import re


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
