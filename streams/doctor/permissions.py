"""Whether none but their owner reads the files of the state, which hold records of people, and
whether the owner can."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from streams.doctor.finding import Examined, Finding, NotKnown, examined
from streams.doctor.setup import Setup
from streams.private import FILE, FOLDER, OTHERS

CHECK = "permissions"


def check(setup: Setup) -> Examined:
    """Reads the modes and owners of folders and of what is in them."""
    folders = [folder for folder in setup.checkpoints if folder.is_dir()]
    if not folders:
        raise NotKnown("name the folder of a worker's state: --checkpoints FOLDER")
    readable = [folder for folder in folders if os.access(folder, os.R_OK)]
    files = sum(1 for folder in readable for _ in folder.iterdir())
    found = [each for folder in folders for each in of_folder(folder)]
    return examined(CHECK, f"{len(folders)} folders, {files} files", found)


def of_folder(folder: Path) -> Iterator[Finding]:
    """What others may do in a folder, what its owner may not, and files of another owner."""
    # X: a folder without it can't be entered, and a file has no use for it.
    cure = f"chmod -R u=rwX,go= {shlex.quote(str(folder))}"
    held = folder.stat()
    if held.st_mode & OTHERS:
        problem = f"others may enter the folder (mode {stat.S_IMODE(held.st_mode):o})"
        yield Finding(subject=str(folder), problem=problem, cure=cure)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK) and held.st_mode & FOLDER == FOLDER:
        problem = "this user may not read and write there"
        as_owner = f"Run it as the owner: sudo -u '#{held.st_uid}' watchroom doctor"
        yield Finding(subject=str(folder), problem=problem, cure=as_owner, grave=False)
    for path in shut(folder):
        problem = f"its owner can't use it (mode {stat.S_IMODE(path.lstat().st_mode):o})"
        yield Finding(subject=str(path), problem=problem, cure=cure)
    if not os.access(folder, os.R_OK | os.X_OK):
        return
    open_to_others, foreign = [], []
    for path in sorted(folder.iterdir()):
        of = path.lstat()
        if stat.S_ISREG(of.st_mode) and of.st_mode & OTHERS:
            open_to_others.append(path)
        if of.st_uid != held.st_uid:
            foreign.append(path)
    if open_to_others:
        problem = f"others may read or write {len(open_to_others)} files ({open_to_others[0].name})"
        or_start = f"{cure}, or start the worker again: it makes them so"
        yield Finding(subject=str(folder), problem=problem, cure=or_start)
    if foreign:
        problem = f"{len(foreign)} files are not of the folder's owner ({foreign[0].name})"
        change = f"chown -R {held.st_uid}:{held.st_gid} {folder}"
        yield Finding(subject=str(folder), problem=problem, cure=change)


def shut(folder: Path) -> Iterator[Path]:
    """Folders that their owner can't enter, read or write, and such files, as deep as can be
    seen. By their modes: whoever looks may be allowed more than the owner, as root is."""
    if _lacks(folder, FOLDER):
        yield folder
    for at, folders, files in os.walk(folder):
        if not os.access(at, os.X_OK):  # names alone can be read there
            continue
        yield from (path for name in sorted(folders) if _lacks(path := Path(at, name), FOLDER))
        yield from (path for name in sorted(files) if _lacks(path := Path(at, name), FILE))


def _lacks(path: Path, mode: int) -> bool:
    """Whether the owner has less than the mode; no link is followed, and what is neither folder
    nor file, or has gone meanwhile, has all."""
    try:
        held = path.lstat().st_mode
    except FileNotFoundError:
        return False
    return (stat.S_ISREG(held) or stat.S_ISDIR(held)) and held & mode != mode
