"""The local dead letters: rows that were refused before they reached Kafka, as NDJSON.

`{"reason": ..., "detail": ..., "origin": "file:line", "raw": ...}`, where `raw` is the row as it
was read; bytes that are no UTF-8 stand in `raw_base64` instead.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import BinaryIO

import msgspec

from streams.errors import SourceError
from streams.sources.chunk import Rejected


class RefusedFile:
    """Appends to a file that is made at the first refusal, so that a clean run leaves none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def write(self, rejected: Rejected) -> None:
        """Append one row; raises `SourceError` when the file can't be written."""
        try:
            raw = {"raw": rejected.raw.decode("utf-8")}
        except UnicodeDecodeError:
            raw = {"raw_base64": base64.b64encode(rejected.raw).decode("ascii")}
        # A detail may quote text that is no Unicode, which JSON can't hold.
        detail = rejected.detail.encode("utf-8", "backslashreplace").decode("utf-8")
        letter = {"reason": rejected.reason, "detail": detail, "origin": rejected.origin, **raw}
        try:
            if self._file is None:
                self._file = self.path.open("ab")
            self._file.write(msgspec.json.encode(letter) + b"\n")
        except OSError as error:
            raise self._full(error) from None

    def close(self) -> None:
        """Close the file, if one was made; raises `SourceError` like `write`."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                raise self._full(error) from None

    def _full(self, error: OSError) -> SourceError:
        return SourceError(
            f"{self.path}: refused rows can't be written there: {error.strerror}. "
            "Name another place with --dead-letters"
        )
