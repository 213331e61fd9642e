"""Exports as a command-and-control and a telephone system print them for people: titles above the
header, dates apart from times, day first, waits as clock times, totals."""

from __future__ import annotations

import csv
import datetime as dt
import io

BEGIN = dt.datetime(2026, 3, 2, 0, 3)  # noqa: DTZ001 - as the export has it
BEATS = ("Harrow Vale", "Brindle Town", "Sandmoor", "St. Oswin's")
TYPES = (
    "Burglary Dwelling", "Domestic Incident", "RTC - Injury", "ASB Nuisance", "Concern for Safety",
    "Theft from Shop", "Suspicious Circs",
)  # fmt: skip
GRADES = ("1 - Immediate", "2 - Priority", "3 - Scheduled")


def incidents(number: int = 360, begin: dt.datetime = BEGIN) -> str:
    """Incidents of 42 hours, one every seven minutes; the last three are not attended yet, and the
    last six not closed."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["Borsetshire Constabulary - Command and Control extract", *[""] * 8])
    rows.writerow([f"Run date: {begin + dt.timedelta(hours=42):%d/%m/%Y %H:%M}", *[""] * 8])
    rows.writerow([""] * 9)
    rows.writerow(
        [
            "Log Ref", "Date Created", "Time Created", "Opening Type", "Response Grade",
            "Beat Area", "Date/Time At Scene", "Date/Time Closed", "Easting",
        ]
    )  # fmt: skip
    for n in range(number):
        at = begin + dt.timedelta(minutes=7 * n)
        scene = at + dt.timedelta(minutes=5 + n % 19)
        closed = scene + dt.timedelta(minutes=20 + n % 50)
        attended = f"{scene:%d/%m/%Y %H:%M}" if n < number - 3 else ""
        ended = f"{closed:%d/%m/%Y %H:%M}" if n < number - 6 else ""
        rows.writerow(
            [
                f"BV-{n + 1:05d}", f"{at:%d/%m/%Y}", f"{at:%H:%M}", TYPES[n % len(TYPES)],
                GRADES[n % 3], BEATS[n % 4], attended, ended, f"{1000 + 13 * n:,}",
            ]
        )  # fmt: skip
    rows.writerow(["Total", f"{number:,}", *[""] * 7])
    return out.getvalue()


def calls(number: int = 400) -> str:
    """Calls of a night and a day, one every four minutes: every twentieth is given up."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(
        [
            "Skill Group", "Call Date", "Call Time", "Answer Delay", "Talk Time", "Outcome",
            "District",
        ]
    )  # fmt: skip
    for n in range(number):
        at = BEGIN + dt.timedelta(minutes=4 * n, seconds=n % 60)
        left = n % 20 == 19
        rows.writerow(
            [
                "999 Emergency" if n % 2 else "101 Non-Emergency", f"{at:%d/%m/%y}",
                f"{at:%H:%M:%S}", f"00:00:{n % 13:02d}", "" if left else f"00:0{n % 9}:30",
                "Abandoned" if left else "Answered", "North" if n % 3 else "South",
            ]
        )  # fmt: skip
    return out.getvalue()
