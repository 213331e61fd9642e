"""What the first screen of the wallboard says, decided from a board as `/board.json` gives it.

Pure. The browser only words and draws what stands here, so that what it may not do (show an old
figure as a new one, a rate without its number of cases, a name of staff, a zero for "not known")
is decided in one place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from streams.alerts.model import SEVERITIES
from streams.config.force import WHOLE
from streams.outputs import words
from streams.outputs.terminal import STALE_FEED, STALE_HEARTBEAT
from streams.registry.measures import PLAIN_NAMES

Board = Mapping[str, Any]
Screen = dict[str, Any]
Rows = Sequence[Mapping[str, Any]] | None
"""The rows of a group; None where they are not known."""

WINDOW = "today"
"""The answer rate is that of today: an hour of 999 calls is too few in most forces."""

SENTENCES = 2
"""Of an alert: what it is and the next in importance; the others are one step down. Read across a
room, a text longer than three lines would take its height from the figures."""

BEATS = {"call": "calls", "incident": "incidents", "crime": "crimes", "reading": "readings"}
"""The heartbeat that says that the feed of a kind is alive."""


def first_screen(board: Board, area: str | None = None) -> Screen:
    """The figures of the first screen, for the force or one of its areas (by id).

    Raises ValueError for an area that the force does not have.
    """
    areas = board["definitions"]["areas"]
    if area is not None and area not in areas:
        raise ValueError(f'no area "{area}" in {board["force"]["name"]}: {", ".join(areas)}')
    feeds = _feeds(board)
    late = {feed["kind"]: feed for feed in feeds if feed["late"]}
    return {
        "force": board["force"],
        "area": None if area is None else {"id": area, "name": areas[area]["name"]},
        "areas": [{"id": name, "name": held["name"]} for name, held in areas.items()],
        "at": board["at"],
        "speed": _speed(board["status"]),
        "status": board["status"],
        "waiting": _waiting(board, area, late.get("call")),
        "unattended": _unattended(board, area, late.get("incident")),
        "answer": _answer(board, area, late.get("call")),
        "alerts": _alerts(board, area),
        "feeds": feeds,
    }


def fingerprint(screen: Screen) -> Screen:
    """The screen without what only says that time has passed: equal ones need not be sent again."""
    return {key: value for key, value in screen.items() if key != "at"}


def _speed(status: Mapping[str, Any]) -> float:
    """How fast the board's clock runs against the wall clock; 0 where it stands still."""
    if status["state"] == "finished":
        return 0.0
    return float(status["speed"] or 0.0) if status["replay"] else 1.0


def _feeds(board: Board) -> list[dict[str, Any]]:
    """How far every feed has got, and whether that is too long ago to be taken for now.

    A feed with a heartbeat is late when it and the heartbeat are silent; one without can't be told
    from a quiet hour, and is late only when calls or incidents have been silent for long.
    """
    told: list[dict[str, Any]] = []
    heard = board["feeds"]
    for kind, beat in BEATS.items():
        marks = [heard[name] for name in (kind, f"heartbeat.{beat}") if name in heard]
        if not marks:
            continue
        freshest = min(marks, key=lambda mark: float(mark["age_seconds"]))
        beating = f"heartbeat.{beat}" in heard
        limit = STALE_FEED
        if beating:
            limit = heard[f"heartbeat.{beat}"].get("silent_after_seconds", STALE_HEARTBEAT)
        judged = beating or kind in ("call", "incident")
        running = board["status"]["state"] != "finished"
        told.append(
            {
                "kind": kind,
                "name": PLAIN_NAMES[kind],
                "as_of": freshest["as_of"],
                "late": bool(running and judged and freshest["age_seconds"] > limit),
            }
        )
    return told


def _heard(board: Board, kind: str) -> bool:
    """Whether anything ever came of a kind, if only a heartbeat: then nothing is a true zero."""
    return kind in board["feeds"] or f"heartbeat.{BEATS[kind]}" in board["feeds"]


def _row(rows: Rows, **where: str) -> Mapping[str, Any] | None:
    for row in rows or ():
        if all(row[key] == value for key, value in where.items()):
            return row
    return None


def _of_line(rows: Rows, line: str) -> Rows:
    return rows if rows is None else [row for row in rows if row["line"] == line]


def _unplaced(board: Board, area: str | None, rows: Rows, count: str) -> int:
    """How many more there are in the force of which no area is known; 0 in a view of the force.

    A call often has no area before it is answered: a view of an area shall not say that nobody
    waits when that is not known.
    """
    if area is None or rows is None:
        return 0
    areas = board["definitions"]["areas"]
    held = {row["area"]: int(row[count]) for row in rows}
    placed = sum(held.get(name, 0) for name in areas if areas[name]["parent"] is None)
    return held.get(WHOLE, 0) - placed


def _since(board: Board, seconds: float | None) -> str | None:
    """The instant from which something has lasted so long."""
    if seconds is None:
        return None
    return (dt.datetime.fromisoformat(board["at"]) - dt.timedelta(seconds=seconds)).isoformat(
        timespec="seconds"
    )


def _line(board: Board) -> str | None:
    """The emergency line: 999, or where a force has none, its first."""
    lines = list(board["definitions"]["lines"])
    return "999" if "999" in lines else next(iter(lines), None)


def _waiting(board: Board, area: str | None, late: Any) -> dict[str, Any] | None:
    line = _line(board)
    if line is None:
        return None
    rows = board["now"].get("calls") if _heard(board, "call") else None
    row = _row(rows, line=line, area=area or WHOLE)
    empty = {"waiting": None if rows is None else 0, "oldest_waiting": None, "waiting_unknown": 0}
    row = row or empty
    return {
        "line": line,
        "count": row["waiting"],
        "oldest_since": _since(board, row["oldest_waiting"]),
        "unknown": row["waiting_unknown"],
        "unplaced": _unplaced(board, area, _of_line(rows, line), "waiting"),
        "late": late,
    }


def _unattended(board: Board, area: str | None, late: Any) -> dict[str, Any]:
    rows = board["now"].get("attendance") if _heard(board, "incident") else None
    row = _row(rows, area=area or WHOLE)
    count = None if rows is None else 0
    row = row or {"unattended": count, "oldest_unattended": None, "unattended_unknown": 0}
    return {
        "count": row["unattended"],
        "oldest_since": _since(board, row["oldest_unattended"]),
        "unknown": row["unattended_unknown"],
        "unplaced": _unplaced(board, area, rows, "unattended"),
        "late": late,
    }


def _answer(board: Board, area: str | None, late: Any) -> dict[str, Any] | None:
    line = _line(board)
    if line is None:
        return None
    window = board["windows"][WINDOW]
    held, rows = words.held_in(board, window, line), window.get("calls")
    whole = _row(rows, line=line, area=WHOLE)
    row = _row(rows, line=line, area=area or WHOLE)
    origin = None if whole is None else whole.get("from")
    known = whole is not None and (origin is not None or _heard(board, "call"))
    if not known or (row is None and origin is not None):  # totals without areas
        row, known = None, False
    ratio = row["service_level"] if row else {"value": None, "numerator": 0, "denominator": 0}
    known = known and ratio["denominator"] is not None
    small = bool(ratio.get("small"))
    judged = ratio["value"] is not None and held["target"] is not None
    judged = judged and not small and "changed" not in held
    return {
        "line": line,
        "window": WINDOW,
        "known": known,
        "value": ratio["value"],
        "numerator": ratio["numerator"],
        "denominator": ratio["denominator"],
        "small": small,
        "within_seconds": held["within_seconds"],
        "target": held["target"],
        "met": bool(ratio["value"] >= held["target"]) if judged else None,
        "late": None if origin == "totals" else late,
        "from": origin,
    }


def _alerts(board: Board, area: str | None) -> dict[str, Any] | None:
    """The open alerts, without the names of their owners; None where none are raised at all."""
    held = board.get("alerts")
    if held is None:
        return None
    near = None if area is None else _near(board, area)
    shown = [
        {
            "id": alert["id"],
            "severity": alert["severity"],
            # Its last sentence says who has it, by name: that is one step down.
            "words": " ".join((alert.get("said") or [alert["words"]])[:SENTENCES]),
            "opened_at": alert["opened_at"],
            "owned": bool(alert["owner"]),
            "lasting": alert.get("lasting", False),
            "snoozed_until": alert["snoozed_until"],
        }
        for alert in held["open"]
        if near is None or (alert.get("area") or WHOLE) in near
    ]
    # The board's order, but what nobody has comes first among its like, and what sleeps last.
    urgent = sorted(
        shown,
        key=lambda a: (SEVERITIES.index(a["severity"]), bool(a["snoozed_until"]), a["owned"]),
    )
    return {
        "open": urgent,
        "summary": held["summary"]["words"],
        "maintenance": [
            span["reason"] for span in held["maintenance"] if _within(board["at"], span)
        ],
    }


def _near(board: Board, area: str) -> set[str]:
    """What concerns an area: itself, what it holds, what holds it, and the whole force."""
    areas = board["definitions"]["areas"]
    below = {name for name, held in areas.items() if held["parent"] == area}
    return {area, WHOLE, areas[area]["parent"] or WHOLE, *below}


def _within(at: str, span: Mapping[str, str]) -> bool:
    moment = dt.datetime.fromisoformat(at)
    return dt.datetime.fromisoformat(span["from"]) <= moment < dt.datetime.fromisoformat(span["to"])
