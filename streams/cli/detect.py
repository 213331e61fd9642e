"""`watchroom detect`: any detector over the columns of a table, to try thresholds on."""

from __future__ import annotations

import csv
import inspect
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TextIO

import click

import detectors
from detectors import Detector
from detectors.calibration.false_discovery import adjusted
from streams.errors import ConfigError, SourceError

MISSING = frozenset({"", "NA", "N/A", "null", "None", "-"})
"""What a cell holds where nothing is known; as that, not as 0, a detector takes it."""
SAID = ("direction", "level", "expected", "lower", "upper", "causes")
"""What is printed of a detector, as far as it has it, beside the evidence and the onset."""


class Column(NamedTuple):
    """One series: its name, its points, and what else `update` takes with each of them."""

    name: str
    points: list[float | None]
    beside: list[dict[str, Any]]


@click.command()
@click.argument("detector", metavar="[DETECTOR]", required=False)
@click.argument("file", metavar="[FILE]", type=click.File(encoding="utf-8-sig"), required=False)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="NAME",
    help="A column of counts or figures; may be repeated. Default: all that no other option names.",
)
@click.option("--label", metavar="NAME", help="What a row is called. Default: the first column.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the detector, as JSON or as text; may be repeated.",
)
@click.option(
    "--with",
    "beside",
    multiple=True,
    metavar="NAME=COLUMN",
    help="A column with what else a point has: its exposure, size, number, trials; repeatable.",
)
@click.option("--all", "every", is_flag=True, help="Every row, not only those with an alarm.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a row.")
@click.option(
    "--last",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Only the last row of all columns: which to flag so that at most this share of the flags "
    "is false (Benjamini-Hochberg). For detectors with a p-value.",
)
def detect(  # noqa: PLR0913, PLR0917  one argument an option
    detector: str | None,
    file: TextIO | None,
    columns: tuple[str, ...],
    label: str | None,
    settings: tuple[str, ...],
    beside: tuple[str, ...],
    every: bool,
    as_json: bool,
    last: float | None,
) -> None:
    """Run a detector over a column of a CSV file and print where it alarms.

    Without FILE it says what the detector is and which settings it has, without DETECTOR it lists
    them. The file has a header; rows are periods in order, and an empty cell is a missing one.

    \b
    Examples:
      watchroom detect                                          which there are
      watchroom detect CUSUM                                    its settings
      watchroom detect CUSUM months.csv --set mean=364 --set h=4
      watchroom detect ShiryaevRoberts months.csv --column burglary --with exposure=days
      watchroom detect Proportion days.csv --column in_time --with of=answered --set target=0.9
      watchroom detect SeasonalScan weeks.csv --last 0.05       this week's report
    """
    if detector is None:
        _list()
        return
    kind = _kind(detector)
    if file is None:
        _describe(kind)
        return
    labels, series = _columns(file, kind, columns, label, _pairs(beside, "--with"))
    options = {name: _value(text) for name, text in _pairs(settings, "--set").items()}
    if last is not None:
        _report(kind, options, series, labels, last)
        return
    alarms = 0
    for one in series:
        made = _made(kind, options)
        for row, answer in enumerate(_answers(made, one)):
            alarms += answer["alarm"]
            if every or answer["alarm"]:
                found = {"column": one.name, "row": row, "label": labels[row], **answer}
                click.echo(json.dumps(found) if as_json else _line(found, labels))
    if not as_json:
        rows, columns_ = f"{len(labels)} rows", ", ".join(one.name for one in series)
        click.echo(f"{alarms} alarm{'s' * (alarms != 1)} in {rows} of {columns_}", err=True)


def _names() -> list[str]:
    return [name for name in detectors.__all__ if name != "Detector"]


def _kind(name: str) -> type[Detector]:
    known = {each.casefold(): each for each in _names()}
    if name.casefold() not in known:
        raise ConfigError(
            f'there is no detector "{name}"', cure=f"There are {', '.join(known.values())}"
        )
    kind: type[Detector] = getattr(detectors, known[name.casefold()])
    return kind


def _list() -> None:
    for name in _names():
        summary = " ".join((getattr(detectors, name).__doc__ or "").split("\n\n")[0].split())
        click.echo(f"{name:<22}{summary}")


def _settings(function: Any, but: Sequence[str] = ()) -> dict[str, inspect.Parameter]:
    """The parameters of a constructor or of `update` that can be given by name."""
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    every = inspect.signature(function).parameters.items()
    return {name: one for name, one in every if one.kind in plain and name not in ("self", *but)}


def _describe(kind: type[Detector]) -> None:
    click.echo(f"{kind.__name__}: {inspect.cleandoc(kind.__doc__ or '').split('>>>')[0].rstrip()}")
    click.echo("\n--set, with what holds unless it is given:")
    for name, value in kind()._get_params().items():
        click.echo(f"  {name}={json.dumps(value)}")
    if beside := _settings(kind.update, but=["x"]):
        click.echo(f"\n--with, beside the column itself: {', '.join(beside)}")


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    found = {}
    for text in texts:
        name, given, value = text.partition("=")
        if not given or not name:
            raise ConfigError(f'{option} "{text}" is not of the form NAME=VALUE')
        found[name.strip()] = value.strip()
    return found


def _value(text: str) -> Any:
    """A setting: JSON where it is JSON, else the text itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _made(kind: type[Detector], options: Mapping[str, Any]) -> Detector:
    known = kind()._get_params()
    if unknown := [name for name in options if name not in known]:
        raise ConfigError(
            f'{kind.__name__} has no setting "{unknown[0]}"', cure=f"It has {', '.join(known)}"
        )
    try:
        return kind(**options)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{kind.__name__}: {error}") from None


def _columns(
    file: TextIO,
    kind: type[Detector],
    columns: Sequence[str],
    label: str | None,
    beside: Mapping[str, str],
) -> tuple[list[str], list[Column]]:
    """The names of the rows, and the series of a table."""
    takes = _settings(kind.update, but=["x"])
    if unknown := [name for name in beside if name not in takes]:
        cure = f"It takes {', '.join(takes)}" if takes else "It takes nothing beside the column"
        raise ConfigError(f'{kind.__name__} does not take "{unknown[0]}" with a point', cure=cure)
    try:
        header, *rows = [row for row in csv.reader(file) if row] or [[]]
    except (csv.Error, UnicodeDecodeError) as error:
        raise SourceError(f"{file.name} is no CSV file in UTF-8: {error}") from None
    header = [name.strip() for name in header]
    for name in (*columns, *beside.values(), *([label] if label else [])):
        if name not in header:
            raise ConfigError(
                f'{file.name} has no column "{name}"', cure=f"It has {', '.join(header)}"
            )
    used = (*columns, *beside.values())
    if label is None and len(header) > 1 and header[0] not in used:
        label = header[0]
    named = columns or [name for name in header if name not in (label, *used)]
    if not named or not rows:
        raise SourceError(f"{file.name} has no {'rows' if named else 'column of figures'}")
    texts = {
        name: [row[i].strip() if i < len(row) else "" for row in rows]
        for i, name in enumerate(header)
    }
    more = {
        name: [text.split(";") if name == "names" else _number(text, column, n, whole=True)
               for n, text in enumerate(texts[column])]
        for name, column in beside.items()
    }  # fmt: skip
    with_points = [{name: given[n] for name, given in more.items()} for n in range(len(rows))]
    series = [
        Column(name, [_number(text, name, n) for n, text in enumerate(texts[name])], with_points)
        for name in named
    ]
    return texts[label] if label else [str(n) for n in range(len(rows))], series


def _number(text: str, column: str, row: int, *, whole: bool = False) -> Any:
    """A figure, None where it is missing; `whole`: without a fraction it is an integer."""
    if text in MISSING:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SourceError(f'row {row} of the column "{column}": "{text}" is no number')
    return int(number) if whole and number.is_integer() else number


def _answers(detector: Detector, series: Column) -> Iterator[dict[str, Any]]:
    """What the detector says of each point; one of which a part is missing is a missing point."""
    places: list[int] = []
    """The row of each place that an onset may name."""
    for row, (count, beside) in enumerate(zip(series.points, series.beside, strict=True)):
        known = {name: value for name, value in beside.items() if value is not None}
        x = count if len(known) == len(beside) else None
        if x is not None or detector.gaps_count:
            places.append(row)
        try:
            detector.update(x, **known)
        except (TypeError, ValueError) as error:
            raise SourceError(f'row {row} of the column "{series.name}": {error}') from None
        onset = getattr(detector, "onset", None)
        said = {
            "onset": None if onset is None else places[onset],
            **{name: getattr(detector, name, None) for name in SAID},
        }
        yield {
            "value": x,
            "alarm": detector.drift_detected,
            "evidence": detector.evidence,
            **{name: value for name, value in said.items() if _plain(value)},
        }


def _plain(value: object) -> bool:
    """Whether there is something to say, and it can be said in a line."""
    return isinstance(value, str | int | float) or (isinstance(value, list) and value != [])


def _report(
    kind: type[Detector],
    options: Mapping[str, Any],
    series: Sequence[Column],
    labels: Sequence[str],
    share: float,
) -> None:
    """The last row: of each column its count, what was expected, and whether it is flagged."""
    judged = []
    for one in series:
        detector = _made(kind, options)
        for answer in _answers(detector, one):
            last = answer
        if not hasattr(detector, "p_value"):
            raise ConfigError(
                f"{kind.__name__} has no p-value",
                cure="--last is for SeasonalScan and FlexibleFarrington",
            )
        if last["value"] is not None and detector.p_value is not None:
            judged.append((one.name, last, detector.p_value))
    found = zip(judged, adjusted([p for *_, p in judged]), strict=True)
    click.echo(f"{labels[-1]}: {len(judged)} of {len(series)} columns can be judged")
    for (name, last, p), least in sorted(found, key=lambda each: each[1]):
        flag = "FLAG" if least <= share * (1 + 1e-12) else "    "
        expected = f"expected {last['expected']:.1f}, p {p:.2g}"
        click.echo(f"{flag}  {name}: {last['value']:g}, {expected}, false share {least:.2g}")


def _line(answer: Mapping[str, Any], labels: Sequence[str]) -> str:
    """One row, as a person reads it."""
    value = "missing" if answer["value"] is None else f"{answer['value']:g}"
    parts = [f"{answer['label']}  {answer['column']} {value}"] + ["ALARM"] * answer["alarm"]
    parts.append(f"evidence {answer['evidence']:.3g}")
    if "onset" in answer:
        parts.append(f"since {labels[answer['onset']]}")
    for name in SAID:
        if name in answer:
            shown = answer[name]
            shown = f"{shown:.4g}" if isinstance(shown, float) else json.dumps(shown).strip('"')
            parts.append(f"{name} {shown}")
    return "  ".join(parts)
