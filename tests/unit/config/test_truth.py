"""A file of dated events is read exactly, written so that it reads the same, or told its fault."""

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from streams.config.truth import Truth, length_text, load_truth, read_truth, truth_text, write_truth
from streams.errors import ConfigError, WatchroomError
from streams.periods import DAY, HOUR, MINUTE

LONDON = ZoneInfo("Europe/London")

SURGE = """\
[[truth]]
name = "Surge of 999 calls"
force = "warwickshire"
kind = "call"
measure = "calls.offered"
where = { line = "999" }
from = 2026-03-01
to = 2026-04-30
direction = "up"
alerts = ["exceptional_volume", "level_change"]
within = "36h"
"""
OUTAGE = """
[[truth]]
name = "Telephony outage"
force = "warwickshire"
kind = "call"
from = 2026-03-29T10:15:00
to = 2026-03-29T14:00:00+01:00
direction = "down"
alerts = ["feed_silent"]
within = "20m"
optional = true
"""
FULL = Truth(
    name="Surge of 999 calls",
    force="warwickshire",
    kind="call",
    measure="calls.offered",
    where={"line": "999"},
    start=dt.date(2026, 3, 1),
    end=dt.date(2026, 4, 30),
    direction="up",
    alerts=("exceptional_volume", "level_change"),
    within=36 * HOUR,
)


def changed(key: str, value: str) -> str:
    """The surge with another value."""
    lines = [
        f"{key} = {value}" if line.startswith(f"{key} =") else line for line in SURGE.split("\n")
    ]
    return "\n".join(lines)


def fault(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read_truth(text, "truth.toml")
    return caught.value


def test_an_event_is_read_with_all_that_it_says() -> None:
    assert read_truth(SURGE, "truth.toml") == [FULL]


def test_several_events_are_read_in_their_order() -> None:
    assert [each.name for each in read_truth(OUTAGE + SURGE, "t")] == [
        "Telephony outage",
        "Surge of 999 calls",
    ]


def test_what_is_left_out_stands_for_any_and_for_one_that_must_be_found() -> None:
    text = (
        '[[truth]]\nname = "A"\nforce = "f"\nkind = "crime"\nfrom = 2020-01-01\n'
        'direction = "down"\nwithin = "2w"\n'
    )
    assert read_truth(text, "t") == [
        Truth(
            name="A", force="f", kind="crime", start=dt.date(2020, 1, 1), direction="down",
            within=14 * DAY,
        )
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "# nothing happened\n"])
def test_a_file_without_events_is_right(text: str) -> None:
    assert read_truth(text, "truth.toml") == []


def test_a_day_that_ends_an_event_is_its_last() -> None:
    start, end = FULL.span(LONDON)
    assert start == dt.datetime(2026, 3, 1, tzinfo=LONDON).timestamp() * 1000
    assert end == dt.datetime(2026, 5, 1, tzinfo=LONDON).timestamp() * 1000


def test_a_time_without_an_offset_is_local() -> None:
    (outage,) = read_truth(OUTAGE, "t")
    assert outage.span(LONDON) == (
        dt.datetime(2026, 3, 29, 9, 15, tzinfo=dt.UTC).timestamp() * 1000,
        dt.datetime(2026, 3, 29, 13, 0, tzinfo=dt.UTC).timestamp() * 1000,
    )


def test_an_event_that_goes_on_has_no_end() -> None:
    (found,) = read_truth("\n".join(x for x in SURGE.split("\n") if x[:4] != "to ="), "t")
    assert found.span(LONDON)[1] is None


@pytest.mark.parametrize("text", [SURGE, OUTAGE, SURGE + OUTAGE, ""])
def test_what_is_written_is_read_back_as_the_same(text: str) -> None:
    events = read_truth(text, "t")
    assert read_truth(truth_text(events, "Two\nlines"), "t") == events


def test_a_name_with_quotes_and_breaks_is_read_back_as_the_same() -> None:
    odd = Truth(
        name='"Fair" \\ \n£', force="f", kind="call", where={"a b": "x\ty"},
        start=dt.date(2020, 1, 1), direction="up", within=90 * MINUTE,
    )  # fmt: skip
    assert read_truth(truth_text([odd]), "t") == [odd]


def test_the_text_that_is_written_is_what_a_person_would_write() -> None:
    assert truth_text([FULL]) == SURGE


def test_a_file_is_written_and_loaded(tmp_path: Path) -> None:
    path = tmp_path / "truth.toml"
    write_truth(path, [FULL], "A surge")
    assert path.read_text().startswith("# A surge\n\n[[truth]]\n")
    assert load_truth(path) == [FULL]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WatchroomError, match="can't be written"):
        write_truth(tmp_path / "none" / "truth.toml", [FULL])


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        load_truth(tmp_path / "none.toml")


def test_a_length_is_written_in_its_largest_whole_unit() -> None:
    lengths = (90 * MINUTE, 2 * HOUR, 3 * DAY, 21 * DAY)
    assert [length_text(each) for each in lengths] == ["90m", "2h", "3d", "3w"]


@pytest.mark.parametrize(
    ("text", "line", "field", "problem"),
    [
        (changed("from", '"2026-03-01"'), 7, "truth[0].from", "'2026-03-01' is no day"),
        (changed("to", "2026-02-01"), 8, "truth[0].to", "ends before it begins"),
        (changed("from", "0202-03-01"), 7, "truth[0].from", "is not in our time"),
        (changed("within", '"soon"'), 11, "truth[0].within", '"soon" is no length of time'),
        (changed("within", '"0d"'), 11, "truth[0].within", '"0d" is no length of time'),
        (changed("direction", '"sideways"'), 9, "truth[0].direction", "Invalid enum value"),
        (changed("measure", '"calls"'), 5, "truth[0].measure", "Expected `str` matching"),
        (changed("where", '{ line = "" }'), 6, "truth[0].where.line", "Expected `str` of length"),
        (changed("where", "{ line = 999 }"), 6, "truth[0].where.line", "Expected `str`, got"),
        (SURGE + "until = 2026-05-01\n", 12, "truth[0].until", "unknown field `until`"),
        (SURGE + OUTAGE + SURGE, 24, "truth[2].name", "stands twice for warwickshire"),
        ("[[truths]]\n", 1, "truths", "unknown field `truths`"),
    ],
)
def test_a_fault_is_told_with_its_line_field_and_cure(
    text: str, line: int, field: str, problem: str
) -> None:
    found = fault(text)
    assert (found.file, found.line, found.field) == ("truth.toml", line, field)
    assert problem in found.problem
    assert found.cure is not None
    assert "force show" not in found.cure
