"""What the tests with a browser share: one browser a file, and a busy evening to look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.servers.chromium import Chromium
from tests.servers.wallboard_rig import Room, browser, room


@pytest.fixture(scope="module")
def opened(chromium: Chromium) -> Iterator[Browser]:
    """A browser, which ends with the file."""
    with browser(chromium.path) as made:
        yield made


@pytest.fixture
def evening() -> Iterator[Room]:
    """A control room of one evening, with its wallboard served."""
    with room() as made:
        yield made
