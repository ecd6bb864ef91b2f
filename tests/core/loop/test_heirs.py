"""An abolished unit's tickets go to its successor, with a step each and by the rules of today."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core.errors import NotFound
from core.loop.errors import ActForbidden
from core.loop.states import Act, TicketState
from core.pack import CityPack
from core.policy import PolicyBook
from core.policy.directory import UnitFacts
from tests.core.conftest import ManualClock, open_desk
from tests.core.loop.city import CLOCK, DISPATCHER, City, at, unit
from tests.core.loop.looking import requests, rungs, tasks, told

GONE, HEIR = unit("city_management"), unit("housing")


class Reform:
    """The directory's next version, in force from February 2: units go into others."""

    def __init__(self, url: str, pack: CityPack, policies: PolicyBook) -> None:
        self._url, self._pack, self._old = url, pack, policies.versions[0]

    @asynccontextmanager
    async def before(self) -> AsyncIterator[City]:
        async with self._city(PolicyBook((self._old,)), "2026-01-29 09:00") as city:
            yield city

    @asynccontextmanager
    async def after(
        self, successors: dict[str, str], now: str = "2026-02-02 00:30", **directory: Any
    ) -> AsyncIterator[City]:
        gone = [
            UnitFacts(unit=one, abolished=date(2026, 2, 2), successor=heir)
            for one, heir in successors.items()
        ]
        old = self._old
        kept = [facts for facts in old.directory.units if facts.unit not in successors]
        new = replace(
            old,
            meta=old.meta.model_copy(
                update={"version": "2026.2", "effective_from": date(2026, 2, 1)}
            ),
            directory=old.directory.model_copy(
                update={"version": "2026.2", "units": (*kept, *gone), **directory}
            ),
        )
        async with self._city(PolicyBook((old, new)), now) as city:
            yield city

    @asynccontextmanager
    async def _city(self, book: PolicyBook, now: str) -> AsyncIterator[City]:
        clock = ManualClock(at(now))
        async with open_desk(self._url, self._pack, book, clock) as desk:
            yield City(desk, clock, book)


@pytest.fixture
def reform(database_url: str, pack: CityPack, policies: PolicyBook) -> Reform:
    return Reform(database_url, pack, policies)


async def test_the_successor_goes_on_where_the_unit_stood(reform: Reform) -> None:
    async with reform.before() as city:
        number = await city.signed()
        await city.does(
            GONE, number, Act.ASK_POSTPONEMENT, workdays=1, reason="complex", words="复杂"
        )
        other = await city.dispatched(category=["教育文体", "中小学", "收费"])
        before, planned = await city.ticket(number), await rungs(city, number)
    async with reform.after({"city_management": "housing"}) as city:
        assert await city.desk.offices.heirs.pass_on() == [number]
        ticket = await city.ticket(number)
        assert (ticket.state, ticket.unit, ticket.first_unit) == (
            TicketState.SIGNED, "housing", "city_management",
        )  # fmt: skip
        assert (ticket.sign_due, ticket.handle_due, ticket.dispatches) == (
            before.sign_due, before.handle_due, 1,
        )  # fmt: skip
        assert await rungs(city, number) == planned
        assert [(one.unit, one.state) for one in await tasks(city, number)] == [
            ("housing", "signed")
        ]
        step = (await city.history(number))[-1]
        assert (step.act, step.role) == (Act.INHERIT, "system")
        assert step.details == {
            "moved": [{"part": "main", "from": "city_management", "to": "housing"}],
            "directory": "2026.2",
        }
        assert [one[0] for one in await told(city, number, "inherited")] == ["unit:housing"]
        assert [one.state for one in await requests(city, number, "postponement")] == ["open"]
        with pytest.raises(NotFound):
            await city.does(GONE, number, Act.HANDLE, words="已修复")
        await city.does(HEIR, number, Act.HANDLE, words="已修复")
        await city.does(HEIR, number, Act.ANSWER, words="已告知")
        # It is done once, and nobody else's ticket was touched.
        assert await city.desk.offices.heirs.pass_on() == []
        assert (await city.ticket(other)).unit == "education"


async def test_not_a_minute_before_the_day(reform: Reform) -> None:
    async with reform.before() as city:
        number = await city.dispatched()
    async with reform.after({"city_management": "housing"}, "2026-02-01 23:59") as city:
        assert await city.desk.offices.heirs.pass_on() == []
        city.it_is("2026-02-02 00:00")
        assert await city.desk.offices.heirs.pass_on() == [number]


async def test_a_successor_that_is_gone_too_has_a_successor(reform: Reform) -> None:
    async with reform.before() as city:
        number = await city.dispatched()
    async with reform.after({"city_management": "housing", "housing": "transport"}) as city:
        await city.desk.offices.heirs.pass_on()
        assert (await city.ticket(number)).unit == "transport"


async def test_assisting_parts_go_too_and_nobody_gets_two(reform: Reform) -> None:
    async with reform.before() as city:
        mains = await city.dispatched()  # the heir of the assistant is the main unit
        await city.does(DISPATCHER, mains, Act.ASSIST, units=["youth"])
        pair = await city.dispatched()  # two that assist become one
        await city.does(DISPATCHER, pair, Act.ASSIST, units=["women", "trade_union"])
        done = await city.dispatched()  # what is done stays whose it was
        await city.does(DISPATCHER, done, Act.ASSIST, units=["women"])
        await city.does(unit("women"), done, Act.ASSIST_DONE, words="已配合")
    successors = {"youth": "city_management", "women": "civil_affairs"}
    async with reform.after(successors | {"trade_union": "civil_affairs"}) as city:
        assert await city.desk.offices.heirs.pass_on() == [mains, pair]
        assert [one.unit for one in await tasks(city, mains)] == ["city_management"]
        assert [one.unit for one in await tasks(city, pair)] == [
            "city_management",
            "civil_affairs",
        ]
        assert [one.unit for one in await tasks(city, done)] == ["city_management", "women"]
        await city.does(GONE, mains, Act.SIGN)
        await city.does(GONE, mains, Act.HANDLE, words="已修复")  # nothing is open any more


async def test_whoever_inherits_the_main_part_does_not_assist_itself(reform: Reform) -> None:
    async with reform.before() as city:
        number = await city.signed()
        await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    async with reform.after({"city_management": "housing"}) as city:
        await city.desk.offices.heirs.pass_on()
        assert [(one.unit, one.part) for one in await tasks(city, number)] == [("housing", "main")]
        await city.does(HEIR, number, Act.HANDLE, words="已修复")


async def test_the_accused_inherits_nothing(
    reform: Reform, caplog: pytest.LogCaptureFixture
) -> None:
    async with reform.before() as city:
        number = await city.classified()
        await city.does(DISPATCHER, number, Act.DISPATCH, accused="housing")
    async with reform.after({"city_management": "housing"}, last_resort="housing") as city:
        with caplog.at_level(logging.WARNING):
            assert await city.desk.offices.heirs.pass_on() == []
        assert f"ticket {number} is not inherited: accused_handles" in caplog.text
        assert (await city.ticket(number)).unit == "city_management"
    # As the city's rules stand, the last resort takes it; also where the accused has an heir.
    async with reform.after({"city_management": "transport", "housing": "transport"}) as city:
        assert await city.desk.offices.heirs.pass_on() == [number]
        assert (await city.ticket(number)).unit == "hotline_centre"


async def test_what_waits_for_its_follow_up_is_inherited_and_the_archive_is_not(
    reform: Reform,
) -> None:
    async with reform.before() as city:
        answered, archived = await city.answered(), await city.archived()
    async with reform.after({"city_management": "housing"}) as city:
        assert await city.desk.offices.heirs.pass_on() == [answered]
        await city.follows_up(answered, satisfied=False)
        await city.does(DISPATCHER, answered, Act.REDO)
        await city.does(HEIR, answered, Act.SIGN)  # the successor does it again
        assert (await city.ticket(archived)).unit == "city_management"


async def test_nobody_outside_makes_a_unit_inherit(reform: Reform) -> None:
    async with reform.before() as city:
        number = await city.dispatched()
        for who in (DISPATCHER, CLOCK):
            with pytest.raises(ActForbidden):
                await city.does(who, number, Act.INHERIT)
