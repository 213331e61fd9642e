"""The annotations in `tests/rules` that never vary, such as the addresses of runbooks.

promtool compares every annotation of an alert, so each test has to name all of them. Those in which
the rule has labels alone are copied here from the rule. `python -m tests.rule_annotations` writes
them, and the rules of an error budget that the tests read; a test fails where they are not current.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import yaml

from streams.outputs.rules import Links, budget_file

TESTS = Path(__file__).parent / "rules"
BUDGET = TESTS / "optional" / "error-budget.yml"
"""Rules that no installation has by default."""

Content = dict[str, Any]


def pages() -> dict[Path, str]:
    """The text that each file should have."""
    texts = {BUDGET: budget_file(0.9, "calls.service_level", "", Links())}
    return {**texts, **{path: filled(path, texts) for path in sorted(TESTS.glob("*.yml"))}}


def filled(path: Path, texts: dict[Path, str]) -> str:
    """The text of a file of tests with the annotations of today's rules."""
    text = path.read_text("utf-8")
    rules = list(rules_of(path, text, texts))
    lines = text.splitlines(keepends=True)
    for name, expected in reversed(list(_expectations(yaml.compose(text)))):
        labels = _value(expected, "exp_labels")
        rule = next(
            rule
            for rule in rules
            if rule["alert"] == name and rule.get("labels", {}).items() <= labels.items()
        )
        _annotate(lines, expected, rule["annotations"], labels)
    return "".join(lines)


def rules_of(path: Path, text: str, texts: dict[Path, str] | None = None) -> Iterator[Content]:
    """The alerts of the rule files that a file of tests names."""
    for name in yaml.safe_load(text)["rule_files"]:
        file = (path.parent / name).resolve()
        content = (texts or {}).get(file) or file.read_text("utf-8")
        for group in yaml.safe_load(content)["groups"]:
            yield from (rule for rule in group["rules"] if "alert" in rule)


def _expectations(root: Any) -> Iterator[tuple[str, yaml.MappingNode]]:
    """The name of the alert and the node of each alert that is expected, in the file's order and
    each once, however many aliases lead to it."""
    seen = set[int]()
    for test in _child(root, "tests").value:
        for asked in getattr(_child(test, "alert_rule_test"), "value", ()):
            alerts, name = _child(asked, "exp_alerts"), _child(asked, "alertname")
            if alerts is None or name is None:  # it is merged from another
                continue
            for expected in alerts.value:
                if id(expected) not in seen:
                    seen.add(id(expected))
                    yield name.value, expected


def _child(node: Any, key: str) -> Any:
    return next((value for name, value in node.value if name.value == key), None)


def _value(node: yaml.MappingNode, key: str) -> dict[str, str]:
    found = _child(node, key)
    return {name.value: value.value for name, value in found.value} if found else {}


def _annotate(
    lines: list[str], expected: yaml.MappingNode, texts: dict[str, str], labels: dict[str, str]
) -> None:
    """Writes the annotations of an expected alert into the lines of its file."""
    own = _value(expected, "exp_annotations")
    indent = " " * expected.start_mark.column
    block = [f"{indent}exp_annotations:\n"]
    for name, text in texts.items():
        said = _with(text, labels)
        if "{{" in said:  # a value, or a query: the test says what comes of it
            # Since when it is open stands beside its words, of which most tests have none.
            said = own.get(name, "" if name == "since" else said)
        block.append(f"{indent}  {name}: {json.dumps(said, ensure_ascii=False)}\n")
    keys = {key.value: (key, value) for key, value in expected.value}
    if "exp_annotations" in keys:
        key, value = keys["exp_annotations"]
        first, last = key.start_mark.line, _last_line(value)
    else:
        key, value = keys["exp_labels"]
        first = max(key.start_mark.line, _last_line(value)) + 1  # an alias ends where it is named
        last = first - 1
    lines[first : last + 1] = block


def _last_line(node: Any) -> int:
    """The line on which a node ends. A block's own mark is where the next thing begins."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        return _last_line(node.value[-1][1])
    mark = node.end_mark
    folded = getattr(node, "style", None) in ("|", ">")
    line: int = mark.line - 1 if folded or mark.column == 0 else mark.line
    return line


def _with(text: str, labels: dict[str, str]) -> str:
    escaped = r"{{ \$labels\.(\w+) \| urlquery }}"
    text = re.sub(escaped, lambda found: quote_plus(labels[found[1]]), text)
    return re.sub(r"{{ \$labels\.(\w+) }}", lambda found: labels[found[1]], text)


if __name__ == "__main__":
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
