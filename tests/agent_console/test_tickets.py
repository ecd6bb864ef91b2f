"""Tickets over HTTP: what is asked of the work-order side, and what is refused before it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.loop.acts import ACTS
from core.loop.errors import WayClosed
from core.loop.states import MOVES, Act
from core.people.roles import Role
from core.policy.shelf import PolicyInUse
from core.ports import TicketQuery
from tests.agent_console.conftest import Running

DISPATCHER = "8100"


async def registered(served: Running, **fields: Any) -> str:
    async with served.client(await served.token()) as client:
        answer = await client.post("/api/tickets", json={"fields": {"title": "路灯不亮", **fields}})
    assert answer.status_code == 201
    return str(answer.json()["number"])


class TestReading:
    async def test_a_ticket_by_hand_is_registered_and_read(self, served: Running) -> None:
        number = await registered(served, flags=["群体"], confidential=None)
        async with served.client(await served.token()) as client:
            answer = await client.get(f"/api/tickets/{number}")
            history = await client.get(f"/api/tickets/{number}/history")
        assert answer.json()["fields"] == {
            "title": "路灯不亮",
            "flags": ["群体"],
            "confidential": None,
        }
        assert [step["act"] for step in history.json()] == ["register"]

    async def test_a_list_is_asked_for_with_every_filter(self, served: Running) -> None:
        filters = {
            "open": "true",
            "states": ["signed", "dispatched"],
            "types": "投诉",
            "category": "0303",
            "county": "130203",
            "unit": "city_management",
            "created_from": "2026-01-12T08:00:00+08:00",
            "phone": "+86 154-0000-0001",
            "text": "路灯",
            "limit": 7,
        }
        async with served.client(await served.token()) as client:
            answer = await client.get("/api/tickets", params=filters)
        assert answer.json() == {"lines": [], "after": None}
        assert served.work.queries == [
            TicketQuery(
                open=True,
                states=("signed", "dispatched"),
                types=("投诉",),
                category="0303",
                county="130203",
                unit="city_management",
                created_from=datetime(2026, 1, 12, tzinfo=UTC),
                phone="+86 154-0000-0001",
                text="路灯",
                limit=7,
            )
        ]

    async def test_a_list_goes_on_where_the_page_before_ended(self, served: Running) -> None:
        numbers = [await registered(served) for _ in range(5)]
        seen: list[str] = []
        async with served.client(await served.token()) as client:
            after = ""
            while after is not None:
                page = (
                    await client.get("/api/tickets", params={"limit": 2, "after": after})
                ).json()
                seen += [line["number"] for line in page["lines"]]
                after = page["after"]
        assert seen == numbers

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=201",
            "limit=99999999999999999999999999",
            "created_from=2026-01-12T08:00:00",  # a time without a zone
            "created_from=0001-01-01T00:00:00%2B14:00",
            "due_before=9999-12-31T23:59:59-14:00",
            "text=%00",
            "phone=%00",
            "category=1",
            "states=" + "x" * 61,
            "&".join(["states=x"] * 21),
            "after=" + "x" * 201,
            "after=a%20b",
            "agent=8026",  # no filter of ours: nobody should believe that it was heard
        ],
    )
    async def test_a_filter_that_is_none_is_invalid(self, served: Running, query: str) -> None:
        async with served.client(await served.token()) as client:
            answer = await client.get(f"/api/tickets?{query}")
        assert answer.status_code == 422
        assert answer.json()["error_id"] == "invalid"
        assert served.work.queries == []

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"title": 5},
            {"title": {"a": 1}},
            {"title": "a\x00b"},
            {"Title": "a"},
            {"title": ["x"] * 101},
            {f"f{number}": "x" for number in range(51)},
            "title",
        ],
    )
    async def test_fields_that_are_none_are_invalid(self, served: Running, fields: Any) -> None:
        async with served.client(await served.token()) as client:
            answer = await client.post("/api/tickets", json={"fields": fields})
        assert answer.status_code == 422
        assert answer.json()["error_id"] == "invalid"
        assert served.desk.tickets == {}


class TestActs:
    async def test_an_act_is_done_with_what_was_given_and_nothing_else(
        self, served: Running
    ) -> None:
        number = await registered(served)
        async with served.client(await served.token(DISPATCHER)) as client:
            first = await client.post(
                f"/api/tickets/{number}/acts/dispatch", json={"unit": "housing", "words": "按职责"}
            )
            bare = await client.post(f"/api/tickets/{number}/acts/archive")
        assert (first.json()["version"], bare.json()["version"]) == (2, 3)
        assert served.work.asked == [
            (DISPATCHER, number, Act.DISPATCH, {"unit": "housing", "words": "按职责"}),
            (DISPATCHER, number, Act.ARCHIVE, {}),
        ]

    async def test_a_stale_view_does_not_act(self, served: Running) -> None:
        number = await registered(served)
        act = f"/api/tickets/{number}/acts/classify"
        async with served.client(await served.token()) as client:
            assert (await client.post(act, headers={"Expected-Version": "1"})).is_success
            stale = await client.post(act, headers={"Expected-Version": "1"})
            wrong = await client.post(act, headers={"Expected-Version": "-1"})
        assert stale.status_code == 409
        assert stale.json()["error_id"] == "version_stale"
        assert stale.json()["details"] == {"version": 2}
        assert wrong.status_code == 422
        assert len(served.work.asked) == 1

    @pytest.mark.parametrize(
        ("act", "body"),
        [
            ("note", {}),
            ("note", None),
            ("note", {"words": ""}),
            ("note", {"words": "x" * 8001}),
            ("note", {"words": "a\x00b"}),
            ("note", {"words": "x", "more": 1}),
            ("receipt", {"receipt": "a\x00b"}),
            ("set_secrecy", {"level": 10**30}),
            ("dispatch", {"unit": "No Such"}),
        ],
    )
    async def test_a_body_that_is_not_the_acts_is_invalid(
        self, served: Running, act: str, body: Any
    ) -> None:
        number = await registered(served)
        async with served.client(await served.token(DISPATCHER)) as client:
            answer = await client.post(f"/api/tickets/{number}/acts/{act}", json=body)
        assert answer.status_code == 422
        assert answer.json()["error_id"] == "invalid"
        assert served.work.asked == []

    async def test_what_the_act_refuses_has_the_common_form(self, served: Running) -> None:
        number = await registered(served)
        served.work.failing = WayClosed(way="answer")
        async with served.client(await served.token()) as client:
            answer = await client.post(f"/api/tickets/{number}/acts/classify")
        assert answer.status_code == 409
        assert answer.json() == {
            "error_id": "way_closed",
            "message": "way_closed",
            "details": {"way": "answer"},
        }


class TestDocument:
    async def test_every_act_of_people_is_an_operation_with_form_article_and_errors(
        self, served: Running
    ) -> None:
        async with served.client() as client:
            document = (await client.get("/api/openapi.json")).json()
        people = {act for act in ACTS if MOVES[act].roles != {Role.SYSTEM}}
        for act in people:
            operation = document["paths"][f"/api/tickets/{{number}}/acts/{act}"]["post"]
            assert operation["x-article"] == MOVES[act].article
            form = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            assert form.rpartition("/")[2] == ACTS[act].body.__name__
            assert {"401", "403", "404", "409", "422"} <= operation["responses"].keys()
        offered = [path for path in document["paths"] if "/acts/" in path]
        assert len(offered) == len(people)

    async def test_the_errors_that_an_act_names_are_documented(self, served: Running) -> None:
        async with served.client() as client:
            document = (await client.get("/api/openapi.json")).json()
        told = document["paths"]["/api/tickets/{number}/acts/dispatch"]["post"]["responses"]
        for status, error_id in (
            ("409", "version_stale"),
            ("409", "accused_handles"),  # two functions deep
            ("422", "ticket_incomplete"),
            ("422", "calendar_year_unknown"),  # in a method of the calendar
        ):
            schema = told[status]["content"]["application/json"]["schema"]
            assert error_id in schema["properties"]["error_id"]["enum"]
            assert f"`{error_id}`" in told[status]["description"]


class TestPolicy:
    async def test_the_rules_are_read_anew(self, served: Running) -> None:
        async with served.client(await served.token()) as client:
            answer = await client.post("/api/policy/reload")
        assert answer.json() == {
            "versions": [{"version": "1", "effective_from": "2026-01-01", "in_force": True}]
        }
        assert served.rules.reloads == 1

    async def test_rules_that_are_not_taken_say_why(self, served: Running) -> None:
        served.rules.failing = PolicyInUse(lost=["2026.1"], changed=[])
        async with served.client(await served.token()) as client:
            answer = await client.post("/api/policy/reload")
        assert answer.status_code == 409
        assert answer.json()["details"]["lost"] == ["2026.1"]
