"""The kind of alert of CONTRIBUTING.md opens, has words, ends, and is known wherever kinds are."""

from pathlib import Path

from tests.adding import Example, examples
from tests.alert_docs import pages

PLAYED = """
from streams.alerts.context import RuleContext
from streams.alerts.evaluation import evaluate
from streams.alerts.rules import KINDS
from streams.alerts.rules.ruleset import RuleSet
from streams.alerts.store import AlertStore
from streams.periods import MINUTE, rfc3339
from tests.build import call, feed, monitor, ms, tiny_force

force, watched, now = tiny_force(), monitor(), ms("2021-03-01T12:00:00+00:00")
rules, store = RuleSet(RuleContext(force), KINDS), AlertStore(force)

def look(minutes):
    at = now + minutes * MINUTE
    rules.bind(watched)
    found = rules.evaluate(watched, at, []) if rules.may_hold(at) else []
    for each in evaluate(store, [], found, at):
        print(each.what, each.alert.severity, each.alert.id, each.alert.words, sep="|")

look(0)
offered = rfc3339(now)
feed(watched, *(call(f"c{n}", offered) for n in range(40)))
look(1)
answered = rfc3339(now + MINUTE)
feed(watched, *(call(f"c{n}", offered, answered_at=answered) for n in range(40)))
look(2)
look(12)
"""

FROM_SIGNALS = Example(
    "A kind that is judged from signals",
    2,
    {
        "streams/alerts/rules/night_rise.py": """\
+from streams.alerts.rules import exceptional_volume
+from streams.alerts.rules.base import AlertKind, SignalRule
+
+NIGHT_RISE = AlertKind(
+    name="night_rise",
+    runbook="WatchroomNightRise",
+    summary="A rise at night",
+    meaning="Far more than usual at night.",
+    dashboard="volumes",
+    table=(),
+    judged="period",
+    signals=SignalRule(
+        takes=lambda s: s.direction == "up" and s.period[11:13] in ("22", "23"),
+        severity=lambda s: "notice",
+        is_news=lambda s: True,
+        said=lambda force, s, now, lookup: (f"{force.name}: {s.observed} at night.",),
+        inside=exceptional_volume.inside,
+        is_clear=exceptional_volume.inside,
+        clear_periods={"hour": 2, "day": 1, "month": 1},
+    ),
+)
""",
        "streams/alerts/rules/__init__.py": """\
 from streams.alerts.rules.level_change import LEVEL_CHANGE
+from streams.alerts.rules.night_rise import NIGHT_RISE
@@
     PIPELINE_UNWELL,
+    NIGHT_RISE,
""",
    },
)
SIGNALS_PLAYED = """
from streams.alerts.evaluation import evaluate
from tests.alerting import at, quiet, signal, store

def look(s, when):
    for each in evaluate(alerts, [s], [], at(when)):
        print(each.what, each.alert.kind, each.alert.severity, each.alert.words, sep="|")

alerts = store()
look(signal("2026-11-21 22:00"), "2026-11-21 23:05")
look(quiet("2026-11-21 23:00"), "2026-11-22 00:05")
look(quiet("2026-11-22 00:00"), "2026-11-22 01:05")
alerts = store()
look(signal("2026-11-21 12:00"), "2026-11-21 13:05")
"""


def test_the_example_opens_an_alert_with_words_and_ends_it(tmp_path: Path) -> None:
    tree = examples()["An alert kind"].make(tmp_path)
    opened, ended = (line.split("|") for line in tree.run("-c", PLAYED).splitlines())
    assert opened[:2] == ["opened", "page"]
    assert opened[2].startswith("tiny/many_waiting/calls.waiting/-/force/up/2021-03-01T12:01:00Z")
    assert opened[3] == (
        "Calls, Tiny Police: 40 callers waiting. The limit is 40. Nobody has this yet."
    )
    assert ended[0] == "resolved"
    tree.run("-m", "streams.cli", "rules", "write")
    rules = (tree.root / "deploy/prometheus/rules/watchroom-alerts.yml").read_text()
    assert '{kind="many_waiting"} > 0' in rules
    assert "/runbooks/WatchroomManyWaiting" in rules
    tree.run("-m", "tests.alert_docs")
    assert "| many waiting | 40 callers" in (tree.root / "docs/alerts.md").read_text()
    tree.run("-m", "pytest", "-q", "-n", "0", "tests/unit/outputs/test_rules.py")


def test_a_kind_judged_from_signals_has_those_that_it_takes_wherever_it_is_listed(
    tmp_path: Path,
) -> None:
    """Exceptional volume and change of level have the signals that it does not take."""
    lines = FROM_SIGNALS.make(tmp_path).run("-c", SIGNALS_PLAYED).splitlines()
    assert [line.split("|")[:2] for line in lines] == [
        ["opened", "night_rise"],
        ["updated", "night_rise"],
        ["resolved", "night_rise"],
        ["opened", "exceptional_volume"],
    ]
    assert lines[0].split("|")[2:] == ["notice", "Warwickshire: 21 at night. Nobody has this yet."]


def test_the_tables_of_the_docs_are_current() -> None:
    """Where not: `python -m tests.alert_docs`."""
    for path, text in pages().items():
        assert path.read_text("utf-8") == text
