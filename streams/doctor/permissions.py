"""Whether none but their owner reads the files of the state: they hold records of people."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from streams.doctor.finding import Examined, Finding, Unknown, examined
from streams.doctor.setup import Setup
from streams.private import OTHERS

CHECK = "permissions"


def check(setup: Setup) -> Examined:
    """Reads the modes and owners of folders and of what is in them."""
    folders = [folder for folder in setup.checkpoints if folder.is_dir()]
    if not folders:
        raise Unknown("name the folder of a worker's state: --checkpoints FOLDER")
    files = sum(1 for folder in folders for _ in folder.iterdir())
    found = [each for folder in folders for each in of_folder(folder)]
    return examined(CHECK, f"{len(folders)} folders, {files} files", found)


def of_folder(folder: Path) -> Iterator[Finding]:
    """What others may do in a folder, and files of another owner."""
    held = folder.stat()
    if held.st_mode & OTHERS:
        problem = f"others may enter the folder (mode {stat.S_IMODE(held.st_mode):o})"
        yield Finding(subject=str(folder), problem=problem, cure=f"chmod 700 {folder}")
    open_to_others, foreign = [], []
    for path in sorted(folder.iterdir()):
        of = path.lstat()
        if stat.S_ISREG(of.st_mode) and of.st_mode & OTHERS:
            open_to_others.append(path)
        if of.st_uid != held.st_uid:
            foreign.append(path)
    if open_to_others:
        problem = f"others may read or write {len(open_to_others)} files ({open_to_others[0].name})"
        cure = f"chmod 600 {folder}/*, or start the worker again: it makes them so"
        yield Finding(subject=str(folder), problem=problem, cure=cure)
    if foreign:
        problem = f"{len(foreign)} files are not of the folder's owner ({foreign[0].name})"
        cure = f"chown -R {held.st_uid}:{held.st_gid} {folder}"
        yield Finding(subject=str(folder), problem=problem, cure=cure)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        problem = "this user may not read and write there"
        cure = f"Run it as the owner: sudo -u '#{held.st_uid}' watchroom doctor"
        yield Finding(subject=str(folder), problem=problem, cure=cure, grave=False)
