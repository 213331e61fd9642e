"""JSON as a table: arrays, documents, GeoJSON, objects a line; values as cells; damage."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ConfigError, NeedsMapping, SourceError
from streams.sources import open_source
from streams.sources.tables import json_rows
from streams.sources.tables.records import flat, text_of
from tests.tables import plain, read, write

ROWS = [{"id": n, "opened": f"2024-01-0{n} 10:00:00", "units": [{"u": 1}]} for n in (1, 2, 3)]
IDS = ["1", "2", "3"]
GEO: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": row, "geometry": {"type": "Point", "coordinates": [1, 2]}}
        for row in ROWS
    ],
}
DOTTED = {"id": "properties.id", "opened": "properties.opened"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        json.dumps({"data": ROWS}),
        json.dumps({"count": 3, "result": {"fields": [{"id": "x"}], "records": ROWS}}, indent=1),
        "\n".join(json.dumps(row) for row in ROWS),
        "\n".join(json.dumps(row, indent=2) for row in ROWS),
        json.dumps({"data": ROWS}, indent=2).replace("\n", "\r"),
    ],
    ids=["array", "array over lines", "in an object", "deeper, after another array",
         "objects a line", "objects over lines", "lines that end in CR"],
)  # fmt: skip
def test_rows_are_found_in_every_layout(tmp_path: Path, text: str) -> None:
    found = read(write(tmp_path / "x.json", text), plain())
    assert (found.ids, found.rejected) == (IDS, [])


def test_the_key_of_the_rows_can_be_named(tmp_path: Path) -> None:
    two = {"old": [dict(ROWS[0], id=9)], "new": {"rows": ROWS}}
    path = write(tmp_path / "x.json", json.dumps(two))
    assert read(path, plain('rows = "new.rows"\n')).ids == IDS
    assert read(path, plain('rows = "old"\n')).ids == ["9"]
    with pytest.raises(ConfigError, match=r'no array of objects at "all". It has: old, new\.rows'):
        read(path, plain('rows = "all"\n'))


def test_features_are_rows_by_their_properties_without_geometry(tmp_path: Path) -> None:
    found = read(write(tmp_path / "x.geojson", json.dumps(GEO)), plain(**DOTTED))
    assert (found.ids, found.places) == (IDS, ["x.geojson:1", "x.geojson:2", "x.geojson:3"])
    assert "geometry.coordinates" not in flat(GEO["features"][0])


def test_a_row_without_a_key_is_blank_there_and_a_row_that_is_no_object_is_refused(
    tmp_path: Path,
) -> None:
    rows = [{"id": 1, "opened": "2024-01-01"}, {"id": 2}, 7, {"opened": "2024-01-01"}]
    found = read(write(tmp_path / "x.json", json.dumps(rows)), plain())
    assert (found.ids, found.reasons) == (["1"], ["no_time", "not_json", "no_id"])
    assert [one.origin.rpartition("/")[2] for one in found.rejected] == [
        "x.json:2", "x.json:3", "x.json:4",
    ]  # fmt: skip
    assert found.rejected[0].raw == b'{"id":2}'


def test_lines_that_are_no_objects_are_refused_with_their_number(tmp_path: Path) -> None:
    lines = [json.dumps(ROWS[0]), "", '{"id": half', "[1]", json.dumps(ROWS[1])]
    found = read(write(tmp_path / "x.jsonl", "\n".join(lines)), plain())
    assert (found.ids, found.places, found.excluded) == (["1", "2"], ["x.jsonl:1", "x.jsonl:5"], 1)
    assert [(one.reason, one.raw) for one in found.rejected] == [
        ("not_json", b'{"id": half'), ("not_json", b"[1]"),
    ]  # fmt: skip


def test_objects_that_lack_the_id_say_what_they_have(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", json.dumps(GEO))
    with pytest.raises(ConfigError) as caught:
        read(path, plain())
    assert 'no "id" in any of its first records' in str(caught.value)
    assert "properties.id, properties.opened" in str(caught.value)


def test_rows_without_names_take_those_of_the_mapping(tmp_path: Path) -> None:
    document = {"meta": {"columns": [{"name": "id"}]}, "data": [[1, "2024-01-01"], [2]]}
    path = write(tmp_path / "x.json", json.dumps(document))
    found = read(path, plain('rows = "data"\ncolumns = ["id", "opened"]\n'))
    assert (found.ids, found.reasons) == (["1"], ["wrong_cell_count"])


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), ("x", "x"), (True, "true"), (False, "false"), (3, "3"), (2.0, "2"), (1.25, "1.25"),
     (["a", 1], "a;1"), ([{"a": 1}], '[{"a":1}]'), ([], "")],
)  # fmt: skip
def test_a_value_becomes_the_text_of_a_cell(value: object, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize("layout", ["x.json", "x.ndjson"])
def test_numbers_stay_as_they_are_written(tmp_path: Path, layout: str) -> None:
    row = '{"id": 10.50, "opened": "2024-01-01"}'
    path = write(tmp_path / layout, f"[{row}]" if layout == "x.json" else row)
    assert read(path, plain()).ids == ["10.50"]


# --- events ---------------------------------------------------------------------------------------

EVENTS = [{"kind": "call", "id": str(n), "persons": [{"id": "p"}], "wait": 1.5} for n in range(700)]


@pytest.mark.parametrize("document", [EVENTS, {"events": EVENTS}], ids=["array", "in an object"])
@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_of_events_needs_no_mapping(
    tmp_path: Path, document: object, indent: int | None
) -> None:
    path = write(tmp_path / "x.json", json.dumps(document, indent=indent))
    found = read(path)
    assert found.events == EVENTS
    assert found.places[-1] == "x.json:700"
    assert max(len(chunk.line_numbers) for chunk in open_source(path)) == 300


def test_one_event_alone_is_a_line_even_with_lists_of_objects_in_it(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", json.dumps(EVENTS[0]))
    assert read(path).events == EVENTS[:1]


def test_objects_that_are_no_events_need_a_mapping(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", json.dumps(ROWS))
    with pytest.raises(NeedsMapping, match=r"x\.json is a table, so it needs a mapping"):
        open_source(path)


# --- damage and size ------------------------------------------------------------------------------


def test_a_document_that_ends_early_gives_its_whole_records_and_then_an_error(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "x.json", json.dumps(ROWS)[:-40])
    ids: list[int] = []
    numbers = (n for chunk in open_source(path, plain()) for n in chunk.line_numbers)
    with pytest.raises(SourceError, match=r"the JSON is damaged .* 2 records before that"):
        ids.extend(numbers)
    assert ids == [1, 2]


def test_what_is_no_json_after_all_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", '[{oops: "x"}]')
    with pytest.raises(SourceError, match=r"x\.json is no JSON: lexical error"):
        read(path, plain())


def test_a_long_array_is_read_in_a_bounded_memory(tmp_path: Path) -> None:
    import tracemalloc  # noqa: PLC0415

    row = json.dumps({"id": "1", "opened": "2024-01-01", "note": "x" * 8000})
    path = write(tmp_path / "x.json.gz", gzip.compress(f"[{','.join([row] * 5_000)}]".encode(), 1))
    tracemalloc.start()
    try:
        rows = sum(chunk.rows for chunk in open_source(path, plain()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (rows, peak < 25 << 20) == (5_000, True)  # 40 MB of text


KEYS = st.sampled_from(["id", "opened", "a.b", "x"])
VALUES = st.none() | st.booleans() | st.integers(-9, 9) | st.text("aé\\", max_size=3)


@given(
    st.lists(st.dictionaries(KEYS, VALUES, max_size=3), min_size=1, max_size=8), st.integers(1, 9)
)
def test_an_array_gives_its_objects_however_the_bytes_are_cut(
    rows: list[dict[str, object]], size: int
) -> None:
    whole = json.dumps({"n": 1, "data": rows}).encode()
    blocks = iter([whole[at : at + size] for at in range(0, len(whole), size)])
    prefix, again = json_rows.find_rows(blocks, "x", None, ["id"])
    assert prefix == "data.item"
    got = list(json_rows.document_items(again, prefix, "x"))
    assert got == list(enumerate(rows, 1))


def test_a_value_without_end_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "MAX_LINE", 1 << 20)
    text = json.dumps(ROWS)[:-1] + ',{"id":"' + "a" * (2 << 20)
    with pytest.raises(SourceError, match="record 4 has more than 1 MiB: no event is that long"):
        read(write(tmp_path / "x.json", text), plain())
