"""The one error shape, as every refusal must have it."""

import httpx


def assert_refused(response: httpx.Response, status: int, field: str | None) -> None:
    """Assert a refusal with this status, naming this field (None: any), that echoes nothing."""
    assert response.status_code == status, response.text[:500]
    error = response.json()
    assert set(error) == {"code", "message", "details", "request_id"}
    assert error["request_id"] == response.headers["x-request-id"]
    assert len(response.content) < 5_000, "the error gives back what was sent"
    if field is not None:
        assert error["details"]["field"] == field, error
