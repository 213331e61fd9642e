"""CONTRIBUTING.md's worked example of a source mapping works."""

from __future__ import annotations

import json
from pathlib import Path

from tests.adding import examples

MAPPING = "examples/dispatch_log/mapping.toml"
EXPORT = """Log no,Opened,At scene,Closed,Priority,Type,Beat
1,14/01/2022 09:00,14/01/2022 09:11,14/01/2022 10:00,P1,RTC,Rugby
2,14/01/2022 09:30,,14/01/2022 09:45,P4,DOMESTIC DISPUTE,Warwick
3,14/01/2022 09:40,14/01/2022 10:40,14/01/2022 11:40,P2,LOST DOG,Rugby
4,14/01/2022 09:50,,,P4,TEST,
"""


def test_every_row_of_an_export_is_an_event_or_excluded(tmp_path: Path) -> None:
    tree = examples()["A source mapping"].make(tmp_path)
    (tree.root / "log.csv").write_text(EXPORT)
    said = tree.run("-m", "streams.cli", "mapping", "check", MAPPING, "log.csv")
    first, _, _ = said.partition("\n")
    assert first == "log.csv: 4 rows read: 3 events, 0 refused, 1 excluded or blank."
    tree.run("-m", "streams.cli", "convert", "log.csv", "--mapping", MAPPING, "--whole",
             "--output", "events.ndjson")  # fmt: skip
    written = (tree.root / "events.ndjson").read_text().splitlines()
    events = sorted(map(json.loads, written), key=lambda event: event["id"])
    assert [(e["id"], e["grade"], e["category"], e["area"]) for e in events] == [
        ("1", "emergency", "road_collision", "Rugby"),
        ("2", "no_attendance", "domestic", "Warwick"),
        ("3", "priority", "other", "Rugby"),
    ]
    assert events[0]["arrived_at"] == "2022-01-14T09:11:00Z"
