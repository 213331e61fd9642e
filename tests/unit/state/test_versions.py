"""What is stored has a number, and every number has a golden file that later versions can read.

Where a test here fails, a stored form has changed: CONTRIBUTING, "What is stored", says what to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from detectors.calibration.alarm_budget import AlarmBudget
from detectors.counts.weekly.baseline import Baseline
from streams.alerts.model import Handover, Transition, decode_fact, encode
from streams.alerts.store import AlertStore
from streams.board.monitor import canonical
from streams.embedded import alert_database, calibration
from streams.embedded.alert_database import AlertDatabase
from streams.embedded.folder_backup import put_alerts
from streams.errors import CheckpointError
from streams.events.schema import EVENT_KINDS
from streams.fold.ledger import Ledger
from streams.kafka.partition import NO_OFFSET, Partition, fingerprint
from streams.state import archive
from streams.state import checkpoint as checkpoints
from streams.state import surveillance as watching
from streams.state.backup import PARTS, Backup
from streams.surveillance.adapters.counts import CountRows, Counts
from streams.surveillance.state import lost
from tests import state_files
from tests.build import Record, lines
from tests.calibration import planned
from tests.late import counters
from tests.state_events import LATER, MONDAY, counted, force
from tests.state_files import FORMS, WATCHED, Form, form

ROOT = Path(__file__).parents[3]
OPENED: list[Partition] = []
EVERY = [(each, version) for each in FORMS for version in each.versions()]


@pytest.fixture(autouse=True)
def closed_in_the_end() -> Iterator[None]:
    """Lets the checkpoints go that a test has opened."""
    yield
    while OPENED:
        OPENED.pop().checkpoint.close()


def golden(name: str) -> list[Any]:
    """The golden files of a form, a case each."""
    return [pytest.param(v, id=f"{name}_{v}") for v in form(name).versions()]


def contents(name: str, version: int) -> bytes:
    return form(name).file(version).read_bytes()


# -- a change of form changes the number -------------------------------------------------------


def complaint(each: Form) -> str:
    """What is to be said where the form is another than in the golden file of its number."""
    kept = each.plain(each.file(each.version).read_bytes())
    found = list(state_files.differences(kept, each.plain(each.made())))
    if not found:
        return ""
    more = [f"and {len(found) - 15} more"] if len(found) > 15 else []
    return "\n  ".join((each.advice(), *found[:15], *more))


@pytest.mark.parametrize("each", FORMS, ids=lambda each: each.name)
def test_what_is_stored_is_what_the_golden_file_of_its_number_holds(each: Form) -> None:
    numbers = each.versions()
    assert numbers[-1:] == [each.version], "add it with `python -m tests.state_files`"
    assert numbers == list(range(numbers[0], each.version + 1)), "one was removed"
    said = complaint(each)
    assert not said, said


def test_a_change_of_form_is_told_with_what_to_do() -> None:
    other = form("calibration")._replace(made=lambda: b'{"factors": {"hour": 1}, "more": 0}')
    said = complaint(other)
    number = other.version
    assert f"raise STATE_VERSION in streams/embedded/calibration.py from {number} to" in said
    assert "add a golden file with `python -m tests.state_files`" in said
    assert ".more: is new" in said


def test_what_a_watch_holds_more_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    save, then = CountRows.save, state_files.taken("crime")
    monkeypatch.setattr(CountRows, "save", lambda self: {**save(self), "more": 1})
    now = state_files.taken.__wrapped__("crime")
    plain = state_files.plain_watches
    found = list(state_files.differences(plain(then), plain(now)))
    assert found
    assert all(each.endswith("counts.more: is new") for each in found)


def test_a_counter_that_is_declared_later_is_no_other_form_of_what_was_published() -> None:
    published = form("published")
    kept = published.file(published.version).read_bytes()
    more = kept.replace(b'"counted":{', b'"counted":{"declared_later":"0a",').replace(
        b'"counts":{', b'"counts":{"declared_later":3,'
    )
    assert more != kept
    assert complaint(published._replace(made=lambda: more)) == ""
    other = kept.replace(b'"minute"', b'"instant"')
    assert ".instant: is new" in complaint(published._replace(made=lambda: other))


@pytest.mark.parametrize(
    ("kept", "made", "said"),
    [
        ({"a": 1}, {"b": 1}, [".a: is no more", ".b: is new"]),
        ({"a": 1}, {"a": 1.0}, [".a: was int 1, is float 1.0"]),
        ({"a": 1}, {"a": None}, [".a: was int 1, is NoneType None"]),
        ([1, 2], [2, 1], ["[0]: was int 1, is int 2", "[1]: was int 2, is int 1"]),
        ([1], [1, 2], ["all of it: had 1 entries, has 2"]),
        ([1.0], [1.00001], ["[0]: was 1.0, is 1.00001"]),
        ([1.0], [1.0 + 1e-9], []),
    ],
)
def test_all_is_compared_exactly_but_for_the_last_digits_of_a_fraction(
    kept: object, made: object, said: list[str]
) -> None:
    assert list(state_files.differences(kept, made)) == said


def test_no_golden_file_holds_the_name_of_a_module() -> None:
    """So that a module may be moved without any change of what is stored."""
    for each, version in EVERY:
        held = each.file(version).read_bytes()
        for package in (b"detectors.", b"streams."):
            assert package not in held, each.file(version).name


def test_the_table_of_contributing_names_every_form_and_where_its_number_stands() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for each in FORMS:
        assert f"| {each.name} | `{each.place}` |" in text
        assert (ROOT / each.place).exists()


# -- checkpoints -------------------------------------------------------------------------------


def partition(kind: str, path: Path, marked: str | None = None) -> Partition:
    """A partition as a worker takes it up."""
    made = closed_later(state_files.partition(kind, path, marked=marked))
    made.load(2, "me")
    return made


def closed_later(made: Partition) -> Partition:
    OPENED.append(made)
    return made


def figures(held: Partition) -> tuple[Any, ...]:
    """What a partition counts and shows."""
    held.show()
    fold = held.shard.folds["golden"]
    stored = (counters(fold), fold.entries) if isinstance(fold, Ledger) else fold.taken()
    periods = ["2021-03", "2021-03-01", "2021-Q1", "2021-04-15", "2023-08"]
    board = canonical(held.live.monitor.board("golden", LATER, periods))
    return stored, board


@pytest.mark.parametrize("version", golden("checkpoint"))
def test_a_checkpoint_of_the_number_of_now_is_loaded_and_any_other_is_rebuilt(
    tmp_path: Path, version: int
) -> None:
    files = state_files.checkpoint_files(contents("checkpoint", version), tmp_path)
    assert files.keys() == EVENT_KINDS.keys()
    for kind, path in files.items():
        head = state_files.head_of(path)
        assert head["format"] == version
        if version != checkpoints.STATE_VERSION:
            assert partition(kind, path, head["fingerprint"]).folded == NO_OFFSET
            aside = ("outdated-*", "unsent")
            assert any(list(tmp_path.glob(f"{kind}.sqlite.{name}")) for name in aside)
            continue
        held = partition(kind, path, head["fingerprint"])
        assert held.folded == head["offset"] == len(counted(kind)) - 1
        fresh = closed_later(state_files.partition(kind, tmp_path / f"fresh-{kind}.sqlite"))
        state_files.fold(fresh, kind)
        assert figures(held) == figures(fresh)


@pytest.mark.parametrize("other", [-1, 1])
def test_a_checkpoint_of_another_number_is_set_aside_and_its_unsent_messages_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: int
) -> None:
    version = checkpoints.STATE_VERSION
    files = state_files.checkpoint_files(contents("checkpoint", version), tmp_path)
    path, mark = files["call"], state_files.head_of(files["call"])["fingerprint"]
    before = closed_later(state_files.partition("call", path, marked=mark))
    unsent = before.load(2, "me")
    OPENED.pop().checkpoint.close()
    monkeypatch.setattr(checkpoints, "STATE_VERSION", version + other)
    held = closed_later(state_files.partition("call", path, marked=mark))
    assert held.load(3, "me") == unsent != []
    assert held.folded == NO_OFFSET
    assert held.waiting == len(unsent)
    asyncio.run(held.save())
    assert list(tmp_path.glob("call.sqlite.outdated-*"))


def test_the_fingerprint_of_a_checkpoint_has_the_number_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module: ModuleType = sys.modules[Partition.__module__]
    now = fingerprint("call", [force()])
    assert now != fingerprint("crime", [force()])
    monkeypatch.setattr(module, "STATE_VERSION", checkpoints.STATE_VERSION + 1)
    assert fingerprint("call", [force()]) != now


# -- watches -----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", golden("watches"))
def test_watches_of_the_number_of_now_are_put_back(version: int) -> None:
    for name, parts in state_files.watch_parts(contents("watches", version)).items():
        kind, _ = WATCHED[name]
        assert msgspec.msgpack.decode(parts[watching.VERSION]) == version
        if version != form("watches").version:
            continue
        target = state_files.monitor(kind)
        (shard,) = target.shards
        watching.put_back(shard, {"golden": parts})
        surveillance = shard.surveillance["golden"]
        assert not surveillance.rebuilt
        lost(surveillance)  # so that all of it is written again
        again = {part: body for _, part, body in watching.take(shard)}
        assert decoded(again) == decoded(parts)


def test_what_watches_of_the_first_form_have_learned_is_read() -> None:
    for name, parts in state_files.watch_parts(contents("watches", 1)).items():
        kind, _ = WATCHED[name]
        target = state_files.monitor(kind)
        (shard,) = target.shards
        watching.put_back(shard, {"golden": parts})
        surveillance = shard.surveillance["golden"]
        assert not surveillance.rebuilt
        for grain, watches in surveillance.grains.items():
            running = msgspec.msgpack.decode(parts[grain])["watches"] if grain in parts else {}
            assert [watch.series.name for watch in watches] == list(running)
            for watch in watches:
                saved = running[watch.series.name]["adapter"]
                if isinstance(watch.adapter, Counts):
                    learned = msgspec.msgpack.decode(parts[watch.series.name])
                    assert watch.adapter.learned == Baseline.of(learned)
                    assert watch.adapter.starts == saved["starts"]
                    assert watch.adapter.taken == saved["taken"]
        written = {part for _, part, _ in watching.take(shard)}
        assert {part for part in parts if part not in written} <= {"month"}


def test_watches_of_the_second_form_go_on_as_those_of_the_third() -> None:
    """There each proportion and duration had its own detector, in its watch, a slot no spread of
    its own, and a watch by the month no years that it remembers."""
    third = state_files.watch_parts(contents("watches", 3))
    for name, parts in state_files.watch_parts(contents("watches", 2)).items():
        kind, _ = WATCHED[name]
        target = state_files.monitor(kind)
        (shard,) = target.shards
        watching.put_back(shard, {"golden": parts})
        surveillance = shard.surveillance["golden"]
        assert not surveillance.rebuilt
        lost(surveillance)
        again = {part: body for _, part, body in watching.take(shard)}
        plain = state_files.plain_watches
        found = list(state_files.differences(plain(third[name]), plain(again)))
        if name == "crime":  # whose share with a marker the second form did not watch
            found = [e for e in found if not e.startswith(".day.grouped") and "markers" not in e]
        spreads = ("looked", "level_spreads", "parameters.spread", "parameters.own", ".slots: ")
        years = ("state._finer: ", "state._history: ", "state._same: ")
        found = [each for each in found if not any(name in each for name in spreads + years)]
        assert [each for each in found if ".signal." not in each] == []  # whole numbers are floats


def decoded(parts: dict[str, bytes]) -> dict[str, Any]:
    return {part: msgspec.msgpack.decode(body) for part, body in parts.items()}


def test_watches_of_another_number_learn_from_the_counts_that_are_kept() -> None:
    parts = dict(state_files.taken("call"))
    assert not relearned("call", parts)
    parts[watching.VERSION] = msgspec.msgpack.encode(form("watches").version + 1)
    parts["hour"] = b"what a later version wrote"
    assert relearned("call", parts)


def relearned(kind: str, parts: dict[str, bytes]) -> bool:
    """Whether the watches of some parts learn anew."""
    target = state_files.monitor(kind, surveillance=False)
    state_files.play(target, kind)
    (shard,) = target.shards
    watching.watch(shard)
    watching.put_back(shard, {"golden": parts})
    surveillance = shard.surveillance["golden"]
    assert len(list(surveillance.grains["day"])) > 0
    rebuilt: bool = surveillance.rebuilt
    return rebuilt


# -- what is read for good ---------------------------------------------------------------------


@pytest.mark.parametrize("version", golden("published"))
def test_what_was_published_is_read_in_every_form(version: int) -> None:
    held = state_files.published_messages(contents("published", version))
    read = 0
    for kind in ("call", "incident", "crime"):
        ledger = state_files.monitor(kind, surveillance=False).shards[0].folds["golden"]
        assert isinstance(ledger, Ledger)
        known = archive.collect(ledger, force(), held, state_files.TOPIC_ID)
        assert all(known.panes.values())
        assert known.late
        assert known.until > NO_OFFSET
        read += len(known.panes) + len(known.late)
        for (grain, minute), pane in known.panes.items():
            again = archive.encode(ledger, force(), grain, minute, pane)
            assert archive.decode(ledger, force(), again) == (grain, minute, pane)
    assert read == len({key for key, _ in held}), "what can't be read is passed over"


@pytest.mark.parametrize("version", golden("alerts"))
def test_alerts_are_read_in_every_form(version: int) -> None:
    held = contents("alerts", version).splitlines()
    found = [decode_fact(line) for line in held]
    store = AlertStore(force())
    for fact in found:
        if isinstance(fact, Handover):
            store.apply_handover(fact)
        else:
            store.apply(fact)
    assert len(store.alerts) > 1
    assert store.handed_over
    if version == form("alerts").version:
        again = b"\n".join(encode(fact) for fact in found)
        assert form("alerts").plain(again) == form("alerts").plain(b"\n".join(held))


@pytest.mark.parametrize("version", golden("alert_database"))
def test_an_alert_store_of_every_form_is_read_and_goes_on(tmp_path: Path, version: int) -> None:
    state_files.alert_database_file(contents("alert_database", version), tmp_path)
    store = AlertDatabase(tmp_path)
    assert any(isinstance(fact, Handover) for fact in store.load())
    assert any(isinstance(fact, Transition) for fact in store.load())
    waiting = store.waiting()
    delivery = store.next("mail", MONDAY)
    assert delivery is None or delivery.again
    assert waiting > 0
    store.close()
    with contextlib.closing(sqlite3.connect(store.path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (alert_database.STATE_VERSION,)


def test_an_alert_store_of_before_there_were_numbers_is_read(tmp_path: Path) -> None:
    held = contents("alert_database", 1).replace(b"PRAGMA user_version = 1;", b"")
    state_files.alert_database_file(held, tmp_path)
    store = AlertDatabase(tmp_path)
    assert store.load()
    store.close()


def test_an_alert_store_of_a_later_form_is_refused(tmp_path: Path) -> None:
    path = state_files.alert_database_file(contents("alert_database", 1), tmp_path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {alert_database.STATE_VERSION + 1}")
    with pytest.raises(CheckpointError, match="written by a later version of Watchroom"):
        AlertDatabase(tmp_path)


@pytest.mark.parametrize("version", golden("backup"))
def test_a_backup_of_every_form_is_restored(tmp_path: Path, version: int) -> None:
    file = tmp_path / "golden.backup"
    file.write_bytes(gzip.compress(contents("backup", version)))
    held, told = Backup(file), list[str]()
    assert set(held.counts) == set(PARTS)
    put_alerts(held, tmp_path / "state", told.append, replace=False)
    store = AlertDatabase(tmp_path / "state")
    assert len(store.load()) == len(told) == held.counts["alerts"]
    store.close()


@pytest.mark.parametrize("version", golden("dead_letters"))
def test_dead_letters_are_read_in_every_form(version: int) -> None:
    found = list(state_files.letters_in(contents("dead_letters", version)))
    assert found
    assert all(line == message for line, message in found)
    if version == form("dead_letters").version:
        assert [line for line, _ in found] == state_files.letters()


@pytest.mark.parametrize("version", golden("calibration"))
def test_an_answer_of_the_form_of_now_is_used_and_another_is_not_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    question = calibration.CalibrationQuestion(planned(), AlarmBudget(1.0), 26, 8, 0)
    monkeypatch.setattr(calibration, "STATE_VERSION", version)
    path = question.kept_at()
    path.parent.mkdir(parents=True)
    path.write_bytes(contents("calibration", version))
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert (question.kept_at() == path) == (version == form("calibration").version)
    if version == form("calibration").version:
        found = calibration.answer(question, 1, lambda *_: None)
        assert found.kept
        found.kept = False
        assert found == state_files.calibrated()


# -- comments ----------------------------------------------------------------------------------

_RESTORED = """
import sys
from pathlib import Path
import streams, detectors
from tests import state_files
assert Path(streams.__file__).parents[1] == Path(detectors.__file__).parents[1] == Path(sys.argv[1])
held = state_files.partition("crime", Path(sys.argv[2]))
held.load(2, "me")
surveillance = held.shard.surveillance["golden"]
print(held.folded, len(list(surveillance.grains["day"])), surveillance.rebuilt)
held.checkpoint.close()
"""


def commented(source: str) -> str:
    """A module with a comment more, and with another docstring."""
    return source.replace('"""', '"""In other words: ', 1) + "\n# A comment that nothing needs.\n"


def test_comments_and_docstrings_keep_what_was_counted_and_learned(tmp_path: Path) -> None:
    path = tmp_path / "crime.sqlite"
    target = partition("crime", path)
    for offset, message in enumerate(counted("crime")):
        asyncio.run(target.fold([Record(offset, lines(message), LATER + 1_000 * 86_400_000)]))
    asyncio.run(target.save())
    OPENED.pop().checkpoint.close()
    for package in ("streams", "detectors"):
        shutil.copytree(
            ROOT / package,
            tmp_path / package,
            ignore=shutil.ignore_patterns("__pycache__", "static"),
        )
        for module in (tmp_path / package).rglob("*.py"):
            module.write_text(commented(module.read_text("utf-8")), "utf-8")
    found = subprocess.run(
        [sys.executable, "-c", _RESTORED, str(tmp_path), str(path)],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.split() == [str(len(counted("crime")) - 1), "7", "False"], found.stderr
