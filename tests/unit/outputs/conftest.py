"""Every answer of a monitor in these tests is checked against its JSON Schema."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.answers import check


@pytest.fixture(autouse=True)
def checked(monkeypatch: pytest.MonkeyPatch) -> None:
    request = TestClient.request

    def checking(self: TestClient, *args: Any, **kwargs: Any) -> httpx2.Response:
        answer: httpx2.Response = request(self, *args, **kwargs)
        check(str(answer.url), answer.status_code, answer.content)
        return answer

    monkeypatch.setattr(TestClient, "request", checking)
