"""The process is killed at any moment: what was told is kept, and nothing is half written."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from itertools import pairwise

import pytest
from sqlmodel import Session, col, select

from core.loop.states import MOVES, Act, TicketState
from core.pack import CityPack
from core.policy import PolicyBook
from core.store.loop_tables import TaskRow, WordsRow
from core.store.tables import EventRow, TicketRow
from tests.core.conftest import ROOT, ManualClock, open_desk
from tests.core.loop.busy import WAY
from tests.core.loop.city import City


def worked_until_killed(url: str, chance: random.Random) -> list[tuple[str, str]]:
    """What the process told of before SIGKILL, which comes in the middle of something."""
    command = [sys.executable, "-m", "tests.core.loop.busy", url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as busy:
        assert busy.stdout is not None
        told = [busy.stdout.readline() for _ in range(chance.randrange(1, 40))]
        busy.kill()
        told += busy.stdout.readlines()
    assert busy.returncode < 0, "it ended by itself"
    # The last line may be cut in half; it is then told of nothing.
    return [tuple(line.split()) for line in told if line.endswith("\n")]  # type: ignore[misc]


async def look(city: City, told: list[tuple[str, str]]) -> None:
    def all_of(session: Session) -> tuple[list[TicketRow], list[TaskRow], list[WordsRow]]:
        return (
            list(session.exec(select(TicketRow))),
            list(session.exec(select(TaskRow))),
            list(session.exec(select(WordsRow))),
        )

    tickets, tasks, words = await city.desk.offices.loop._read(all_of)
    history = {ticket.number: await city.history(ticket.number) for ticket in tickets}
    done = {(number, step.act) for number, steps in history.items() for step in steps}
    assert set(told) <= done, "what was told is kept"
    assert {row.number for row in words} == {ticket.number for ticket in tickets}
    for ticket in tickets:
        steps = history[ticket.number]
        assert [step.seq for step in steps] == list(range(1, ticket.version + 1))
        assert steps[-1].target == ticket.state
        assert all(before.target == after.source for before, after in pairwise(steps))
        assert (await city.fields(ticket.number))["title"]
        parts = [task for task in tasks if task.number == ticket.number]
        assert len(parts) == (Act.DISPATCH in {step.act for step in steps})
        assert all(part.open == ticket.open for part in parts)
        notices = await city.told(ticket.number, "registered")
        assert len(notices) == 1
    verdict = await city.desk.offices.loop._read(city.desk.log.verify)
    assert verdict.broken_at is None


async def unnumbered(city: City) -> int:
    """Events that no console has seen, once the sequencer has come to rest."""

    def count(session: Session) -> int:
        query = select(EventRow).where(col(EventRow.cursor).is_(None))
        return len(session.exec(query).all())

    for _ in range(200):
        if await city.desk.offices.loop._read(count) == 0:
            break
    return await city.desk.offices.loop._read(count)


async def goes_on(city: City) -> None:
    """Nobody is stuck: every open ticket takes its next act."""

    def open_ones(session: Session) -> list[TicketRow]:
        return list(session.exec(select(TicketRow).where(col(TicketRow.open))))

    for ticket in await city.desk.offices.loop._read(open_ones):
        who, act, given = next(
            one for one in WAY if TicketState(ticket.state) in MOVES[one[1]].sources
        )
        await city.does(who, ticket.number, act, **given)


@pytest.mark.parametrize(
    "times", [2, pytest.param(25, marks=[pytest.mark.long, pytest.mark.timeout(900)])]
)
async def test_killed_in_the_middle_of_its_work(
    database_url: str, pack: CityPack, policies: PolicyBook, times: int
) -> None:
    seed = os.environ.get("HOTLINE_TEST_SEED") or str(random.SystemRandom().randrange(10**6))
    print(f"HOTLINE_TEST_SEED={seed}")
    chance = random.Random(seed)
    told: list[tuple[str, str]] = []
    for _ in range(times):
        told += worked_until_killed(database_url, chance)
        clock = ManualClock()
        async with open_desk(database_url, pack, policies, clock) as desk:
            city = City(desk, clock, policies)
            await look(city, told)
            await goes_on(city)
            await city.registers()
            assert await unnumbered(city) == 0
