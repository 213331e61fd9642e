"""A real registry of container images: Debian's docker-registry."""

import hashlib
import json
import os
import shutil
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.servers import debian
from tests.servers.process import MissingError, Server, free_port, http_ok

PACKAGE = "docker-registry"
CURE = f"As root: apt-get install --no-install-recommends {PACKAGE}"
INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class Found:
    """Where the program is."""

    how: str
    program: Path


def find(*, fetch: bool = False) -> Found:
    """Find the registry; with `fetch`, also unpack Debian's package into the cache."""
    if path := shutil.which(PACKAGE):
        return Found(f"{path} on PATH", Path(path))
    try:
        folder = debian.unpack(PACKAGE) if fetch else debian.unpacked(PACKAGE)
    except MissingError as error:
        raise MissingError("A registry of images", f"{error.cure} {CURE}") from error
    if folder is None:
        raise MissingError("A registry of images", f"Fetch it once: make servers. {CURE}")
    return Found(f"Debian's package, unpacked in {folder}", folder / "usr" / "bin" / PACKAGE)


class Registry:
    """One registry on loopback, without sign-in and without TLS."""

    def __init__(self, found: Found) -> None:
        """Write its configuration; `start` starts it."""
        self.folder = Path(tempfile.mkdtemp(prefix="watchroom-registry-"))
        self.address = f"127.0.0.1:{free_port()}"
        config = {
            "version": 0.1,
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "images")}},
            "http": {"addr": self.address},
        }
        path = self.folder / "config.yml"
        path.write_text(json.dumps(config))  # JSON is YAML
        command = [str(found.program), "serve", str(path)]
        self.server = Server("registry", command, self.folder / "registry.log")

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.server.start(lambda: http_ok(f"http://{self.address}/v2/"))

    def close(self) -> None:
        """End it and remove what it kept."""
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def push(self, repository: str, tag: str) -> str:
        """Store an image without content under a tag, another one each time; give its digest."""
        index = {
            "schemaVersion": 2, "mediaType": INDEX, "manifests": [],
            "annotations": {"made": os.urandom(8).hex()},
        }  # fmt: skip
        body = json.dumps(index).encode()
        request = urllib.request.Request(
            f"http://{self.address}/v2/{repository}/manifests/{tag}",
            data=body,
            headers={"Content-Type": INDEX},
            method="PUT",
        )
        with urllib.request.urlopen(request, timeout=10.0):
            return f"sha256:{hashlib.sha256(body).hexdigest()}"
