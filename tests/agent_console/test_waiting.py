"""What waits for a decision, over HTTP."""

from __future__ import annotations

import pytest

from core.loop.states import Act
from tests.agent_console.real_work import HANDLES, Site
from tests.core.loop.city import unit

WHY = {"reason": "complex", "words": "需要开挖路面", "workdays": 2}


async def test_a_request_is_listed_until_it_is_decided(site: Site) -> None:
    number = await site.city.signed()
    await site.city.does(unit(HANDLES), number, Act.ASK_POSTPONEMENT, **WHY)
    shown = await site.ask("dispatcher", "GET", "/waiting")
    assert shown.status_code == 200
    (line,) = shown.json()["lines"]
    assert (line["number"], line["kind"], line["unit"]) == (number, "postponement", HANDLES)
    assert "开挖" not in shown.text
    assert (await site.ask("unit", "GET", "/waiting")).json() == shown.json()
    assert (await site.ask("housing_head", "GET", "/waiting")).json()["lines"] == []
    assert (await site.ask("fengnan_head", "GET", "/waiting")).json()["lines"] == []
    detail = (await site.ask("dispatcher", "GET", f"/tickets/{number}")).json()
    assert detail["waiting"] == [line]
    decide = f"/tickets/{number}/acts/decide_postponement"
    await site.ask("dispatcher", "POST", decide, granted=False)
    assert (await site.ask("dispatcher", "GET", "/waiting")).json()["lines"] == []


async def test_pages_follow_each_other(site: Site) -> None:
    numbers = [await site.city.signed() for _ in range(3)]
    for number in numbers:
        await site.city.does(unit(HANDLES), number, Act.ASK_POSTPONEMENT, **WHY)
    first = (await site.ask("supervisor", "GET", "/waiting?limit=2")).json()
    rest = (await site.ask("supervisor", "GET", f"/waiting?after={first['after']}")).json()
    assert [one["number"] for one in first["lines"] + rest["lines"]] == numbers
    assert rest["after"] is None


@pytest.mark.parametrize("who", ["agent", "auditor", "admin"])
async def test_whoever_decides_nothing_gets_no_list(site: Site, who: str) -> None:
    refused = await site.ask(who, "GET", "/waiting")
    assert (refused.status_code, refused.json()["error_id"]) == (403, "act_forbidden")


@pytest.mark.parametrize("asked", ["after=x", "limit=0", "limit=101"])
async def test_what_is_out_of_form_is_refused(site: Site, asked: str) -> None:
    assert (await site.ask("supervisor", "GET", f"/waiting?{asked}")).status_code == 422
