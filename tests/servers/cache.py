"""The user's cache: what was fetched once serves every later run of the tests."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_dir() -> Path:
    """Return the folder where servers are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "watchroom"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def fill_once(name: str, fill: Callable[[Path], None]) -> Path:
    """Return the cached folder of this name, filled on the first call.

    Two runs that start together fill it once: the second waits. It appears under its name only when
    it is whole, so an interrupted download leaves nothing that looks like a server.
    """
    target = cache_dir() / name
    if target.is_dir():
        return target
    cache_dir().mkdir(parents=True, exist_ok=True)
    with _locked(cache_dir() / f"{name}.lock"):
        if not target.is_dir():
            draft = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache_dir()))
            try:
                fill(draft)
                draft.chmod(0o755)
                draft.rename(target)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    return target
