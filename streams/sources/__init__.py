"""Bytes or rows become events: files, standard input, mapped exports, data.police.uk.

A source is an iterator of `Chunk`. The reading goes through these steps:

```
files.py                  open_source(): the files of folders and arguments, strung together
readers.py                one file: what it is, and who reads it
bytes/                    blocks of bytes -> decompressed -> batches of whole lines
tables/                   -> rows under a header
mapping/, police_uk.py    rows -> event lines
police_uk_histories.py    street and outcome rows -> the versions of a crime
order/                    finished history -> the order of time
```

`draft/` drafts a mapping from the sample of a table, and tries it.
"""

from streams.sources.event_lines import CHUNK_LINES, Chunk, Rejected
from streams.sources.files import Source, open_source

__all__ = ["CHUNK_LINES", "Chunk", "Rejected", "Source", "open_source"]
