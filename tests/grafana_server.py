"""A server that behaves as Grafana's HTTP API is documented to, in what publishing uses of it.

Folders and dashboards by uid, with versions, annotations by tags, data sources by uid; a token that
is wrong (401) or may not write (403), a conflict (412), a dashboard from a file (400), and whatever
failure a test asks for. Anything else is 404, so that a call that Grafana lacks is seen.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

EDITOR, VIEWER = "editor-token", "viewer-token"
Answer = tuple[int, Any]
FORBIDDEN = {
    "accessErrorId": "ACE0123456789",
    "message": "You'll need additional permissions to perform this action. "
    "Permissions needed: dashboards:create",
    "title": "Access denied",
}


class FakeGrafana:
    """What it holds, and how it answers."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.url = ""
        self.folders: dict[str, dict[str, Any]] = {}
        self.dashboards: dict[str, dict[str, Any]] = {}
        self.annotations: dict[int, dict[str, Any]] = {}
        self.data_sources = {
            "prom": {"uid": "prom", "name": "Prometheus", "type": "prometheus"},
            "logs": {"uid": "logs", "name": "Loki", "type": "loki"},
        }
        self.provisioned: set[str] = set()
        self.requests: list[tuple[str, str]] = []
        self.failure: tuple[int, str, str] | None = None
        """(status, content type, body) for every request."""
        self.before_save: Any = None
        """Called before a dashboard is saved: somebody else at work."""

    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.requests if method != "GET"]

    def answer(self, method: str, target: str, token: str, body: Any) -> Answer:
        parts = urlsplit(target)
        if token not in {EDITOR, VIEWER}:
            return 401, {"message": "Invalid API key", "messageId": "api-key.invalid"}
        path = parts.path.removeprefix(self.prefix)
        if not parts.path.startswith(f"{self.prefix}/api/"):
            return 404, "404 page not found"
        if method != "GET" and token == VIEWER:
            return 403, FORBIDDEN
        kind, *rest = [unquote(part) for part in path.removeprefix("/api/").split("/")]
        found = getattr(self, f"{method.lower()}_{kind}", None)
        if found is None:
            return 404, {"message": "Not found"}
        answer: Answer = found(rest, parse_qs(parts.query), body)
        return answer

    def get_folders(self, rest: list[str], query: Any, body: Any) -> Answer:
        if len(rest) == 1 and rest[0] in self.folders:
            return 200, self.folders[rest[0]]
        return 404, {"message": "folder not found", "status": "not-found"}

    def post_folders(self, rest: list[str], query: Any, body: Any) -> Answer:
        if not body.get("title"):
            return 400, {"message": "folder title cannot be empty"}
        if body["uid"] in self.folders:
            message = "the folder has been changed by someone else"
            return 412, {"message": message, "status": "version-mismatch"}
        number = len(self.folders) + 1
        folder = {"id": number, "uid": body["uid"], "title": body["title"], "version": 1}
        self.folders[body["uid"]] = folder
        return 200, folder

    def get_dashboards(self, rest: list[str], query: Any, body: Any) -> Answer:
        if len(rest) == 2 and rest[0] == "uid" and rest[1] in self.dashboards:
            return 200, self.dashboards[rest[1]]
        return 404, {"message": "Dashboard not found"}

    def post_dashboards(self, rest: list[str], query: Any, body: Any) -> Answer:
        if self.before_save is not None:
            self.before_save()
        dashboard = body["dashboard"]
        if not dashboard.get("title"):
            return 400, {"message": "Dashboard title cannot be empty", "status": "empty-name"}
        if body.get("folderUid") not in self.folders:
            return 400, {"message": "folder not found", "status": "not-found"}
        uid = dashboard["uid"]
        if uid in self.provisioned:
            return 400, {"message": "Cannot save provisioned dashboard"}
        assert (rest, dashboard.get("id")) == (["db"], None)
        known = self.dashboards.get(uid)
        version = known["dashboard"]["version"] if known else 0
        if known and not body.get("overwrite") and dashboard.get("version") != version:
            message = "The dashboard has been changed by someone else"
            return 412, {"status": "version-mismatch", "message": message}
        self.put_there(uid, {**dashboard, "version": version + 1}, body["folderUid"])
        told = {"uid": uid, "version": version + 1, "status": "success", "url": f"/d/{uid}"}
        return 200, told

    def put_there(self, uid: str, dashboard: dict[str, Any], folder: str) -> None:
        number = [*self.dashboards, uid].index(uid) + 1
        meta = {"folderUid": folder, "provisioned": uid in self.provisioned, "slug": uid}
        self.dashboards[uid] = {"dashboard": {**dashboard, "id": number}, "meta": meta}

    def get_datasources(self, rest: list[str], query: Any, body: Any) -> Answer:
        if len(rest) == 2 and rest[0] == "uid" and rest[1] in self.data_sources:
            return 200, self.data_sources[rest[1]]
        return 404, {"message": "Data source not found"}

    def get_annotations(self, rest: list[str], query: Any, body: Any) -> Answer:
        wanted = set(query.get("tags", ()))
        limit = int(query.get("limit", ["100"])[0])
        found = [a for a in self.annotations.values() if wanted <= set(a["tags"])]
        return 200, sorted(found, key=lambda a: a["time"], reverse=True)[:limit]

    def post_annotations(self, rest: list[str], query: Any, body: Any) -> Answer:
        if not body.get("text"):
            message = "Failed to save annotation"
            return 400, {"message": message, "error": "text field should not be empty"}
        number = max(self.annotations, default=0) + 1
        self.annotations[number] = self._annotation(number, body)
        return 200, {"message": "Annotation added", "id": number}

    def put_annotations(self, rest: list[str], query: Any, body: Any) -> Answer:
        if int(rest[0]) not in self.annotations:
            return 404, {"message": "Annotation not found"}
        self.annotations[int(rest[0])] = self._annotation(int(rest[0]), body)
        return 200, {"message": "Annotation updated"}

    def delete_annotations(self, rest: list[str], query: Any, body: Any) -> Answer:
        if self.annotations.pop(int(rest[0]), None) is None:
            return 404, {"message": "Annotation not found"}
        return 200, {"message": "Annotation deleted"}

    @staticmethod
    def _annotation(number: int, body: Any) -> dict[str, Any]:
        # Grafana stores a tag as a key and a value of at most 100 letters each.
        assert all(len(part) <= 100 for tag in body["tags"] for part in tag.split(":", 1))
        kept = {name: body[name] for name in ("time", "tags", "text")}
        return {"id": number, **kept, "timeEnd": body.get("timeEnd") or body["time"]}


@contextmanager
def fake_grafana(prefix: str = "") -> Iterator[FakeGrafana]:
    """Serve one on loopback, until the block ends."""
    held = FakeGrafana(prefix)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet: two would wait for an acknowledgement
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._serve()

        do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815 - names of http.server

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            held.requests.append((self.command, self.path))
            if held.failure is not None:
                self._send(*held.failure)
                return
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, answer = held.answer(self.command, self.path, token, body)
            if isinstance(answer, str):
                self._send(status, "text/plain", answer)
            else:
                self._send(status, "application/json", json.dumps(answer))

        def _send(self, status: int, kind: str, text: str) -> None:
            payload = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(payload)))
            if status in {301, 302}:
                self.send_header("Location", "https://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *words: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    held.url = f"http://127.0.0.1:{server.server_port}{prefix}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
