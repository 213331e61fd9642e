"""Indicators: names for figures of reports, and addresses for all others."""

from __future__ import annotations

import pytest

from streams.errors import DeclarationError
from streams.registry.calls import CALL
from streams.registry.conditions import ALWAYS, is_
from streams.registry.crimes import CRIME
from streams.registry.indicator import Indicator, Part
from streams.registry.registry import REGISTRY, Registry


def made(*indicators: Indicator) -> Registry:
    return Registry((CALL, CRIME), indicators)


def of(*addresses: str, **more: str) -> Indicator:
    return Indicator("mine", "Mine", tuple(map(Part.at, addresses)), share_of=more.get("of", ""))


def test_an_address_names_table_measure_and_the_values_of_dimensions() -> None:
    assert Part.at("crimes.count") == Part("crimes", "count", ALWAYS)
    several = Part.at("incidents.count{category=asb; grade=emergency,priority}")
    assert several.address == "incidents.count{category=asb;grade=emergency,priority}"


def test_a_part_is_written_as_it_is_read() -> None:
    part = Part("crimes", "count", is_("offence", "violence"))
    assert part.address == "crimes.count{offence=violence}"
    assert Part.at(part.address).address == part.address


@pytest.mark.parametrize("wrong", ["crimes", "crimes.count{", "crimes.count{offence}", "a.b{c=}"])
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(DeclarationError, match=r"is no (address|condition)"):
        Part.at(wrong)


def test_every_measure_of_every_row_is_an_indicator() -> None:
    found = REGISTRY.indicator("calls.service_level{line=999}")
    assert found.parts == REGISTRY.indicator("answered_999_within_10s").parts


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("violence_with_injry", "did you mean violence_with_injury"),
        ("nothing", '"nothing" is no indicator'),
        ("crimes.many", '"crimes.many" is no indicator; did you mean crimes.count'),
        ("crimes.count{line=999}", 'when "line" is none of area, offence'),
        ("incidents.count{grade=urgent}", '"urgent" is none of emergency'),
        ("calls.waiting{line=999}", "holds at a moment"),
    ],
)
def test_an_unknown_name_gives_an_error_that_says_what_there_is(wrong: str, words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        REGISTRY.indicator(wrong)


def test_counts_and_shares_are_not_added_up() -> None:
    with pytest.raises(DeclarationError, match="mine: Count and Share can't be added up"):
        made(of("calls.offered{line=999}", "calls.abandonment{line=999}"))


def test_an_indicator_is_a_share_of_one_that_there_is() -> None:
    with pytest.raises(DeclarationError, match='mine: share_of "crime" is no indicator'):
        made(of("crimes.count", of="crime"))


def test_two_indicators_of_one_name_are_refused() -> None:
    with pytest.raises(DeclarationError, match='two indicators are called "mine"'):
        made(of("crimes.count"), of("crimes.count"))
