"""The database takes nothing for a while: calls go on, and what happened is told afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise

import pytest

from core.calls import CallState, Leg
from hotline.console_client import ConsoleClient
from hotline.site import Site
from hotline.stage import Stage
from pbx.phone import Phone
from tests.chaos.backend import Backend
from tests.hotline.stagehands import (
    AGENT_HZ,
    CITIZEN_HZ,
    FIRST,
    Desk,
    comes_true,
    console_at,
    each_is_written,
    goes_to_people,
    said,
    stands,
    talks,
    utterance,
)

pytestmark = pytest.mark.real


@contextmanager
def held(site: Site) -> Iterator[None]:
    """Somebody else writes to the database and does not finish."""
    file = site.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_what_happens_while_the_database_is_away_is_told_when_it_is_back(
    stage: Stage, backend: Backend, citizen: Phone
) -> None:
    spool = stage.site.spool
    async with (
        Phone(stage.agent_phone(FIRST)) as phone,
        Phone(stage.citizen()) as again,
        console_at(stage.site, backend.url, FIRST) as console,
    ):
        desk = Desk(FIRST, phone, console)
        await desk.signs_in()
        talk = await talks(citizen, desk)
        await each_is_written(talk, console)
        with held(stage.site):
            await talk.citizen.play(utterance(CITIZEN_HZ))
            await talk.agent.play(utterance(AGENT_HZ))

            async def spooled() -> bool:
                return spool.exists()

            await comes_true(spooled, 30)
            # A whole call while nothing can be written: flow, queue, agent, talk.
            await talk.citizen.hang_up()
            call = await goes_to_people(again, "15400000081")
            ringing = await desk.rings()
            await ringing.answer()
            await call.hang_up()
            await ringing.ended.wait()
        await stands(console, talk.call_id, CallState.ENDED)
        await console.until(
            lambda: [len(said(console, talk.call_id, leg)) for leg in Leg] == [2, 2]
        )
        unseen = await console.until(lambda: call_from(console, "15400000081"))
        await stands(console, unseen, CallState.ENDED)
        told = console.calls[unseen]
        assert (told.keys, told.agent) == ("0", FIRST)
        moments = [told.queued_at, told.offered_at, told.connected_at, told.ended_at]
        for before, after in pairwise([told.arrived_at, *moments]):
            assert before is not None
            assert after is not None
            assert before <= after
        for call_id in (talk.call_id, unseen):
            assert (await console.submit(call_id)).call_id == call_id
        assert not spool.exists()
        await desk.is_free()


def call_from(console: ConsoleClient, number: str) -> str | None:
    calls = (call.call_id for call in console.calls.values() if call.caller_number == number)
    return next(calls, None)
