"""Events of the truth are checked against their force and the registry."""

from pathlib import Path

import pytest

from streams.backtest.known import load_known
from streams.errors import ConfigError
from streams.periods import DAY, HOUR
from tests.build import ms, tiny_force

FORCE = tiny_force()
TEXT = """\
[[truth]]
name = "Surge"
force = "tiny"
kind = "call"
measure = "calls.offered"
where = { line = "999", area = "North" }
from = 2021-03-01
to = 2021-03-02
direction = "up"
alerts = ["exceptional_volume"]
within = "5d"
"""


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "truth.toml"
    path.write_text(text)
    return path


def test_an_event_has_its_area_by_id_and_its_instants(tmp_path: Path) -> None:
    ((event,), others) = load_known(written(tmp_path), FORCE)
    assert others == 0
    assert (event.area, event.where) == ("north", {"line": "999"})
    assert (event.start, event.end) == (ms("2021-03-01T00:00:00Z"), ms("2021-03-03T00:00:00Z"))
    assert event.latest == event.start + 5 * DAY
    assert event.about == "calls.offered, line 999, north, up"


def test_an_event_can_be_about_as_long_as_it_lasts_or_counts(tmp_path: Path) -> None:
    ((event,), _) = load_known(written(tmp_path), FORCE)
    assert not event.is_past(event.latest)
    assert event.is_past(event.latest + HOUR)


def test_events_of_other_forces_are_counted_and_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, ('force = "tiny"', 'force = "other"'))
    assert load_known(path, FORCE) == ([], 1)


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "said"),
    [
        ('kind = "call"', 'kind = "calls"', 4, "kind", "Use one of: call, incident, crime"),
        ("calls.offered", "calls.offerd", 5, "measure", 'Did you mean "calls.offered'),
        ("calls.offered", "crimes.count", 5, "measure", "is no measure of calls"),
        ('line = "999"', 'line = "998"', 6, "where.line", 'Did you mean "999"'),
        ('"North"', '"Nroth"', 6, "where.area", "is no area of Tiny Police"),
        ('line = "999"', 'offence = "a"', 6, "where.offence", "Use one of: line, area"),
        ('["exceptional_volume"]', '["surge"]', 10, "alerts[0]", "is no kind of alert"),
    ],
)
def test_a_name_that_is_of_nothing_is_told(
    tmp_path: Path, old: str, new: str, line: int, field: str, said: str
) -> None:
    path = written(tmp_path, (old, new))
    with pytest.raises(ConfigError) as caught:
        load_known(path, FORCE)
    error = caught.value
    assert (error.file, error.line, error.field) == (path, line, f"truth[0].{field}")
    assert said in str(error)
