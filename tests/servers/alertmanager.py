"""A real Alertmanager, and amtool."""

import json
import os
import shutil
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import debian
from tests.servers.configured import Configured
from tests.servers.process import MissingError, Server

PACKAGE = "prometheus-alertmanager"
NAMES = ("alertmanager", PACKAGE)  # its own name, and Debian's
# Debian's build reads its default template from this folder, whose name is compiled in. A copy that
# is unpacked elsewhere is given a relative name of the same length, and runs in its own folder.
COMPILED_IN = b"/usr/share/prometheus/alertmanager"
RELATIVE = b"./" * (len(COMPILED_IN) // 2)
CURE = (
    f"As root: apt-get install {PACKAGE}; or set WATCHROOM_ALERTMANAGER_HOME to a folder "
    "that holds alertmanager and amtool."
)


@dataclass(frozen=True)
class Found:
    """Where the two programs are, and the folder that the server must run in, if any."""

    how: str
    alertmanager: Path
    amtool: Path
    home: Path | None = None


def find(*, fetch: bool = False) -> Found:
    """Find Alertmanager; with `fetch`, also unpack Debian's package into the cache."""
    if named := os.environ.get("WATCHROOM_ALERTMANAGER_HOME"):
        return _in_folder(Path(named), f"folder {named} (WATCHROOM_ALERTMANAGER_HOME)")
    servers, tool = [path for name in NAMES if (path := shutil.which(name))], shutil.which("amtool")
    if servers and tool:
        return Found(f"{servers[0]} on PATH", Path(servers[0]), Path(tool))
    try:
        folder = debian.unpack(PACKAGE, _make_movable) if fetch else debian.unpacked(PACKAGE)
    except MissingError as error:
        raise MissingError("Alertmanager", f"{error.cure} {CURE}") from error
    if folder is None:
        raise MissingError("Alertmanager", f"Fetch it once: make servers. {CURE}")
    home = folder / COMPILED_IN.decode().lstrip("/")
    return _in_folder(folder / "usr" / "bin", f"Debian's package, unpacked in {folder}", home)


def _make_movable(folder: Path) -> None:
    program = folder / "usr" / "bin" / PACKAGE
    program.write_bytes(program.read_bytes().replace(COMPILED_IN, RELATIVE))


def _in_folder(folder: Path, how: str, home: Path | None = None) -> Found:
    servers = [folder / name for name in NAMES if (folder / name).is_file()]
    if not servers or not (folder / "amtool").is_file():
        raise MissingError("Alertmanager", f"{folder} holds no alertmanager and amtool. {CURE}")
    return Found(how, servers[0], folder / "amtool", home)


class Alertmanager(Configured):
    """One Alertmanager; the `files` may be templates, say."""

    def __init__(self, found: Found, config: str, files: Mapping[str, str] | None = None) -> None:
        """Write the configuration; `start` starts the server."""
        super().__init__("Alertmanager", config, files)
        self.amtool = found.amtool
        command = self.command(found.alertmanager)
        # Alone: it must not look for peers.
        command += [f"--storage.path={self.folder / 'data'}", "--cluster.listen-address="]
        log = self.folder / "alertmanager.log"
        self.server = Server("Alertmanager", command, log, cwd=found.home)

    def get(self, path: str) -> Any:
        """Return an API answer: `get("/api/v2/alerts")`."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10.0) as answer:
            return json.load(answer)
