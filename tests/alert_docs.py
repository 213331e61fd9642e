"""What the docs list of the kinds of alert, made from their declarations.

`python -m tests.alert_docs` writes them; a test fails where they are not current.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from streams.alerts.rules import KINDS
from streams.alerts.rules.base import AlertKind, TableRow

DOCS = Path(__file__).parents[1] / "docs"
KINDS_HEAD = "| kind | opened when | severity |\n|---|---|---|\n"
MESSAGES_HEAD = "### What each says, and when it is over\n\n"
WIDTH = 125
AFTER_MESSAGES = "\n\n## "
RUNBOOKS_HEAD = "| alert | means |\n|---|---|\n"


def pages() -> dict[Path, str]:
    """The text that each page should have."""
    alerts, index = DOCS / "alerts.md", DOCS / "runbooks" / "README.md"
    rows = [(kind, row) for kind in KINDS for row in kind.table]
    kinds = [f"| {_name(kind)} | {row.opened} | {row.severity} |" for kind, row in rows]
    messages = "\n\n".join(_message(kind, row) for kind, row in rows)
    runbooks = [f"| [{kind.runbook}]({kind.runbook}.md) | {kind.summary} |" for kind in KINDS]
    own = {kind.runbook for kind in KINDS}
    others = [
        row
        for row in _table(index.read_text("utf-8"), RUNBOOKS_HEAD).splitlines()
        if row.partition("[")[2].partition("]")[0] not in own
    ]
    return {
        alerts: _with_messages(_with(alerts.read_text("utf-8"), KINDS_HEAD, kinds), messages),
        index: _with(index.read_text("utf-8"), RUNBOOKS_HEAD, [*runbooks, *others]),
    }


def _name(kind: AlertKind) -> str:
    return kind.name.replace("_", " ")


def _message(kind: AlertKind, row: TableRow) -> str:
    """What one sort of alert says, how it ends, and what to do about it."""
    lines = [f"**{_name(kind).capitalize()}** ({row.severity.partition(':')[0]})", ""]
    if row.example:
        lines += [f"> {row.example}", ""]
    chance = f" False alarms: {row.false_alarms}." if row.false_alarms else ""
    to_do = f"[What to do](runbooks/{kind.runbook}.md)."
    ends = fill(f"Over when {row.ended}.{chance} {to_do}", WIDTH, break_on_hyphens=False)
    return "\n".join([*lines, ends])


def _with_messages(text: str, messages: str) -> str:
    before, head, after = text.partition(MESSAGES_HEAD)
    _, end, rest = after.partition(AFTER_MESSAGES)
    return before + head + messages + end + rest


def _table(text: str, head: str) -> str:
    return text.partition(head)[2].partition("\n\n")[0]


def _with(text: str, head: str, rows: list[str]) -> str:
    before, _, after = text.partition(head)
    rest = after[len(_table(text, head)) :]
    return before + head + "\n".join(rows) + (rest or "\n")


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
