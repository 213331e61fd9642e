"""What a draft proposes beyond times, place, category and id: markers, links, channel, flags."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from streams.sources.draft.columns import Column
from streams.sources.draft.draft import Work, quoted
from streams.sources.draft.field_words import RecordKind
from streams.sources.draft.persons import SPLITS
from streams.sources.draft.value_guess import CHANNELS, MARKER_PATTERNS, translated

FLAGS: Mapping[RecordKind, Sequence[tuple[str, str]]] = {
    "call": (("resolved", r"first (contact|call)|resolved (at|in|on) "),),
    "incident": (("crimed", r"\bcrimed\b|crime recorded|is crime"),),
    "crime": (("notifiable", r"notifiable|recordable"),),
    "reading": (),
}
LINKS: Mapping[RecordKind, Sequence[tuple[str, str]]] = {
    "call": (("incident_id", r"(incident|log|cad|event).*\b(id|no|number|ref|reference)\b"),),
    "incident": (),
    "crime": (
        ("incident_id", r"(incident|log|cad|storm|event).*\b(id|no|number|ref|reference)\b"),
        ("series", r"\bseries\b|linked series"),
        ("offence_code", r"(ho|home office|offen[cs]e) code|\bhocr\b"),
    ),
    "reading": (),
}
MARKER_COLUMN = r"marker|keyword|qualifier|\bflags\b"
CHANNEL_COLUMN = r"channel|contact (type|method)|\bmedium\b"
WRAP_UP = r"wrap|\bacw\b|after call"
YES, NO = r"y|yes|true|t|1|x", r"n|no|false|f|0"
MOST_VALUES = 60
"""So many different markers a column may have."""


def place_details(work: Work) -> None:
    """Adds what the names of the columns that are left say."""
    for field, pattern in FLAGS[work.kind]:
        _place_flag(work, field, pattern)
    for field, pattern in LINKS[work.kind]:
        column = work.columns.find((pattern,), _free(work))
        if column is not None:
            work.columns.use(column)
            work.fields += ["", f"[fields.{field}]", f"column = {quoted(column.name)}"]
    if work.kind in {"incident", "crime"}:
        _place_markers(work)
    if work.kind == "call":
        _place_channel(work)
        _place_wrap_up(work)


def _free(work: Work) -> list[Column]:
    return [column for column in work.columns.all if column.times is None and column.values]


def _place_flag(work: Work, field: str, pattern: str) -> None:
    column = work.columns.find((pattern,), _free(work))
    if column is None or not _is_flag(column):
        return
    work.columns.use(column)
    work.fields += ["", f"[fields.{field}]", f"column = {quoted(column.name)}", "",
                    f"[fields.{field}.values]"]  # fmt: skip
    for value in sorted(column.counts):
        said = re.fullmatch(YES, value.casefold()) is not None
        work.fields.append(f"{quoted(value)} = {quoted(said)}")


def _is_flag(column: Column) -> bool:
    """Whether a column says yes and no, and nothing else."""
    return all(re.fullmatch(f"{YES}|{NO}", value.casefold()) for value in column.counts)


def _place_marker_flags(work: Work) -> None:
    """The columns that are a marker each: yes or no."""
    found = {
        column.name: marker
        for column in _free(work)
        if column.name not in work.columns.used
        and _is_flag(column)
        and (marker := translated(column.words, MARKER_PATTERNS, ""))
    }
    if not found:
        return
    work.columns.used.update(found)
    work.fields += ["", "[fields.markers.flags]"]
    work.fields += [f"{quoted(name)} = {quoted(marker)}" for name, marker in found.items()]


def _place_markers(work: Work) -> None:
    column = work.columns.find((MARKER_COLUMN,), [c for c in _free(work) if c.textual])
    if column is None or _is_flag(column):
        _place_marker_flags(work)
        return
    split = next((sign for sign in SPLITS if any(sign in v for v in column.counts)), None)
    parts = dict.fromkeys(
        part.strip()
        for value, _ in column.counts.most_common()
        for part in (value.split(split) if split else [value])
        if part.strip()
    )
    if len(parts) > MOST_VALUES:
        return
    work.columns.use(column)
    work.fields += ["", "[fields.markers]", f"column = {quoted(column.name)}"]
    if split is not None:
        work.fields.append(f"split = {quoted(split)}")
    known = {part: translated(part, MARKER_PATTERNS, "") for part in parts}
    work.fields += ["", "[fields.markers.values]"]
    work.fields += [
        f"{quoted(part)} = {quoted(marker)}" for part, marker in known.items() if marker
    ]
    others = [part for part, marker in known.items() if not marker]
    work.doubts.append(
        f"`markers`: what {column.name} means is a guess"
        + (
            f"; {len(others):,} of its values are no marker that every force has, such as "
            f"{others[0]}: list them here and under `markers` in the force's file"
            if others
            else ""
        )
    )


def _place_channel(work: Work) -> None:
    few = [column for column in _free(work) if len(column.counts) <= 15]
    column = work.columns.find((CHANNEL_COLUMN,), few)
    known = {} if column is None else {v: translated(v, CHANNELS, "") for v in column.counts}
    if column is None or not any(known.values()):
        return
    work.columns.use(column)
    work.fields += ["", "[fields.channel]", f"column = {quoted(column.name)}", "",
                    "[fields.channel.values]"]  # fmt: skip
    work.fields += [f"{quoted(value)} = {quoted(name)}" for value, name in known.items() if name]
    if lacking := [value for value, name in known.items() if not name]:
        work.doubts.append(
            f"`channel`: {', '.join(lacking)} of {column.name} is none that is known"
        )


def _place_wrap_up(work: Work) -> None:
    column = work.columns.find((WRAP_UP,), [c for c in work.columns.all if c.like_a_duration])
    if column is None or "ended_at" not in work.placed:
        return
    work.columns.use(column)
    work.fields += ["", "[fields.wrapped_up_at]", 'from = "ended_at"',
                    f"plus = {quoted(column.name)}"]  # fmt: skip
    if not column.numeric:
        work.fields.append('unit = "clock"')
