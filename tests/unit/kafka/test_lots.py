"""What a fetch has brought is folded in lots of about a thousand lines, partition by partition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.lots import Lot, in_turn, lots
from tests.build import Record

CALLS, CRIMES = ("w.calls", 0), ("w.crimes", 0)


def messages(*lines: int, first: int = 0) -> list[Record]:
    """Messages of so many lines each, one after another."""
    return [Record(first + n, b"\n".join([b"{}"] * each)) for n, each in enumerate(lines)]


def sizes(found: list[Lot]) -> list[tuple[list[int], int]]:
    return [([each.offset for each in lot.messages], lot.lines) for lot in found]


def test_a_lot_takes_messages_until_it_has_its_lines() -> None:
    assert sizes(list(lots(messages(3, 3, 3, 3, 1), lines=5))) == [
        ([0, 1], 6),
        ([2, 3], 6),
        ([4], 1),
    ]


def test_a_long_message_is_a_lot_and_is_not_cut() -> None:
    assert sizes(list(lots(messages(900, 1), lines=5))) == [([0], 900), ([1], 1)]


def test_a_message_without_a_value_counts_as_a_line() -> None:
    assert sizes(list(lots([Record(7, None), Record(8, b"")]))) == [([7, 8], 2)]


def test_partitions_take_turns_until_all_are_done() -> None:
    fetched = {CALLS: messages(2, 2, 2), CRIMES: messages(2, first=40)}
    found = [(key, lot.messages[0].offset) for key, lot in in_turn(fetched, lines=2)]
    assert found == [(CALLS, 0), (CRIMES, 40), (CALLS, 1), (CALLS, 2)]


def test_a_partition_that_brought_nothing_has_no_turn() -> None:
    assert list(in_turn({CALLS: []})) == []


@given(st.lists(st.integers(1, 9)), st.integers(1, 12))
def test_lots_are_the_messages_in_their_order_and_none_is_empty(each: list[int], most: int) -> None:
    whole = messages(*each)
    found = list(lots(whole, lines=most))
    assert [message for lot in found for message in lot.messages] == whole
    assert all(lot.lines >= most for lot in found[:-1])
    assert sum(lot.lines for lot in found) == sum(each)
