"""Events over HTTP into an embedded monitor: a verdict a line, limits, and nothing lost."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from streams.alerts.service import AlertService
from streams.board.freshness import LOOKS
from streams.board.monitor import VOLATILE, Monitor
from streams.embedded.runner import Embedded
from streams.errors import CheckpointError, WatchroomError
from streams.events.deadletters import DeadLetterFile, merged, read_file
from streams.events.lenient import LenientEvent, read
from streams.events.seen import Seen
from streams.ingest.content import Most, NotTaken, numbered, unpacked
from streams.ingest.into_monitor import MonitorStore
from streams.ingest.journal import Journal
from streams.ingest.model import LineRefusal, Sent, StoredLines, field_of
from streams.ingest.rates import TokenBuckets
from streams.ingest.server import AT_ONCE_OF_A_TOKEN, Ingest, serve_ingest
from streams.ingest.trouble import Trouble
from streams.live import Live
from streams.outputs.sign_in.tokens import TokenFile
from streams.sources import open_source
from streams.sources.order.play import Play
from streams.sources.order.player import Player
from streams.sources.stops import Stops
from streams.state.surveillance import watch_all
from tests.build import call, crime, full_disk, incident, lines, ms, synchronised, tiny_force

FORCE = "tiny"
NOW = ms("2021-03-01T11:00:00Z")


class Room:
    """An embedded monitor that takes events, in a folder."""

    def __init__(self, folder: Path, most: Most | None = None) -> None:
        self.folder = folder
        self.tokens = TokenFile(folder / "senders.json")
        self.force = tiny_force()
        self.live = Live(Monitor([self.force]), lambda: NOW)
        self.letters = folder / "refused.ndjson"
        self.runner = Embedded(self.live, Stops(), None, DeadLetterFile(self.letters))
        self.journal = Journal(folder / "ingest", lambda: NOW)
        with Play(open_source(self.journal.files(), None, self.force), [self.force]) as play:
            Player(play, self.runner).play()
        self.runner.open_to_senders()
        self.store = MonitorStore(self.runner, self.journal)
        self.ingest = Ingest(self.store, self.tokens.path, most or Most())
        self.client = TestClient(self.ingest.application(), base_url="http://localhost")
        self.token = ""

    def sender(self, name: str = "cad", force: str = FORCE) -> str:
        self.token = self.tokens.add(name, f"send:{force}", 1)
        return self.token

    def post(self, body: bytes, **headers: str) -> Any:
        given = {"authorization": f"Bearer {self.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.client.post("/events", content=body, headers=given)

    def board(self) -> dict[str, Any]:
        found = json.loads(json.dumps(_plain(self.live.board(FORCE, NOW))))
        return {name: part for name, part in found.items() if name not in VOLATILE}


def _plain(value: Any) -> Any:
    import msgspec  # noqa: PLC0415

    return json.loads(msgspec.json.encode(value))


@contextmanager
def opened(folder: Path, most: Most | None = None) -> Iterator[Room]:
    found = Room(folder, most)
    try:
        yield found
    finally:
        found.journal.close()
        found.runner.dead_letters.close()  # type: ignore[union-attr]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with opened(tmp_path) as found:
        found.sender()
        yield found


CALL = call(answered_at="2021-03-01T10:00:07Z")
BEAT = {"kind": "heartbeat", "force": FORCE, "feed": "calls", "at": "2021-03-01T10:59:00Z"}


def kept(*records: dict[str, Any]) -> list[LenientEvent]:
    return [read(line) for line in lines(records).split(b"\n")]


def test_each_line_gets_a_verdict_with_field_and_reason(room: Room) -> None:
    other = {**call(id="x"), "force": "elsewhere"}
    early = call(id="y", answered_at="2021-03-01T09:59:00Z")
    body = lines([CALL]) + b"\n\n" + lines([other, early]) + b"\nno json\n"
    answer = room.post(body)
    assert answer.status_code == 200
    said = answer.json()
    assert (said["accepted"], said["refused"], said["not_stored"]) == (1, 3, 0)
    found = [(each["line"], each["verdict"], each.get("reason"), each.get("field"))
             for each in said["lines"]]  # fmt: skip
    assert found == [
        (1, "accepted", None, None),
        (3, "refused", "wrong_force", "force"),
        (4, "refused", "answered_before_offered", "answered_at"),
        (5, "refused", "not_json", None),
    ]


def test_the_refused_are_dead_letters_once_however_often_they_are_sent(room: Room) -> None:
    for _ in range(3):
        room.post(b"no json\n" + lines([{**CALL, "force": "elsewhere"}]))
    room.runner.dead_letters.close()  # type: ignore[union-attr]
    found = merged(read_file(room.letters))
    assert [(each.reason, each.raw[:7]) for each in found] == [
        ("wrong_force", b'{"kind"'), ("not_json", b"no json"),
    ]  # fmt: skip
    assert {each.origin.rpartition("/")[0] for each in found} == {f"http/{FORCE}"}


def test_what_is_sent_twice_counts_once(room: Room) -> None:
    room.post(lines([CALL]))
    once = room.board()
    answer = room.post(lines([CALL]))
    assert answer.json()["accepted"] == 1
    assert room.board() == once


def test_an_array_is_taken_like_lines_also_over_several(room: Room) -> None:
    body = json.dumps([CALL, {"kind": "call"}], indent=2).encode()
    said = room.post(body).json()
    assert [(each["line"], each["verdict"]) for each in said["lines"]] == [
        (1, "accepted"), (2, "refused"),
    ]  # fmt: skip
    assert said["lines"][1]["field"] in {"force", "id"}


@pytest.mark.parametrize(
    ("encoding", "packed"), [("gzip", gzip.compress), ("zstd", zstandard.compress)]
)
def test_a_body_may_be_compressed(room: Room, encoding: str, packed: Any) -> None:
    answer = room.post(packed(lines([CALL])), content_encoding=encoding)
    assert answer.json()["accepted"] == 1


def test_a_zstd_body_may_have_several_frames(room: Room) -> None:
    body = b"\n".join(lines([call(id=name)]) for name in "ab") + b"\n"
    checked = zstandard.ZstdCompressor(write_checksum=True, write_content_size=False)
    skipped = b"\x53\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
    packed = checked.compress(body[:50]) + skipped + zstandard.compress(body[50:])
    assert room.post(packed, content_encoding="zstd").json()["accepted"] == 2


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("plain", [b"", b"x" * 400_000, bytes(range(256)) * 600])
def test_a_zstd_body_that_is_cut_off_anywhere_is_refused(checked: bool, plain: bytes) -> None:
    frame = zstandard.ZstdCompressor(write_checksum=checked).compress(plain)
    whole = frame + frame
    assert unpacked(whole, "zstd", 1 << 20) == plain * 2
    for length in range(1, len(whole)):
        if length != len(frame):
            with pytest.raises(NotTaken):
                unpacked(whole[:length], "zstd", 1 << 20)


@pytest.mark.parametrize("frame", [zstandard.compress(b""), b"\x53\x2a\x4d\x18\0\0\0\0"])
def test_zstd_in_too_many_pieces_is_not_looked_through(frame: bytes) -> None:
    with pytest.raises(NotTaken, match="more than 50,000 pieces"):
        unpacked(frame * 60_000, "zstd", 1 << 20)


def test_heartbeats_are_taken_too(room: Room) -> None:
    assert room.post(lines([BEAT])).json()["accepted"] == 1


# --- who may send ---------------------------------------------------------------------------------


def test_without_a_token_that_may_send_nothing_is_taken(room: Room) -> None:
    for token in ("", "Bearer wrong", f"Basic {room.token}"):
        answer = room.client.post(
            "/events", content=lines([CALL]), headers={"authorization": token}
        )
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert room.runner.rows == 0


def test_a_token_of_a_person_sends_nothing(room: Room) -> None:
    room.token = room.tokens.add("Duty inspector", "administer", 1)
    assert room.post(lines([CALL])).status_code == 401


def test_a_token_that_sends_signs_nobody_in(room: Room) -> None:
    held = room.tokens.holder(room.token)
    assert held is not None
    assert (held.sends, held.as_role.name) == (FORCE, "NONE")


def test_tokens_are_kept_as_hashes_and_by_their_owner_alone(room: Room) -> None:
    assert room.token not in room.tokens.path.read_text("utf-8")
    assert room.tokens.path.stat().st_mode & 0o777 == 0o600


def test_a_token_that_was_removed_holds_no_more(room: Room) -> None:
    room.tokens.remove("cad")
    assert room.post(lines([CALL])).status_code == 401


def test_who_guesses_tokens_is_put_off_and_stops_nobody_who_sends_from_there(room: Room) -> None:
    held, room.token = room.token, "guess"
    answers = [room.post(b"{}") for _ in range(11)]
    assert [each.status_code for each in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    room.token = held
    assert room.post(lines([CALL])).status_code == 200


def test_tokens_go_over_no_network_as_they_are(room: Room) -> None:
    with pytest.raises(WatchroomError, match="for all to read, so this does not start"):
        serve_ingest(room.store, room.tokens.path, "0.0.0.0", 0)  # noqa: S104


# --- limits ---------------------------------------------------------------------------------------

SMALL = Most(
    sent=4000, unpacked=8000, lines=5, line=500, lines_a_minute=6, requests_a_minute=4,
    bytes_a_minute=8000,
)  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Room]:
    with opened(tmp_path, SMALL) as found:
        found.sender()
        yield found


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"x" * 4001, "", 413),
        (gzip.compress(b"x" * 8001), "gzip", 413),
        (zstandard.compress(b"x" * 100_000_000), "zstd", 413),
        (b"x\n" * 6, "", 413),
        (b"[" + b"1," * 5 + b"1]", "", 413),
        (b"\n" * 3999, "", 413),
        (b"x", "gzip", 400),
        (gzip.compress(b"xx")[:-2], "gzip", 400),
        (zstandard.compress(lines([CALL]))[:-2], "zstd", 400),
        (zstandard.compress(lines([CALL])) + b"x" * 20, "zstd", 400),
        (b"x", "br", 415),
        (b"", "", 400),
        (b" \n ", "", 400),
        (b"[1,", "", 400),
        (b"[" * 3000, "", 400),
    ],
    ids=[
        "long",
        "long in gzip",
        "long in zstd",
        "many lines",
        "many items",
        "nothing but line ends",
        "no gzip",
        "half a gzip",
        "half a zstd frame",
        "something after a zstd frame",
        "another encoding",
        "nothing",
        "blanks",
        "half an array",
        "deep",
    ],
)
def test_what_is_too_large_or_can_not_be_read_is_refused_as_a_whole(
    small: Room, body: bytes, encoding: str, status: int
) -> None:
    headers = {"content_encoding": encoding} if encoding else {}
    answer = small.post(body, **headers)
    assert (answer.status_code, small.runner.rows) == (status, 0)
    assert answer.json()["error"]


def test_a_line_that_is_too_long_is_refused_alone(small: Room) -> None:
    said = small.post(lines([CALL]) + b"\n" + b"x" * 501).json()
    assert [each.get("reason") for each in said["lines"]] == [None, "too_large"]


def test_too_many_events_a_minute_wait(small: Room) -> None:
    assert small.post(b"x\n" * 5).status_code == 200
    answer = small.post(b"x\n" * 5)
    assert answer.status_code == 429
    assert 30 <= int(answer.headers["retry-after"]) <= 40


def test_too_many_bytes_a_minute_wait_however_small_they_were_packed(small: Room) -> None:
    packed = gzip.compress(b"x" * 5000)
    assert small.post(packed, content_encoding="gzip").status_code == 200
    answer = small.post(packed, content_encoding="gzip")
    assert (answer.status_code, answer.json()["error"]) == (
        429, "more than 8,000 bytes a minute, unpacked",
    )  # fmt: skip
    assert int(answer.headers["retry-after"]) == 15


def test_too_many_requests_a_minute_wait(small: Room) -> None:
    codes = [small.post(b"x").status_code for _ in range(5)]
    assert codes == [200] * 4 + [429]


def test_a_token_whose_requests_are_being_stored_leaves_room_for_others(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, come, go = room.store.put, threading.Semaphore(0), threading.Event()

    def slow(sent: Sent) -> StoredLines:
        come.release()
        assert go.wait(20)
        return put(sent)

    monkeypatch.setattr(room.store, "put", slow)
    threads = [
        threading.Thread(target=room.post, args=(lines([CALL]),)) for _ in range(AT_ONCE_OF_A_TOKEN)
    ]
    for each in threads:
        each.start()
    for _ in threads:
        assert come.acquire(timeout=20)
    monkeypatch.undo()
    answer = room.post(lines([CALL]))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.json()["error"] == "2 requests of this token are being stored: try again"
    room.sender("another")
    assert room.post(lines([CALL])).status_code == 200
    go.set()
    for each in threads:
        each.join()


def test_a_rate_fills_up_again_with_time() -> None:
    now = 0.0
    rate = TokenBuckets(60, lambda: now)
    assert (rate.wait("a", 60), rate.wait("a", 2), rate.wait("b", 60)) == (0, 2, 0)
    now = 2.0
    assert rate.wait("a", 2) == 0


def test_a_bomb_is_never_unpacked() -> None:
    import tracemalloc  # noqa: PLC0415

    bomb = gzip.compress(b"\0" * (32 << 20), 1)
    tracemalloc.start()
    try:
        with pytest.raises(NotTaken):
            unpacked(bomb, "gzip", 1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_numbers_are_those_of_the_lines() -> None:
    assert numbered(b"\xef\xbb\xbfa\r\n\n  \nb", 9) == [(1, b"a"), (4, b"b")]
    assert numbered(b' [ {"a":\n1} , 2 ]', 9) == [(1, b'{"a": 1}'), (2, b"2")]


@pytest.mark.parametrize(
    ("reason", "detail", "field"),
    [
        ("wrong_form", "Expected `str`, got `int` - at `$.line`", "line"),
        ("wrong_form", "Object missing required field `id`", "id"),
        ("in_the_future", "updated_at is later than the event was received", "updated_at"),
        ("closed_before_opened", "x", "closed_at"),
        ("unknown_area", "x", "area"),
        ("not_json", "x", None),
    ],
)
def test_the_field_of_a_refusal_is_named(reason: str, detail: str, field: str | None) -> None:
    assert field_of(LineRefusal(reason, detail)) == field


# --- what is kept ---------------------------------------------------------------------------------


def test_what_was_accepted_is_there_after_a_restart(tmp_path: Path) -> None:
    with opened(tmp_path) as first:
        first.sender()
        first.post(lines([CALL, incident(grade="emergency"), call(id="z")]))
        before = first.board()
    with opened(tmp_path) as again:
        assert again.board() == before


def kept_bytes(room: Room) -> int:
    room.runner.dead_letters.flush()  # type: ignore[union-attr]
    letters = [room.letters] if room.letters.exists() else []
    return sum(path.stat().st_size for path in [*room.journal.files(), *letters])


def test_fields_that_are_unknown_fill_no_disk(room: Room) -> None:
    padded = [call(id=f"c{n}", padding="x" * 60_000) for n in range(30)]
    said = room.post(gzip.compress(lines(padded)), content_encoding="gzip").json()
    assert said["accepted"] == 30
    assert kept_bytes(room) < 30 * 200


def test_a_value_that_is_unknown_is_still_counted_after_a_restart(tmp_path: Path) -> None:
    with opened(tmp_path) as first:
        first.sender()
        assert first.post(lines([call(area="nowhere", channel="smoke")])).json()["accepted"] == 1
        before = first.board()
    with opened(tmp_path) as again:
        assert again.board() == before


def test_of_a_line_that_is_too_long_the_beginning_is_kept(room: Room) -> None:
    packed = gzip.compress(lines([call(id=f"c{n}", padding="x" * 1_000_000) for n in range(30)]))
    for _ in range(2):
        assert room.post(packed, content_encoding="gzip").json()["refused"] == 30
    assert kept_bytes(room) < 30 * 5_000


def test_what_is_sent_again_is_written_once_also_after_a_restart(tmp_path: Path) -> None:
    body = lines([CALL, BEAT, {**CALL, "force": "elsewhere"}]) + b"\nno json"
    with opened(tmp_path) as first:
        first.sender()
        first.post(body + b"\n" + lines([CALL]))
        once = kept_bytes(first)
        first.post(body + b"\n" + lines([CALL]))
        assert kept_bytes(first) == once
        journal = sum(path.stat().st_size for path in first.journal.files())
    with opened(tmp_path) as again:
        again.sender("another")
        again.post(lines([{**CALL, "padding": 1}, BEAT]))
        assert sum(path.stat().st_size for path in again.journal.files()) == journal


def test_of_the_lines_that_came_before_the_latest_are_known() -> None:
    seen = Seen(2)
    for line in (b"a", b"b", b"b", b"c"):
        seen.add(line)
    assert [line in seen for line in (b"a", b"b", b"c")] == [False, True, True]


def test_half_a_line_of_a_crash_is_cut_off(tmp_path: Path) -> None:
    with opened(tmp_path) as first:
        first.sender()
        first.post(lines([CALL]))
        before = first.board()
    (file,) = (tmp_path / "ingest").glob("call-*.ndjson")
    assert file.stat().st_mode & 0o777 == 0o600
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:30])
    with opened(tmp_path) as again:
        assert again.board() == before
        assert file.read_bytes() == whole


def test_where_the_journal_can_not_be_written_it_answers_503_and_resending_counts_once(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("streams.ingest.journal.os.fsync", full)
        answer = room.post(lines([CALL]) + b"\nno json")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        said = answer.json()
        assert [each["verdict"] for each in said["lines"]] == ["not_stored", "refused"]
        assert "No space left on device" in said["error"]
        assert room.client.get("/readyz").status_code == 503
    assert room.post(lines([CALL])).json()["accepted"] == 1
    assert room.client.get("/readyz").status_code == 200
    assert [len(file.read_bytes().splitlines()) for file in room.journal.files()] == [1]


def test_where_nothing_could_be_stored_it_is_ready_again_after_a_while_though_nobody_sends(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    trouble = Trouble(lambda: now)
    monkeypatch.setattr(room.store, "_trouble", trouble)
    trouble.ended("the disk is full")
    now = 29.0
    answer = room.client.get("/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (503, "the disk is full")
    now = 31.0
    assert room.client.get("/readyz").json() == {"ready": True}


def test_a_file_goes_once_its_horizon_is_past_and_a_month(tmp_path: Path) -> None:
    now = ms("2021-03-01T11:00:00Z")
    journal = Journal(tmp_path, lambda: now)
    reading = {"kind": "reading", "force": FORCE, "id": "1", "measure": "x", "period": "2021-03",
               "value": 1.0, "updated_at": "2021-03-01T10:00:00Z"}  # fmt: skip
    journal.append(kept(CALL, crime(), reading, BEAT))
    now = ms("2021-05-06T11:00:00Z")  # 66 days later
    journal.append(kept(CALL))
    assert sorted(path.name for path in journal.files()) == [
        "call-2021-05-06.ndjson", "crime-2021-03-01.ndjson", "reading-2021-03-01.ndjson",
    ]  # fmt: skip
    journal.close()


def test_the_name_of_a_new_file_is_on_the_disk_before_its_lines_after_a_failed_append_too(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path, lambda: NOW)
    with synchronised() as paths:
        with full_disk(), pytest.raises(OSError, match="File too large"):
            journal.append(kept(CALL))
        journal.append(kept(CALL))
    journal.close()
    assert paths == [tmp_path, tmp_path / "call-2021-03-01.ndjson"]


def test_the_name_of_a_file_that_a_start_finds_is_synchronised_once(tmp_path: Path) -> None:
    file = tmp_path / "call-2021-03-01.ndjson"
    file.touch()
    journal = Journal(tmp_path, lambda: NOW)
    with synchronised() as paths:
        for name in "ab":
            journal.append(kept(call(name)))
    journal.close()
    assert paths == [tmp_path, file, file]


def test_lines_that_a_killed_process_wrote_are_on_the_disk_before_they_are_left_out(
    tmp_path: Path,
) -> None:
    file = tmp_path / "call-2021-03-01.ndjson"
    first = Journal(tmp_path, lambda: NOW)
    first.append(kept(CALL))
    first.close()
    journal = Journal(tmp_path, lambda: NOW)
    with synchronised() as paths:
        journal.append(kept(CALL))
    journal.close()
    assert paths == [tmp_path, file]


def test_a_folder_is_one_process_s(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(CheckpointError, match="another process's"):
        Journal(tmp_path)
    journal.close()
    Journal(tmp_path).close()


def test_threads_that_send_at_once_take_turns(room: Room) -> None:
    bodies = [lines([call(id=f"{n}-{k}") for k in range(40)]) for n in range(4)]
    threads = [threading.Thread(target=room.post, args=(body,)) for body in bodies]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    sent = room.runner.account()
    again = [room.post(body).json()["accepted"] for body in bodies]
    assert again == [40] * 4
    assert sent.counted <= room.runner.account().counted == 160


EVENTS = [
    call(id=f"c{n % 5}", version=n, answered_at=f"2021-03-01T10:{n:02}:09Z",
         offered_at=f"2021-03-01T10:{n:02}:00Z")
    for n in range(12)
] + [incident(id=f"i{n}", grade="emergency") for n in range(4)] + [
    {"kind": "call", "force": FORCE}, {**CALL, "force": "elsewhere"},
]  # fmt: skip


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.integers(1, len(EVENTS) - 1), max_size=6),
    again=st.lists(st.integers(0, 6), max_size=4),
    packed=st.booleans(),
)
def test_any_split_into_requests_with_retries_gives_the_board_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], again: list[int], packed: bool
) -> None:
    places = [0, *sorted(set(cuts)), len(EVENTS)]
    bodies = [lines(EVENTS[a:b]) for a, b in pairwise(places)]
    for number in again:
        bodies.append(bodies[number % len(bodies)])
    folder = tmp_path_factory.mktemp("split")
    with opened(folder) as sent:
        sent.sender()
        for body in bodies:
            whole = gzip.compress(body) if packed else body
            sent.post(whole, **({"content_encoding": "gzip"} if packed else {}))
        board = sent.board()
    file = folder / "events.ndjson"
    file.write_bytes(lines(EVENTS))
    whole_file = Embedded(Live(Monitor([tiny_force()]), lambda: NOW), Stops())
    with Play(open_source(file), [tiny_force()]) as play:
        Player(play, whole_file).play()
    found = _plain(whole_file.live.board(FORCE, NOW))
    assert board == {name: part for name, part in found.items() if name not in VOLATILE}
    with opened(folder) as restarted:
        assert restarted.board() == board


# --- live ---------------------------------------------------------------------------------------


def test_a_feed_that_died_before_a_restart_is_told_of(tmp_path: Path) -> None:
    beats = [{**BEAT, "at": f"2021-03-01T10:{minute}:00Z"} for minute in (56, 57, 58, 59)]
    with opened(tmp_path) as first:
        first.sender()
        first.post(lines([*beats, CALL]))
    with opened(tmp_path) as again:
        now = NOW + 152_000  # 212 s after the last heartbeat
        again.live.clock = lambda: now
        watch_all(again.live.monitor)
        alerts = again.live.alerts = AlertService(again.live)
        assert again.live.health.ready
        for _ in range(LOOKS + 1):
            now += 2_000
            alerts.tick()
        assert again.live.health.ready
        assert [each.kind for each in alerts.view(FORCE, now).open] == ["feed_silent"]


# --- the other paths ------------------------------------------------------------------------------


def test_it_describes_itself_and_serves_no_figure(room: Room) -> None:
    said = room.client.get("/api/openapi.json").json()
    assert list(said["paths"]) == ["/events"]
    assert said["paths"]["/events"]["post"]["security"] == [{"token": []}]
    assert room.client.get("/healthz").json() == {"status": "alive"}
    for path in ("/board.json", "/metrics", "/", "/about"):
        assert room.client.get(path).status_code == 404
    assert room.client.get("/events").status_code == 405
    assert room.client.get("/healthz").headers["x-content-type-options"] == "nosniff"


def test_another_name_is_not_answered(room: Room) -> None:
    answer = room.client.post("/events", content=b"x", headers={"host": "evil.example"})
    assert answer.status_code == 421


def test_a_sender_that_leaves_in_the_middle_is_no_fault(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    coming = iter([{"type": "http.request", "body": b"{", "more_body": True},
                   {"type": "http.disconnect"}])  # fmt: skip

    async def receive() -> Any:
        return next(coming)

    async def send(_: Any) -> None:
        pass

    headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {room.token}".encode())]
    scope = {"type": "http", "method": "POST", "path": "/events", "query_string": b"",
             "headers": headers, "client": ("127.0.0.1", 1), "server": ("localhost", 80),
             "scheme": "http", "http_version": "1.1", "root_path": ""}  # fmt: skip
    asyncio.run(room.ingest.application()(scope, receive, send))
    assert caplog.records == []
    assert room.post(lines([CALL])).json()["accepted"] == 1
