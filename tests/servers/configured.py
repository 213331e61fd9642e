"""A server that is started from one configuration file, and ends with the test that needs it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.servers.process import Server, free_port, http_ok


class Configured:
    """A server in a folder of its own, with the given configuration; `files` are laid beside it."""

    def __init__(
        self, name: str, config: str, files: Mapping[str, str] | None = None, port: int = 0
    ) -> None:
        """Write the configuration; `start` starts the server."""
        self.name = name.lower()
        self.folder = Path(tempfile.mkdtemp(prefix=f"watchroom-{self.name}-"))
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        for path, text in {**(files or {}), f"{self.name}.yml": config}.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)
        self.server: Server

    def command(self, program: Path) -> list[str]:
        """Return the program with where its configuration is, and where it is to listen."""
        return [
            str(program),
            f"--config.file={self.folder / self.name}.yml",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]

    def start(self) -> None:
        """Start the server and wait until it is ready to answer."""
        self.server.start(lambda: http_ok(f"{self.url}/-/ready"))

    def stop(self) -> None:
        """Stop the server in good order."""
        self.server.stop()

    def close(self) -> None:
        """Stop the server and remove what it stored."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
