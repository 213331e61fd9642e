"""Settings to be tried: a force's file with some sections in another form."""

import datetime as dt

import pytest

from streams.backtest.settings import own, read_settings
from streams.config.force import find_force
from streams.errors import ConfigError

FORCE = find_force("west-mercia")


def test_what_is_not_named_stays_as_the_force_has_it() -> None:
    found = read_settings("[alerts.shares]\nhour = 0.1\n", "s.toml", "s", FORCE)
    alerts = found.force.file.alerts
    assert (alerts.shares.hour, alerts.false_episodes_a_week) == (0.1, 1.0)
    assert found.force.file.areas == FORCE.file.areas
    assert found.force.file.changes == FORCE.file.changes
    assert found.force.readings == FORCE.readings
    assert found.force.fingerprint == FORCE.fingerprint


def test_each_value_that_differs_is_named_with_that_of_the_force() -> None:
    text = "[alerts]\nfalse_episodes_a_week = 2\nfalse_flags = 0.1\nshares = { hour = 0.2 }\n"
    assert read_settings(text, "s.toml", "s", FORCE).differs == (
        "alerts.false_episodes_a_week = 2 (own: 1)",
        "alerts.shares.hour = 0.2",
    )


def test_a_list_is_taken_whole() -> None:
    text = '[[changes]]\ndate = 2020-01-01\nkind = "system"\nwhat = "New telephones"\n'
    (change,) = read_settings(text, "s.toml", "s", FORCE).force.file.changes
    assert change.date == dt.date(2020, 1, 1)


def test_a_detector_that_is_chosen_is_named_with_its_settings() -> None:
    text = (
        '[[alerts.detectors]]\nmeasure = "crimes.count"\ngrain = "month"\nuse = "CUSUM"\n'
        "settings = { h = 4.0 }\n"
    )
    assert read_settings(text, "s.toml", "s", FORCE).differs == (
        "alerts.detectors = (measure crimes.count, grain month, use CUSUM, settings (h 4))",
    )


def test_an_empty_file_differs_in_nothing() -> None:
    found = read_settings("", "s.toml", "s", FORCE)
    assert found.differs == ()
    assert found.force.file == FORCE.file


def test_the_force_s_own_settings_are_called_so() -> None:
    assert (own(FORCE).name, own(FORCE).differs) == ("own", ())


@pytest.mark.parametrize(
    ("text", "line", "field", "problem"),
    [
        ("[alerts]\nfalse_flags = 2\n", 2, "alerts.false_flags", "Expected `float` < 1.0"),
        ("[alerts]\nbudget = 2\n", 2, "alerts.budget", "unknown field `budget`"),
        ("[alert]\nfalse_flags = 2\n", 1, "alert", "unknown field `alert`"),
        ("[alerts.shares]\nhour = 1.0\nday = 1.0\n", 1, "alerts.shares", "add up to"),
        (
            '[[alerts.detectors]]\nmeasure = "crimes.n"\ngrain = "day"\nuse = "CUSUM"\n',
            2,
            "alerts.detectors[0].measure",
            "is no measure that detectors watch",
        ),
        ('id = "other"\n', 1, "id", "can't be another"),
        ("[alerts\n", 1, None, "not valid TOML"),
    ],
)
def test_a_fault_is_told_with_its_line_and_field(
    text: str, line: int, field: str | None, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        read_settings(text, "s.toml", "s", FORCE)
    assert (caught.value.file, caught.value.line, caught.value.field) == ("s.toml", line, field)
