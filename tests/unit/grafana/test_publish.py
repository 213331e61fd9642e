"""`watchroom grafana push` against a server that answers as Grafana does."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from grafana import change_points
from grafana.committed import dashboards
from streams.alerts.model import Alert
from streams.cli import main
from streams.config.force import find_force, shipped_force_text
from tests.grafana_server import EDITOR, VIEWER, FakeGrafana, fake_grafana
from tests.servers.process import free_port

UIDS = {
    "watchroom-now",
    "watchroom-calls",
    "watchroom-response",
    "watchroom-volumes",
    "watchroom-alerts",
    "watchroom-pipeline",
}
CHANGES = len(find_force("warwickshire").file.changes)


@pytest.fixture
def server() -> Iterator[FakeGrafana]:
    with fake_grafana() as made:
        yield made


def push(server: FakeGrafana, *options: str, token: str = EDITOR, url: str | None = None) -> Result:
    arguments = ["grafana", "push", "--grafana", url or server.url, *options]
    answer = CliRunner().invoke(main, arguments, env={"WATCHROOM_GRAFANA_TOKEN": token})
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    return answer


def test_a_push_makes_the_folder_the_dashboards_and_the_notes_of_changes(
    server: FakeGrafana,
) -> None:
    answer = push(server, "--force", "warwickshire")
    assert answer.exit_code == 0, answer.output
    assert set(server.folders) == {"watchroom"}
    assert set(server.dashboards) == UIDS
    assert all(d["meta"]["folderUid"] == "watchroom" for d in server.dashboards.values())
    assert len(server.annotations) == CHANGES
    assert "dashboard Calls: created" in answer.output


def test_a_second_push_writes_nothing(server: FakeGrafana) -> None:
    push(server, "--force", "warwickshire")
    held = copy.deepcopy((server.dashboards, server.annotations))
    server.requests.clear()
    answer = push(server, "--force", "warwickshire", "--quiet")
    assert (answer.exit_code, answer.output) == (0, "")
    assert server.writes() == []
    assert (server.dashboards, server.annotations) == held


def test_a_push_that_was_interrupted_is_done_again(server: FakeGrafana) -> None:
    push(server, "--force", "warwickshire")
    wanted = set(server.dashboards)
    for uid in ("watchroom-calls", "watchroom-now"):
        del server.dashboards[uid]
    for number in (1, 3):
        del server.annotations[number]
    push(server, "--force", "warwickshire")
    assert set(server.dashboards) == wanted
    assert len(server.annotations) == CHANGES


def test_what_somebody_changed_is_replaced_and_nothing_else(server: FakeGrafana) -> None:
    push(server, "--force", "warwickshire")
    there = server.dashboards["watchroom-calls"]["dashboard"]
    server.put_there("watchroom-calls", {**there, "title": "Mine", "version": 7}, "watchroom")
    server.annotations[2]["text"] = "something else"
    server.requests.clear()
    answer = push(server, "--force", "warwickshire", "--quiet")
    assert "dashboard Calls: updated" in answer.output
    assert len(server.writes()) == 2
    saved = server.dashboards["watchroom-calls"]["dashboard"]
    assert (saved["title"], saved["version"]) == ("Calls", 8)


def test_a_dashboard_that_was_moved_comes_back_to_its_folder(server: FakeGrafana) -> None:
    push(server)
    server.dashboards["watchroom-calls"]["meta"]["folderUid"] = "elsewhere"
    push(server)
    assert server.dashboards["watchroom-calls"]["meta"]["folderUid"] == "watchroom"


def test_a_save_by_somebody_else_meanwhile_is_not_overwritten_unseen(server: FakeGrafana) -> None:
    push(server)
    there = server.dashboards["watchroom-alerts"]["dashboard"]
    server.put_there("watchroom-alerts", {**there, "title": "Mine"}, "watchroom")

    def meanwhile() -> None:
        server.put_there("watchroom-alerts", {**there, "version": 9}, "watchroom")

    server.before_save = meanwhile
    answer = push(server)
    assert answer.exit_code == 1
    assert '"Alerts" was saved by somebody else just now. Run the push again' in answer.output
    server.before_save = None
    assert push(server).exit_code == 0


def test_a_push_beside_another_takes_the_folder_that_the_other_made(server: FakeGrafana) -> None:
    push(server)
    told = iter([(404, {"message": "folder not found"})])
    known = server.get_folders
    server.get_folders = lambda *asked: next(told, None) or known(*asked)  # type: ignore[method-assign]
    assert push(server).exit_code == 0
    assert ("POST", "/api/folders") in server.requests


def test_a_dashboard_that_grafana_takes_from_a_file_is_left(server: FakeGrafana) -> None:
    push(server)
    server.provisioned.add("watchroom-calls")
    there = server.dashboards["watchroom-calls"]["dashboard"]
    server.put_there("watchroom-calls", {**there, "title": "From a file"}, "watchroom")
    answer = push(server)
    assert answer.exit_code == 0
    assert "dashboard Calls: left as it is: Grafana takes it from a file" in answer.output


def test_no_folder_or_dashboard_is_addressed_by_a_number(server: FakeGrafana) -> None:
    push(server, "--force", "warwickshire", "--data-source", "prom")
    assert not [path for _, path in server.requests if "/id/" in path or "Id=" in path]


def test_more_changes_than_grafana_gives_at_once_are_found_again(
    server: FakeGrafana, tmp_path: Path
) -> None:
    dates = [f"{year}-{month:02}-01" for year in range(2010, 2020) for month in range(1, 13)]
    table = '[[changes]]\ndate = {}\nkind = "recording"\nwhat = "Change {}"\n'
    more = "\n".join(table.format(date, place) for place, date in enumerate(dates))
    path = tmp_path / "mine.toml"
    path.write_text(shipped_force_text("warwickshire") + more)
    push(server, "--force", str(path))
    assert len(server.annotations) == CHANGES + 120
    server.requests.clear()
    push(server, "--force", str(path))
    assert server.writes() == []


def test_a_change_that_the_force_file_no_longer_lists_is_removed(server: FakeGrafana) -> None:
    push(server, "--force", "warwickshire")
    tags = ["watchroom", "change", "force:warwickshire"]
    gone = {"tags": [*tags, "from:force-file", "key:gone"], "time": 1, "text": "Gone"}
    own = {"tags": [*tags], "time": 1, "text": "A note by hand"}
    seen = {"tags": [*tags, "from:monitor", "key:other"], "time": 1, "text": "By a monitor"}
    for body in (gone, own, seen):
        server.post_annotations([], {}, body)
    answer = push(server, "--force", "warwickshire", "--quiet")
    assert answer.output == "annotation Gone: removed\n"
    assert len(server.annotations) == CHANGES + 2


def test_two_pushes_at_once_leave_one_note_of_each_change(server: FakeGrafana) -> None:
    push(server, "--force", "warwickshire")
    server.post_annotations([], {}, server.annotations[1])
    push(server, "--force", "warwickshire")
    assert len(server.annotations) == CHANGES


def test_the_chosen_data_source_is_shown_first(server: FakeGrafana) -> None:
    push(server, "--data-source", "prom")
    for held in server.dashboards.values():
        (source,) = [
            v for v in held["dashboard"]["templating"]["list"] if v["name"] == "datasource"
        ]
        assert source["current"]["value"] == "prom"


@pytest.mark.parametrize(
    ("uid", "words"),
    [("none", 'no data source with the uid "none"'), ("logs", "is no Prometheus but loki")],
)
def test_a_data_source_that_is_none_is_named(server: FakeGrafana, uid: str, words: str) -> None:
    answer = push(server, "--data-source", uid)
    assert answer.exit_code == 1
    assert words in answer.output
    assert server.writes() == []


def test_a_grafana_below_a_path_is_found() -> None:
    with fake_grafana("/grafana") as server:
        assert push(server).exit_code == 0
        assert push(server, url=f"{server.url}/").exit_code == 0
        assert set(server.dashboards) == UIDS
        wrong = push(server, url=server.url.removesuffix("/grafana"))
        assert wrong.exit_code == 1
        assert "404" in wrong.output


def test_a_wrong_token_is_told_plainly_and_never_printed(server: FakeGrafana) -> None:
    answer = push(server, token=EDITOR + "glsa-secret")
    assert answer.exit_code == 1
    assert "does not accept the token. Make one in Grafana under" in answer.output
    assert "glsa-secret" not in answer.output
    assert "Traceback" not in answer.output


def test_a_token_that_may_only_read_is_told_plainly(server: FakeGrafana) -> None:
    answer = push(server, token=VIEWER)
    assert answer.exit_code == 1
    assert "the token may not do this" in answer.output
    assert "role Editor" in answer.output


def test_a_server_that_is_not_there_is_told_plainly(server: FakeGrafana) -> None:
    answer = push(server, url=f"http://127.0.0.1:{free_port()}")
    assert answer.exit_code == 1
    assert "can't be reached. Is Grafana running there" in answer.output
    assert "Traceback" not in answer.output


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ((500, "application/json", '{"message": "database is locked"}'), "database is locked"),
        ((521, "text/html", "Web server is down"), "failed (521"),
        ((502, "text/html", "<h1>Bad Gateway</h1>"), "failed (502"),
        ((429, "application/json", '{"message": "slow down"}'), "refused (429): slow down"),
        ((404, "text/html", "<h1>nothing here</h1>"), "refused (404)"),
        ((200, "text/html", "<h1>Another server</h1>"), "does not answer as a Grafana does"),
        ((302, "text/html", ""), "redirects elsewhere"),
    ],
)
def test_a_server_that_fails_is_told_plainly(
    server: FakeGrafana, failure: tuple[int, str, str], words: str
) -> None:
    server.failure = failure
    answer = push(server)
    assert answer.exit_code == 1
    assert words in answer.output
    assert "Traceback" not in answer.output


@pytest.mark.parametrize("url", ["localhost:3000", "ftp://x", "http://a:b@localhost", "http://"])
def test_an_address_that_is_none_is_told(server: FakeGrafana, url: str) -> None:
    answer = push(server, url=url)
    assert answer.exit_code == 2
    assert "address" in answer.output
    assert server.requests == []


def test_the_token_comes_from_a_file_or_the_environment(
    server: FakeGrafana, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text(f"{EDITOR}\n")
    assert push(server, "--token-file", str(path), token="").exit_code == 0
    path.write_text("\n")
    assert "is empty" in push(server, "--token-file", str(path)).output
    path.write_text("two words")
    assert "the token is no token" in push(server, "--token-file", str(path)).output
    assert "no token is given. Set WATCHROOM_GRAFANA_TOKEN" in push(server, token="").output


ALERT = {
    "id": "warwickshire/level_change/calls.offered/line=999/force/up/2026-11-01T00:00:00Z",
    "kind": "level_change",
    "group": "calls",
    "measure": "offered",
    "area": "force",
    "onset": "2026-10-20T00:00:00+01:00",
    "opened_at": "2026-11-01T00:00:00+00:00",
    "words": "999 calls, Warwickshire: higher since 20 October",
}


def test_the_alert_of_this_test_has_the_fields_of_an_alert() -> None:
    assert set(ALERT) <= set(Alert.__struct_fields__)


def test_a_monitors_changes_of_level_are_noted_at_their_onset(server: FakeGrafana) -> None:
    alerts = {"alerts": [ALERT, {**ALERT, "id": "x", "kind": "exceptional_volume"}]}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/alerts.json?force=warwickshire" else 404)
            self.end_headers()
            self.wfile.write(json.dumps(alerts).encode())

        def log_message(self, *words: object) -> None: ...

    monitor = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=monitor.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    options = ["--force", "warwickshire", "--url", f"http://127.0.0.1:{monitor.server_port}"]
    try:
        push(server, *options)
        server.requests.clear()
        assert push(server, *options).exit_code == 0
    finally:
        monitor.shutdown()
        thread.join()
        monitor.server_close()
    assert server.writes() == []
    assert len(server.annotations) == CHANGES + 1
    (noted,) = [a for a in server.annotations.values() if "kind:level_change" in a["tags"]]
    assert noted["text"] == ALERT["words"]
    assert noted["time"] == 1_792_450_800_000
    assert {"area:force", "measure:calls.offered"} <= set(noted["tags"])


def test_a_monitor_that_is_not_there_is_told_before_anything_is_written(
    server: FakeGrafana,
) -> None:
    monitor = f"http://127.0.0.1:{free_port()}"
    answer = push(server, "--force", "warwickshire", "--url", monitor)
    assert answer.exit_code == 1
    assert f"the monitor at {monitor} can't be reached" in answer.output
    assert server.requests == []
    assert push(server, "--url", monitor).exit_code == 2


def test_a_change_of_a_force_stands_at_midnight_where_the_force_is() -> None:
    first = change_points.of_force(find_force("warwickshire"))[0]
    assert first.start == 1_396_306_800_000  # 2014-04-01 00:00 +01:00
    assert first.text.endswith("Re-based: business crime")


def test_the_package_holds_the_dashboards_that_are_pushed() -> None:
    assert {each["uid"] for each in dashboards()} == UIDS
