"""The sum of a stretch of time that is kept: it never changes, and another takes its place.

A month of a county counts in tens of thousands of keys, and a revision changes a few of them. So
the sum that takes the place of another shares with it all that is the same, and knows by which keys
they differ: who has made something of the one need only look at these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

Pane = dict[int, int]
"""As in `streams.fold.panes`."""
MOST_BEHIND = 4
"""So many sums ago it is known what differs: between two boards an hour may close, and be
revised."""
OWN_SHARE = 8
"""Where more than one of so many keys has changed since they were last put together, they are put
together anew."""


class KeptSum:
    """A sum by key; what is zero is not in it."""

    __slots__ = ("_base", "_changed", "before", "differs")

    def __init__(self, pane: Pane, changed: Pane | None = None) -> None:
        self._base = pane
        self._changed: Pane = changed or {}
        """The keys that are otherwise than in `_base`; 0 where they are no more."""
        self.before: KeptSum | None = None
        """The sum whose place it took, until so many others have taken its own."""
        self.differs: frozenset[int] = frozenset()
        """The keys in which it may differ from that one."""

    def __bool__(self) -> bool:
        return bool(self._base) and (not self._changed or bool(self.pane))

    def get(self, key: int) -> int:
        """What is counted under a key; 0 where nothing is."""
        found = self._changed.get(key)
        return self._base.get(key, 0) if found is None else found

    @property
    def pane(self) -> Pane:
        """All of it. Nobody may change it."""
        if self._changed:
            # Others may read at the same time: until `_changed` is gone it says what `_base` does.
            self._base, self._changed = _together(self._base, self._changed), {}
        return self._base

    def after(self, change: Mapping[int, int]) -> KeptSum:
        """The sum that takes its place, by so much more."""
        changed = dict(self._changed)
        for key, more in change.items():
            changed[key] = self.get(key) + more
        if OWN_SHARE * len(changed) > len(self._base):
            made = KeptSum(_together(self._base, changed))
            self.before = None  # which has a sum of its own in memory
        else:
            made = KeptSum(self._base, changed)
        made.before, made.differs = self, frozenset(change)
        *_, oldest = made._behind()
        oldest.before = None  # nobody is that far behind
        return made

    def _behind(self) -> Iterator[KeptSum]:
        """The sums whose place it took, the last one first."""
        at: KeptSum | None = self
        for _ in range(MOST_BEHIND):
            at = at.before if at is not None else None
            if at is not None:
                yield at

    def differs_from(self, other: KeptSum | None) -> frozenset[int] | None:
        """The keys in which it may differ from another; None where that is not known."""
        differs, at = frozenset[int](), self
        for before in self._behind():
            differs |= at.differs
            if before is other:
                return differs
            at = before
        return None


def _together(base: Pane, changed: Pane) -> Pane:
    whole = {**base, **changed}
    for key, value in changed.items():
        if not value:
            del whole[key]
    return whole
