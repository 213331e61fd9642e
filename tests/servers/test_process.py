"""The server processes themselves, tried on a few lines of Python: no real server is needed."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.servers import cache
from tests.servers.process import Server, ServerError, free_port, port_is_open, wait_until

LISTEN = """
import socket, sys, time
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True:
        server.accept()[0].close()
"""
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True)\n"
STUBBORN += "while True: time.sleep(1)"


def is_alive(pid: int) -> bool:
    """Tell whether a process lives; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def listener(folder: Path, port: int) -> Server:
    command = [sys.executable, "-c", LISTEN, str(port)]
    return Server("listener", command, folder / "log")


def test_a_server_is_ready_when_start_returns_and_gone_when_stop_returns(tmp_path: Path) -> None:
    port = free_port()
    server = listener(tmp_path, port)
    server.start(lambda: port_is_open(port), seconds=20)
    pid = server.pid
    assert os.getpgid(pid) == pid, "it leads a process group of its own"
    server.stop()
    assert not is_alive(pid)
    assert not port_is_open(port)


def test_a_server_starts_again_on_the_same_port(tmp_path: Path) -> None:
    port = free_port()
    server = listener(tmp_path, port)
    for _ in range(2):
        server.start(lambda: port_is_open(port), seconds=20)
        server.kill()
        assert not port_is_open(port)


def test_a_server_that_fails_tells_the_end_of_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('the disk is full')"]
    server = Server("broken", command, tmp_path / "log")
    with pytest.raises(ServerError, match=r"(?s)ended with code 1.*the disk is full"):
        server.start(lambda: False, seconds=20)


def test_a_server_that_is_never_ready_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.servers.process.PATIENCE", 1)
    command = [sys.executable, "-c", "print('thinking', flush=True); import time; time.sleep(60)"]
    server = Server("slow", command, tmp_path / "log")
    with pytest.raises(ServerError, match=r"after 1 seconds still not: slow is ready"):
        server.start(lambda: False, seconds=1)
    assert not server.running


def test_a_server_that_ignores_the_request_to_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.servers.process.STOP_SECONDS", 0.3)
    log = tmp_path / "log"
    server = Server("stubborn", [sys.executable, "-c", STUBBORN], log)
    server.start(lambda: "up" in log.read_text(), seconds=20)
    pid = server.pid
    server.stop()
    assert not is_alive(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_server_dies_when_the_test_process_is_killed(tmp_path: Path) -> None:
    port = free_port()
    code = f"""
import sys, time
from pathlib import Path
from tests.servers.process import port_is_open
from tests.servers.test_process import listener
server = listener(Path({str(tmp_path)!r}), {port})
server.start(lambda: port_is_open({port}), seconds=20)
print(server.pid, flush=True)
time.sleep(60)
"""
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE) as tester:
        assert tester.stdout is not None
        pid = int(tester.stdout.readline())
        assert is_alive(pid)
        tester.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_alive(pid), 10, "the server has died with its tester")


def test_the_cache_is_filled_once_and_only_when_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    fills: list[Path] = []

    def broken(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("connection lost")

    def good(folder: Path) -> None:
        fills.append(folder)
        (folder / "whole").touch()

    with pytest.raises(OSError, match="connection lost"):
        cache.fill_once("thing", broken)
    assert not (tmp_path / "watchroom" / "thing").exists()
    runs = [threading.Thread(target=cache.fill_once, args=("thing", good)) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(fills) == 1
    assert (tmp_path / "watchroom" / "thing" / "whole").exists()
    left = sorted(path.name for path in (tmp_path / "watchroom").iterdir())
    assert left == ["thing", "thing.lock"]
