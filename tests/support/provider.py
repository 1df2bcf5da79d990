"""A fake OpenID Connect provider in the process: real keys and real tokens, and one thing wrong at a time."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://id.example"
CLIENT = "markaz"


@dataclass
class FakeProvider:
    """Answers discovery, keys and tokens. `claims` go into the next ID token; `forge` may replace the token."""

    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    published: RSAKey | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    token: str | None = None
    is_away: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    challenge: str = ""

    def transport(self) -> httpx.MockTransport:
        """Return what speaks for the provider."""
        return httpx.MockTransport(self._answer)

    def went(self, location: str) -> dict[str, str]:
        """Note where a browser was sent, and return the question it brought."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        self.challenge = query["code_challenge"]
        self.claims.setdefault("nonce", query["nonce"])
        return query

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("away")
        match request.url.path:
            case "/.well-known/openid-configuration":
                found = {
                    "issuer": ISSUER,
                    "authorization_endpoint": f"{ISSUER}/auth",
                    "token_endpoint": f"{ISSUER}/token",
                    "jwks_uri": f"{ISSUER}/jwks",
                }
                return httpx.Response(200, json=found | self.metadata)
            case "/jwks":
                return httpx.Response(200, json={"keys": [(self.published or self.key).as_dict(private=False)]})
            case "/token":
                form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
                self.asked.append(form)
                proof = urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
                if proof != self.challenge or form["code"] != "right-code":
                    return httpx.Response(400, json={"error": "invalid_grant"})
                return httpx.Response(200, json={"id_token": self.token or self.sign(), "token_type": "Bearer"})
        return httpx.Response(404, json={})

    def sign(self) -> str:
        """Return a token with the claims and header of now."""
        return jwt.encode(self.header, self.claims, self.key)

    def unsigned(self) -> str:
        """Return the claims under alg=none."""
        return ".".join([_part({"alg": "none"}), _part(self.claims), ""])

    def signed_with_the_public_key(self) -> str:
        """Return the claims under HS256, with the published key as the shared secret: the classic confusion."""
        text = ".".join([_part({"alg": "HS256", "kid": "one"}), _part(self.claims)])
        mac = hmac.digest(self.key.as_pem(private=False), text.encode(), "sha256")
        return f"{text}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _part(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
