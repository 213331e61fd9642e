"""A web server that asks itself, from a thread of its own, whether it still answers.

A process may live and count while its port is deaf: its event loop is stuck, or the queue of
connections that nobody has taken is full. Nothing that is served can say so. So it is noted as a
trouble of the process, which its log and its alerts tell, and `watchroom_web_failures_total` says
afterwards how often it was so.
"""

from __future__ import annotations

import http.client
import logging
import ssl
import threading

from streams.live import Health

log = logging.getLogger("watchroom.web")

EVERY = 5.0
"""Seconds between two questions."""
PATIENCE = 3.0
"""Seconds for which an answer is waited for."""
OFTEN = 3
"""Times without an answer, one after the other, that are no accident."""
CODE = "web"


class SelfProbe:
    """Asks a port of this machine for `/healthz`, for ever."""

    def __init__(
        self,
        health: Health,
        host: str,
        port: int,
        every: float = EVERY,
        patience: float = PATIENCE,
        *,
        tls: bool = False,
    ) -> None:
        self._health, self._host, self._port, self._tls = health, host, port, tls
        self._every, self._patience = every, patience
        self._failed = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="watchroom-probe", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Asks no more."""
        self._ended.set()

    def _ask(self) -> None:
        while not self._ended.wait(self._every):
            why = self._why_deaf()
            if self._ended.is_set():
                return
            self._failed = self._failed + 1 if why else 0
            self._health.web_failures += bool(why)
            if self._failed == OFTEN:
                log.error("the web server at port %d does not answer (%s)", self._port, why)
            self._health.note((CODE,), {CODE: self._words(why)} if self._failed >= OFTEN else {})

    def _words(self, why: str) -> str:
        return (
            f"the web server at port {self._port} does not answer ({why}). Look for who opens so "
            "many connections, and start the process again. Counting goes on"
        )

    def _why_deaf(self) -> str:
        """Why there is no answer; empty where there is one."""
        connection = self._connection()
        try:
            connection.request("GET", "/healthz", headers={"connection": "close"})
            connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            return str(error) or type(error).__name__
        finally:
            connection.close()
        return ""

    def _connection(self) -> http.client.HTTPConnection:
        if not self._tls:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._patience)
        # The certificate is of another name than this address: it is not what is asked about.
        unchecked = ssl._create_unverified_context()  # noqa: S323
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=self._patience, context=unchecked
        )
