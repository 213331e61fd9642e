"""Finds the Pythons that Watchroom supports: `python -m tests.pythons` prints those that are found.

One line each (`3.12 /usr/bin/python3.12`), the newest first, but for the version that runs this,
whose tests are those of `make test`. The versions are those of the classifiers in pyproject.toml.
One that is not there is named on the standard error, with the way to get it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
ASK = "import sys; print(*sys.version_info[:2], sys.executable, sep='\\n')"


def supported() -> tuple[str, ...]:
    """The versions that the classifiers name, in their order."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found = (re.fullmatch(r".* :: Python :: (3\.\d+)", line) for line in project["classifiers"])
    return tuple(match[1] for match in found if match)


def find(version: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """An interpreter of a version that runs; None where there is none.

    A name on the PATH may be a shim that runs nothing (pyenv's, of a version that was not chosen),
    so each is asked who it is.
    """
    for candidate in _candidates(version, environ):
        try:
            told = subprocess.run(
                [candidate, "-I", "-c", ASK], capture_output=True, text=True, timeout=20, check=True
            ).stdout.splitlines()
        except (OSError, subprocess.SubprocessError):
            continue
        if len(told) == 3 and ".".join(told[:2]) == version:
            return Path(told[2])
    return None


def _candidates(version: str, environ: Mapping[str, str]) -> Iterator[Path]:
    for folder in environ.get("PATH", "").split(os.pathsep):
        if folder:
            yield Path(folder) / f"python{version}"
    home = Path(environ.get("HOME", "~")).expanduser()
    for root, names, inside in (
        (Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions", version, "bin/python"),
        (home / ".local/share/uv/python", f"cpython-{version}", "bin/python3"),
    ):
        yield from (found / inside for found in sorted(root.glob(f"{names}.*"), key=_newest))


def _newest(folder: Path) -> list[int]:
    return [-int(number) for number in re.findall(r"\d+", folder.name)]


def main() -> None:
    """Prints what is found."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    for version in reversed(supported()):
        if version == running:
            continue
        found = find(version)
        if found is not None:
            print(version, found)
        else:
            print(
                f"Missing: Python {version}; the tests with it are left out. Get it: "
                f"apt-get install python{version}-venv, or pyenv install {version}",
                file=sys.stderr,
            )


if __name__ == "__main__":
    main()
