"""DuckDB: one query over the file.

As its documentation has it: `read_json` with the columns named, so that others are not read, and
`arg_max` for the newest version of each call.
"""

from __future__ import annotations

import duckdb
from windows import WINDOW, Counts, Key, by_day

COLUMNS = (
    "{id: 'VARCHAR', version: 'BIGINT', line: 'VARCHAR', area: 'VARCHAR', "
    "offered_at: 'TIMESTAMP', answered_at: 'TIMESTAMP'}"
)
NEWEST = """
    (select unnest(call) from (
        select arg_max({{line: line, area: area, offered_at: offered_at, answered_at: answered_at}},
                       version) as call
        from {calls} group by id))
"""
COUNT = """
    select line, area, epoch_ms(offered_at) // {window} as number,
        count(*),
        count(answered_at),
        count(*) filter (epoch_ms(answered_at) - epoch_ms(offered_at) <= 10000)
    from {calls} group by all
"""
found: dict[Key, Counts] = {}


def count(path: str, versions: int) -> None:
    with duckdb.connect(config={"threads": 1}) as connection:
        calls = f"read_json('{path}', format = 'newline_delimited', columns = {COLUMNS})"
        if versions > 1:
            calls = NEWEST.format(calls=calls)
        rows = connection.execute(COUNT.format(calls=calls, window=WINDOW * 1000)).fetchall()
    found.clear()
    found.update(((line, area, window), tuple(counts)) for line, area, window, *counts in rows)


def figures() -> dict[str, list[int]]:
    return by_day(found.items())
