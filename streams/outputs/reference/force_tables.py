"""The lists of a force (`force_lists` beside this) as tables for a terminal, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.table import Table

from streams.outputs.reference.force_lists import ListEntry, Spelling, WatchedMeasure
from streams.surveillance.signals import Grain

NOW = "now"
"""What is judged as it happens, without a period."""
HEADINGS = {
    "line": "Lines (line of a call)",
    "category": "Categories (category of an incident)",
    "grade": "Grades (grade of an incident)",
    "offence": "Offences (offence of a crime)",
    "marker": "Markers (markers of an incident or a crime)",
    "area": "Areas (area of any record)",
}
COLUMNS = (
    "list", "code", "within", "words", "watched", "periods", "watched_as", "alerts", "spellings",
)  # fmt: skip


def entry_tables(entries: Iterable[ListEntry]) -> Iterator[Table]:
    """A table a list, each entry indented below the one that it lies within and by what it adds to
    the words of that. Columns in which nothing stands are left out, and kinds of alert that are the
    same for all that is watched stand in the title."""
    for name, of_list in groupby(entries, lambda each: each.list_name):
        listed = list(of_list)
        words = {each.code: each.words for each in listed}
        columns = {
            "Code": [f"{'  ' * each.depth}{each.code}" for each in listed],
            "Is": [_added(each.words, words.get(each.within or "", "")) for each in listed],
            "Watched": [
                f"with {each.watched_as}" if each.watched_as else ", ".join(_periods(each.watched))
                for each in listed
            ],
            "Alerts": ["" if each.watched_as else ", ".join(each.alerts) for each in listed],
            "Also spelled": [_spelled(each.spellings) for each in listed],
        }
        title = HEADINGS.get(name, name)
        if len(alerts := {*columns["Alerts"]} - {""}) == 1:
            title += f", alerts: {alerts.pop()}"
            del columns["Alerts"]
        table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
        shown = {heading: texts for heading, texts in columns.items() if any(texts)}
        for heading in shown:
            table.add_column(heading, no_wrap=heading == "Code", overflow="fold")
        for row in zip(*shown.values(), strict=True):
            table.add_row(*row)
        yield table


def _added(words: str, wider: str) -> str:
    """What words say beyond those of the entry above."""
    added = words.removeprefix(f"{wider}, ")
    return added[:1].upper() + added[1:]


def entries_csv(entries: Iterable[ListEntry]) -> str:
    """A line an entry; what is several stands in one cell, with semicolons."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(COLUMNS)
    for each in entries:
        measures = [watched.measure for watched in each.watched]
        out.writerow([
            each.list_name,
            each.code,
            each.within or "",
            each.words,
            "; ".join(measures),
            "; ".join(_periods(each.watched)),
            each.watched_as or "",
            "; ".join(each.alerts),
            _plain("; ".join(spelling.text for spelling in each.spellings)),
        ])  # fmt: skip
    return text.getvalue()


def _plain(text: str) -> str:
    """A text that a spreadsheet takes for no formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _periods(watched: Sequence[WatchedMeasure]) -> list[str]:
    """By which periods anything is watched, and whether as it happens."""
    grains: tuple[Grain, ...] = ("hour", "day", "month")
    found = [grain for grain in grains if any(grain in each.periods for each in watched)]
    return [*found, NOW] if any(not each.periods for each in watched) else list(found)


def _spelled(spellings: Sequence[Spelling]) -> str:
    """By whose word: `Home Office 28A, 28B; data.police.uk Burglary`."""
    by: dict[str, list[str]] = {}
    for each in spellings:
        by.setdefault(each.of, []).append(each.text)
    return "; ".join(f"{of} {', '.join(texts)}" for of, texts in by.items())
