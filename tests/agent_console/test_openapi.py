"""The published document is true: whatever may be sent, what is answered is what it says.

schemathesis makes requests from the document - fitting ones, and ones that just do not fit - for
the real application on a real desk and a real database.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from zlib import crc32

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from agent_console.openapi import document
from core.loop.states import Act
from core.pack import load_pack
from core.policy import load_policies
from tests.agent_console.real_work import Site, open_site
from tests.core.conftest import ROOT
from tests.core.loop.city import AGENT, SUPERVISOR
from tests.core.policy.packs import SHIPPED

DOCUMENT = document()
ACTS = "/acts/"
# Who mostly asks an office, by a part of its addresses, and what there is to be asked about.
OFFICES = {
    "/hearings": ("agent", "second_head", "supervisor"),
    "/meetings": ("authority", "supervisor"),
    "/measures": ("agent", "second_head", "supervisor"),
    "/accounts": ("admin",),
    "/audit": ("auditor", "supervisor"),
    "/rates": ("government", "supervisor", "unit_head"),
}
THERE_IS = {"meeting": 1, "measure": 1, "agent": "spare"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


class Late:
    """The tests' names are known before there is an application to ask."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


served = Late()
api = schemathesis.openapi.from_dict(DOCUMENT)
api.app = served


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    url = f"sqlite:///{tmp_path_factory.mktemp('openapi') / 'hotline.db'}"
    pack = load_pack(SHIPPED)
    opening = open_site(url, load_policies(SHIPPED, pack))
    site = runner.run(opening.__aenter__())
    runner.run(something_to_ask_about(site))
    served.app = site.app
    yield site
    runner.run(opening.__aexit__(None, None, None))


async def something_to_ask_about(site: Site) -> None:
    """A meeting and a measure; the accounts are there."""
    number = await site.city.signed()
    form = {"numbers": [number], "units": ["housing"], "planned_at": "2026-01-12T12:00:00+08:00"}
    await site.desk.offices.meetings.call(SUPERVISOR, form)
    await site.city.talk("c1", "15400000007", said="一直辱骂座席不说诉求")
    about = ("15400000007", "persuade", "harassment", "多次辱骂座席", ("c1",))
    await site.desk.offices.abuse.propose(AGENT, *about)


def chosen(case: schemathesis.Case) -> int:
    """A number that follows from the case, so that a failure comes again."""
    parts = (case.method, case.path, case.path_parameters, case.query, case.body)
    return crc32(repr(parts).encode(errors="replace"))


@api.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_what_is_answered_is_what_the_document_says(
    case: schemathesis.Case, site: Site, runner: asyncio.Runner
) -> None:
    for token, ticket in asking(case, site, runner):
        if ticket is not None:
            case.path_parameters["number"] = ticket
        answer = case.call(headers={"Authorization": f"Bearer {token}"})
        case.validate_response(answer, checks=CHECKS)
        if ticket is not None:
            runner.run(site.look(ticket))


def asking(
    case: schemathesis.Case, site: Site, runner: asyncio.Runner
) -> Iterator[tuple[str, str | None]]:
    """Whose token, and about which ticket; None leaves the case as it is.

    Mostly somebody who may, about a ticket to which it can be done.
    """
    number, people = chosen(case), sorted(site.tokens)
    if case.method == "DELETE":
        yield "nobody's", None  # or everybody would be logged out
    elif ACTS in case.path:
        act = Act(case.path.rpartition("/")[2])
        anybody = site.tokens[people[number % len(people)]]
        ticket = runner.run(site.ticket_for(act)) if number % 3 else None
        yield site.token_for(act) if number % 8 else anybody, ticket
    elif office := next((who for part, who in OFFICES.items() if part in case.path), None):
        case.path_parameters |= {
            key: known
            for key, known in THERE_IS.items()
            if f"{{{key}}}" in case.path and number % 8
        }
        who = office[number % len(office)] if number % 4 else people[number % len(people)]
        about_one = "{number}" in case.path and number % 3
        yield site.tokens[who], runner.run(site.ticket_for(Act.SIGN)) if about_one else None
    elif "number" in (case.path_parameters or {}) and number % 3:
        yield site.tokens[people[number % len(people)]], runner.run(site.ticket_for(Act.SIGN))
    elif case.path_parameters or case.query or case.body:
        yield site.tokens[people[number % len(people)]], None
    else:
        yield from ((token, None) for token in site.tokens.values())


def operations() -> list[tuple[str, str]]:
    """Method and path of everything that is behind the log-in."""
    return [
        (method.upper(), path)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        if operation.get("security")
    ]


async def test_nothing_is_told_to_whoever_is_not_logged_in(site: Site) -> None:
    transport = httpx.ASGITransport(site.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
        for method, path in operations():
            address = path.replace("{number}", "T1").replace("{leg}", "caller")
            address = address.replace("{call_id}", "c").replace("{field}", "title")
            for key, known in THERE_IS.items():
                address = address.replace(f"{{{key}}}", str(known))
            for headers in ({}, {"Authorization": "Bearer x"}, {"Cookie": "hotline_session=x"}):
                if method == "DELETE" and headers:
                    continue  # a session that is none is over already
                answer = await client.request(method, address, headers=headers, json={})
                assert answer.status_code == 401, (method, path)
                assert answer.json()["error_id"] in ("token_missing", "not_logged_in")


def test_all_is_behind_the_log_in_but_what_has_to_be_open() -> None:
    guarded = {path for _, path in operations()}
    assert DOCUMENT["paths"].keys() - guarded == {
        "/api/health/live",
        "/api/health/ready",
        "/api/schemas",
    }
    assert "security" not in DOCUMENT["paths"]["/api/sessions"]["post"]


def test_the_published_document_is_in_step_with_the_code() -> None:
    """To renew it: ``python -m agent_console.openapi > docs/openapi.json``."""
    published = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    in_step = json.loads(published) == json.loads(json.dumps(DOCUMENT))
    # Not compared in the assertion: the difference of two such documents buries the report.
    assert in_step, "python -m agent_console.openapi > docs/openapi.json"
