"""What hangs on a ticket, for tests to look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, select

from core.loop.repository import LoopRepository
from core.store.loop_tables import RequestRow, TaskRow, TimerRow
from tests.core.loop.city import City

T = TypeVar("T")


async def rows(city: City, look: Callable[[LoopRepository], T]) -> T:
    found: T = await city.desk.offices.loop._read(lambda session: look(LoopRepository(session)))
    return found


async def timers(city: City, number: str) -> dict[str, datetime]:
    """What is still due, by its kind."""

    def look(repository: LoopRepository) -> dict[str, datetime]:
        query = select(TimerRow).where(TimerRow.subject == number, TimerRow.state == "waiting")
        found = repository.session.exec(query).all()
        assert len({timer.kind for timer in found}) == len(found), "one timer of a kind"
        return {timer.kind: timer.due_at for timer in found}

    return await rows(city, look)


async def rungs(city: City, number: str) -> dict[str, datetime]:
    """The planned steps of the ladder."""
    waiting = await timers(city, number)
    return {
        kind.removeprefix("rung:"): moment
        for kind, moment in waiting.items()
        if kind.startswith("rung:")
    }


async def told(city: City, number: str, template: str) -> list[tuple[str, str]]:
    """Notices of one template: to whom, and the words."""

    def look(session: Session) -> list[tuple[str, str]]:
        return [
            (
                one.recipient,
                city.desk.offices.loop._vault.open(session, number, one.text_sealed or b""),
            )
            for one in LoopRepository(session).notices(number)
            if one.template == template
        ]

    found: list[tuple[str, str]] = await city.desk.offices.loop._read(look)
    return found


async def tasks(city: City, number: str) -> list[TaskRow]:
    """The parts that are not withdrawn."""
    return await rows(city, lambda repository: repository.tasks(number))


async def requests(city: City, number: str, kind: str) -> list[RequestRow]:
    return await rows(city, lambda repository: repository.requests(number, kind))
