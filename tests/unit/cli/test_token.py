"""`watchroom token`, the token that commands send, and the refusal to open a port to all."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.errors import ConfigError
from streams.outputs.sign_in.access import CURES
from streams.outputs.sign_in.tokens import TokenFile
from streams.outputs.web.running import Running
from tests.signing_in import Room, live, with_alert

EVENTS = "examples/events.ndjson.gz"


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


@pytest.fixture
def running(room: Room) -> Iterator[Running]:
    made = live()
    with_alert(made)
    with room.served(made=made) as served:
        yield served


def test_a_token_is_shown_once_and_kept_as_its_hash_in_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "new" / "tokens.json"
    made = run("token", "add", "Duty inspector", "--role", "act", "--file", str(file))
    token = made.stdout.strip()
    assert token.startswith("watchroom_")
    assert len(token) == len("watchroom_") + 43
    assert token not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    found = TokenFile(file).holder(token)
    assert found is not None
    assert (found.name, found.role) == ("Duty inspector", "act")


def test_a_change_keeps_who_may_read_the_file(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    tokens.add("Duty inspector", "act", 1)
    tokens.path.chmod(0o640)
    tokens.add("screen", "view", 1)
    tokens.remove("Duty inspector")
    assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to others")
@pytest.mark.parametrize("first", [True, False])
def test_what_root_changes_stays_the_server_s(tmp_path: Path, first: bool) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    if not first:
        tokens.add("screen", "view", 1)
        os.chown(tokens.path, 12345, 23456)
    os.chown(tmp_path, 12345, 23456)
    tokens.add("Duty inspector", "act", 1)
    found = tokens.path.stat()
    assert (found.st_uid, found.st_gid) == (12345, 23456)
    assert stat.S_IMODE(found.st_mode) == 0o600


def test_a_change_that_would_take_the_file_from_its_owner_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    tokens.add("screen", "view", 1)
    before, mine = tokens.path.read_bytes(), os.fstat

    def anothers(number: int) -> os.stat_result:
        found = list(mine(number))
        found[4] += 1
        return os.stat_result(found)

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fstat", anothers)
    monkeypatch.setattr(os, "fchown", refused)
    with pytest.raises(ConfigError, match="belongs to another user or group, who could not read"):
        tokens.remove("screen")
    assert tokens.path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["tokens.json"]


def test_of_commands_at_once_none_is_lost(tmp_path: Path) -> None:
    names = [f"screen {n}" for n in range(16)]

    def add(name: str) -> None:
        TokenFile(tmp_path / "tokens.json").add(name, "view", 1)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(add, names))
    found = TokenFile(tmp_path / "tokens.json").all()
    assert sorted(each.name for each in found) == sorted(names)


def test_a_folder_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="can't be written"):
        TokenFile(tmp_path / "file" / "tokens.json").add("screen", "view", 1)


def test_tokens_are_listed_and_removed_by_name(room: Room) -> None:
    room.settings()
    where = ("--sign-in", str(room.folder / "sign-in.toml"))
    assert run("token", "remove", "screen", *where).exit_code == 0
    listed = run("token", "list", *where).output
    assert listed.startswith("Duty inspector  act         until ")
    assert "screen" not in listed
    gone = run("token", "remove", "screen", *where)
    assert gone.exit_code == 1
    assert 'has no token of "screen", only: Duty inspector' in gone.output


def test_a_name_has_one_token_and_is_one_line(room: Room) -> None:
    where = ("--role", "view", "--file", str(room.tokens.path))
    assert (
        'has a token of "screen": remove it first' in run("token", "add", "screen", *where).output
    )
    assert "a name is one line" in run("token", "add", "a\nb", *where).output


def test_which_file_is_asked_for_where_none_is_named(room: Room) -> None:
    assert "which tokens? Name --file, or --sign-in" in run("token", "list").output
    room.settings("")
    answer = run("token", "list", "--sign-in", str(room.folder / "sign-in.toml"))
    assert 'no file of tokens is named. Write token_file = "tokens.json"' in answer.output


def test_a_command_sends_its_token_and_acts_in_its_name(
    room: Room, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = ("--url", running.url)
    refused = run("alerts", "list", *to)
    assert (refused.exit_code, refused.output) == (1, "Error: sign in first\n")
    file = ("--token-file", str(room.folder / "inspector"))
    done = run("alerts", "ack", "1", "--who", "Somebody else", *to, *file)
    assert done.output.endswith("Duty inspector has this.\n")
    monkeypatch.setenv("WATCHROOM_TOKEN", room.screen)
    listed = json.loads(run("alerts", "list", "--json", *to).stdout)
    assert listed["owner"] == "Duty inspector"
    assert run("board", "--once", *to).exit_code == 0
    may_not = run("alerts", "ack", "1", *to)
    assert may_not.output == "Error: you have the role view; this needs the role act\n"


def test_a_shift_is_handed_over_by_who_has_signed_in(
    room: Room, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHROOM_TOKEN_FILE", str(room.folder / "inspector"))
    to = ("--url", running.url)
    assert run("alerts", "ack", "1", *to).exit_code == 0
    handed = run("alerts", "handover", "--to", "Night shift", *to)
    assert handed.output.startswith("Handed over from Duty inspector to Night shift: 1 alert.")


def test_a_file_without_a_token_is_said(room: Room, tmp_path: Path) -> None:
    (tmp_path / "two").write_text("one two\n")
    answer = run("alerts", "list", "--token-file", str(tmp_path / "two"))
    assert "holds no token: one is a line without blanks" in answer.output
    answer = run("alerts", "list", "--token-file", str(tmp_path / "none"))
    assert "can't be read: No such file" in answer.output


@pytest.mark.parametrize(
    "command",
    [
        ("run", "--embedded", EVENTS, "--no-surveillance", "--web", "0.0.0.0:0"),
        ("replay", EVENTS, "--no-surveillance", "--web", "0.0.0.0:0"),
        ("worker", "--broker", "127.0.0.1:1", "--web", "0.0.0.0:0"),
        ("wallboard", "--worker", "http://127.0.0.1:1", "--web", "0.0.0.0:0"),
    ],
)
def test_no_command_opens_a_port_to_all_unless_people_sign_in(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    more = {"run": ("--state", str(tmp_path)), "replay": ("--state", str(tmp_path))}
    answer = run(*command, *more.get(command[0], ()))
    assert answer.exit_code == 1
    assert "anyone who reaches 0.0.0.0 could see all figures" in answer.output
    assert CURES.partition(":")[0] in answer.output


def test_a_certificate_needs_its_key() -> None:
    answer = run("wallboard", "--worker", "http://w:1", "--tls-certificate", "x.pem")
    assert answer.exit_code == 2
    assert "--tls-certificate and --tls-key belong together" in answer.output
