"""Runs the functions of one file as another process asks for them, on one core.

    python benchmarks/serve.py FILE CORE

Each line of standard input is a JSON list: the name of a function, then its arguments. The answer
is one JSON line: what the function returned, and the CPU seconds that it took; or the error. The
file measures the working tree that PYTHONPATH names, so that one file measures two commits in turn.
`profile` is a function of its own: it names another, and answers with where that one spends its
time.

It needs nothing beyond the standard library, so that another program's environment can run it too.
"""

from __future__ import annotations

import cProfile
import gc
import importlib.util
import json
import os
import pstats
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

MOST = 12
"""Lines of a profile."""


def loaded(path: Path) -> ModuleType:
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def place(file: str, function: str) -> str:
    """The name of a function as a person would look for it: `fold/ledger: add`."""
    if file == "~":
        return function.strip("<>")
    if file.startswith("<"):  # code that is made of declarations
        return f"{file}: {function}"
    *_, folder, module = Path(file).with_suffix("").parts
    return f"{module if folder == 'streams' else f'{folder}/{module}'}: {function}"


def profiled(module: ModuleType, function: str, *arguments: Any) -> list[str]:
    """Where a function spends its time: the share of each of the dearest, by its own time."""
    profile = cProfile.Profile(time.process_time)
    profile.runcall(getattr(module, function), *arguments)
    stats = pstats.Stats(profile)
    total = stats.total_tt or 1.0  # type: ignore[attr-defined]
    own = sorted(stats.stats.items(), key=lambda item: -item[1][2])  # type: ignore[attr-defined]
    return [
        f"{row[2] / total:4.0%} own, {row[3] / total:4.0%} with what it calls: {place(file, name)}"
        for (file, _, name), row in own[:MOST]
    ]


def answer(module: ModuleType, name: str, *arguments: Any) -> dict[str, Any]:
    gc.collect()
    try:
        begun = time.process_time()
        if name == "profile":
            result = profiled(module, *arguments)
        else:
            result = getattr(module, name)(*arguments)
        return {"answer": result, "seconds": time.process_time() - begun}
    except Exception:  # noqa: BLE001  the process that asked is told
        return {"error": traceback.format_exc()}


def main() -> None:
    os.sched_setaffinity(0, {int(sys.argv[2])})
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the functions print does not get between the answers
    module = loaded(Path(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(answer(module, *json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
