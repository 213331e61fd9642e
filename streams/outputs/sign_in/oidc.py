"""Sign-in at an OpenID provider: the authorization code flow with PKCE, state and nonce.

Authlib speaks with the provider and checks the signature of what it says. What Authlib leaves to
its caller is checked here: that the provider is the one that is set, and that the token is meant
for Watchroom. Source: OpenID Connect Core 1.0, 3.1.3.7; RFC 7636; RFC 9700.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from streams.errors import ConfigError
from streams.outputs.sign_in.account import with_account
from streams.outputs.sign_in.groups import role_of
from streams.outputs.sign_in.roles import Caller
from streams.outputs.sign_in.settings import SignInSettings

SECONDS = 10.0
"""How long an answer of the provider may take."""
BACK = "/sign-in/back"
"""Where the provider sends people back to."""
DISCOVERY = "/.well-known/openid-configuration"


class NotSignedIn(Exception):
    """A sign-in that did not succeed; the message says why, and is shown to the person."""


class OidcSignIn:
    """Sends people to the provider, and takes them back."""

    def __init__(self, settings: SignInSettings) -> None:
        said = settings.said
        if said.oidc is None or said.address is None:
            raise ValueError("no provider is set")
        try:
            from authlib.integrations.starlette_client import OAuth  # noqa: PLC0415  an extra
        except ImportError:
            raise ConfigError(
                "OpenID Connect needs a further package",
                file=settings.file,
                field="oidc",
                cure="pip install 'watchroom[oidc]'",
            ) from None
        self._oidc, self._roles = said.oidc, said.roles
        self._address = said.address.rstrip("/")
        issuer = self._oidc.issuer.rstrip("/")
        local = urlsplit(issuer).hostname in ("127.0.0.1", "::1", "localhost")
        self._client: Any = OAuth().register(
            "watchroom",
            client_id=self._oidc.client_id,
            client_secret=settings.client_secret,
            server_metadata_url=issuer + DISCOVERY,
            client_kwargs={
                "scope": self._oidc.scope,
                "code_challenge_method": "S256",
                "timeout": SECONDS,
                "trust_env": not local,  # what runs on this machine is asked without a proxy
                # A client without a secret names itself; PKCE proves that it is the same one.
                **({} if settings.client_secret else {"token_endpoint_auth_method": "none"}),
            },
        )

    async def leave(self, request: Request, flow: dict[str, Any]) -> Response:
        """Sends somebody to the provider; what is needed when they come back is put into `flow`.
        Raises `NotSignedIn`."""
        request.scope["session"] = flow
        try:
            await self._known_provider()
            answer: Response = await self._client.authorize_redirect(request, self._address + BACK)
        except Exception as error:
            raise _not_reached(error) from error
        return answer

    async def back(self, request: Request, flow: dict[str, Any]) -> Caller:
        """Who has come back from the provider; raises `NotSignedIn`."""
        from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415  an extra
        from joserfc.errors import JoseError  # noqa: PLC0415

        request.scope["session"] = flow
        try:
            await self._known_provider()
            required = {
                "iss": {"essential": True, "value": self._oidc.issuer},
                "aud": {"essential": True, "value": self._oidc.client_id},
            }
            said = await self._client.authorize_access_token(request, claims_options=required)
        except (AuthlibBaseError, JoseError) as error:
            # The words of `error_description` are whoever made the address's.
            kind = str(getattr(error, "error", ""))
            known = kind if re.fullmatch("[a-z_]{1,60}", kind) else type(error).__name__
            raise NotSignedIn(f"the provider's answer does not hold ({known})") from error
        except Exception as error:
            raise _not_reached(error) from error
        claims = said.get("userinfo")
        if not claims:
            raise NotSignedIn("the provider sent no ID token that answers this sign-in")
        return self._caller(claims)

    async def _known_provider(self) -> None:
        """Looks whether it is the provider that was set; raises `NotSignedIn`."""
        issuer = (await self._client.load_server_metadata()).get("issuer")
        if issuer != self._oidc.issuer:
            self._client.server_metadata.clear()  # it is asked again the next time
            raise NotSignedIn(
                f"the provider calls itself {str(issuer)[:200]}, and is set as {self._oidc.issuer}"
            )

    def _caller(self, claims: dict[str, Any]) -> Caller:
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject or not subject.isprintable():
            raise NotSignedIn("the provider does not say who it is")
        account = _line(claims.get(self._oidc.account)) or subject
        name = with_account(_line(claims.get(self._oidc.name)), account)
        listed = claims.get(self._oidc.groups, ())
        groups = [listed] if isinstance(listed, str) else listed
        known = {each for each in groups if isinstance(each, str)}
        role = role_of(known, self._roles)
        return Caller(role, name, f"oidc:{subject}", sees_names=True)


def _line(claim: Any) -> str:
    """What of a claim can be shown on one line; empty where it is no text."""
    text = claim if isinstance(claim, str) else ""
    return " ".join("".join(letter for letter in text if letter.isprintable()).split())


def _not_reached(error: Exception) -> NotSignedIn:
    if isinstance(error, NotSignedIn):
        return error
    return NotSignedIn(f"the provider can't be asked now ({type(error).__name__})")
