"""A gap in the log: messages that it lost before they were counted, as when a worker was down for
longer than the log is kept. What they said is in no figure.

Not every offset that is missing was a message: the marker that ends a transaction takes one, and so
do records that were rolled back or compacted away. Those lie within the log. A gap is only what
lies before the log's beginning; and all of a log whose topic was deleted and made again.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from streams.periods import DAY

RECENT = DAY
"""For how long after it was found a gap makes a process not ready, in ms: the time to send the
records again. From then on it stands beside the figures, as long as they can be mended."""


class LogGap(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was lost of one partition. Instants are those at which the log took a message, in ms."""

    first: int
    last: int
    """Offsets, both lost."""
    since: int
    """When the last message before it came; 0 where that is not known."""
    until: int
    """When the first after it came; where none has come yet, when it was found."""
    found_at: int
    """When it was found, in ms by the wall clock."""
    made_again: bool = False
    """The topic was made again: what was counted of the old one since `since` is counted no more,
    and `until` is when that was found. The offsets are those of the old one."""

    @property
    def messages(self) -> int:
        """How many messages at most: some of the offsets may have been markers of transactions."""
        return self.last - self.first + 1

    def is_recent(self, now: int) -> bool:
        """Whether it was found so lately that the process is not ready for it."""
        return now - self.found_at < RECENT

    def mendable(self, now: int, horizon: int) -> bool:
        """Whether records of its time still count when they are sent again; `horizon` in ms."""
        return now - self.until < horizon


def with_gap(gaps: list[LogGap], new: LogGap) -> list[LogGap]:
    """A list of gaps with one more; the same one, found again and by now larger, stands once.

    >>> one = LogGap(18, 164, 0, 5, 5)
    >>> larger = LogGap(18, 180, 0, 7, 7)
    >>> with_gap([one], one) == [one], with_gap([one], larger) == [larger]
    (True, True)
    """
    same_log = [each for each in gaps if not each.made_again]
    if any(new.first >= each.first and new.last <= each.last for each in same_log):
        return gaps
    return [*(each for each in gaps if each.made_again or each.first != new.first), new]


def of_former_log(gaps: Iterable[LogGap], last: int, since: int, horizon: int, now: int) -> LogGap:
    """The gap that stands for a topic that was made again: of the log before it offsets up to
    `last` were counted, with these gaps, and what is from before `since` is known all the same."""
    lasting = [gap for gap in gaps if gap.mendable(now, horizon)]
    since = min([since, *(gap.since for gap in lasting)])
    before = sum(gap.messages for gap in lasting if gap.made_again)
    return LogGap(0, last + before, since, now, now, made_again=True)
