"""Charts as text: the same bytes, classes alone, ids of their own, and files with colours."""

from __future__ import annotations

import re

import pytest

from streams.charts.layout import layout
from streams.charts.svg import literal_style, standalone, style, svg
from tests.charts import FOLDER, PICTURES, chart, full


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_the_same_to_the_byte(name: str) -> None:
    assert standalone(PICTURES[name], name) == (FOLDER / f"{name}.svg").read_text("utf-8")


def test_a_chart_on_a_page_has_neither_style_nor_colour() -> None:
    text = svg(layout(full()))
    assert not re.search(r"style|#[0-9a-f]{3,6}\b|fill=|stroke=", text)


def test_it_is_an_image_with_a_title_and_a_description() -> None:
    text = svg(layout(full()), "c1")
    assert 'role="img" aria-labelledby="c1-title" aria-describedby="c1-said">' in text
    assert '<title id="c1-title">Burglaries of homes, Northshire</title>' in text
    assert '<desc id="c1-said">Burglaries of homes, Northshire, by month, from Dec' in text


def test_all_ids_begin_with_the_prefix_of_the_chart() -> None:
    ids = re.findall(r' id="([^"]+)"', svg(layout(full()), "c7"))
    assert ids == ["c7-title", "c7-said"]


def test_words_are_escaped() -> None:
    text = svg(layout(chart([1, 2], title='<b> & "so"')))
    assert "&lt;b&gt; &amp; " in text
    assert "<b>" not in text


def test_a_file_has_its_colours_in_it() -> None:
    text = standalone(layout(full()))
    assert "var(" not in text
    assert "--chart" not in text
    assert ".chart .line{" in text.replace(" {", "{").replace("{ ", "{")
    assert '<rect class="paper"' in text


def test_a_file_has_no_colour_of_a_dark_page() -> None:
    assert "#0f1216" not in literal_style()
    assert "#6cc0ee" not in literal_style()
    assert "#0a5a86" in literal_style()


def test_every_kind_of_thing_has_a_look() -> None:
    known = set(re.findall(r"\.chart \.([a-z-]+)", style()))
    used = {each.kind for made in PICTURES.values() for each in (*made.shapes, *made.texts)}
    assert used - known == {"tick", "key", "end"}  # as all words of a chart


def test_every_theme_has_every_colour() -> None:
    blocks = re.findall(r"\{([^{}]*--chart-paper:[^{}]*)\}", style())
    names = [set(re.findall(r"--chart-[a-z]+", each)) for each in blocks]
    assert len(names) == 4
    assert all(each == names[0] for each in names)
