"""How this process reaches secured brokers: one set of settings, which every client is made from.

Names are those of librdkafka (and of Kafka, where both have one): `security.protocol`,
`ssl.ca.location`, `sasl.mechanism` ... Each may stand in the environment, as
`WATCHROOM_KAFKA_SECURITY_PROTOCOL`, or in a properties file that `WATCHROOM_KAFKA_CONFIG` names;
the environment wins. A secret may stand in a file of its own: `WATCHROOM_KAFKA_SASL_PASSWORD_FILE`,
or `sasl.password.file`. Without any of them clients speak in the clear (PLAINTEXT), as Kafka's own
do.

`current()` reads and checks them; `Security.for_kafka_python` and `Security.for_aiokafka` are what
a client of that library is made with. Secrets are in no `repr`, no error and no log.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from streams.errors import ConfigError
from streams.kafka.oauth import AiokafkaTokens, KafkaPythonTokens, TokenEndpoint, is_here

ENVIRONMENT = "WATCHROOM_KAFKA_"
CONFIG = "WATCHROOM_KAFKA_CONFIG"
OTHERS = frozenset({CONFIG, "WATCHROOM_KAFKA_HOME"})
"""Variables that begin so and are no settings of a connection; the second is of the tests."""
OF_A_FILE = ".file"

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")
MECHANISMS = ("PLAIN", *SCRAM, "OAUTHBEARER")

SECRETS = frozenset({"ssl.key.password", "sasl.password", "sasl.oauthbearer.client.secret"})
OAUTH = "sasl.oauthbearer."
NAMES = (
    "security.protocol",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
    "sasl.mechanism",
    "sasl.username",
    "sasl.password",
    f"{OAUTH}method",
    f"{OAUTH}token.endpoint.url",
    f"{OAUTH}client.id",
    f"{OAUTH}client.secret",
    f"{OAUTH}scope",
    f"{OAUTH}extensions",
    "https.ca.location",
)
ALIASES = {
    "sasl.mechanisms": "sasl.mechanism",
    f"{OAUTH}client.credentials.client.id": f"{OAUTH}client.id",
    f"{OAUTH}client.credentials.client.secret": f"{OAUTH}client.secret",
}
"""Other names of the same, of librdkafka and of Kafka 4.1."""
_CHECKED = "Leave it out: certificates and host names of brokers are always checked"
_STORE = (
    "Stores of Java are not read. Write it as PEM (openssl pkcs12 -in STORE -out client.pem), and "
    "name that in "
)
ELSEWHERE = {
    "bootstrap.servers": "Leave it out, and name the brokers by --broker or WATCHROOM_BOOTSTRAP",
    "sasl.jaas.config": "Give sasl.username and sasl.password instead",
    "ssl.truststore.location": f"{_STORE}ssl.ca.location",
    "ssl.keystore.location": f"{_STORE}ssl.certificate.location and ssl.key.location",
    "ssl.endpoint.identification.algorithm": _CHECKED,
    "enable.ssl.certificate.verification": _CHECKED,
}
"""Names that other clients know and this one does not take, each with what to do."""


class Given(NamedTuple):
    """A setting as it was given."""

    value: str
    field: str
    """What the user calls it: the variable, or the name in the file."""
    file: Path | None = None
    line: int | None = None

    def wrong(self, problem: str, cure: str) -> ConfigError:
        """The error for this setting. `problem` must hold no secret."""
        return ConfigError(problem, file=self.file, line=self.line, field=self.field, cure=cure)


@dataclass(frozen=True)
class Security:
    """How brokers are spoken to: in the clear by default."""

    protocol: str = "PLAINTEXT"
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    key_password: str | None = field(default=None, repr=False)
    mechanism: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    endpoint: TokenEndpoint | None = None

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.protocol in ("SSL", "SASL_SSL")

    @property
    def uses_sasl(self) -> bool:
        """Whether the brokers are told who this is by name and password, or a token."""
        return self.protocol.startswith("SASL_")

    @property
    def in_words(self) -> str:
        """`SASL_SSL, SCRAM-SHA-512, as feed-1`; holds no secret."""
        name = self.username or (self.endpoint and self.endpoint.client_id) or self.certificate
        parts = (self.protocol, self.mechanism, f"as {name}" if name else None)
        return ", ".join(filter(None, parts))

    @property
    def principal(self) -> str:
        """What rights are granted to; where it is not known here, a name to be put in."""
        if self.mechanism in ("PLAIN", *SCRAM):
            return f"User:{self.username}"
        if self.endpoint is not None:
            return "User:NAME, the subject of its token"
        if self.certificate is not None:
            return "User:NAME, the subject of its certificate"
        return "User:ANONYMOUS"

    @property
    def readable_secret(self) -> bool:
        """Whether a password or token travels so that whoever listens on the way can read it."""
        return self.protocol == "SASL_PLAINTEXT" and self.mechanism not in SCRAM

    def context(self) -> ssl.SSLContext | None:
        """For TLS 1.2 and newer, which checks the certificate and the host name of every broker;
        None without TLS. Reads the files anew. Raises `ConfigError`."""
        if not self.uses_tls:
            return None
        made = trusting(self.ca, "ssl.ca.location")
        if self.certificate is not None:
            _load_own(made, self.certificate, self.key, self.key_password)
        return made

    def for_kafka_python(self) -> dict[str, Any]:
        """What a client of kafka-python is made with. Raises `ConfigError`."""
        return self._for_client(KafkaPythonTokens)

    def for_aiokafka(self) -> dict[str, Any]:
        """What a client of aiokafka is made with. Raises `ConfigError`."""
        return self._for_client(AiokafkaTokens)

    def _for_client(self, tokens: type[Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"security_protocol": self.protocol}
        if self.uses_tls:
            found["ssl_context"] = self.context()
        if self.uses_sasl:
            found["sasl_mechanism"] = self.mechanism
            if self.endpoint is not None:
                found["sasl_oauth_token_provider"] = tokens(self.endpoint)
            else:
                found["sasl_plain_username"] = self.username
                found["sasl_plain_password"] = self.password
        return found


def current() -> Security:
    """The settings of this process, as its environment has them now; raises `ConfigError`."""
    return security_of(os.environ)


def security_of(environment: Mapping[str, str]) -> Security:
    """The settings in an environment and in the file that it names; raises `ConfigError`."""
    given: dict[str, Given] = {}
    if path := environment.get(CONFIG):
        given |= _named(_in_file(Path(path)))
    given |= _named(_in_environment(environment))
    return _Checked(given).security()


def variable(name: str) -> str:
    """The variable of a setting.

    >>> variable("ssl.ca.location")
    'WATCHROOM_KAFKA_SSL_CA_LOCATION'
    """
    return ENVIRONMENT + name.upper().replace(".", "_")


def in_place(name: str) -> str:
    """A setting and its variable, for a message."""
    return f"{name} ({variable(name)})"


# -- reading ---------------------------------------------------------------------------------------


def _in_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Given]]:
    known = {variable(name): name for name in every_name()}
    for key, value in sorted(environment.items()):
        if key.startswith(ENVIRONMENT) and key not in OTHERS and value:
            name = known.get(key)
            if name is None:
                near = get_close_matches(key, [*known, CONFIG], n=2)
                raise Given("", key).wrong("is no setting of Kafka's clients", _instead(near))
            yield name, Given(value, key)


def _in_file(path: Path) -> Iterator[tuple[str, Given]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise Given("", CONFIG).wrong(
            f"{path} can't be read ({why})",
            "Name a properties file: lines such as ssl.ca.location=/etc/ca.pem",
        ) from None
    seen: dict[str, int] = {}
    for number, text in enumerate(lines, start=1):
        line = text.strip()
        if not line or line[0] in "#!":
            continue
        name, equals, value = map(str.strip, line.partition("="))
        given = Given(value, name if equals else "", path, number)
        if not equals:
            raise given.wrong("the line is no name=value", "Write one setting a line")
        if name not in every_name():
            near = get_close_matches(name, list(every_name()), n=2)
            cure = ELSEWHERE.get(name) or _instead(near)
            raise given.wrong("is no setting that Watchroom takes", cure)
        if name in seen:
            raise given.wrong(f"stands in line {seen[name]} already", "Leave one of them out")
        seen[name] = number
        if value:
            yield name, given


def every_name() -> tuple[str, ...]:
    """Every name that a setting may be given under."""
    return (*NAMES, *ALIASES, *(name + OF_A_FILE for name in sorted(SECRETS)))


def _instead(near: list[str]) -> str:
    return f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(NAMES)}"


def _named(found: Iterator[tuple[str, Given]]) -> dict[str, Given]:
    """By their first names, with secrets read from their files."""
    made: dict[str, Given] = {}
    for alias, given in found:
        name = ALIASES.get(alias, alias)
        value = given
        if name.endswith(OF_A_FILE):
            name = name.removesuffix(OF_A_FILE)
            value = Given(_secret_in(given), given.field, given.file, given.line)
        if name in made:
            raise given.wrong(f"says the same as {made[name].field}", "Leave one of them out")
        made[name] = value
    return made


def _secret_in(given: Given) -> str:
    try:
        secret = Path(given.value).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise given.wrong(
            f"{given.value} can't be read ({why})", "Name a file that holds the secret alone"
        ) from None
    if not secret:
        raise given.wrong(f"{given.value} is empty", "Name a file that holds the secret alone")
    return secret


# -- checking --------------------------------------------------------------------------------------


class _Checked:
    """Settings that fit together; every method raises `ConfigError`."""

    def __init__(self, given: Mapping[str, Given]) -> None:
        self.given = given

    def security(self) -> Security:
        protocol = self._one_of("security.protocol", PROTOCOLS)
        if protocol is None:
            self._none_of(self.given, "security.protocol is not given", "Give security.protocol")
            return Security()
        if "SSL" not in protocol.split("_"):
            self._none_of(
                [name for name in self.given if name.startswith("ssl.")],
                f"security.protocol is {protocol}, which has no certificates",
                "Set security.protocol to SSL or SASL_SSL",
            )
        if not protocol.startswith("SASL_"):
            self._none_of(
                [name for name in self.given if name.startswith(("sasl.", "https."))],
                f"security.protocol is {protocol}, which has no SASL",
                "Set security.protocol to SASL_SSL",
            )
        self._own_certificate()
        made = Security(
            protocol,
            self._file("ssl.ca.location"),
            self._file("ssl.certificate.location"),
            self._file("ssl.key.location"),
            self._value("ssl.key.password"),
            *(self._sasl() if protocol.startswith("SASL_") else ()),
        )
        made.context()  # says now what is wrong with the files
        return made

    def _own_certificate(self) -> None:
        certificate, key = "ssl.certificate.location", "ssl.key.location"
        if certificate in self.given and key not in self.given:
            raise self.given[certificate].wrong(f"{in_place(key)} is not given", "Name its key")
        if certificate not in self.given:
            for name in (key, "ssl.key.password"):
                if name in self.given:
                    raise self.given[name].wrong(
                        f"{in_place(certificate)} is not given", "Name the certificate of the key"
                    )

    def _sasl(self) -> tuple[str, str | None, str | None, TokenEndpoint | None]:
        mechanism = self._one_of("sasl.mechanism", MECHANISMS)
        if mechanism is None:
            raise self.given["security.protocol"].wrong(
                f"{in_place('sasl.mechanism')} is not given",
                f"Set it to one of {', '.join(MECHANISMS)}",
            )
        if mechanism == "OAUTHBEARER":
            self._none_of(
                [name for name in ("sasl.username", "sasl.password") if name in self.given],
                "sasl.mechanism is OAUTHBEARER, which has neither name nor password",
                f"Give {OAUTH}client.id and {OAUTH}client.secret",
            )
            return mechanism, None, None, self._endpoint()
        self._none_of(
            [name for name in self.given if name.startswith((OAUTH, "https."))],
            f"sasl.mechanism is {mechanism}, which asks for no token",
            "Set sasl.mechanism to OAUTHBEARER",
        )
        values = [self._needed(name, mechanism) for name in ("sasl.username", "sasl.password")]
        return mechanism, values[0], values[1], None

    def _endpoint(self) -> TokenEndpoint:
        method = self.given.get(f"{OAUTH}method")
        if method is not None and method.value.lower() != "oidc":
            raise method.wrong(f'"{method.value}" is no method', "Set it to oidc, or leave it out")
        url = self._needed(f"{OAUTH}token.endpoint.url", "OAUTHBEARER")
        given = self.given[f"{OAUTH}token.endpoint.url"]
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise given.wrong("is no address", "Write https://HOST/PATH")
        if parts.username or parts.password:
            raise given.wrong(
                "holds a name or a password", f"Give {OAUTH}client.id and {OAUTH}client.secret"
            )
        if parts.scheme == "http" and not is_here(parts.hostname):
            raise given.wrong("would send the secret in the clear", "Write https://")
        ca = self._file("https.ca.location")
        if ca is not None:
            trusting(ca, "https.ca.location")
        return TokenEndpoint(
            url,
            self._needed(f"{OAUTH}client.id", "OAUTHBEARER"),
            self._needed(f"{OAUTH}client.secret", "OAUTHBEARER"),
            self._value(f"{OAUTH}scope"),
            self._extensions(),
            ca,
        )

    def _extensions(self) -> tuple[tuple[str, str], ...]:
        given = self.given.get(f"{OAUTH}extensions")
        found = []
        for part in given.value.split(",") if given else ():
            name, equals, value = map(str.strip, part.partition("="))
            if given is not None and not (name and equals and value):
                raise given.wrong(f'"{part.strip()}" is no name=value', "Write name=value,...")
            found.append((name, value))
        return tuple(found)

    def _value(self, name: str) -> str | None:
        return self.given[name].value if name in self.given else None

    def _needed(self, name: str, mechanism: str) -> str:
        if name not in self.given:
            file = f" or {variable(name)}_FILE" if name in SECRETS else ""
            raise self.given["sasl.mechanism"].wrong(
                f"{mechanism} needs {name}", f"Set {variable(name)}{file}"
            )
        return self.given[name].value

    def _one_of(self, name: str, values: tuple[str, ...]) -> str | None:
        given = self.given.get(name)
        if given is None:
            return None
        found = given.value.upper()
        if found not in values:
            near = get_close_matches(found, values, n=2)
            there = f"There are {', '.join(values)}"
            raise given.wrong(
                f'"{given.value}" is none of them', f"{_instead(near)} {there}" if near else there
            )
        return found

    def _none_of(self, names: Mapping[str, Given] | list[str], why: str, cure: str) -> None:
        for name in names:
            raise self.given[name].wrong(why, f"{cure}, or leave {name} out")

    def _file(self, name: str) -> str | None:
        given = self.given.get(name)
        if given is None:
            return None
        try:
            Path(given.value).open("rb").close()
        except OSError as error:
            raise given.wrong(
                f"{given.value} can't be read ({error.strerror})", "Name a file in PEM form"
            ) from None
        return given.value


# -- certificates ----------------------------------------------------------------------------------


def trusting(ca: str | None, name: str) -> ssl.SSLContext:
    """For TLS 1.2 and newer with servers whose certificates come from the authorities in a file, by
    default from those of the system; `name` is the setting. Raises `ConfigError`."""
    try:
        made = ssl.create_default_context(cafile=ca)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            f"{ca} holds no certificates ({_reason(error)})",
            field=in_place(name),
            cure="Name the authorities' certificates in PEM form: -----BEGIN CERTIFICATE-----",
        ) from None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def _load_own(
    context: ssl.SSLContext, certificate: str, key: str | None, password: str | None
) -> None:
    asked: list[bool] = []

    def given() -> str:  # without it a key with a password would be asked for at the terminal
        asked.append(True)
        return password or ""

    try:
        context.load_cert_chain(certificate, key, given)
    except (ssl.SSLError, OSError) as error:
        raise _wrong_key(certificate, key, error, locked=bool(asked), password=password) from None


def _wrong_key(
    certificate: str, key: str | None, error: OSError, *, locked: bool, password: str | None
) -> ConfigError:
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        return ConfigError(
            f"{key} is not the key of {certificate}",
            field=in_place("ssl.key.location"),
            cure="Name the key that the certificate was made with",
        )
    if locked:
        problem = "does not open" if password else "is missing, which is needed for"
        return ConfigError(
            f"the password {problem} {key}",
            field=in_place("ssl.key.password"),
            cure=f"Set {variable('ssl.key.password')} or {variable('ssl.key.password')}_FILE",
        )
    return ConfigError(
        f"{certificate} and {key} are no certificate and key ({_reason(error)})",
        field=in_place("ssl.certificate.location"),
        cure="Name a certificate and its key in PEM form, the certificate first, then those "
        "between it and the authority",
    )


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or type(error).__name__)
