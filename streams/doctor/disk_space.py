"""Whether the folders of the state can be written, and how much room they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from streams.doctor.finding import Examined, Finding, NotKnown, examined
from streams.doctor.setup import Setup
from streams.state import disk

CHECK = "disk"


def check(setup: Setup) -> Examined:
    """Writes a little into each folder, and deletes it again."""
    if not setup.checkpoints:
        raise NotKnown("name the folder of a worker's state: --checkpoints FOLDER")
    found = {folder: disk.measure(folder) for folder in setup.checkpoints}
    said = ", ".join(f"{disk.megabytes(each.free)} free" for each in found.values())
    return examined(CHECK, said, of_disks(found))


def of_disks(found: Mapping[Path, disk.Disk]) -> Iterator[Finding]:
    """What is wrong with folders."""
    for folder, each in found.items():
        if not folder.exists():
            problem = "there is no such folder"
            yield Finding(subject=str(folder), problem=problem, cure=f"mkdir -m 700 -p {folder}")
        elif words := disk.words_of(folder, each):
            of = Finding.of_words(str(folder), words)
            cure = f"{of.cure}. See what is large: du -axh {folder} | sort -h | tail"
            yield Finding(subject=of.subject, problem=of.problem, cure=cure)
        if aside := [*folder.glob("*.damaged-*"), *folder.glob("*.outdated-*")]:
            yield Finding(
                subject=str(folder),
                problem=f"{len(aside)} files were set aside, and nothing reads them",
                cure=f"Look at the disk where they are damaged, then: rm {folder}/*.damaged-* "
                f"{folder}/*.outdated-*",
                grave=False,
            )
