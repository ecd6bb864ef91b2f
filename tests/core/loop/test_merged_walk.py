"""Tickets of one event, merged, parted and answered at random: nobody is ever left hanging."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from core.errors import HotlineError
from core.loop.states import UNSETTLED, Act, TicketState
from core.pack import CityPack
from core.policy import PolicyBook
from core.ports import Viewer
from tests.core.conftest import ManualClock, new_database, open_desk
from tests.core.loop.city import AGENT, DISPATCHER, SUPERVISOR, City, unit

WORKER = unit("city_management")
ANSWERED = {"words": "已办"}
REACHED = {"reached": True, "contacted": True, "solved": False, "satisfied": False}
Doing = tuple[Viewer, Act, dict[str, Any]]
ONWARD: dict[str, Doing] = {
    "registered": (AGENT, Act.CLASSIFY, {}),
    "classified": (DISPATCHER, Act.DISPATCH, {}),
    "dispatched": (WORKER, Act.SIGN, {}),
    "signed": (WORKER, Act.HANDLE, ANSWERED),
    "handled": (WORKER, Act.ANSWER, ANSWERED),
    "answered": (AGENT, Act.FOLLOW_UP, REACHED),
    "followed_up": (DISPATCHER, Act.REDO, {}),
}
ASIDE: dict[str, Doing] = {
    "refuse": (AGENT, Act.REFUSE, {"ground": "litigation"}),
    "secret": (SUPERVISOR, Act.SET_SECRECY, {"level": 1}),
    "open": (SUPERVISOR, Act.SET_SECRECY, {"level": 0, "words": "可公开"}),
    "state secret": (SUPERVISOR, Act.SET_SECRECY, {"level": 3}),
    "release": (AGENT, Act.RELEASE, {"words": "不是一件事"}),
    "exempt": (DISPATCHER, Act.EXEMPT, {"reason": "merged"}),
}
MOST = 5


class Family(RuleBasedStateMachine):
    """Subclasses set ``url`` to a fresh database for each example."""

    pack: ClassVar[CityPack]
    policies: ClassVar[PolicyBook]
    seen: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.runner, self.stack, self.numbers = asyncio.Runner(), AsyncExitStack(), []
        self.clock = ManualClock()
        opening = open_desk(self.url(), self.pack, self.policies, self.clock)
        self.city = City(
            self.run(self.stack.enter_async_context(opening)), self.clock, self.policies
        )

    def url(self) -> str:
        raise NotImplementedError

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()

    @rule(caller=st.sampled_from(["15400000001", "15400000002", None]))
    def somebody_tells(self, caller: str | None) -> None:
        if len(self.numbers) < MOST:
            self.numbers.append(self.run(self.city.registers(contact_phone=caller)))

    @rule(data=st.data())
    def merged(self, data: st.DataObject) -> None:
        if len(self.numbers) > 1:
            child, main = (data.draw(st.sampled_from(self.numbers)) for _ in "cm")
            self.tried(self.city.merges(child, main))

    @rule(data=st.data(), steps=st.integers(1, 6))
    def a_main_ticket_goes_on(self, data: st.DataObject, steps: int) -> None:
        if self.numbers:
            number = data.draw(st.sampled_from(self.numbers))
            number = self.run(self.city.ticket(number)).parent or number
            for _ in range(steps):
                state = self.run(self.city.state(number))
                if state in ONWARD:
                    who, act, body = ONWARD[state]
                    self.tried(self.city.does(who, number, act, **body))

    @rule(data=st.data())
    def a_family_comes_to_its_end(self, data: st.DataObject) -> None:
        """Told by two more, and whoever has it answers or refuses."""
        ending = data.draw(st.sampled_from(["answer", "refuse"]))
        main: str = self.run(self.city.classified(contact_phone="15400000001"))
        others = [
            self.run(self.city.registers(contact_phone=caller))
            for caller in ("15400000001", "15400000002")
        ]
        for other in others:
            self.tried(self.city.merges(other, main))
        self.numbers = [*self.numbers, main, *others][-MOST:]
        if ending == "refuse":
            self.tried(self.city.does(AGENT, main, Act.REFUSE, ground="litigation"))
            return
        for state in ("classified", "dispatched", "signed", "handled"):
            who, act, body = ONWARD[state]
            self.tried(self.city.does(who, main, act, **body))

    @rule(data=st.data(), step=st.sampled_from(sorted(ASIDE)))
    def one_goes_aside(self, data: st.DataObject, step: str) -> None:
        if self.numbers:
            who, act, body = ASIDE[step]
            number = data.draw(st.sampled_from(self.numbers))
            self.tried(self.city.does(who, number, act, **body))

    def tried(self, work: Any) -> None:
        try:
            self.run(work)
        except HotlineError as refused:
            assert refused.status < 500, refused

    @invariant()
    def nobody_is_left_hanging(self) -> None:
        for number in self.numbers:
            self.run(self.hangs_rightly(number))

    async def hangs_rightly(self, number: str) -> None:
        ticket = await self.city.ticket(number)
        steps = await self.city.history(number)
        assert [step.seq for step in steps] == list(range(1, ticket.version + 1))
        self.seen.update(step.act for step in steps)
        if ticket.state != TicketState.MERGED:
            return
        assert ticket.parent, "merged into something"
        main = await self.city.ticket(ticket.parent)
        assert TicketState(main.state) in UNSETTLED
        assert main.number != number
        assert (main.secrecy, ticket.secrecy) == (0, 0), "nothing secret is merged"
        same = ticket.contact_digest is not None and ticket.contact_digest == main.contact_digest
        assert ticket.parent_kind == ("repeat" if same else "event")


HOW = settings(
    max_examples=6,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nobody_is_ever_left_hanging_on_a_main_ticket(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    pack: CityPack,
    policies: PolicyBook,
) -> None:
    class OnThisDatabase(Family):
        def url(self) -> str:
            if kind == "sqlite":
                file = tmp_path / f"{uuid4().hex}.db"
                shutil.copy(request.getfixturevalue("sqlite_template"), file)
                return f"sqlite:///{file}"
            template = request.getfixturevalue("postgres_template")
            return new_database(request.getfixturevalue("postgres"), template)

    OnThisDatabase.pack, OnThisDatabase.policies = pack, policies
    OnThisDatabase.seen = Counter()
    run_state_machine_as_test(OnThisDatabase, settings=HOW)
    wanted = {"merge", "told_again", "release", "parent_answered", "exempt"}
    assert wanted <= set(OnThisDatabase.seen), "the walk came by what it is about"
