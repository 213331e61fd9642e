"""The performance summary: its sentences, figures, layout and comments, in exact words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec
import pytest

from streams.board.compare import Beside, Change
from streams.board.query import Query
from streams.board.revisions import FirstFigure
from streams.board.targets import Goal, JudgedTarget
from streams.config.force import find_force
from streams.errors import ConfigError, QueryError
from streams.outputs.figure_csv import csv_text
from streams.outputs.report.build import build, revision, shown_in
from streams.outputs.report.comments import Comment, load_comments
from streams.outputs.report.layout import load_layout, parse_layout
from streams.outputs.report.model import (
    Report,
    ReportFigure,
    ReportSection,
    figures_of,
    why_empty,
)
from streams.outputs.report.page import page
from streams.outputs.report.sentences import Sentences, goal
from streams.periods import DAY, rfc3339
from tests.build import crime, feed, incident, monitor, ms, tiny_force

BEFORE = (34, 38) * 6
"""The first twelve months, from March 2016: 36 on average, limits 31.8 to 40.2."""
ABOVE = (38, 40) * 4
"""Eight months above that average, to October 2017: 39 on average, limits 36.9 to 41.1."""
MOVED = (*BEFORE, *ABOVE, 39, 46)
LAYOUT = """
title = "Summary"

[[chapters]]
title = "Crime"

[[chapters.sections]]
indicator = "total_recorded_crime"
rows = ["vehicle_offences", "homicide"]

[[chapters.sections]]
indicator = "calls_999"

[[chapters]]
title = "Nothing here"

[[chapters.sections]]
title = "Other systems"
reported = true
"""


@cache
def fed(counts: tuple[int, ...]) -> Query:
    """So many crimes a month from March 2016, two of three in the south, as of a month after."""
    watched, events = monitor(tiny_force()), []
    for month, number in enumerate(counts):
        year, place = divmod(2 + month, 12)
        for each in range(number):
            at = f"{2016 + year}-{place + 1:02d}-{each % 28 + 1:02d}T12:00:00Z"
            area = "north" if each % 3 == 0 else "south"
            offence = "vehicle" if each % 4 == 0 else "burglary.residential"
            events.append(crime(f"k{month}-{each}", at, area=area, offence=offence))
    watched.play_history(True)
    feed(watched, *events, crime("last", "2018-01-01T12:00:00Z"))
    return Query(watched, "tiny", ms("2018-02-01T00:00:00Z"))


def made(
    counts: tuple[int, ...] = MOVED, period: str = "2017-Q4", comments: Sequence[Comment] = ()
) -> Report:
    query = fed(counts)
    return build(query, query.stretch(period), parse_layout(LAYOUT, "l.toml", query), comments)


@cache
def quarter() -> Report:
    return made()


def crime_of(report: Report) -> ReportSection:
    return report.chapters[0].sections[0]


def test_a_revised_average_and_what_is_exceptional_above_it_are_said_as_reports_say_it() -> None:
    moved = (
        "Following 8 months of above average volumes, the monthly average increased in October "
        "from 36 to 39 offences."
    )
    assert crime_of(quarter()).sentences[2:4] == [
        moved,
        "Exceptional volumes above this revised average were recorded in December.",
    ]


def test_an_average_that_the_season_may_have_moved_is_said_to_be_so() -> None:
    summer, winter = (39, 41) * 4, (30, 32)
    found = crime_of(made((*winter, *summer, *winter, *winter, *summer))).sentences
    assert found[2:4] == [
        (
            "Following 8 months of above average volumes, the monthly average increased in "
            "December from 37 to 40 offences."
        ),
        "This may be the season: the same months a year before had 40 on average, these 40.",
    ]


def test_a_figure_is_said_with_the_quarter_before_last_year_and_the_average() -> None:
    assert crime_of(quarter()).sentences[0] == (
        "125 offences in October to December 2017: 7.8 % above the quarter before (116), 13.6 % "
        "above the same quarter last year (110) and 10.1 % above the quarter average (114)."
    )


def test_the_year_to_date_is_said_beside_that_of_last_year() -> None:
    assert crime_of(quarter()).sentences[1] == (
        "The financial year to date, 359, is 10.1 % above that of last year (326)."
    )


def test_the_rule_of_quarters_has_a_sentence_of_its_own() -> None:
    # The quarters of 2016/17 have 110, 106, 110 and 110.
    assert crime_of(quarter()).sentences[4] == (
        "By the 4 quarters of the financial year before, the quarter is exceptional: above the "
        "upper limit of 113."
    )


def test_a_gap_in_the_records_is_said_and_compared_with_nothing() -> None:
    watched, events = monitor(tiny_force()), []
    for day in range(212):
        if not 92 <= day < 140:  # 1 October to 17 November 2017
            at = ms("2017-07-01T12:00:00Z") + day * DAY
            events += [crime(f"{day}/{n}", rfc3339(at), area="south") for n in range(5)]
    watched.play_history(True)
    feed(watched, *events)
    query = Query(watched, "tiny", ms("2018-01-29T00:00:00Z"))
    made = build(query, query.stretch("2017-Q4"), parse_layout(LAYOUT, "l.toml", query))
    section = crime_of(made)
    assert section.sentences[0] == "220 offences in October to December 2017."
    assert "The feed was heard in 47.3 % of the quarter." in section.sentences
    assert not any("above" in said for said in section.sentences)
    known = {each.period: each.value for each in section.within if each.area == "north"}
    assert known == {"2017-Q4": 0, "2017-11": 0, "2017-12": 0}  # nothing is known of October
    assert "220 *" in page(made, query.force)


def test_rate_and_the_area_that_moved_most_are_said() -> None:
    assert crime_of(quarter()).sentences[5:7] == [
        "That is 125.00 per 1,000 people.",
        "The largest increase on the quarter before was in South (+6).",
    ]


def test_where_nothing_is_exceptional_the_limits_are_said() -> None:
    report = made((*BEFORE, *(36, 37) * 5))
    assert crime_of(report).sentences[2] == (
        "No month was exceptional: all lie within the limits of 32 and 40."
    )


def test_exceptionally_low_volumes_are_below_the_average_that_held() -> None:
    report = made((*BEFORE, *(36, 37) * 4, 20, 22))
    assert crime_of(report).sentences[2] == (
        "Exceptionally low volumes below the average of 36 were recorded in November and December."
    )


def test_seven_months_in_a_row_are_said_to_bring_a_new_average_with_one_more() -> None:
    report = made((*BEFORE, 36, 36, 35, 37, 38, 38, 37, 39, 38, 39))
    assert crime_of(report).sentences[3] == (
        "December is the 7th consecutive month above the average of 36; one more, and the average "
        "moves."
    )


def test_the_summary_has_a_line_a_section() -> None:
    (row,) = quarter().summary
    assert msgspec.structs.astuple(row) == (
        "Total recorded crime",
        "125, 7.8 % above the quarter before",
        "Yes: above in December",
        "Yes: above",
        "",
    )


def test_a_quarter_may_be_exceptional_without_any_of_its_months() -> None:
    # Limits of months 32 and 40, of quarters 104 and 113.
    report = made((*BEFORE, *(36, 37) * 3, 36, 38, 39, 39))
    (row,) = report.summary
    assert (row.exceptional_months, row.exceptional_period) == ("No", "Yes: above")
    text = page(report, tiny_force())
    assert '<th scope="col">Exceptional months</th><th scope="col">Exceptional quarter</th>' in text
    assert "<td>No</td><td><strong>Yes: above</strong></td>" in text


def test_the_summary_of_a_month_has_one_column_of_what_is_exceptional() -> None:
    report = made(period="2017-12")
    (row,) = report.summary
    assert (row.exceptional_months, row.exceptional_period) == ("Yes: above in December", "")
    text = page(report, tiny_force())
    assert '<th scope="col">Exceptional</th><th scope="col">Target</th>' in text


def test_what_is_wholly_unknown_is_listed_once_with_its_reason_and_has_no_section() -> None:
    report = quarter()
    titles = [section.title for chapter in report.chapters for section in chapter.sections]
    assert titles == ["Total recorded crime"]
    assert [(each.indicator, each.reason) for each in report.unknown] == [
        ("homicide", "the force does not list what it counts"),
        ("calls_999", "no calls have come"),
    ]


def test_what_no_record_was_ever_of_has_no_section() -> None:
    watched = monitor(tiny_force())
    days = [f"2021-{month:02}-0{day}T12:00:00Z" for month in range(1, 13) for day in (1, 2)]
    events = [incident(f"i{n}", at, category="missing_person") for n, at in enumerate(days)]
    watched.play_history(True)
    feed(watched, *events)
    query = Query(watched, "tiny", ms("2022-01-01T00:00:00Z"))
    layout = parse_layout(
        'title = "S"\n[[chapters]]\ntitle = "C"\n[[chapters.sections]]\nindicator = "asb"\n'
        '[[chapters.sections]]\nindicator = "incidents"\n', "l.toml", query,
    )  # fmt: skip
    report = build(query, query.stretch("2021-Q4"), layout, ())
    assert [section.title for each in report.chapters for section in each.sections] == ["Incidents"]


def test_figures_are_those_of_the_period_its_months_and_areas() -> None:
    found = {
        (each.indicator, each.period, each.area): each.value
        for each in figures_of(quarter())
        if each.indicator == "total_recorded_crime"
    }
    assert len(found) == 4 * 4
    assert [
        found["total_recorded_crime", "2017-12", area] for area in ("force", "north", "south")
    ] == [
        46,
        16,
        30,
    ]


def test_a_figure_has_the_lines_it_was_judged_by() -> None:
    found = {
        each.period: each
        for each in crime_of(quarter()).within
        if (each.indicator, each.area) == ("total_recorded_crime", "force")
    }
    october, december = found["2017-10"], found["2017-12"]
    assert october.moved is not None
    assert (october.moved.old, october.moved.new, october.moved.points) == (36, 39, 8)
    assert (december.flag, december.centre) == ("above", 39)
    assert december.upper == pytest.approx(39 + 2 * (8 / 7) ** 0.5)


def test_how_many_flags_are_chance_is_said_by_the_rule_of_months() -> None:
    (months,) = [each for each in quarter().judged if each.grain == "month"]
    # Total and vehicle offences in the force and three areas, three months each.
    assert (months.judged, months.exceptional) == (
        24,
        sum(each.flag is not None for each in figures_of(quarter()) if each.period != "2017-Q4"),
    )
    assert months.words.endswith(
        "figures are exceptional; had nothing changed since the months that their limits come "
        "from, about 2.2 would be by chance alone."
    )
    assert 1.9 < months.by_chance < 2.5


def test_our_own_list_of_a_month_stands_apart() -> None:
    assert [each.month for each in quarter().lists] == ["2017-10", "2017-11", "2017-12"]
    assert "average" not in " ".join(each.words for each in quarter().lists)


def test_it_says_as_of_when_and_by_which_version() -> None:
    report = quarter()
    assert report.as_of == "Thursday 1 February 2018, 00:00:00 GMT"
    assert report.version
    assert report.when == "October to December 2017"


def test_a_month_is_reported_with_its_own_words() -> None:
    sentences = crime_of(made(period="2017-12")).sentences
    assert sentences[0].startswith(
        "46 offences in December 2017: 17.9 % above the month before (39)"
    )
    assert "Exceptional volumes above the average of 39 were recorded in December." in sentences


@pytest.mark.parametrize("period", ["2019-01", "2017-12-05"])
def test_a_period_that_has_not_begun_or_is_of_days_is_refused(period: str) -> None:
    with pytest.raises(QueryError, match="is no period of a report"):
        made(period=period)


# -- comments --------------------------------------------------------------------------------------


def written(tmp_path: Path, text: str) -> list[Comment]:
    file = tmp_path / "comments.toml"
    file.write_text(text)
    query = fed(MOVED)
    shown = shown_in(parse_layout(LAYOUT, "l.toml", query), query)
    return load_comments(file, query, query.stretch("2017-Q4"), shown)


def test_a_comment_stands_in_its_section_however_often_it_is_written(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        '[[comments]]\nindicator = "vehicle_offences"\narea = "South"\nby = "An analyst"\n'
        'text = "Two car parks were closed."\n\n'
        '[[comments]]\nindicator = "vehicle_offences"\nperiod = "2017-Q3"\ntext = "Old."\n',
    )
    for _ in range(2):
        report = made(comments=found)
        assert [each.text for each in crime_of(report).comments] == ["Two car parks were closed."]
        text = page(report, tiny_force())
        assert "Two car parks were closed." in text
        assert "Comment by An analyst, South" in text


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ('[[comments]]\nindicator = "rape"\ntext = "x"\n', 2, "is in no section of the report"),
        ('[[comments]]\nindicator = "vehicle_offences"\narea = "west"\ntext = "x"\n', 3, "no area"),
        ('[[comments]]\nindicator = "vehicle_offences"\n', 1, "missing required field `text`"),
        ('[[comments]]\nindicator = "vehicle_offences"\ntext = " "\n', 3, "an empty comment"),
    ],
)
def test_a_wrong_comment_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem) as told:
        written(tmp_path, text)
    assert told.value.line == line


# -- layout ----------------------------------------------------------------------------------------


def test_the_shipped_layout_names_only_what_there_is() -> None:
    layout = load_layout(None, fed(MOVED))
    assert [each.title for each in layout.chapters][:3] == ["Contact", "Response", "Incidents"]


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ('indicator = "burglaries"', "no indicator; did you mean"),
        ('title = "Empty"', "a section without anything in it"),
        ('rows = ["rape"]', "needs a title"),
        ('indicator = "rape"\ncolour = "red"', "unknown field `colour`"),
    ],
)
def test_a_wrong_layout_is_told_with_its_line(section: str, problem: str) -> None:
    text = f'title = "S"\n[[chapters]]\ntitle = "C"\n[[chapters.sections]]\n{section}\n'
    with pytest.raises(ConfigError, match=problem) as told:
        parse_layout(text, "layout.toml", fed(MOVED))
    assert told.value.line in (4, 6)


# -- page and files --------------------------------------------------------------------------------


def test_the_page_escapes_what_others_wrote_and_loads_nothing() -> None:
    written = Comment("vehicle_offences", "<script>alert(1)</script>")
    text = page(made(comments=[written]), tiny_force())
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "src=" not in text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")


def test_a_table_of_areas_ends_with_the_force_and_signs_what_is_exceptional() -> None:
    text = page(quarter(), tiny_force())
    assert '<th scope="row" class="deep-1">North</th>' in text
    assert '<span class="flagged" title="exceptional, above its limits">46 ▲</span>' in text


def test_every_figure_is_in_the_csv() -> None:
    text = csv_text(ReportFigure, figures_of(quarter()), ("previous", "average"))
    rows = text.splitlines()
    assert len(rows) == 1 + 2 * 16
    assert "previous_percent" in rows[0]


def test_json_is_read_back_as_it_was() -> None:
    report = quarter()
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


# -- what a section shows besides ------------------------------------------------------------------


def laid_out(*sections: str, period: str = "2017-Q4") -> Report:
    """The report of a chapter of some sections."""
    inside = "\n\n".join(f"[[chapters.sections]]\n{each}" for each in sections)
    query = fed(MOVED)
    layout = parse_layout(f'title = "S"\n[[chapters]]\ntitle = "C"\n{inside}', "l.toml", query)
    return build(query, query.stretch(period), layout)


def test_the_periods_before_stand_beside_that_of_the_report_with_their_shares() -> None:
    report = laid_out('title = "Vehicles"\nrows = ["vehicle_offences"]\nbefore = 2')
    (section,) = report.chapters[0].sections
    assert [(each.period, each.value) for each in section.before] == [
        ("2017-Q3", 30),
        ("2017-Q2", 30),
    ]
    text = page(report, tiny_force())
    assert '<th scope="col">Apr to Jun 2017</th><th scope="col">Jul to Sep 2017</th>' in text
    assert '<td>30<span class="change">25.9 %</span></td>' in text


def test_a_table_by_area_has_a_column_for_each_of_its_rows() -> None:
    report = laid_out('title = "Crime"\nrows = ["total_recorded_crime"]\nareas = true')
    text = page(report, tiny_force())
    table = text[text.index("Crime by area, October to December 2017</caption>") :]
    assert table.index('<th scope="col">Total recorded crime</th>') < table.index(">North</th>")
    assert table.index('<tr class="total"><th scope="row" class="deep-0">') < table.index("125")


def test_a_section_has_the_figures_of_its_own_period_and_how_many_a_month_they_are() -> None:
    report = laid_out(
        'title = "From September"\nrows = ["total_recorded_crime"]\nperiod = "2017-09..2017-10"'
    )
    (section,) = report.chapters[0].sections
    (figure,) = section.figures
    assert (section.period, figure.value, figure.a_month) == (
        "September to October 2017",
        78,
        39,
    )
    assert "From September, September to October 2017</caption>" in page(report, tiny_force())


def test_a_section_instead_of_another_is_left_out_where_that_is_known() -> None:
    vehicle = 'indicator = "vehicle_offences"\ninstead_of = '
    shown = laid_out(f'{vehicle}"homicide"', f'{vehicle}"total_recorded_crime"')
    assert len(shown.chapters[0].sections) == 1


def test_a_section_that_has_nothing_but_what_another_has_is_left_out() -> None:
    total = 'indicator = "total_recorded_crime"\nunless_all = '
    shown = laid_out(f'{total}"vehicle_offences"', f'{total}"total_recorded_crime"')
    assert len(shown.chapters[0].sections) == 1


def test_a_report_without_a_section_says_why() -> None:
    report = laid_out('indicator = "calls_999"')
    assert report.chapters == []
    said = (
        "Nothing that the layout shows is known of October to December 2017, as of Thursday "
        "1 February 2018, 00:00:00 GMT, most often because no calls have come."
    )
    assert why_empty(report) == said
    assert f"<p>{said} All reasons are below.</p>" in page(report, tiny_force())
    assert why_empty(quarter()) == ""


def test_why_the_rows_of_a_table_stand_beside_nothing_is_said_below_it() -> None:
    watched = monitor(tiny_force())
    watched.play_history(True)
    decided = {"outcome": 1, "outcome_at": "2017-12-05T12:00:00Z"}
    days = ("2017-09-01", "2017-12-01", "2018-01-01")
    for each in days:
        feed(watched, crime(each, f"{each}T12:00:00Z", **decided))
    query = Query(watched, "tiny", ms("2018-01-01T00:00:00Z"))
    text = """title = "S"
[[chapters]]
title = "C"
[[chapters.sections]]
title = "Outcomes"
rows = ["outcome_rate"]
"""
    report = build(query, query.stretch("2017-12"), parse_layout(text, "l.toml", query))
    assert (
        "Outcome rate: not compared with the month before, the average month and the same month "
        "last year: not comparable yet: all of 2017-12 is 30 days old on 2018-01-31."
    ) in page(report, tiny_force())


@pytest.mark.parametrize(
    ("section", "field", "problem"),
    [
        ('title = "T"\nrows = ["rape"]\nperiod = "2017-13"', "period", '"2017-13" is no period'),
        ('title = "T"\nrows = ["rape"]\nperiod = "2017-12-01"', "period", "not of whole months"),
        ('indicator = "rape"\nperiod = "2017-12"', "period", "only a table of rows has a period"),
        ('indicator = "rape"\nbefore = 9', "before", "9 periods before stand in no table"),
    ],
)
def test_what_a_section_cannot_show_is_told_with_its_field(
    section: str, field: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem) as told:
        laid_out(section)
    assert told.value.field == f"chapters[0].sections[0].{field}"


def test_a_figure_in_two_sections_is_judged_once() -> None:
    section = 'indicator = "total_recorded_crime"'
    once, twice = (laid_out(*[section] * number).judged for number in (1, 2))
    assert once == twice


def test_that_no_month_was_judged_is_said() -> None:
    report = laid_out('indicator = "total_recorded_crime"', period="2016-Q2")
    assert [each.words for each in report.judged] == [
        "No month was judged by a control chart: none has limits yet."
    ]


def test_a_target_of_a_change_is_said_as_how_far_it_should_lie_from_last_year() -> None:
    def said(lower: float | None = None, upper: float | None = None) -> str:
        return goal(JudgedTarget(Goal("2017-04-01", lower, upper, "change"), None, None), "count")

    assert said(upper=-0.25) == "25.0 % or more below last year in the year to date"
    assert said(upper=0.05) == "5.0 % or less above last year in the year to date"
    assert said(lower=0.1) == "10.0 % or more above last year in the year to date"


def areas_said(*changes: int) -> list[str]:
    """What is said of areas that changed so from 10."""
    force = find_force("west-mercia")
    watched = monitor(force)
    watched.play_history(True)
    query = Query(watched, "west-mercia", ms("2021-10-01T00:00:00Z"))
    top = [each for each in force.file.areas if each.parent is None]
    row = laid_out('indicator = "total_recorded_crime"').chapters[0].sections[0].figures[0]
    figures = [
        msgspec.structs.replace(
            row,
            area=area.id,
            beside=Beside(previous=Change("", 10 + change, "", 10, change, None)),
        )
        for area, change in zip(top, changes, strict=True)
    ]
    return list(Sentences(query, query.stretch("2021-Q3"), row, figures)._of_areas())


def test_that_a_figure_moved_one_way_in_all_areas_or_all_but_one_is_said() -> None:
    assert areas_said(1, 2, 3, 4, 5) == ["It rose on the quarter before in all 5 areas."]
    assert areas_said(-1, -2, 0, -4, -5) == [
        "It fell on the quarter before in every area but Shropshire."
    ]
    assert areas_said(1, 2, -3, -4, 5) == []


def test_the_dated_changes_that_its_charts_show_are_listed() -> None:
    watched = monitor(find_force("warwickshire"))
    watched.play_history(True)
    feed(watched, crime("c", "2018-03-31T12:00:00Z", force="warwickshire", offence="robbery"))
    query = Query(watched, "warwickshire", ms("2018-04-01T00:00:00Z"))
    layout = parse_layout(LAYOUT, "l.toml", query)
    report = build(query, query.stretch("2018-Q1"), layout)
    assert [each.date for each in report.changes][::6] == ["2015-04-01", "2017-10-01"]
    assert report.changes[-1].words == (
        "1 October 2017: Keywords in ATHENA replace the markers of CRIMES; their use fell by 22 to "
        "74 %; not compared with before."
    )


def test_a_figure_that_prints_as_it_was_first_published_is_not_called_another_one() -> None:
    figure = crime_of(quarter()).figures[0]
    share = msgspec.structs.replace(figure, unit="ratio", value=0.3291)

    def said(first: float) -> str:
        return revision("October 2017", share, FirstFigure(first))

    assert said(0.3294) == ""
    assert said(0.34) == ("October 2017, Total recorded crime: 32.9 %, first published as 34.0 %.")
