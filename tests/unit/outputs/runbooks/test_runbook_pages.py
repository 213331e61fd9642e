"""The runbooks as pages beside the wallboard."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from streams.alerts.rules import KINDS
from streams.board.monitor import Monitor
from streams.live import Live
from streams.outputs.front.server import Front
from streams.outputs.monitor_server import application
from streams.outputs.runbooks import pages as runbook_pages
from streams.outputs.runbooks.pages import names, runbook
from tests.build import tiny_force


class Links(HTMLParser):
    """The addresses that a page leads to, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if tag == "a":
            self.links.append(held["href"] or "")
        if held.get("id"):
            self.anchors.add(held["id"] or "")


def served() -> TestClient:
    return TestClient(application(Live(Monitor([tiny_force()]))), follow_redirects=False)


def test_every_alert_has_a_page_that_says_what_to_look_at_first() -> None:
    with served() as client:
        for kind in KINDS:
            answer = client.get(f"/runbooks/{kind.runbook}")
            assert answer.status_code == 200
            assert f"<code>{kind.runbook}</code>" in answer.text
            assert '<h2 id="look-at-this-first">Look at this first</h2>\n<ol>' in answer.text


def test_the_index_leads_to_every_page_and_each_page_back() -> None:
    with served() as client:
        found = Links(client.get("/runbooks/").text).links
        assert {f"/runbooks/{name}" for name in names()} <= set(found)
        assert "/runbooks/" in Links(client.get("/runbooks/WatchroomUnattended").text).links


def test_every_link_of_a_page_leads_to_one_that_is_served_and_to_an_anchor_that_it_has() -> None:
    with served() as client:
        pages = {f"/runbooks/{name}": client.get(f"/runbooks/{name}").text for name in names()}
        pages["/runbooks/"] = client.get("/runbooks/").text
    seen = 0
    for text in pages.values():
        for link in Links(text).links:
            if link.startswith("/runbooks"):
                path, _, anchor = link.partition("#")
                assert path in pages
                assert not anchor or anchor in Links(pages[path]).anchors
                seen += 1
    assert seen > 2 * len(names())


def test_a_document_that_is_not_served_is_named_and_not_linked() -> None:
    with served() as client:
        text = client.get("/runbooks/").text
    assert "How alerting works (docs/alerting.md)." in re.sub(r"<[^>]+>", "", text)
    assert "alerting.md" not in " ".join(Links(text).links)


def test_the_name_of_the_file_leads_to_the_page_and_no_other_name_to_any() -> None:
    with served() as client:
        answer = client.get("/runbooks/WatchroomUnattended.md")
        assert (answer.status_code, answer.headers["location"]) == (
            307,
            "/runbooks/WatchroomUnattended",
        )
        assert client.get("/runbooks").headers["location"] == "/runbooks/"
        for other in ("Nothing", "README", "..%2Falerts", "%2e%2e%2falerts.md"):
            assert client.get(f"/runbooks/{other}").status_code in (307, 404)
        assert client.get("/runbooks/..%2F..%2Fpyproject.toml").status_code == 404


def test_html_in_a_runbook_is_shown_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "Example.md").write_text("# A <b>\n\n<script>alert(1)</script> <id>\n")
    monkeypatch.setattr(runbook_pages, "folder", lambda: tmp_path)
    monkeypatch.setattr(runbook_pages, "names", lambda: frozenset({"Example"}))
    found = runbook("Example")
    assert found.title == "A <b>"
    assert found.html == "<p>&lt;script&gt;alert(1)&lt;/script&gt; &lt;id&gt;</p>\n"


def test_where_no_copy_is_named_pages_lead_to_the_runbooks_that_are_served() -> None:
    with served() as client:
        assert '<meta name="runbooks" content="/runbooks">' in client.get("/alert").text


def test_the_front_serves_them_where_no_worker_answers() -> None:
    with TestClient(Front(["http://127.0.0.1:1"]).application()) as client:
        assert client.get("/runbooks/").status_code == 200
        assert "No worker answers" in client.get("/runbooks/WatchroomAllWorkersDown").text
