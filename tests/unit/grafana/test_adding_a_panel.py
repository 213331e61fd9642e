"""The panel of CONTRIBUTING.md is on its dashboard, and all that holds for a panel holds for it."""

from pathlib import Path

from grafana.committed import dashboards
from tests.adding import examples
from tests.dashboard_linter import RULES, panels

TITLE = "Incidents by grade, this month"


def test_the_example_adds_its_panel_to_one_dashboard(tmp_path: Path) -> None:
    tree = examples()["A panel"].make(tmp_path)
    said = tree.run("-m", "streams.cli", "grafana", "generate")
    assert "watchroom-response.json" in said
    made = {each["uid"]: each for each in dashboards(tree.root / "grafana" / "generated")}
    before = {each["uid"]: each for each in dashboards()}
    assert [uid for uid in made if made[uid] != before.get(uid)] == ["watchroom-response"]
    response = made["watchroom-response"]
    assert [panel["title"] for panel in panels(response)].count(TITLE) == 1
    assert [said for rule in RULES.values() for said in rule(response)] == []
