"""Explore: what its pages say, where they lead, and what they say of what there is not."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from streams.alerts.model import Alert, Evidence, Transition
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.live import Live
from streams.outputs.explore.asked import Asked
from streams.outputs.monitor_server import application
from streams.outputs.web.markup import Markup, table, tag
from tests.build import call, crime, feed, ms, tiny_force

AT = ms("2021-10-01T00:00:00+01:00")
CRIME = "/explore?measure=total_recorded_crime"


def crimes(counts: list[int]) -> Iterator[dict[str, object]]:
    """So many of each month from January 2020."""
    for month, count in enumerate(counts):
        year, of_year = divmod(month, 12)
        days = (1, 28 if of_year == 1 else 30, *[10] * count)[:count]
        for n, day in enumerate(days):
            at = f"{2020 + year}-{of_year + 1:02d}-{day:02d}T12:00:00Z"
            yield crime(f"m{month}n{n}", at, area="north")


def live(*, forces: int = 1) -> Live:
    watched = Monitor([tiny_force(), find_force("warwickshire")][:forces])
    watched.play_history(True)
    feed(watched, *crimes([*[29, 31] * 6, *[34, 36] * 4, 50]))
    if forces > 1:
        feed(watched, call(force="warwickshire", answered_at="2021-03-01T10:00:07Z"))
    made = Live(watched, clock=lambda: AT)
    made.health.state = "live"
    made.alerts = AlertService(made)
    return made


@pytest.fixture(scope="module")
def shown() -> Live:
    return live()


@pytest.fixture(scope="module")
def client(shown: Live) -> Iterator[TestClient]:
    with TestClient(application(shown)) as made:
        yield made


def read(client: TestClient, address: str, status: int = 200) -> str:
    """The text of a page."""
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


def words(page: str) -> str:
    """What is to be read of a page."""
    plain = re.sub(r"<(style|svg)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(plain).split())


def links(page: str) -> dict[str, str]:
    """The addresses that a page leads to, by their words."""
    found = re.findall(r'<a href="([^"]*)"[^>]*>(.*?)</a>', page)
    return {html.unescape(said): html.unescape(address) for address, said in found}


def test_a_figure_has_its_chart_its_sentence_and_its_table(client: TestClient) -> None:
    page = read(client, CRIME)
    said = words(page)
    assert "Total recorded crime, Tiny Police" in said
    assert (
        "By month, from January 2020 to September 2021: 50 in September 2021, above the upper limit"
    ) in said
    assert page.count("<svg") == 3  # for a wide screen, a phone and paper
    assert "September 2021 50 35" in said
    assert "After 8 months above it, the monthly average rose from 30 to 35" in said


def test_it_has_what_reports_set_beside_the_last_month(client: TestClient) -> None:
    said = words(read(client, CRIME))
    assert "September 2021 compared" in said
    assert "Period before 36 +39 %" in said
    assert "Standing above (chart)" in said


def test_what_moved_it_is_named_as_areas_and_measures_are(client: TestClient) -> None:
    moved = "Moved by North policing area +14, Residential burglary +14 of +14"
    assert moved in words(read(client, CRIME))


def test_all_of_it_is_there_without_a_script(client: TestClient) -> None:
    page = read(client, CRIME)
    assert "<noscript" not in page
    assert 'action="/explore" method="get"' in page
    assert re.search(r"<script(?! type=\"module\" src=)", page) is None
    assert " style=" not in page
    assert " on" not in re.sub(r">[^<]*<|\"[^\"]*\"", "", page)


def test_it_has_the_policy_of_the_other_pages(client: TestClient) -> None:
    explored, wallboard = client.get(CRIME).headers, client.get("/").headers
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy"):
        assert explored[name] == wallboard[name]


def test_its_files_are_served(client: TestClient) -> None:
    page = read(client, CRIME)
    files = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page)
    assert len(files) == 4
    assert [client.get(each).status_code for each in files] == [200] * 4


@pytest.mark.parametrize(
    ("grain", "first", "many"),
    [
        ("quarter", "January to March 2020", 7),
        ("financial_year", "2019/20", 3),
        ("day", "1 July 2021", 92),
    ],
)
def test_it_goes_from_days_to_years(client: TestClient, grain: str, first: str, many: int) -> None:
    page = read(client, f"{CRIME}&grain={grain}")
    assert page.count('<th scope="row">') - page.count("compared") >= many
    assert first in words(page)


def test_each_month_leads_to_its_days_and_the_page_to_other_grains(client: TestClient) -> None:
    found = links(read(client, CRIME))
    assert found["September 2021"] == (
        "/explore?force=tiny&measure=total_recorded_crime&grain=day&from=2021-09&to=2021-09"
    )
    assert found["Years"].endswith("grain=financial_year")
    days = words(read(client, found["September 2021"]))
    assert "1 September 2021 1" in days
    assert "30 September 2021 1" in days


def test_the_link_to_the_page_has_its_periods_in_it(client: TestClient) -> None:
    fixed = links(read(client, CRIME))["Link to this page"]
    assert fixed.endswith("&grain=month&from=2020-01&to=2021-09")
    assert "By month, from January 2020 to September 2021" in words(read(client, fixed))


def test_its_csv_is_that_of_the_series(client: TestClient) -> None:
    address = links(read(client, f"{CRIME}&area=north&from=2021-08"))["CSV"]
    assert parse_qs(urlsplit(address).query)["period"] == ["2021-08..2021-09"]
    rows = client.get(address).text.splitlines()
    assert [row.split(",")[0] for row in rows] == ["period", "2021-08", "2021-09"]


def test_its_chart_is_a_file_too(client: TestClient) -> None:
    answer = client.get(links(read(client, CRIME))["SVG"])
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.startswith("<svg ")
    assert "Total recorded crime, Tiny Police</text>" in answer.text
    assert "var(" not in answer.text


@pytest.mark.parametrize(
    "measure", ["Total recorded crime", "total RECORDED crime", "total_recorded_crime"]
)
def test_a_measure_is_named_by_its_title_or_its_name(client: TestClient, measure: str) -> None:
    assert "<h1>Total recorded crime, Tiny Police</h1>" in read(
        client, f"/explore?measure={measure}"
    )


def test_the_address_of_a_measure_keeps_what_it_is_narrowed_to(client: TestClient) -> None:
    page = read(client, "/explore?measure=crimes.count{offence=burglary}")
    assert "<h1>Recorded crime: Crimes (offence burglary), Tiny Police</h1>" in page
    assert 'value="crimes.count{offence=burglary}" list="measures"' in page


def test_words_find_measures_that_have_all_of_them(client: TestClient) -> None:
    page = read(client, "/explore?measure=abuse victims")
    found = links(page)
    assert "Repeat victims of domestic abuse" in found
    assert "measures with the words “abuse victims”." in words(page)
    assert "No measure has all of the words “pizza crime”." in words(
        read(client, "/explore?measure=pizza crime", 404)
    )


def test_words_of_one_measure_show_it(client: TestClient) -> None:
    page = read(client, "/explore?measure=vehicle_offences")
    assert "Defined as in " in words(page)  # whoever's force it is
    assert "Published" not in words(page)
    assert "<h1>Vehicle offences, Tiny Police</h1>" in page


def test_without_a_measure_there_is_a_choice(client: TestClient) -> None:
    page = read(client, "/explore")
    assert "<h1>Explore, Tiny Police</h1>" in page
    assert re.search(r"Any of \d{3} measures, for any area", words(page))
    assert "/explore?force=tiny&measure=calls_999" in links(page).values()


def test_without_a_force_there_is_a_choice_of_several() -> None:
    with TestClient(application(live(forces=2))) as client:
        page = read(client, CRIME)
        assert links(page)["Tiny Police"] == "/explore?force=tiny&measure=total_recorded_crime"
        assert "Which force?" in page
        wrong = read(client, f"{CRIME}&force=moon", 404)
        assert "No force &quot;moon&quot; is monitored here" in wrong or 'No force "moon"' in wrong


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("&area=nrth", '"nrth" is no area of Tiny Police; did you mean north'),
        ("&grain=week", '"week" is no grain: choose from hour, day, month'),
        ("&from=soon", '"soon" is no period: write'),
        ("&from=2021-09&to=2021-03", "From 2021-09 to 2021-03 there is no time"),
        ("&grain=hour&from=2020", "there are more than 1,000 periods by hour"),
        ("&at=noon", "noon"),
    ],
)
def test_what_there_is_not_is_said_with_a_way_on(client: TestClient, query: str, why: str) -> None:
    page = read(client, CRIME + query, 404 if "area" in query else 400)
    assert why in words(page)
    assert "All that can be explored" in links(page)
    assert client.get(f"/chart.svg?measure=total_recorded_crime{query}").status_code == 400


def test_what_is_asked_for_is_escaped(client: TestClient) -> None:
    page = read(client, "/explore?measure=<script>alert(1)</script>", 404)
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_measure_that_is_not_known_says_why_and_has_no_zero(client: TestClient) -> None:
    said = words(read(client, "/explore?measure=domestic_abuse"))
    assert "nothing is known" in said
    assert "has not carried markers" in said
    assert " 0 " not in said.partition("The figures by month")[2]


def test_a_feed_that_is_young_is_shown_by_days_or_hours() -> None:
    watched = Monitor([tiny_force()])
    feed(watched, call(answered_at="2021-03-01T10:00:07Z"))
    made = Live(watched, clock=lambda: ms("2021-03-01T13:30:00Z"))
    with TestClient(application(made)) as client:
        page = read(client, "/explore?measure=calls.offered{line=999}")
    assert 'aria-current="page">Hours</a>' in page
    assert "not over yet" in words(page)


def test_the_theme_is_that_of_the_address_else_the_browsers(client: TestClient) -> None:
    zone = 'data-timezone="Europe/London"'
    dark = f'<html lang="en-GB" data-theme="dark" {zone}>'
    assert dark in read(client, f"{CRIME}&theme=dark")
    assert f'<html lang="en-GB" {zone}>' in read(client, f"{CRIME}&theme=pink")


def test_a_replay_is_marked_as_not_live() -> None:
    made = live()
    made.health.replay = True
    with TestClient(application(made)) as client:
        assert '<p class="mode">Replay, not live</p>' in read(client, CRIME)


def test_alerts_of_the_time_are_listed_and_marked() -> None:
    made = live()
    zone = tiny_force().zone
    began = dt.datetime(2021, 9, 10, 14, tzinfo=zone)
    alert = Alert(
        id="tiny/exceptional/1",
        force="tiny",
        kind="exceptional_volume",
        severity="notice",
        direction="up",
        group="crimes",
        measure="count",
        area="force",
        area_name="Tiny Police",
        title="Crimes, Tiny Police",
        grain="month",
        opened_at=began,
        updated_at=began,
        words="Crimes, Tiny Police: 50 in September 2021. Nobody has this yet.",
        said=("Crimes, Tiny Police: 50 in September 2021.",),
        evidence=Evidence(
            observed=50,
            lower=28,
            upper=42,
            start=dt.datetime(2021, 9, 1, tzinfo=zone),
            end=dt.datetime(2021, 10, 1, tzinfo=zone),
        ),
    )
    service = made.alerts
    assert isinstance(service, AlertService)
    service.restore([Transition(what="opened", at=began, alert=alert)])
    with TestClient(application(made)) as client:
        page = read(client, "/explore?measure=crimes.count&from=2021-01")
        assert links(page)["Crimes, Tiny Police: 50 in September 2021."] == (
            "/alert?force=tiny&id=tiny%2Fexceptional%2F1"
        )
        assert "Friday 10 September 2021, 14:00:00 BST, open" in words(page)
        assert page.count('<path class="alert"') == 6  # in each size a mark, and its key
        assert "expected 28 to 42" in page.lower()
        assert "Alerts of this time" not in read(client, "/explore?measure=crimes.count&to=2021-01")


def test_an_address_leaves_out_what_is_usual() -> None:
    assert Asked(force="tiny", measure="robbery").address() == "/explore?force=tiny&measure=robbery"
    assert Asked(area="north", first="2020").address("/x") == "/x?area=north&from=2020"


def test_markup_escapes_texts_and_values_but_not_itself() -> None:
    made = tag("p", "a < b", tag("b", "&"), None, ["c", Markup("<i>d</i>")], title='"q"', id=None)
    assert made == '<p title="&quot;q&quot;">a &lt; b<b>&amp;</b>c<i>d</i></p>'
    assert tag("input", name="x", required=True, hidden=False) == '<input name="x" required>'


def test_a_table_names_its_columns_and_rows() -> None:
    made = table("Counts", ("month", "count"), [("May", "5")])
    assert '<caption class="unseen">Counts</caption>' in made
    assert '<th scope="row">May</th><td>5</td>' in made


def test_a_page_says_of_its_own_force_alone_that_it_is_made_up() -> None:
    made = live(forces=2)
    made_up = call(
        "c2", force="warwickshire", origin="simulated", answered_at="2021-03-01T10:00:07Z"
    )
    feed(made.monitor, made_up)
    with TestClient(application(made)) as client:
        for path in ("/explore?measure=calls.offered&force=", "/ahead?force="):
            assert "Live and made-up mixed" in client.get(f"{path}warwickshire").text
            assert '<p class="mode">' not in client.get(f"{path}tiny").text
