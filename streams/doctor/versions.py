"""Versions: of Python, of the packages that Watchroom stands on, and of the brokers."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from streams.doctor.brokers import Brokers
from streams.doctor.finding import Examined, Finding, examined
from streams.doctor.setup import Setup

CHECK = "versions"
LEAST_KAFKA = (2, 8)
"""The oldest brokers whose topics have ids, by which it is seen that one was made again."""
_NEED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*([^;]*)(?:;(.*))?$")
_BOUND = re.compile(r"(>=|<)\s*([0-9][0-9.]*)")


def check(setup: Setup, state: Brokers | None) -> Examined:  # noqa: ARG001 - as every check
    """Compares what is installed with what is needed."""
    needs = list(needed(requires("watchroom") or ()))
    held = dict(installed(name for name, _ in needs))
    python = ".".join(map(str, sys.version_info[:3]))
    brokers = f", Kafka {' and '.join(state.versions)}" if state else ""
    findings = [
        *of_python(sys.version_info[:3], metadata("watchroom")["Requires-Python"] or ""),
        *of_packages(needs, held),
        *of_brokers(state.versions if state else ()),
    ]
    said = f"Watchroom {version('watchroom')}, Python {python}, {len(needs)} packages{brokers}"
    return examined(CHECK, said, findings)


def needed(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and bounds of the packages that are always needed.

    >>> list(needed(["click>=8.2.0", 'pyarrow>=18; extra == "parquet"']))
    [('click', '>=8.2.0')]
    """
    for line in lines:
        found = _NEED.match(line.strip())
        if found and "extra" not in (found[3] or ""):
            yield found[1], found[2].strip()


def installed(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The versions of those that are installed."""
    for name in names:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def within(held: str, bounds: str) -> bool:
    """Whether a version is within bounds; those of other kinds than `>=` and `<` are passed over.

    >>> within("8.10.1", ">=8.2.0"), within("0.16.1", ">=0.15.3,<0.16")
    (True, False)
    """
    has = numbers(held)
    return all(
        has >= numbers(bound) if sign == ">=" else has < numbers(bound)
        for sign, bound in _BOUND.findall(bounds)
    )


def numbers(text: str) -> tuple[int, ...]:
    """The numbers that a version begins with, without noughts at the end."""
    found = [int(each) for each in re.findall(r"\d+", re.split(r"[^0-9.]", text)[0])]
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def of_python(held: tuple[int, ...], bounds: str) -> Iterator[Finding]:
    """A Python that is too old."""
    if not within(".".join(map(str, held)), bounds):
        problem = f"is {'.'.join(map(str, held))}, and Watchroom needs {bounds}"
        cure = "Install a newer one, and Watchroom into an environment of it: python3 -m venv"
        yield Finding(subject="Python", problem=problem, cure=cure)


def of_packages(needs: Iterable[tuple[str, str]], held: Mapping[str, str]) -> Iterator[Finding]:
    """Packages that are missing, or of a version that is not tried."""
    for name, bounds in needs:
        if name not in held:
            problem = "is not installed"
        elif not within(held[name], bounds):
            problem = f"is {held[name]}, and Watchroom needs {bounds}"
        else:
            continue
        cure = f"{sys.executable} -m pip install '{name}{bounds}'"
        yield Finding(subject=name, problem=problem, cure=cure)


def of_brokers(versions: Iterable[str]) -> Iterator[Finding]:
    """Brokers that are too old."""
    for each in versions:
        if numbers(each) < LEAST_KAFKA:
            least = ".".join(map(str, LEAST_KAFKA))
            problem = f"a broker is of version {each}; topics have ids from {least} on"
            cure = "Upgrade the brokers: without ids nobody sees that a topic was made again"
            yield Finding(subject="Kafka", problem=problem, cure=cure)
