"""Every error leaves in one form: ``{error_id, message, details}`` with its status."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_jsonable_python
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from core.errors import HotlineError, Invalid, NotFound

STATUS_IDS = {405: "method_not_allowed"}


def as_json(error: HotlineError) -> dict[str, Any]:
    """``HotlineError.as_dict`` with nothing in it that JSON has no word for."""
    body: dict[str, Any] = to_jsonable_python(error.as_dict(), fallback=str)
    return body


def answer(error: HotlineError) -> Response:
    """The HTTP answer for an error; also refuses a WebSocket before it is accepted."""
    body = as_json(error)
    wait = body["details"].get("retry_after_seconds")
    headers = {"Retry-After": str(wait)} if wait is not None else {}
    return JSONResponse(body, error.status, headers)


async def _hotline(_: Request, error: Exception) -> Response:
    assert isinstance(error, HotlineError)
    return answer(error)


async def _invalid(_: Request, error: Exception) -> Response:
    """Where it is wrong and how, but never the value: it may be a password or a caller's words."""
    assert isinstance(error, RequestValidationError)
    places = [
        {"place": ".".join(map(str, wrong["loc"])), "reason": wrong["type"]}
        for wrong in error.errors()
    ]
    return answer(Invalid("the request does not have the agreed form", places=places))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == NotFound.status:
        return answer(NotFound("there is nothing here"))
    if error.status_code == 400:  # a body that cannot even be read; one status for what is invalid
        return answer(Invalid("the body cannot be read"))
    error_id = STATUS_IDS.get(error.status_code, "refused")
    body = {"error_id": error_id, "message": error_id, "details": {}}
    return JSONResponse(body, error.status_code, error.headers)


async def _bug(_: Request, __: Exception) -> Response:
    """Starlette logs the traceback after this; the outside only learns that it was us."""
    return answer(HotlineError())


def install(app: FastAPI) -> None:
    app.add_exception_handler(HotlineError, _hotline)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)
