"""However late a version comes, it is one revision of its period: nothing is lost or doubled."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.model import Board
from streams.board.monitor import Monitor, canonical
from streams.fold import ledger as ledgers
from streams.fold.ledger import InMemory, Ledger
from streams.periods import DAY, rfc3339
from streams.registry.counting import SERIES_KEY_MASK
from tests.build import FAR_FUTURE, call, crime, feed, gauges, incident, lines, monitor, ms, row
from tests.examples import one_in
from tests.late import END, STORED, YEARS, counters, histories, streams, without_horizon
from tests.oracle import winners

CURE = (
    "2021-03-01 is sealed: a new call counts until 35 days after its period. Load older records "
    "before the live feed starts, or publish them into topics with a prefix of their own (--prefix)"
)
LONG_AFTER = "2021-09-01T00:00:00Z"


def remembering(watched: Monitor) -> Monitor:
    """The monitor, with a place for the records that leave its ledgers."""
    for shard in watched.shards:
        for ledger in shard.ledgers().values():
            ledger.departed = InMemory()
    return watched


def played() -> Monitor:
    watched = monitor()
    watched.play_history()
    return watched


def of(watched: Monitor, kind: str) -> Ledger:
    ledger = watched.ledger(kind, "tiny")
    assert ledger is not None
    return ledger


def shown(watched: Monitor) -> bytes:
    return canonical(watched.board("tiny", END, YEARS))


def months(watched: Monitor, at: str = LONG_AFTER) -> Board:
    return watched.board("tiny", ms(at), ["2021-03", "2021-08", "2021-09"])


def counts(board: Board, label: str) -> tuple[int, int]:
    found = row(board, label, "calls", line="999")
    return found["offered"], found["answered"]


def an_old_call(watched: Monitor) -> None:
    """A call of March that was abandoned, and a record of September, before which it has left."""
    feed(watched, call("c1", abandoned_at="2021-03-01T10:00:20Z"))
    feed(watched, call("now", LONG_AFTER, answered_at="2021-09-01T00:00:05Z"))
    assert "c1" not in of(watched, "call").entries


# -- one by one ------------------------------------------------------------------------------------


def test_a_late_version_of_a_record_that_has_left_changes_its_own_period() -> None:
    watched = remembering(monitor())
    an_old_call(watched)
    feed(watched, call("c1", answered_at="2021-03-01T10:00:07Z", updated_at=LONG_AFTER))
    board = months(watched)
    assert counts(board, "2021-03") == (1, 1)
    assert row(board, "2021-03", "calls", line="999")["abandoned"] == 0
    assert counts(board, "2021-09") == (1, 1)


def test_the_first_published_figure_of_a_sealed_period_is_kept_beside_the_late_one() -> None:
    watched = remembering(monitor())
    an_old_call(watched)
    feed(watched, call("c1", answered_at="2021-03-01T10:00:07Z", updated_at=LONG_AFTER))
    first = months(watched).revisions["2021-03"]["calls"]
    force = next(r for r in first if (r["line"], r["area"]) == ("999", "force"))
    assert (force["offered"], force["answered"], force["abandoned"]) == (1, 0, 1)


def test_what_changed_before_a_period_was_sealed_is_in_its_first_figure_long_after() -> None:
    watched = remembering(monitor())
    feed(watched, call("c1", answered_at="2021-03-01T10:00:05Z"))
    feed(watched, call("c2", "2021-04-02T10:00:00Z", answered_at="2021-04-02T10:00:05Z"))
    feed(watched, call("c3", answered_at="2021-03-01T10:00:07Z", updated_at="2021-04-03T00:00:00Z"))
    feed(watched, call("now", LONG_AFTER, answered_at=LONG_AFTER))
    feed(watched, call("c1", deleted=True, updated_at=LONG_AFTER))
    board = months(watched)
    assert counts(board, "2021-03") == (1, 1)
    first = board.revisions["2021-03"]["calls"]
    assert next(r for r in first if (r["line"], r["area"]) == ("999", "force"))["offered"] == 1
    assert next(r for r in first if (r["line"], r["area"]) == ("999", "force"))["answer_mean"] == 5


def test_an_older_or_equal_version_of_a_record_that_has_left_is_stale_or_the_same() -> None:
    watched = remembering(monitor())
    an_old_call(watched)
    before = shown(watched)
    feed(watched, call("c1", abandoned_at="2021-03-01T10:00:20Z"), call("c1"))
    versions = of(watched, "call").versions
    assert (versions.new, versions.revised, versions.same, versions.stale) == (2, 0, 1, 1)
    assert shown(watched) == before
    assert "c1" not in of(watched, "call").entries


def test_a_late_version_that_moves_to_an_open_period_is_counted_there_alone() -> None:
    watched = remembering(monitor())
    feed(watched, call("first", "2021-02-10T10:00:00Z"))
    an_old_call(watched)
    feed(watched, call("c1", "2021-08-31T10:00:00Z", answered_at="2021-08-31T10:00:07Z"))
    board = months(watched)
    assert [counts(board, label) for label in ("2021-03", "2021-08")] == [(0, 0), (1, 1)]
    feed(watched, call("c1", abandoned_at="2021-03-01T10:00:20Z", updated_at=LONG_AFTER))
    board = months(watched)
    assert [counts(board, label) for label in ("2021-03", "2021-08")] == [(1, 0), (0, 0)]


def test_a_record_that_came_back_leaves_again() -> None:
    watched = remembering(monitor())
    an_old_call(watched)
    late = call("c1", answered_at="2021-03-01T10:00:07Z", updated_at=LONG_AFTER)
    feed(watched, late)
    assert "c1" in of(watched, "call").entries
    feed(watched, call("next", "2021-09-03T00:00:00Z"))
    assert "c1" not in of(watched, "call").entries
    feed(watched, late)
    assert of(watched, "call").versions.same == 1


def test_a_late_tombstone_takes_the_record_out_and_an_older_version_does_not_revive_it() -> None:
    watched = remembering(monitor())
    feed(watched, call("first", "2021-02-10T10:00:00Z"))
    an_old_call(watched)
    feed(watched, call("c1", deleted=True, updated_at="2021-09-01T00:00:00Z"))
    assert counts(months(watched), "2021-03") == (0, 0)
    feed(watched, call("next", "2021-12-01T00:00:00Z"), call("n2", "2021-12-03T00:00:00Z"))
    assert "c1" not in of(watched, "call").entries
    feed(watched, call("c1", updated_at="2021-08-01T00:00:00Z"))
    assert counts(months(watched), "2021-03") == (0, 0)


def test_a_known_record_may_move_to_a_sealed_period() -> None:
    watched = remembering(monitor())
    feed(watched, call("now", LONG_AFTER), call("c1", "2021-08-30T10:00:00Z"))
    feed(watched, call("c1", "2021-03-01T10:00:00Z", updated_at=LONG_AFTER))
    board = months(watched)
    assert [counts(board, label)[0] for label in ("2021-03", "2021-08")] == [1, 0]


def test_a_new_record_of_a_sealed_period_is_refused_live_with_its_period_and_the_cure() -> None:
    watched = remembering(monitor())
    feed(watched, call("now", LONG_AFTER))
    [refused] = watched.ingest(lines([call("c1", updated_at=LONG_AFTER)]), FAR_FUTURE)
    assert (refused.reason, refused.detail) == (
        "sealed",
        CURE,
    )
    feed(watched, crime("now", "2024-09-01T00:00:00Z"))
    [refused] = watched.ingest(lines([crime("k", "2021-03", updated_at=LONG_AFTER)]), FAR_FUTURE)
    assert refused.detail.startswith(
        "2021-03 is sealed: a new crime counts until 761 days after its period."
    )


def test_a_new_record_of_a_sealed_period_counts_in_a_history_that_is_played() -> None:
    watched = played()
    feed(watched, call("now", LONG_AFTER))
    feed(watched, call("c1", answered_at="2021-03-01T10:00:07Z", updated_at=LONG_AFTER))
    board = months(watched)
    assert counts(board, "2021-03") == (1, 1)
    first = board.revisions["2021-03"]["calls"]
    assert next(r for r in first if (r["line"], r["area"]) == ("999", "force"))["offered"] == 0


# -- records without their end ---------------------------------------------------------------------


def test_a_call_still_waiting_stays_beyond_the_horizon_and_its_late_answer_counts() -> None:
    watched = monitor()  # with no place for departed records
    feed(watched, call("c1"), call("now", LONG_AFTER), call("next", "2021-09-03T00:00:00Z"))
    assert "c1" in of(watched, "call").entries
    assert gauges(months(watched), "calls", line="999")["waiting_unknown"] == 1
    feed(watched, call("c1", answered_at="2021-03-01T10:00:07Z", updated_at="2021-09-03T00:00:01Z"))
    assert counts(months(watched), "2021-03") == (1, 1)
    assert gauges(months(watched), "calls", line="999")["waiting_unknown"] == 0
    feed(watched, call("last", "2021-09-05T00:00:00Z"))
    assert "c1" not in of(watched, "call").entries


@pytest.mark.parametrize("arrived", [None, "2021-03-01T10:08:00Z"])
def test_an_incident_that_is_not_closed_stays_whether_attended_or_not(arrived: str | None) -> None:
    watched = monitor()
    feed(watched, incident("i1", arrived_at=arrived), incident("now", LONG_AFTER))
    assert "i1" in of(watched, "incident").entries
    closed = "2021-09-01T01:00:00Z"
    feed(watched, incident("i1", arrived_at=arrived, closed_at="2021-03-01T11:00:00Z",
                           updated_at=closed))  # fmt: skip
    board = months(watched)
    found = row(board, "2021-03", "attendance")
    assert (found["emergencies"], found["attended"]) == (1, int(arrived is not None))
    assert found["never_attended"] == int(arrived is None)
    feed(watched, incident("next", "2021-09-03T00:00:00Z"))
    assert "i1" not in of(watched, "incident").entries


def test_what_no_figure_shows_is_no_revision() -> None:
    watched = monitor()
    attended = {"arrived_at": "2021-03-01T10:08:00Z"}
    feed(watched, incident("i1", **attended), incident("now", LONG_AFTER))
    feed(watched, incident("i1", **attended, recontact_due_at="2021-03-05T11:00:00Z",
                           updated_at=LONG_AFTER))  # fmt: skip
    assert months(watched).revisions == {}


def test_an_incident_known_only_to_the_month_waits_for_no_close() -> None:
    watched = monitor()
    feed(watched, incident("i1", "2021-03", grade=None), incident("now", "2024-09-01T00:00:00Z"))
    assert list(of(watched, "incident").entries) == ["now"]


def test_crimes_without_an_outcome_leave_and_are_found_again() -> None:
    watched = remembering(monitor())
    feed(watched, crime("k1"), crime("now", "2024-09-01T00:00:00Z"))
    assert list(of(watched, "crime").entries) == ["now"]
    feed(watched, crime("k1", outcome=9, offence="vehicle", updated_at="2024-09-02T00:00:00Z"))
    counted = {r["offence"]: r["count"] for r in months(watched).periods["2021-03"]["crimes"]
               if r["area"] == "force"}  # fmt: skip
    assert counted == {"all": 1, "vehicle": 1}


def test_where_no_end_is_ever_sent_the_oldest_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "MOST_HELD_OVER", 10)
    watched = remembering(monitor())
    at = ms("2021-03-01T10:00:00Z")
    feed(watched, *(incident(f"i{day}", rfc3339(at + day * DAY)) for day in range(60)))
    entries = of(watched, "incident").entries
    past = [name for name in entries if int(name[1:]) < 24]
    assert 9 <= len(past) <= 11
    assert "i0" not in entries
    feed(watched, incident("i0", closed_at="2021-03-01T11:00:00Z", updated_at=LONG_AFTER))
    assert row(months(watched), "2021-03", "attendance")["never_attended"] == 1


# -- versions made of a finished export ------------------------------------------------------------


def test_the_last_version_of_a_played_call_without_an_end_is_lost_and_never_waiting() -> None:
    watched = monitor()
    feed(watched, call("c1", played="step"))
    board = months(watched, "2021-03-01T10:00:30Z")
    assert gauges(board, "calls", line="999")["waiting"] == 1
    feed(watched, call("c1", played="end", updated_at="2021-03-01T10:00:01Z"))
    board = months(watched, "2021-03-01T10:00:30Z")
    assert gauges(board, "calls", line="999")["waiting"] == 0
    assert row(board, "2021-03", "calls", line="999")["end_unknown"] == 1


def test_the_last_version_of_a_played_incident_without_arrival_and_close_is_unknown() -> None:
    watched = monitor()
    feed(watched, incident("i1", played="end"), incident("now", LONG_AFTER, played="end"))
    board = months(watched, LONG_AFTER)
    found = row(board, "2021-03", "attendance")
    assert (found["emergencies"], found["attended"], found["never_attended"]) == (1, 0, 0)
    found = gauges(board, "attendance")
    assert (found["unattended"], found["unattended_unknown"]) == (0, 0)
    assert list(of(watched, "incident").entries) == ["now"]


def test_a_step_of_a_played_incident_is_unattended_like_a_live_one() -> None:
    watched = monitor()
    feed(watched, incident("i1", played="step"))
    assert gauges(months(watched, "2021-03-01T10:05:00Z"), "attendance")["unattended"] == 1


# -- against a plain count of the winners ----------------------------------------------------------


@given(histories())
def test_a_played_history_shows_what_a_count_of_all_winners_shows(
    records: list[dict[str, Any]],
) -> None:
    watched, plain = played(), without_horizon(monitor())
    feed(watched, *records)
    feed(plain, *records)
    kind = records[0]["kind"]
    assert counters(of(watched, kind)) == counters(of(plain, kind))
    assert first_figures(of(watched, kind)) == first_figures(of(plain, kind))
    if len({(r["id"], r.get("version"), r["updated_at"]) for r in records}) == len(records):
        won = [r for r in winners(records) if not r.get("cancelled")]
        assert counted(of(watched, kind)) == len(won)


def counted(ledger: Ledger) -> int:
    """How many records count in any pane."""
    found = counters(ledger)
    stored = (grain for grain in STORED if grain != "minute")  # the hours have them in them
    panes = [pane for grain in stored for pane in found[grain].values()]
    counter = "offered" if ledger.kind.name == "call" else "count"
    sums = [value for pane in panes for key, value in pane.items() if key <= SERIES_KEY_MASK]
    return sum(ledger.kind.layouts[0].read(counters)[counter] for counters in sums)


def first_figures(ledger: Ledger) -> dict[Any, Any]:
    """What has changed since they closed in periods longer than an hour."""
    return {p: change for p, change in ledger.revisions.items() if p[0] != "hour" and change}


@given(streams())
def test_live_a_record_is_never_lost_once_it_is_known(records: list[dict[str, Any]]) -> None:
    watched, plain = remembering(monitor()), without_horizon(monitor())
    known: set[str] = set()
    for record in records:
        refused = watched.ingest(lines([record]), FAR_FUTURE)
        if refused:
            assert refused[0].reason == "sealed"
            assert record["id"] not in known
        else:
            known.add(record["id"])
            feed(plain, record)
    kind = records[0]["kind"]
    assert counters(of(watched, kind)) == counters(of(plain, kind))


@one_in(2)
@given(streams(), st.integers(1, 5))
def test_the_board_does_not_depend_on_how_lines_are_cut(
    records: list[dict[str, Any]], size: int
) -> None:
    whole, cut = remembering(monitor()), remembering(monitor())
    whole.ingest(lines(records), FAR_FUTURE)
    for at in range(0, len(records), size):
        cut.ingest(lines(records[at : at + size]), FAR_FUTURE)
    kind = records[0]["kind"]
    assert counters(of(whole, kind)) == counters(of(cut, kind))
    assert of(whole, kind).revisions == of(cut, kind).revisions
