"""The one root of expected errors: each class carries its HTTP status and its code.

The web floor turns any of them into the one error shape `{code, message, details, request_id}`.
A message says what to do next and never holds a secret or a person's data.
"""

from typing import Any, ClassVar


class MarkazError(Exception):
    """Root of every expected error. `details` is JSON-ready and free of personal data."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidInput(MarkazError):
    """A field is wrong; `details.field` names it."""

    status = 422
    code = "invalid_input"


class StageOrder(InvalidInput):
    """A stage was reported out of its order, or before the one it follows."""

    code = "stage_order"


class IdempotencyMismatch(MarkazError):
    """The same idempotency key came with another body."""

    status = 422
    code = "idempotency_mismatch"


class NotSignedIn(MarkazError):
    """No valid session or service key."""

    status = 401
    code = "not_signed_in"


class Forbidden(MarkazError):
    """The actor lacks the permission, there or at all."""

    status = 403
    code = "forbidden"


class NotFound(MarkazError):
    """There is no such record, or the actor may not know that there is."""

    status = 404
    code = "not_found"


class VersionConflict(MarkazError):
    """Somebody else changed the record first; details name who, when and what."""

    status = 409
    code = "version_conflict"


class NotPossibleNow(MarkazError):
    """The record is in a state in which this cannot be done."""

    status = 409
    code = "not_possible_now"


class CursorTooOld(MarkazError):
    """The stream cannot resume from there: take a new snapshot."""

    status = 410
    code = "cursor_too_old"


class TooLarge(MarkazError):
    """The request body is over the limit."""

    status = 413
    code = "too_large"


class RateLimited(MarkazError):
    """Too many requests; `details.retry_after_s` says when to try again."""

    status = 429
    code = "rate_limited"


class Unavailable(MarkazError):
    """The database is away or full; nothing was written, the same request may be sent again."""

    status = 503
    code = "unavailable"
