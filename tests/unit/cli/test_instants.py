"""The instant that an option names."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from streams.cli.instants import instant_named
from tests.build import ms

NEW_YORK = ZoneInfo("America/New_York")


def test_a_local_time_that_comes_twice_is_the_first_and_that_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert instant_named("--at", "2024-11-03T01:30", NEW_YORK) == ms("2024-11-03T05:30:00Z")
    assert capsys.readouterr().err == (
        "--at 2024-11-03T01:30 comes twice, as the clocks go back: taken is the first. Write "
        "2024-11-03T01:30:00-05:00 for the second.\n"
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2024-11-03T01:30:00-04:00", "2024-11-03T05:30:00Z"),
        ("2024-11-03T01:30:00-05:00", "2024-11-03T06:30:00Z"),
        ("2024-11-03T05:30:00Z", "2024-11-03T05:30:00Z"),
    ],
)
def test_with_an_offset_either_is_meant_as_it_is_written(
    capsys: pytest.CaptureFixture[str], text: str, wanted: str
) -> None:
    assert instant_named("--at", text, NEW_YORK) == ms(wanted)
    assert capsys.readouterr().err == ""
