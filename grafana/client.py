"""The part of Grafana's HTTP API that publishing needs, through grafana-api.

grafana-api has had no release since 2020, and what Grafana has dropped since then is every address
by numeric id of a folder or dashboard. So only these calls are made, all by uid: folders,
dashboards, data sources; and annotations of the organisation, found by their tags. (An annotation
has nothing but a number to be changed by.) A refusal becomes a `GrafanaError` that says what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import requests
from grafana_api.grafana_api import GrafanaClientError, GrafanaException, GrafanaServerError
from grafana_api.grafana_face import GrafanaFace

from streams.errors import ConfigError, WatchroomError

MOST_ANNOTATIONS = 5000
"""Asked for at once; Grafana's own default is 100."""


class GrafanaError(WatchroomError):
    """Grafana can't be reached, or refuses."""


class DashboardChanged(GrafanaError):
    """Somebody else saved a dashboard between the read and the write."""


class Grafana:
    """One Grafana, by its address and a service account's token."""

    def __init__(self, url: str, token: str, *, verify: bool = True, timeout: float = 30) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            cure = "Write http://HOST:3000 or https://HOST/grafana"
            raise ConfigError(f'"{url}" is no address of a Grafana', cure=cure)
        if parts.username or parts.password:
            raise ConfigError("the address holds a password", cure="Give a token instead")
        prefix = parts.path.strip("/")
        self.url = url.rstrip("/")
        self._face = GrafanaFace(
            auth=token,
            host=parts.netloc,
            url_path_prefix=f"{prefix}/" if prefix else "",
            protocol=parts.scheme,
            verify=verify,
            timeout=timeout,
        )
        # Redirected, a POST would become a GET, and seem to have been carried out.
        self._face.api.s.max_redirects = 0

    def folder(self, uid: str) -> dict[str, Any] | None:
        """A folder, or None."""
        return self._found(self._face.folder.get_folder, uid)

    def create_folder(self, uid: str, title: str) -> None:
        """Make a folder."""
        self._call(self._face.folder.create_folder, title, uid)

    def data_source(self, uid: str) -> dict[str, Any] | None:
        """A data source, or None."""
        # grafana-api has data sources by name and by number only.
        return self._found(self._face.api.GET, f"/datasources/uid/{quote(uid, safe='')}")

    def dashboard(self, uid: str) -> dict[str, Any] | None:
        """A dashboard (`dashboard` and `meta`), or None."""
        return self._found(self._face.dashboard.get_dashboard, uid)

    def save(self, dashboard: dict[str, Any], folder: str, message: str) -> None:
        """Save a dashboard over the version that it names; raises `DashboardChanged` when there is
        a newer one."""
        body = {"dashboard": dashboard, "folderUid": folder, "overwrite": False, "message": message}
        self._call(self._face.dashboard.update_dashboard, body)

    def annotations(self, *tags: str) -> list[dict[str, Any]]:
        """All annotations that have these tags."""
        quoted = [quote(tag, safe="") for tag in tags]
        found = self._call(
            self._face.annotations.get_annotation,
            ann_type=None,  # with a type, grafana-api 1.0.3 writes an address that is none
            tags=quoted,
            limit=MOST_ANNOTATIONS,
        )
        return list(found)

    def annotate(self, start: int, end: int, tags: list[str], text: str) -> None:
        """Make an annotation of the organisation; instants are milliseconds."""
        self._call(
            self._face.annotations.add_annotation,
            time_from=start,
            time_to=end,
            tags=tags,
            text=text,
        )

    def change_annotation(
        self, number: int, start: int, end: int, tags: list[str], text: str
    ) -> None:
        """Write an annotation anew."""
        self._call(
            self._face.annotations.update_annotation,
            number,
            time_from=start,
            time_to=end,
            tags=tags,
            text=text,
        )

    def remove_annotation(self, number: int) -> None:
        """Remove an annotation."""
        self._call(self._face.annotations.delete_annotations_by_id, number)

    def _found(self, call: Callable[..., Any], *arguments: Any) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._call(call, *arguments)
        except GrafanaError as error:
            cause = error.__cause__
            if (
                isinstance(cause, GrafanaClientError)
                and cause.status_code == HTTPStatus.NOT_FOUND
                and _is_grafanas(cause.response)
            ):
                return None
            raise
        return found

    def _call(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        try:
            return call(*arguments, **named)
        except GrafanaException as error:
            self._refused(error)
        except requests.exceptions.SSLError as error:
            raise GrafanaError(
                f"{self.url}: its certificate is not trusted ({_first(error)}). Name the "
                "certificates in REQUESTS_CA_BUNDLE"
            ) from error
        except requests.exceptions.Timeout as error:
            raise GrafanaError(f"{self.url} did not answer in time. Is it overloaded?") from error
        except requests.exceptions.ConnectionError as error:
            raise GrafanaError(
                f"{self.url} can't be reached. Is Grafana running there, and is the address right?"
            ) from error
        except requests.exceptions.TooManyRedirects as error:
            raise GrafanaError(
                f"{self.url} redirects elsewhere. Give the address that it redirects to (https?)"
            ) from error
        except (requests.exceptions.RequestException, ValueError) as error:
            # ValueError: a page that is no JSON, as a proxy or another server gives it.
            raise GrafanaError(
                f"{self.url} does not answer as a Grafana does. Is the address right, with the "
                "path that Grafana is served under?"
            ) from error

    def _refused(self, error: GrafanaException) -> NoReturn:
        said = _said_by(error)
        status = error.status_code
        if status == HTTPStatus.UNAUTHORIZED:
            raise GrafanaError(
                f"{self.url} does not accept the token. Make one in Grafana under "
                "Administration > Service accounts, and see that it has not expired"
            ) from error
        if status == HTTPStatus.FORBIDDEN:
            raise GrafanaError(
                f"the token may not do this at {self.url}: {said}. Its service account needs the "
                "role Editor"
            ) from error
        if status == HTTPStatus.PRECONDITION_FAILED:
            raise DashboardChanged(f"{self.url}: {said}") from error
        if isinstance(error, GrafanaServerError):
            raise GrafanaError(
                f"{self.url} failed ({error.status_code}: {said}). Try again; its log says more"
            ) from error
        raise GrafanaError(f"{self.url} refused ({error.status_code}): {said}") from error


def _said_by(error: GrafanaException) -> str:
    """What Grafana said, in one line that is not too long."""
    response = error.response
    said = response.get("message") if isinstance(response, dict) else response
    return " ".join(str(said or "no reason given").split())[:200]


def _first(error: Exception) -> str:
    return str(error).partition("(Caused by")[0].strip()[:100]


def _is_grafanas(response: object) -> bool:
    """Whether a 404 says that the thing is missing, not that there is no Grafana."""
    return isinstance(response, dict) and "message" in response
