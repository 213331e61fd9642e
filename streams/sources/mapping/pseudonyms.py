"""Who people are becomes pseudonyms, before anything else is done with a row.

The cells of the columns that say who somebody is are replaced as a row is read. So nothing behind
this file has ever seen an id: no event, dead letter, notice, message or temporary file.

A pseudonym is the first 96 bits of the HMAC-SHA256 (RFC 2104) of the id in its normal form, as 24
hexadecimal digits: of a hundred million people no two are likely to share one. Its key comes from
the environment. The same id has the same pseudonym in every column, file and force, as long as the
key is the same; without the key nobody can make a pseudonym of an id, and so find it by trying.

The normal form of an id takes away what people write differently and mean alike: capitals are
small letters, blanks and invisible characters are left out wherever they stand, and the same letter
is written in one way (Unicode NFC). Every other character counts: `N-12` and `N12` are two people.
"""

from __future__ import annotations

import hmac
import os
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from streams.errors import ConfigError
from streams.sources.event_lines import Rejected
from streams.sources.mapping.cells import Pattern
from streams.sources.mapping.model import FieldRule, Mapping, as_list
from streams.sources.notices import Notices
from streams.sources.tables.records import as_json
from streams.sources.tables.rows import Rows

VARIABLE = "WATCHROOM_PSEUDONYM_KEY"
SHORTEST = 32
"""Characters of the key. Ids are short and could all be tried, so that the key alone protects."""
MAKE_ONE = (
    f"Make a secret of {SHORTEST} characters or more once (openssl rand -hex 32), keep it, and set "
    f"{VARIABLE} to it wherever files of these people are read: with another key they would be "
    "other people"
)
WITHHELD = "the row is not kept, since it may say who people are"


class NoKey(ConfigError):
    """The environment has no key for the pseudonyms that a mapping makes."""


def key_of(mapping: Mapping) -> bytes:
    """The key of the pseudonyms that a mapping makes, from the environment; raises `NoKey`."""
    key = os.environ.get(VARIABLE, "").strip()
    if len(key) >= SHORTEST:
        return key.encode("utf-8", "surrogateescape")
    has = f"{VARIABLE} in the environment is too short" if key else f"there is no {VARIABLE}"
    raise NoKey(
        f"who people are is kept as pseudonyms only, and {has}",
        field=f"fields.{next(iter(mapping.persons))}",
        cure=MAKE_ONE,
    )


def normal(text: str) -> str:
    """The normal form of an id.

    >>> normal(" ab 12\u200b\u00a0c") == normal("AB12C")
    True
    """
    if text.isascii() and text.isprintable():  # as nearly always
        return text.lower().replace(" ", "")
    # What is not seen goes first: accents that it stood between are put in order only then.
    seen = "".join(
        char for char in text if not char.isspace() and unicodedata.category(char) not in _UNSEEN
    )
    small = unicodedata.normalize("NFD", unicodedata.normalize("NFD", seen).casefold())
    return unicodedata.normalize("NFC", small)


_UNSEEN = {"Cc", "Cf"}
"""Control and format characters, such as a zero-width space."""


def pseudonyms(key: bytes) -> Callable[[str], str]:
    """What makes the pseudonym of an id; "" of one that has no character in its normal form."""

    @lru_cache(maxsize=50_000)
    def pseudonym(text: str) -> str:
        whole = normal(text)
        if not whole:
            return ""
        return hmac.digest(key, whole.encode("utf-8", "surrogatepass"), "sha256")[:12].hex()

    return pseudonym


Veil = Callable[[list[str]], None]
"""Replaces, in the cells of a row, who somebody is."""


class VeiledRows:
    """The rows of a table with pseudonyms in the place of people; see `Rows`.

    Only the columns that the mapping names are given at all. They are what is kept of a row that is
    refused, and of one whose cells can't be told apart nothing is.
    """

    def __init__(
        self, table: Rows, mapping: Mapping, columns: Sequence[str], notices: Notices
    ) -> None:
        self._table, self._notices = table, notices
        self.origin, self.header = table.origin, table.header
        self.rejected: list[Rejected] = []
        self._kept = [(name, self.header.index(name)) for name in columns if name in self.header]
        kept = {place for _, place in self._kept}
        self._others = [place for place in range(len(self.header)) if place not in kept]
        self._cells: list[str] | None = None
        persons = mapping.persons
        pseudonym = pseudonyms(key_of(mapping)) if persons else str
        self._veils: list[Veil] = []
        for name, rule in persons.items():
            if not any(_alike(rule, persons[other]) for other in persons if other < name):
                self._veils.append(self._veil(name, rule, frozenset(mapping.null), pseudonym))

    @property
    def blank(self) -> int:
        """How many rows are no records."""
        return self._table.blank

    @blank.setter
    def blank(self, blank: int) -> None:
        self._table.blank = blank

    @property
    def number(self) -> int:
        """The number of the row that was just given."""
        return self._table.number

    @property
    def drained(self) -> bool:
        """Whether all that has arrived was given."""
        return self._table.drained

    @property
    def raw(self) -> bytes:
        """What is kept of the row that was just given, as JSON; nothing where it is no row of the
        table."""
        if self._cells is None:
            return b""
        kept = {name: self._cells[place] for name, place in self._kept}
        return as_json({name: cell for name, cell in kept.items() if cell})

    def __iter__(self) -> Iterator[list[str]]:
        """The rows after the header."""
        try:
            for cells in self._table:
                self._withhold()
                self._cells = None
                if len(cells) == len(self.header) and cells != self.header:
                    for place in self._others:
                        cells[place] = ""
                    for veil in self._veils:
                        veil(cells)
                    self._cells = cells
                yield cells
        finally:
            self._withhold()

    def _withhold(self) -> None:
        """Takes over what the table itself has refused, without its bytes."""
        if self._table.rejected:
            for _, reason, detail, origin in self._table.rejected:
                self.rejected.append(Rejected(b"", reason, f"{detail}; {WITHHELD}", origin))
            self._table.rejected = []

    def _veil(
        self, name: str, rule: FieldRule, null: frozenset[str], pseudonym: Callable[[str], str]
    ) -> Veil:
        places = [self.header.index(column) for column in as_list(rule.column)]
        nulls = null | {"", *rule.null}
        pattern = None if rule.match is None else Pattern(rule.match)
        between = rule.split or ""

        def of(text: str) -> str:
            if text in nulls:
                return ""
            if pattern is None and (not rule.split or rule.split not in text):
                return pseudonym(text)
            found = []
            for part in text.split(rule.split) if rule.split else [text]:
                whole = part.strip() if pattern is None else pattern(part.strip())
                if whole is None:
                    self._notices.add(
                        f"{name} was left out of {{count}} row{{s}} (match), the first at "
                        "{example}",
                        f"{self.origin}:{self.number}",
                    )
                elif whole not in nulls:
                    found.append(pseudonym(whole))
            return between.join(filter(None, found))

        def each(cells: list[str]) -> None:
            for place in places:
                cells[place] = of(cells[place].strip())

        def joined(cells: list[str]) -> None:
            parts = [cells[place].strip() for place in places]
            parts = ["" if part in nulls else part for part in parts]
            cells[places[0]] = of((rule.join or "").join(parts)) if any(parts) else ""
            for place in places[1:]:
                cells[place] = ""

        return each if rule.join is None else joined


def _alike(one: FieldRule, other: FieldRule) -> bool:
    """Whether two rules take the same people from the same columns."""
    return as_list(one.column) == as_list(other.column)


def veiled_rule(rule: FieldRule) -> FieldRule:
    """What is left to do with the cells of a rule once they are pseudonyms."""
    columns = as_list(rule.column)
    return FieldRule(column=columns[:1] if rule.join is not None else columns, split=rule.split,
                when=rule.when)  # fmt: skip
