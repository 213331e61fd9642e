"""Periods that have closed and then changed: the first published figure is kept beside today's."""

from streams.fold.ledger import Closing
from tests.build import call, crime, feed, monitor, ms, row


def test_a_late_record_changes_the_period_and_the_first_figure_is_kept() -> None:
    watched = monitor()
    feed(watched, crime("k1", "2021-03-05T10:00:00Z"), crime("k2", "2021-04-09T10:00:00Z"))
    feed(watched, crime("k3", "2021-03-06T10:00:00Z"))
    board = watched.board("tiny", ms("2021-04-09T12:00:00Z"), ["2021-03", "2021-04"])
    assert row(board, "2021-03", "crimes", offence="all")["count"] == 2
    first = {r["offence"]: r["count"] for r in board.revisions["2021-03"]["crimes"]}
    assert first["all"] == 1
    assert "2021-04" not in board.revisions


def test_a_reclassified_record_is_a_revision_of_both_groups() -> None:
    watched = monitor()
    feed(watched, crime("k1", "2021-03-05T10:00:00Z", offence="vehicle", version=1))
    feed(watched, crime("k2", "2021-04-09T10:00:00Z"))
    feed(
        watched,
        crime(
            "k1",
            "2021-03-05T10:00:00Z",
            offence="burglary.residential",
            version=2,
            updated_at="2021-04-09T11:00:00Z",
        ),
    )
    board = watched.board("tiny", ms("2021-04-09T12:00:00Z"), ["2021-03"])
    now = {r["offence"]: r["count"] for r in board.periods["2021-03"]["crimes"]}
    first = {r["offence"]: r["count"] for r in board.revisions["2021-03"]["crimes"]}
    assert now == {"all": 1, "burglary": 1, "burglary.residential": 1}
    assert first["vehicle"] == 1
    assert first.get("burglary", 0) == 0


def test_an_answer_within_the_grace_time_is_no_revision() -> None:
    watched = monitor()
    feed(watched, call("c1", "2021-03-01T10:59:50Z"), call("c2", "2021-03-01T11:00:20Z"))
    feed(watched, call("c1", "2021-03-01T10:59:50Z", answered_at="2021-03-01T11:00:30Z"))
    board = watched.board("tiny", ms("2021-03-01T11:01:00Z"), ["2021-03-01T10"])
    assert board.revisions == {}


def test_a_change_and_its_undoing_leave_no_revision() -> None:
    watched = monitor()
    feed(watched, crime("k1", "2021-03-05T10:00:00Z", version=1))
    feed(watched, crime("k2", "2021-04-09T10:00:00Z"))
    base = {"updated_at": "2021-04-09T11:00:00Z"}
    feed(watched, crime("k1", "2021-03-05T10:00:00Z", version=2, cancelled=True, **base))
    feed(watched, crime("k1", "2021-03-05T10:00:00Z", version=3, **base))
    board = watched.board("tiny", ms("2021-04-09T12:00:00Z"), ["2021-03"])
    assert board.revisions == {}


def test_every_period_is_told_to_have_closed_even_when_the_watermark_jumps() -> None:
    watched = monitor()
    ledger = watched.ledger("call", "tiny")
    assert ledger is not None
    closed: list[Closing] = []
    ledger.on_close = closed.append
    feed(watched, call("c1", "2021-03-30T22:10:00Z"), call("c2", "2021-04-02T00:20:00Z"))
    days = [c.period.label for c in closed if c.period.grain == "day"]
    assert days == ["2021-03-30", "2021-03-31", "2021-04-01"]
    assert [c.period.label for c in closed if c.period.grain == "month"] == ["2021-03"]
    assert [c.period.label for c in closed if c.period.grain == "financial_year"] == ["2020/21"]
    assert len([c for c in closed if c.period.grain == "hour"]) == 50


def test_a_late_version_that_changes_no_counter_is_taken_and_is_no_revision() -> None:
    watched = monitor()
    feed(
        watched, call("c1", abandoned_at="2021-03-01T11:00:00Z", updated_at="2021-03-01T11:59:00Z")
    )
    feed(
        watched,
        call(
            "c1",
            abandoned_at="2021-03-01T11:00:00Z",
            ended_at="2021-03-01T11:00:01Z",
            updated_at="2021-03-01T11:59:01Z",
        ),
    )
    board = watched.board("tiny", ms("2021-03-01T12:00:00Z"), ["2021-03-01T10"])
    assert row(board, "2021-03-01T10+00:00", "calls", line="999")["abandoned"] == 1
    assert board.revisions == {}
