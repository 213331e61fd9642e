"""Alerts on made-up histories of months: a surge that lasts, and a first day in a lockdown."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.real_data.test_alerts import SIGNALS, alerts


def made(shared_data: Path, case: str, out: Path) -> Path:
    """What the script of a case writes to its folder, or prints."""
    script = shared_data / "cases" / "inputs" / case / "make.py"
    words = [sys.executable, str(script)]
    printed = subprocess.run(words, cwd=out, capture_output=True, check=True).stdout
    for written in out.glob("*.ndjson"):
        return written
    path = out / "in.ndjson"
    path.write_bytes(printed)
    return path


def test_a_surge_of_two_months_is_one_alert(shared_data: Path, tmp_path: Path) -> None:
    """999 calls, 10,000 a month from April 2020 and 16,000 in July and August, with the change of
    July 2020 that the shipped file dates; without any, `test_surge_replayed.py` has it."""
    force = "west-mercia"
    events = made(shared_data, "lasting_surge", tmp_path)
    found = alerts(tmp_path, events, "--force", force)
    (surge,) = [one for one in found if one["kind"] in SIGNALS]
    assert (surge["measure"], surge["row"], surge["direction"]) == (
        "offered",
        {"line": "999"},
        "up",
    )
    assert surge["severity"] == "page"
    assert surge["area"] == "force"
    assert "2020-07-01" <= surge["opened"][:10] <= "2020-07-02"
    assert surge["resolved"] is None
    sent = Counter(each["what"] for each in surge["sent"])
    assert sent["opened"] == 1
    assert sent["escalated"] <= 1
    assert sent.total() - sent["escalated"] <= 2, surge["sent"]
    assert "1.6 times the usual since 1 July" in surge["end"], surge["end"]


def test_an_install_that_begins_in_a_lockdown_pages_nobody(
    shared_data: Path, tmp_path: Path
) -> None:
    events = made(shared_data, "cold_start_in_an_event", tmp_path)
    assert alerts(tmp_path, events, "--force", "warwickshire") == []
