"""Nothing on a dashboard is told by colour alone, and its colours stay apart for every reader."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import pytest

from grafana import colours
from grafana.committed import dashboards
from tests.dashboard_linter import panels

ALL = dashboards()


def test_a_state_is_told_in_words_and_a_threshold_by_a_line_of_its_own() -> None:
    for dashboard in ALL:
        for panel in panels(dashboard):
            fields = panel["fieldConfig"]["defaults"]
            if len(fields["thresholds"]["steps"]) < 2:
                continue
            # By thresholds, the legend of a band would name numbers.
            assert panel["type"] != "state-timeline" or fields["color"]["mode"] == "fixed"
            if panel["type"] == "timeseries":
                assert fields["custom"]["thresholdsStyle"]["mode"] == "dashed"
                continue
            results = [each["options"]["result"] for each in fields["mappings"]]
            # No text: the number itself, which is a word for more than none.
            texts = [result.get("text", "") for result in results]
            base, *steps = fields["thresholds"]["steps"]
            assert len(set(texts)) == len(texts) == len(steps)
            # Grafana shows what has no value in the colour of the base.
            assert base["color"] == colours.GREY or fields["noValue"].startswith("▼")
            assert {step["color"] for step in steps} == {result["color"] for result in results}


def shown(mappings: list[Any], value: float) -> str | None:
    """What Grafana shows for a value: the text of the first range that holds it."""
    for each in mappings:
        ends = each["options"]
        assert None not in (ends["from"], ends["to"])  # it would be taken for 0
        if ends["from"] <= value <= ends["to"]:
            text: str | None = ends["result"].get("text")
            return text
    raise AssertionError(f"no range holds {value}")


@pytest.mark.parametrize(
    ("title", "words"),
    [
        (
            "Keeping up",
            {0: "● Keeping up", 1000: "● Keeping up", 1001: "▲ Behind", 1e9: "▲ Behind"},
        ),
        ("Ready", {0: "▼ Catching up", 1: "● Ready"}),
        ("Verdict on it", {-1: "▼ Below", 0: "● Within", 1: "▲ Above"}),
        ("Open now", {0: "● None", 1: None, 7: None}),
    ],
)
def test_each_value_has_the_word_that_is_meant(title: str, words: dict[float, str | None]) -> None:
    (panel,) = [p for dashboard in ALL for p in panels(dashboard) if p["title"] == title]
    mappings = panel["fieldConfig"]["defaults"]["mappings"]
    assert {value: shown(mappings, value) for value in words} == words


def test_lines_of_one_panel_differ_in_dashes_or_width_too() -> None:
    for dashboard in ALL:
        for panel in panels(dashboard):
            if panel["type"] != "timeseries":
                continue
            assert panel["options"]["legend"]["showLegend"]
            drawn = []
            for override in panel["fieldConfig"]["overrides"]:
                held = {p["id"]: p["value"] for p in override["properties"]}
                if "custom.drawStyle" not in held:  # points stand above or below the limits
                    dash = tuple(held["custom.lineStyle"].get("dash", ()))
                    drawn.append((dash, held["custom.lineWidth"]))
            assert len(set(drawn)) == len(drawn), panel["title"]
            if any("{{" in target["legendFormat"] for target in panel["targets"]):
                assert panel["options"]["legend"]["displayMode"] == "table"


def test_no_colour_is_left_to_grafanas_red_and_green() -> None:
    known = {value for name, value in vars(colours).items() if name.isupper() and "#" in str(value)}
    for dashboard in ALL:
        text = json.dumps(dashboard)
        assert set(re.findall(r"#[0-9A-Fa-f]{6}\b", text)) <= known
        assert "palette-classic" not in text
        for panel in panels(dashboard):
            assert "thresholds" in panel["fieldConfig"]["defaults"]


# What a person sees who lacks one kind of cone, in linear RGB (Machado, Oliveira, Fernandes 2009,
# severity 1.0).
SEEN = {
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear(colour: str) -> list[float]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def lab(rgb: list[float]) -> tuple[float, float, float]:
    matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    scaled = [
        sum(m * min(1, max(0, c)) for m, c in zip(row, rgb, strict=True)) / w
        for row, w in zip(matrix, white, strict=True)
    ]
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in scaled)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("kind", SEEN)
@pytest.mark.parametrize(
    "together",
    [
        (colours.FINE, colours.NOTICE, colours.ACT),
        tuple(each.colour for each in colours.APPEARANCES[:3]),
    ],
    ids=["states", "first lines"],
)
def test_colours_stay_apart_for_a_colour_blind_reader(kind: str, together: tuple[str, ...]) -> None:
    def seen(colour: str) -> tuple[float, float, float]:
        rgb = linear(colour)
        return lab([sum(m * c for m, c in zip(row, rgb, strict=True)) for row in SEEN[kind]])

    for one, other in combinations(together, 2):
        apart = sum((a - b) ** 2 for a, b in zip(seen(one), seen(other), strict=True)) ** 0.5
        assert apart > 15, (one, other)  # 2 can just be told apart side by side
