"""Text of others as it may be printed: no passwords, no signs that act."""

from __future__ import annotations

import json
import logging

import pytest

from streams.errors import ConfigError, KafkaError, SourceError
from streams.printing import LogFormatter, masked, printable, printable_json, without_user


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://ops:secret@host:8787/board", "http://***@host:8787/board"),
        ("http://token@host", "http://***@host"),
        ("https://ops:se/cr?et#1@host/x", "https://***@host/x"),
        ("https://ops:s@cr@t@host/x", "https://***@host/x"),
        ("kafka://ops:secret@k1:9092,k2:9092/watchroom", "kafka://***@k1:9092,k2:9092/watchroom"),
        ("the brokers at ops:secret@k1:9092 are away", "the brokers at ***@k1:9092 are away"),
        ('{"http://a:b@w1:8787":"live"}', '{"http://***@w1:8787":"live"}'),
        ("http://host/?token=abc&force=x", "http://host/?token=***&force=x"),
        ("http://host/?API_KEY=abc", "http://host/?API_KEY=***"),
        ("http://host:8787/alert?to=duty@force.example", None),
        ("http://host/a?b=c@d", None),
        ("duty@force.example at 10:30", None),
        ("no address at all", None),
    ],
)
def test_passwords_of_addresses_are_masked_and_nothing_else(text: str, shown: str | None) -> None:
    assert masked(text) == (text if shown is None else shown)


def test_people_are_led_to_an_address_without_a_password() -> None:
    assert without_user("http://ops:secret@host/alert?id=1") == "http://host/alert?id=1"


@pytest.mark.parametrize("sign", ["\x1b", "\x9b", "\r", "\b", "\x7f", "\u202e", "\u2066", "\u2028"])
def test_a_sign_that_acts_is_replaced(sign: str) -> None:
    assert printable(f"a{sign}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_letters_spaces_and_line_ends_stay_as_they_are() -> None:
    text = "Straße 12 · ≥ 90 %\n\t日本"
    assert printable(text) == text
    assert printable(text, lines=False) == text.replace("\n", "�").replace("\t", "�")


def test_json_says_the_same_without_the_signs_that_act() -> None:
    held = {"feed": "a\x9b2J\u202e\U000e0001 ü"}
    text = printable_json(json.dumps(held, ensure_ascii=False))
    assert text.isprintable()
    assert json.loads(text) == held


@pytest.mark.parametrize("kind", [ConfigError, KafkaError, SourceError])
def test_no_error_tells_a_password_or_moves_the_cursor(kind: type[Exception]) -> None:
    error = kind("http://ops:secret@host: \x1b[2Jgone")
    assert str(error) == "http://***@host: �[2Jgone"


def test_a_line_of_the_log_is_one_line_and_tells_no_password() -> None:
    formatter = LogFormatter("%(levelname)s %(message)s")
    told = logging.makeLogRecord(
        {"levelname": "WARNING", "msg": "%s: away", "args": ("http://a:b@h\nERROR \x1b[2J",)}
    )
    assert formatter.format(told) == "WARNING http://***@h�ERROR �[2J: away"


def test_what_stands_below_a_line_of_the_log_tells_no_password_either() -> None:
    try:
        raise ValueError("http://a:b@h \x1b[2J")
    except ValueError as error:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": (ValueError, error, None)})
    assert LogFormatter().format(record) == "failed\nValueError: http://***@h �[2J"
