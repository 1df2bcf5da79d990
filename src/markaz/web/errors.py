"""One error shape for the whole API: {code, message, details, request_id}. What was sent in is never echoed back."""

import logging
from typing import Any

from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from markaz.core.errors import MarkazError, RateLimited, Unavailable
from markaz.web.middleware import SECURITY_HEADERS

log = logging.getLogger(__name__)

PROBLEMS_SHOWN = 20
PROBLEM_MAX = FIELD_MAX = 200  # characters
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
ERROR_SCHEMA = {
    "type": "object",
    "required": ["code", "message", "details", "request_id"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string", "description": "What is wrong and what to do next, in English."},
        "details": {"type": "object"},
        "request_id": {"type": "string"},
    },
}


def install(app: FastAPI) -> None:
    """Let `app` answer every error in the one shape."""
    app.add_exception_handler(MarkazError, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, unexpected)


def answer(http: HttpRequest, status: int, code: str, message: str, details: Any = None) -> JSONResponse:
    """Return one error response."""
    request_id = getattr(http.state, "request_id", "")
    body = {"code": code, "message": message, "details": details or {}, "request_id": request_id}
    return JSONResponse(body, status_code=status)


async def _expected(http: HttpRequest, error: Exception) -> JSONResponse:
    assert isinstance(error, MarkazError)
    response = answer(http, error.status, error.code, error.message, error.details)
    if isinstance(error, RateLimited):
        response.headers["retry-after"] = str(max(1, round(error.details.get("retry_after_s", 1))))
    if isinstance(error, Unavailable):
        response.headers["retry-after"] = "1"
        log.warning("unavailable: %s", error.message, exc_info=error.__cause__)
    return response


async def _invalid(http: HttpRequest, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = [
        {"field": _field(problem), "problem": problem["msg"][:PROBLEM_MAX]}
        for problem in error.errors()[:PROBLEMS_SHOWN]
    ]
    first = problems[0] if problems else {"field": "body", "problem": "not valid"}
    message = f"{first['field']}: {first['problem']}"
    return answer(http, 422, "invalid_input", message, {"field": first["field"], "problems": problems})


def _field(problem: dict[str, Any]) -> str:
    """Return the path of the wrong field; the name of an unknown one is the client's, so it is cut."""
    where, *inside = problem["loc"]
    if problem["type"] == "json_invalid":  # then `inside` is only the position in the text
        return str(where)
    return (".".join(str(part) for part in inside) or str(where))[:FIELD_MAX]


async def _http(http: HttpRequest, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # the framework's word for a body that is no text, too deep or otherwise no JSON
        return answer(http, 422, "invalid_input", "body: it cannot be read as JSON", {"field": "body"})
    response = answer(http, error.status_code, _CODES.get(error.status_code, "http_error"), str(error.detail))
    response.headers.update(error.headers or {})
    if error.status_code == 405:
        # The framework names the methods of one route only, and an address may have several (RFC 9110, 10.2.1).
        response.headers["allow"] = ", ".join(sorted(_methods_at(http.app, http.url.path)))
    return response


def _methods_at(app: FastAPI, path: str) -> set[str]:
    """Return every method that this address has."""
    if not hasattr(app.state, "methods"):
        app.state.methods = [
            (compile_path(template)[0], frozenset(getattr(route, "methods", None) or ()))
            for route in iter_route_contexts(app.routes)
            if (template := route.path)
        ]
    return {method for pattern, methods in app.state.methods if pattern.match(path) for method in methods}


async def unexpected(http: HttpRequest, error: Exception) -> JSONResponse:
    """Answer a fault of ours: the log has the trace, the client the id to ask with."""
    request_id = getattr(http.state, "request_id", "")
    log.error("unexpected error", exc_info=error, extra={"request_id": request_id})
    message = "Something went wrong on our side: tell the administrator the request id."
    response = answer(http, 500, "internal", message)
    # The framework sends this answer past the edge, so it gets here what every other answer gets there.
    response.raw_headers += [*SECURITY_HEADERS, (b"x-request-id", request_id.encode())]
    return response
