"""A real browser without a window: what a page shows, and a picture of it."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.servers import debian
from tests.servers.process import GUARD, MissingError, ServerError

NAMES = ("chromium", "chromium-browser", "google-chrome")
CURE = "As root: apt-get install chromium; or set WATCHROOM_CHROMIUM to a Chromium or Chrome."
QUIET = [
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


@dataclass(frozen=True)
class Found:
    """Where the browser is."""

    how: str
    path: Path


def find(*, fetch: bool = False) -> Found:
    """Find a browser; with `fetch`, also install Debian's package when run as root."""
    if named := os.environ.get("WATCHROOM_CHROMIUM"):
        if not Path(named).is_file():
            raise MissingError("Chromium", f"WATCHROOM_CHROMIUM={named} is no file. {CURE}")
        return Found(f"{named} (WATCHROOM_CHROMIUM)", Path(named))
    if (found := _on_path()) is None and fetch and debian.can_install():
        debian.install("chromium")
        found = _on_path()
    if found is None:
        raise MissingError("Chromium", CURE)
    return Found(f"{found} on PATH", Path(found))


def _on_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """Opens one page at a time, each in a browser of its own that ends afterwards."""

    def __init__(self, found: Found) -> None:
        """Remember the browser; nothing runs yet."""
        self.path = found.path

    def dom(self, url: str, *, settle_ms: int = 5000) -> str:
        """Return the page's HTML after its scripts have run for `settle_ms` of page time."""
        return self._run(url, settle_ms, ["--dump-dom"]).decode(errors="replace")

    def screenshot(
        self, url: str, png: Path, *, width: int = 1920, height: int = 1080, settle_ms: int = 5000
    ) -> Path:
        """Write a picture of the page and return its path."""
        self._run(url, settle_ms, [f"--screenshot={png}", f"--window-size={width},{height}"])
        return png

    def _run(self, url: str, settle_ms: int, what: list[str], seconds: float = 60.0) -> bytes:
        # Chromium refuses to start its sandbox as root.
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
        with tempfile.TemporaryDirectory(prefix="watchroom-chromium-") as profile:
            guard = [sys.executable, "-I", "-S", str(GUARD), str(os.getpid()), "9"]
            options = [f"--user-data-dir={profile}", f"--virtual-time-budget={settle_ms}", *what]
            answer = subprocess.run(
                [*guard, str(self.path), *QUIET, *as_root, *options, url],
                capture_output=True,
                check=False,
                timeout=seconds,
                start_new_session=True,
            )
        if answer.returncode:
            raise ServerError(answer.stderr.decode(errors="replace")[-2000:])
        return answer.stdout
