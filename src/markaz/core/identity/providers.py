"""The organisation's OpenID Connect provider (Core 1.0): authorization code with PKCE, state and nonce.

The ID token is what is believed, and only after its signature, issuer, audience, nonce and times are. Signatures are
asymmetric only: with a key that is public, a symmetric one would be anybody's. Nothing the provider sends is evaluated,
followed elsewhere, or read further than its bound.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from markaz.core.errors import MarkazError, NotSignedIn

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
TIMEOUT_S = 5.0
ANSWER_MAX_BYTES = 256_000  # discovery and keys are a few KB
KNOWN_FOR_S = 3_600.0  # discovery and keys; an unknown key is asked for at once, but not more often than:
ASK_KEYS_EVERY_S = 60.0
LEEWAY_S = 60  # between two machines with a clock service
SUBJECT_MAX = 255  # OpenID Connect Core 1.0, section 2
_ASYMMETRIC = (RSAKey, ECKey, OKPKey)


class ProviderAway(MarkazError):
    """The provider does not answer, or not as the standard says."""

    status = 503
    code = "provider_away"

    def __init__(self) -> None:
        super().__init__("The identity provider does not answer as it should: sign in another way, or try again.")


class ProviderRefused(NotSignedIn):
    """What came back from the provider is not believed. The cause is for the log of the machine, not for who asks."""

    code = "provider_refused"

    def __init__(self, cause: str) -> None:
        super().__init__("The sign-in through the identity provider was not accepted.")
        self.cause = cause


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """Which provider, and as which client; `return_url` is where it sends people back."""

    issuer: str
    client_id: str
    secret: str | None
    return_url: str


@dataclass(frozen=True, slots=True)
class _Endpoints:
    authorization: str
    token: str
    keys: str
    takes_basic: bool


class Provider:
    """Speaks with one provider. It remembers endpoints and keys for an hour."""

    def __init__(self, config: ProviderConfig, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.config = config
        self._transport = transport
        self._endpoints: tuple[float, _Endpoints] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._asking = asyncio.Lock()

    async def location(self, state: str, nonce: str, verifier: str) -> str:
        """Return where the browser goes to sign in. Raises ProviderAway."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": self.config.return_url,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = (await self._discovered()).authorization
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def claims(self, code: str, verifier: str, nonce: str, now: datetime) -> dict[str, Any]:
        """Exchange a code and return the claims of its ID token. Raises ProviderAway or ProviderRefused."""
        token = await self._exchange(code, verifier)
        return await self._verified(token, nonce, now)

    async def _exchange(self, code: str, verifier: str) -> str:
        endpoints, config = await self._discovered(), self.config
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": config.return_url}
        form |= {"code_verifier": verifier, "client_id": config.client_id}
        headers = {}
        if config.secret is not None and endpoints.takes_basic:
            pair = f"{_quoted(config.client_id)}:{_quoted(config.secret)}"  # RFC 6749, 2.3.1
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        elif config.secret is not None:
            form["client_secret"] = config.secret
        status, answer = await self._ask("POST", endpoints.token, form=form, headers=headers)
        token = answer.get("id_token")
        if status != 200 or not isinstance(token, str):
            raise ProviderRefused("the token endpoint gave no ID token")
        return token

    async def _verified(self, token: str, nonce: str, now: datetime) -> dict[str, Any]:
        config = self.config
        for is_retry in (False, True):
            keys = await self._known_keys(is_asked_again=is_retry)
            try:
                return verified_claims(
                    token, keys, issuer=config.issuer, client_id=config.client_id, nonce=nonce, now=now
                )
            except UnknownKey:
                if is_retry:
                    raise
        raise AssertionError("the second look answers or raises")

    async def _discovered(self) -> _Endpoints:
        async with self._asking:
            if self._endpoints is not None and time.monotonic() - self._endpoints[0] < KNOWN_FOR_S:
                return self._endpoints[1]
            url = self.config.issuer.rstrip("/") + "/.well-known/openid-configuration"
            status, said = await self._ask("GET", url)
            found = [said.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
            if status != 200 or said.get("issuer") != self.config.issuer or not all(map(self._is_safe, found)):
                raise ProviderAway
            ways = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
            authorization, token, keys = map(str, found)
            endpoints = _Endpoints(authorization, token, keys, "client_secret_basic" in ways)
            self._endpoints = (time.monotonic(), endpoints)
            return endpoints

    async def _known_keys(self, *, is_asked_again: bool) -> KeySet:
        endpoints = await self._discovered()
        async with self._asking:
            age_s = None if self._keys is None else time.monotonic() - self._keys[0]
            is_old = age_s is None or age_s > (ASK_KEYS_EVERY_S if is_asked_again else KNOWN_FOR_S)
            if self._keys is not None and not is_old:
                return self._keys[1]
            status, said = await self._ask("GET", endpoints.keys)
            if status != 200:
                raise ProviderAway
            keys = usable_keys(said)
            self._keys = (time.monotonic(), keys)
            return keys

    async def _ask(
        self, method: str, url: str, *, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON object that came, read no further than its bound. Raises ProviderAway."""
        sent = {"accept": "application/json", **(headers or {})}
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT_S, follow_redirects=False) as client,
                client.stream(method, url, data=form, headers=sent) as response,
            ):
                body = b""
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > ANSWER_MAX_BYTES:
                        raise ProviderAway
                answer = json.loads(body)
        except (httpx.HTTPError, TimeoutError, ValueError, RecursionError) as error:
            raise ProviderAway from error
        if not isinstance(answer, dict):
            raise ProviderAway
        return response.status_code, answer

    def _is_safe(self, url: object) -> bool:
        """Say whether an endpoint may be spoken to: https, or plain http where the issuer itself is (loopback only)."""
        if not isinstance(url, str):
            return False
        return urlsplit(url).scheme in {"https", urlsplit(self.config.issuer).scheme}


class UnknownKey(ProviderRefused):
    """The token was signed with a key that is not among those known; the provider may have a new one."""


def usable_keys(document: Mapping[str, Any]) -> KeySet:
    """Return the asymmetric keys of a JWKS document; others are left out. Raises ProviderAway without any."""
    keys: list[RSAKey | ECKey | OKPKey] = []
    for row in document.get("keys", []) if isinstance(document.get("keys"), list) else []:
        try:
            (key,) = KeySet.import_key_set({"keys": [row]}).keys
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # a kind of key we do not know is not an error: the next one may be ours
        if isinstance(key, _ASYMMETRIC) and row.get("use", "sig") == "sig":
            keys.append(key)
    if not keys:
        raise ProviderAway
    return KeySet(list(keys))


def verified_claims(
    token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now: datetime
) -> dict[str, Any]:
    """Return the claims of an ID token that is believed (OpenID Connect Core 1.0, 3.1.3.7). Raises ProviderRefused."""
    try:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
    except InvalidKeyIdError as error:
        raise UnknownKey("the key is not known") from error
    except (JoseError, ValueError, TypeError) as error:
        raise ProviderRefused(f"the token is not signed as it should be: {type(error).__name__}") from error
    claims, now_s = dict(decoded.claims), now.timestamp()
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    expires, issued = _time(claims.get("exp")), _time(claims.get("iat"))
    begins = _time(claims.get("nbf", issued))
    subject = claims.get("sub")
    problems = {
        "issuer": claims.get("iss") != issuer,
        "audience": client_id not in audiences or (len(audiences) > 1 and claims.get("azp") != client_id),
        "party": claims.get("azp", client_id) != client_id,
        "expiry": expires is None or expires <= now_s - LEEWAY_S,
        "issue time": issued is None or issued > now_s + LEEWAY_S,
        "not before": begins is None or begins > now_s + LEEWAY_S,
        "nonce": not hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode()),
        "subject": not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MAX,
    }
    wrong = [name for name, is_wrong in problems.items() if is_wrong]
    if wrong:
        raise ProviderRefused(f"wrong: {', '.join(wrong)}")
    return claims


def new_secret() -> str:
    """Return a state, nonce or verifier: 256 random bits, 43 characters (RFC 7636, 4.1)."""
    return secrets.token_urlsafe(32)


def _time(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _quoted(text: str) -> str:
    return urlencode({"": text})[1:]
