"""A real Prometheus server, and promtool."""

import json
import os
import shutil
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import debian
from tests.servers.configured import Configured
from tests.servers.process import MissingError, Server, wait_until

CURE = (
    "As root: apt-get install prometheus; or set WATCHROOM_PROMETHEUS_HOME to a folder "
    "that holds prometheus and promtool."
)


@dataclass(frozen=True)
class Found:
    """Where the two programs are."""

    how: str
    prometheus: Path
    promtool: Path


def find(*, fetch: bool = False) -> Found:
    """Find Prometheus; with `fetch`, also unpack Debian's package into the cache."""
    if named := os.environ.get("WATCHROOM_PROMETHEUS_HOME"):
        return _in_folder(Path(named), f"folder {named} (WATCHROOM_PROMETHEUS_HOME)")
    server, tool = shutil.which("prometheus"), shutil.which("promtool")
    if server and tool:
        return Found(f"{server} on PATH", Path(server), Path(tool))
    try:
        folder = debian.unpack("prometheus") if fetch else debian.unpacked("prometheus")
    except MissingError as error:
        raise MissingError("Prometheus", f"{error.cure} {CURE}") from error
    if folder is None:
        raise MissingError("Prometheus", f"Fetch it once: make servers. {CURE}")
    return _in_folder(folder / "usr" / "bin", f"Debian's package, unpacked in {folder}")


def _in_folder(folder: Path, how: str) -> Found:
    found = Found(how, folder / "prometheus", folder / "promtool")
    if not (found.prometheus.is_file() and found.promtool.is_file()):
        raise MissingError("Prometheus", f"{folder} holds no prometheus and promtool. {CURE}")
    return found


class Prometheus(Configured):
    """One Prometheus; the `files` may be rules, say."""

    def __init__(
        self, found: Found, config: str, files: Mapping[str, str] | None = None, port: int = 0
    ) -> None:
        """Write the configuration; `start` starts the server."""
        super().__init__("Prometheus", config, files, port)
        self.promtool = found.promtool
        command = self.command(found.prometheus)
        command += [f"--storage.tsdb.path={self.folder / 'data'}", "--web.enable-lifecycle"]
        self.server = Server("Prometheus", command, self.folder / "prometheus.log")

    def get(self, path: str, **parameters: str) -> Any:
        """Return the `data` of an API answer: `get("/api/v1/targets", state="active")`."""
        url = f"{self.url}{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10.0) as answer:
            return json.load(answer)["data"]

    def query(self, promql: str) -> list[dict[str, Any]]:
        """Return the series of an instant query: each has `metric` and `value` (time, text)."""
        result: list[dict[str, Any]] = self.get("/api/v1/query", query=promql)["result"]
        return result

    def wait_for(self, promql: str, seconds: float = 30.0) -> list[dict[str, Any]]:
        """Return the series of a query as soon as it has any; TimeoutError when it never does."""
        series: list[dict[str, Any]] = []

        def any_yet() -> bool:
            series[:] = self.query(promql)
            return bool(series)

        wait_until(any_yet, seconds, f"{promql} has a result")
        return series
