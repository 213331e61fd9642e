"""TLS by certificate files: 1.2 and newer, and a certificate that is renewed is taken up."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from streams.errors import ConfigError

log = logging.getLogger("watchroom.web")

LOOKED_EVERY = 60
"""Seconds between two looks at the files."""
HSTS = ("strict-transport-security", "max-age=31536000")
"""A browser that has been here asks over TLS alone for a year. Source: RFC 6797."""


class Tls:
    """The certificate and the key of a server; raises `ConfigError` for files that will not do."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.certificate, self.key = certificate, key
        self.context = self._context()
        self._mark = self._marks()

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load(context)
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        try:
            context.load_cert_chain(self.certificate, self.key, password=_none)
        except ssl.SSLError as error:
            why = (error.reason or str(error)).replace("_", " ").lower()
            raise ConfigError(
                f"this is no certificate with its key: {why}",
                file=self.certificate,
                cure=f"Name both as PEM files; the key, {self.key}, without a password",
            ) from None
        except OSError as error:
            named = f"{self.certificate} or {self.key}"
            raise ConfigError(f"{named} can't be read: {error.strerror}") from None
        except _NeedsPassword:
            raise ConfigError("the key has a password", file=self.key) from None

    def _marks(self) -> tuple[int, ...]:
        found = [each.stat() for each in (self.certificate, self.key)]
        return tuple(mark for each in found for mark in (each.st_mtime_ns, each.st_ino))

    def renew(self) -> None:
        """Takes up files that have changed, for connections that are made from now on. Those that
        will not do leave the certificate as it is, and are told in the log."""
        try:
            marks = self._marks()
            if marks == self._mark:
                return
            self._mark = marks
            self._context()  # a pair that does not fit must not touch the one in use
            self._load(self.context)
            log.info("the certificate %s was taken up anew", self.certificate)
        except (ConfigError, OSError) as error:
            log.warning("the certificate stays as it was: %s", error)


class _NeedsPassword(Exception):
    pass


def _none() -> str:
    raise _NeedsPassword
