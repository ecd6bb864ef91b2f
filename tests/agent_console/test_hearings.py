"""A confidential recording over HTTP, on a real desk: asked for, approved by another, heard."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.loop.states import Act
from tests.agent_console.real_work import Site
from tests.core.loop.city import SUPERVISOR
from tests.core.people.ledger import last

WHY = {"words": "核对地址"}


async def secret(site: Site, level: int = 1) -> str:
    number = await site.city.registers()
    await site.city.does(SUPERVISOR, number, Act.SET_SECRECY, level=level)
    return f"/tickets/{number}/hearings"


async def test_a_request_is_made_and_granted_for_a_while(site: Site) -> None:
    hearings = await secret(site)
    asked = await site.ask("agent", "POST", hearings, **WHY)
    assert (asked.status_code, asked.json()["state"]) == (201, "open")
    yes = {"asked_by": "agent", "granted": True}
    granted = await site.ask("supervisor", "POST", f"{hearings}/decision", **yes)
    assert (granted.status_code, granted.json()["state"]) == (200, "granted")
    until = datetime.fromisoformat(granted.json()["until"])
    assert site.clock.now() < until < site.clock.now() + timedelta(days=7)
    own = (await site.ask("agent", "GET", hearings)).json()
    assert own == [granted.json()]
    assert own[0]["words"] == WHY["words"]
    assert (await site.ask("dispatcher", "GET", hearings)).json() == []


@pytest.mark.parametrize("who", ["dispatcher", "authority", "auditor"])
async def test_who_has_no_telephone_asks_for_no_recording(site: Site, who: str) -> None:
    hearings = await secret(site)
    number = hearings.split("/")[2]
    refused = await site.ask(who, "POST", hearings, **WHY)
    assert (refused.status_code, refused.json()["error_id"]) == (403, "act_forbidden")
    assert await last(site.desk) == (who, "ask_recording", number, "refused", "act_forbidden")


async def test_another_head_decides_and_nobody_else(site: Site) -> None:
    hearings = await secret(site)
    number = hearings.split("/")[2]
    await site.ask("supervisor", "POST", hearings, **WHY)
    for who, error_id in (
        ("agent", "act_forbidden"),
        ("authority", "act_forbidden"),
        ("supervisor", "own_request"),
    ):
        yes = {"asked_by": "supervisor", "granted": True}
        refused = await site.ask(who, "POST", f"{hearings}/decision", **yes)
        assert (refused.status_code, refused.json()["error_id"]) == (403, error_id)
        assert await last(site.desk) == (who, "decide_recording", number, "refused", error_id)


async def test_another_countys_head_neither_asks_nor_reads_nor_decides(site: Site) -> None:
    hearings = await secret(site)
    yes = {"asked_by": "agent", "granted": True}
    for refused in (
        await site.ask("fengnan_head", "POST", hearings, **WHY),
        await site.ask("fengnan_head", "GET", hearings),
        await site.ask("fengnan_head", "POST", f"{hearings}/decision", **yes),
    ):
        assert (refused.status_code, refused.json()["error_id"]) == (404, "not_found")
        assert (await last(site.desk))[3:] == ("refused", "not_found")


async def test_what_was_asked_before_or_never_is_told(site: Site) -> None:
    hearings = await secret(site)
    await site.ask("agent", "POST", hearings, **WHY)
    again = await site.ask("agent", "POST", hearings, **WHY)
    assert (again.status_code, again.json()["error_id"]) == (409, "asked_already")
    yes = {"asked_by": "spare", "granted": True}
    nothing = await site.ask("supervisor", "POST", f"{hearings}/decision", **yes)
    assert (nothing.status_code, nothing.json()["error_id"]) == (409, "nothing_asked")


async def test_of_a_state_secret_nothing_is_asked_in_words(site: Site) -> None:
    hearings = await secret(site, level=3)
    refused = await site.ask("supervisor", "POST", hearings, **WHY)
    assert (refused.status_code, refused.json()["error_id"]) == (422, "secret_content")
    assert (await site.ask("supervisor", "GET", hearings)).json() == []


async def test_of_what_was_lawfully_deleted_nothing_is_asked_either(site: Site) -> None:
    number = await site.city.archived()
    await site.city.does(SUPERVISOR, number, Act.ERASE, ground="ordered")
    refused = await site.ask("agent", "POST", f"/tickets/{number}/hearings", **WHY)
    assert (refused.status_code, refused.json()["error_id"]) == (410, "record_erased")
