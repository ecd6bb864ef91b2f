"""Joint meetings over HTTP, on a real desk: who may, what comes of it, what stays in the log."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.agent_console.real_work import Site
from tests.core.people.ledger import last

UNITS = ["city_management", "housing"]
RESOLVED = {"unit": "housing", "words": "由住建部门办理"}


async def calls(site: Site, number: str, who: str = "supervisor", **more: Any) -> httpx.Response:
    form = {"numbers": [number], "units": UNITS, "planned_at": "2026-01-12T10:00:00+08:00"}
    return await site.ask(who, "POST", "/meetings", **(form | more))


async def called(site: Site, number: str) -> str:
    """The address of a meeting on the ticket."""
    answer = await calls(site, number)
    assert answer.status_code == 201, answer.text
    return f"/meetings/{answer.json()['meeting']}"


async def test_a_meeting_is_called_and_held_and_its_resolution_comes_down(site: Site) -> None:
    number = await site.city.signed()
    meeting = await called(site, number)
    held = await site.ask("authority", "POST", f"{meeting}/minutes", minutes="会议议定如下")
    assert (held.status_code, held.json()["minutes"]) == (200, "会议议定如下")
    resolutions = [{"number": number, **RESOLVED}]
    resolved = await site.ask(
        "supervisor", "POST", f"{meeting}/resolutions", resolutions=resolutions
    )
    assert resolved.status_code == 200
    (item,) = resolved.json()["items"]
    assert (item["number"], item["unit"]) == (number, "housing")
    assert item["resolved_at"] is not None
    assert (await site.ask("supervisor", "GET", meeting)).json() == resolved.json()
    ticket = (await site.ask("dispatcher", "GET", f"/tickets/{number}")).json()
    assert (ticket["unit"], ticket["state"]) == ("housing", "dispatched")


async def test_an_invited_unit_reads_the_meeting_without_its_minutes(site: Site) -> None:
    meeting = await called(site, await site.city.signed())
    await site.ask("supervisor", "POST", f"{meeting}/minutes", minutes="涉及隐私")
    answer = await site.ask("housing_head", "GET", meeting)
    assert answer.json()["units"] == UNITS
    assert answer.json()["minutes"] is None


@pytest.mark.parametrize("who", ["agent", "dispatcher", "unit", "auditor", "admin"])
async def test_only_heads_call_a_meeting_and_trying_is_on_record(site: Site, who: str) -> None:
    refused = await calls(site, await site.city.signed(), who)
    assert (refused.status_code, refused.json()["error_id"]) == (403, "act_forbidden")
    assert await last(site.desk) == (who, "call_meeting", "", "refused", "act_forbidden")


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("minutes", {"minutes": "议定"}),
        ("resolutions", {"resolutions": [{"number": "TS1", **RESOLVED}]}),
    ],
)
async def test_who_is_invited_is_not_in_the_chair(
    site: Site, act: str, body: dict[str, Any]
) -> None:
    meeting = await called(site, await site.city.signed())
    for who in ("dispatcher", "housing_head"):
        refused = await site.ask(who, "POST", f"{meeting}/{act}", **body)
        assert (refused.status_code, refused.json()["error_id"]) == (403, "act_forbidden")
        ident = meeting.rpartition("/")[2]
        assert (await last(site.desk))[::2] == (who, ident, "act_forbidden")


async def test_another_countys_meeting_and_tickets_do_not_exist(site: Site) -> None:
    number = await site.city.signed()
    meeting = await called(site, number)
    for refused in (
        await calls(site, number, "fengnan_head"),
        await site.ask("fengnan_head", "GET", meeting),
        await site.ask("fengnan_head", "POST", f"{meeting}/minutes", minutes="议定"),
    ):
        assert (refused.status_code, refused.json()["error_id"]) == (404, "not_found")
        assert (await last(site.desk))[3:] == ("refused", "not_found")
    assert (await site.ask("supervisor", "GET", meeting)).json()["held_at"] is None


async def test_what_a_resolution_refuses_resolves_nothing(site: Site) -> None:
    number = await site.city.signed()
    meeting = await called(site, number)
    early = await site.ask(
        "supervisor", "POST", f"{meeting}/resolutions", resolutions=[{"number": number, **RESOLVED}]
    )
    assert (early.status_code, early.json()["error_id"]) == (409, "nothing_asked")
    await site.ask("supervisor", "POST", f"{meeting}/minutes", minutes="议定")
    again = await site.ask("supervisor", "POST", f"{meeting}/minutes", minutes="另议")
    assert (again.status_code, again.json()["error_id"]) == (409, "asked_already")
    nobody = [{"number": number, "unit": "nobody", "words": "按决议"}]
    wrong = await site.ask("supervisor", "POST", f"{meeting}/resolutions", resolutions=nobody)
    assert (wrong.status_code, wrong.json()["error_id"]) == (422, "unit_unknown")
    (item,) = (await site.ask("supervisor", "GET", meeting)).json()["items"]
    assert item["resolved_at"] is None


@pytest.mark.parametrize(
    "planned", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-01-12T10:00:00"]
)
async def test_a_moment_beyond_the_calendar_or_without_its_zone_is_none(
    site: Site, planned: str
) -> None:
    wrong = await calls(site, await site.city.signed(), planned_at=planned)
    assert (wrong.status_code, wrong.json()["error_id"]) == (422, "invalid")


async def test_meetings_are_found_again_by_those_who_attend_the_newest_first(site: Site) -> None:
    number = await site.city.signed()
    first, second = [await called(site, number) for _ in range(2)]
    other = await calls(site, number, units=["market"])
    third = f"/meetings/{other.json()['meeting']}"

    async def listed(who: str, query: str = "") -> list[str]:
        answer = await site.ask(who, "GET", f"/meetings{query}")
        assert answer.status_code == 200, answer.text
        return [f"/meetings/{one['meeting']}" for one in answer.json()]

    assert await listed("supervisor") == [third, second, first]
    assert await listed("housing_head") == [second, first]
    below = third.removeprefix("/meetings/")
    assert await listed("supervisor", f"?before={below}") == [second, first]
    assert (await site.ask("supervisor", "GET", "/meetings?before=0")).status_code == 422
    refused = await site.ask("auditor", "GET", "/meetings")
    assert refused.json()["error_id"] == "act_forbidden"
    assert await last(site.desk) == ("auditor", "list_meetings", "", "refused", "act_forbidden")
