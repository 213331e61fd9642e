"""What commands print: foreign text never acts in the terminal."""

from __future__ import annotations

import io
import json

import click
from click.testing import CliRunner
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from streams.cli import main
from streams.cli.echo import CleanConsole, echo

EVIL = "calls \x1b[2J\x9b1;31m\r\b down"


def printed(*texts: str | bytes) -> str:
    @click.command()
    def command() -> None:
        for text in texts:
            echo(text)

    return CliRunner().invoke(command).output


def test_a_text_is_printed_without_signs_that_act() -> None:
    assert printed(f"{EVIL}\nnext") == "calls �[2J�1;31m�� down\nnext\n"


def test_json_is_printed_with_signs_that_act_escaped() -> None:
    out = printed(json.dumps({"a": EVIL}, ensure_ascii=False).encode())
    assert out.rstrip("\n").isprintable()
    assert json.loads(out) == {"a": EVIL}


def test_a_console_shows_its_own_colours_and_no_others() -> None:
    out = io.StringIO()
    console = CleanConsole(file=out, force_terminal=True, color_system="standard", width=60)
    table = Table(title=EVIL)
    table.add_column(EVIL)
    table.add_row(Text(EVIL, style="red"))
    console.print(Group(EVIL, table), EVIL)
    shown = out.getvalue()
    assert "\x1b[31m" in shown  # the red of the cell
    assert "\x1b[2J" not in shown
    assert "\x9b" not in shown
    assert "\r" not in shown
    assert "\b" not in shown


def test_a_screen_that_is_drawn_again_moves_the_cursor_itself() -> None:
    out = io.StringIO()
    console = CleanConsole(file=out, force_terminal=True, width=60)
    with Live(EVIL, console=console, screen=True, auto_refresh=False):
        pass
    assert "\x1b[?1049h" in out.getvalue()
    assert "\x1b[2J" not in out.getvalue().replace("�[2J", "")


def test_an_option_that_is_wrong_is_shown_without_signs_that_act() -> None:
    ran = CliRunner().invoke(main, ["worker", "--web", "\x1b[2J"])
    assert ran.exit_code == 2
    assert '"�[2J" is no HOST:PORT' in ran.output
