"""What analysts write beside the figures: a TOML file of their own, so that it is there again when
the report is written anew. Causes stand here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from streams.board.query import Query
from streams.config.force import WHOLE
from streams.config.toml import locate, parse_toml, read_text
from streams.errors import ConfigError, QueryError
from streams.stretches import Stretch

CURE = "Compare with docs/report.md"


class Comment(Struct, frozen=True, forbid_unknown_fields=True):
    """A comment on an indicator, in an `area` or the force as a whole. With a `period` it stands in
    reports of that period alone; `by` is who wrote it."""

    indicator: str
    text: str
    area: str = WHOLE
    period: str = ""
    by: str = ""


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    comments: list[Comment]


def load_comments(path: Path, query: Query, period: Stretch, shown: Sequence[str]) -> list[Comment]:
    """The comments of a file on a period. Raises `ConfigError` with file, line, field and cure,
    also for a comment on an indicator that is not among those `shown`: none is left out unseen."""
    text = read_text(path)
    made = parse_toml(text, _File, path, CURE)
    found = []
    for number, each in enumerate(made.comments):
        field = f"comments[{number}]"

        def wrong(problem: str, name: str, cure: str, field: str = field) -> ConfigError:
            place = f"{field}.{name}"
            return ConfigError(problem, file=path, line=locate(text, place), field=place, cure=cure)

        try:
            area = query.areas()[query.area(each.area)]
        except QueryError as error:
            raise wrong(str(error), "area", "Write an id or name of the force's file") from None
        try:
            of = query.stretch(each.period) if each.period else period
        except QueryError as error:
            raise wrong(str(error), "period", "Write it as --period has it") from None
        if each.indicator not in shown:
            problem = f'"{each.indicator}" is in no section of the report'
            raise wrong(problem, "indicator", "Name an indicator of the layout")
        if not each.text.strip():
            raise wrong("an empty comment", "text", "Write it, or take it out")
        if of == period:
            found.append(replace(each, area=area))
    return found
