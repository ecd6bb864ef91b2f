"""Article 47 over HTTP, on a real desk: two people, a review by a third, all of it on record."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.agent_console.real_work import Site
from tests.core.people.ledger import last

NUMBER = "15400000007"
WORDS = {"words": "证据充分"}


async def proposes(site: Site, who: str = "agent", **more: Any) -> httpx.Response:
    form = {"measure": "persuade", "reason": "harassment", "words": "多次辱骂座席"}
    return await site.ask(
        who, "POST", "/measures", **(form | {"number": NUMBER, "evidence": ["c1"]} | more)
    )


async def proposed(site: Site) -> str:
    """The address of a measure that waits for its decision."""
    await site.city.talk("c1", NUMBER, said="一直辱骂座席不说诉求")
    answer = await proposes(site)
    assert answer.status_code == 201, answer.text
    return f"/measures/{answer.json()['id']}"


def record(measure: str) -> str:
    """How the measure of that address is named in the access log."""
    return f"measure-{measure.rpartition('/')[2]}"


async def in_force(site: Site) -> str:
    measure = await proposed(site)
    decided = await site.ask("supervisor", "POST", f"{measure}/decision", granted=True, **WORDS)
    assert (decided.status_code, decided.json()["state"]) == (200, "in_force")
    return measure


async def test_a_measure_goes_from_its_proposal_to_its_review(site: Site) -> None:
    measure = await in_force(site)
    objected = await site.ask("agent", "POST", f"{measure}/objection")
    assert objected.json()["review_asked_at"] is not None
    waiting = (await site.ask("second_head", "GET", "/measures")).json()
    assert [f"/measures/{one['id']}" for one in waiting] == [measure]
    lifted = await site.ask("second_head", "POST", f"{measure}/review", upheld=False, **WORDS)
    assert (lifted.status_code, lifted.json()["state"]) == (200, "lifted")
    assert (await site.ask("authority", "GET", "/measures")).json() == []


async def test_the_package_proves_the_evidence_without_a_word_of_it(site: Site) -> None:
    measure = await in_force(site)
    answer = await site.ask("supervisor", "GET", f"{measure}/package")
    (piece,) = answer.json()["pieces"]
    assert (piece["id"], piece["segments"], len(piece["sha256"])) == ("c1", 1, 64)
    assert NUMBER not in answer.text
    assert "辱骂" not in answer.text
    assert await last(site.desk) == ("supervisor", "export_measure", record(measure), "done", "")


@pytest.mark.parametrize("who", ["unit", "auditor", "admin", "authority"])
async def test_who_is_not_of_the_hotline_proposes_nothing(site: Site, who: str) -> None:
    refused = await proposes(site, who)
    assert (refused.status_code, refused.json()["error_id"]) == (403, "act_forbidden")
    assert await last(site.desk) == (who, "propose_measure", "", "refused", "act_forbidden")


# A measure holds for the whole line: a county's head decides none, nor reads what waits.
REFUSED = [
    ("dispatcher", "POST", "/decision", {"granted": True, **WORDS}),
    ("authority", "POST", "/decision", {"granted": True, **WORDS}),
    ("fengnan_head", "POST", "/decision", {"granted": True, **WORDS}),
    ("unit", "POST", "/objection", {}),
    ("agent", "POST", "/review", {"upheld": True, **WORDS}),
    ("fengnan_head", "POST", "/review", {"upheld": True, **WORDS}),
    ("agent", "GET", "/package", {}),
    ("fengnan_head", "GET", "/package", {}),
]


@pytest.mark.parametrize(("who", "method", "act", "body"), REFUSED)
async def test_what_is_another_roles_or_the_citys_is_refused_and_on_record(
    site: Site, who: str, method: str, act: str, body: dict[str, Any]
) -> None:
    measure = await proposed(site)
    refused = await site.ask(who, method, f"{measure}{act}", **body)
    assert (refused.status_code, refused.json()["error_id"]) == (403, "act_forbidden")
    told = await last(site.desk)
    assert (told[0], told[2:]) == (who, (record(measure), "refused", "act_forbidden"))


@pytest.mark.parametrize("who", ["agent", "fengnan_head", "unit_head"])
async def test_what_waits_is_for_those_who_decide(site: Site, who: str) -> None:
    refused = await site.ask(who, "GET", "/measures")
    assert (refused.status_code, refused.json()["error_id"]) == (403, "act_forbidden")
    assert await last(site.desk) == (who, "list_measures", "", "refused", "act_forbidden")


async def test_nobody_decides_his_own_proposal_or_reviews_his_own_decision(site: Site) -> None:
    await site.city.talk("c1", NUMBER, said="一直辱骂座席不说诉求")
    measure = f"/measures/{(await proposes(site, 'supervisor')).json()['id']}"
    own = await site.ask("supervisor", "POST", f"{measure}/decision", granted=True, **WORDS)
    assert (own.status_code, own.json()["error_id"]) == (403, "own_decision")
    await site.ask("second_head", "POST", f"{measure}/decision", granted=True, **WORDS)
    await site.ask("agent", "POST", f"{measure}/objection")
    for who in ("supervisor", "second_head"):
        own = await site.ask(who, "POST", f"{measure}/review", upheld=True, **WORDS)
        assert (own.status_code, own.json()["error_id"]) == (403, "own_decision")
        assert (await last(site.desk))[::4] == (who, "own_decision")


async def test_what_is_refused_repeats_neither_number_nor_words(site: Site) -> None:
    for more in ({}, {"measure": "limit"}, {"reason": "no_such"}, {"number": "无"}):
        refused = await proposes(site, **more)
        assert refused.is_client_error
        assert NUMBER not in refused.text
        assert "辱骂" not in refused.text


async def test_a_measure_that_is_none_is_not_found(site: Site) -> None:
    for ident, status, error_id in (
        (1, 404, "not_found"),
        (2**31 - 1, 404, "not_found"),
        (2**31, 422, "invalid"),
        (0, 422, "invalid"),
    ):
        answer = await site.ask("supervisor", "GET", f"/measures/{ident}/package")
        assert (answer.status_code, answer.json()["error_id"]) == (status, error_id)
