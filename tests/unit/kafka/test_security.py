"""The settings of secured brokers: where they stand, what they make, what is wrong with them."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from pathlib import Path

import faust
import pytest
import trustme

from streams.errors import ConfigError
from streams.kafka import faust_stream
from streams.kafka.security import Security, in_place, security_of, variable

KAFKA = Path(__file__).parents[3] / "streams" / "kafka"
SECRET = "Gr4ntham-passw0rd"  # noqa: S105 - looked for in everything that is printed


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, and a certificate and key of it, and another one's key."""
    folder = tmp_path_factory.mktemp("pem")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    for name in ("client", "other"):
        made = authority.issue_cert(f"{name}.force.example")
        made.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))
        made.private_key_pem.write_to_path(str(folder / f"{name}.key"))
    return folder


def given(**settings: str) -> dict[str, str]:
    """As variables: `given(SASL_USERNAME="x")`."""
    return {f"WATCHROOM_KAFKA_{name}": value for name, value in settings.items()}


def scram(**more: str) -> dict[str, str]:
    names = {"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "SCRAM-SHA-512"}
    return given(**{**names, "SASL_USERNAME": "feed", "SASL_PASSWORD": SECRET, **more})


def tokens(**more: str) -> dict[str, str]:
    url = "https://login.force.example/token"
    return given(
        **{
            "SECURITY_PROTOCOL": "SASL_SSL",
            "SASL_MECHANISM": "OAUTHBEARER",
            "SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": url,
            "SASL_OAUTHBEARER_CLIENT_ID": "watchroom",
            "SASL_OAUTHBEARER_CLIENT_SECRET": SECRET,
            **more,
        }
    )


def wrong(settings: Mapping[str, str]) -> str:
    """What is said of settings that are wrong; the command ends with 2."""
    with pytest.raises(ConfigError) as caught:
        security_of(settings)
    assert caught.value.exit_code == 2
    assert SECRET not in str(caught.value)
    return str(caught.value)


# -- where they stand ------------------------------------------------------------------------------


def test_without_settings_clients_speak_in_the_clear_as_kafkas_own_do() -> None:
    assert security_of({"WATCHROOM_BOOTSTRAP": "x:1"}) == Security()
    assert Security().for_kafka_python() == {"security_protocol": "PLAINTEXT"}


def test_a_variable_that_is_empty_is_not_given() -> None:
    assert security_of(given(SECURITY_PROTOCOL="", SASL_USERNAME="")) == Security()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text(
        "# as librdkafka has it\nsecurity.protocol = sasl_ssl\nsasl.mechanisms=PLAIN\n"
        f"sasl.username=of the file\n\nsasl.password={SECRET}=\n"
    )
    found = security_of(given(CONFIG=str(file), SASL_USERNAME="of the environment"))
    assert (found.protocol, found.mechanism) == ("SASL_SSL", "PLAIN")
    assert (found.username, found.password) == ("of the environment", f"{SECRET}=")


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{SECRET}\n")
    settings = scram(SASL_PASSWORD="", SASL_PASSWORD_FILE=str(tmp_path / "password"))
    assert security_of(settings).password == SECRET


def test_kafkas_own_names_of_a_client_are_taken_too(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text(
        "security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\n"
        "sasl.oauthbearer.token.endpoint.url=https://login.force.example/token\n"
        "sasl.oauthbearer.client.credentials.client.id=watchroom\n"
        f"sasl.oauthbearer.client.credentials.client.secret={SECRET}\n"
        "sasl.oauthbearer.extensions=pool=a,cluster=b\n"
    )
    endpoint = security_of(given(CONFIG=str(file))).endpoint
    assert endpoint is not None
    assert (endpoint.client_id, endpoint.client_secret) == ("watchroom", SECRET)
    assert endpoint.extensions == (("pool", "a"), ("cluster", "b"))


# -- what they make --------------------------------------------------------------------------------


def test_every_client_is_given_the_same(pem: Path) -> None:
    found = security_of(scram(SSL_CA_LOCATION=str(pem / "ca.pem")))
    made = [found.for_kafka_python(), found.for_aiokafka()]
    for each in made:
        context = each.pop("ssl_context")
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert made[0] == made[1]
    assert made[0] == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "feed",
        "sasl_plain_password": SECRET,
    }


def test_faust_is_given_credentials_with_the_context(pem: Path) -> None:
    ca = {"SSL_CA_LOCATION": str(pem / "ca.pem")}
    named = faust_stream.credentials(security_of(scram(**ca)))
    assert isinstance(named, faust.SASLCredentials)
    assert named.mechanism.value == "SCRAM-SHA-512"
    assert named.ssl_context is not None
    by_token = faust_stream.credentials(security_of(tokens(**ca)))
    assert isinstance(by_token, faust.OAuthCredentials)
    assert by_token.ssl_context is not None
    tls = faust_stream.credentials(security_of(given(SECURITY_PROTOCOL="SSL", **ca)))
    assert isinstance(tls, faust.SSLCredentials)
    assert faust_stream.credentials(Security()) is None


def test_an_own_certificate_goes_with_its_key(pem: Path) -> None:
    settings = given(
        SECURITY_PROTOCOL="SSL",
        SSL_CERTIFICATE_LOCATION=str(pem / "client.pem"),
        SSL_KEY_LOCATION=str(pem / "client.key"),
    )
    assert "ssl_context" in security_of(settings).for_aiokafka()


def test_what_is_printed_of_them_holds_no_secret() -> None:
    for settings in (scram(), tokens(), scram(SASL_MECHANISM="PLAIN")):
        found = security_of(settings)
        assert SECRET not in f"{found!r} {found} {found.in_words} {found.principal}"
    assert security_of(scram()).in_words == "SASL_SSL, SCRAM-SHA-512, as feed"


def test_a_password_that_can_be_read_on_the_way_is_known_for_it() -> None:
    plain = scram(SECURITY_PROTOCOL="SASL_PLAINTEXT", SASL_MECHANISM="PLAIN")
    assert security_of(plain).readable_secret
    assert not security_of(scram(SECURITY_PROTOCOL="SASL_PLAINTEXT")).readable_secret
    assert not security_of(scram()).readable_secret


@pytest.mark.source_text
def test_every_client_is_made_with_them() -> None:
    kinds = r"\b((?:AIO)?Kafka(?:Consumer|Producer|AdminClient|Connection))\("
    made = {
        (path.name, found[1]): path.read_text()[found.end() : found.end() + 400]
        for path in KAFKA.glob("*.py")
        for found in re.finditer(kinds, path.read_text())
    }
    assert made
    without = [place for place, text in made.items() if ".for_" not in text]
    assert without == []


# -- what is wrong ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (given(SECURTY_PROTOCOL="SSL"), "Did you mean WATCHROOM_KAFKA_SECURITY_PROTOCOL"),
        (given(SECURITY_PROTOCOL="SASL_SLL"), "Did you mean SASL_SSL"),
        (given(SECURITY_PROTOCOL="SASL_SSL"), "sasl.mechanism (WATCHROOM_KAFKA_SASL_MECHANISM) is"),
        (given(SASL_USERNAME="x"), "security.protocol is not given"),
        (given(SECURITY_PROTOCOL="SSL", SASL_USERNAME="x"), "SSL, which has no SASL"),
        (given(SECURITY_PROTOCOL="PLAINTEXT", SSL_CA_LOCATION="x"), "which has no certificates"),
        (scram(SASL_PASSWORD=""), "Set WATCHROOM_KAFKA_SASL_PASSWORD or WATCHROOM_KAFKA_SASL_PASS"),
        (
            scram(SASL_PASSWORD_FILE="/none"),  # noqa: S106 - the name of a file
            "/none can't be read (No such file or directory)",
        ),
        (scram(SASL_MECHANISM="SCRAM-SHA-521"), "Did you mean SCRAM-SHA-512"),
        (scram(SASL_OAUTHBEARER_SCOPE="x"), "SCRAM-SHA-512, which asks for no token"),
        (scram(SSL_CA_LOCATION="/none.pem"), "/none.pem can't be read (No such file or directory)"),
        (tokens(SASL_USERNAME="x"), "OAUTHBEARER, which has neither name nor password"),
        (tokens(SASL_OAUTHBEARER_CLIENT_ID=""), "OAUTHBEARER needs sasl.oauthbearer.client.id"),
        (
            tokens(SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL="http://login.force.example/"),  # noqa: S106
            "would send the secret in the clear",
        ),
        (tokens(SASL_OAUTHBEARER_METHOD="magic"), '"magic" is no method'),
        (tokens(SASL_OAUTHBEARER_EXTENSIONS="x"), '"x" is no name=value'),
        (given(CONFIG="/none.properties"), "/none.properties can't be read"),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(settings: dict[str, str], words: str) -> None:
    assert words in wrong(settings)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sasl.pasword=x", ":2 [sasl.pasword]: is no setting that Watchroom takes. Did you mean"),
        ("ssl.truststore.location=x", "Stores of Java are not read"),
        ("sasl.jaas.config=x", "Give sasl.username and sasl.password instead"),
        ("bootstrap.servers=x", "name the brokers by --broker or WATCHROOM_BOOTSTRAP"),
        ("enable.ssl.certificate.verification=false", "host names of brokers are always checked"),
        ("security.protocol=SSL", "stands in line 1 already"),
        ("nonsense", ":2: the line is no name=value"),
    ],
)
def test_a_wrong_line_of_the_file_is_named_with_its_number(
    line: str, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "client.properties"
    file.write_text(f"security.protocol=SSL\n{line}\n")
    said = wrong(given(CONFIG=str(file)))
    assert said.startswith(str(file))
    assert words in said


def test_a_key_of_another_certificate_is_told(pem: Path) -> None:
    settings = given(
        SECURITY_PROTOCOL="SSL",
        SSL_CERTIFICATE_LOCATION=str(pem / "client.pem"),
        SSL_KEY_LOCATION=str(pem / "other.key"),
    )
    said = wrong(settings)
    assert f"{pem / 'other.key'} is not the key of {pem / 'client.pem'}" in said
    assert said.startswith(in_place("ssl.key.location"))


def test_a_certificate_without_a_key_is_told(pem: Path) -> None:
    settings = given(SECURITY_PROTOCOL="SSL", SSL_CERTIFICATE_LOCATION=str(pem / "client.pem"))
    assert "ssl.key.location (WATCHROOM_KAFKA_SSL_KEY_LOCATION) is not given" in wrong(settings)


def test_a_file_that_holds_no_certificates_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate\n")
    settings = given(SECURITY_PROTOCOL="SSL", SSL_CA_LOCATION=str(tmp_path / "ca.pem"))
    assert "holds no certificates" in wrong(settings)


def test_the_name_of_a_variable_follows_from_that_of_the_setting() -> None:
    assert variable("sasl.oauthbearer.client.id") == "WATCHROOM_KAFKA_SASL_OAUTHBEARER_CLIENT_ID"
