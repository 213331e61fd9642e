"""A server process: started guarded, waited for until ready, ended by its own process id."""

import atexit
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

GUARD = Path(__file__).with_name("guard.py")
STOP_SECONDS = 20.0
POLL_SECONDS = 0.05
PATIENCE = 4
"""How many times as long as on a quiet machine a test waits before it gives up. A machine that does
other things meanwhile is no fault, and waiting longer costs nothing where the condition holds."""


class MissingError(Exception):
    """A server can't be had on this machine: what is missing, and how to get it."""

    def __init__(self, what: str, cure: str) -> None:
        """Keep both parts, since they are shown together on one line."""
        super().__init__(f"{what} is missing. {cure}")
        self.what = what
        self.cure = cure


class ServerError(Exception):
    """A server that is installed did not start, or ended; carries the tail of its log."""


def free_port() -> int:
    """Return a loopback port that nothing uses.

    It lies below the range from which the system serves outgoing connections, so that it is still
    free when a server is stopped and started again on it.
    """
    for _ in range(200):
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerError("no free port between 20000 and 32000 on 127.0.0.1")


def port_is_open(port: int) -> bool:
    """Tell whether something accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def http_ok(url: str) -> bool:
    """Tell whether this address answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=2.0) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll until the condition holds; TimeoutError that names it where it never does.

    `seconds` is how long it may take on a quiet machine: `PATIENCE` times as long is waited.
    """
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:g} seconds still not: {what}")
        time.sleep(POLL_SECONDS)


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


class Server:
    """One server process, at most; it may be started and stopped again and again."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        death_signal: int = signal.SIGKILL,
    ) -> None:
        """Remember how to start it; nothing runs yet. `environment` is added to that of here."""
        self.name = name
        self.command = list(command)
        self.log = log
        self._cwd = cwd
        self._environment = dict(environment or {})
        self._death_signal = int(death_signal)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; it is that of the process group too."""
        if self._process is None:
            raise ServerError(f"{self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Start the process and wait until it is ready; raise ServerError when it is not."""
        if self.running:
            return
        guard = [sys.executable, "-I", "-S", str(GUARD), str(os.getpid()), str(self._death_signal)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*guard, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._cwd,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )
        atexit.register(self.stop)
        try:
            wait_until(lambda: not self.running or ready(), seconds, f"{self.name} is ready")
        except TimeoutError as late:
            self.stop()
            raise ServerError(f"{late}\n{self.log_tail()}") from None
        except BaseException:
            self.stop()
            raise
        if not self.running:
            code = self._process.returncode
            self.stop()
            raise ServerError(f"{self.name} ended with code {code}\n{self.log_tail()}")

    def stop(self) -> None:
        """Ask the process to end, insist when it does not, and wait until it is gone."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process as a power cut would."""
        self._end(signal.SIGKILL)

    def log_tail(self, lines: int = 30) -> str:
        """Return the last lines of its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return f"--- last lines of {self.log}\n" + "\n".join(text.splitlines()[-lines:])

    def _end(self, first: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        atexit.unregister(self.stop)
        if process.poll() is not None:
            return
        self._signal_group(process, first)
        with suppress(TimeoutError):  # then the next signal ends it
            wait_until(lambda: _has_ended(process.pid), STOP_SECONDS, f"{self.name} has ended")
        # Its own children, such as a browser's, may outlive it. The process is not reaped yet, so
        # the group's number can't have passed to anyone else.
        self._signal_group(process, signal.SIGKILL)
        process.wait(STOP_SECONDS)

    @staticmethod
    def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            return
