"""The address by which people reach the wallboard: what no link can begin with is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.errors import ConfigError
from streams.outputs.public_url import checked, public_url

WHOLE = "Write it whole: WATCHROOM_PUBLIC_URL=https://watchroom.example"
NAMED = (
    "Name it as people type it, in letters, digits, dots and hyphens: "
    "WATCHROOM_PUBLIC_URL=https://watchroom.example"
)
ONLY = "Write only WATCHROOM_PUBLIC_URL="


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://watchroom.example", "https://watchroom.example"),
        (" https://watchroom.example/ \n", "https://watchroom.example"),
        ("http://127.0.0.1:8750", "http://127.0.0.1:8750"),
        ("http://[::1]:8750/", "http://[::1]:8750"),
        ("http://room_1:8750", "http://room_1:8750"),
        ("https://intranet.example/watch-room/", "https://intranet.example/watch-room"),
        ("https://xn--wchter-bua.example", "https://xn--wchter-bua.example"),
    ],
)
def test_a_whole_address_is_taken_without_the_slash_at_its_end(address: str, link: str) -> None:
    assert checked(address) == link


@pytest.mark.parametrize(
    ("address", "cure"),
    [
        ("", WHOLE),
        ("watchroom.example", WHOLE),
        ("watchroom.example:8750", WHOLE),
        ("//watchroom.example", WHOLE),
        ("https:watchroom.example", WHOLE),
        ("https://", WHOLE),
        ("https:///alerts", WHOLE),
        ("https://:8750", WHOLE),
        ("https://[::1", WHOLE),
        ("https://x:99999", WHOLE),
        ("https://x:port", WHOLE),
        ("ftp://watchroom.example", WHOLE),
        ("file:///etc/passwd", WHOLE),
        ("javascript:alert(1)", WHOLE),
        ("mailto:duty@room.example", WHOLE),
        (
            "https://watch room.example",
            "Write it without: WATCHROOM_PUBLIC_URL=https://watchroom.example",
        ),
        ("https://x/a b", "Write it without: WATCHROOM_PUBLIC_URL=https://watchroom.example"),
        (
            "https://x\n.evil.example",
            "Write it without: WATCHROOM_PUBLIC_URL=https://watchroom.example",
        ),
        (
            "https://x\u200b.example",
            "Write it without: WATCHROOM_PUBLIC_URL=https://watchroom.example",
        ),
        ("https://x#", ONLY + "https://x"),
        ("https://x/#top", ONLY + "https://x"),
        ("https://x?", ONLY + "https://x"),
        ("https://x:8443/?force=kent", ONLY + "https://x:8443"),
        ("https://ops:secret@x:8443", ONLY + "https://x:8443"),
        ("https://ops@x", ONLY + "https://x"),
        ("https://@x", ONLY + "https://x"),
        ("https://:@[::1]:8443", ONLY + "https://[::1]:8443"),
        ("https://x:", NAMED),
        ("https://x:0", NAMED),
        ("https://0.0.0.0:8750", NAMED),
        ("https://[::]:8750", NAMED),
        ("https://127.1", NAMED),
        ("https://.", NAMED),
        ("https://a..b", NAMED),
        ("https://-x", NAMED),
        ("https://w\u00e4chter.example", NAMED),
        ('https://x"onclick', NAMED),
        ("https://x\\evil.example", NAMED),
        ("https://{{x}}", NAMED),
    ],
)
def test_any_other_address_is_refused_with_its_cure(address: str, cure: str) -> None:
    with pytest.raises(ConfigError) as refused:
        checked(address)
    assert refused.value.cure == cure
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("path", ["/a//b", "/../admin", "/{{x}}", "/<b>", "/a;b", "/%zz"])
def test_a_path_that_a_link_can_not_begin_with_is_refused(path: str) -> None:
    with pytest.raises(ConfigError) as refused:
        checked(f"https://x:8443{path}")
    assert str(refused.value) == (
        "WATCHROOM_PUBLIC_URL: a link can't begin with its path: it may have letters, digits, "
        "and - . _ ~ and %20. Write WATCHROOM_PUBLIC_URL=https://x:8443, and behind it only the "
        "path under which a proxy serves Watchroom, if it has one"
    )


def test_an_environment_without_it_or_with_an_empty_one_has_no_address() -> None:
    assert public_url({}) is None
    assert public_url({"WATCHROOM_PUBLIC_URL": " "}) is None


@pytest.mark.parametrize(
    "command",
    [
        ["rules", "write", "--wallboard", "https://x#", "--output", "."],
        ["notify", "rehearse", "--force", "warwickshire", "--public-url", "https://x#"],
        ["run", "-", "--public-url", "https://x#"],
        ["grafana", "generate", "--wallboard", "https://x#", "--output", "."],
    ],
)
def test_every_command_that_makes_links_refuses_it(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 2
    assert "nothing after a ? or # may stand in it. Write only --" in done.output
    assert not list(tmp_path.iterdir())


def test_a_monitor_does_not_start_with_one_in_its_environment() -> None:
    done = CliRunner().invoke(main, ["run", "-"], env={"WATCHROOM_PUBLIC_URL": "https://x?"})
    assert done.exit_code == 2
    assert "Write only WATCHROOM_PUBLIC_URL=https://x\n" in done.output
