"""The cookies of the sign-in: their names, flags and lives, in one place.

All are HttpOnly and for this host only; behind TLS they are Secure and carry the prefix `__Host-`, which no other host and
no page in clear can plant (RFC 6265bis, 4.1.3.2). They are SameSite=Strict, but for the step that waits for the return from
the identity provider: that return comes from another site, so it is Lax and lives for minutes.
"""

from datetime import timedelta

from fastapi import Request as HttpRequest
from fastapi import Response

from markaz.core.identity.guessing import BROWSER_LIFE
from markaz.core.identity.sessions import LATE_AGE_MOST, coarse_agent
from markaz.core.identity.signing_in import Opened, Visitor
from markaz.core.identity.steps import STEP_LIFE, StepKind
from markaz.core.settings import Settings

SESSION_COOKIE = "markaz_session"
# Cookies know no port (RFC 6265, 8.5): a training desk beside the live one must not take its place in the browser.
TRAINING_COOKIE = "markaz_training_session"
_TOKEN_CHARS = 43  # 32 bytes in base64url


class Cookies:
    """Names, sets and reads the cookies of one centre."""

    def __init__(self, settings: Settings) -> None:
        self._is_secure = settings.cookies_are_secure
        prefix = "__Host-" if self._is_secure else ""
        self.session = prefix + (TRAINING_COOKIE if settings.training else SESSION_COOKIE)
        self._base = prefix + ("markaz_training" if settings.training else "markaz")
        self.late = self._base + "_late"

    def step_name(self, kind: StepKind) -> str:
        """Return the name of the cookie of a step of one kind."""
        return f"{self._base}_step_{kind.value}"

    def visitor(self, http: HttpRequest) -> Visitor:
        """Return where a request comes from."""
        token = http.cookies.get(self._base + "_browser", "")
        return Visitor(
            address=http.client.host if http.client else "unknown",
            browser=token if len(token) == _TOKEN_CHARS else None,
            agent=coarse_agent(http.headers.get("user-agent", "")),
        )

    def give_session(self, response: Response, token: str, life: timedelta) -> None:
        """Set the session."""
        self._give(response, self.session, token, life)

    def take_session(self, response: Response) -> None:
        """Forget the session in the browser, and what it could still do after its end."""
        for name in (self.session, self.late):
            response.delete_cookie(name, secure=self._is_secure, httponly=True, samesite="strict")

    def give_late(self, response: Response, token: str) -> None:
        """Let a crew's phone bring its session also after its end; what it is then good for, the guard says."""
        self._give(response, self.late, token, LATE_AGE_MOST)

    def give_opened(self, response: Response, opened: Opened, life: timedelta) -> None:
        """Set a new session and the mark by which this browser is known."""
        self.give_session(response, opened.session.token, life)
        self._give(response, self._base + "_browser", opened.browser, BROWSER_LIFE)

    def give_step(self, response: Response, kind: StepKind, text: str, life: timedelta = STEP_LIFE) -> None:
        """Set a step."""
        self._give(response, self.step_name(kind), text, life, is_lax=kind is StepKind.PROVIDER)

    def step(self, http: HttpRequest, kind: StepKind) -> str | None:
        """Return the step that this browser brings back."""
        return http.cookies.get(self.step_name(kind))

    def take_step(self, response: Response, kind: StepKind) -> None:
        """Forget a step in the browser."""
        response.delete_cookie(self.step_name(kind), secure=self._is_secure, httponly=True, samesite="strict")

    def _give(self, response: Response, name: str, value: str, life: timedelta, *, is_lax: bool = False) -> None:
        response.set_cookie(
            name,
            value,
            max_age=int(life.total_seconds()),
            httponly=True,
            samesite="lax" if is_lax else "strict",
            secure=self._is_secure,
        )
