"""What a file is, by its first bytes: readable, or something else that is named in words.

Names are not trusted: an export that was saved as `.csv` may be an Excel workbook, and a download
that failed is often a web page.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

ZIP, OLE, PARQUET, TEXT, EMPTY, OTHER = "zip", "ole", "parquet", "text", "empty", "other"

NEEDS_WHOLE = frozenset({ZIP, OLE, PARQUET})
"""Forms that are read from their end or at random, so they need a whole file, never a pipe."""


class Form(NamedTuple):
    """What a file is: one of the names above, and for `other` what it is in words."""

    name: str
    words: str = ""


_MAGIC: tuple[tuple[int, bytes, Form], ...] = (
    (0, b"PK\x03\x04", Form(ZIP)),
    (0, b"PK\x05\x06", Form(ZIP)),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Form(OLE)),
    (0, b"PAR1", Form(PARQUET)),
    (0, b"%PDF", Form(OTHER, "is a PDF document")),
    (0, b"{\\rtf", Form(OTHER, "is a Rich Text document")),
    (0, b"\x89PNG", Form(OTHER, "is an image (PNG)")),
    (0, b"\xff\xd8\xff", Form(OTHER, "is an image (JPEG)")),
    (0, b"GIF8", Form(OTHER, "is an image (GIF)")),
    (0, b"II*\x00", Form(OTHER, "is an image (TIFF)")),
    (0, b"MM\x00*", Form(OTHER, "is an image (TIFF)")),
    (0, b"7z\xbc\xaf\x27\x1c", Form(OTHER, "is a 7z archive")),
    (0, b"Rar!\x1a\x07", Form(OTHER, "is a RAR archive")),
    (0, b"\xfd7zXZ\x00", Form(OTHER, "is compressed with xz")),
    (0, b"BZh", Form(OTHER, "is compressed with bzip2")),
    (0, b"\x04\x22\x4d\x18", Form(OTHER, "is compressed with lz4")),
    (0, b"\x1f\x9d", Form(OTHER, "is compressed with compress (.Z)")),
    (0, b"SQLite format 3\x00", Form(OTHER, "is an SQLite database")),
    (0, b"\x00\x01\x00\x00Standard ", Form(OTHER, "is an Access database")),
    (0, b"ARROW1", Form(OTHER, "is an Arrow (Feather) file")),
    (0, b"Obj\x01", Form(OTHER, "is an Avro file")),
    (0, b"ORC", Form(OTHER, "is an ORC file")),
    (0, b"\x7fELF", Form(OTHER, "is a program")),
    (257, b"ustar", Form(OTHER, "is a tar archive")),
    (8, b"WEBP", Form(OTHER, "is an image (WebP)")),
    (0, b"MZ\x90", Form(OTHER, "is a program")),
)

_CURES = (
    (("encoding =", "password"), ""),
    (("archive", "compressed"), "Unpack it and give the files, or pack them as ZIP or gzip"),
    (("database",), "Export the table from it as CSV"),
    (("Arrow", "Avro", "ORC"), "Export it as CSV or Parquet"),
    (("web page",), "Download the file itself: the address may need a sign-in"),
)
CURE = "Events as NDJSON, tables (CSV, JSON, Excel, Parquet) and ZIP archives of these can be read"

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks that say an encoding which is not UTF-8; the longer before the shorter."""


def cure_of(words: str) -> str:
    """What to do about a file that can't be read."""
    return next((cure for signs, cure in _CURES if any(s in words for s in signs)), CURE)


def form_of(head: bytes, declared: str = "utf-8") -> Form:
    """The form of a file that starts with `head`; `declared` is the encoding of its mapping."""
    if not head:
        return Form(EMPTY, "is empty")
    for at, magic, form in _MAGIC:
        if head.startswith(magic, at):
            return form
    if marked(head) is not None or codecs.lookup(declared).name.startswith(("utf-16", "utf-32")):
        return Form(TEXT)
    return _text_or_not(head[:4096])


def _text_or_not(head: bytes) -> Form:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()[:200].lower()
    if re.match(rb"<(!doctype html|html|head|body)\b", start):
        return Form(OTHER, "is a web page (HTML)")
    if start.startswith(b"<?xml") or re.match(rb"<[a-z][\w:.-]*[\s>/]", start):
        return Form(OTHER, "is XML")
    blanks = head.count(0)
    if blanks * 4 > len(head):
        for at, name in ((1, "utf-16-le"), (0, "utf-16-be")):
            if head[at::2].count(0) > 0.8 * (len(head) // 2) and not head[1 - at :: 2].count(0):
                words = f'is UTF-16 text without its mark: write encoding = "{name}" in a mapping'
                return Form(OTHER, words)
    odd = sum(head.count(code) for code in range(32) if code not in {9, 10, 11, 12, 13, 26, 27})
    if odd * 50 > len(head) and not start.startswith((b"{", b"[")):
        return Form(OTHER, "is binary data, not text")
    return Form(TEXT)


def marked(head: bytes) -> str | None:
    """The encoding that a byte order mark says, when it is not UTF-8."""
    return next((name for mark, name in MARKS if head.startswith(mark)), None)


def shown(text: str, most: int = 200) -> str:
    """A name or a cell for a message: printable, and not endless."""
    text = text[: most + 1].encode("utf-8", "replace").decode("utf-8")
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return f"{clean[:most]}..." if len(clean) > most else clean
