"""The measure and the kind of record of CONTRIBUTING.md are counted, and shown on the board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.adding import Tree, examples
from tests.build import crime

SHOW = """
import sys
import msgspec
from streams.board.monitor import Monitor
from tests.build import FAR_FUTURE, ms, tiny_force

monitor = Monitor([tiny_force()])
assert not monitor.ingest(sys.argv[1].encode(), FAR_FUTURE)
print(msgspec.json.encode(monitor.board("tiny", ms("2021-03-01T12:00:00Z"))).decode())
"""


def rows(tree: Tree, group: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a group today, on a board of some events, in the tree."""
    payload = "\n".join(map(json.dumps, events))
    found: list[dict[str, Any]] = json.loads(tree.run("-c", SHOW, payload))["windows"]["today"][
        group
    ]
    return found


def test_a_measure_of_crimes_is_one_change_of_its_kind(tmp_path: Path) -> None:
    tree = examples()["A measure"].make(tmp_path)
    found = rows(
        tree,
        "crimes",
        crime("a", outcome=1),
        crime("b", outcome=1, markers=["alcohol"]),
        crime("c", outcome=18),
    )
    whole = next(row for row in found if (row["offence"], row["area"]) == ("all", "force"))
    assert (whole["count"], whole["charged"]) == (3, 2)
    generated = ("grafana", "generate", "--output", str(tmp_path / "made"))
    assert "watchroom-volumes.json: written" in tree.run("-m", "streams.cli", *generated)
    assert "watchroom_crimes_charged{" in (tmp_path / "made" / "watchroom-volumes.json").read_text()
    row = "| `charged` | Charged | `charged` | count | more is better |  |\n"
    assert row in tree.run("-m", "streams.cli", "measures")


def test_a_kind_of_record_is_a_file_of_its_own(tmp_path: Path) -> None:
    tree = examples()["A kind of record"].make(tmp_path)
    patrol = {"kind": "patrol", "force": "tiny", "area": "north"}
    found = rows(
        tree,
        "patrols",
        {**patrol, "id": "1", "began_at": "2021-03-01T10:00:00Z",
         "ended_at": "2021-03-01T10:30:00Z", "updated_at": "2021-03-01T10:30:00Z"},
        {**patrol, "id": "2", "began_at": "2021-03-01T11:00:00Z",
         "updated_at": "2021-03-01T11:00:00Z"},
    )  # fmt: skip
    assert [(row["area"], row["begun"], row["mean_length"]) for row in found] == [
        ("force", 2, 1800.0),
        ("north", 2, 1800.0),
        ("north-area", 2, 1800.0),
    ]
    assert "## patrol\n" in tree.run("-m", "streams.cli", "measures")


def test_a_kind_of_record_is_fed_by_a_mapping_like_any_other(tmp_path: Path) -> None:
    tree = examples()["A kind of record"].make(tmp_path)
    fields = tree.run("-m", "streams.cli", "mapping", "fields", "patrol").splitlines()
    assert "  began_at    began at (time; needed unless deleted)" in fields
    (tmp_path / "patrols.csv").write_text("Ref,From,To\n1,2021-03-01T10:00,2021-03-01T10:30\n")
    (tmp_path / "patrols.toml").write_text(
        'kind = "patrol"\ntimezone = "UTC"\nid = "Ref"\n'
        '[fields.began_at]\ncolumn = "From"\n[fields.ended_at]\ncolumn = "To"\n'
    )
    files = (str(tmp_path / "patrols.toml"), str(tmp_path / "patrols.csv"))
    tried = tree.run("-m", "streams.cli", "mapping", "check", *files)
    assert "1 rows read: 1 events, 0 refused" in tried
    assert "patrol.schema.json" in tree.run(
        "-m", "streams.cli", "schemas", "--output", str(tmp_path / "schemas")
    )
