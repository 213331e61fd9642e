"""What a kind of alert is made of: the forms that its file in this folder fills in.

`AlertKind` is the declaration that everything else reads: the lifecycle, the words, the rules of
Prometheus, the links to runbooks and the tables of the docs. What opens an alert of a kind is
either signals of the detectors (`SignalRule`), or how things stand at an instant (`InstantRule`,
which makes a `Finding` of what holds then). A new kind is one file here, one line in `KINDS`
(`streams.alerts.rules`) and one page in `docs/runbooks/`, and its test; CONTRIBUTING shows an
example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, get_args

import msgspec

from streams.alerts.context import RECORDS, RuleContext
from streams.alerts.lookup import PeriodLookup
from streams.alerts.model import Alert, Evidence, Severity
from streams.alerts.overdue import Overdue
from streams.config.force import WHOLE, Force
from streams.fold.ledger import Ledger
from streams.periods import DAY, MINUTE
from streams.registry.registry import REGISTRY
from streams.surveillance.signals import Signal

GROWN = 1.25
"""Times what people were notified of from which on they are notified again: of the ratio of a
volume, of a level, of the share of calls that is not answered in time."""

STEADY = 14 * DAY
"""How long a state must not have been found before it is over."""

DEFAULT_SETTLE = 10 * MINUTE
"""How long something must not have been found before its alert is over, where its kind does not say
otherwise; in ms."""

Judged = Literal["period", "instant", "minute", "process"]
"""When a kind is judged: as periods close, by the signals of the detectors; at every instant of
event time at which something may be due; at full minutes only; whenever the process looks at its
own health."""


class Figure(NamedTuple):
    """A measure that a rule is made for, by the name of its group and its own."""

    group: str
    measure: str


def figure_of(kind: str, group: str, measure: str) -> Figure:
    """The measure that the rule of a kind of alert is made for; raises `DeclarationError` where the
    registry has none of that name."""
    REGISTRY.require(f"alert {kind}", group, measure)
    return Figure(group, measure)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that holds at an instant. `since` is in ms."""

    kind: str
    """The name of the kind of alert that it opens."""
    severity: Severity
    records: str
    """The kind of record that it was judged from: none is, of a feed that is silent."""
    group: str
    measure: str
    row: dict[str, str] = {}
    area: str = WHOLE
    direction: Literal["up", "down"] | None = None
    title: str
    since: int
    said: tuple[str, ...]
    """The sentences, which `streams.alerts.words.fit` fits into a message."""
    evidence: Evidence = Evidence()
    late: int | None = None
    """Of those who wait, how many have waited beyond the limit."""
    due: int = 0
    """Of a silent feed: when its next sign of life was due at the latest, in ms."""
    settle: int = DEFAULT_SETTLE
    """How long it must not have been found before the alert is over, in ms."""
    correlation: float | None = None
    """Of two calls of the same window, of an answer rate that has got worse."""
    opens: bool = True
    """Whether it opens an alert; one that does not keeps an open one going."""


class InstantRule:
    """Judges one kind of alert of one force at instants: made once, and kept. It reads the context,
    and overrides what it needs; `judge` alone is enough."""

    records: ClassVar[str] = ""
    """The kind of record that it reads: it is not judged while there is no ledger of that, or while
    that is not read up to now. Empty: it is judged anyway."""
    daily: ClassVar[bool] = False
    """Whether it is judged at the close of days too, while a backlog is read."""
    any_minute: ClassVar[bool] = True
    """Whether it may begin to hold at any full minute. False of what begins at a moment that is
    known before: when an open record is overdue, a feed is silent, or a day is over."""

    def __init__(self, context: RuleContext) -> None:
        self.context, self.force = context, context.force

    @property
    def overdue(self) -> Overdue | None:
        """The open records that it follows by the moment at which they pass a limit."""
        return None

    def follow(self, ledger: Ledger) -> None:
        """Reads another ledger of its records from now on; what it learned is learned anew."""

    def learn(self, day: int, at: int) -> None:
        """Takes in what was usual up to the start of the day of an instant; once a day. In ms."""

    def may_hold(self, at: int) -> bool:
        """Whether it may hold at a full minute, up to which everything has come: where not, it is
        not judged then. Cheap."""
        return True

    def quiet_until(self, at: int) -> int:
        """The first full minute from one (`at`) on at which it may hold, as far as is known; in ms.
        Where what comes afterwards may have it hold before, the rule moves the clock of its context
        forward."""
        return at

    def judge(self, at: int) -> Iterable[Finding]:
        """What holds at an instant, in ms."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRule:
    """How a kind of alert is judged from the signals of the detectors."""

    takes: Callable[[Signal], bool]
    """Whether a signal is of this kind; the first kind of the list that takes it has it, and those
    that take what no other kind does (`takes_rest`) are asked last."""
    takes_rest: bool = False
    severity: Callable[[Signal], Severity]
    is_news: Callable[[Signal], bool]
    """Whether anybody is to be notified of one whose rate of false alarms is within the budget."""
    said: Callable[[Force, Signal, int, PeriodLookup], tuple[str, ...]]
    """Its sentences as of an instant, in ms."""
    inside: Callable[[Alert, Signal], bool]
    """Whether a closed period is inside the range that ends an alert."""
    is_clear: Callable[[Alert, Signal], bool]
    """Whether a closed period counts towards the end of an alert."""
    clear_periods: Mapping[str, int]
    """By grain, how many of those in a row end it."""
    belies: Callable[[Alert, Signal], bool] | None = None
    """Whether one closed period ends an alert, since it says the opposite; None where none does."""


class TableRow(NamedTuple):
    """What docs/alerts.md says of a kind: one row of its table, and a paragraph."""

    opened: str
    severity: str
    ended: str
    """When it is over, as what follows "over when"."""
    example: str = ""
    """A message of it, without who has it."""
    false_alarms: str = ""
    """How often it comes by chance alone, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertKind:
    """A kind of alert, declared once."""

    name: str
    """As alerts, metrics and settings have it: `callers_waiting`."""
    runbook: str
    """Its alert in Prometheus, and its page in docs/runbooks: `WatchroomCallersWaiting`."""
    summary: str
    """What it means, in a few words: the title that lists of runbooks give it."""
    meaning: str
    """What it means to who is woken by it: one or two sentences."""
    dashboard: str
    """The dashboard to look at (`streams.outputs.rules.DASHBOARDS`)."""
    table: tuple[TableRow, ...]
    """What the docs say of when it opens and is over."""
    judged: Judged
    signals: SignalRule | None = None
    """Of a kind that is judged by periods."""
    rules: tuple[type[InstantRule], ...] = ()
    """Of the others."""
    figures: tuple[Figure, ...] = ()
    """The measures that these are judged by."""
    got_worse: Callable[[Finding, float, int], bool] | None = None
    """Whether a finding is so much worse than the figure that people were notified of that they are
    notified again, by the age of the alert in ms; None where they never are."""
    eased: Callable[[Force, Alert, int], tuple[str, ...]] | None = None
    """The sentences of one that is open still, though nothing of it is found any more, as of an
    instant in ms; no time stands in the first. None where they stay as they were."""
    closing: Callable[[Force, Alert, int], tuple[str, ...]] | None = None
    """The sentences of one that is over, as of an instant in ms: the worst, not how it opened."""
    lasts: bool = False
    """Whether a person is asked what it is once it has gone on for weeks."""

    def __post_init__(self) -> None:
        """Raises ValueError where a field has a value that nothing reads, which would judge it
        never."""
        _check(self.name, "judged", self.judged, get_args(Judged))
        for rule in self.rules:
            _check(self.name, f"records of {rule.__name__}", rule.records, ("", *RECORDS))


def _check(kind: str, field: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise ValueError(f'{kind}: {field} is "{value}", not one of {", ".join(map(repr, known))}')
