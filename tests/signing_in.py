"""A server with sign-in, on loopback, and what asks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from starlette.testclient import TestClient

from streams.board.monitor import Monitor
from streams.live import Live
from streams.outputs.monitor_server import application, serve
from streams.outputs.sign_in.access import Access
from streams.outputs.sign_in.settings import SignInSettings
from streams.outputs.sign_in.tokens import TokenFile
from streams.outputs.web.running import Running
from tests.alerting import unattended
from tests.build import call, feed, ms, tiny_force

NOW = ms("2021-03-01T10:30:00Z")
OWN = {"sec-fetch-site": "same-origin"}
SECRET = "of-more-than-twenty-characters"  # noqa: S105  of these tests alone
TOKENS = 'token_file = "tokens.json"'
HTML = {"accept": "text/html,application/xhtml+xml"}


def live() -> Live:
    """A monitor with a call, live."""
    watched = Monitor([tiny_force()])
    feed(watched, call(answered_at="2021-03-01T10:00:07Z"))
    made = Live(watched, clock=lambda: NOW)
    made.health.state = "live"
    return made


def secret_file(path: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    """Writes a file of this mode, whatever the umask."""
    path.write_text(text)
    path.chmod(mode)
    return path


class Room:
    """A folder with settings, and tokens of an inspector, who may act, and of a screen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tokens = TokenFile(folder / "tokens.json")
        self.inspector = self.tokens.add("Duty inspector", "act", 1)
        self.screen = self.tokens.add("screen", "view", 1)
        (folder / "inspector").write_text(self.inspector)
        secret_file(folder / "secret", f"{SECRET}\n")

    def settings(self, text: str = TOKENS) -> SignInSettings:
        file = self.folder / "sign-in.toml"
        file.write_text(text)
        return SignInSettings.read(file)

    @contextmanager
    def served(self, text: str = TOKENS, made: Live | None = None) -> Iterator[Running]:
        """A real server."""
        running = serve(made or live(), access=Access(self.settings(text)))
        yield running
        running.stop()

    @contextmanager
    def asked(self, text: str = TOKENS, made: Live | None = None) -> Iterator[httpx2.Client]:
        """Asks the application without a server, as from this machine."""
        application_made = application(made or live(), Access(self.settings(text)))
        with TestClient(
            application_made,
            base_url="http://127.0.0.1",
            client=("127.0.0.1", 50_000),
            follow_redirects=False,
        ) as client_made:
            yield client_made


def client(running: Running, **more: Any) -> httpx2.Client:
    """A browser's or a program's connection, which keeps cookies and follows nothing."""
    return httpx2.Client(base_url=running.url, trust_env=False, timeout=10, **more)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def with_alert(made: Live) -> str:
    """Opens an alert, and returns the path of its actions."""
    name = unattended(made, NOW).replace("/", "%2F").replace(":", "%3A")
    return f"/api/alerts/{name}"
