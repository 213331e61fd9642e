"""Whether the files that a user wrote can be read: forces, and mappings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from streams.config.force import find_force
from streams.doctor.finding import Examined, Finding, examined
from streams.doctor.setup import Setup
from streams.errors import ConfigError, WatchroomError
from streams.sources.mapping.file import load_mapping

CHECK = "configuration"


def check(setup: Setup) -> Examined:
    """Reads every file."""
    said = f"{len(setup.forces)} forces, {len(setup.mappings)} mappings"
    return examined(CHECK, said, [*of_forces(setup.forces), *of_mappings(setup.mappings)])


def of_forces(names: tuple[str, ...]) -> Iterator[Finding]:
    """What is wrong with force files."""
    held: dict[str, str] = {}
    for name in names:
        try:
            force = find_force(name)
        except WatchroomError as error:
            yield _finding(name, error, f"Mend it, then: watchroom force check {name}")
            continue
        if force.id in held:
            cure = f"Name it once: leave out --force {name}"
            yield Finding(subject=name, problem=f'"{force.id}" is named twice', cure=cure)
        held[force.id] = name


def of_mappings(paths: tuple[Path, ...]) -> Iterator[Finding]:
    """What is wrong with mappings."""
    for path in paths:
        try:
            load_mapping(path)
        except WatchroomError as error:
            cure = f"Mend it, then: watchroom mapping check {path} EXPORT"
            yield _finding(str(path), error, cure)


def _finding(subject: str, error: WatchroomError, cure: str) -> Finding:
    problem = str(error)
    if isinstance(error, ConfigError) and error.cure:
        problem = problem.removesuffix(f". {error.cure}")
        cure = f"{error.cure.rstrip('.')}. {cure}"
    return Finding(subject=subject, problem=problem, cure=cure)
