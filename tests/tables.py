"""What tests of forms of files share: one plain mapping, and what comes out of a file."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.sources import Rejected, open_source
from streams.sources.mapping.file import parse_mapping
from streams.sources.mapping.model import Mapping

PLAIN = """
kind = "incident"
force = "f"
timezone = "UTC"
id = "id"
[constants]
category = "other"
[fields.opened_at]
column = "opened"
"""


class Read(NamedTuple):
    """What a source gave."""

    ids: list[str]
    places: list[str]
    """`file:number` of each event, the file without its folder."""
    rejected: list[Rejected]
    excluded: int
    skipped: list[str]
    events: list[dict[str, object]]

    @property
    def reasons(self) -> list[str]:
        """The reasons of the refused rows."""
        return [one.reason for one in self.rejected]


def plain(more: str = "", **changes: str) -> Mapping:
    """The plain mapping with keys added at its top, and texts exchanged."""
    text = PLAIN
    for old, new in changes.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    return parse_mapping(more + text)


def read(path: Path, mapping: Mapping | None = None, glob: str | None = None) -> Read:
    """All of a file or folder."""
    found = Read([], [], [], 0, [], [])
    excluded = 0
    base = f"{path.parent}/"
    with open_source(path, mapping, glob=glob) as source:
        for chunk in source:
            events = [msgspec.json.decode(line) for line in chunk.lines()]
            found.events.extend(events)
            found.ids.extend(str(event.get("id")) for event in events)
            origin = chunk.origin.removeprefix(base)
            found.places.extend(f"{origin}:{n}" for n in chunk.line_numbers)
            found.rejected.extend(chunk.rejected)
            excluded += chunk.excluded
        found.skipped.extend(line.replace(base, "") for line in source.skipped)
    return found._replace(excluded=excluded)


def write(path: Path, data: bytes | str) -> Path:
    """A file with these contents."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path
