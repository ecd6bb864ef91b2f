"""The people of a city and what they do to a ticket, in the words of the regulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlmodel import Session

from core.calls import CallArrived, CallConnected, Leg
from core.desk import HotlineDesk
from core.loop.repository import LoopRepository
from core.loop.states import Act, TicketState
from core.policy import PolicyBook
from core.ports import Viewer
from core.store.loop_tables import NoticeRow, StepRow, SupervisionRow
from core.store.tables import TicketRow
from core.transcript import Segment
from tests.core.conftest import ManualClock

T = TypeVar("T")
ZONE = ZoneInfo("Asia/Shanghai")

AGENT = Viewer("1001", "座席一", "agent")
OTHER_AGENT = Viewer("1002", "座席二", "agent")
DISPATCHER = Viewer("1100", "派单员", "dispatcher")
SUPERVISOR = Viewer("1900", "热线负责人", "supervisor")
AUTHORITY = Viewer("2000", "主管机关", "authority")
GOVERNMENT = Viewer("3000", "市政府", "government")
AUDITOR = Viewer("4000", "审计", "auditor")
LUBEI_DISPATCHER = Viewer("1300", "路北派单员", "dispatcher", county="130203")
CLOCK = Viewer("clock", "", "system")


def unit(key: str) -> Viewer:
    """Somebody who handles tickets in the unit of that key."""
    return Viewer(f"u-{key}", key, "unit", unit=key)


def head(key: str) -> Viewer:
    return Viewer(f"h-{key}", key, "unit_head", unit=key)


# A whole form: a street lamp in 路北区, a matter of the city's management.
LAMP: dict[str, Any] = {
    "channel": "电话",
    "source_line": "main",
    "contact_phone": "15400000001",
    "caller_name": "测试人",
    "subject": "个人",
    "is_enterprise": False,
    "confidential": False,
    "type": "投诉",
    "title": "路灯不亮",
    "content": "小区门口的路灯坏了一周没人修",
    "district": "路北区",
    "address": "测试路1号",
    "category": ["城市管理", "市政设施", "路灯"],
    "urgency": "一般",
    "verdict": "受理派单",
}


def at(text: str) -> datetime:
    """A moment by the city's clock: ``2026-01-12 09:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@dataclass(slots=True)
class City:
    """A desk and the clock on its wall; acts return the ticket as it then stands."""

    desk: HotlineDesk
    clock: ManualClock
    policies: PolicyBook
    rules: list[PolicyBook] = field(default_factory=list)

    def now_in_force(self, book: PolicyBook) -> None:
        """The rules are replaced, as by a reload."""
        self.rules.append(book)

    def it_is(self, text: str) -> None:
        self.clock.moment = at(text)

    def later(self, **span: float) -> None:
        self.clock.moment += timedelta(**span)

    async def does(self, who: Viewer, number: str, act: Act, **given: Any) -> TicketRow:
        return await self.desk.offices.loop.perform(who, number, act, given)

    async def registers(self, who: Viewer = AGENT, **fields: Any) -> str:
        """By hand, with the lamp's form where nothing else is said; None leaves a field out."""
        form = {key: value for key, value in (LAMP | fields).items() if value is not None}
        return (await self.desk.offices.loop.register(who, form)).number

    async def classified(self, **fields: Any) -> str:
        number = await self.registers(**fields)
        await self.does(AGENT, number, Act.CLASSIFY)
        return number

    async def dispatched(self, **fields: Any) -> str:
        number = await self.classified(**fields)
        await self.does(DISPATCHER, number, Act.DISPATCH)
        return number

    async def signed(self, **fields: Any) -> str:
        number = await self.dispatched(**fields)
        await self.does(unit((await self.ticket(number)).unit), number, Act.SIGN)
        return number

    async def answered(self, **fields: Any) -> str:
        number = await self.signed(**fields)
        worker = unit((await self.ticket(number)).unit)
        await self.does(worker, number, Act.HANDLE, words="已处理")
        await self.does(worker, number, Act.ANSWER, words="已告知诉求人")
        return number

    async def follows_up(self, number: str, *, satisfied: bool = True) -> None:
        await self.does(
            AGENT,
            number,
            Act.FOLLOW_UP,
            reached=True,
            contacted=True,
            solved=satisfied,
            satisfied=satisfied,
        )

    async def archived(self, **fields: Any) -> str:
        number = await self.answered(**fields)
        await self.follows_up(number)
        await self.does(AGENT, number, Act.RATE, level=1)
        await self.does(DISPATCHER, number, Act.ARCHIVE)
        return number

    async def merges(self, number: str, into: str, words: str = "") -> TicketRow:
        return await self.does(AGENT, number, Act.MERGE, into=into, words=words)

    async def talk(
        self, call_id: str, phone: str | None, *, agent: str | None = AGENT.agent, said: str = ""
    ) -> None:
        """A call from that number; ``agent`` None: nobody answered it. It does not end."""
        now, desk = self.clock.moment, self.desk
        await desk.record(CallArrived(call_id, now, "12345", "main", phone, None, "c", "l"))
        if agent is not None:
            await desk.record(CallConnected(call_id, now, agent, "general", "a"))
        if said:
            segment_id = f"{call_id}-{len(said)}"
            await desk.segment(
                Segment(segment_id, call_id, Leg.CALLER, "caller", 0, 900, said, "vosk", True)
            )

    async def sees_rows(self, work: Callable[[Session], T]) -> T:
        """What the database holds."""
        return await self.desk._database.read(work)

    async def notices(self, number: str) -> list[NoticeRow]:
        return await self.sees_rows(lambda session: LoopRepository(session).notices(number))

    async def ticket(self, number: str) -> TicketRow:
        row = await self.desk.offices.loop.row(number)
        assert row is not None
        return row

    async def state(self, number: str) -> TicketState:
        return TicketState((await self.ticket(number)).state)

    async def fields(self, number: str) -> dict[str, Any]:
        """The form as it is kept, unmasked."""
        return await self.desk.offices.loop.fields(number)

    async def words(self, number: str) -> list[str]:
        """All free text of the history, unmasked."""
        return await self.desk.offices.loop.words(number)

    async def history(self, number: str) -> list[StepRow]:
        return await self.desk.offices.loop.steps(number)

    async def unit_of_work(self, work: Callable[[Session], T]) -> T:
        """Something that no act does; what it notes is published as after any other."""
        return await self.desk._sequencer.write(work)

    async def ticks(self) -> int:
        """The clock looks what is due. How much that was."""
        return await self.desk.offices.clockwork.tick()

    async def passes(self, until: str, **step: float) -> None:
        """Time goes by in steps of so much, and the clock looks after each of them."""
        end = at(until)
        while self.clock.moment < end:
            self.clock.moment = min(self.clock.moment + timedelta(**step), end)
            await self.ticks()

    async def supervisions(self, number: str) -> list[SupervisionRow]:
        return await self.unit_of_work(lambda s: LoopRepository(s).supervisions(number))

    async def told(self, number: str, template: str = "") -> list[str]:
        """To whom something (of that template) is owed about the ticket, in order."""
        rows = await self.unit_of_work(lambda s: LoopRepository(s).notices(number))
        return [row.recipient for row in rows if template in ("", row.template)]
