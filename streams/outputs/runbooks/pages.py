"""`/runbooks/`: what to do about each alert, as pages beside the wallboard.

They are the files of docs/runbooks, which an installation brings along, made into HTML where they
are asked for. HTML in a file is shown as it stands. A link from one runbook to another leads to its
page; of other documents, which are not served, the name stands there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from streams.outputs.explore.asked import Asked
from streams.outputs.explore.page import Frame, page
from streams.outputs.runbooks.addresses import SERVED
from streams.outputs.wallboard.pages import Files
from streams.outputs.web.markup import Child, Markup, tag

PATH = SERVED
INDEX = "README"
_PACKAGED = Path(str(resources.files("streams.outputs.runbooks") / "files"))
_CHECKOUT = Path(__file__).parents[3] / "docs" / "runbooks"


class Runbook(NamedTuple):
    """A runbook: its title, and the rest of it as HTML."""

    title: str
    html: str


def folder() -> Path:
    """Where the files are: in the package, or in docs/ where Watchroom runs from its source."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


@cache
def names() -> frozenset[str]:
    """The names of all runbooks, which are those of the alerts; the index is not among them."""
    return frozenset(path.stem for path in folder().glob("*.md")) - {INDEX}


@cache
def runbook(name: str) -> Runbook:
    """The runbook of an alert, or the index; LookupError where there is none."""
    if name != INDEX and name not in names():
        raise LookupError(name)
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse((folder() / f"{name}.md").read_text("utf-8"))
    title, tokens = tokens[1].content, tokens[3:]
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", _anchor(tokens[number + 1].content))
        elif token.type == "fence":  # wider than a phone, so it scrolls, by keyboard too
            token.attrSet("tabindex", "0")
        elif token.children:
            token.children = _linked(token.children)
    return Runbook(title, markdown.renderer.render(tokens, markdown.options, {}))


def _linked(tokens: Sequence[Token]) -> list[Token]:
    """The tokens of a line with links to what is served; in the place of another link its words and
    the name of the document."""
    kept: list[Token] = []
    document = ""  # of the link that is left out; links don't lie within each other
    for token in tokens:
        if token.type == "link_open":
            link = str(token.attrGet("href") or "")
            if (address := _address(link)) is None:
                document = link.partition("#")[0].removeprefix("../")
                continue
            token.attrSet("href", address)
        elif token.type == "link_close" and document:
            kept.append(Token("text", "", 0, content=f" (docs/{document})"))
            document = ""
            continue
        kept.append(token)
    return kept


def _address(link: str) -> str | None:
    """Where a link leads; None where it would lead to a document that is not served."""
    if link.startswith(("https://", "http://", "#")):
        return link
    file, mark, place = link.partition("#")
    name = file.removesuffix(".md")
    if name == INDEX:
        return f"{PATH}/{mark}{place}"
    return f"{PATH}/{name}{mark}{place}" if name in names() else None


def _anchor(heading: str) -> str:
    """The anchor of a heading, as in links to it: `its-web-server-is-deaf`."""
    return re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-"))


class RunbookPages:
    """What each path answers; `routes` lists them."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [
            Route(PATH, lambda _: RedirectResponse(f"{PATH}/")),
            Route(f"{PATH}/", self.index),
            Route(f"{PATH}/{{name}}", self.page),
        ]

    def index(self, request: Request) -> Response:
        """All runbooks."""
        return self._page(request, INDEX, None)

    def page(self, request: Request) -> Response:
        """One of them. By the name of its file too, as links to a copy elsewhere have it."""
        name = request.path_params["name"]
        if name.endswith(".md"):
            plain = name.removesuffix(".md")
            return RedirectResponse(f"{PATH}/{plain if plain in names() else ''}")
        if name not in names():
            raise HTTPException(404, f'there is no runbook "{name}"; {PATH}/ lists them')
        back = tag("p", tag("a", "All runbooks", href=f"{PATH}/"), class_="links")
        return self._page(request, name, back)

    def _page(self, request: Request, name: str, foot: Child) -> Response:
        theme = request.query_params.get("theme", "")
        asked = Asked(theme=theme if theme in ("dark", "light") else "")
        found = runbook(name)
        text = page(
            Frame(self._files.assets, warning=self._files.warning),
            asked,
            found.title,
            tag("h1", found.title),
            tag("article", Markup(found.html), class_="runbook"),
            foot,
        )
        return HTMLResponse(text, headers={"cache-control": "no-cache"})
