"""`watchroom detect`: any detector over the columns of a table, to try thresholds on."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TextIO, get_args, get_type_hints

import click

import detectors
from detectors import Detector
from detectors.calibration.false_discovery import adjusted
from streams.cli.echo import echo
from streams.cli.figure_table import FigureTable
from streams.config.named_detectors import (
    MEASURED,
    TO_GIVE,
    TRIALS,
    kind_named,
    made,
    names,
    parameters,
)
from streams.errors import ConfigError, SourceError

SAID = ("direction", "level", "expected", "lower", "upper", "causes")
"""What is printed of a detector, as far as it has it, beside the evidence and the onset."""


COUNTS = frozenset(
    {
        "CountWatch", "EARS", "Expected", "FlexibleFarrington", "GLR", "MonthWatch",
        "NegativeBinomialFocus", "PoissonFocus", "Proportion", "ProportionWatch",
        "ReportingTriangle", "SeasonalScan", "ShiryaevRoberts", "Silence", "UncertainFocus",
    }
)  # fmt: skip
"""Detectors of counts, none of which is negative."""


class Column(NamedTuple):
    """One series: its name, its points, and what else `update` takes with each of them."""

    table: FigureTable
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
    them. The file has a header; rows are periods in order, and an empty cell is a missing one. An
    alarm "goes on" where all rows since the last one are part of it: one change may alarm often.

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
    kind = kind_named(detector)
    if file is None:
        _describe(kind)
        return
    table, series = _columns(file, kind, columns, label, _pairs(beside, "--with"))
    labels = table.labels()
    options = {name: _value(text) for name, text in _pairs(settings, "--set").items()}
    _check_given(kind, options, _pairs(beside, "--with"))
    if last is not None:
        _report(kind, options, series, labels, last)
        return
    alarms = new = 0
    unjudged: dict[str, str] = {}
    for one in series:
        running = made(kind, options)
        judged = False
        for row, answer in enumerate(_answers(running, one)):
            needs = running.still_needs
            judged = judged or needs is None
            alarms += answer["alarm"]
            new += answer["alarm"] and not answer["goes_on"]
            if every or answer["alarm"]:
                line = table.rows[row].line
                found = {"column": one.name, "row": row, "line": line, "label": labels[row]}
                found |= answer
                echo(json.dumps(found) if as_json else _line(found, labels))
        if not judged:
            unjudged[one.name] = needs or ""
    rows = f"{len(labels)} rows"
    if unjudged:
        echo(
            f"none of {rows} of {', '.join(unjudged)} could be judged: {kind.__name__} is still "
            f"learning; it needs {next(iter(unjudged.values()))}",
            err=True,
        )
    judged_columns = [one.name for one in series if one.name not in unjudged]
    if judged_columns and not as_json:
        more = f", {new} of them new: the others go on" if new < alarms else ""
        found_in = f"{rows} of {', '.join(judged_columns)}"
        echo(f"{alarms} alarm{'s' * (alarms != 1)} in {found_in}{more}", err=True)


def _list() -> None:
    for name in names():
        summary = " ".join((getattr(detectors, name).__doc__ or "").split("\n\n")[0].split())
        echo(f"{name:<22}{summary}")


def _describe(kind: type[Detector]) -> None:
    echo(f"{kind.__name__}: {inspect.cleandoc(kind.__doc__ or '').split('>>>')[0].rstrip()}")
    echo("\n--set, with what holds unless it is given:")
    setting, instead, meaning = TO_GIVE.get(kind.__name__, (None, None, ""))
    for name, value in kind()._get_params().items():
        if name == setting:
            other = f", or --with {instead}=COLUMN" if instead else ""
            echo(f"  {name}=... to be given{other}: {meaning}")
        else:
            echo(f"  {name}={json.dumps(value)}")
    if beside := parameters(kind.update, but=["x"]):
        echo(f"\n--with, beside the column itself: {', '.join(beside)}")
        if setting is None and instead:
            echo(f"  {instead} is to be given: {meaning}")
        if (trials := TRIALS.get(kind.__name__)) is not None:
            echo(f"  {trials} is how many there were, of which the column is a part")


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
        return json.loads(text, parse_constant=str)
    except (json.JSONDecodeError, RecursionError):
        return text


def _check_given(
    kind: type[Detector], options: Mapping[str, Any], beside: Mapping[str, str]
) -> None:
    """Asks for what has no default that could be right."""
    setting, instead, meaning = TO_GIVE.get(kind.__name__, (None, None, ""))
    if setting in options or instead in beside or (setting is None and instead is None):
        return
    ways = [f"--set {setting}=..."] * (setting is not None)
    ways += [f"--with {instead}=COLUMN"] * (instead is not None)
    raise ConfigError(f"{kind.__name__} needs {meaning}", cure=f"Give {' or '.join(ways)}")


def _columns(
    file: TextIO,
    kind: type[Detector],
    columns: Sequence[str],
    label: str | None,
    beside: Mapping[str, str],
) -> tuple[FigureTable, list[Column]]:
    """The table, and its series."""
    takes = parameters(kind.update, but=["x"])
    if unknown := [name for name in beside if name not in takes]:
        cure = f"It takes {', '.join(takes)}" if takes else "It takes nothing beside the column"
        raise ConfigError(f'{kind.__name__} does not take "{unknown[0]}" with a point', cure=cure)
    table = FigureTable(file)
    header = table.header
    for name in (*columns, *beside.values(), *([label] if label else [])):
        if name not in header:
            raise ConfigError(
                f'{table.name} has no column "{name}"', cure=f"It has {', '.join(header)}"
            )
    used = (*columns, *beside.values())
    if label is None and len(header) > 1 and header[0] not in used:
        label = header[0]
    named = columns or [name for name in header if name and name not in (label, *used)]
    if not named or not table.rows:
        raise SourceError(f"{table.name} has no {'rows' if named else 'column of figures'}")
    table.choose_label(label)
    more = {
        name: [text.split(";") for text in table.texts(column)]
        if name == "names"
        else table.numbers(column, whole=True)
        for name, column in beside.items()
    }
    with_points = [{name: given[n] for name, given in more.items()} for n in range(len(table.rows))]
    return table, [Column(table, name, table.numbers(name), with_points) for name in named]


def _check_point(detector: Detector, series: Column, row: int, beside: Mapping[str, Any]) -> None:
    """Refuses what would be taken for something else: a count below 0, more than all trials."""
    x, name = series.points[row], type(detector).__name__
    if x is None:
        return
    chart = name == "ControlChart" and getattr(detector, "kind", "") not in MEASURED
    if x < 0 and (chart or name in COUNTS):
        raise SourceError(f"{series.table.place(row, series.name)}: {x:g} is below 0, so no count")
    if (trials := TRIALS.get(name)) is not None:
        of = beside.get(trials, 1)
        if x > of:
            cure = (
                " is more than there were"
                if trials in beside
                else f": say how many there were, --with {trials}=COLUMN"
            )
            raise SourceError(f"{series.table.place(row, series.name)}: {x:g} of {of:g}{cure}")
    for key, value in beside.items():
        wanted = get_type_hints(type(detector).update).get(key)
        if isinstance(value, float) and float not in {wanted, *get_args(wanted)}:
            raise SourceError(
                f"{series.table.place(row, series.name)}: {key} is a whole number, not {value:g}"
            )


def _answers(detector: Detector, series: Column) -> Iterator[dict[str, Any]]:
    """What the detector says of each point; one of which a part is missing is a missing point."""
    places: list[int] = []
    """The row of each place that an onset may name."""
    before: tuple[int, Any] | None = None
    """The row of the last alarm, and its direction."""
    for row, (count, beside) in enumerate(zip(series.points, series.beside, strict=True)):
        known = {name: value for name, value in beside.items() if value is not None}
        x = count if len(known) == len(beside) else None
        if x is not None or detector.gaps_count:
            places.append(row)
        if x is not None:
            _check_point(detector, series, row, known)
        try:
            detector.update(x, **known)
        except (ArithmeticError, TypeError, ValueError) as error:
            place = series.table.place(row, series.name)
            raise SourceError(f"{place}: {error}") from None
        onset = getattr(detector, "onset", None)
        onset = None if onset is None else places[onset]
        said = {name: _in_a_word(name, getattr(detector, name, None)) for name in SAID}
        goes_on = False
        if detector.drift_detected:
            begins = row if onset is None else onset
            goes_on = (
                before is not None
                and before[1] == said["direction"]
                and all(series.points[n] is None for n in range(before[0] + 1, begins))
            )
            before = row, said["direction"]
        yield {
            "value": x,
            "alarm": detector.drift_detected,
            "goes_on": goes_on,
            "evidence": detector.evidence,
            **({} if onset is None else {"onset": onset}),
            **{name: value for name, value in said.items() if _plain(value)},
        }


def _in_a_word(name: str, value: Any) -> Any:
    """A direction of 1 or -1 as up or down (0: none), and the rules of a chart with theirs."""
    if name == "direction" and isinstance(value, int):
        return {1: "up", -1: "down"}.get(value)
    if name == "causes" and isinstance(value, list):
        return [
            one if isinstance(one, str) else f"{one[0]} {_in_a_word('direction', one[1])}"
            for one in value
        ]
    return value


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
    judged, needs = [], None
    for one in series:
        detector = made(kind, options)
        for answer in _answers(detector, one):
            last = answer
        if not hasattr(detector, "p_value"):
            raise ConfigError(
                f"{kind.__name__} has no p-value",
                cure="--last is for SeasonalScan and FlexibleFarrington",
            )
        if last["value"] is not None and detector.p_value is not None:
            judged.append((one.name, last, detector.p_value))
        needs = needs or detector.still_needs
    found = zip(judged, adjusted([p for *_, p in judged]), strict=True)
    echo(f"{labels[-1]}: {len(judged)} of {len(series)} columns can be judged")
    if not judged and needs:
        echo(f"{kind.__name__} is still learning; it needs {needs}", err=True)
    for (name, last, p), least in sorted(found, key=lambda each: each[1]):
        flag = "FLAG" if least <= share * (1 + 1e-12) else "    "
        expected = f"expected {last['expected']:.1f}, p {p:.2g}"
        echo(f"{flag}  {name}: {last['value']:g}, {expected}, false share {least:.2g}")


def _alarm(answer: Mapping[str, Any]) -> list[str]:
    if not answer["alarm"]:
        return []
    return ["ALARM goes on" if answer["goes_on"] else "ALARM"]


def _line(answer: Mapping[str, Any], labels: Sequence[str]) -> str:
    """One row, as a person reads it."""
    value = "missing" if answer["value"] is None else f"{answer['value']:g}"
    parts = [f"{answer['label']}  {answer['column']} {value}", *_alarm(answer)]
    parts.append(f"evidence {answer['evidence']:.3g}")
    if "onset" in answer:
        parts.append(f"since {labels[answer['onset']]}")
    for name in SAID:
        if name in answer:
            shown = answer[name]
            if isinstance(shown, list):
                shown = ", ".join(shown)
            shown = f"{shown:.4g}" if isinstance(shown, float) else str(shown)
            parts.append(f"{name} {shown}")
    return "  ".join(parts)
