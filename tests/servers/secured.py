"""A real broker that lets in only whom it knows, made from deploy/kafka, and how to be known to it.

Certificates come from an authority of its own (trustme), tokens from an endpoint of its own, which
signs them with RS256: the broker checks signature, issuer, audience and life with the validator
that Kafka ships, by the endpoint's public keys.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import trustme
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from streams.kafka.security import SCRAM, every_name, variable
from tests.servers.kafka import DEPLOY, Found, Kafka
from tests.servers.process import free_port

ISSUER, AUDIENCE = "https://login.force.example", "watchroom-kafka"
ADMIN = "admin"
KEY_PASSWORD = "open sesame"  # noqa: S105 - of keys that are made for a test
PLAIN_USER = "cad"
"""The user of SASL PLAIN, whose name stands in the broker's own file."""


class Certificates:
    """An authority, and the certificates that it gives out, as PEM files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._authority = trustme.CA()
        self.authority = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.authority))

    def issue(self, name: str, *hosts: str, password: str = "") -> tuple[Path, Path]:
        """A certificate with a common name, and its key (PKCS #8, with a password if any)."""
        made = self._authority.issue_cert(*(hosts or ("localhost",)), common_name=name)
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))
        held = serialization.load_pem_private_key(made.private_key_pem.bytes(), None)
        form = (
            serialization.BestAvailableEncryption(password.encode())
            if password
            else serialization.NoEncryption()
        )
        pkcs8 = serialization.PrivateFormat.PKCS8
        key.write_bytes(held.private_bytes(serialization.Encoding.PEM, pkcs8, form))
        return certificate, key

    def server_context(self, certificate: Path, key: Path) -> ssl.SSLContext:
        """For a server with one of them."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


class TokenServer:
    """An OAuth 2.0 token endpoint on loopback, with TLS, for the client credentials grant."""

    def __init__(self, certificates: Certificates, clients: Mapping[str, str]) -> None:
        self.clients = dict(clients)
        """Secrets by the ids of clients, which are the subjects of their tokens."""
        self.seconds = 3600.0
        """How long a token is good for."""
        self.claims: dict[str, object] = {}
        """What tokens say otherwise."""
        self.forged = False
        """Whether tokens have a signature that is none."""
        self.asked: list[str] = []
        """The clients that tokens were given to, in their order."""
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.keys = certificates.folder / "jwks.json"
        self.keys.write_text(json.dumps({"keys": [self._public()]}))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = certificates.server_context(*certificates.issue("tokens"))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://localhost:{self._server.server_port}/token"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def token(self, subject: str, **claims: object) -> str:
        """A signed token."""
        now = int(time.time())
        said = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now}
        said |= {"exp": now + int(self.seconds), **claims}
        head = {"alg": "RS256", "typ": "JWT", "kid": "1"}
        text = f"{_b64(json.dumps(head).encode())}.{_b64(json.dumps(said).encode())}"
        signed = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        if self.forged:
            signed = bytes(len(signed))
        return f"{text}.{_b64(signed)}"

    def _public(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        n, e = (
            _b64(value.to_bytes((value.bit_length() + 7) // 8)) for value in (numbers.n, numbers.e)
        )
        return {"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "n": n, "e": e}

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - the handler has its own self
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                known = self.headers.get("Authorization", "").removeprefix("Basic ")
                held = base64.b64decode(known).decode().partition(":")
                client, secret = unquote_plus(held[0]), unquote_plus(held[2])
                if not secret or server.clients.get(client) != secret:
                    self._answer(401, {"error": "invalid_client"})
                    return
                server.asked.append(client)
                token = server.token(client, **server.claims)
                self._answer(200, {"access_token": token, "expires_in": server.seconds})

            def _answer(self, status: int, body: Mapping[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class SecuredKafka:
    """One broker with a listener for certificates, one for names and tokens, and one for TLS alone.

    `bootstrap` holds the address of each by its name: MTLS, SASL, TLS.
    """

    def __init__(self, found: Found, folder: Path, users: Mapping[str, str]) -> None:
        """`users` are the mechanisms (of SCRAM) of users that it knows from the start, by name."""
        self.folder = folder
        self.certificates = Certificates(folder)
        self.passwords: dict[str, str] = {}
        self.tokens = TokenServer(self.certificates, {"ids": self.password("ids")})
        certificate, key = self.certificates.issue("broker")
        pem = folder / "broker-with-key.pem"
        pem.write_bytes(key.read_bytes() + certificate.read_bytes())
        ports = {name: free_port() for name in ("internal", "mtls", "sasl", "tls")}
        self.bootstrap = {
            name.upper(): f"localhost:{port}" for name, port in ports.items() if name != "internal"
        }
        jwks = self.tokens.keys.as_uri()
        self.kafka = Kafka(
            found,
            self._properties(),
            values={
                "host": "localhost",
                **{f"{name}_port": port for name, port in ports.items()},
                "broker_pem": pem,
                "authorities_pem": self.certificates.authority,
                "broker_name": "broker",
                "plain_user": PLAIN_USER,
                "plain_password": self.password(PLAIN_USER),
                "jwks_url": jwks,
                "issuer": ISSUER,
                "audience": AUDIENCE,
            },
            jvm=[f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={jwks}"],
            scram=[
                f"{mechanism}=[name={name},password={self.password(name)}]"
                for name, mechanism in {ADMIN: SCRAM[1], **users}.items()
            ],
        )
        self.kafka.waited_for = ports["sasl"]

    @staticmethod
    def _properties() -> str:
        """The shipped template, with a listener for TLS alone; tokens must be shown anew soon."""
        text = (DEPLOY / "secured.properties.template").read_text()
        for name in ("listeners=", "advertised.listeners="):
            text = text.replace(
                f"\n{name}INTERNAL", f"\n{name}TLS://localhost:${{tls_port}},INTERNAL"
            )
        text = text.replace("MTLS:SSL,", "MTLS:SSL,TLS:SSL,")
        return (
            f"{text}\nlistener.name.tls.ssl.client.auth=none\n"
            "listener.name.sasl.oauthbearer.connections.max.reauth.ms=10000\n"
        )

    def password(self, name: str) -> str:
        """The password of a user, made up at the first asking."""
        return self.passwords.setdefault(name, secrets.token_urlsafe(12))

    def scram(self, name: str, mechanism: str = "SCRAM-SHA-512") -> dict[str, str]:
        """The settings of a user, as the environment of a process; the password is in a file."""
        file = self.folder / f"{name}.password"
        file.write_text(f"{self.password(name)}\n")
        return self._sasl(mechanism, USERNAME=name, PASSWORD_FILE=str(file))

    def plain(self) -> dict[str, str]:
        """The settings of the user of PLAIN."""
        return self._sasl("PLAIN", USERNAME=PLAIN_USER, PASSWORD=self.password(PLAIN_USER))

    def oauth(self, client: str) -> dict[str, str]:
        """The settings of a client of the token endpoint."""
        return self._sasl("OAUTHBEARER") | {
            "WATCHROOM_KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": self.tokens.url,
            "WATCHROOM_KAFKA_SASL_OAUTHBEARER_CLIENT_ID": client,
            "WATCHROOM_KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET": self.tokens.clients[client],
            "WATCHROOM_KAFKA_HTTPS_CA_LOCATION": str(self.certificates.authority),
        }

    def mtls(self, name: str) -> dict[str, str]:
        """The settings of a holder of a certificate."""
        certificate, key = self.certificates.issue(name, password=KEY_PASSWORD)
        return self._settings("MTLS") | {
            "WATCHROOM_KAFKA_SSL_CERTIFICATE_LOCATION": str(certificate),
            "WATCHROOM_KAFKA_SSL_KEY_LOCATION": str(key),
            "WATCHROOM_KAFKA_SSL_KEY_PASSWORD": KEY_PASSWORD,
        }

    def tls(self) -> dict[str, str]:
        """The settings of somebody whom the broker does not know."""
        return self._settings("TLS")

    def _sasl(self, mechanism: str, **more: str) -> dict[str, str]:
        return self._settings("SASL") | {
            "WATCHROOM_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "WATCHROOM_KAFKA_SASL_MECHANISM": mechanism,
            **{f"WATCHROOM_KAFKA_SASL_{name}": value for name, value in more.items()},
        }

    def _settings(self, listener: str) -> dict[str, str]:
        """All settings, so that they take the place of others: those for TLS, and blanks."""
        return {
            **{variable(name): "" for name in every_name()},
            "WATCHROOM_BOOTSTRAP": self.bootstrap[listener],
            "WATCHROOM_KAFKA_SECURITY_PROTOCOL": "SSL",
            "WATCHROOM_KAFKA_SSL_CA_LOCATION": str(self.certificates.authority),
        }

    def tools(self) -> dict[str, str]:
        """What deploy/kafka/access.sh needs: Kafka's tools from the jars, and who grants."""
        bin_ = self.folder / "bin"
        bin_.mkdir(exist_ok=True)
        for name, main in (
            ("kafka-acls.sh", "org.apache.kafka.tools.AclCommand"),
            ("kafka-configs.sh", "kafka.admin.ConfigCommand"),
        ):
            tool = bin_ / name
            java = "java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx128m -Dlog4j2.level=ERROR"
            tool.write_text(
                f'#!/bin/sh\nexec {java} -cp "{self.kafka.found.home}/libs/*" {main} "$@"\n'
            )
            tool.chmod(0o755)
        config = self.folder / "admin.properties"
        config.write_text(
            "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n"
            "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required "
            f'username="{ADMIN}" password="{self.password(ADMIN)}";\n'
            f"ssl.truststore.type=PEM\nssl.truststore.location={self.certificates.authority}\n"
        )
        return {"KAFKA_BIN": str(bin_), "WATCHROOM_BOOTSTRAP": self.bootstrap["SASL"]}

    def grant(self, *arguments: str, password: str = "") -> None:
        """Runs deploy/kafka/access.sh."""
        config = ("--config", str(self.folder / "admin.properties"))
        subprocess.run(
            [str(DEPLOY / "access.sh"), "--apply", *config, *arguments],
            env={**os.environ, **self.tools()},
            input=password,
            text=True,
            capture_output=True,
            check=True,
        )

    def start(self) -> None:
        self.kafka.start()

    def close(self) -> None:
        self.tokens.close()
        self.kafka.close()


@contextmanager
def secured(found: Found, folder: Path, users: Mapping[str, str]) -> Iterator[SecuredKafka]:
    """The broker, for a block; it knows these users from the start."""
    made = SecuredKafka(found, folder, users)
    try:
        made.start()
        yield made
    finally:
        made.close()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
