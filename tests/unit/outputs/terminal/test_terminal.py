"""The board in a terminal, as plain text of a fixed width."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from streams.board.model import Board, Incomplete
from streams.config.force import check_force
from streams.live import Live
from streams.outputs.terminal.board import as_text, render, staleness, summary
from streams.registry import phrases
from streams.registry.registry import REGISTRY
from tests.build import TINY_FORCE, call, crime, feed, incident, monitor, ms, tiny_force

NOW = ms("2021-03-01T10:25:00Z")


def after(seconds: int) -> str:
    return f"2021-03-01T10:{seconds // 60:02d}:{seconds % 60:02d}Z"


def live(*records: dict[str, Any], **health: Any) -> Live:
    watched = monitor(tiny_force(service_level='"answered_and_abandoned_within_of_offered"'))
    feed(watched, *records)
    shown = Live(watched, clock=lambda: NOW)
    shown.health.state = "live"
    for name, value in health.items():
        setattr(shown.health, name, value)
    return shown


def board(*records: dict[str, Any], **health: Any) -> Board:
    return live(*records, **health).board("tiny")


def a_thousand_and_sixty_calls() -> list[dict[str, Any]]:
    """1,000 answered, 860 within 10 s; 60 abandoned, 20 within 10 s."""
    calls = [call(f"a{n}", answered_at=after(10 if n < 860 else 103)) for n in range(1000)]
    return calls + [call(f"b{n}", abandoned_at=after(9 if n < 20 else 40)) for n in range(60)]


SMALL_BOARD = [
    *a_thousand_and_sixty_calls(),
    call("w1", "2021-03-01T10:23:17Z"),
    incident("i1", area="north", arrived_at="2021-03-01T10:12:30Z"),
    incident("i2", "2021-03-01T10:20:00Z", category="missing_person", area="south"),
    incident("i3", "2021-03-01T10:21:00Z", category="missing_person", grade="priority"),
    crime("k1", area="north"),
    {"kind": "heartbeat", "force": "tiny", "feed": "calls", "at": "2021-03-01T10:24:48Z"},
]

EXPECTED = """\
TINY POLICE                                                        Monday 1 March 2021, 10:25:00 GMT
 LIVE
Age of data: calls 1 min 43 s, incidents 4 min 0 s, crimes 25 min 0 s; heartbeats calls 12 s
────────────────────────────────────────────────────────────────────────────────────────────────────
999                                                         1 waiting now, the oldest for 1 min 43 s
             Offered Answered            In 10 s Target                Mean      Median    90th pct
last 15 min        1        0         none ended
last 60 min    1,061    1,000    83.0 % of 1,060 ✗ missed 90 %       23.0 s        10 s  1 min 43 s
today          1,061    1,000    83.0 % of 1,060 ✗ missed 90 %       23.0 s        10 s  1 min 43 s
this month     1,061    1,000    83.0 % of 1,060 ✗ missed 90 %       23.0 s        10 s  1 min 43 s
────────────────────────────────────────────────────────────────────────────────────────────────────
101                                                                     no calls in any period shown
────────────────────────────────────────────────────────────────────────────────────────────────────
Emergency attendance                                1 not yet attended now, the oldest for 5 min 0 s
                                               1 priority not yet attended, the oldest for 4 min 0 s
              Opened Attended          In 20 min                       Mean      Median    90th pct
last 15 min        1        0      none attended
last 60 min        2        1  100.0 % of 1, few                12 min 30 s 12 min 28 s 12 min 28 s
today              2        1  100.0 % of 1, few                12 min 30 s 12 min 28 s 12 min 28 s
this month         2        1  100.0 % of 1, few                12 min 30 s 12 min 28 s 12 min 28 s
────────────────────────────────────────────────────────────────────────────────────────────────────
Incidents             60 min  Today emerg. prior.  Month   Recorded crime      Today  Month
All                        3      3      2      1      3   All                     1      1
Missing person             2      2      1      1      2   Burglary                1      1
Anti-social behaviour      1      1      1      0      1

Policing area      Unattended   In 20 min today Incidents today Crimes, month
North                       0 100.0 % of 1, few               1             1

Calls in time: (answered within target + abandoned within target) / (answered + abandoned). Few:
under 20 cases.
Attendance in time: attended within the standard / attended; those never attended are left out.
"""


def test_a_small_board_is_exactly_this() -> None:
    assert as_text(board(*SMALL_BOARD), 100) == EXPECTED


@pytest.mark.parametrize("width", [80, 100, 140, 200])
def test_no_line_is_wider_than_the_terminal_and_no_figure_is_cut(width: int) -> None:
    text = as_text(board(*SMALL_BOARD), width)
    assert max(map(len, text.splitlines())) <= width
    assert "83.0 % of 1,060" in text
    assert "…" not in text


@pytest.mark.parametrize("width", [60, 80, 90, 100, 110, 120])
def test_where_there_is_little_room_columns_stand_below_or_are_left_out_with_a_word(
    width: int,
) -> None:
    """With periods that were asked for as well."""
    periods = ["2021-Q1", "2021-02", "2021-03-01"]
    text = as_text(live(*SMALL_BOARD).board("tiny", None, periods), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert ("No room for: 90th pct" in text) == (width < 80)
    for heading in ("Unattended", "Crimes", "prior."):
        assert heading in text
    assert text.count("2021-03-01") == 4


def test_of_a_kind_that_was_never_heard_nothing_is_shown_as_none() -> None:
    shown = board(call(answered_at=after(5)), incident("i1", area="north"))
    (row,) = [row for row in board().now["calls"] if row.dimension_of("line") == "999"]
    assert (row.count_of("waiting"), row.number_of("oldest_waiting")) == (None, None)
    only_calls = as_text(board(call(answered_at=after(5))), 100)
    (north,) = [line for line in only_calls.splitlines() if line.startswith("North")]
    assert north.split() == ["North", "–", "–", "–"]
    (north,) = [line for line in as_text(shown, 100).splitlines() if line.startswith("North")]
    assert north.split()[1] == "1"
    assert "101: – waiting" in summary(board(incident("i1")))


def test_a_target_is_told_by_word_and_sign() -> None:
    assert "✗ missed 90 %" in as_text(board(*a_thousand_and_sixty_calls()))
    twenty = [call(f"c{n}", answered_at=after(5)) for n in range(20)]
    assert "✓ met 90 %" in as_text(board(*twenty))
    assert "too few to judge" in as_text(board(*twenty[:19]), 140)
    assert "few too few " in as_text(board(*twenty[:19]), 80)


@pytest.mark.parametrize("in_time", [0, 2])
def test_two_calls_are_shown_and_not_judged(in_time: int) -> None:
    calls = [call(f"c{n}", answered_at=after(5 if n < in_time else 60)) for n in range(2)]
    text = as_text(board(*calls), 140)
    assert f"{in_time * 50}.0 % of 2, few" in text
    assert "too few to judge" in text
    assert "missed" not in text
    assert "met 90" not in text


def test_no_calls_is_said_and_is_not_0_percent() -> None:
    text = as_text(board(call(answered_at=after(5))))
    (line,) = [line for line in text.splitlines() if line.startswith("last 15 min")]
    assert line.split(maxsplit=5)[3:] == ["0", "0", "no calls"]
    assert " 0.0 %" not in text


def test_a_line_without_any_calls_takes_one_row() -> None:
    text = as_text(board(call(answered_at=after(5))))
    (line,) = [line for line in text.splitlines() if line.startswith("101")]
    assert line.endswith("no calls in any period shown")


def test_few_cases_are_marked() -> None:
    assert "100.0 % of 1, few" in as_text(board(call(answered_at=after(5))))


def test_a_live_monitor_says_live_and_nothing_else() -> None:
    text = as_text(board(call(answered_at=after(5))))
    assert "\n LIVE\n" in text
    assert "REPLAY" not in text
    assert "SIMULATED" not in text


def test_a_replay_says_so_and_how_fast_and_what_is_simulated() -> None:
    text = as_text(board(replay=True, speed=60.0, simulated="calls and incidents"))
    assert " REPLAY, 60 times real speed " in text
    assert " SIMULATED calls and incidents\n" in text
    assert "LIVE" not in text


NO_END = [
    incident("i1", played="end"),
    incident("i2", arrived_at="2021-03-01T10:12:30Z", played="end"),
    incident("i3", "2021-03-01T09:00:00Z", played="end"),
    call("c1", played="end"),
    call("c2", answered_at="2021-03-01T10:00:07Z", played="end"),
]


def test_a_replay_says_of_how_many_records_the_end_is_not_in_the_file() -> None:
    text = as_text(board(*NO_END, replay=True, state="finished"))
    emergencies = (
        "last 60 min 1, today 2, this month 2. These count as opened, and as nothing else."
    )
    calls = "last 60 min 1, today 1, this month 1. These count as offered, and as nothing else."
    assert f"\nEnd not known: {emergencies}\n" in text
    assert f"\nEnd not known: {calls}\n" in text
    assert "0 not yet attended now" in text


def test_while_records_are_open_it_is_said_of_how_many_at_least_the_end_is_not_known() -> None:
    still_open = incident("i4", "2021-03-01T10:20:00Z")
    text = as_text(board(*NO_END, still_open, replay=True))
    assert "\nEnd not known: last 60 min at least 1, today at least 2, this month at" in text


def test_of_a_replay_in_which_every_record_has_an_end_nothing_is_said_of_ends() -> None:
    text = as_text(board(*NO_END[1:2], *NO_END[4:], replay=True, state="finished"))
    assert "End not known" not in text


def test_a_monitor_that_is_not_ready_says_so_and_why() -> None:
    text = as_text(board(state="recovering", detail="reading partition 7"))
    assert "NOT READY: reading partition 7" in text


def test_of_which_time_records_were_lost_is_said_above_the_figures() -> None:
    shown = board(call())
    words = "Calls from 2021-03-01 09:30 to 2021-03-01 10:29 are not all counted"
    shown.incomplete = [Incomplete("call", "", "", words, 147)]
    assert f"\n{words}\n" in as_text(shown)


def test_a_finished_board_says_so_and_is_never_stale() -> None:
    shown = board(call(), state="finished")
    assert "\n FINISHED\n" in as_text(shown)
    assert staleness(shown) is None


def test_silence_of_a_heartbeat_is_loud() -> None:
    beat = {"kind": "heartbeat", "force": "tiny", "feed": "calls", "at": "2021-03-01T10:20:00Z"}
    shown = board(call("c1", "2021-03-01T10:24:59Z"), beat)
    assert staleness(shown) == "STALE: the last heartbeat of calls came 5 min 0 s ago"
    assert "STALE: the last heartbeat of calls" in as_text(shown)


def test_a_heartbeat_that_comes_rarely_is_waited_for() -> None:
    named = {"kind": "heartbeat", "force": "tiny", "feed": "calls"}
    slow = [{**named, "at": f"2021-03-01T10:{at}Z"} for at in ("15:00", "17:30", "20:00")]
    assert staleness(board(call("c1", "2021-03-01T10:20:00Z"), *slow)) is None  # 5 minutes ago
    slower = [{**named, "at": f"2021-03-01T10:{at}Z"} for at in ("14:30", "17:00", "19:30")]
    said = staleness(board(call("c1", "2021-03-01T10:20:00Z"), *slower))
    assert said == "STALE: the last heartbeat of calls came 5 min 30 s ago"


def test_silence_of_everything_is_loud_where_there_is_no_heartbeat() -> None:
    assert staleness(board(call())) == "STALE: nothing has arrived for 25 min 0 s"
    assert staleness(board(call("c1", "2021-03-01T10:24:00Z"))) is None


def test_a_monitor_that_never_heard_anything_says_so() -> None:
    assert staleness(board()) == "NOTHING HAS ARRIVED YET"


def test_a_lost_connection_is_loud_and_keeps_the_last_figures() -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render(board(*SMALL_BOARD), 100, lost="NO CONNECTION for 12 s"))
    text = console.export_text()
    assert "NO CONNECTION for 12 s" in text
    assert "83.0 % of 1,060" in text


def test_a_period_that_was_asked_for_has_its_own_rows_and_columns() -> None:
    shown = live(*SMALL_BOARD).board("tiny", None, ["2021-Q1"])
    text = as_text(shown, 140)
    assert len([line for line in text.splitlines() if line.startswith("2021-Q1")]) == 2
    (heading,) = [line for line in text.splitlines() if line.startswith("Incidents")]
    assert heading.count("2021-Q1") == 2


@pytest.mark.parametrize("width", [80, 100, 125, 170])
def test_an_hour_that_was_asked_for_is_labelled_with_the_hour(width: int) -> None:
    shown = live(*SMALL_BOARD).board("tiny", None, ["2021-03-01T10", "2020-10-25T01"])
    lines = as_text(shown, width).splitlines()
    rows = [" ".join(pair) for pair in pairwise(line.partition("  ")[0] for line in lines)]
    for label in ("2021-03-01T10", "2020-10-25T01+01:00"):
        whole = [line for line in lines if line.startswith(f"{label} ")]
        assert len(whole) + rows.count(label.replace("T", " T")) == 2
    # The tables below have columns of them, in two lines.
    number = next(n for n, line in enumerate(lines) if line.startswith("Incidents"))
    above = [line.split() for line in lines[number - 1 : number + 1]]
    assert above[0][:2] == ["2021-03-01", "2020-10-25"]
    assert {"T10", "T01+01:00"} <= set(above[1])


def test_an_hour_is_called_as_one_asks_for_it() -> None:
    zone = ZoneInfo("Europe/London")
    labels = ["2021-10-31T01+01:00", "2021-10-31T01+00:00", "2021-10-31T02+00:00", "2021-10-31"]
    assert [phrases.period(label, zone) for label in labels] == [
        *labels[:2],
        "2021-10-31T02",
        labels[3],
    ]


def test_the_rows_by_category_are_the_largest() -> None:
    text = as_text(board(*SMALL_BOARD), 100, most=1)
    assert "Missing person" in text
    assert "Anti-social behaviour" not in text


def test_one_line_for_a_log() -> None:
    assert summary(board(*SMALL_BOARD)) == (
        "2021-03-01 10:25:00  999: 1 waiting, 83.0 % of 1,060 in 10 s today; "
        "101: 0 waiting, no calls in 30 s today; "
        "emergencies: 1 not yet attended, 100.0 % of 1, few in 20 min today"
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "–"),
        (0, "0 s"),
        (7.36, "7.4 s"),
        (59.97, "1 min 0 s"),
        (60, "1 min 0 s"),
        (103, "1 min 43 s"),
        (719.6, "12 min 0 s"),
        (3599.7, "1 h 0 min"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_duration_is_told_in_words(seconds: float | None, told: str) -> None:
    assert phrases.duration(seconds) == told


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("asb", "Anti-social behaviour"),
        ("road_collision.injury", "Road collision, injury"),
        ("burglary", "Burglary"),
    ],
)
def test_a_category_is_told_in_words(path: str, told: str) -> None:
    assert REGISTRY.plain_name(path) == told


def test_a_target_that_is_no_whole_number_keeps_its_tenth() -> None:
    assert phrases.percent(0.925) == "92.5 %"
    assert phrases.percent(0.9) == "90 %"


def test_numbered_areas_stand_in_the_order_of_their_numbers_and_the_rest_is_counted() -> None:
    areas = "".join(
        f'[[areas]]\nid = "d{n}"\nname = "District {n}"\nkind = "district"\n'
        for n in sorted(range(1, 16), key=str)
    )
    force, problems = check_force(TINY_FORCE.partition("[[areas]]")[0] + areas, "tiny.toml")
    assert force is not None, problems
    watched = monitor(force)
    feed(watched, incident("i1", area="d2"))
    text = as_text(Live(watched, clock=lambda: NOW).board("tiny"))
    below = text.partition("Policing area")[2].splitlines()[1:14]
    assert [line[:12].strip() for line in below] == [
        *(f"District {n}" for n in range(1, 13)), "and 3 more"
    ]  # fmt: skip
