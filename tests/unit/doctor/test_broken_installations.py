"""What is broken without a broker being asked: each is named by `watchroom doctor` with its cure.

What only a broker can say is in tests/servers/test_doctor.py.
"""

from __future__ import annotations

import ast
import datetime as dt
import errno
import importlib
import json
import os
import shlex
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest
from click.testing import CliRunner

from streams.board.monitor import Monitor
from streams.cli import main
from streams.doctor import (
    clock,
    environment,
    instances,
    lag,
    log_gaps,
    ports,
    readiness,
    refused,
    topic_settings,
    transport,
    versions,
)
from streams.doctor.asking import HttpAnswer, ask
from streams.doctor.brokers import Brokers, Member
from streams.doctor.setup import Setup
from streams.events.deadletters import DeadLetter
from streams.fold.log_gap import LogGap
from streams.kafka import topics
from streams.kafka.security import Security
from streams.live import Live
from streams.outputs import monitor_server
from streams.outputs.front.server import serve_front
from streams.outputs.sign_in.access import Access
from streams.outputs.sign_in.settings import SignInSettings
from streams.state.snapshot import Head
from tests.build import TINY_FORCE, tiny_force
from tests.servers.process import wait_until
from tests.signing_in import Room
from tests.source_tree import modules, parsed


def doctor(*options: str, code: int = 1) -> list[dict[str, Any]]:
    """The findings of an installation without Kafka."""
    result = CliRunner().invoke(main, ["doctor", "--no-kafka", "--json", *options])
    assert result.exit_code == code, result.output
    return [each for check in json.loads(result.output)["checks"] for each in check["findings"]]


def only(found: list[Any]) -> Any:
    (one,) = found
    return one


@contextmanager
def serving(answers: Mapping[str, Any], ahead: float = 0.0) -> Iterator[str]:
    """A server whose clock is ahead by so many seconds; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers.get(self.path)
            self.send_response_only(404 if body is None else 200)
            at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=ahead)
            self.send_header("date", format_datetime(at, usegmt=True))
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine has no address on a network, and no time service."""
    monkeypatch.setattr(ports, "own_addresses", lambda: iter(()))
    monkeypatch.setattr(clock, "by_time_service", lambda: None)
    for name in [name for name in os.environ if name.startswith("WATCHROOM_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A folder of the state as it should be."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


# -- configuration ---------------------------------------------------------------------------------


def test_all_is_well(state: Path) -> None:
    assert doctor("--checkpoints", str(state), "--force", "warwickshire", code=0) == []


def test_a_force_file_with_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(TINY_FORCE.replace("timezone", "timezon"))
    found = doctor("--force", str(file))
    assert all(each["subject"] == str(file) for each in found)
    assert "timezon" in found[0]["problem"]
    assert found[0]["cure"].endswith(f"Mend it, then: watchroom force check {file}")


def test_a_force_that_is_named_twice() -> None:
    found = only(doctor("--force", "warwickshire", "--force", "warwickshire"))
    assert found["problem"] == '"warwickshire" is named twice'
    assert found["cure"] == "Name it once: leave out --force warwickshire"


def test_a_mapping_with_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "calls.toml"
    file.write_text('kind = "cal"\n')
    found = only(doctor("--mapping", str(file)))
    assert found["problem"].startswith(f"{file}:")
    assert found["cure"].endswith(f"watchroom mapping check {file} EXPORT")


def test_a_variable_that_nothing_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHROOM_BOOTSTRAPS", "kafka1:9092")
    found = only(doctor())
    assert (found["subject"], found["problem"], found["cure"]) == (
        "WATCHROOM_BOOTSTRAPS", "nothing reads this variable", "Name it WATCHROOM_BOOTSTRAP",
    )  # fmt: skip


def test_hosts_and_brokers_that_are_written_as_addresses_of_pages() -> None:
    brokers, hosts = environment.of_environment(
        {
            "WATCHROOM_HOSTS": "a.example,https://b.example:8787/",
            "WATCHROOM_BOOTSTRAP": "kafka://kafka1:9092",
        }
    )
    assert brokers.cure == "export WATCHROOM_BOOTSTRAP=kafka1:9092"
    assert hosts.cure == "export WATCHROOM_HOSTS=a.example,b.example"


def test_an_address_for_links_that_is_none_is_found_with_its_cure() -> None:
    (found,) = environment.of_environment({"WATCHROOM_PUBLIC_URL": "watchroom.example"})
    assert found.problem == '"watchroom.example" is no address that a link can begin with'
    assert found.cure == "Write it whole: WATCHROOM_PUBLIC_URL=https://watchroom.example"
    assert not [*environment.of_environment({"WATCHROOM_PUBLIC_URL": "https://w.example"})]


def test_the_variables_that_are_known_are_those_that_the_code_reads() -> None:
    found = {name for name in variables_read() if not name.startswith(environment.FAMILIES)}
    assert found == {*environment.KNOWN, *environment.OF_OTHERS}


def variables_read() -> set[str]:
    """The names of the environment variables that the code reads: of options (`envvar`), and of
    `os.environ` and whatever else is called an environment."""
    found = set[str]()
    for name, path in modules("streams", "grafana", "detectors").items():
        if not any(word in path.read_text() for word in ("environ", "envvar", "getenv")):
            continue
        tree = parsed(path)
        asked = [node for each in ast.walk(tree) for node in _names_of_variables(each)]
        if asked:
            namespace = vars(importlib.import_module(name))
            found |= {each for node in asked if (each := _value(node, namespace)) is not None}
    return found


def _names_of_variables(node: ast.AST) -> Iterator[ast.expr]:
    """What an expression or an option takes for the name of a variable."""
    match node:
        case ast.Call(func=ast.Attribute(attr="get", value=of), args=[name, *_]) if _is_one(of):
            yield name
        case ast.Subscript(value=of, slice=name) if _is_one(of):
            yield name
        case ast.Compare(left=name, ops=[ast.In() | ast.NotIn()], comparators=[of]) if _is_one(of):
            yield name
        case ast.Call(func=ast.Attribute(attr="getenv"), args=[name, *_]):
            yield name
        case ast.keyword(arg="envvar", value=name):
            yield name
        case ast.Dict(keys=keys, values=values):
            for key, name in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "envvar":
                    yield name


def _is_one(node: ast.expr) -> bool:
    """Whether it is an environment: `os.environ`, `environment`, or the one of the two that is
    given."""
    match node:
        case ast.IfExp(body=body, orelse=other):
            return _is_one(body) or _is_one(other)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name in ("environ", "environment")
    return False


def _value(node: ast.expr, namespace: dict[str, Any]) -> str | None:
    """The name that an expression stands for; None where only a file says it (`address_env`)."""
    try:
        found = eval(compile(ast.Expression(node), "-", "eval"), namespace)  # noqa: S307 - our own code
    except NameError:
        return None
    return found if isinstance(found, str) else None


# -- the disk and what is on it --------------------------------------------------------------------


def test_a_full_disk(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    found = only(doctor("--checkpoints", str(state)))
    assert found["problem"] == f"{state}: can't be written: No space left on device"
    assert found["cure"].startswith("Make room there, or mend the disk and its permissions")
    assert found["cure"].endswith(f"du -axh {state} | sort -h | tail")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    found = only(doctor("--checkpoints", str(tmp_path / "none")))
    assert found["problem"] == "there is no such folder"
    assert found["cure"] == f"mkdir -m 700 -p {tmp_path / 'none'}"


def test_files_that_others_may_read(state: Path) -> None:
    (state / "a.sqlite").touch(mode=0o644)
    state.chmod(0o755)
    folder, file = doctor("--checkpoints", str(state))
    assert folder["problem"] == "others may enter the folder (mode 755)"
    assert folder["cure"] == f"chmod -R u=rwX,go= {state}"
    assert file["problem"] == "others may read or write 1 files (a.sqlite)"
    assert file["cure"] == (
        f"chmod -R u=rwX,go= {state}, or start the worker again: it makes them so"
    )


def test_the_cure_for_open_permissions_leaves_a_folder_that_can_be_entered(state: Path) -> None:
    (state / "faust").mkdir()
    (state / "faust" / "a").touch(mode=0o644)
    (state / "a.sqlite").touch(mode=0o644)
    found = only(doctor("--checkpoints", str(state)))
    subprocess.run(shlex.split(found["cure"].partition(", or")[0]), check=True)
    modes = {each: each.stat().st_mode & 0o777 for each in (state, *state.rglob("*"))}
    assert modes == {
        state: 0o700, state / "faust": 0o700, state / "faust" / "a": 0o600,
        state / "a.sqlite": 0o600,
    }  # fmt: skip
    assert doctor("--checkpoints", str(state), code=0) == []


def test_a_folder_that_its_owner_cant_enter(state: Path) -> None:
    (state / "faust").mkdir()
    (state / "faust").chmod(0o600)
    found = only(doctor("--checkpoints", str(state)))
    assert found == {
        "subject": str(state / "faust"),
        "problem": "its owner can't use it (mode 600)",
        "cure": f"chmod -R u=rwX,go= {state}",
        "grave": True,
    }


def test_files_that_were_set_aside_are_a_note(state: Path) -> None:
    (state / "a.sqlite.damaged-20260301T000000").touch(mode=0o600)
    found = only(doctor("--checkpoints", str(state), code=0))
    assert (found["problem"], found["grave"]) == (
        "1 files were set aside, and nothing reads them", False,
    )  # fmt: skip


# -- what runs -------------------------------------------------------------------------------------


def test_a_worker_that_is_not_ready_says_why_with_each_cure() -> None:
    live = Live(Monitor([tiny_force()]))
    live.health.state = "live"
    live.health.note(("topic",), {"topic:w.calls": "the topic w.calls is missing. Make it again"})
    running = monitor_server.serve(live)
    found = only(doctor("--worker", running.url))
    running.stop()
    assert found == {
        "subject": running.url,
        "problem": "topic: the topic w.calls is missing",
        "cure": "Make it again. See docs/runbooks/WatchroomTopicChanged.md",
        "grave": True,
    }


def test_a_worker_that_does_not_answer() -> None:
    found = only(doctor("--worker", "http://127.0.0.1:1"))
    assert found["problem"].startswith("nothing answers: ")
    assert found["cure"].startswith("Start it, and look at its log")


def test_who_may_not_view_is_told_whose_token_is_needed(tmp_path: Path) -> None:
    room = Room(tmp_path)
    live = Live(Monitor([tiny_force()]))
    live.health.state = "live"
    live.health.note(("topic",), {"topic:w.calls": "the topic w.calls is missing. Make it again"})
    with room.served(made=live) as running:
        untold = only(doctor("--worker", running.url))
        (tmp_path / "screen").write_text(room.screen)
        told = only(doctor("--worker", running.url, "--token-file", str(tmp_path / "screen")))
    assert (untold["problem"], untold["cure"]) == (
        "is not ready: unwell",
        "It says why only to who may view: name a file with a token of that role (--token-file)",
    )
    assert told["problem"] == "topic: the topic w.calls is missing"


def test_a_worker_that_knows_only_its_front_is_asked_through_it() -> None:
    withheld = HttpAnswer(503, b'{"ready":false,"state":"unwell"}')
    (found,) = readiness.of_answers({"http://w:1": withheld}, token=True)
    assert found.cure.endswith("knows only the front: name the front's address")


def test_a_front_that_is_not_ready_says_how_each_worker_does() -> None:
    said = {"ready": False, "workers": {"http://w:1": "no answer", "http://w:2": "behind"}}
    answer = HttpAnswer(503, json.dumps({**said, "reasons": []}).encode())
    (found,) = readiness.of_answers({"http://front:1": answer})
    assert found.problem == "is not ready: http://w:1: no answer, http://w:2: behind"


def test_a_reason_that_a_front_passes_on_is_of_its_worker() -> None:
    reason = {"code": "disk", "problem": "full", "cure": "Make room.", "runbook": "R"}
    said = {"ready": True, "reasons": [{**reason, "worker": "http://w:1"}]}
    (found,) = readiness.of_answers({"http://front:1": HttpAnswer(200, json.dumps(said).encode())})
    assert (found.subject, found.problem) == ("http://w:1", "disk: full")


def test_a_front_beside_its_worker_is_no_second_worker() -> None:
    live = Live(Monitor([tiny_force()]))
    live.health.state = "live"
    worker = monitor_server.serve(live)
    front = serve_front([worker.url])
    wait_until(lambda: ask(front.url, "/readyz").status == 200, 10, "the front is ready")
    found = doctor("--worker", worker.url, "--worker", front.url, code=0)
    front.stop()
    worker.stop()
    assert found == []


def test_a_worker_whose_place_another_has_is_a_duplicate_though_the_group_shows_one() -> None:
    words = "another worker runs from 10.0.0.5 under the same instance id one. Give each one"
    live = Live(Monitor([tiny_force()]))
    live.health.state, live.health.detail = "recovering", "not in the group"
    live.health.note(("instance",), {"instance:one": words})
    running = monitor_server.serve(live)
    reasons = {running.url: readiness.reasons_of(ask(running.url, "/readyz").json())}
    running.stop()
    (found,) = instances.of_thrown_out(reasons)
    assert (found.subject, found.problem, found.cure) == (
        running.url,
        "another worker runs from 10.0.0.5 under the same instance id one",
        "Give each one",
    )


def test_two_workers_that_serve_the_same_force() -> None:
    lives = [Live(Monitor([tiny_force()])) for _ in range(2)]
    for live in lives:
        live.health.state = "live"
    running = [monitor_server.serve(live) for live in lives]
    urls = [each.url for each in running]
    found = only(doctor("--worker", urls[0], "--worker", urls[1]))
    for each in running:
        each.stop()
    assert found["subject"] == "tiny"
    assert found["problem"] == f"2 workers serve it at the same time: {', '.join(urls)}"
    assert found["cure"].startswith("Start them in the same --group")


def test_a_port_that_is_open_to_the_network_without_sign_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live = Live(Monitor([tiny_force()]))
    live.health.state = "live"
    running = monitor_server.serve(live, "0.0.0.0", access=Access(insecure=True))  # noqa: S104
    monkeypatch.setattr(ports, "own_addresses", lambda: iter(["127.0.0.2"]))
    found = only(doctor("--worker", f"http://127.0.0.1:{running.port}"))
    running.stop()
    assert found["subject"] == f"http://127.0.0.2:{running.port}"
    assert found["problem"] == "anybody on the network reads figures and acts on alerts: no sign-in"
    assert found["cure"].startswith("Start it with --sign-in FILE instead of --insecure")


def test_a_port_that_asks_who_it_is_is_not_open() -> None:
    assert list(ports.of_answers({"http://10.0.0.5:8787": HttpAnswer(401)}, {})) == []


def test_a_port_where_anybody_may_look_is_told_as_such_and_not_as_one_where_they_act(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    live = Live(Monitor([tiny_force()]))
    live.health.state = "live"
    file = tmp_path / "sign-in.toml"
    file.write_text('token_file = "tokens.json"\nanyone = "view"\n')
    running = monitor_server.serve(live, "0.0.0.0", access=Access(SignInSettings.read(file)))  # noqa: S104
    monkeypatch.setattr(ports, "own_addresses", lambda: iter(["127.0.0.2"]))
    url = f"http://127.0.0.1:{running.port}"
    (found,) = ports.check(Setup(workers=(url,))).findings
    running.stop()
    assert found.problem == 'anybody on the network reads figures, without names: anyone = "view"'
    assert not found.grave


def test_a_server_whose_clock_is_another() -> None:
    with serving({"/healthz": {}, "/readyz": {"ready": True}}, ahead=3600) as url:
        found = only(doctor("--worker", url))
    assert (found["subject"], found["problem"]) == (
        url, "its clock is 3,600 s ahead of that of this machine",
    )  # fmt: skip
    assert "timedatectl set-ntp true" in found["cure"]


def test_a_clock_that_nothing_keeps_in_step_and_brokers_that_are_ahead() -> None:
    (unsynchronised,) = clock.of_time_service(False)
    assert unsynchronised.problem == "nothing keeps the clock of this machine in step"
    assert list(clock.of_time_service(None)) == []
    (ahead,) = clock.of_log(newest=100_000, now=40_000)
    assert ahead.problem.startswith("the log has a message of 60 s after now")
    assert list(clock.of_log(newest=44_000, now=40_000)) == []


def test_a_prometheus_without_the_rules_that_scrapes_nothing() -> None:
    answers = {
        "/api/v1/status/buildinfo": {"data": {"version": "2.40.1"}},
        "/api/v1/rules": {"data": {"groups": []}},
        "/api/v1/targets?state=active": {"data": {"activeTargets": []}},
    }
    with serving(answers) as url:
        found = doctor("--prometheus", url)
    assert [(each["problem"], each["cure"].split(",")[0]) for each in found] == [
        (
            "Prometheus is of version 2.40.1, and the rules need 2.42",
            "Upgrade it to 2.42 or newer",
        ),
        (
            "Prometheus has none of Watchroom's rules: nobody hears that a worker is down",
            "watchroom rules write",
        ),
        (
            'Prometheus scrapes no worker (job "watchroom")',
            "Name the workers in prometheus.yml",
        ),
    ]


def test_an_alertmanager_that_does_not_answer() -> None:
    found = only(doctor("--alertmanager", "http://127.0.0.1:1"))
    assert found["problem"].startswith("Alertmanager can't be asked: ")
    assert found["cure"] == "Start it, or name its address: --alertmanager http://HOST:PORT"


# -- what packages and brokers say -----------------------------------------------------------------


def test_packages_and_a_python_that_are_too_old_or_missing() -> None:
    needs = [("click", ">=8.2.0"), ("river", ">=0.26.1"), ("faust-streaming", ">=0.15.3,<0.16")]
    held = {"click": "8.1.9", "faust-streaming": "0.16.0"}
    found = list(versions.of_packages(needs, held))
    assert [(each.subject, each.problem) for each in found] == [
        ("click", "is 8.1.9, and Watchroom needs >=8.2.0"),
        ("river", "is not installed"),
        ("faust-streaming", "is 0.16.0, and Watchroom needs >=0.15.3,<0.16"),
    ]
    assert found[0].cure.endswith("-m pip install 'click>=8.2.0'")
    assert [each.subject for each in versions.of_python((3, 9, 2), ">=3.11")] == ["Python"]
    assert [each.subject for each in versions.of_brokers(["2.7.0"])] == ["Kafka"]


def test_brokers_on_other_machines_that_are_spoken_to_in_the_clear() -> None:
    (found,) = transport.of_security(Security(), ("kafka1", "127.0.0.1"))
    assert found.subject == "kafka1"
    assert found.problem == "Kafka is spoken to in the clear (PLAINTEXT) across the network"
    assert "export WATCHROOM_KAFKA_SECURITY_PROTOCOL=SASL_SSL" in found.cure
    plain = Security("SASL_PLAINTEXT", mechanism="PLAIN", username="feed")
    (readable,) = transport.of_security(plain, ("kafka1",))
    assert readable.problem.endswith("(SASL_PLAINTEXT) across the network, with the password")
    assert list(transport.of_security(Security("SSL"), ("kafka1",))) == []
    assert list(transport.of_security(Security(), ("localhost", "127.0.0.1"))) == []


def test_the_cure_of_a_missing_topic_of_alerts_ends_with_the_last_backup() -> None:
    setup = Setup(brokers="kafka1:9092", prefix="w", group="g")
    cures = {
        found.subject: found.cure for found in topic_settings.of_topics(setup, Brokers(("k1",)))
    }
    create = "watchroom topics create --broker kafka1:9092 --prefix w --partitions 24"
    restore = (
        ". Workers that run write into it what they hold. Where none ran all the time, stop them, "
        "and: watchroom restore FILE --broker kafka1:9092 --prefix w --group g, of the last backup"
    )
    assert cures["w.alerts"] == cures["w.published"] == create + restore
    assert cures["w.calls"] == create


def test_a_checkpoint_of_a_topic_that_was_made_again_is_named_and_then_what_was_lost() -> None:
    def head(topic_id: str, *gaps: LogGap) -> log_gaps.StoredHead:
        made = Head(5, "c", "w.calls", topic_id, 0, "", 1, "", "", 0, 17, 0, {}, {})
        return log_gaps.StoredHead(
            Path("/kept/w.calls-0.sqlite"), msgspec.structs.replace(made, gaps=list(gaps))
        )

    state = Brokers(("k",), found={"w.calls": topics.Found("w.calls", "id-2", 1, 1, {})})
    (stale,) = log_gaps.of_heads([head("id-1")], state, 0)
    assert stale.problem == (
        "the topic was made again since the checkpoint /kept/w.calls-0.sqlite was written"
    )
    gap = LogGap(0, 17, 0, 5, 5, made_again=True)
    (lost,) = log_gaps.of_heads([head("id-2", gap)], state, 6)
    assert lost.problem == (
        "the topic was made again: up to 18 messages of the old one are counted no more"
    )


def test_a_topic_with_one_copy_where_there_are_three_brokers() -> None:
    setup = Setup(brokers="kafka1:9092")
    every = {
        each.name: topics.Found(each.name, "id", 24, 1, dict(each.config))
        for each in topics.wanted()
    }
    found = list(topic_settings.of_topics(setup, Brokers(("k1", "k2", "k3"), found=every)))
    assert len(found) == len(every)
    assert found[0].problem == "has 1 copy, and there are 3 brokers"
    assert found[0].cure.endswith(
        "watchroom topics create --broker kafka1:9092 --prefix watchroom --replication-factor 3"
    )
    assert list(topic_settings.of_topics(setup, Brokers(("k1",), found=every))) == []


def test_the_input_topics_of_every_prefix_are_looked_at_with_those_of_the_results() -> None:
    setup = Setup(brokers="k:9092", prefix="room", topic_prefixes=("a=warwickshire", "b"))
    named = [each.subject for each in topic_settings.of_topics(setup, Brokers(("k",)))]
    inputs = [f"{prefix}.{name}" for name in topics.INPUT_TOPICS.values() for prefix in "ab"]
    assert named == [*inputs, "room.deadletter", "room.alerts", "room.published"]


def test_a_missing_topic_is_made_with_the_same_prefixes() -> None:
    setup = Setup(brokers="k:9092", prefix="room", topic_prefixes=("a=warwickshire", "b"))
    cure = (
        "watchroom topics create --broker k:9092 --prefix room --topic-prefix a=warwickshire "
        f"--topic-prefix b --partitions {topics.PARTITIONS}"
    )
    found = topic_settings.of_topics(setup, Brokers(("k",)))
    assert {each.cure.partition(". ")[0] for each in found} == {cure}


def test_two_workers_under_one_id_throw_each_other_out_and_a_restart_is_none() -> None:
    first, second, third = (Member(f"m{n}", "worker-1", f"10.0.0.{n}") for n in range(3))
    found = list(instances.of_members([[first], [second], [third]]))
    assert [each.subject for each in found] == ["worker-1"]
    assert found[0].problem.endswith("throw each other out (10.0.0.0, 10.0.0.1, 10.0.0.2)")
    assert list(instances.of_members([[first], [second], [second]])) == []


def test_a_feed_of_which_every_line_is_refused_is_wrong_and_a_few_lines_are_a_note() -> None:
    letters = [DeadLetter(origin=f"{n}", reason="unknown_line", kind="call") for n in range(5)]
    (alone,) = refused.of_letters(Setup(), letters, {"call": 5})
    assert alone.problem.endswith("refused in the last 15 minutes: unknown_line; nothing else came")
    assert alone.grave
    (some,) = refused.of_letters(Setup(), letters, {"call": 900})
    assert not some.grave
    (many,) = refused.of_letters(Setup(), letters * 20, {"call": 900})
    assert many.grave


@pytest.mark.parametrize(
    ("reason", "advice", "again"),
    [
        ("not_json", " says which. Mend the sender, and have it send them again", False),
        ("unknown_line", " says why. Mend that, start the workers again, then: ", True),
        ("wrong_partition", " says why. Mend the sender, then: ", True),
    ],
)
def test_a_retry_is_advised_only_where_it_can_help(reason: str, advice: str, again: bool) -> None:
    setup = Setup(brokers="k:9092", prefix="p", forces=("mine.toml",))
    options = f"--reason {reason} --broker k:9092 --prefix p"
    retry = f"watchroom deadletter retry {options} --force mine.toml" if again else ""
    assert refused.cure(setup, reason) == f"watchroom deadletter list {options}{advice}{retry}"


def test_a_worker_that_is_not_there_and_one_that_is_behind() -> None:
    brokers = Brokers(ends={("w.calls", 0): 5000}, committed={("w.calls", 0): 10})
    nobody, behind = lag.of_lag(Setup(brokers="k:9092", group="g"), brokers)
    assert nobody.cure == (
        "watchroom worker --broker k:9092 --prefix watchroom --group g --checkpoints FOLDER, with "
        "each --force that it had: with other forces it sets its checkpoints aside and reads the "
        "log again"
    )
    assert behind.problem == "4,990 messages are not counted, 4,990 of them here"


def test_the_command_for_a_worker_that_is_not_there_has_the_options_that_were_given() -> None:
    setup = Setup(
        brokers="k:9092",
        prefix="trial",
        topic_prefixes=("west",),
        group="g",
        forces=("warwickshire", "my force.toml"),
        checkpoints=(Path("ck/1"), Path("ck/2")),
    )
    start = (
        "watchroom worker --broker k:9092 --prefix trial --topic-prefix west --force warwickshire "
        "--force 'my force.toml' --group g --checkpoints"
    )
    assert lag.worker_command(setup) == f"{start} ck/1 and {start} ck/2"


def test_the_table_names_problem_and_cure(state: Path) -> None:
    state.chmod(0o755)
    result = CliRunner().invoke(main, ["doctor", "--no-kafka", "--checkpoints", str(state)])
    assert result.exit_code == 1
    assert (
        "permissions                  WRONG      1 folders, 0 files\n"
        f"    {state}: others may enter the folder (mode 755)\n"
        f"      -> chmod -R u=rwX,go= {state}\n"
    ) in result.output
    assert "\n1 wrong; " in result.output
