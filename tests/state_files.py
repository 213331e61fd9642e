"""The golden files of what Watchroom stores: one for each form and `STATE_VERSION`.

    python -m tests.state_files

adds those that are missing for the numbers of now, and touches no other. `made` is what the program
of now would store of the fixed streams of `tests.state_events`; `differences` compares it with a
golden file: names, types, whole numbers and the order of lists exactly, and numbers with a fraction
to a millionth, since other versions of numpy add up in another order. What is only said to people,
and what is another each time (an instant of saving, a nonce), is left out.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from math import isclose
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest.mock import patch

import msgspec

from detectors.arrays import unpacked
from streams.alerts import model as alert_records
from streams.alerts.actions import Request
from streams.alerts.evaluation import evaluate
from streams.alerts.model import (
    Alert,
    Course,
    Evidence,
    Handover,
    LogEntry,
    Peak,
    SilentFeed,
    Transition,
    instant,
)
from streams.alerts.store import AlertStore
from streams.board.monitor import Monitor, Shard
from streams.embedded import alert_database, calibration
from streams.embedded.alert_database import AlertDatabase
from streams.embedded.folder_backup import entry_of
from streams.events import deadletters
from streams.events.schema import EVENT_KINDS
from streams.fold import changes
from streams.fold.panes import clock_and_grain
from streams.kafka.partition import Partition, fingerprint
from streams.live import Live
from streams.outputs.sign_in import cookie
from streams.periods import DAY, HOUR, MINUTE
from streams.registry.counting import SERIES_KEY_MASK, CounterLayout
from streams.state import archive, backup, checkpoint
from streams.state import surveillance as watching
from streams.state.declared import parts
from streams.state.snapshot import Identity, Outgoing, pane_from
from streams.state.sqlite import unguarded
from streams.surveillance import state as watch_state
from tests.alerting import signal
from tests.build import FAR_FUTURE, Record, lines
from tests.state_events import FOLDER, LATER, MONDAY, RISE, counted, force, said_of, watched

TOPIC_ID = "id-1"
WATCHED = {
    "call": ("call", LATER),
    "incident": ("incident", LATER),
    "crime": ("crime", LATER),
    "rise": ("incident", RISE),
}
"""Of which kind watches are kept, and at which instant."""
NONCE, SAVED_AT = "0123456789abcdef", 1_700_000_000_000
_TEXT = "text for people"
_SECTION = "-- file: "


class Form(NamedTuple):
    """Something that is stored and read back by later versions of the program."""

    name: str
    suffix: str
    module: ModuleType
    """Where its `STATE_VERSION` stands."""
    made: Callable[[], bytes]
    """The contents of a golden file, as the program of now makes them."""
    plain: Callable[[bytes], Any]
    """What is compared of them."""

    @property
    def version(self) -> int:
        """The number of now."""
        number: int = self.module.STATE_VERSION
        return number

    @property
    def place(self) -> str:
        """The file with its `STATE_VERSION`."""
        return f"{self.module.__name__.replace('.', '/')}.py"

    def file(self, version: int) -> Path:
        """The golden file of a number."""
        return FOLDER / f"{self.name}_{version}.{self.suffix}"

    def versions(self) -> list[int]:
        """The numbers of which there is a golden file."""
        found = FOLDER.glob(f"{self.name}_*.{self.suffix}")
        return sorted(int(path.stem.rpartition("_")[2]) for path in found)

    def advice(self) -> str:
        """What to do where the form has changed."""
        return (
            f"the stored form of {self.name} changed: raise STATE_VERSION in {self.place} from "
            f"{self.version} to {self.version + 1}, and add a golden file with "
            "`python -m tests.state_files` (CONTRIBUTING, What is stored)"
        )


# -- checkpoints, and what was published --------------------------------------------------------


def partition(kind: str, path: Path, *, marked: str | None = None) -> Partition:
    """A partition of the golden force, before its checkpoint is loaded. `marked` stands for the
    fingerprint of the form and the force files."""
    forces = (force(),)
    mark = fingerprint(kind, forces) if marked is None else marked
    identity = Identity("c", f"w.{kind}s", TOPIC_ID, 0, mark, ("golden",))
    live = Live(Monitor(forces, all_shards=False), clock=lambda: LATER)
    shard = Shard(kind, forces)
    return Partition(live, shard, path, identity, "w", 1, surveillance=kind == "crime")


def fold(target: Partition, kind: str) -> None:
    """Folds the fixed stream of a kind, with a save on the way and a gap at its end."""
    target.load(1, "me")
    messages = counted(kind)
    for offset, message in enumerate(messages):
        if offset == len(messages) - 2:
            asyncio.run(target.save())
        asyncio.run(target.fold([Record(offset, lines(message), LATER + 1_000 * DAY)]))
    target.note_beginning(len(messages) + 7)  # the log lost seven messages


@contextmanager
def _always_alike() -> Iterator[None]:
    with (
        patch("secrets.token_hex", lambda _: NONCE),
        patch("time.time_ns", lambda: SAVED_AT * 1_000_000),
    ):
        yield


@cache
def saved() -> dict[str, tuple[str, list[tuple[bytes, bytes]]]]:
    """By kind: the checkpoint of its stream as SQL, and what was published on the way."""
    found = {}
    with tempfile.TemporaryDirectory() as folder, _always_alike():
        for kind in EVENT_KINDS:
            path = Path(folder) / f"{kind}.sqlite"
            target = partition(kind, path)
            fold(target, kind)
            asyncio.run(target.save())
            target.checkpoint.close()
            with closing(sqlite3.connect(path)) as db:
                mail = [
                    msgspec.msgpack.decode(unguarded("outbox", body), type=Outgoing)
                    for (body,) in db.execute("SELECT body FROM outbox ORDER BY number")
                ]
                sent = [(m.key, m.value or b"") for m in mail if m.topic == "w.published"]
                found[kind] = "\n".join(db.iterdump()), sent
    return found


def _checkpoint() -> bytes:
    return "".join(f"{_SECTION}{kind}\n{sql}\n" for kind, (sql, _) in saved().items()).encode()


def checkpoint_files(golden: bytes, folder: Path) -> dict[str, Path]:
    """The checkpoints of a golden file, made again in a folder, by kind."""
    found = {}
    for section in golden.decode().split(_SECTION)[1:]:
        kind, _, sql = section.partition("\n")
        found[kind] = folder / f"{kind}.sqlite"
        with closing(sqlite3.connect(found[kind])) as db:
            db.executescript(sql)
    return found


def head_of(path: Path) -> dict[str, Any]:
    """The head of a checkpoint."""
    with closing(sqlite3.connect(path)) as db:
        (body,) = db.execute("SELECT body FROM head").fetchone()
    head: dict[str, Any] = json.loads(unguarded("head", body))
    return head


def _plain_checkpoint(golden: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return {
            kind: _plain_file(path) for kind, path in checkpoint_files(golden, Path(folder)).items()
        }


def _plain_file(path: Path) -> Any:
    with closing(sqlite3.connect(path)) as db:
        tables = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        head = head_of(path) | dict.fromkeys(("format", "fingerprint", "nonce", "saved_at"))
        (fold,) = head["takers"].values()
        layouts = [_layout(counted) for counted in fold.pop("counted", [])]
        found: dict[str, Any] = {
            "tables": {name: " ".join(sql.split()) for name, sql in tables.items()},
            "head": head,
        }
        for table in tables.keys() - {
            "head",
            "epoch",
            "watched",
        }:  # watches are a form of their own
            *names, _ = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            rows = db.execute(f"SELECT * FROM {table} ORDER BY {', '.join(names)}")  # noqa: S608
            found[table] = {"/".join(map(str, key)): _plain_row(table, key, body, layouts)
                            for *key, body in rows}  # fmt: skip
    return found


class Counts(dict[str, int]):
    """Counters by name. One that is new is counted when a checkpoint is loaded, and makes no other
    form of it."""


def _layout(counted: Any) -> CounterLayout:
    return CounterLayout(*((name, bits) for name, bits, _ in counted[0]))


def _plain_pane(pane: dict[int, int], layout: CounterLayout) -> dict[str, Any]:
    return {
        f"{key:x}": value if key > SERIES_KEY_MASK else Counts(parts(layout, value))
        for key, value in pane.items()
    }


def _plain_row(table: str, key: list[Any], body: bytes, layouts: list[CounterLayout]) -> Any:
    match table:
        case "outbox":
            sent = msgspec.msgpack.decode(unguarded("outbox", body))
            return [sent[0], sent[1], sorted(name for name, _ in sent[3]), *sent[4:]]
        case "departed_ids":
            return unguarded(f"page/{key[1]}", body)
        case "facts":
            return msgspec.msgpack.decode(unguarded(f"facts/{key[1]}", body))
        case "links":
            return _hex(unguarded(key[1], body))
        case "entries" | "departed":
            payload = unguarded(key[1], body)
            return json.loads(payload) if payload.startswith(b"{") else _hex(payload)
        case _:
            return _plain_counts(table, key, body, layouts)


def _plain_counts(table: str, key: list[Any], body: bytes, layouts: list[CounterLayout]) -> Any:
    payload = unguarded("/".join(map(str, key[1:])), body)
    if table != "changes":
        return _plain_pane(pane_from(payload), layouts[0])
    held, names = changes.unpacked(payload), layouts[clock_and_grain(key[1])[0]].names
    flat = {
        f"{each:x}" if each >= 0 else _named(names, each): part for each, part in held.flat.items()
    }
    return [held.first, held.last, flat]


def _named(names: Sequence[str], number: int) -> str:
    series_key, index = changes.counter_in(number)
    return f"{series_key:x}/{names[index]}"


def _hex(payload: bytes) -> str:
    return f"{int.from_bytes(payload, 'little'):x}/{len(payload)}"


def _published() -> bytes:
    sent = [message for _, messages in saved().values() for message in messages]
    return b"".join(key + b"\t" + value + b"\n" for key, value in sent)


def published_messages(golden: bytes) -> list[tuple[bytes | None, bytes | None]]:
    """The messages of a golden file."""
    found: list[tuple[bytes | None, bytes | None]] = []
    for line in golden.splitlines():
        key, _, value = line.partition(b"\t")
        found.append((key, value))
    return found


def _plain_published(golden: bytes) -> Any:
    return [
        (key, _plain_message(json.loads(value or b""))) for key, value in published_messages(golden)
    ]


def _plain_message(message: dict[str, Any]) -> dict[str, Any]:
    """A message by the names of what was counted: a counter or duration that is declared later is
    in later messages, and what of a record it counts is no part of the form."""
    if "counted" in message:
        message["counted"] = Counts.fromkeys(message["counted"], 0)
    for row in message.get("rows", ()):
        for name in row.keys() & {"counts", "bins"}:
            row[name] = Counts(row[name])
    return message


# -- watches ------------------------------------------------------------------------------------


def monitor(kind: str, *, surveillance: bool = True) -> Monitor:
    """A monitor of one kind of the golden force."""
    made = Monitor([force()], all_shards=False)
    made.add_shard(Shard(kind, [force()]))
    if surveillance:
        watching.watch_all(made)
    return made


def play(target: Monitor, kind: str, first: int = MONDAY, last: int = LATER) -> None:
    """Plays the fixed stream of what is watched; on the way people say something of it."""
    said, feedback = said_of(kind)
    for start, end in ((first, min(last, said)), (max(first, said), last)):
        if start == said:
            for shard in target.shards:
                for each in shard.surveillance.values():
                    each.feed_back(feedback)
        if start < end:
            refused = target.ingest(lines(watched(kind, start, end)), FAR_FUTURE)
            assert not refused, refused[:3]


@cache
def taken(name: str) -> dict[str, bytes]:
    """What is written of watches, by part."""
    kind, until = WATCHED[name]
    target = monitor(kind)
    play(target, kind, last=until)
    (shard,) = target.shards
    return {part: body for _, part, body in watching.take(shard)}


def _watches() -> bytes:
    return msgspec.msgpack.encode({name: taken(name) for name in WATCHED})


def watch_parts(golden: bytes) -> dict[str, dict[str, bytes]]:
    """The parts of a golden file, by the names of `WATCHED`."""
    return msgspec.msgpack.decode(golden, type=dict[str, dict[str, bytes]])


def plain_watches(parts: dict[str, bytes]) -> dict[str, Any]:
    """What is compared of watches."""
    found = {name: msgspec.msgpack.decode(body) for name, body in parts.items()}
    found.pop(watching.VERSION, None)
    return dict(_readable(_without_words(found)))


def _readable(part: Any) -> Any:
    """With arrays as lists, in which None stands for nan, as that equals nothing."""
    if isinstance(part, dict):
        return {name: _readable(each) for name, each in part.items()}
    if not isinstance(part, list):
        return None if part != part else part  # noqa: PLR0124 - nan
    if len(part) == 3 and isinstance(part[2], bytes):
        return _readable(unpacked(part).tolist())
    return [_readable(each) for each in part]


def _plain_watches(golden: bytes) -> Any:
    return {name: plain_watches(parts) for name, parts in watch_parts(golden).items()}


# -- alerts -------------------------------------------------------------------------------------


def _full() -> Alert:
    """An alert that has every field."""
    at = [instant(MONDAY + hour * HOUR, force().zone) for hour in range(30)]
    course = Course(
        since=at[0], until=at[24], days=2, taken=3, observed=90.0, expected=30.5,
        latest=(45.0, 15.25), before_latest=(40.0, 15.0), notified_ratio=3.0,
        usual_days=1, usual_sums=(16.0, 15.5),
        week=((45.0, 15.25), (40.0, 15.0)), judged_to=at[25], accepted=at[26], held=at[27],
        burst=4.5, burst_at=at[3], ended=True,
    )  # fmt: skip
    evidence = Evidence(
        observed=45.0, expected=15.25, lower=9.0, upper=22.0, probability=1e-6, ratio=2.95,
        numerator=17, denominator=21, target=0.9, before=0.8, after=0.95, notified_share=0.7,
        method="surprise", period="2021-03-01", start=at[0], end=at[24],
    )  # fmt: skip
    return Alert(
        id="golden/exceptional_volume/calls.offered/line=999/north/up/2021-03-01",
        force="golden", kind="exceptional_volume", severity="page", direction="up", group="calls",
        measure="offered", row={"line": "999"}, area="east", area_name="East", follows="north",
        title="999 calls, East", grain="day", theme="calls", state="resolved", opened_at=at[1],
        updated_at=at[26], resolved_at=at[26], onset=at[0], words="Said.", said=("Said.",),
        evidence=evidence, also=("Incidents, East",), owner="A", acknowledged_at=at[2],
        snoozed_until=at[8], snooze_reason="Known.", escalated_at=at[4], worse_at=at[5],
        outcome="planned_event", note="A fair.", revision=7, notified=True,
        notification_due=True, clear_periods=2,
        log=(LogEntry(at=at[2], who="A", what="acknowledged", note="Seen."),),
        judged_to=at[25], cleared=True, cleared_at=at[27], course=course, lasting=True,
        peak=Peak(observed=4.5, numerator=9, denominator=2, grain="hour", start=at[3], end=at[4]),
        origin="simulated",
        feeds=(SilentFeed(feed="calls", since=at[0], due=at[1], heard=at[2]),
               SilentFeed(feed="crimes", since=at[0], due=at[1])),
    )  # fmt: skip


@cache
def alert_facts() -> tuple[Transition | Handover, ...]:
    """What a store makes of a few signals and of what people do, and facts with every field."""
    store, hour = AlertStore(force()), MONDAY + 10 * HOUR
    hourly: dict[str, Any] = {"force": "golden", "period": "2021-03-01T10Z"}
    found: list[Transition | Handover] = []
    loud = signal("2021-03-01 10:00", **hourly)
    found += evaluate(store, [loud], [], hour + HOUR)
    level: dict[str, Any] = {"kind": "crime", "group": "crimes", "measure": "count",
                             "row": {"offence": "vehicle"}, "theme": "crimes.vehicle"}  # fmt: skip
    month = signal("2021-02-01 00:00", force="golden", grain="month", method="level",
                   onset=MONDAY - 90 * DAY, ratio=1.5, before=20.0, after=30.0,
                   **level)  # fmt: skip
    found += evaluate(store, [month], [], hour + 2 * HOUR)
    opened = next(iter(store.alerts))
    asked = [
        Request(action="acknowledge", who="A"),
        Request(action="snooze", who="A", until=hour + 9 * HOUR, reason="Known"),
        Request(action="hand_over", who="A", to="B", note="Over to you"),
        Request(action="note", who="B", note="A fair"),
        Request(action="close", who="B", outcome="planned_event"),
    ]
    for number, request in enumerate(asked):
        found.append(store.act(opened, request, hour + 3 * HOUR + number * MINUTE))
    at = instant(hour + 4 * HOUR, force().zone)
    found.append(Transition(what="updated", at=at, notify=True, alert=_full()))
    left = ("999 calls, East: 45.",)
    found.append(Handover(force="golden", at=at, who="A", to="B", note="Quiet", open=left))
    return tuple(found)


def _alerts() -> bytes:
    return b"".join(alert_records.encode(fact) + b"\n" for fact in alert_facts())


def _plain_alerts(golden: bytes) -> Any:
    return [_without_words(json.loads(line)) for line in golden.splitlines()]


def _without_words(found: Any) -> Any:
    """The same without what is worded for people, which may be said otherwise at any time."""
    if isinstance(found, dict):
        spoken = ("words", "said", "title", "area_name", "also", "caveats", "note")
        return {k: _TEXT if k in spoken and v else _without_words(v) for k, v in found.items()}
    return [_without_words(each) for each in found] if isinstance(found, list) else found


def _alert_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        store = AlertDatabase(Path(folder))
        made = [fact for fact in alert_facts() if isinstance(fact, Transition)]
        store.append(made, lambda *_: ["mail"], MONDAY)
        for fact in alert_facts():
            if isinstance(fact, Handover):
                store.keep(fact)
        for finish in (store.sent, store.give_up, lambda n: store.later(n, MONDAY + HOUR)):
            delivery = store.next("mail", MONDAY)
            if delivery is not None:
                finish(delivery.number)
        store.next("mail", MONDAY)
        store.close()
        with closing(sqlite3.connect(store.path)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            dumped = "\n".join(db.iterdump())
    return f"{dumped}\nPRAGMA user_version = {version};\n".encode()


def alert_database_file(golden: bytes, folder: Path) -> Path:
    """The alert store of a golden file, made again in a folder."""
    with closing(sqlite3.connect(folder / alert_database.FILE_NAME)) as db:
        db.executescript(golden.decode())
    return folder / alert_database.FILE_NAME


def _plain_alert_database(golden: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = alert_database_file(golden, Path(folder))
        with closing(sqlite3.connect(path)) as db:
            schema = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            return {
                "tables": {name: " ".join(sql.split()) for name, sql in schema},
                "transitions": db.execute("SELECT number, key FROM transitions").fetchall(),
                "handovers": db.execute("SELECT key FROM handovers").fetchall(),
                "deliveries": db.execute("SELECT * FROM deliveries").fetchall(),
            }


# -- the others ---------------------------------------------------------------------------------


def letters() -> list[deadletters.DeadLetter]:
    """Dead letters of text and of bytes that are none, one of them sent again."""
    line = b'{"kind": "call", "force": "golden", "id": "1"}'
    found = [
        deadletters.letter(line, "w.calls/3/17/1", "missing_field", "line is missing", MONDAY),
        deadletters.letter(b"\xff\x00", "calls.csv:4", "not_json", "no text", MONDAY),
    ]
    found[0].retried = "2021-03-02T00:00:00Z"
    return found


def _dead_letters() -> bytes:
    made = []
    for each in letters():
        kept = {
            "line": each.as_line().decode(),
            "key": each.id,
            "headers": [[name, value.decode()] for name, value in each.headers()],
            "value": base64.b64encode(each.raw).decode(),
        }
        made.append(json.dumps(kept) + "\n")
    return "".join(made).encode()


def letters_in(golden: bytes) -> Iterator[tuple[deadletters.DeadLetter, deadletters.DeadLetter]]:
    """The letters of a golden file, read as lines of a file and as messages."""
    for line in golden.splitlines():
        kept = json.loads(line)
        headers = [(name, text.encode()) for name, text in kept["headers"]]
        value = base64.b64decode(kept["value"])
        sent = deadletters.from_message(kept["key"].encode(), value, headers)
        yield deadletters.from_line(kept["line"].encode()), sent


def _plain_dead_letters(golden: bytes) -> Any:
    found = [json.loads(line) for line in golden.splitlines()]
    return [each | {"line": json.loads(each["line"])} for each in found]


def calibrated() -> calibration.Calibrated:
    """What a calibration may have found."""
    sights = [calibration.Sight(1.5, 36.0, None, 0.75), calibration.Sight(3.0, None, None, 0.0)]
    return calibration.Calibrated({"hour": 0.25, "day": 0.5}, 1.125, {"hour/4/1/0.01": sights})


def _calibration() -> bytes:
    return msgspec.json.encode(calibrated()) + b"\n"


def backed_up() -> list[backup.BackupEntry]:
    """An entry of each part of a backup."""
    facts = [entry_of(fact, alert_records.encode(fact)) for fact in alert_facts()]
    key, _, value = _published().splitlines()[0].partition(b"\t")
    return [
        *facts,
        backup.BackupEntry("published", "golden", key.decode(), value),
        backup.BackupEntry("learned", "golden", "calls/version", msgspec.msgpack.encode(1)),
        backup.BackupEntry("calibration", "", "abc.json", _calibration()),
    ]


def _backup() -> bytes:
    head = backup.BackupHead(backup.STATE_VERSION, "2021-03-01T00:00:00Z", "0.0.0", ("a folder",))
    return b"".join(backup.lines_of(head, backed_up()))


def _plain_backup(golden: bytes) -> Any:
    """Of the bodies only that there are some: they are other forms."""
    found = [json.loads(line) for line in golden.splitlines()]
    return [each | {"value": _TEXT, "sha256": _TEXT} for each in found]


def signed_in() -> cookie.SignedIn:
    """What the cookie of a sign-in may hold."""
    return cookie.SignedIn(
        "token:Anna", "Anna", "act", "ab" * 32, MONDAY // 1000, "0123456789abcdef"
    )


def _cookie() -> bytes:
    return msgspec.json.encode(signed_in()) + b"\n"


FORMS = (
    Form("checkpoint", "sql", checkpoint, _checkpoint, _plain_checkpoint),
    Form("watches", "msgpack", watch_state, _watches, _plain_watches),
    Form("published", "jsonl", archive, _published, _plain_published),
    Form("alerts", "jsonl", alert_records, _alerts, _plain_alerts),
    Form("alert_database", "sql", alert_database, _alert_database, _plain_alert_database),
    Form("dead_letters", "jsonl", deadletters, _dead_letters, _plain_dead_letters),
    Form("backup", "jsonl", backup, _backup, _plain_backup),
    Form("calibration", "json", calibration, _calibration, json.loads),
    Form("cookie", "json", cookie, _cookie, json.loads),
)


def form(name: str) -> Form:
    """The form of a name."""
    return next(each for each in FORMS if each.name == name)


def differences(kept: Any, made: Any, where: str = "") -> Iterator[str]:
    """Where what is made differs from what was kept, in words."""
    here = where or "all of it"
    if type(kept) is not type(made):
        yield f"{here}: was {_shown(kept)}, is {_shown(made)}"
    elif isinstance(kept, dict):
        for name in sorted(kept.keys() - made.keys()):
            yield f"{where}.{name}: is no more"
        for name in () if isinstance(kept, Counts) else sorted(made.keys() - kept.keys()):
            yield f"{where}.{name}: is new"
        for name in sorted(kept.keys() & made.keys()):
            yield from differences(kept[name], made[name], f"{where}.{name}")
    elif isinstance(kept, list | tuple):
        if len(kept) != len(made):
            yield f"{here}: had {len(kept)} entries, has {len(made)}"
        for number, (old, new) in enumerate(zip(kept, made, strict=False)):
            yield from differences(old, new, f"{where}[{number}]")
    elif isinstance(kept, float):
        if not isclose(kept, made, rel_tol=1e-6, abs_tol=1e-9):
            yield f"{here}: was {kept!r}, is {made!r}"
    elif kept != made:
        yield f"{here}: was {_shown(kept)}, is {_shown(made)}"


def _shown(value: Any) -> str:
    text = f"{type(value).__name__} {value!r}"
    return text if len(text) <= 80 else f"{text[:77]}..."


def add_missing(forms: Iterable[Form] = FORMS) -> list[Path]:
    """Writes the golden files that there are not yet for the numbers of now."""
    added = [each for each in forms if not each.file(each.version).exists()]
    for each in added:
        each.file(each.version).write_bytes(each.made())
    return [each.file(each.version) for each in added]


if __name__ == "__main__":
    for path in add_missing():
        print(f"{path}: {path.stat().st_size:,} bytes")
