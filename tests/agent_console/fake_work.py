"""The work-order side and the city's rules in memory: enough for the console's own tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core.errors import HotlineError, NotFound
from core.loop.errors import ActForbidden, VersionStale
from core.loop.parts import PartView
from core.loop.repeats import Repeat
from core.loop.rules import PolicyView, VersionView
from core.loop.states import MOVES, Act
from core.loop.views import StepView, TicketDetail, TicketLine, TicketPage
from core.ports import TicketQuery, Viewer
from core.views import TicketView
from tests.agent_console.fakes import START, FakeDesk


def a_detail(view: TicketView, version: int = 1) -> TicketDetail:
    return TicketDetail(
        number=view.number,
        state=view.state,
        version=version,
        type="",
        urgency="",
        category="",
        county="",
        subject="",
        enterprise=False,
        fast_track=False,
        secrecy=0,
        unit="",
        unit_name="",
        first_unit="",
        policy="1",
        created_at=view.created_at,
        sign_due=None,
        handle_due=None,
        answered_at=None,
        archived_at=None,
        parent=None,
        fields=view.fields,
        hidden=(),
        acts=(),
    )


@dataclass
class FakeWork:
    """Over the fake desk's tickets. Every act is in order; what was asked is kept."""

    desk: FakeDesk
    failing: HotlineError | None = None
    versions: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str, Act, dict[str, Any]]] = field(default_factory=list)
    queries: list[TicketQuery] = field(default_factory=list)

    async def register(self, viewer: Viewer, fields: Mapping[str, Any]) -> TicketDetail:
        number = f"TS20260112{len(self.desk.tickets) + 1:05d}"
        self.desk.tickets[number] = TicketView(
            number=number,
            call_id=None,
            state="registered",
            created_at=START,
            agent=viewer.agent,
            fields=dict(fields),
        )
        return self._detail(number)

    def _detail(self, number: str) -> TicketDetail:
        if self.failing:
            raise self.failing
        if number not in self.desk.tickets:
            raise NotFound("no such ticket", number=number)
        return a_detail(self.desk.tickets[number], self.versions.setdefault(number, 1))

    async def perform(
        self,
        viewer: Viewer,
        number: str,
        act: Act,
        body: Mapping[str, Any],
        expected_version: int | None = None,
    ) -> TicketDetail:
        seen = self._detail(number)
        if viewer.role not in MOVES[act].roles:
            raise ActForbidden(act=act.value, role=viewer.role)
        if expected_version not in (None, seen.version):
            raise VersionStale(version=seen.version)
        self.versions[number] += 1
        self.asked.append((viewer.agent, number, act, dict(body)))
        return self._detail(number)

    async def detail(self, viewer: Viewer, number: str) -> TicketDetail:
        return self._detail(number)

    async def history(self, viewer: Viewer, number: str) -> list[StepView]:
        self._detail(number)
        step = {"seq": 1, "act": "register", "source": "registered", "target": "registered"}
        who = {"actor": viewer.agent, "role": viewer.role, "unit": "", "at": START}
        rest = {"article": "10", "reason": "", "words": None, "details": {}, "policy": "1"}
        return [StepView.model_validate({**step, **who, **rest})]

    async def repeats(self, viewer: Viewer, number: str) -> tuple[Repeat, ...]:
        self._detail(number)
        return ()

    async def parts(self, viewer: Viewer, number: str) -> tuple[PartView, ...]:
        self._detail(number)
        return ()

    async def tickets(self, viewer: Viewer, query: TicketQuery) -> TicketPage:
        self.queries.append(query)
        known = sorted(number for number in self.desk.tickets if number > query.after)
        shown = known[: query.limit]
        lines = tuple(
            TicketLine(
                number=number,
                state=self.desk.tickets[number].state,
                type="",
                urgency="",
                category="",
                county="",
                subject="",
                unit="",
                created_at=START,
                handle_due=None,
                overdue=False,
                title="",
            )
            for number in shown
        )
        return TicketPage(lines=lines, after=shown[-1] if len(known) > len(shown) else None)


class Closed:
    """An office to which nobody goes where this one stands; the real ones are in ``real_work``."""


CLOSED: Any = Closed()


@dataclass
class FakeOffices:
    work: FakeWork
    meetings: Any = CLOSED
    abuse: Any = CLOSED
    hearings: Any = CLOSED
    accounts: Any = CLOSED
    audit: Any = CLOSED
    rates: Any = CLOSED


@dataclass
class FakeRules:
    failing: HotlineError | None = None
    reloads: int = 0

    async def rules(self, viewer: Viewer) -> PolicyView:
        version = VersionView(version="1", effective_from=date(2026, 1, 1), in_force=True)
        return PolicyView(versions=(version,))

    async def reload(self, viewer: Viewer) -> PolicyView:
        if self.failing:
            raise self.failing
        self.reloads += 1
        return await self.rules(viewer)
