"""Bytes or rows become events: files, standard input, mapped exports, data.police.uk.

A source is an iterator of `Chunk`. The reading goes through these steps, each a module:

```
files.py     open_source(): the files of folders and arguments, strung together
readers.py   one file: forms.py says what it is, archives.py opens ZIP archives
raw.py       blocks of bytes -> decompressed -> batches of whole lines
tables.py, json_rows.py, sheets.py, parquet.py        -> rows under a header (rows.py, records.py)
mapping.py, mapped.py, police_uk.py                   rows -> event lines
kafka.py     publish(): sends any source to Kafka
```

A mapping is read and checked by `mapping`, `mapping_checks` and `kind_fields`, and carried out by
`mapped`: texts by `patterns` and `written_numbers`, times by `times` and `placing`, judged by
`plausible` with the spans of `lives`, periods of readings by `reading_periods`. Rows that are one
record together are joined by `grouping`; where they should have been, `repeated` warns (`notices`).

`watchroom mapping suggest` drafts a mapping: sample.py reads a table without one, columns.py looks
at its columns, draft_*.py add the fields, suggest.py writes the draft, trial.py tries it.

`kafka` is imported by `streams.kafka.publisher` alone.
"""

from streams.sources.chunk import CHUNK_LINES, Chunk, Rejected
from streams.sources.files import Source, open_source

__all__ = ["CHUNK_LINES", "Chunk", "Rejected", "Source", "open_source"]
