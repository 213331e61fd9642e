"""The published figures and judgements stand in the performance summary of their records.

`python -m tests.published.report 002` prints those that do not.
"""

import pytest

from tests.published.report import JUDGEMENT, shown
from tests.published.scope import CONSTRUCTED, PUBLISHED

REACHED = {
    "002": {PUBLISHED: 530, CONSTRUCTED: 113, JUDGEMENT: 134},
    "003": {PUBLISHED: 400, CONSTRUCTED: 78, JUDGEMENT: 87},
}
"""How many of a report stood in it last, by class; raise them as it shows more."""


@pytest.mark.replays
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("report", REACHED)
def test_as_many_published_figures_are_shown_as_before(report: str) -> None:
    found = shown(report).found
    assert {of: found[of] for of in REACHED[report] if found[of] < REACHED[report][of]} == {}
