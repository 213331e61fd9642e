"""docker-compose of Debian, which checks a Compose file without an engine."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import debian
from tests.servers.process import MissingError

PACKAGE = "docker-compose"
LIBRARIES = (
    "python3-attr",
    "python3-certifi",
    "python3-chardet",
    "python3-distro",
    "python3-distutils",
    "python3-docker",
    "python3-dockerpty",
    "python3-docopt",
    "python3-dotenv",
    "python3-idna",
    "python3-jsonschema",
    "python3-packaging",
    "python3-pyrsistent",
    "python3-requests",
    "python3-six",
    "python3-texttable",
    "python3-urllib3",
    "python3-websocket",
    "python3-yaml",
)
SYSTEM_PYTHON = Path("/usr/bin/python3")
CURE = f"As root: apt-get install --no-install-recommends {PACKAGE}"


@dataclass(frozen=True)
class Found:
    """How to run it."""

    how: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def config(self, file: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Ask it to check and print a Compose file; `variables` are all that it may put in."""
        plain = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
        return subprocess.run(
            [*self.command, "--file", str(file), "config"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=file.parent,
            env={**plain, **self.environment, **variables},
        )


def find(*, fetch: bool = False) -> Found:
    """Find docker-compose; with `fetch`, also unpack Debian's package into the cache."""
    if path := shutil.which(PACKAGE):
        return Found(f"{path} on PATH", (path,))
    if not SYSTEM_PYTHON.is_file():
        raise MissingError("docker-compose", CURE)
    try:
        folder = (
            debian.unpack(PACKAGE, lambda _: None, *LIBRARIES)
            if fetch
            else debian.unpacked(PACKAGE)
        )
    except MissingError as error:
        raise MissingError("docker-compose", f"{error.cure} {CURE}") from error
    if folder is None:
        raise MissingError("docker-compose", f"Fetch it once: make servers. {CURE}")
    program = folder / "usr" / "bin" / PACKAGE
    return Found(
        f"Debian's package, unpacked in {folder}",
        (str(SYSTEM_PYTHON), "-W", "ignore", str(program)),
        {"PYTHONPATH": str(folder / "usr" / "lib" / "python3" / "dist-packages")},
    )
