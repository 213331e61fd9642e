"""data.police.uk outcome files beside street files: the versions of each crime, in any order."""

from __future__ import annotations

import csv
import gzip
import io
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.config.force import find_force
from streams.errors import SourceError
from streams.events.schema import Crime, Incident, decode_line
from streams.sources import Chunk, open_source
from streams.sources.bytes.lines import line_batches
from streams.sources.files import Source
from streams.sources.notices import Notices
from streams.sources.order.history import play
from streams.sources.order.play import Play
from streams.sources.police_uk import OUTCOME_GROUPS, OUTCOMES, UNDECIDED
from streams.sources.police_uk_histories import Histories
from streams.sources.tables.delimited import Table

PLACE = ["Warwickshire Police", "Warwickshire Police", "", "", "No location", "E01"]
STREET = [
    "Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location",
    "LSOA code", "LSOA name", "Crime type", "Last outcome category", "Context",
]  # fmt: skip
OUTCOME = [*STREET[:9], "Outcome type"]
CAUTION, CHARGED = "Offender given a caution", "Suspect charged"
UNABLE, NO_SUSPECT = "Unable to prosecute suspect", "Investigation complete; no suspect identified"


def crime(name: str, month: str, last: str = "", kind: str = "Burglary", at: str = "Rugby 001A",
          force: str = "Warwickshire Police") -> list[str]:  # fmt: skip
    return [name, month, force, force, *PLACE[2:], at, kind, last, ""]


def outcome(name: str, month: str, words: str) -> list[str]:
    return [name, month, *PLACE, "Rugby 001A", words]


def table(header: Sequence[str], *rows: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


CRIMES = table(
    STREET,
    crime("a", "2021-03", last=CHARGED),
    crime("b", "2021-03", last=UNABLE),
    crime("c", "2021-03", last="Local resolution"),
    crime("", "2021-03", kind="Anti-social behaviour"),
)
OUTCOMES_OF_MARCH = table(OUTCOME, outcome("b", "2021-03", UNABLE))
OUTCOMES_OF_MAY = table(
    OUTCOME,
    outcome("a", "2021-05", CHARGED),
    outcome("a", "2021-05", CHARGED),
    outcome("x", "2021-05", CHARGED),
)
OUTCOMES_OF_APRIL = table(OUTCOME, outcome("a", "2021-04", UNABLE))
FILES = {
    "2021-03-warwickshire-street.csv": CRIMES,
    "2021-03-warwickshire-outcomes.csv": OUTCOMES_OF_MARCH,
    "2021-04-warwickshire-outcomes.csv": OUTCOMES_OF_APRIL,
    "2021-05-warwickshire-outcomes.csv": OUTCOMES_OF_MAY,
}


def written(folder: Path, **files: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in (files or FILES).items():
        (folder / f"{name.removesuffix('.csv')}.csv").write_bytes(data)
    return folder


Version = tuple[str, str, int | None, str | None, str | None]


def version(event: Crime) -> Version:
    """Its id, the day of the update, outcome, group and date of the outcome."""
    day = event.updated_at.date().isoformat()
    return event.id, day, event.outcome, event.outcome_group, event.outcome_at


class Found(NamedTuple):
    """What a source gave."""

    versions: list[Version]
    places: list[str]
    chunks: list[Chunk]
    notices: list[str]


def found(source: Source) -> Found:
    versions, places, chunks = [], [], list(source)
    for chunk in chunks:
        for n, line in enumerate(chunk.lines()):
            event = decode_line(line)
            if isinstance(event, Crime):
                versions.append(version(event))
                places.append(chunk.place(n).rpartition("/")[2])
            else:
                assert isinstance(event, Incident)
    return Found(versions, places, chunks, source.warnings)


HISTORY: list[Version] = [
    ("a", "2021-03-31", None, None, None),
    ("a", "2021-04-30", None, "no_action", "2021-04"),
    ("a", "2021-05-31", 1, None, "2021-05"),
    ("b", "2021-03-31", None, None, None),
    ("b", "2021-03-31", None, "no_action", "2021-03"),
    ("c", "2021-03-31", 8, None, None),
]


def test_each_outcome_is_a_later_version_of_the_crime_that_it_names(tmp_path: Path) -> None:
    assert found(open_source(written(tmp_path))).versions == HISTORY


def test_each_version_stands_on_its_own_file_and_line(tmp_path: Path) -> None:
    assert found(open_source(written(tmp_path))).places == [
        "2021-03-warwickshire-street.csv:2",
        "2021-04-warwickshire-outcomes.csv:2",
        "2021-05-warwickshire-outcomes.csv:2",
        "2021-03-warwickshire-street.csv:3",
        "2021-03-warwickshire-outcomes.csv:2",
        "2021-03-warwickshire-street.csv:4",
    ]


def test_every_row_is_a_line_or_joined_or_excluded(tmp_path: Path) -> None:
    chunks = found(open_source(written(tmp_path))).chunks
    assert sum(len(chunk.line_numbers) for chunk in chunks) == 7
    assert sum(chunk.joined for chunk in chunks) == 1
    assert sum(chunk.excluded for chunk in chunks) == 1
    assert sum(chunk.rows for chunk in chunks) == 9


def test_outcomes_of_crimes_that_no_file_has_are_counted_in_a_notice(tmp_path: Path) -> None:
    folder = written(tmp_path)
    (notice,) = found(open_source(folder)).notices
    assert notice.startswith("1 outcome of crimes that no street file here has, the first in ")
    assert "2021-05-warwickshire-outcomes.csv:4" in notice


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_files_makes_no_difference(tmp_path: Path, seed: int) -> None:
    files = sorted(written(tmp_path).iterdir())
    random.Random(seed).shuffle(files)
    assert found(open_source(files)).versions == HISTORY


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"2021/{name}", data)
    return out.getvalue()


@pytest.mark.parametrize(
    "files",
    [
        {name: gzip.compress(data) for name, data in FILES.items()},
        {"archive": zipped(**FILES)},
        {"outer": zipped(**{"inner.zip": zipped(**FILES)})},
        {"street": CRIMES, "others": zipped(**{n: d for n, d in FILES.items() if "outc" in n})},
        {name: b"\xff\xfe" + data.decode().encode("utf-16-le") for name, data in FILES.items()},
    ],
    ids=["gzip", "archive", "archive in an archive", "file and archive", "UTF-16"],
)
def test_packed_files_give_the_same(tmp_path: Path, files: dict[str, bytes]) -> None:
    assert found(open_source(written(tmp_path, **files))).versions == HISTORY


def test_an_archive_from_a_pipe_that_ends_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stdin:
        buffer = io.BytesIO(zipped(**FILES))

    monkeypatch.setattr("sys.stdin", Stdin)
    source = open_source("-")
    source.finite = True
    assert found(source).versions == HISTORY


def test_a_live_pipe_can_have_no_outcomes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(OUTCOMES_OF_MAY)

    monkeypatch.setattr("sys.stdin", Stdin)
    with pytest.raises(SourceError, match="once all is read, and this goes on"):
        list(open_source("-"))


def test_street_files_alone_are_read_as_they_come(tmp_path: Path) -> None:
    (chunk,) = open_source(written(tmp_path, street=CRIMES))
    assert list(chunk.line_numbers) == [2, 3, 4, 5]
    assert chunk.origins is None


def test_an_outcome_of_another_force_with_the_same_id_is_of_another_crime(tmp_path: Path) -> None:
    crimes = table(STREET, crime("a", "2021-03", force="West Mercia Police"))
    result = found(open_source(written(tmp_path, street=crimes, outcomes=OUTCOMES_OF_APRIL)))
    assert result.versions == [("a", "2021-03-31", None, None, None)]
    assert len(result.notices) == 1


def test_an_outcome_dated_before_its_crime_is_a_version_of_the_month_of_the_crime(
    tmp_path: Path,
) -> None:
    crimes = table(STREET, crime("a", "2021-06"))
    result = found(open_source(written(tmp_path, street=crimes, outcomes=OUTCOMES_OF_APRIL)))
    assert result.versions[1] == ("a", "2021-06-30", None, "no_action", "2021-04")


def test_rows_of_a_crime_that_differ_in_one_month_each_have_its_outcome(tmp_path: Path) -> None:
    crimes = table(STREET, crime("a", "2021-03"), crime("a", "2021-03", at="Warwick 001A"))
    result = found(open_source(written(tmp_path, street=crimes, outcomes=OUTCOMES_OF_APRIL)))
    assert result.versions == [HISTORY[0], HISTORY[0], HISTORY[1], HISTORY[1]]
    assert sum(chunk.rows for chunk in result.chunks) == 3
    with Play(open_source(tmp_path), [find_force("warwickshire")]) as played:
        list(played.gather())
        assert (played.lines, played.rows) == (4, 3)


def test_an_outcome_that_says_that_nothing_is_decided_opens_the_crime_again(
    tmp_path: Path,
) -> None:
    again = table(OUTCOME, outcome("a", "2021-06", "Under investigation"))
    result = found(open_source(written(tmp_path, street=CRIMES, may=OUTCOMES_OF_MAY, june=again)))
    assert result.versions[2] == ("a", "2021-06-30", None, None, None)


@pytest.mark.parametrize(
    ("cells", "reason", "detail"),
    [
        (outcome("", "2021-05", CHARGED), "no_id", "Crime ID is blank"),
        (outcome("a", "2021-13", CHARGED), "bad_time", 'Month: "2021-13" is no month'),
        (outcome("a", "2021-05", ""), "missing_field", "Outcome type is blank"),
        (outcome("a", "2021-05", "Fine!"), "unknown_value", 'Outcome type: "Fine!" is no known'),
        (outcome("a" * 129, "2021-05", CHARGED), "wrong_form", "Crime ID is longer than 128"),
        (["a", "2021-05", "", "", "", "", "", "", "", CHARGED], "no_force", "Falls within is"),
        (["a", "2021-05"], "wrong_cell_count", "2 cells under 10 columns"),
    ],
)
def test_a_row_that_can_be_no_outcome_is_refused_with_its_line(
    tmp_path: Path, cells: list[str], reason: str, detail: str
) -> None:
    rows = table(OUTCOME, outcome("b", "2021-05", CHARGED), cells, outcome("c", "2021-05", CHARGED))
    result = found(open_source(written(tmp_path, street=CRIMES, outcomes=rows)))
    (refused,) = [each for chunk in result.chunks for each in chunk.rejected]
    assert (refused.reason, refused.origin) == (reason, f"{tmp_path}/outcomes.csv:3")
    assert refused.detail.startswith(detail)
    assert sum(chunk.rows for chunk in result.chunks) == 7


def test_what_stands_before_the_damage_of_a_file_has_its_outcomes(tmp_path: Path) -> None:
    packed = gzip.compress(table(STREET, crime("z", "2021-06")))
    written(tmp_path, a=CRIMES, b=OUTCOMES_OF_APRIL, c=packed[:-6])
    chunks: list[Chunk] = []
    with pytest.raises(SourceError):
        chunks.extend(open_source(tmp_path))
    made = [decode_line(line) for chunk in chunks for line in chunk.lines()]
    assert HISTORY[1] in [version(event) for event in made if isinstance(event, Crime)]


def test_crimes_that_are_sorted_on_disk_give_the_same() -> None:
    histories = Histories({}, Notices(), run_bytes=1)
    for data in FILES.values():
        rows = Table(line_batches(iter([data]), "x"), "x", ",")
        take = histories.crimes if "Crime type" in rows.header else histories.outcomes
        list(take(rows))
    made = [decode_line(line) for chunk in histories.versions() for line in chunk.lines()]
    histories.close()
    assert [version(each) for each in made if isinstance(each, Crime)] == HISTORY


def test_the_words_of_outcomes_stand_for_a_code_or_a_group_or_for_nothing() -> None:
    assert not OUTCOMES.keys() & OUTCOME_GROUPS.keys()
    assert not UNDECIDED & (OUTCOMES.keys() | OUTCOME_GROUPS.keys())
    assert {OUTCOME_GROUPS[CAUTION], OUTCOME_GROUPS[UNABLE]} == {"action_taken", "no_action"}


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    folder = written(tmp_path_factory.mktemp("files"))
    force = find_force("warwickshire")
    monitor = Monitor([force])
    assert list(play(monitor, open_source(folder, None, force))) == []
    ledger = monitor.ledger("crime", "warwickshire")
    assert ledger is not None
    return Query(monitor, "warwickshire", ledger.watermark)


@pytest.mark.parametrize(
    ("indicator", "month", "value"),
    [
        ("offences_outcomed", "2021-03", 1),
        ("offences_outcomed", "2021-04", 0),  # superseded in May
        ("offences_outcomed", "2021-05", 1),
        ("action_taken_outcomes", "2021-05", 1),
        ("outcomes.no_action", "2021-03", 1),
        ("outcome_rate", "2021-03", 1.0),
        ("action_taken_outcome_rate", "2021-03", 2 / 3),
        ("no_action_taken_outcome_rate", "2021-03", 1 / 3),
    ],
)
def test_the_latest_outcome_counts_in_its_month_and_in_that_of_recording(
    query: Query, indicator: str, month: str, value: float
) -> None:
    assert query.figure(indicator, month).value == value


@pytest.mark.parametrize(
    "indicator",
    [
        "outcomes_assigned_within_5_days",
        "outcomes_assigned_within_6_to_30_days",
        "outcome_rate_within_30_days",
        "action_taken_outcome_rate_within_100_days",
        "time_to_assign_outcome",
        "time_to_assign_outcome_median",
    ],
)
def test_how_many_days_an_outcome_took_is_not_known_of_one_dated_to_the_month(
    query: Query, indicator: str
) -> None:
    seen = query.figure(indicator, "2021-03")
    assert (seen.value, seen.known) == (None, False)
    assert seen.reason == "the feed of crimes has not carried outcome_at to the day"


@pytest.mark.parametrize("code", [14, 16])
def test_outcomes_14_and_16_are_not_known_where_one_word_stands_for_11_to_17(
    query: Query, code: int
) -> None:
    seen = query.figure(f"outcome_{code}", "2021-03")
    assert (seen.value, seen.reason) == (
        None,
        "the feed of crimes has not carried outcome 11 to 17",
    )
