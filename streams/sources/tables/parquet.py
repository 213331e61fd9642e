"""Parquet files (pyarrow, which only the extra `parquet` installs), a batch of rows at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, BinaryIO

from streams.errors import SourceError
from streams.sources.bytes.forms import shown
from streams.sources.bytes.lines import check_growth
from streams.sources.tables.records import Item

BATCH = 1000


def parquet_items(file: BinaryIO, origin: str, needed: list[str]) -> Iterator[Item]:
    """The rows as records, numbered from 1; only the columns that are needed are read.

    Raises `SourceError` without pyarrow, and where the file is damaged.
    """
    if find_spec("pyarrow") is None:
        raise SourceError(
            f"{origin} is a Parquet file, and reading it needs one package more: pip install "
            '"watchroom[parquet]"'
        )
    import pyarrow as pa  # noqa: PLC0415  an extra, and large
    import pyarrow.parquet as pq  # noqa: PLC0415

    number = 0
    try:
        table = pq.ParquetFile(file)
        groups = map(table.metadata.row_group, range(table.metadata.num_row_groups))
        check_growth(sum(group.total_byte_size for group in groups), _size(file), origin)
        tops = {name.partition(".")[0] for name in needed} | set(needed)
        columns = [name for name in table.schema_arrow.names if name in tops]
        if not columns:
            columns = table.schema_arrow.names  # so that a message can name them
        for batch in table.iter_batches(BATCH, columns=columns):
            rows = pa.Table.from_batches([batch])
            rows = rows.cast(_in_microseconds(pa, rows.schema), safe=False)
            for record in rows.to_pylist():
                number += 1
                yield number, record
    except (pa.ArrowException, OSError) as error:
        raise SourceError(
            f"{origin}: the Parquet data is damaged ({shown(str(error))}). The {number:,} rows "
            "before that were read. Fetch the file again, then replay it: what was counted already "
            "is not counted twice"
        ) from None


def _size(file: BinaryIO) -> int:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return size


def _in_microseconds(pa: Any, schema: Any) -> Any:
    """The same columns without nanoseconds, which Python's times can't hold."""
    fields = []
    for field in schema:
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            fields.append(field.with_type(pa.timestamp("us", field.type.tz)))
        else:
            fields.append(field)
    return pa.schema(fields)
