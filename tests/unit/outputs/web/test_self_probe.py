"""A web server that asks itself whether it answers."""

from __future__ import annotations

import socket
import time

from streams.board.monitor import Monitor
from streams.live import Health, Live
from streams.outputs import monitor_server
from streams.outputs.web.self_probe import SelfProbe
from tests.build import tiny_force
from tests.servers.process import wait_until

EVERY, PATIENCE = 0.02, 0.3


def test_a_server_that_answers_is_no_trouble() -> None:
    live = Live(Monitor([tiny_force()]))
    running = monitor_server.serve(live)
    probe = SelfProbe(live.health, "127.0.0.1", running.port, EVERY, PATIENCE)
    requests = running._server.server_state
    wait_until(lambda: requests.total_requests >= 4, 10, "it has been asked")
    probe.stop()
    running.stop()
    assert (live.health.troubles, live.health.web_failures) == ({}, 0)


def test_a_server_whose_loop_is_stuck_is_a_trouble_until_it_answers_again() -> None:
    live = Live(Monitor([tiny_force()]))
    live.health.state = "live"
    running = monitor_server.serve(live)
    wait_until(lambda: bool(getattr(running._server, "servers", ())), 5, "it serves")
    loop = running._server.servers[0].get_loop()
    probe = SelfProbe(live.health, "127.0.0.1", running.port, EVERY, PATIENCE)
    loop.call_soon_threadsafe(time.sleep, 2.0)
    wait_until(lambda: "web" in live.health.troubles, 5, "it is noted")
    assert [each.code for each in live.health.reasons] == ["web"]
    assert live.health.shown[1].startswith(
        f"the web server at port {running.port} does not answer (timed out). Look for"
    )
    wait_until(lambda: live.health.ready, 10, "it is over")
    assert live.health.web_failures >= 3
    probe.stop()
    running.stop()


def test_a_port_whose_queue_of_connections_is_full_is_a_trouble() -> None:
    health = Health()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)  # nobody takes them: the second waits for ever
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        probe = SelfProbe(health, "127.0.0.1", listener.getsockname()[1], EVERY, PATIENCE)
        wait_until(lambda: "web" in health.troubles, 5, "it is noted")
        probe.stop()
        for each in waiting:
            each.close()
