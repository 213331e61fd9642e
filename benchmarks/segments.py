"""Are the changes of a whole history found, and no others?

    python benchmarks/segments.py [FOLDER] [--series 100] [--seed 1] [--peers]

Prints the mean F1 score of `detectors.change.segments` on made-up series of several kinds, as the
Turing change point data set defines it (van den Burg and Williams, arXiv:2003.06222): a change is
found within 5 figures of it, the start of the series counts as one, and of several annotators
precision is by all of them together and recall the mean. FOLDER holds that data set (its
`annotations.json`, and `*.json` of series anywhere below): then also that of each series of one
dimension without a missing figure, beside marking nothing. No setting was chosen on them. `--peers`
adds ruptures (`pip install ruptures`): kernel change points with a linear kernel, which is a change
of mean, at the penalty of Schwarz, with the noise from the spread of differences, as of the series
alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.change.segments import segment

try:
    import ruptures
except ImportError:  # only compared with
    ruptures = None

MARGIN = 5
Floats = NDArray[np.float64]


def hits(truth: Collection[int], marked: Collection[int]) -> int:
    """How many of the truth are marked, each by a mark of its own."""
    left, found = set(marked), 0
    for each in sorted(truth):
        near = min(left, key=lambda mark: (abs(mark - each), mark), default=None)
        if near is not None and abs(near - each) <= MARGIN:
            found += 1
            left.remove(near)
    return found


def f1(annotations: Mapping[str, Collection[int]], marked: Collection[int]) -> float:
    """The score of some marks by the changes that annotators see."""
    marks = {0, *marked}
    truths = [{0, *each} for each in annotations.values()]
    precision = hits(set().union(*truths), marks) / len(marks)
    recall = sum(hits(truth, marks) / len(truth) for truth in truths) / len(truths)
    return 2 * precision * recall / (precision + recall)


def drawn(kind: str, chance: np.random.Generator) -> tuple[Floats, list[int]]:
    """A series of 60 to 400 figures, and the places of its changes."""
    size = int(chance.integers(60, 400))
    number = 0 if kind.startswith("none") else int(chance.integers(1, 4))
    places = sorted((chance.permutation(np.arange(1, size // 20))[:number] * 20).tolist())
    alike = 0.5 if "alike" in kind else 0.0
    # Student's t with 3 degrees of freedom, of variance 1: one figure in 100 is out by 2.6.
    noise = chance.standard_t(3, size) / np.sqrt(3) if "tails" in kind else chance.normal(size=size)
    for place in range(1, size):
        noise[place] = alike * noise[place - 1] + np.sqrt(1 - alike**2) * noise[place]
    t = np.arange(size)
    y = noise.copy()
    for place in places:
        step = chance.choice([-1, 1]) * chance.uniform(2, 4)
        y += (step * np.maximum(t - place, 0) / 15) if "slope" in kind else step * (t >= place)
    if "trend" in kind:
        y += chance.choice([-1, 1]) * t * 0.05
    if "counts" in kind:
        y = chance.poisson(np.exp(3.5 + (y - noise) / 8)).astype(float)
    return y, places


KINDS = (
    "none", "none, alike", "none, trend", "levels", "levels, alike", "levels, trend",
    "levels, counts", "none, tails", "levels, tails", "slopes", "slopes, alike",
)  # fmt: skip


def by_ruptures(y: Floats) -> list[int]:
    """What ruptures marks."""
    differences = np.diff(y)
    sigma = 1.4826 * np.median(np.abs(differences - np.median(differences))) / 2**0.5
    scaled = y / (sigma if sigma > 0.0 else max(float(np.std(differences)), 1e-12))
    found = ruptures.KernelCPD(kernel="linear", min_size=2).fit(scaled.reshape(-1, 1))
    marks: list[int] = found.predict(pen=2 * np.log(len(y)))
    return marks[:-1]


def series_in(folder: Path) -> Iterator[tuple[str, Floats]]:
    """The series of one dimension of a folder, by name, that miss no figure."""
    for path in sorted(folder.rglob("*.json")):
        held = json.loads(path.read_text("utf-8"))
        if isinstance(held, dict) and held.get("n_dim") == 1:
            raw = held["series"][0]["raw"]
            y = np.array([np.nan if each is None else each for each in raw], float)
            if np.isfinite(y).all():
                yield held["name"], y


def main() -> None:
    """Prints the scores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", action="store_true")
    asked = parser.parse_args()
    if asked.peers and ruptures is None:
        parser.error("ruptures is not installed: pip install ruptures")
    chance = np.random.default_rng(asked.seed)
    peer = "ruptures" if asked.peers else ""
    print(f"{'made up':24}{'F1':>8}{'nothing':>9}{peer:>10}")
    for kind in KINDS:
        scores = []
        for _ in range(asked.series):
            y, places = drawn(kind, chance)
            scores.append(scored(y, {"": places}, peers=asked.peers))
        print(f"{kind:24}{columns(np.mean(scores, axis=0))}", flush=True)
    if asked.folder is None:
        return
    annotations = json.loads((asked.folder / "annotations.json").read_text("utf-8"))
    scores = []
    print(f"\n{'series':24}{'F1':>8}{'nothing':>9}{peer:>10}{'length':>9}{'s':>8}  shape, marks")
    for name, y in series_in(asked.folder):
        began = time.perf_counter()
        found = segment(y)
        took, marks = time.perf_counter() - began, [each.at for each in found.changes]
        scores.append(scored(y, annotations[name], peers=asked.peers))
        said = f"{len(y):9}{took:8.2f}  {found.shape} {marks}"
        print(f"{name:24}{columns(scores[-1])}{said}", flush=True)
    print(f"{f'mean of {len(scores)}':24}{columns(np.mean(scores, axis=0))}")


def scored(y: Floats, annotations: Mapping[str, Collection[int]], *, peers: bool) -> list[float]:
    """The scores of a series: ours, of marking nothing, and of a peer."""
    marks: list[Collection[int]] = [[each.at for each in segment(y).changes], []]
    if peers:
        marks.append(by_ruptures(y))
    return [f1(annotations, each) for each in marks]


def columns(scores: Collection[float]) -> str:
    """Scores as they stand in a line."""
    return "".join(f"{each:{width}.3f}" for each, width in zip(scores, (8, 9, 10), strict=False))


if __name__ == "__main__":
    main()
