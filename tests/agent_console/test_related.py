"""What belongs to a ticket, over HTTP on a real desk: repeats, parts, what hangs on it."""

from __future__ import annotations

import pytest

from core.loop.states import Act
from tests.agent_console.real_work import Site
from tests.core.loop.city import AGENT, DISPATCHER, SUPERVISOR
from tests.core.people.ledger import last


async def children(site: Site, who: str, number: str) -> list[str]:
    found: list[str] = (await site.ask(who, "GET", f"/tickets/{number}")).json()["children"]
    return found


async def test_a_repeat_is_proposed_merged_and_shown_at_its_main_ticket(site: Site) -> None:
    main, again = await site.city.dispatched(), await site.city.registers()
    proposals = (await site.ask("agent", "GET", f"/tickets/{again}/repeats")).json()
    assert [(one["kind"], one["number"]) for one in proposals] == [("repeat", main)]
    assert await children(site, "agent", main) == []
    merged = await site.ask("agent", "POST", f"/tickets/{again}/acts/merge", into=main)
    assert (merged.json()["parent"], merged.json()["children"]) == (main, [])
    assert await children(site, "dispatcher", main) == [again]
    assert await children(site, "unit_head", main) == []  # it has a part in the main one only
    await site.ask("agent", "POST", f"/tickets/{again}/acts/release", words="另一件事")
    assert await children(site, "dispatcher", main) == []


async def test_what_was_split_off_is_shown_as_far_as_the_viewer_sees_it(site: Site) -> None:
    number = await site.city.registers()
    parts = [{"title": "井盖"}, {"title": "噪声"}]
    split = await site.ask("agent", "POST", f"/tickets/{number}/acts/split", parts=parts)
    first, second = split.json()["children"]
    assert await children(site, "supervisor", number) == [first, second]
    await site.city.does(SUPERVISOR, second, Act.SET_SECRECY, level=2)
    await site.city.does(AGENT, number, Act.SPLIT, parts=[{"title": "停水"}])
    assert await children(site, "supervisor", number) == sorted([first, second, second[:-1] + "4"])
    assert second not in await children(site, "spare", number)
    assert (await site.ask("spare", "GET", f"/tickets/{second}")).status_code == 404


@pytest.mark.parametrize("who", ["unit", "authority", "auditor"])
async def test_repeats_are_told_to_those_who_merge(site: Site, who: str) -> None:
    number = await site.city.signed()
    refused = await site.ask(who, "GET", f"/tickets/{number}/repeats")
    assert (refused.status_code, refused.json()["error_id"]) == (403, "act_forbidden")
    assert await last(site.desk) == (who, "repeats", number, "refused", "act_forbidden")


async def test_the_parts_of_units_are_shown_to_whoever_sees_the_ticket(site: Site) -> None:
    number = await site.city.signed()
    await site.city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    for who in ("dispatcher", "unit", "housing_head"):
        shown = (await site.ask(who, "GET", f"/tickets/{number}/parts")).json()
        assert [(one["unit"], one["part"], one["state"]) for one in shown] == [
            ("city_management", "main", "signed"),
            ("housing", "assist", "open"),
        ]
    assert await last(site.desk) == ("housing_head", "parts", number, "done", "")


@pytest.mark.parametrize("path", ["repeats", "parts"])
async def test_another_countys_ticket_does_not_exist(site: Site, path: str) -> None:
    number = await site.city.signed()
    refused = await site.ask("fengnan_head", "GET", f"/tickets/{number}/{path}")
    assert (refused.status_code, refused.json()["error_id"]) == (404, "not_found")
    assert await last(site.desk) == ("fengnan_head", path, number, "refused", "not_found")
