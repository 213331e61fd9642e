"""Bytes or rows become events: files, standard input, mapped exports, data.police.uk.

A source is an iterator of `Chunk`. The reading goes through three steps, each a module:

```
raw.py       blocks of bytes -> decompressed -> batches of whole lines
tables.py    lines -> rows of a CSV or TSV file       (not for NDJSON, which passes untouched)
mapping.py, mapped.py, police_uk.py                   rows -> event lines
files.py     open_source(): finds the format of each file and strings the files together
kafka.py     publish(): sends any source to Kafka
```

A mapping is read and checked by `mapping`, `mapping_checks` and `kind_fields`, and carried out by
`mapped`: texts by `patterns` and `written_numbers`, times by `times` and `placing`, judged by
`plausible` with the spans of `lives`, periods of readings by `reading_periods`. Rows that are one
record together are joined by `grouping`; where they should have been, `repeated` warns (`notices`).

`kafka` is imported by `streams.sources.kafka` alone.
"""

from streams.sources.chunk import CHUNK_LINES, Chunk, Rejected
from streams.sources.files import Source, open_source

__all__ = ["CHUNK_LINES", "Chunk", "Rejected", "Source", "open_source"]
