"""`watchroom deadletter`, of letters in a file."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from streams.cli import main
from streams.events.deadletters import letter
from tests.build import FAR_FUTURE, lines, monitor, ms

AT = ms("2021-03-01T11:00:00Z")


def test_what_a_feed_wrote_can_not_move_the_cursor_of_who_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "refused.ndjson"
    raw = b'{"kind":"call","force":"\\u001b[2Jtiny"}'
    made = letter(raw, "w.calls/0/1/0", "unknown_force", '"\x1b[2Jtiny" is none of ["tiny"]', AT)
    file.write_bytes(made.as_line() + b"\n")
    out = CliRunner().invoke(main, ["deadletter", "list", "--file", str(file)]).output
    assert out.splitlines()[0] == (
        "2021-03-01T11:00:00+00:00  unknown_force  call  �[2Jtiny  w.calls/0/1/0  "
        '"�[2Jtiny" is none of ["tiny"]'
    )


def test_a_feed_whose_name_a_screen_would_obey_is_refused() -> None:
    beat = {
        "kind": "heartbeat",
        "force": "tiny",
        "feed": "calls\x1b[2J",
        "at": "2021-03-01T11:00:00Z",
    }
    (refused,) = monitor().ingest(lines([beat]), FAR_FUTURE)
    assert (refused.reason, refused.detail) == (
        "wrong_form",
        "the name of a feed has no control characters",
    )
