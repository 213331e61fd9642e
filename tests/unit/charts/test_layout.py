"""Where things stand in a chart: words that never overlap, gaps, scales and what is left out."""

from __future__ import annotations

import datetime as dt
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.charts.layout import layout
from streams.charts.model import (
    Chart,
    ChartPoint,
    ChartTarget,
    Earlier,
    Level,
    Mark,
    PointFlag,
    Range,
)
from streams.charts.shapes import Dot, Layout, Polyline, Purpose, Text
from streams.charts.text import Box
from streams.config.measures import FigureUnit
from streams.periods import GRAINS, Grain
from tests.charts import BURGLARIES, PICTURES, chart, dense, full, instant, points, rates


def overlaps(made: Layout) -> list[tuple[str, str]]:
    """Words that meet other words."""
    return [
        (one.words, other.words)
        for one, other in combinations(made.texts, 2)
        if one.box.meets(other.box)
    ]


def outside(made: Layout) -> list[str]:
    """Words that are not all within the picture."""
    page = Box(-0.1, 0, made.width + 0.1, made.height)
    return [each.words for each in made.texts if not each.box.within(page)]


def lines(made: Layout, kind: str) -> list[Polyline]:
    return [each for each in made.shapes if isinstance(each, Polyline) and each.kind == kind]


def dots(made: Layout, kind: str) -> list[Dot]:
    return [each for each in made.shapes if isinstance(each, Dot) and each.kind == kind]


def texts(made: Layout, *kinds: str) -> list[str]:
    return [each.words for each in made.texts if each.kind in kinds]


def of_plot(made: Layout, shapes: list[Any]) -> list[Any]:
    """Those that are no sign of the key."""
    return [
        each
        for each in shapes
        if (each.y if isinstance(each, Dot) else each.places[0][1]) >= made.plot.top - 1
    ]


@pytest.mark.parametrize("name", PICTURES)
def test_no_words_overlap_and_none_are_cut_off(name: str) -> None:
    assert overlaps(PICTURES[name]) == []
    assert outside(PICTURES[name]) == []


@st.composite
def any_chart(draw: st.DrawFn) -> Chart:
    """A chart of any shape, with everything that there may be, and far too many words."""
    size = draw(st.integers(1, 40))
    unit: FigureUnit = draw(st.sampled_from(["count", "ratio", "seconds", "days", "money"]))
    grain: Grain = draw(st.sampled_from(GRAINS))
    top = 1.0 if unit == "ratio" else draw(st.sampled_from([4.0, 900.0, 250_000.0]))
    number = st.floats(0, top)
    values = draw(st.lists(st.none() | number, min_size=size, max_size=size))
    made = points(values, "2022-04-01", grain)
    at = draw(st.integers(0, size - 1))
    words = st.text("abc W%1", max_size=70)
    moments = st.integers(0, int((made[-1].end - made[0].start).total_seconds()) - 1)
    levels = (
        Level(first=0, last=at, centre=draw(number), lower=draw(number), upper=draw(number)),
        *(
            [Level(first=at + 1, last=size - 1, centre=draw(number), why=draw(words))]
            if at + 1 < size
            else []
        ),
    )
    marks = [
        Mark(
            at=made[0].start + dt.timedelta(seconds=draw(moments)),
            kind=draw(st.sampled_from(["alert", "change", "note"])),
            words=draw(words),
        )
        for _ in range(draw(st.integers(0, 6)))
    ]
    return Chart(
        title=draw(st.text("abc Wm", max_size=90)),
        unit=unit,
        period=grain,
        points=made,
        levels=levels,
        expected=tuple(Range(top / 4, top / 2) for _ in made),
        targets=(ChartTarget(first=0, last=at, value=draw(number), bound="at least"),),
        flags=tuple(
            PointFlag(first=each, last=each, rule="limit", side="above", words="out")
            for each in range(0, size, 2)
        ),
        marks=tuple(marks),
    )


@settings(max_examples=40)
@given(any_chart(), st.sampled_from([(360, 480), (840, 370), (1120, 460)]),
       st.sampled_from(["page", "print"]))  # fmt: skip
def test_no_words_of_any_chart_overlap(
    made: Chart, size: tuple[int, int], purpose: Purpose
) -> None:
    found = layout(made, *size, purpose)
    assert overlaps(found) == []
    assert [words for words in outside(found) if words not in made.title] == []


def test_a_line_breaks_where_nothing_is_known_and_does_not_fall_to_zero() -> None:
    made = layout(chart([5, 6, None, 7, 8]))
    before, after = lines(made, "line")
    assert (len(before.places), len(after.places)) == (2, 2)
    assert before.places[-1][0] < after.places[0][0]
    assert len(of_plot(made, lines(made, "missing"))) == 2  # the strokes of one cross
    assert len(dots(made, "dot")) == 4


def test_a_period_that_is_not_over_hangs_on_a_broken_line() -> None:
    *whole, last = points([5, 6, 3])
    running = ChartPoint(start=last.start, end=last.end, label=last.label, value=3, running=True)
    made = layout(chart([], points=(*whole, running)))
    (line,) = lines(made, "line")
    (to_it,) = lines(made, "to-running")
    assert line.places[-1] == to_it.places[0]
    (dot,) = of_plot(made, dots(made, "running"))
    assert (dot.x, dot.y) == to_it.places[-1]


def test_a_count_is_shown_from_zero() -> None:
    made = layout(chart([312, 320, 455]))
    assert texts(made, "tick")[0] == "0"
    assert "By month." in texts(made, "key")


def test_a_share_is_not_and_says_so() -> None:
    made = layout(rates())
    assert texts(made, "tick")[0] == "86 %"
    assert "By quarter; the scale does not begin at 0." in texts(made, "key")


def test_a_tile_has_no_words_and_shows_the_shape_alone() -> None:
    made = PICTURES["tile"]
    assert made.texts == ()
    assert made.spots == ()
    (line, *_) = lines(made, "line")
    assert max(y for _, y in line.places) - min(y for _, y in line.places) > 15


def test_a_level_that_moved_is_a_break_not_a_slope() -> None:
    made = layout(full())
    old, new = of_plot(made, lines(made, "centre"))
    assert {y for _, y in old.places} != {y for _, y in new.places}
    assert old.places[1][0] == new.places[0][0]
    assert "Average 364 to 394" in texts(made, "note")


def test_a_lower_limit_of_a_count_at_zero_is_no_line() -> None:
    level = Level(first=0, last=2, centre=3, lower=0, upper=8)
    made = layout(chart([2, 3, 4], levels=(level,)))
    assert len(of_plot(made, lines(made, "limit"))) == 1
    assert texts(made, "end") == ["upper limit 8"]


def test_what_is_exceptional_has_a_diamond_and_its_value() -> None:
    made = layout(full())
    assert len(of_plot(made, lines(made, "flag"))) == 2
    assert texts(made, "flagged") == ["455", "312"]


def test_every_point_of_a_run_has_a_ring() -> None:
    made = layout(full())
    assert len(of_plot(made, dots(made, "run"))) == 5


def test_paper_has_the_values_that_nobody_can_point_at() -> None:
    assert texts(layout(full(), purpose="page"), "value") == []
    printed = texts(layout(full(), purpose="print"), "value")
    assert {"363", "417"} <= set(printed)


def test_each_point_of_a_page_says_what_is_known_of_it() -> None:
    made = layout(full())
    assert len(made.spots) == 24
    assert made.spots[14].y is None
    assert made.spots[14].words.startswith("February 2026: the feed was silent. Average 394")
    assert sum(each.width for each in made.spots) == pytest.approx(
        made.plot.right - made.plot.left, abs=2.4
    )


def test_many_points_are_faint_dots_around_their_daily_mean() -> None:
    made = layout(dense())
    assert len(dots(made, "faint")) == 494
    assert dots(made, "dot") == []
    assert len(of_plot(made, lines(made, "line"))) == 2  # one on each side of the gap
    assert "mean of a day" in texts(made, "key")


def test_numbers_of_many_exceptional_points_stand_at_the_worst() -> None:
    flags = tuple(
        PointFlag(first=at, last=at, rule="limit", side="above", words="out") for at in range(24)
    )
    level = Level(first=0, last=23, centre=10, lower=5, upper=15)
    values = [20.0 + (at == 7) * 300 for at in range(24)]
    made = layout(chart(values, levels=(level,), flags=flags))
    assert texts(made, "flagged")[0] == "320"
    assert len(texts(made, "flagged")) <= 12


def test_an_alert_is_a_sign_above_the_plot_where_it_began() -> None:
    mark = Mark(at=instant("2025-01-16T12:00:00"), kind="alert", words="Up.")
    made = layout(chart([1, 2, 3], marks=(mark,)))
    sign = lines(made, "alert")[-1]
    assert sign.places[2][0] == pytest.approx(made.spots[1].x, abs=0.1)
    assert sign.places[2][1] < made.plot.top


def test_what_happened_outside_of_the_periods_is_left_out() -> None:
    mark = Mark(at=instant("2030-01-01"), kind="note", words="Later")
    assert texts(layout(chart(marks=(mark,))), "note") == []


LONG = "The new system of recording crimes, in which officers set keywords and no markers, began"


@pytest.mark.parametrize("wide", [840, 350])
def test_a_long_note_is_wrapped_and_whole(wide: int) -> None:
    mark = Mark(at=instant("2025-06-16"), kind="note", words=LONG)
    made = layout(chart(marks=(mark,)), wide, 300)
    rows = [each for each in made.texts if each.kind == "note"]
    assert len(rows) > 1
    assert " ".join(each.words for each in rows) == LONG
    assert [each.y for each in rows] == sorted(each.y for each in rows)
    assert all(each.box.left >= 0 and each.box.right <= wide for each in rows)


def test_notes_for_which_there_is_no_room_in_full_are_cut() -> None:
    marks = tuple(
        Mark(at=instant(f"2025-{month:02}-16"), kind="note", words=LONG) for month in range(5, 9)
    )
    notes = texts(layout(chart(marks=marks), 350, 300), "note")
    assert notes[0] == "The new system of recording"
    assert any(each.endswith("…") for each in notes)


def test_places_are_rounded_to_a_tenth() -> None:
    for made in PICTURES.values():
        for each in made.shapes:
            numbers = (each.x, each.y) if isinstance(each, Dot) else sum(each.places, ())
            assert [n for n in numbers if round(n, 1) != n] == []


def test_a_chart_of_nothing_is_an_empty_frame() -> None:
    made = layout(chart([]))
    assert lines(made, "line") == []
    assert made.said == "Burglaries of homes, Northshire, by month: nothing is known."


def test_a_chart_without_its_title_has_more_room() -> None:
    made = layout(full(), titled=False)
    assert texts(made, "title") == []
    assert made.plot.top < layout(full()).plot.top
    assert made.title == "Burglaries of homes, Northshire"


@pytest.mark.parametrize(("wide", "high", "purpose"), [(60, 300, "tile"), (200, 300, "page")])
def test_a_size_without_room_is_refused(wide: float, high: float, purpose: Purpose) -> None:
    with pytest.raises(ValueError, match="too small for a chart"):
        layout(full(), wide, high, purpose)


def test_places_of_no_point_are_refused() -> None:
    with pytest.raises(ValueError, match="points 3 to 24 are not among 24"):
        chart(BURGLARIES, levels=(Level(first=3, last=24, centre=1),))
    with pytest.raises(ValueError, match="1 values stand beside 24 points"):
        chart(BURGLARIES, earlier=(Earlier("a year before", (1.0,)),))


def test_words_know_their_room() -> None:
    text = Text("strong", 10, 20, "average 394")
    assert text.box.right > Text("end", 10, 20, "average 394").box.right
