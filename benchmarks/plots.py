"""Draws the pictures in docs/detectors from the benchmark of detection.

    python benchmarks/plots.py [--replicates 10000]

power.svg: how often a step is found within 9 months, by its size, at 5 % false alarms a year.
delay.svg: how soon, as the share found by each month after the step.
rebase.svg: a chart that re-bases itself from 364 to 394 a month, with its limits.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from detection import power
from detection_methods import AS_THEY_ARE, CALIBRATED, CHOSEN, ESTIMATED, FORCES, Design, sample
from svg import AMBER, BLUE, GREEN, GREY, Panel, picture

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.change.shiryaev_roberts import ShiryaevRoberts
from streams.board.control import ControlPoint, judge
from streams.charts import model
from streams.charts.indicator import flags_of, levels_of
from streams.charts.layout import layout
from streams.charts.model import Chart, Mark
from streams.charts.svg import standalone
from streams.periods import Calendar
from streams.registry.charting import ChartPolicy

ROOT = Path(__file__).parents[1]
TO = ROOT / "docs/detectors"
SHARE, MONTH = 0.05, 4
STEPS = (1.0, 1.04, 1.08, 1.12, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4, 1.5, 1.6)
SHOWN = {CHOSEN: ("chosen", BLUE), ESTIMATED: ("CUSUM", AMBER), FORCES: ("forces' rule", GREY)}
RUN = "run of 8 alone"
DESIGNS = (
    ("364 a month, dispersion 3", Design()),
    ("the same, 36 baseline months", Design(baseline=36)),
    ("30 a month, dispersion 3", Design(level=30)),
    ("4 a month, dispersion 1", Design(level=4, dispersion=1)),
)
PERCENT = [(share / 4, f"{share * 25} %") for share in range(5)]


def limits(design: Design, replicates: int) -> dict[str, float]:
    stable = sample(design, replicates, 1)
    return {
        name: float(np.quantile(CALIBRATED[name](stable)[0].max(1), 1 - SHARE)) for name in SHOWN
    }


def power_curves(replicates: int) -> str:
    panels = []
    for place, (title, design) in enumerate(DESIGNS):
        left, top = 56 + place % 2 * 410, 44 + place // 2 * 270
        panel = Panel(left, top, 260, 180, (1.0, 1.6), (0, 1))
        panel.title(title)
        panel.up(PERCENT)
        panel.across([(1 + i / 10, f"+{10 * i} %") for i in range(0, 7, 2)])
        found: dict[str, list[float]] = {name: [] for name in SHOWN}
        at = limits(design, replicates)
        for step in STEPS:
            data = sample(design, replicates, 3, step, MONTH)
            for name in SHOWN:
                found[name].append(power(CALIBRATED[name](data), at[name], MONTH).within[2])
        for name in reversed(SHOWN):
            panel.line(list(zip(STEPS, found[name], strict=True)), SHOWN[name][1])
        ends = spread([found[name][-1] for name in SHOWN])
        for (words, colour), end in zip(SHOWN.values(), ends, strict=True):
            panel.name((STEPS[-1], end), words, colour)
        panels.append(panel)
    return picture(panels, 830, 560, "Share of steps found within 9 months, by size of the step")


def spread(ends: list[float], apart: float = 0.085) -> list[float]:
    """Heights for names, in the order given from the top, so that none covers another."""
    places = list(ends)
    for i in range(1, len(places)):
        places[i] = min(places[i], places[i - 1] - apart)
    return places


def delays(replicates: int) -> str:
    panels = []
    at = {**limits(Design(), replicates), RUN: AS_THEY_ARE[RUN][1]}
    shown = {CHOSEN: SHOWN[CHOSEN], ESTIMATED: SHOWN[ESTIMATED], RUN: ("run of 8", GREEN)}
    shown[FORCES] = SHOWN[FORCES]
    methods = {**CALIBRATED, RUN: AS_THEY_ARE[RUN][0]}
    for place, step in enumerate((1.08, 1.15)):
        panel = Panel(56 + place * 410, 44, 260, 220, (0, 9), (0, 1))
        panel.title(f"a step of +{step - 1:.0%}".replace("%", " %"))
        panel.up(PERCENT)
        panel.across([(m, str(m)) for m in (1, 3, 6, 9)], "months of the new level")
        data = sample(Design(), replicates, 3, step, MONTH)
        ends = {}
        for name, (_, colour) in shown.items():
            found = power(methods[name](data), at[name], MONTH)
            share = found.within[2] / max(1, len(found.delays))
            curve = [(m, float((found.delays <= m).sum()) * share) for m in range(10)]
            panel.line(curve, colour)
            ends[name] = curve[-1][1]
        order = sorted(ends, key=lambda name: -ends[name])
        for name, end in zip(order, spread([ends[name] for name in order], 0.07), strict=True):
            panel.name((9, end), *shown[name])
        panels.append(panel)
    return picture(panels, 830, 320, "Share of steps found by each month after the step")


def months() -> list[float]:
    """Illustrative: 12 months of 364 on average, then 394, of which the first 8 meet it exactly."""
    random = np.random.default_rng(11)
    before = np.round(random.normal(0, 14, 12))
    after = np.round(random.normal(0, 12, 8))
    before[-1] -= before.sum()
    after[-1] -= after.sum()
    return [*(364 + before).tolist(), *(394 + after).tolist(), 401.0, 387.0, 398.0, 379.0]


def rebased() -> str:
    """A control chart of these months, and when the detector alarms."""
    detector = ShiryaevRoberts()
    calendar = Calendar(ZoneInfo("Europe/London"))
    judged: list[ControlPoint] = []
    alarm = None
    for value in months():
        start = judged[-1].end if judged else calendar.midnight(2016, 3, 1)
        period = calendar.holding("month", start)
        judged.append(ControlPoint(period.label, start, period.end, value))
        detector.update(value)
        if alarm is None and detector.drift_detected:
            alarm = start
    judge(judged, ChartPolicy(), [])
    assert [(round(one.moved.old), round(one.moved.new)) for one in judged if one.moved] == [
        (364, 394)
    ]
    words = "Shiryaev-Roberts alarms"
    made = Chart(
        title="Criminal damage: re-based from 364 to 394 after eight months above",
        unit="count",
        period="month",
        points=tuple(
            model.ChartPoint(
                start=calendar.local(one.start),
                end=calendar.local(one.end),
                label=one.label,
                value=one.value,
            )
            for one in judged
        ),
        levels=tuple(levels_of(judged, "count")),
        flags=tuple(flags_of(judged, "count", "month")),
        marks=(Mark(at=calendar.local(alarm), kind="note", words=words),) if alarm else (),
    )
    return standalone(layout(made, 760, 360, "print"), "rebase")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=10_000, help="series of each design")
    options = parser.parse_args()
    TO.mkdir(exist_ok=True)
    for name, text in (
        ("power", power_curves(options.replicates)),
        ("delay", delays(options.replicates)),
        ("rebase", rebased()),
    ):
        (TO / f"{name}.svg").write_text(text, encoding="utf-8")
        print(TO.relative_to(ROOT) / f"{name}.svg")


if __name__ == "__main__":
    main()
