"""`watchroom rules`: the rules of Prometheus, written from the registry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from streams.cli.echo import echo
from streams.cli.options import public_address
from streams.errors import WatchroomError
from streams.outputs.public_url import PUBLIC_URL_VARIABLE
from streams.outputs.rules import Links, budget_file, rule_files
from streams.outputs.rules.budget import LEAST_TARGET, MOST_TARGET

FOLDER = Path("deploy/prometheus/rules")


def _links(command: Callable[..., Any]) -> Callable[..., Any]:
    grafana = click.option(
        "--grafana",
        default=Links().grafana,
        show_default=True,
        metavar="URL",
        help="Where people reach Grafana: alerts link to its dashboards.",
    )
    runbooks = click.option(
        "--runbooks",
        default="",
        metavar="URL",
        help="Where people reach the runbooks; default: those that the wallboard serves.",
    )
    wallboard = click.option(
        "--wallboard",
        default=Links().wallboard,
        show_default=True,
        envvar=PUBLIC_URL_VARIABLE,
        show_envvar=True,
        metavar="URL",
        callback=public_address,
        help="Where people reach the wallboard: alerts link to the page where somebody takes them.",
    )
    return grafana(runbooks(wallboard(command)))


def _out(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "-o",
        "--output",
        "out",
        type=click.Path(file_okay=False, path_type=Path),
        default=FOLDER,
        show_default=True,
        help="The folder of the rule files.",
    )(command)


@click.group()
def rules() -> None:
    """The rules of Prometheus: which alerts there are, and what is recorded.

    \b
    Examples:
      watchroom rules write --wallboard https://watchroom.example.org
      watchroom rules check
      watchroom rules error-budget --target 0.9 --line 999
    """


@rules.command()
@_out
@_links
def write(out: Path, grafana: str, runbooks: str, wallboard: str) -> None:
    """Write the rule files.

    \b
    Examples:
      watchroom rules write
      watchroom rules write --wallboard https://watchroom.example.org \\
        --grafana https://grafana.example.org
    """
    texts = rule_files(Links(grafana, runbooks, wallboard))
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (out / name).write_text(text, "utf-8")
    echo(f"{out}: wrote {', '.join(texts)}")


@rules.command()
@_out
@_links
def check(out: Path, grafana: str, runbooks: str, wallboard: str) -> None:
    """Fail where a rule file is not what this version would write.

    \b
    Example:
      watchroom rules check --output /etc/prometheus/rules
    """
    texts = rule_files(Links(grafana, runbooks, wallboard))
    stale = [name for name, text in texts.items() if _read(out / name) != text]
    if stale:
        raise WatchroomError(
            f"{out}: not current: {', '.join(stale)}. Run watchroom rules write --output {out}"
        )
    echo(f"{out}: all {len(texts)} rule files are current")


@rules.command("error-budget")
@click.option(
    "--target",
    type=click.FloatRange(LEAST_TARGET, MOST_TARGET),
    required=True,
    metavar="SHARE",
    help="The share that is to be in time, such as 0.9.",
)
@click.option(
    "--measure",
    default="calls.service_level",
    show_default=True,
    metavar="GROUP.MEASURE",
    help="A ratio of the registry; also attendance.within.",
)
@click.option("--force", metavar="ID", help="Only of this force.")
@click.option("--line", metavar="LINE", help="Only of this line, such as 999.")
@_links
def error_budget(
    target: float,
    measure: str,
    force: str | None,
    line: str | None,
    grafana: str,
    runbooks: str,
    wallboard: str,
) -> None:
    """Print an optional rule file that alerts on how fast a target's misses are used up.

    The burn rates are derived from the target; the first lines of the file say what they are.

    \b
    Examples:
      watchroom rules error-budget --target 0.9 --line 999 > budget-999.yml
      watchroom rules error-budget --target 0.9 --measure attendance.within --force warwickshire
    """
    named = {"force": force, "line": line}
    chosen = ",".join(f'{label}="{value}"' for label, value in named.items() if value)
    echo(budget_file(target, measure, chosen, Links(grafana, runbooks, wallboard)), nl=False)


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None
