"""Which figures of a page are not shown, so that no small number can be worked out from its sums.

A count above 0 and below a limit is not shown (`few`). A total less the parts that are shown would
give it away: so in each sum that has a hidden part another part is withheld too, one so large that
the small one may be anything below the limit. Where a sum has no such part, all of it is withheld,
the total among it, which is then a hidden part of the sum that it stands in itself.

Parts of a total that is hidden with all of them are withheld without saying which are small. By
which rule a part is withheld is taken to be not known. Differences over time are not protected.

Source: complementary suppression, as in A. Hundepool and others, "Statistical Disclosure Control"
(2012), chapter 4; the limits of 5 and of 10 events are those of the Government Statistical Service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

Hidden = Literal["few", "withheld"]
TableEntry = tuple[str, ...]


class Sum(NamedTuple):
    """A total and its parts. An entry is a part of one sum at the most; it may be the total of
    several, where it is taken apart in several ways."""

    whole: TableEntry
    parts: tuple[TableEntry, ...]


def hidden(
    counts: Mapping[TableEntry, int], sums: Iterable[Sum], below: int
) -> dict[TableEntry, Hidden]:
    """The entries that are not shown, and why. `below` is at least 3: of one possible value nothing
    would be hidden."""
    if below < 3:
        raise ValueError("a limit below 3 hides nothing")
    found: dict[TableEntry, Hidden] = {
        entry: "few" for entry, number in counts.items() if 0 < number < below
    }
    page = _Page(counts, tuple(sums), below, found)
    while any(page.settle(each) for each in page.sums):
        pass
    for each in page.sums:
        if all(entry in found for entry in (each.whole, *each.parts)):
            # That each of two parts is at least 1 would tell both where their total is 2.
            found |= dict.fromkeys(each.parts, "withheld")
    return found


class _Page:
    """The sums of a page, and what of them is hidden so far."""

    def __init__(
        self,
        counts: Mapping[TableEntry, int],
        sums: tuple[Sum, ...],
        below: int,
        found: dict[TableEntry, Hidden],
    ) -> None:
        self.counts, self.sums, self.below, self.found = counts, sums, below, found
        self._below: dict[TableEntry, list[Sum]] = {}
        for each in sums:
            self._below.setdefault(each.whole, []).append(each)
        self._moved: set[TableEntry] = set()
        """Totals of hidden sums in which no part makes up for another: a change of one part changes
        the total."""

    def wide(self, entry: TableEntry) -> bool:
        """Whether an entry can make up for any value of a small one: large enough, and so is a part
        of it, and of that, down to the last."""
        return self.counts[entry] >= 2 * self.below and all(
            any(map(self.wide, each.parts)) for each in self._below.get(entry, ())
        )

    def settle(self, each: Sum) -> bool:
        """Withholds what has to be withheld in a sum; whether anything was."""
        entries = (each.whole, *each.parts)
        there = [entry for entry in entries if entry in self.found]
        if not there:
            return False
        makes_up = [c for c in each.parts if self.found.get(c) == "withheld" and self.wide(c)]
        moved = [entry for entry in makes_up if entry in self._moved]
        enough = len(makes_up) > bool(moved)
        if len(there) == len(entries):
            return not enough and self._note(each.whole)
        if enough and len(there) >= 2:
            return False
        free = [entry for entry in each.parts if entry not in self.found and self.wide(entry)]
        if free:
            self.found[min(free, key=lambda entry: (self.counts[entry], entry))] = "withheld"
        else:
            for entry in entries:
                self.found.setdefault(entry, "withheld")
            self._note(each.whole)
        return True

    def _note(self, whole: TableEntry) -> bool:
        """Whether that was not known yet."""
        new = whole not in self._moved
        self._moved.add(whole)
        return new
