"""Events into a monitor in this process: counted, written to the journal, then answered."""

from __future__ import annotations

import threading

from streams.embedded.runner import Embedded
from streams.ingest.journal import Journal
from streams.ingest.model import LineRefusal, RequestLine, Sent, StoredLines
from streams.ingest.trouble import Trouble
from streams.sources.event_lines import CHUNK_LINES, Chunk, Rejected


class MonitorStore:
    """Stores what is sent; see `streams.ingest.model.Store`."""

    def __init__(self, runner: Embedded, journal: Journal) -> None:
        self.runner, self.journal = runner, journal
        self._trouble = Trouble()
        self._turn = threading.Lock()

    @property
    def trouble(self) -> str:
        """Why nothing can be stored now."""
        return self._trouble.now

    def put(self, sent: Sent) -> StoredLines:
        """Counts lines and keeps those that count. What could not be kept was counted all the same,
        and is not counted twice when it is sent again."""
        refused: dict[int, LineRefusal] = {}
        uncounted: set[int] = set()
        with self._turn:
            rejected = [
                Rejected(line.raw, why.reason, why.detail, f"{sent.origin}:{line.number}")
                for line, why in sent.refused
            ]
            if rejected:
                self.runner.fold(Chunk(b"", sent.origin, (), rejected))
            for at in range(0, len(sent.lines), CHUNK_LINES):
                part = sent.lines[at : at + CHUNK_LINES]
                numbers = [line.number for line in part]
                payload = b"\n".join(line.raw for line in part)
                folded = self.runner.fold(Chunk(payload, sent.origin, numbers))
                for each in folded.refusals:
                    refused[numbers[each.line]] = LineRefusal(each.reason, each.detail)
                uncounted.update(numbers[folded.lines :])  # this process is ending
            kept = [line for line in sent.lines if line.number not in refused.keys() | uncounted]
            why = self._keep(kept)
        if why:
            uncounted.update(line.number for line in kept)
        return StoredLines(refused, frozenset(uncounted), why or ("stopping" if uncounted else ""))

    def _keep(self, lines: list[RequestLine]) -> str:
        why = ""
        try:
            self.journal.append(line.kept for line in lines if line.kept is not None)
        except OSError as error:
            why = f"{self.journal.folder} can't be written: {error.strerror}"
        self._trouble.ended(why)
        return why
