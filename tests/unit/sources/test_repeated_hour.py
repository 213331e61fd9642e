"""The hour that autumn repeats, in exports with local times and no offset: each row is read in the
hour that its other times decide, and what nothing decides is shared between the two."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sources import open_source
from streams.sources.mapping.file import parse_mapping
from streams.sources.mapping.mapped import Mapper
from streams.sources.notices import Notices

LATER = int(dt.datetime(2026, 6, 1, tzinfo=dt.UTC).timestamp() * 1000)
ZONES = {
    "Europe/London": ("2018-10-28", "2018-10-28T00", "2018-10-28T01", "28 October 2018"),
    "America/New_York": ("2018-11-04", "2018-11-04T05", "2018-11-04T06", "4 November 2018"),
}
"""By zone the day, the two hours in UTC, and the day in words."""
HEADER = ["no", "o", "a", "c"]
Row = list[str]


def mapping(zone: str, *more: str) -> str:
    return f"""
kind = "incident"
force = "f"
timezone = "{zone}"
id = "no"
time_format = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S %Z", "iso"]
[fields.opened_at]
column = "o"
[fields.arrived_at]
column = "a"
[fields.closed_at]
column = "c"
{"".join(more)}"""


def mapped(
    toml: str, rows: Iterable[Row], now: int = LATER, notices: Notices | None = None
) -> list[dict[str, str]]:
    """The events of rows, by the opening in UTC."""
    mapper = Mapper(parse_mapping(toml), HEADER, None, "in.csv", lambda: now, notices)
    lines = [line for cells in rows if (line := mapper(cells)) is not None]
    found = [msgspec.json.decode(line) for line in lines]
    for event in found:
        for name in ("opened_at", "arrived_at", "closed_at"):
            if name in event:
                at = dt.datetime.fromisoformat(event[name]).astimezone(dt.UTC)
                event[name] = f"{at:%Y-%m-%dT%H:%M:%S}"
    return found


def steady(day: str, count: int = 400) -> list[Row]:
    """So many rows of the repeated hour, and of the hours before and after it, an hour."""
    rows: list[Row] = []
    for hour in (0, 1, 1, 2):
        for n in range(count):
            second = n * 3600 // count
            label = f"{day} {hour:02}:{second // 60:02}:{second % 60:02}"
            rows.append([str(len(rows)), label, "", ""])
    return rows


@pytest.mark.parametrize("zone", ZONES)
def test_what_nothing_decides_is_shared_between_the_two_hours_and_said(zone: str) -> None:
    day, first, second, in_words = ZONES[zone]
    notices = Notices()
    found = mapped(mapping(zone), steady(day), notices=notices)
    hours = Counter(event["opened_at"][:13] for event in found)
    assert len(hours) == 4
    assert hours[first] + hours[second] == 800
    # Five standard deviations of a fair coin are 71 rows.
    assert abs(hours[first] - hours[second]) < 142
    (said,) = notices.texts()
    assert said == (
        f"800 rows of {in_words} between 01:00 and 02:00 with a time that came twice, since the "
        "clock was put back, and with nothing that decides which is meant: about half are counted "
        "in each of the two hours, by a hash of their id; days are right. The first at in.csv:0"
    )


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("opened", "arrived", "closed", "hour", "minutes"),
    [
        ("01:50", "", "01:10", 0, 20),  # would run backwards within one hour
        ("01:50", "01:10", "01:20", 0, 30),
        ("01:20", "", "02:10", 1, 50),  # ten minutes less than an hour, or an hour more
        ("01:20", "01:30", "02:10", 1, 50),
        ("00:50", "01:30", "", 0, None),
    ],
)
def test_other_times_of_the_row_decide(
    zone: str, opened: str, arrived: str, closed: str, hour: int, minutes: int | None
) -> None:
    day, *hours, _ = ZONES[zone]
    for number in range(8):  # whatever the hash of the id
        cells = [f"{day} {at}:00" if at else "" for at in (opened, arrived, closed)]
        notices = Notices()
        (event,) = mapped(mapping(zone), [[str(number), *cells]], notices=notices)
        assert not notices.texts()
        if minutes is None:
            assert event["arrived_at"] == f"{hours[0]}:30:00"
            continue
        assert event["opened_at"][:13] == hours[hour]
        start, end = (dt.datetime.fromisoformat(event[n]) for n in ("opened_at", "closed_at"))
        assert end - start == dt.timedelta(minutes=minutes)


@pytest.mark.parametrize("zone", ZONES)
def test_a_close_hours_later_does_not_put_every_opening_in_the_second_hour(zone: str) -> None:
    day, first, second, _ = ZONES[zone]
    rows = [[str(n), f"{day} 01:30:00", "", f"{day} 09:00:00"] for n in range(400)]
    hours = Counter(event["opened_at"][:13] for event in mapped(mapping(zone), rows))
    assert min(hours[first], hours[second]) > 140


@pytest.mark.parametrize("zone", ZONES)
def test_undecided_times_of_one_record_stay_as_far_apart_as_they_are_written(zone: str) -> None:
    day, *_ = ZONES[zone]
    rows = [[str(n), f"{day} 01:10:00", f"{day} 01:18:00", f"{day} 01:45:00"] for n in range(40)]
    found = mapped(mapping(zone), rows)
    assert len({event["opened_at"] for event in found}) == 2
    for event in found:
        opened, arrived, closed = (
            dt.datetime.fromisoformat(event[n]) for n in ("opened_at", "arrived_at", "closed_at")
        )
        assert (arrived - opened, closed - opened) == (
            dt.timedelta(minutes=8), dt.timedelta(minutes=35),
        )  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_a_row_that_is_read_as_it_comes_is_of_the_hour_that_it_is(zone: str) -> None:
    day, first, second, _ = ZONES[zone]
    rows = [[str(n), f"{day} 01:18:00", "", ""] for n in range(8)]
    for hour in (first, second):
        now = dt.datetime.fromisoformat(f"{hour}:20:00+00:00")
        found = mapped(mapping(zone), rows, int(now.timestamp() * 1000))
        assert {event["opened_at"] for event in found} == {f"{hour}:18:00"}


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("UTC", "2018-11-04 01:30:00"),
        ("Etc/GMT+5", "2018-11-04 01:30:00"),
        ("America/New_York", "2018-11-04T01:30:00-04:00"),
        ("America/New_York", "2018-11-04 01:30:00 EST"),
        ("America/New_York", "2018-11-04 02:00:00"),
        ("America/New_York", "2018-11-04 00:59:59"),
    ],
)
def test_what_names_its_instant_is_read_as_it_is(zone: str, written: str) -> None:
    notices = Notices()
    rows = [[str(n), written, "", ""] for n in range(40)]
    found = mapped(mapping(zone), rows, notices=notices)
    assert len({event["opened_at"] for event in found}) == 1
    assert not notices.texts()


clock = st.integers(0, 3 * 3600 - 1).map(lambda s: f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}")


@given(
    st.sampled_from(sorted(ZONES)),
    st.lists(st.tuples(clock, st.one_of(st.just(""), clock)), min_size=1, max_size=12),
    st.integers(0, 12),
    st.randoms(use_true_random=False),
)
def test_neither_the_order_of_the_rows_nor_how_the_file_is_cut_changes_anything(
    zone: str, times: list[tuple[str, str]], cut: int, shuffled: random.Random
) -> None:
    day, *_ = ZONES[zone]
    rows = [[str(n), f"{day} {o}", "", f"{day} {c}" if c else ""] for n, (o, c) in enumerate(times)]
    toml = mapping(zone, 'after = "opened_at"\n')
    whole = {event["id"]: event for event in mapped(toml, rows)}
    shuffled.shuffle(rows)
    pieces = mapped(toml, rows[:cut]) + mapped(toml, rows[cut:])
    assert {event["id"]: event for event in pieces} == whole


@pytest.mark.parametrize("zone", ZONES)
def test_all_rows_of_one_record_are_of_the_same_hour(zone: str, tmp_path: Path) -> None:
    """One row of each odd record has a close that decides; of the others nothing does."""
    day, first, second, _ = ZONES[zone]
    toml = mapping(zone) + '[merge]\narrived_at = "first"\nclosed_at = "last"\n'
    lines = [",".join(HEADER)]
    for n in range(40):
        closed = f"{day} 02:05:00" if n % 2 else ""
        lines.append(f"{n},{day} 01:40:00,{day} 01:50:00,")
        lines.append(f"{n},{day} 01:40:00,{day} 01:55:00,{closed}")
    (tmp_path / "in.csv").write_text("\n".join(lines))
    with open_source(tmp_path / "in.csv", parse_mapping(toml)) as source:
        found = [msgspec.json.decode(line) for chunk in source for line in chunk.lines()]
    assert len(found) == 40
    hours: dict[bool, set[str]] = {True: set(), False: set()}
    for event in found:
        opened, arrived = (
            dt.datetime.fromisoformat(event[n]).astimezone(dt.UTC)
            for n in ("opened_at", "arrived_at")
        )
        assert arrived - opened == dt.timedelta(minutes=10)
        hours[int(event["id"]) % 2 == 1].add(f"{opened:%Y-%m-%dT%H}")
    assert hours == {True: {second}, False: {first, second}}


def test_a_row_that_is_placed_anew_is_counted_once_in_what_is_said_of_it() -> None:
    more = """
[fields.category]
column = "c"
default = "other"
values = { listed = "other" }
[fields.grade]
column = "a"
values = { listed = "emergency" }
"""
    toml = mapping("Europe/London", more).replace('[fields.arrived_at]\ncolumn = "a"\n', "")
    toml = toml.replace('[fields.closed_at]\ncolumn = "c"\n', "")
    rows = [[str(n), "2018-10-28 01:30:00", "unlisted", "unlisted"] for n in range(40)]
    notices = Notices()
    mapped(toml, rows, notices=notices)
    assert notices.by_default == {"category": Counter(unlisted=40)}
    assert [text for text in notices.texts() if "40 rows" in text]
    assert not [text for text in notices.texts() if "40 rows" not in text]
