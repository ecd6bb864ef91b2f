"""The figures of a period over HTTP, on a real desk: to the heads, each his own."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from sqlmodel import Session

from core.store.tables import CallRow
from tests.agent_console.real_work import Site
from tests.core.loop.city import at
from tests.core.people.ledger import last, write

WEEK = {"start": "2026-01-12T00:00:00+08:00", "end": "2026-01-20T00:00:00+08:00"}
NONE = {"part": 0, "whole": 0}


def asked(path: str = "/rates", **query: str) -> str:
    return f"{path}?{urlencode(WEEK | query)}"


async def a_weeks_work(site: Site) -> None:
    """One ticket handled and rated well, one that nobody touches."""
    await site.city.dispatched()
    await site.city.archived()
    await site.it_is("2026-01-20 09:00")


@pytest.mark.parametrize("who", ["supervisor", "authority", "government"])
async def test_the_heads_get_the_citys_figures(site: Site, who: str) -> None:
    await a_weeks_work(site)
    answer = await site.ask(who, "GET", asked())
    assert answer.json() == {
        "": {
            "response": {"part": 1, "whole": 1},
            "solution": {"part": 1, "whole": 1},
            "satisfaction": {"part": 1, "whole": 1},
            "rating": {"part": 1, "whole": 1},
            "signed_in_time": {"part": 1, "whole": 2},
            "handled_in_time": {"part": 1, "whole": 2},
            "left_out": {},
        }
    }
    assert await last(site.desk) == (who, "read_rates", "", "done", "")
    by_county = (await site.ask(who, "GET", asked(by="county"))).json()
    assert list(by_county) == ["130203"]


async def test_a_units_head_gets_his_own_units(site: Site) -> None:
    await a_weeks_work(site)
    own = (await site.ask("unit_head", "GET", asked(by="unit"))).json()
    assert list(own) == ["city_management"]
    assert own["city_management"]["handled_in_time"] == {"part": 1, "whole": 2}
    other = (await site.ask("housing_head", "GET", asked())).json()
    assert other[""]["handled_in_time"] == NONE


async def test_a_countys_head_gets_his_own_countys(site: Site) -> None:
    await a_weeks_work(site)
    figures = (await site.ask("fengnan_head", "GET", asked())).json()
    assert figures[""]["satisfaction"] == figures[""]["signed_in_time"] == NONE


async def test_what_was_left_out_is_counted_by_its_reason(site: Site) -> None:
    number = await site.city.registers()
    await site.ask("agent", "POST", f"/tickets/{number}/acts/refuse", ground="litigation")
    await site.ask("dispatcher", "POST", f"/tickets/{number}/acts/exempt", reason="refused")
    figures = (await site.ask("supervisor", "GET", asked())).json()
    assert figures[""]["left_out"] == {"refused": 1}


async def test_the_agents_ratings_are_the_whole_citys(site: Site) -> None:
    def talks(session: Session) -> None:
        for ident, key in (("c1", "1"), ("c2", "1"), ("c3", "3")):
            moment = at("2026-01-13 10:00")
            session.add(
                CallRow(id=ident, state="ended", agent="1001", rating=key, arrived_at=moment)
            )

    await write(site.desk, talks)
    answer = await site.ask("supervisor", "GET", asked("/rates/agents"))
    assert answer.json() == {"1001": {"1": 2, "3": 1}}
    assert await last(site.desk) == ("supervisor", "read_agents_ratings", "", "done", "")


@pytest.mark.parametrize(
    ("who", "path", "act"),
    [
        *((who, "/rates", "read_rates") for who in ("agent", "dispatcher", "unit", "auditor")),
        ("admin", "/rates", "read_rates"),
        ("unit_head", "/rates/agents", "read_agents_ratings"),
        ("agent", "/rates/agents", "read_agents_ratings"),
        ("fengnan_head", "/rates/agents", "read_agents_ratings"),  # a call has no county
    ],
)
async def test_nobody_else_gets_any_and_trying_is_on_record(
    site: Site, who: str, path: str, act: str
) -> None:
    refused = await site.ask(who, "GET", asked(path))
    assert (refused.status_code, refused.json()["error_id"]) == (403, "act_forbidden")
    assert await last(site.desk) == (who, act, "", "refused", "act_forbidden")


@pytest.mark.parametrize(
    ("query", "error_id"),
    [
        ({"end": WEEK["start"]}, "period_invalid"),
        ({"start": "2026-01-12T00:00:00"}, "invalid"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "invalid"),
        ({"end": "9999-12-31T23:59:59-14:00"}, "invalid"),
        ({"by": "agent"}, "invalid"),
        ({"of": "police"}, "invalid"),
    ],
)
async def test_a_period_or_a_cut_that_is_none_is_invalid(
    site: Site, query: dict[str, str], error_id: str
) -> None:
    wrong = await site.ask("supervisor", "GET", asked(**query))
    assert (wrong.status_code, wrong.json()["error_id"]) == (422, error_id)
