"""What of the dashboards differs between installations: the time zone, and the wallboard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from grafana.committed import dashboards
from grafana.settings import shipped_zone, with_wallboard, with_zone, zone_of
from streams.cli import main
from streams.config.force import Force, find_force, shipped_force_text
from tests.dashboard_linter import panels, variables
from tests.grafana_server import EDITOR, FakeGrafana, fake_grafana

WALLBOARD = "https://watchroom.example.org"
STATS = [p for dashboard in dashboards() for p in panels(dashboard) if p["type"] == "stat"]


@pytest.fixture
def abroad(tmp_path: Path) -> Path:
    path = tmp_path / "abroad.toml"
    text = shipped_force_text("warwickshire").replace("Europe/London", "America/Chicago")
    path.write_text(text.replace('id = "warwickshire"', 'id = "abroad"', 1), encoding="utf-8")
    return path


def generate(folder: Path, *options: str, **environment: str) -> Result:
    command = ["grafana", "generate", "--output", str(folder), *options]
    answer = CliRunner().invoke(main, command, env=environment)
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    return answer


def written(folder: Path) -> list[dict[str, Any]]:
    return dashboards(folder)


def addresses(made: list[dict[str, Any]]) -> set[str]:
    return {each["query"] for d in made for each in variables(d, "constant")}


# -- time zone ---------------------------------------------------------------------------------


def test_the_committed_dashboards_have_the_time_zone_of_the_shipped_forces() -> None:
    assert shipped_zone() == "Europe/London"
    assert {dashboard["timezone"] for dashboard in dashboards()} == {"Europe/London"}


def test_forces_in_several_zones_have_the_times_of_whoever_looks(abroad: Path) -> None:
    forces: list[Force] = [find_force("warwickshire"), find_force(str(abroad))]
    assert zone_of(forces) == "browser"
    assert zone_of(forces[1:]) == "America/Chicago"


def test_generate_takes_the_time_zone_of_a_force(abroad: Path, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    assert generate(folder, "--force", str(abroad)).exit_code == 0
    assert {dashboard["timezone"] for dashboard in written(folder)} == {"America/Chicago"}


def test_generate_says_where_forces_have_several_zones(abroad: Path, tmp_path: Path) -> None:
    answer = generate(tmp_path / "made", "--force", str(abroad), "--force", "west-mercia")
    assert answer.stderr == (
        "The forces are in America/Chicago, Europe/London: times are those of whoever looks.\n"
    )


def test_push_takes_the_time_zone_of_a_force(abroad: Path) -> None:
    with fake_grafana() as server:
        push(server, "--force", str(abroad))
        zones = {held["dashboard"]["timezone"] for held in server.dashboards.values()}
    assert zones == {"America/Chicago"}


def push(server: FakeGrafana, *options: str) -> None:
    command = ["grafana", "push", "--grafana", server.url, *options]
    answer = CliRunner().invoke(main, command, env={"WATCHROOM_GRAFANA_TOKEN": EDITOR})
    assert answer.exit_code == 0, answer.output


# -- wallboard ---------------------------------------------------------------------------------


def test_the_committed_dashboards_lead_to_a_wallboard_on_this_machine() -> None:
    assert addresses(dashboards()) == {"http://localhost:8787"}


def test_generate_and_push_take_the_address_of_the_wallboard(tmp_path: Path) -> None:
    generate(tmp_path, "--wallboard", f"{WALLBOARD}/")
    assert addresses(written(tmp_path)) == {WALLBOARD}
    with fake_grafana() as server:
        push(server, "--wallboard", WALLBOARD)
        assert addresses([held["dashboard"] for held in server.dashboards.values()]) == {WALLBOARD}


def test_the_public_address_of_the_environment_is_taken(tmp_path: Path) -> None:
    generate(tmp_path, WATCHROOM_PUBLIC_URL=WALLBOARD)
    assert addresses(written(tmp_path)) == {WALLBOARD}


def test_an_address_with_a_password_is_refused(tmp_path: Path) -> None:
    answer = generate(tmp_path, "--wallboard", "https://ops:secret@watchroom.example.org")
    assert answer.exit_code == 2
    assert "secret" not in answer.output
    assert written(tmp_path) == []


def test_every_open_alert_leads_to_its_page_on_the_wallboard() -> None:
    tables = [
        panel
        for dashboard in dashboards()
        for panel in panels(dashboard)
        if panel["title"] in {"Open alerts in words", "Snoozed alerts"}
    ]
    assert len(tables) == 3
    for panel in tables:
        properties = {
            (each["matcher"]["options"], held["id"]): held["value"]
            for each in panel["fieldConfig"]["overrides"]
            for held in each["properties"]
        }
        (link,) = properties["What", "links"]
        assert link["url"] == (
            "${wallboard:raw}/alert?force=${force:percentencode}"
            "&id=${__data.fields.Alert:percentencode}"
        )
        assert properties["Alert", "custom.hidden"] is True
        (organized,) = [t for t in panel["transformations"] if t["id"] == "organize"]
        assert organized["options"]["renameByName"]["alert"] == "Alert"


def test_a_setting_changes_nothing_else_of_a_dashboard() -> None:
    for dashboard in dashboards():
        changed = with_wallboard(with_zone(dashboard, "America/Chicago"), WALLBOARD)
        back = with_zone(changed, "Europe/London")
        same = with_wallboard(back, "http://localhost:8787")
        for each in same["templating"]["list"]:
            if each["type"] == "constant":
                del each["current"]
        assert json.dumps(same) == json.dumps(
            {**dashboard, "templating": {"list": _without_current(dashboard)}}
        )


def _without_current(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in each.items() if name != "current"}
        if each["type"] == "constant"
        else each
        for each in variables(dashboard)
    ]


# -- where records come from -------------------------------------------------------------------


def test_every_dashboard_says_first_where_its_records_come_from() -> None:
    for dashboard in dashboards():
        first = panels(dashboard)[0]
        assert first["title"] == "Where the records come from"
        assert first["gridPos"]["y"] == 0
        (target,) = first["targets"]
        assert 'origin="simulated"' in target["expr"]
        assert 'origin="replayed"' in target["expr"]


# -- sparklines --------------------------------------------------------------------------------


def is_state_or_instant(panel: dict[str, Any]) -> bool:
    fields = panel["fieldConfig"]["defaults"]
    words = [each for each in fields.get("mappings", ()) if each["type"] == "range"]
    return bool(words) or fields["unit"].startswith("dateTime")


def test_a_stat_of_a_figure_has_its_line_of_a_range() -> None:
    drawn = [panel for panel in STATS if not is_state_or_instant(panel)]
    assert len(drawn) >= 12
    for panel in drawn:
        assert panel["options"]["graphMode"] == "area", panel["title"]
        assert all(target["range"] for target in panel["targets"]), panel["title"]


def test_a_figure_that_is_gone_is_a_word_and_not_the_last_that_there_was() -> None:
    for panel in STATS:
        if is_state_or_instant(panel):
            continue
        assert panel["options"]["reduceOptions"]["calcs"] == ["last"], panel["title"]
        fields = panel["fieldConfig"]["defaults"]
        (mapping,) = fields["mappings"]
        assert mapping["options"]["match"] == "null+nan"
        assert mapping["options"]["result"]["text"] == fields["noValue"]
        assert all("0 / 0" in target["expr"] for target in panel["targets"]), panel["title"]


def test_a_state_and_an_instant_are_asked_for_as_they_are_now() -> None:
    states = [panel for panel in STATS if is_state_or_instant(panel)]
    assert {panel["options"]["graphMode"] for panel in states} == {"none"}
    assert all(target["instant"] for panel in states for target in panel["targets"])
