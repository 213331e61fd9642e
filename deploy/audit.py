"""What Watchroom is delivered with: its parts, their licences and their known vulnerabilities.

`make audit` installs what an installation runs on (requirements/runtime.txt) into an environment of
its own and calls this. The parts are listed by cyclonedx-py as a CycloneDX document, and their
versions looked up by pip-audit; neither belongs to what Watchroom itself runs on.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REQUIREMENTS = Path("requirements/runtime.txt")
WENT_WELL, FOUND, NOT_KNOWN = 0, 1, 3
SECONDS = 900
"""How long one of the tools may take."""

# What may be delivered with a program under Apache 2.0, as packages name it. Anything else is for a
# person to read: a licence that is new here is no fault, but nobody has looked at it yet.
PERMITTED = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0",
    "MPL-2.0", "PSF-2.0", "Python-2.0", "Zlib",
    "License :: OSI Approved :: Apache Software License",
    "License :: OSI Approved :: BSD License",
    "License :: OSI Approved :: MIT License",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)",
    "License :: Repoze Public License",  # BSD's terms, with a line on trademarks
})  # fmt: skip


@dataclass(frozen=True)
class Vulnerability:
    """A known vulnerability of a part: its version, the entry's name and what mends it."""

    part: str
    entry: str
    mended_in: tuple[str, ...]

    def __str__(self) -> str:
        """Say which part, which entry, and the version to take."""
        cure = f"mended in {', '.join(self.mended_in)}" if self.mended_in else "not mended yet"
        return f"{self.part}: {self.entry}, {cure}"


def licences(component: Mapping[str, Any]) -> list[str]:
    """Give the licences that a component of a CycloneDX document states, none if it states none."""
    stated = []
    for entry in component.get("licenses", ()):
        licence = entry.get("license", {})
        if name := entry.get("expression") or licence.get("id") or licence.get("name"):
            stated.append(name)
    return stated


def _permitted(licence: str) -> bool:
    """Tell whether an SPDX expression holds by permitted licences alone, or one of them by OR."""
    if licence in PERMITTED:
        return True
    bare = licence.replace("(", " ").replace(")", " ")
    return bool(bare.strip()) and any(
        all(name.strip() in PERMITTED for name in choice.split(" AND "))
        for choice in bare.split(" OR ")
    )


def unread_licences(components: Iterable[Mapping[str, Any]]) -> list[str]:
    """Give a line for each part that states no licence, or one that is not among the permitted.

    A part may state several (an expression and a classifier, say): each has to be permitted.
    """
    lines = []
    for component in components:
        stated = licences(component)
        if not stated or not all(_permitted(licence) for licence in stated):
            what = " and ".join(stated) if stated else "no licence stated"
            lines.append(f"{component['name']} {component.get('version', '')}: {what}")
    return lines


def looked_up(report: Mapping[str, Any]) -> tuple[list[Vulnerability], list[str]]:
    """Read pip-audit's JSON: what was found, and the parts that it could not look up.

    pip-audit ends well and says "No known vulnerabilities found" also when its database answered
    for no part at all; so what was skipped is not passed over here.
    """
    found, skipped = [], []
    for part in report["dependencies"]:
        if "skip_reason" in part:
            skipped.append(part["name"])
            continue
        name = f"{part['name']} {part['version']}"
        found += [
            Vulnerability(name, entry["id"], tuple(entry["fix_versions"]))
            for entry in part["vulns"]
        ]
    return found, skipped


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def list_parts(tools: Path, environment: Path, target: Path) -> list[dict[str, Any]]:
    """Write the CycloneDX document of an environment, and give its components.

    Raises:
        RuntimeError: cyclonedx-py failed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    done = _run([
        str(tools / "cyclonedx-py"), "environment", "--of", "JSON", "--output-reproducible",
        "--pyproject", "pyproject.toml", "-o", str(target), str(environment),
    ])  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"cyclonedx-py could not list the parts: {_last_line(done.stderr)}")
    components: list[dict[str, Any]] = json.loads(target.read_text())["components"]
    # What every virtual environment begins with is not delivered.
    return [part for part in components if part["name"] not in {"pip", "setuptools"}]


def vulnerabilities(tools: Path) -> tuple[list[Vulnerability], list[str]] | str:
    """Look up every locked part; where the database can't be asked, give the reason instead."""
    done = _run([
        str(tools / "pip-audit"), "-r", str(REQUIREMENTS), "--require-hashes", "--disable-pip",
        "--progress-spinner", "off", "-f", "json",
    ])  # fmt: skip
    try:
        found, skipped = looked_up(json.loads(done.stdout))
    except (json.JSONDecodeError, KeyError):
        return _last_line(done.stderr)
    return found, skipped


def _print_licences(components: list[dict[str, Any]], target: Path) -> int:
    unread = unread_licences(components)
    print(f"Parts: {len(components)}, listed in {target} (CycloneDX).")
    if not unread:
        print(f"Licences: all {len(components)} are among those that were read and permitted.")
        return WENT_WELL
    print("Licences that nobody has read yet (read them, then add them to deploy/audit.py):")
    for line in unread:
        print(f"  {line}")
    return FOUND


def _print_vulnerabilities(result: tuple[list[Vulnerability], list[str]] | str) -> int:
    if isinstance(result, str):
        print(f"Vulnerabilities: NOT KNOWN. The database could not be asked: {result}")
        return NOT_KNOWN
    found, skipped = result
    for vulnerability in found:
        print(f"Vulnerability: {vulnerability}")
    if skipped:
        first = ", ".join(skipped[:5]) + (", ..." if len(skipped) > 5 else "")
        print(
            f"Vulnerabilities: NOT KNOWN for {len(skipped)} parts ({first}): the database gave no "
            "answer for them. Run this where it can be reached before you rely on it."
        )
    elif not found:
        print("Vulnerabilities: none is known for any part.")
    if found:
        return FOUND
    return NOT_KNOWN if skipped else WENT_WELL


def main() -> int:
    """List the parts, judge their licences and look up their vulnerabilities."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit codes: 0 nothing was found; 1 a vulnerability, or a licence nobody has read; "
        "2 a tool failed; 3 the database of vulnerabilities could not be asked for every part.",
    )
    parser.add_argument("--tools", type=Path, required=True, help="folder with the two programs")
    parser.add_argument(
        "--environment", type=Path, required=True, help="Python to list the parts of"
    )
    parser.add_argument("-o", type=Path, default=Path("build/watchroom.cdx.json"), dest="target")
    options = parser.parse_args()
    try:
        components = list_parts(options.tools, options.environment, options.target)
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return 2
    codes = {
        _print_licences(components, options.target),
        _print_vulnerabilities(vulnerabilities(options.tools)),
    }
    return FOUND if FOUND in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main())
