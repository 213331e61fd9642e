"""What is declared is shown: a measure of one entry and a kind of one file, wherever it is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec

from streams.board.monitor import Monitor
from streams.events.schema import Record, Stamp
from streams.live import Live
from streams.outputs.metrics.prometheus import Exporter
from streams.outputs.rules.recording import recording_file
from streams.outputs.terminal.board import as_text
from streams.outputs.wallboard.series import hours
from streams.periods import DAY, MINUTE
from streams.registry.aggregates import Count, Share
from streams.registry.calls import CALL
from streams.registry.conditions import flagged, has
from streams.registry.counting import Counter
from streams.registry.crimes import CRIME, CRIMES
from streams.registry.dimensions import Areas, Choice
from streams.registry.facts import Flag
from streams.registry.incidents import INCIDENT
from streams.registry.kind import Kind, Time
from streams.registry.measures import SETTLED_GRAINS, Group, Measure, WatchPolicy
from streams.registry.page import page
from streams.registry.phrases import subject
from streams.registry.registry import Registry
from streams.state import surveillance as watching
from tests.build import crime, feed, ms, tiny_force

NOW = ms("2021-03-01T10:30:00Z")

# -- a counter and its measures ------------------------------------------------------------------

DOMESTIC = Counter("domestic", has("markers", "domestic_abuse"))
MEASURES = (
    Measure(
        "domestic",
        "Domestic abuse",
        "count",
        "neutral",
        Count("domestic"),
        WatchPolicy(SETTLED_GRAINS, "crimes", "{offence} of domestic abuse", "Domestic abuse"),
    ),
    Measure(
        "domestic_share",
        "Share of domestic abuse",
        "ratio",
        "neutral",
        Share(("domestic",), ("count",)),
    ),
)
MARKED = Registry(
    (
        CALL,
        INCIDENT,
        replace(
            CRIME,
            counters=(*CRIME.counters, DOMESTIC),
            groups=(replace(CRIMES, measures=(*CRIMES.measures, *MEASURES)),),
        ),
    )
)


def marked() -> Live:
    """Three crimes of today, two of them of domestic abuse."""
    monitor = Monitor([tiny_force()], registry=MARKED)
    for name, markers in (("k1", ["domestic_abuse"]), ("k2", []), ("k3", ["domestic_abuse"])):
        feed(monitor, crime(name, area="north", markers=markers))
    live = Live(monitor, clock=lambda: NOW)
    live.health.state = "live"
    return live


def test_a_measure_of_one_entry_is_on_the_board() -> None:
    board = marked().board("tiny")
    row = board.windows["today"].row("crimes", offence="burglary", area="north-area")
    assert row is not None
    assert (row["count"], row["domestic"]) == (3, 2)
    assert row.ratio_of("domestic_share").value == 2 / 3


def test_a_board_of_another_registry_is_read_back_as_it_was() -> None:
    live = marked()
    board = live.board("tiny")
    assert live.monitor.types.decode(msgspec.json.encode(board)) == board


def test_a_measure_of_one_entry_is_in_the_metrics() -> None:
    text = Exporter(marked()).text()[0].decode()
    labels = '{area="force",force="tiny",offence="all",window="today"}'
    assert f"watchroom_crimes_domestic{labels} 2.0\n" in text
    assert "# HELP watchroom_crimes_domestic Recorded crime: Domestic abuse.\n" in text


def test_a_measure_of_one_entry_is_in_the_terminal() -> None:
    text = as_text(marked().board("tiny"), registry=MARKED)
    assert (
        "Recorded crime                     Today            Month\n"
        "Domestic abuse                         2                2\n"
        "Share of domestic abuse 66.7 % of 3, few 66.7 % of 3, few\n"
    ) in text


def test_a_ratio_of_one_entry_has_its_recording_rules() -> None:
    rules = recording_file(MARKED)
    assert "record: force_offence_window:watchroom_crimes_domestic_share:ratio\n" in rules
    assert "record: offence_window:watchroom_crimes_domestic:sum\n" in rules


def test_a_measure_of_one_entry_is_a_series() -> None:
    points = hours(marked(), "tiny", "crimes", "domestic", {"offence": "burglary"}).points
    assert [point.value for point in points[-2:]] == [None, 2]


def test_a_measure_of_one_entry_is_in_the_docs() -> None:
    text = page(MARKED)
    assert "| `domestic` | where `domestic_abuse` is among `markers` | `recorded_at` |\n" in text
    assert "| `domestic` | Domestic abuse | `domestic` | count | neither | day, month |\n" in text


def test_a_measure_of_one_entry_has_a_watch_when_asked() -> None:
    force = tiny_force()
    monitor = Monitor([force], registry=MARKED)
    watching.watch_all(monitor)
    for day in range(1, 9):
        at = f"2021-03-{day:02}T10:00:00Z"
        feed(monitor, crime(f"k{day}", at, area="north", markers=["domestic_abuse"]))
    (shard,) = (each for each in monitor.shards if each.kind == "crime")
    days = shard.surveillance["tiny"].grains["day"].begun
    asked = [
        subject(force, watch.series.watch, watch.series.row)
        for row in (("crimes", ("all", "force")), ("crimes", ("burglary", "north")))
        for watch in days[row]
    ]
    assert asked == [
        "Recorded crimes",
        "Domestic abuse",
        "Burglary offences",
        "Burglary of domestic abuse",
    ]


# -- a kind --------------------------------------------------------------------------------------


class Stop(Record, tag="stop"):
    """A stop in the street, and whether anything was found."""

    stopped_at: Stamp | None = None
    settled_at: Stamp | None = None
    area: str | None = None
    reason: Annotated[str, msgspec.Meta(pattern="^(drugs|weapons)$")] | None = None
    found: bool = False


STOPS = Group(
    "stops",
    "Stops",
    "stop",
    "stopped_at",
    ("reason",),
    (
        Measure("count", "Stops", "count", "neutral", Count("count")),
        Measure("found", "Found", "count", "neutral", Count("found")),
        Measure("rate", "Find rate", "ratio", "up_good", Share(("found",), ("count",))),
    ),
)
SETTLED = Group(
    "settled",
    "Stops by when they were settled",
    "stop",
    "settled_at",
    (),
    (Measure("count", "Settled", "count", "neutral", Count("settled")),),
)
STOP = Kind(
    name="stop",
    feed="stops",
    struct=Stop,
    horizon=35 * DAY,
    grace=5 * MINUTE,
    clocks=("stopped_at", "settled_at"),
    times=(Time("settled_at", after="stopped_at"),),
    dimensions=(Choice("reason", 2, ("unknown", "drugs", "weapons")), Areas()),
    facts=(Flag("found", flagged("found")),),
    counters=(
        Counter("count"),
        Counter("found", flagged("found")),
        Counter("settled", clock="settled_at"),
    ),
    groups=(STOPS, SETTLED),
)
STREET = Registry((STOP,))


def stop(name: str, at: str, **fields: object) -> dict[str, object]:
    return {
        "kind": "stop",
        "force": "tiny",
        "id": name,
        "stopped_at": at,
        "updated_at": at,
        **fields,
    }


def stopped() -> Live:
    monitor = Monitor([tiny_force()], registry=STREET)
    feed(
        monitor,
        stop("s1", "2021-03-01T10:05:00Z", area="north", reason="drugs", found=True),
        stop("s2", "2021-03-01T10:10:00Z", area="south", reason="weapons"),
        stop(
            "s3",
            "2021-03-01T09:10:00Z",
            area="north",
            reason="drugs",
            settled_at="2021-03-01T10:20:00Z",
            updated_at="2021-03-01T10:20:00Z",
        ),
    )
    live = Live(monitor, clock=lambda: NOW)
    live.health.state = "live"
    return live


def test_a_kind_of_one_file_has_its_rows() -> None:
    hour = stopped().board("tiny").windows["1h"]
    rows = hour.rows("stops") or []
    assert [(row["reason"], row["area"], row["count"], row["found"]) for row in rows] == [
        ("all", "force", 2, 1),
        ("all", "north", 1, 1),
        ("all", "north-area", 1, 1),
        ("all", "south", 1, 0),
        ("drugs", "force", 1, 1),
        ("drugs", "north", 1, 1),
        ("drugs", "north-area", 1, 1),
        ("weapons", "force", 1, 0),
        ("weapons", "south", 1, 0),
    ]


def test_a_group_counts_by_its_own_clock() -> None:
    windows = stopped().board("tiny").windows
    quarter = [(row["area"], row["count"]) for row in windows["15m"]["settled"]]
    assert quarter == [("force", 1), ("north", 1), ("north-area", 1)]
    assert [(row["area"], row["count"]) for row in windows["5m"]["settled"]] == [("force", 0)]


def test_a_kind_of_one_file_is_in_the_metrics_the_terminal_and_a_series() -> None:
    live = stopped()
    labels = '{area="force",force="tiny",reason="drugs",window="today"}'
    assert f"watchroom_stops{labels} 2.0\n" in Exporter(live).text()[0].decode()
    text = as_text(live.board("tiny"), registry=STREET)
    assert (
        "Stops                        60 min            Today            Month\n"
        "Stops                             2                3                3\n"
        "Found                             1                1                1\n"
        "Find rate          50.0 % of 2, few 33.3 % of 3, few 33.3 % of 3, few\n"
    ) in text
    assert "Age of data: stops 10 min 0 s\n" in text
    points = hours(live, "tiny", "stops", "rate", {"reason": "drugs"}).points
    assert [point.value for point in points[-2:]] == [0.0, 1.0]
