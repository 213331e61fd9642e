"""How exports call what a field needs: patterns of column names, in small letters.

Of several patterns the first that any column fits decides, so the surest stand first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

Kind = Literal["call", "incident", "crime", "reading"]
KINDS: tuple[Kind, ...] = ("call", "incident", "crime", "reading")

KIND_WORDS: Mapping[Kind, str] = {
    "call": r"abandon|queue|\bagent|answered|\bring|talk|hold time|wait|\bivr|\bvru|offered|\bacd",
    "incident": r"incident|\bcad\b|dispatch|arriv|scene|\bunit|priority|nature|respon|ambul|fire"
    r"|call type|clear|on ?scene|event|\btitle|descri|attendance|station",
    "crime": r"crime(?!d\b)|offen[cs]e|ucr\b|nibrs|\bibr\b|statute|victim|report(ed)? (date|number)"
    r"|weapon|modus|recorded|primary type|\bfbi\b|arrest|case (no|number)",
    "reading": r"measure|numerator|denominator|period|indicator",
}
CRIME_ALONE = r"offen[cs]e|\bcrime(?!d\b)"
ATTENDED = r"dispatch|despatch|arriv|scene|priorit|respon|\bunit"
"""A table with a column of the first kind and none of the second is of crimes, however often
"incident" or "event" stands in its header."""
TIMES: Mapping[Kind, Sequence[tuple[str, Sequence[str]]]] = {
    "call": (
        ("answered_at", (r"answer", r"ser start|connect|pick")),
        ("abandoned_at", (r"abandon",)),
        ("ended_at", (r"\bend|ser exit|finish|complet|disconn|releas|hang|clos",)),
        ("offered_at", (r"offer|present", r"q start|queue|received|arriv", r"start|begin|call",
                        r"date|time|stamp", r".")),
    ),
    "incident": (
        ("dispatched_at", (r"first.*(dispatch|assign)", r"dispatch|despatch|alloc|assign|mobil")),
        ("arrived_at", (r"first.*(arriv|on ?scene)", r"arriv|on ?scene|at ?scene|attend|^ia$")),
        ("closed_at", (r"clos|clear", r"complet|\bend|finish|resolved|^cd$|stop|dispos",
                       r"availab")),
        ("graded_at", (r"grad|triag",)),
        ("opened_at", (r"open", r"receiv|(call|incident|event).*(date|time)|^toc$",
                       r"creat|report|entry|enter|start|occur", r"date|time|stamp", r".")),
    ),
    "crime": (
        ("outcome_at", (r"outcome|clear|dispos|arrest",)),
        ("committed_to", (r"(occur|commit|offen|inc).*(\bto\b|end|until|thru)|to date|end date",)),
        ("recorded_at", (r"record|report", r"creat|enter|entry|month")),
        ("committed_from", (r"occur|commit|offen|inc|from|start|begin",)),
        ("recorded_at", (r"date|time|stamp", r".")),
    ),
    "reading": (),
}  # fmt: skip
MAIN: Mapping[Kind, str] = {"call": "offered_at", "incident": "opened_at", "crime": "recorded_at",
                             "reading": ""}  # fmt: skip
PARTIAL = {"opened_at", "recorded_at", "committed_from", "committed_to", "outcome_at"}
ID = (
    r"(incident|event|call|case|crime|offen[cs]e|cad|cfs).*(id|no|num|number|ref|key)\b",
    r"\b(id|urn|ref|reference|guid|uuid|key)\b|number|\bno\b|\bnum\b|(id|no|nbr|num)$",
    r"cad|case|incident|\bcall\b",
)
AREA = (
    r"beat|\blpa\b|policing area|station (name|area)",
    r"district|precinct|division|borough|sector|zone|ward",
    r"area|neighbo|region|town|twp|city|lsoa|county|community|jurisdiction|queue area",
)
CATEGORY = (
    r"(final|incident|event|call|case).*(type|categ|nature|descr|title)",
    r"nature|categ|\btype\b|type$",
    r"title|descri|problem|reason",
)
OFFENCE = (
    r"crime type|offen[cs]e (group|type|categ|descr)",
    r"offen[cs]e|crime|primary type|ucr|nibrs|ibr|categ",
    r"desc|type",
)
GRADE = (
    r"final.*(grade|priorit)",
    r"grade|priorit",
    r"severity|urgency|acuity|response level|response code",
)
LINE = (r"queue|\bline\b|skill|ddi|dnis|service", r"type|group")
PRIVATE = r"addr|name|phone|caller|location|street|block|\blat|\blon|descr?\b|remark|note|comment"
"""Columns that may say who or where: they have no place in an id."""
