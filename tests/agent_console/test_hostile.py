"""Bodies that mean harm: whatever an office is sent, the answer is an error of ours, and small."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from agent_console.openapi import document
from tests.agent_console.real_work import Site

OFFICES = ("/api/meetings", "/api/measures", "/api/accounts", "/api/tickets/{number}/hearings")
JSON = {"Content-Type": "application/json"}
SCHEMAS = document()["components"]["schemas"]


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, address and form of every operation of an office that takes a body."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            if path.startswith(OFFICES) and "requestBody" in operation:
                told = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                yield method, path, SCHEMAS[told.rpartition("/")[2]]


def address(path: str) -> str:
    path = path.removeprefix("/api").replace("{number}", "TS1").replace("{agent}", "spare")
    return path.replace("{meeting}", "1").replace("{measure}", "1")


def bodies(form: dict[str, Any]) -> Iterator[bytes]:
    """No JSON; no object; every field of a wrong type, with a NUL, without a bottom, too long."""
    yield b""
    yield b"\xff\xfe{"
    yield b"[]"
    yield b"null"
    yield b"{}"
    yield b'{"a":' * 10_000
    for hostile in (None, [[]], {"a": {}}, 10**400, "a\x00b", ["a\x00b"], "\ud800", "x" * 9000):
        filled = dict.fromkeys(form["properties"], hostile)
        yield json.dumps(filled).encode()
    yield json.dumps(dict.fromkeys(form["properties"], "x") | {"more": 1}).encode()


@pytest.mark.parametrize(("method", "path", "form"), [*operations()])
async def test_a_hostile_body_is_refused_in_the_common_form(
    site: Site, method: str, path: str, form: dict[str, Any]
) -> None:
    who = "admin" if "/accounts" in path else "supervisor"
    for body in bodies(form):
        answer = await site.sends(who, method, address(path), content=body, headers=JSON)
        assert answer.status_code in (413, 422), body[:80]
        assert answer.json()["error_id"] in ("invalid", "account_invalid", "body_too_big")
        assert len(answer.content) < 20_000


@pytest.mark.parametrize(("method", "path", "form"), [*operations()])
async def test_five_megabytes_are_too_many(
    site: Site, method: str, path: str, form: dict[str, Any]
) -> None:
    big = json.dumps(dict.fromkeys(form["properties"], "x" * 5_000_000)).encode()
    answer = await site.sends("admin", method, address(path), content=big, headers=JSON)
    assert (answer.status_code, answer.json()["error_id"]) == (413, "body_too_big")
