"""Who has seen a ticket, over HTTP on a real desk; and a log that is not whole says where."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from core.store.loop_tables import AccessRow
from tests.agent_console.real_work import Site
from tests.core.people.ledger import last, write


@pytest.mark.parametrize("who", ["auditor", "supervisor"])
async def test_who_read_a_ticket_is_told_line_by_line(site: Site, who: str) -> None:
    number = await site.city.registers()
    await site.ask("dispatcher", "GET", f"/tickets/{number}")
    await site.ask("unit", "GET", f"/tickets/{number}")
    seen = (await site.ask(who, "GET", f"/audit/tickets/{number}")).json()
    assert [(line["actor"], line["act"], line["error_id"]) for line in seen] == [
        ("1001", "register", ""),
        ("dispatcher", "read", ""),
        ("unit", "read", "not_found"),
    ]
    page = f"/audit/tickets/{number}?after={seen[1]['seq']}"
    rest = (await site.ask(who, "GET", page)).json()
    assert [line["act"] for line in rest] == ["read", "who_saw"]


async def test_the_log_is_whole_until_a_line_is_changed(site: Site) -> None:
    await site.city.registers()
    verdict = (await site.ask("auditor", "GET", "/audit/verdict")).json()
    assert (verdict["rows"], verdict["broken_at"], verdict["why"]) == (2, None, None)

    def tamper(session: Session) -> None:
        session.get_one(AccessRow, 1).actor = "somebody"

    await write(site.desk, tamper)
    verdict = (await site.ask("auditor", "GET", "/audit/verdict")).json()
    assert (verdict["rows"], verdict["broken_at"], verdict["why"]) == (0, 1, "row")


@pytest.mark.parametrize("who", ["agent", "dispatcher", "authority", "unit_head", "admin"])
async def test_the_log_is_closed_to_everybody_else_and_trying_is_on_record(
    site: Site, who: str
) -> None:
    number = await site.city.registers()
    for path, act, subject in (
        (f"/audit/tickets/{number}", "who_saw", number),
        ("/audit/verdict", "verify_log", ""),
    ):
        refused = await site.ask(who, "GET", path)
        assert (refused.status_code, refused.json()["error_id"]) == (403, "access_log_closed")
        assert await last(site.desk) == (who, act, subject, "refused", "access_log_closed")


async def test_another_countys_head_learns_nothing_of_a_ticket(site: Site) -> None:
    number = await site.city.registers()
    refused = await site.ask("fengnan_head", "GET", f"/audit/tickets/{number}")
    assert (refused.status_code, refused.json()["error_id"]) == (404, "not_found")
    assert await last(site.desk) == ("fengnan_head", "who_saw", number, "refused", "not_found")


@pytest.mark.parametrize("after", ["-1", "x", str(2**31), "1" * 400])
async def test_a_line_that_is_none_is_invalid(site: Site, after: str) -> None:
    wrong = await site.ask("auditor", "GET", f"/audit/tickets/TS1?after={after}")
    assert (wrong.status_code, wrong.json()["error_id"]) == (422, "invalid")
