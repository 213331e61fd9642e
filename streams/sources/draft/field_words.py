"""How exports call what a field needs: patterns of column names, in small letters.

Of several patterns the first that any column fits decides, so the surest stand first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

RecordKind = Literal["call", "incident", "crime", "reading"]
RECORD_KINDS: tuple[RecordKind, ...] = ("call", "incident", "crime", "reading")

SIGNS: Mapping[RecordKind, Sequence[tuple[int, str]]] = {
    "call": (
        (4, r"abandon"),
        (3, r"talk|\b(acw|after ?(contact|call))\b|wrap"),
        (3, r"\bacd|\bivr|\bvru|\bdnis\b|\bani\b|\bddi\b|\bcsq\b|\bskill"),
        (2, r"queue|enqueue|\bq time"), (2, r"answer|pick ?up"), (2, r"\bagent"),
        (2, r"offered|presented"),
        (2, r"\bring|\bhold\b|\bheld|\balert time"),
        (1, r"wait|delay"), (1, r"\bline\b|trunk|extension|\bcli\b"),
        (1, r"disconnect|handl|releas"),
    ),
    "incident": (
        (3, r"dispatch|despatch|mobilis"), (3, r"arriv|\b(on|at) ?scene|scene"),
        (3, r"missing|misper|looked after"),
        (3, r"collision|casualt|crash|road user"),
        (2, r"enroute|en route"), (2, r"assign|alloc|attended|attendance|available"),
        (2, r"priorit|\bgrade|severity"), (2, r"\bunit|call ?sign|resource|\bstation|ambul|fire"),
        (2, r"nature|problem|call type"),
        (1, r"incident"), (1, r"\bcad\b|\blog\b"), (1, r"\bevent"), (1, r"respon"),
        (1, r"clear|closed|\bclose"), (1, r"\btitle|descri"), (1, r"call taker"),
    ),
    "crime": (
        (4, r"offen[cs]e|\bofns"),
        (3, r"\bi?ucr\b|nibrs|\bibr\b|\bfbi\b|statute|\bho (class|code)"),
        (3, r"commit|\bocc(ur\w*)?\b"),
        (3, r"crime (type|group|categ)|\bcrm\b|cmplnt|primary type"),
        (2, r"crime(?!d\b)"), (2, r"victim|\bvict?\b|suspect|nominal"),
        (2, r"weapon|modus|arrest|\bmo\b"),
        (2, r"recorded|\brptd?\b|report(ed)? (date|number)"), (2, r"investigation|reclassified"),
        (1, r"outcome|disposal|resolution"), (1, r"case ?(no|number)"),
    ),
    "reading": (
        (3, r"\bmeasure|indicator"), (3, r"numerator"), (3, r"denominator"), (2, r"period"),
        (1, r"\bvalue|\btarget"),
    ),
}  # fmt: skip
"""What the columns of each kind of record are called in exports, with how much that says: 4 what no
other kind has, 1 what several have. A sign counts once, in however many columns it stands."""
TIMES: Mapping[RecordKind, Sequence[tuple[str, Sequence[str]]]] = {
    "call": (
        ("answered_at", (r"answer", r"ser start|connect|pick")),
        ("abandoned_at", (r"abandon",)),
        ("ended_at", (r"\bend|ser exit|finish|complet|disconn|releas|hang|clos",)),
        ("offered_at", (r"offer|present", r"q start|queue|received|arriv", r"start|begin|call",
                        r"date|time|stamp", r".")),
    ),
    "incident": (
        ("dispatched_at", (r"first.*(dispatch|assign)", r"dispatch|despatch|alloc|assign|mobil",
                           r"notif")),
        ("arrived_at", (r"first.*(arriv|on ?scene)", r"arriv|on ?scene|at ?scene|attend|^ia$")),
        ("closed_at", (r"clos|clear", r"complet|\bend|finish|resolved|^cd$|stop|dispos",
                       r"availab")),
        ("graded_at", (r"grad|triag",)),
        ("opened_at", (r"open", r"\b(911|999|112)\b",
                       r"receiv|(call|incident|event).*(date|time)|^toc$",
                       r"creat|report|entry|enter|start|occur", r"date|time|stamp", r".")),
    ),
    "crime": (
        ("outcome_at", (r"outcome|clear|dispos|arrest",)),
        ("committed_to", (r"(occur|commit|offen|inc).*(\bto\b|end|until|thru)|to date|end date",)),
        ("recorded_at", (r"record|report", r"creat|enter|entry|month")),
        ("entered_at", (r"\benter|\bentry|input|creat",)),
        ("committed_from", (r"occur|commit|offen|inc|from|start|begin",)),
        ("recorded_at", (r"date|time|stamp", r".")),
    ),
    "reading": (),
}  # fmt: skip
MAIN: Mapping[RecordKind, str] = {"call": "offered_at", "incident": "opened_at",
                                  "crime": "recorded_at", "reading": ""}  # fmt: skip
PARTIAL = {"opened_at", "recorded_at", "committed_from", "committed_to", "outcome_at", "entered_at"}
ID = (
    r"(incident|event|call|case|crime|offen[cs]e|cad|cfs).*(id|no|num|number|ref|key)\b",
    r"\b(id|urn|ref|reference|guid|uuid|key)\b|number|\bno\b|\bnum\b|(id|no|nbr|num)$",
    r"cad|case|incident|\bcall\b",
)
AREA_WORDS = (
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
    r"severity|urgency|acuity|response (level|code|type|mode|class)|mode of response",
)
LINE = (r"queue|\bline\b|skill|ddi|dnis|service", r"type|group")
PRIVATE = r"addr|name|phone|caller|location|street|block|\blat|\blon|descr?\b|remark|note|comment"
"""Columns that may say who or where: they have no place in an id."""
