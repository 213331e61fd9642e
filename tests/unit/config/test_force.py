"""A force file of one's own: every kind of mistake is named with file, line, field and cure."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from streams.config.force import Force, Vocabulary, check_force, find_force, load_force, parse_toml
from streams.config.schema import ForceFile, TelephoneLine
from streams.config.toml import read_toml
from streams.errors import ConfigError
from streams.surveillance.day_names import DayNames

GOOD = """\
id = "tiny"
name = "Tiny Police"
timezone = "Europe/London"
population = 1000
events = [
  { name = "Fair", start = 2021-08-07 },
  { name = "Match", start = 2021-08-14, end = 2021-08-15, areas = ["north"] },
]

[[lines]]
id = "999"
name = "Emergency"
targets = [{ since = 2000-01-01, seconds = 10, share = 0.9 }]

[[lines]]
id = "101"
name = "Other"
targets = [
  { since = 2017-10-01, seconds = 20, share = 0.8 },
  { since = 2000-01-01, seconds = 30 },
]

[attendance]
targets = [{ since = 2000-01-01, seconds = 1200 }]

[[areas]]
id = "county"
name = "The County"
kind = "policing_area"

[[areas]]
id = "north"
name = "North"
kind = "district"
parent = "county"
aliases = ["North Borough"]

[[areas]]
id = "docks"
name = "Docks"
kind = "beat"
parent = "north"
"""


def good() -> Force:
    force, problems = check_force(GOOD, "good.toml")
    assert force is not None, problems
    return force


def problems_of(old: str, new: str) -> list[ConfigError]:
    """The problems of the good file with one text replaced by another."""
    assert GOOD.count(old) == 1
    force, problems = check_force(GOOD.replace(old, new), "mine.toml")
    assert force is None
    return problems


def test_a_kind_of_area_that_the_wallboard_shows_and_the_force_has_not_is_named() -> None:
    without_beats = GOOD.replace('kind = "beat"', 'kind = "district"')
    _, problems = check_force(f'{without_beats}\n[wallboard]\nareas = "beat"\n', "mine.toml")
    assert [(each.field, each.problem) for each in problems] == [
        ("wallboard.areas", 'there is no area of the kind "beat"')
    ]


@pytest.mark.parametrize(
    ("tiles", "field", "words"),
    [
        ('["waiting.999", "queue"]', "wallboard.tiles[1]", 'there is no tile "queue"'),
        ('["waiting"]', "wallboard.tiles[0]", 'there is no tile "waiting"'),
        ('["alerts", "alerts"]', "wallboard.tiles[1]", 'the tile "alerts" is there twice'),
    ],
)
def test_a_tile_of_the_wallboard_that_there_is_not_is_named(
    tiles: str, field: str, words: str
) -> None:
    text = f"{GOOD}\n[wallboard]\ntiles = {tiles}\n"
    _, problems = check_force(text, "mine.toml")
    assert [(each.field, each.problem, each.line) for each in problems] == [
        (field, words, len(text.splitlines()))
    ]


def test_a_good_file_has_no_problem() -> None:
    force, problems = check_force(GOOD, "good.toml")
    assert problems == []
    assert force is not None
    assert force.id == "tiny"


MISTAKES = {
    "unknown time zone": (
        'timezone = "Europe/London"',
        'timezone = "Europe/Londn"',
        (3, "timezone", 'unknown time zone "Europe/Londn"', "IANA"),
    ),
    "a time zone that is a folder": (
        'timezone = "Europe/London"',
        'timezone = "Europe"',
        (3, "timezone", 'unknown time zone "Europe"', "IANA"),
    ),
    "missing parent": (
        'parent = "county"',
        'parent = "shire"',
        (
            35,
            "areas[1].parent",
            'area "north" has the parent "shire", which is no area here',
            "county, docks, north",
        ),
    ),
    "an area above itself": (
        'parent = "county"',
        'parent = "north"',
        (35, "areas[1].parent", 'area "north" is above itself', "Break the circle"),
    ),
    "one name for two areas": (
        'name = "Docks"',
        'name = "NORTH borough"',
        (
            40,
            "areas[2].name",
            'the name "north borough" stands for two areas, "north" and "docks"',
            "names of its own",
        ),
    ),
    "an alias that is another area's id": (
        'aliases = ["North Borough"]',
        'aliases = ["County"]',
        (
            36,
            "areas[1].aliases",
            'the name "county" stands for two areas, "county" and "north"',
            "names of its own",
        ),
    ),
    "one id for two areas": (
        'id = "docks"\nname = "Docks"\nkind = "beat"\nparent = "north"',
        'id = "county"\nname = "Docks"\nkind = "beat"',
        (39, "areas[2].id", 'two areas have the id "county"', "its own"),
    ),
    "the id kept for the force": (
        'id = "docks"',
        'id = "force"',
        (39, "areas[2].id", 'the id "force" is kept for the whole force', "Choose another"),
    ),
    "one line twice": (
        'id = "101"',
        'id = "999"',
        (16, "lines[1].id", 'line "999" stands twice', "Keep one"),
    ),
    "one limit twice on one day": (
        "since = 2017-10-01, seconds = 20",
        "since = 2000-01-01, seconds = 30",
        (
            20,
            "lines[1].targets[1].seconds",
            "two targets of 30 seconds start on 2000-01-01",
            "Keep one",
        ),
    ),
    "a target in a year that no calendar means": (
        "since = 2017-10-01",
        "since = 0017-10-01",
        (19, "lines[1].targets[0].since", "a target can't start on 0017-10-01", "1900"),
    ),
    "more targets at once than a line can have": (
        "  { since = 2017-10-01, seconds = 20, share = 0.8 },",
        (
            "  { since = 2000-01-01, seconds = 20 }, { since = 2000-01-01, seconds = 40 },\n"
            "  { since = 2000-01-01, seconds = 60 },"
        ),
        (21, "lines[1].targets[3]", "4 targets start on 2000-01-01", "Keep 3 of them"),
    ),
    "two limits of one grade": (
        "targets = [{ since = 2000-01-01, seconds = 1200 }]",
        (
            "targets = [\n  { since = 2000-01-01, seconds = 1200 },\n"
            "  { since = 2000-01-01, seconds = 900 },\n]"
        ),
        (
            26,
            "attendance.targets[1]",
            "two targets of emergency incidents start on 2000-01-01",
            "Keep one of them",
        ),
    ),
    "a limit of a class that no area has": (
        "targets = [{ since = 2000-01-01, seconds = 1200 }]",
        (
            "targets = [\n  { since = 2000-01-01, seconds = 1200 },\n"
            '  { since = 2000-01-01, seconds = 900, area_class = "urban" },\n]'
        ),
        (
            26,
            "attendance.targets[1].area_class",
            'no area has the class "urban"',
            "Give areas a class",
        ),
    ),
    "a grade whose limit hangs on the class alone": (
        "targets = [{ since = 2000-01-01, seconds = 1200 }]",
        (
            "targets = [\n  { since = 2000-01-01, seconds = 1200 },\n"
            '  { since = 2000-01-01, seconds = 900, grade = "priority", area_class = "urban" },\n'
            ']\n[[areas]]\nid = "town"\nname = "Town"\nkind = "beat"\nclass = "urban"'
        ),
        (
            24,
            "attendance.targets",
            "priority incidents have no target where the class of the area is not known",
            "Add one without area_class",
        ),
    ),
    "a class with the name of an area": (
        'id = "docks"',
        'class = "north"\nid = "docks"',
        (39, "areas[2].class", 'the class "north" has the name of an area', "its own"),
    ),
    "an event that ends before it starts": (
        "end = 2021-08-15",
        "end = 2021-08-13",
        (7, "events[1].end", 'event "Match" ends before it starts', "Swap"),
    ),
    "an event that lasts for ever": (
        "end = 2021-08-15",
        "end = 9999-12-31",
        (7, "events[1].end", 'event "Match" lasts longer than three years', "Is it a change"),
    ),
    "an event whose name has a line break": (
        'name = "Match"',
        'name = "Mat\\nch"',
        (7, "events[1].name", 'the name "Mat\\nch" has a line break', "Write it on one line"),
    ),
    "an event in an unknown area": (
        'areas = ["north"]',
        'areas = ["nort"]',
        (7, "events[1].areas", 'event "Match" names the unknown area "nort"', "docks, north"),
    ),
    "a category twice": (
        "population = 1000",
        'population = 1000\nincident_categories = ["asb", "fire", "asb"]',
        (5, "incident_categories", '"asb" stands twice', "Keep one"),
    ),
    "a marker twice": (
        "population = 1000",
        'population = 1000\nmarkers = ["knife", "knife"]',
        (5, "markers", '"knife" stands twice', "Keep one"),
    ),
    "unknown key": (
        "population = 1000",
        "populaton = 1000\npopulation = 1000",
        (4, "populaton", "Object contains unknown field `populaton`", '"population"?'),
    ),
    "unknown key in an area": (
        'aliases = ["North Borough"]',
        'colour = "red"',
        (36, "areas[1].colour", "Object contains unknown field `colour`", "Take it out"),
    ),
    "missing key": (
        "population = 1000\n",
        "",
        (1, "population", "Object missing required field `population`", "Add it"),
    ),
    "missing key in an area": (
        'name = "Docks"\n',
        "",
        (38, "areas[2].name", "Object missing required field `name`", "Add it"),
    ),
    "wrong type": (
        "population = 1000",
        'population = "1000"',
        (4, "population", "Expected `int`, got `str`", "show warwickshire"),
    ),
    "a share in per cent": (
        "share = 0.9",
        "share = 90",
        (13, "lines[0].targets[0].share", "Expected `float` <= 1.0", "0.9 is 90 %"),
    ),
    "a date that is none": (
        "start = 2021-08-07",
        'start = "August"',
        (6, "events[0].start", "Invalid RFC3339 encoded date", "without quotes"),
    ),
    "a kind of area that there is not": (
        'kind = "beat"',
        'kind = "ward"',
        (41, "areas[2].kind", "Invalid enum value 'ward'", "policing_area, district, beat"),
    ),
    "an id with a space": (
        'id = "tiny"',
        'id = "tiny police"',
        (1, "id", "Expected `str` matching regex", "small letters"),
    ),
    "a service level that there is not": (
        "population = 1000",
        'population = 1000\nservice_level = "best"',
        (5, "service_level", "Invalid enum value 'best'", "answered_of_offered"),
    ),
    "a line without targets": (
        "targets = [{ since = 2000-01-01, seconds = 10, share = 0.9 }]",
        "targets = []",
        (13, "lines[0].targets", "Expected `array` of length >= 1", "show warwickshire"),
    ),
    "broken TOML": (
        'name = "Tiny Police"',
        'name = "Tiny Police',
        (2, None, "not valid TOML: ", "Mend the line"),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_line_field_and_cure(mistake: str) -> None:
    old, new, (line, field, problem, cure) = MISTAKES[mistake]
    found = problems_of(old, new)
    assert [(p.file, p.line, p.field) for p in found] == [("mine.toml", line, field)]
    assert found[0].problem.startswith(problem)
    assert cure in (found[0].cure or "")


def test_a_force_may_have_no_lines() -> None:
    begin, _, rest = GOOD.partition("[[lines]]")
    text = f"{begin}lines = []\n\n[attendance]{rest.partition('[attendance]')[2]}"
    for each in (text, text.replace("lines = []\n", "")):
        force, problems = check_force(each, "mine.toml")
        assert (problems, force and force.lines) == ([], ())


def test_a_circle_is_named_at_each_area_in_it_and_not_below_it() -> None:
    text = GOOD.replace('kind = "policing_area"', 'kind = "policing_area"\nparent = "north"')
    _, problems = check_force(text, "mine.toml")
    assert [p.problem for p in problems] == [
        'area "county" is above itself',
        'area "north" is above itself',
    ]


def test_every_problem_of_form_is_named_at_once_in_the_order_of_the_lines() -> None:
    text = GOOD.replace("population = 1000", "population = 0").replace('kind = "beat"', "kind = 3")
    text = text.replace("seconds = 1200", 'seconds = "20 min"')
    _, problems = check_force(text, "mine.toml")
    assert [(p.line, p.field) for p in problems] == [
        (4, "population"),
        (24, "attendance.targets[0].seconds"),
        (41, "areas[2].kind"),
    ]


DOCKS = 'id = "docks"\nname = "Docks"\nkind = "beat"\nparent = "north"\n'
NORTH = 'aliases = ["North Borough"]'
WEIGHTS = "[alerts.weights]"
TARGET = '[[targets]]\nindicator = "robbery"\nsince = 2021-04-01\n'


@pytest.mark.parametrize(
    ("old", "new", "field", "problem", "cure"),
    [
        (
            'id = "docks"', 'id = "all"',
            "areas[2].id", 'the id "all" is kept for every area at once', "Choose another",
        ),
        (
            DOCKS, f'{DOCKS}class = "all"\n',
            "areas[2].class", 'the class "all" is kept for every area at once', "Choose another",
        ),
        (
            DOCKS, f"{DOCKS}{WEIGHTS}\ncalls = inf\n",
            "alerts.weights.calls", "inf is no number", "Write a finite number, or leave it out",
        ),
        (
            DOCKS, f"{DOCKS}{WEIGHTS}\nroads = 1e308\n",
            "alerts.weights.roads", "Expected `float` <= 1000.0",
            "Write a weight from 0.001 to 1000",
        ),
        (
            DOCKS, f"{DOCKS}{TARGET}at_most = nan\n",
            "targets[0].at_most", "nan is no number", "Write a finite number, or leave it out",
        ),
        (
            NORTH, f"{NORTH}\nuntil = 2021-03-31",
            "areas[2].parent", 'area "north" and area "docks" in it end on 2021-03-31 and never',
            "Give the area in it until = 2021-03-31 or earlier, or another parent",
        ),
        (
            NORTH, f"{NORTH}\nfrom = 2021-04-01",
            "areas[2].parent",
            'area "north" and area "docks" in it begin on 2021-04-01 and long before',
            "Give the area in it from = 2021-04-01 or later, or another parent",
        ),
    ],
)  # fmt: skip
def test_what_would_never_alert_or_count_twice_is_refused(
    old: str, new: str, field: str, problem: str, cure: str
) -> None:
    (found,) = problems_of(old, new)
    assert (found.field, found.problem, found.cure) == (field, problem, cure)
    assert found.line is not None


@pytest.mark.parametrize("last", ["2021-03-31", "2020-12-31"])
def test_an_area_is_replaced_by_one_that_goes_on_after_it(last: str) -> None:
    (found,) = problems_of(
        DOCKS,
        f'{DOCKS}until = 2021-03-31\nreplaced_by = "quay"\n[[areas]]\nid = "quay"\n'
        f'name = "Quay"\nkind = "beat"\nuntil = {last}\n',
    )
    assert found.problem == f'area "docks" ends on 2021-03-31, and "quay" on {last}'
    assert (found.field, found.line) == ("areas[2].replaced_by", 44)


def test_every_contradiction_is_named_at_once() -> None:
    text = GOOD.replace('"Europe/London"', '"Mars"').replace('parent = "county"', 'parent = "x"')
    text = text.replace('id = "101"', 'id = "999"')
    _, problems = check_force(text, "mine.toml")
    assert [p.field for p in problems] == ["timezone", "areas[1].parent", "lines[1].id"]


def test_a_problem_reads_as_one_sentence_with_its_place() -> None:
    (problem,) = problems_of('id = "101"', 'id = "999"')
    assert str(problem) == 'mine.toml:16 [lines[1].id]: line "999" stands twice. Keep one of them'


def test_too_many_categories_are_refused() -> None:
    listed = ", ".join(f'"a{n}.b"' for n in range(2050))
    (problem,) = problems_of("population = 1000", f"population = 1000\noffence_groups = [{listed}]")
    assert problem.problem == "4100 categories, ancestors included, are too many"


STRANDS = ("racial", "religious", "sexual_orientation", "disability", "transgender")
BUILT_IN = (
    "domestic_abuse",
    "hate",
    *(f"hate.{strand}" for strand in STRANDS),
    "child_at_risk",
    "cse",
    "cyber",
    "alcohol",
    "vulnerable_adult",
    "business",
    "rural",
    "knife",
    "firearm",
)


def test_every_force_has_the_markers_of_the_reports_and_the_strands_of_hate() -> None:
    assert good().markers.paths == BUILT_IN


def test_a_force_declares_markers_of_its_own() -> None:
    more = 'population = 1000\nmarkers = ["acid", "hate.misogyny"]'
    force, _ = check_force(GOOD.replace("population = 1000", more), "good.toml")
    assert force is not None
    markers = force.markers
    assert markers.paths == (*BUILT_IN, "acid", "hate.misogyny")
    assert markers.ancestors(markers.index["hate.misogyny"]) == ("hate", "hate.misogyny")


@pytest.mark.parametrize(
    ("marker", "counts_under"), [("hate", "hate"), ("hate.misogyny", "hate"), ("acid", None)]
)
def test_a_marker_counts_under_its_nearest_declared_ancestor(
    marker: str, counts_under: str | None
) -> None:
    markers = good().markers
    found = markers.resolve(marker)
    assert (None if found is None else markers.paths[found]) == counts_under


def test_an_area_is_found_by_id_name_alias_and_in_any_case() -> None:
    force = good()
    assert [force.find_area(n) for n in ("north", "North", "NORTH BOROUGH", "the county")] == [
        2,
        2,
        2,
        1,
    ]


def test_no_area_is_index_nought() -> None:
    assert good().find_area(None) == 0


def test_an_unknown_area_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        good().find_area("West")


def test_an_area_rolls_up_through_its_parents_to_the_force() -> None:
    assert good().rollup == (
        ("force",),
        ("county", "force"),
        ("north", "county", "force"),
        ("docks", "north", "county", "force"),
    )


def test_targets_hold_from_local_midnight_and_come_latest_first() -> None:
    force = good()
    october, millennium = (
        int(dt.datetime(2017, 9, 30, 23, tzinfo=dt.UTC).timestamp() * 1000),
        int(dt.datetime(2000, 1, 1, tzinfo=dt.UTC).timestamp() * 1000),
    )
    assert force.target_steps(force.lines[1].targets) == (
        (october, 20_000, 0.8),
        (millennium, 30_000, None),
    )


def test_a_force_is_its_own_partition_group_unless_it_names_one() -> None:
    assert good().partition_group == "tiny"
    force, _ = check_force('partition_group = "pair"\n' + GOOD, "x.toml")
    assert force is not None
    assert force.partition_group == "pair"


def test_the_fingerprint_changes_with_a_target() -> None:
    other, _ = check_force(GOOD.replace("seconds = 20", "seconds = 25"), "other.toml")
    assert other is not None
    assert other.fingerprint != good().fingerprint


def test_a_setting_that_a_later_version_adds_changes_no_fingerprint_while_it_is_not_used() -> None:
    class LaterLine(TelephoneLine, kw_only=True):
        overflow_to: str | None = None

    class LaterFile(ForceFile, kw_only=True):
        lines: list[LaterLine]  # type: ignore[assignment]
        shifts: list[str] = msgspec.field(default_factory=list)

    def later(text: str) -> Force:
        file, problems = read_toml(text, LaterFile, "later.toml")
        assert file is not None, problems
        return Force(file)

    assert later(GOOD).fingerprint == good().fingerprint
    used = GOOD.replace('id = "999"', 'id = "999"\noverflow_to = "101"')
    assert later(used).fingerprint != good().fingerprint
    assert later(f'shifts = ["early"]\n{GOOD}').fingerprint != good().fingerprint


def test_a_setting_that_is_written_as_its_default_changes_no_fingerprint() -> None:
    written = GOOD.replace('id = "999"', 'id = "999"\nlost_after_minutes = 120')
    assert written != GOOD
    other, _ = check_force(written, "good.toml")
    assert other is not None
    assert other.fingerprint == good().fingerprint


def test_the_fingerprint_does_not_change_with_layout_and_comments() -> None:
    other, _ = check_force("# a comment\n" + GOOD.replace(" = ", "="), "other.toml")
    assert other is not None
    assert other.fingerprint == good().fingerprint


def test_a_category_counts_under_its_nearest_listed_ancestor() -> None:
    words = Vocabulary(["asb.personal", "fire"])
    paths = ("asb.personal", "asb.personal.repeat", "asb.noise", "fire", "flood", "other")
    assert [words.paths[words.resolve(path)] for path in paths] == [
        "asb.personal",
        "asb.personal",
        "asb",
        "fire",
        "other",
        "other",
    ]


def test_the_ancestors_of_a_category_come_widest_first() -> None:
    words = Vocabulary(["asb.personal"])
    assert words.ancestors(words.index["asb.personal"]) == ("asb", "asb.personal")


def test_a_file_is_found_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())  # as Windows editors save it
    assert find_force(str(path)).id == "tiny"


def test_an_unknown_name_is_answered_with_the_shipped_ones() -> None:
    with pytest.raises(ConfigError, match=r'no force "essex".*warwickshire, west-mercia'):
        find_force("essex")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_force(tmp_path / "none.toml")


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes('name = "Zürich"'.encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_force(path)


def test_parse_toml_raises_the_first_problem() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_toml("id = 3\nname = 4\n", ForceFile, "x.toml")
    assert (caught.value.file, caught.value.line) == ("x.toml", 1)


@pytest.mark.parametrize(
    ("country", "cure"),
    [
        ("Columbiaa", 'Did you mean "CO"?'),
        ("England", 'Did you mean "GB-ENG"?'),
        ("gb", 'Did you mean "GB"?'),
        ("GB-XXX", 'Did you mean "GB-ENG" or "GB-NIR" or "GB-SCT" or "GB-WLS"?'),
        ("UK", 'Did you mean "GB-ENG" or "GB-NIR" or "GB-SCT" or "GB-WLS"?'),
        ("UK-ENG", 'Did you mean "GB-ENG"?'),
        ("USA", 'Did you mean "US"?'),
        ("US-", 'Did you mean "US"?'),
        ("US-VAA", 'Did you mean "US-VA"'),
        ("NYSE", 'Use a code of the Python package holidays, such as "GB-ENG", "IE" or "CO"'),
        ("", 'Use a code of the Python package holidays, such as "GB-ENG", "IE" or "CO"'),
    ],
)
def test_a_country_without_bank_holidays_that_are_known_is_an_error(
    country: str, cure: str
) -> None:
    text = f'country = "{country}"\n{GOOD}'
    force, (problem,) = check_force(text, "mine.toml")
    assert force is None
    assert (problem.file, problem.line, problem.field) == ("mine.toml", 1, "country")
    assert problem.problem == f'no bank holidays are known of the country "{country}"'
    assert (problem.cure or "").startswith(cure)


@pytest.mark.parametrize(
    ("country", "day", "name"),
    [
        ("US-VA", "2021-06-19", "Juneteenth"),
        ("US-VA", "2021-02-15", "George Washington Day"),
        ("IE", "2021-03-17", "Saint Patrick's Day"),
        ("CO", "2021-07-20", "Independence Day"),
        ("GB-SCT", "2021-11-30", "Saint Andrew's Day"),
    ],
)
def test_bank_holidays_are_those_of_the_country_and_its_part(
    country: str, day: str, name: str
) -> None:
    force, problems = check_force(f'country = "{country}"\n{GOOD}', "mine.toml")
    assert force is not None, problems
    names = DayNames(force).names("north", dt.date.fromisoformat(day))
    assert names[-1] == "bank holiday"
    assert len(names) == 2, name


def test_an_event_is_one_of_the_areas_that_it_names_and_of_those_within() -> None:
    names = DayNames(good()).names
    match, fair = dt.date(2021, 8, 14), dt.date(2021, 8, 7)
    assert [names(area, match) for area in ("force", "county", "north", "docks")] == [
        (), (), ("Match",), ("Match",),
    ]  # fmt: skip
    assert {names(area, fair) for area in ("force", "county", "north", "docks")} == {("Fair",)}
    assert names("force", dt.date(2021, 12, 25)) == ()  # without a country
