"""What the address of an explored figure asks for, and the addresses of what lies beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from streams.config.force import WHOLE
from streams.errors import QueryError
from streams.periods import GRAINS, Grain

THEMES = ("light", "dark")


def with_query(path: str, named: Mapping[str, str | None]) -> str:
    """An address with its parameters; those of nothing are left out."""
    return f"{path}?{urlencode({name: each for name, each in named.items() if each})}"


class Asked(NamedTuple):
    """What is asked for; what is left empty is chosen for the reader. `first` and `last` are
    periods of any length. `measure` is a name, an address, a title, or words to search for."""

    force: str = ""
    measure: str = ""
    area: str = WHOLE
    grain: Grain | None = None
    first: str = ""
    last: str = ""
    at: str = ""
    theme: str = ""

    @classmethod
    def of(cls, query: QueryParams) -> Asked:
        """What the parameters of a request say; raises `QueryError` for a grain that there is
        not. Others than these are passed over, as a browser may bring some of its own."""
        named = query.get("grain") or None
        grain = next((each for each in GRAINS if each == named), None)
        if named is not None and grain is None:
            raise QueryError(f'"{named}" is no grain: choose from {", ".join(GRAINS)}')
        theme = query.get("theme", "")
        return cls(
            query.get("force", ""),
            query.get("measure", "").strip(),
            query.get("area", "") or WHOLE,
            grain,
            query.get("from", "").strip(),
            query.get("to", "").strip(),
            query.get("at", ""),
            theme if theme in THEMES else "",
        )

    def address(self, path: str = "/explore") -> str:
        """Its address; what is usual is left out."""
        named = {
            "force": self.force,
            "measure": self.measure,
            "area": "" if self.area == WHOLE else self.area,
            "grain": self.grain,
            "from": self.first,
            "to": self.last,
            "at": self.at,
            "theme": self.theme,
        }
        return with_query(path, named)
