"""Which columns make the id of a draft."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

from streams.sources.draft.columns import Column
from streams.sources.draft.draft import Work, one_or_more, quoted
from streams.sources.draft.field_words import ID, PRIVATE


def place_id(work: Work) -> None:
    """Adds the id: a column with a name for it, else one that is unique, else several."""
    columns, rows = work.columns, len(work.sample.rows)
    free = [c for c in columns.all if c.times is None and c.filled > 0.98
            and c.name not in columns.personal]  # fmt: skip
    single = [c for c in free if len(c.counts) >= 0.999 * len(c.values) and _short(c)]
    if columns.find(ID[:1], single) is None and _place_units(work, free):
        return
    column = columns.find(ID, single)
    if column is not None:
        columns.use(column)
        work.id.append(f"id = {quoted(column.name)}")
        return
    # A name that says nothing, and yet a number of its own in each row.
    own = [c for c in single if re.search(r"\d", c.values[0]) and " " not in c.values[0]
           and not re.search(r"-?\d+\.\d+", c.values[0])
           and not re.search(PRIVATE, c.words)]  # fmt: skip
    if own:
        columns.use(own[0])
        work.id.append(f"id = {quoted(own[0].name)}")
        work.doubts.append(f"`id`: {own[0].name} has another value in each row, so it is taken")
        return
    repeated = columns.find(ID, [c for c in free if _short(c) and len(c.counts) > rows / 10])
    if repeated is not None:
        columns.use(repeated)
        share = 1 - len(repeated.counts) / max(1, len(repeated.values))
        work.id.append(f"id = {quoted(repeated.name)}")
        work.doubts.append(
            f"`id`: {share:.1%} of the rows repeat a {repeated.name}; rows of one id count as "
            "one record, of which the latest counts (`merge` in docs/sources.md joins their times)"
        )
        return
    names = _together(work, free)
    columns.used.update(names)
    work.id.append(f"id = {one_or_more(names)}")
    work.id.append('alike = "each"    # rows that are alike in these are records of their own')
    work.doubts.append(
        "`id`: no column numbers the records, so several that are unique together make it; "
        "rows that are alike in all of them count each (take `alike` out where rows stand twice)"
    )


def _place_units(work: Work, free: Sequence[Column]) -> bool:
    """Adds the id of incidents that have a row for each unit sent: their number comes on several
    rows, and those begin at the same time; False where there is none such."""
    if work.kind != "incident" or work.main is None:
        return False
    rows = len(work.sample.rows)
    several = [c for c in free if _short(c) and rows / 10 < len(c.counts) < 0.95 * len(c.values)]
    column = work.columns.find(ID[:1], several)
    if column is None:
        return False
    begins = zip(column.cells, work.main.cells, strict=True)
    if len(set(begins)) > 1.02 * len(set(column.cells)):
        return False
    work.columns.use(column)
    work.id.append(f"id = {quoted(column.name)}")
    merges = [f'{field} = "{"last" if field == "closed_at" else "first"}"' for field in work.placed]
    work.fields += ["", "[merge]", *merges]
    work.doubts.append(
        f"`id`: {len(column.counts):,} of {column.name} stand on {len(column.values):,} rows that "
        "begin together: taken for units of one incident, whose first arrival counts"
    )
    return True


def _together(work: Work, free: Sequence[Column]) -> list[str]:
    """The fewest columns that are unique together, the time among them."""
    assert work.main is not None  # noqa: S101  the times come before the id
    base = [c for c in work.columns.with_times("day") if c.name in work.columns.used]
    base = [*base[:1], work.main] if work.main not in base else [work.main]
    if work.clock is not None:
        base.append(work.clock)
    others = [c for c in free if c not in base and _short(c, 40)]
    others = [c for c in others if not re.search(PRIVATE, c.words)]
    others.sort(key=lambda c: -len(c.counts))
    rows = len(work.sample.rows)
    best, names = 0, [c.name for c in base]
    for size in (1, 2, 3):
        for group in combinations(others[:8], size):
            together = [*base, *group]
            distinct = len({tuple(c.cells[n] for c in together) for n in range(rows)})
            if distinct > best:
                best, names = distinct, [c.name for c in together]
        if best >= 0.999 * rows:
            break
    return names


def _short(column: Column, most: int = 100) -> bool:
    return max(map(len, column.counts), default=0) <= most
