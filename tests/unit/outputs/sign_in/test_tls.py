"""TLS by certificate files, which are renewed while the server runs."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import trustme

from streams.errors import ConfigError
from streams.outputs.monitor_server import serve
from streams.outputs.sign_in import tls
from streams.outputs.sign_in.access import Access
from streams.outputs.sign_in.tls import Tls
from streams.outputs.web import connections
from streams.outputs.web.running import Running
from tests.servers.process import wait_until
from tests.signing_in import OWN, Room, live


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def issued(authority: trustme.CA, folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 and its key, as files."""
    made = authority.issue_cert("127.0.0.1")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))
    key.write_bytes(made.private_key_pem.bytes())
    return certificate, key


def trusting(authority: trustme.CA, **more: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    for name, value in more.items():
        setattr(context, name, value)
    return context


@pytest.fixture
def running(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    monkeypatch.setattr("streams.outputs.web.running.LOOKED_EVERY", 0.05)
    pair = Tls(*issued(authority, tmp_path))
    made = serve(live(), access=Access(Room(tmp_path).settings(), tls=pair))
    yield made
    made.stop()


def serial(running: Running, authority: trustme.CA) -> object:
    """The number of the certificate that is shown now."""
    address = ("127.0.0.1", running.port)
    with (
        socket.create_connection(address, 10) as plain,
        trusting(authority).wrap_socket(plain, server_hostname="127.0.0.1") as shown,
    ):
        found = shown.getpeercert()
        assert found is not None
        return found["serialNumber"]


def test_over_tls_a_browser_is_held_to_it_and_the_cookie_goes_over_tls_alone(
    running: Running, authority: trustme.CA, tmp_path: Path
) -> None:
    token = (tmp_path / "inspector").read_text()
    assert running.url == f"https://127.0.0.1:{running.port}"
    trust = trusting(authority)
    with httpx2.Client(base_url=running.url, trust_env=False, verify=trust) as asked:
        answer = asked.post("/sign-in", data={"token": token}, headers=OWN)
        assert asked.get("/board.json").status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert answer.headers["set-cookie"].startswith("__Host-watchroom=")
    assert "; Secure" in answer.headers["set-cookie"]


def test_who_makes_no_handshake_is_sent_away_as_soon_as_who_asks_nothing(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "ASKS_WITHIN", 0.3)
    made = serve(live(), access=Access(insecure=True, tls=Tls(*issued(authority, tmp_path))))
    try:
        with socket.create_connection(("127.0.0.1", made.port), 10) as silent:
            assert silent.recv(1) == b""
    finally:
        made.stop()


def test_tls_before_1_2_is_refused(running: Running, authority: trustme.CA) -> None:
    context = trusting(authority)
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", running.port), 10) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_renewed_certificate_is_taken_up_and_one_that_will_not_do_is_not(
    running: Running, authority: trustme.CA, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = serial(running, authority)
    (tmp_path / "certificate.pem").write_text("no certificate")
    wait_until(lambda: "the certificate stays as it was" in caplog.text, 10, "it is told")
    assert serial(running, authority) == first
    issued(authority, tmp_path)
    wait_until(lambda: serial(running, authority) != first, 10, "the renewed one is shown")


def test_files_that_are_no_certificate_with_its_key_are_said(
    authority: trustme.CA, tmp_path: Path
) -> None:
    certificate, key = issued(authority, tmp_path)
    (tmp_path / "other").mkdir()
    other, _ = issued(authority, tmp_path / "other")
    with pytest.raises(ConfigError, match="this is no certificate with its key: key values mism"):
        Tls(other, key)
    with pytest.raises(ConfigError, match="can't be read: No such file"):
        Tls(certificate, tmp_path / "none.pem")
    assert tls.LOOKED_EVERY == 60
