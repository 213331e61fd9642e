"""Every reason for which a row is refused is known, has a cure, and stands in the documents."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from streams.registry.registry import REGISTRY
from streams.registry.times import word_of
from streams.sources.draft.trial import try_mapping
from streams.sources.mapping.file import parse_mapping
from streams.sources.notices import Notices
from streams.sources.reasons import REASONS, in_words
from tests.source_tree import modules, nodes_of
from tests.tables import PLAIN

ROOT = Path(__file__).parents[3]
RAISED_BY = {"Refused": 0, "Rejected": 1, "reject": 0, "Refusal": 2}
"""What makes a refusal, and which of its arguments is the reason."""


def reasons_in_code() -> Iterator[str]:
    for path in modules("streams").values():
        for node in nodes_of(path):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = RAISED_BY.get(name)
            if place is not None and len(node.args) > place:
                reason = node.args[place]
                if isinstance(reason, ast.Constant) and isinstance(reason.value, str):
                    yield reason.value


def reasons_declared() -> Iterator[str]:
    for kind in REGISTRY.kinds.values():
        yield from (rule.reason for rule in kind.rules)
        for time in kind.times:
            if time.after and not time.doubtful:  # which is left out, and refuses nothing
                yield f"{word_of(time.field)}_before_{word_of(time.after)}"


def table_in_documents() -> dict[str, tuple[str, str]]:
    text = (ROOT / "docs/sources.md").read_text()
    rows = re.findall(r"^\| `([a-z_]+)` \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    return {reason: (meaning, cure) for reason, meaning, cure in rows if reason in REASONS}


def test_every_reason_in_the_code_has_a_meaning_and_a_cure() -> None:
    found = {*reasons_in_code(), *reasons_declared()}
    assert found >= {"bad_time", "sealed", "answered_before_offered", "wrong_partition"}
    assert found <= REASONS.keys()


def test_the_documents_have_the_same_table() -> None:
    assert table_in_documents() == {name: tuple(reason) for name, reason in REASONS.items()}


def test_a_refusal_says_where_what_and_what_to_do() -> None:
    assert in_words("no_id", "in.csv:7", "blank: Number") == (
        "in.csv:7: blank: Number. To do: mend the row, or let the mapping exclude such rows or "
        "make the id of other columns."
    )


def test_what_a_row_has_reaches_the_terminal_printable_and_not_endless(tmp_path: Path) -> None:
    nasty = "\x1b[31m\udcff" + "x" * 100_000
    words = in_words("bad_time", "in.csv:7", f'opened_at: "{nasty}" fits none of the formats')
    assert words.startswith('in.csv:7: opened_at: "\N{REPLACEMENT CHARACTER}[31m?xxx')
    assert len(words) < 700
    assert words.isprintable()
    notices = Notices()
    notices.add("a field was left out at {example}", nasty)
    assert all(len(text) < 700 and text.isprintable() for text in notices.texts())
    file = tmp_path / "in.csv"
    rows = "".join(f"{n},2024-01-01 10:00:00\n" for n in range(3000))  # looked at to see what it is
    file.write_bytes(f"id,opened\n{rows}".encode() + b"x,\x1b[31m\xff" + b"x" * 1000 + b"\n")
    found = try_mapping(file, parse_mapping(PLAIN), None).words()
    assert all(len(text) < 700 and text.isprintable() for text in found)
    assert len(found) == 2
