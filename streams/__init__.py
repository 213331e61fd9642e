"""Watchroom: a police control room's event streams, measured live.

```
from streams import Monitor, find_force, open_source, play
```

gives the names listed below, which are loaded when they are asked for. The packages, bottom first
(`docs/architecture.md` has all of them, and what may import what):

```
config/          a force: its TOML file, read and checked; the shipped forces
events/          what arrives: the schema of an event line, dead letters
registry/        what is measured: kinds of record, dimensions, measures, the words for figures
fold/            the winning version of each record, and counters by event time
board/           Monitor: lines in, Board out; its types; Query: any figure by area and period
sources/         open_source: files, tables under a mapping, data.police.uk; play: in order of time
surveillance/    which detector watches which series, and which feed is silent
live/            Live: a monitor being fed, its lock, clock and health
alerts/          what becomes of a signal: one alert, its words, its owner, its end
state/           checkpoints, and records that have left
charts/          one chart for tiles, pages, paper and files
outputs/         web pages, wallboard, metrics, terminal, notifications, reports
kafka/           topics, publishing, the worker
embedded/        a monitor in one process, without Kafka
cli/             the command `watchroom`
```
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = [
    "Board",
    "Comparisons",
    "Force",
    "Live",
    "Monitor",
    "Observation",
    "PeriodFigures",
    "Query",
    "Ratio",
    "Row",
    "WatchroomError",
    "decode_board",
    "find_force",
    "open_source",
    "play",
]

if TYPE_CHECKING:
    from streams.board.compare import Comparisons
    from streams.board.model import Board, PeriodFigures, Row, decode_board
    from streams.board.monitor import Monitor
    from streams.board.query import Observation, Query
    from streams.config.force import Force, find_force
    from streams.errors import WatchroomError
    from streams.live import Live
    from streams.registry.aggregates import Ratio
    from streams.sources import open_source
    from streams.sources.order.history import play
else:
    # Loading all of them takes three times as long as the command line needs to start.
    _HOMES = {
        "Board": "streams.board.model",
        "Comparisons": "streams.board.compare",
        "Force": "streams.config.force",
        "Live": "streams.live",
        "Monitor": "streams.board.monitor",
        "Observation": "streams.board.query",
        "PeriodFigures": "streams.board.model",
        "Query": "streams.board.query",
        "Ratio": "streams.registry.aggregates",
        "Row": "streams.board.model",
        "WatchroomError": "streams.errors",
        "decode_board": "streams.board.model",
        "find_force": "streams.config.force",
        "open_source": "streams.sources",
        "play": "streams.sources.order.history",
    }

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(_HOMES[name]), name)
        globals()[name] = found
        return found

    def __dir__():
        return sorted({*globals(), *__all__})
