"""Programs from Debian's packages: installed as root, or unpacked into the cache as anyone."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.servers.cache import cache_dir, fill_once
from tests.servers.process import MissingError

APT_SECONDS = 600


def _run(command: list[str], cwd: Path | None = None) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    subprocess.run(command, cwd=cwd, env=env, check=True, capture_output=True, timeout=APT_SECONDS)


def _reason(error: Exception) -> str:
    lines = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else str(error)


def can_install() -> bool:
    """Tell whether this user may install Debian packages."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(*packages: str) -> None:
    """Install packages as root. Only for packages that start no service."""
    try:
        _run(["apt-get", "-q", "update"])
        _run(["apt-get", "-q", "-y", "install", "--no-install-recommends", *packages])
    except (subprocess.SubprocessError, OSError) as error:
        cure = f"apt-get install {' '.join(packages)} failed: {_reason(error)}"
        raise MissingError(" and ".join(packages), cure) from error


def _as_it_is(_: Path) -> None:
    """Change nothing."""


def unpack(package: str, adapt: Callable[[Path], None] = _as_it_is, *others: str) -> Path:
    """Download a package, unpack it into the cache and adapt it: needs no root, starts no service.

    What the package depends on is not fetched, but for `others`, which are unpacked beside it.
    """

    def fill(folder: Path) -> None:
        if os.geteuid() == 0:
            _run(["apt-get", "-q", "update"])  # anyone else depends on the lists that are there
        _run(["apt-get", "-q", "download", package, *others], cwd=folder)
        for archive in list(folder.glob("*.deb")):
            _run(["dpkg-deb", "-x", str(archive), str(folder)])
            archive.unlink()
        adapt(folder)

    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise MissingError(package, "This is not a Debian system, so it can't be fetched here.")
    try:
        return fill_once(f"debian-{package}", fill)
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        cure = f"apt-get download {package} failed: {_reason(error)}"
        raise MissingError(package, cure) from error


def unpacked(package: str) -> Path | None:
    """Return the folder of a package that `unpack` fetched earlier."""
    folder = cache_dir() / f"debian-{package}"
    return folder if folder.is_dir() else None
