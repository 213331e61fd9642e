"""The tables of the docs that list the kinds of alert, made from their declarations.

`python -m tests.alert_docs` writes them; a test fails where they are not current.
"""

from __future__ import annotations

from pathlib import Path

from streams.alerts.rules import KINDS

DOCS = Path(__file__).parents[1] / "docs"
KINDS_HEAD = (
    "| kind | opened when | severity | over when | a message of it | false alarms | runbook |\n"
    "|---|---|---|---|---|---|---|\n"
)
RUNBOOKS_HEAD = "| alert | means |\n|---|---|\n"


def pages() -> dict[Path, str]:
    """The text that each page should have."""
    alerts, index = DOCS / "alerts.md", DOCS / "runbooks" / "README.md"
    kinds = [
        f"| {kind.name.replace('_', ' ')} | {row.opened} | {row.severity} | {row.ended} "
        f"| {row.example} | {row.false_alarms} | [what to do](runbooks/{kind.runbook}.md) |"
        for kind in KINDS
        for row in kind.table
    ]
    runbooks = [f"| [{kind.runbook}]({kind.runbook}.md) | {kind.summary} |" for kind in KINDS]
    own = {kind.runbook for kind in KINDS}
    others = [
        row
        for row in _table(index.read_text("utf-8"), RUNBOOKS_HEAD).splitlines()
        if row.partition("[")[2].partition("]")[0] not in own
    ]
    return {
        alerts: _with(alerts.read_text("utf-8"), KINDS_HEAD, kinds),
        index: _with(index.read_text("utf-8"), RUNBOOKS_HEAD, [*runbooks, *others]),
    }


def _table(text: str, head: str) -> str:
    return text.partition(head)[2].partition("\n\n")[0]


def _with(text: str, head: str, rows: list[str]) -> str:
    before, _, after = text.partition(head)
    rest = after[len(_table(text, head)) :]
    return before + head + "\n".join(rows) + (rest or "\n")


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
