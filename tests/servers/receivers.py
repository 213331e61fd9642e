"""Those who are notified: a webhook receiver and a mail server, on loopback."""

from __future__ import annotations

import email
import email.policy
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Notification:
    """One notification that came by webhook."""

    path: str
    authorization: str
    content: dict[str, Any]

    @property
    def status(self) -> str:
        """`firing` or `resolved`."""
        return str(self.content["status"])

    @property
    def names(self) -> list[str]:
        """The names of the alerts in it."""
        return [alert["labels"]["alertname"] for alert in self.content["alerts"]]


@dataclass
class Receivers:
    """What came, in order; `hooks` by webhook, `mails` by mail."""

    hooks: list[Notification] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    web_port: int = 0
    mail_port: int = 0

    def notifications(self, alert: str, path: str) -> list[Notification]:
        """What came of an alert at a path."""
        return [each for each in self.hooks if alert in each.names and each.path == path]


@contextmanager
def receivers() -> Iterator[Receivers]:
    """Both servers, for as long as the block runs."""
    got = Receivers()
    web = ThreadingHTTPServer(("127.0.0.1", 0), _web_handler(got))
    mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _mail_handler(got))
    mail.daemon_threads = True
    got.web_port, got.mail_port = web.server_address[1], mail.server_address[1]
    threads = [threading.Thread(target=one.serve_forever, daemon=True) for one in (web, mail)]
    for thread in threads:
        thread.start()
    try:
        yield got
    finally:
        for one in (web, mail):
            one.shutdown()
            one.server_close()
        for thread in threads:
            thread.join()


def _web_handler(got: Receivers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            allowed = self.headers.get("authorization", "")
            got.hooks.append(Notification(self.path, allowed, json.loads(body)))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its own name
            """Say nothing."""

    return Handler


def _mail_handler(got: Receivers) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        """As much of SMTP (RFC 5321) as it takes to be sent a mail."""

        def handle(self) -> None:
            self._say("220 receiver")
            while line := self.rfile.readline():
                command = line[:4].upper().decode("ascii", "replace")
                if command == "EHLO":
                    self._say("250-receiver\r\n250 AUTH PLAIN")
                elif command == "AUTH":
                    self._say("235 welcome")
                elif command == "DATA":
                    self._say("354 go on")
                    self._take()
                elif command == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _take(self) -> None:
            lines = iter(self.rfile.readline, b".\r\n")
            # A line that begins with a full stop is sent with two.
            raw = b"".join(line[1:] if line.startswith(b".") else line for line in lines)
            message = email.message_from_bytes(raw, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            got.mails.append(message)
            self._say("250 taken")

        def _say(self, text: str) -> None:
            self.wfile.write(text.encode() + b"\r\n")

    return Handler
