"""A random walk over the whole engine: anybody does anything, and what must hold holds."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import pairwise
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.errors import HotlineError
from core.loop.acts import ACTS
from core.loop.states import MOVES, UNSETTLED, Act, TicketState, allowed
from core.pack import CityPack
from core.people.roles import Role
from core.policy import PolicyBook
from core.ports import Viewer
from core.store.tables import TicketRow
from tests.core.conftest import ManualClock, open_desk
from tests.core.loop import city as people
from tests.core.loop.city import City, head, unit

UNITS = ("city_management", "housing", "market", "district_130203", "justice", "water_company")
CATEGORIES = (
    ["城市管理", "市政设施", "路灯"],
    ["企业服务", "营商环境", "吃拿卡要"],
    ["企业服务", "涉企执法", "罚款不当"],
    ["政务服务与作风", "行政效能", "泄露信息与打击报复"],
    ["公用事业", "供水", "停水"],
    ["其他", "不予受理", "涉密"],
)
PEOPLE: dict[str, tuple[Viewer, ...]] = {
    Role.AGENT: (people.AGENT, people.OTHER_AGENT),
    Role.DISPATCHER: (people.DISPATCHER, people.LUBEI_DISPATCHER),
    Role.SUPERVISOR: (people.SUPERVISOR,),
    Role.AUTHORITY: (people.AUTHORITY,),
    Role.GOVERNMENT: (people.GOVERNMENT,),
    Role.AUDITOR: (people.AUDITOR,),
}
WORDS = "情况已经说明"


class Walk(RuleBasedStateMachine):
    """Subclasses set ``url`` to a fresh database for each example."""

    pack: ClassVar[CityPack]
    policies: ClassVar[PolicyBook]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = ManualClock()
        self.stack = AsyncExitStack()
        desk = self.run(
            self.stack.enter_async_context(
                open_desk(self.url(), self.pack, self.policies, self.clock)
            )
        )
        self.city = City(desk, self.clock, self.policies)
        self.numbers: list[str] = []
        self.first_units: dict[str, str] = {}
        self.touched: set[str] = set()

    def url(self) -> str:
        raise NotImplementedError

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def teardown(self) -> None:
        for number in self.numbers:
            self.run(self.holds(number))
        self.run(self.stack.aclose())
        self.runner.close()

    @rule(
        category=st.sampled_from(CATEGORIES),
        type=st.sampled_from(["咨询", "投诉", "求助", "举报"]),
        urgency=st.sampled_from(["一般", "紧急", "特急"]),
        district=st.sampled_from(["路北区", "迁安市"]),
        complete=st.booleans(),
        caller=st.sampled_from(["15400000001", "15400000001", "15400000002", None]),
    )
    def register(
        self,
        category: list[str],
        type: str,
        urgency: str,
        district: str,
        complete: bool,
        caller: str | None,
    ) -> None:
        form = {
            "category": category,
            "type": type,
            "urgency": urgency,
            "district": district,
            "content": "内容" if complete else None,
            "contact_phone": caller,
        }
        self.numbers.append(self.run(self.city.registers(**form)))
        self.touched.add(self.numbers[-1])

    @rule(minutes=st.sampled_from([1, 60, 60 * 24, 60 * 24 * 9, -30]))
    def time_passes(self, minutes: int) -> None:
        self.clock.moment += timedelta(minutes=minutes)
        self.run(self.city.ticks())
        self.touched.update(self.numbers)
        assert self.run(self.city.desk.offices.clockwork.stuck()) == []

    @rule(data=st.data())
    def somebody_does_something(self, data: st.DataObject) -> None:
        if not self.numbers:
            return
        number = data.draw(st.sampled_from(self.numbers), label="ticket")
        before: TicketRow = self.run(self.city.ticket(number))
        state = TicketState(before.state)
        fitting = [act for act in ACTS if state in MOVES[act].sources]
        choices = fitting if fitting and data.draw(st.integers(0, 9)) else list(ACTS)
        act = data.draw(st.sampled_from(sorted(choices)), label="act")
        who = data.draw(st.sampled_from(self.candidates(act, before)), label="who")
        body = data.draw(bodies(act, self.numbers), label="body")
        try:
            after: TicketRow = self.run(self.city.does(who, number, act, **body))
        except HotlineError as refused:
            assert refused.status < 500, refused
            unchanged: TicketRow = self.run(self.city.ticket(number))
            assert (unchanged.state, unchanged.version) == (before.state, before.version)
            return
        self.touched.add(number)
        assert allowed(state, act, TicketState(after.state))
        assert who.role in MOVES[act].roles
        assert after.version > before.version

    def candidates(self, act: Act, ticket: TicketRow) -> list[Viewer]:
        """Mostly those whose business it is, and now and then somebody else."""
        fitting: list[Viewer] = []
        for role in sorted(MOVES[act].roles):
            if role == Role.UNIT:
                fitting.append(unit(ticket.unit or UNITS[0]))
            elif role == Role.UNIT_HEAD:
                fitting.append(head(ticket.unit or UNITS[0]))
            else:
                fitting += PEOPLE.get(role, ())
        return [*fitting * 3, unit(UNITS[1]), people.AUDITOR, people.AGENT]

    @invariant()
    def what_must_hold_holds(self) -> None:
        """Of whatever was changed last; of all of them at the end."""
        for number in self.touched:
            self.run(self.holds(number))
        self.touched.clear()

    async def holds(self, number: str) -> None:
        ticket = await self.city.ticket(number)
        steps = await self.city.history(number)
        assert [step.seq for step in steps] == list(range(1, ticket.version + 1))
        assert all(before.target == after.source for before, after in pairwise(steps))
        assert all(before.at <= after.at for before, after in pairwise(steps))
        assert all(step.article and step.policy and step.actor for step in steps)
        passed = {step.target for step in steps}
        if ticket.state == TicketState.ARCHIVED:
            assert "exempted" in passed or {"followed_up", "rated"} <= passed
            assert not ticket.open
        if ticket.unit:
            assert ticket.unit != ticket.accused
            assert ticket.first_unit
            first = self.first_units.setdefault(number, ticket.first_unit)
            assert ticket.first_unit == first, "the first unit never changes"
            assert ticket.sign_due is not None
            assert ticket.handle_due is not None
        if ticket.enforcement or ticket.retaliation:
            assert TicketState.DISPATCHED not in passed or not ticket.unit
        if ticket.fast_track and ticket.state in ("answered", "followed_up", "rated"):
            assert ticket.countersigned_by.startswith("h-"), "only the head signs"
        if ticket.secrecy == 3:
            assert "content" not in await self.city.fields(number)
            assert await self.city.words(number) == []
        taken = [step.details for step in steps if step.act in ("rung", "supervise")]
        reached = [(row.rung, row.round) for row in await self.city.supervisions(number)]
        assert {(one["rung"], one["round"]) for one in taken} <= {*reached}
        assert len({*reached}) == len(reached), "each rung once in a round"
        if ticket.parent is not None:
            parent = await self.city.ticket(ticket.parent)
            assert parent.number != number
            assert parent.secrecy == ticket.secrecy
        if ticket.state == TicketState.MERGED:
            assert ticket.parent, "merged into something"
            main = await self.city.ticket(ticket.parent)
            assert TicketState(main.state) in UNSETTLED, "nobody is left hanging"


def bodies(act: Act, numbers: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """What somebody may well give with an act; some of it is wrong."""
    unit_key = st.sampled_from([*UNITS, "nobody"])
    maybe_unit = st.one_of(st.none(), unit_key)
    tables: dict[Act, dict[str, st.SearchStrategy[Any]]] = {
        Act.AMEND: {
            "fields": st.sampled_from(
                [{"content": "补充内容"}, {"urgency": "紧急"}, {"district": "路北区"}]
            )
        },
        Act.NOTE: {"words": st.just(WORDS)},
        Act.ANSWER_AT_ONCE: {"words": st.just(WORDS)},
        Act.REFUSE: {
            "ground": st.sampled_from(["litigation", "state_secret", "settled", "none_such"])
        },
        Act.REVIEW_REFUSAL: {"upheld": st.booleans(), "words": st.just(WORDS)},
        Act.SET_SECRECY: {"level": st.integers(0, 3), "words": st.just(WORDS)},
        Act.DISPATCH: {"unit": maybe_unit, "accused": maybe_unit, "words": st.just(WORDS)},
        Act.ASSIST: {"units": st.lists(unit_key, min_size=1, max_size=2)},
        Act.ASSIST_DONE: {"words": st.just(WORDS)},
        Act.TRANSFER: {"organ": st.sampled_from(["justice", "inspection_office", "110", "market"])},
        Act.RECEIPT: {"receipt": st.just("R-1")},
        Act.TRANSFER_RESULT: {"words": st.just(WORDS)},
        Act.MERGE: {
            "into": st.sampled_from(numbers or ["0"]),
            "words": st.sampled_from([WORDS, ""]),
        },
        Act.RELEASE: {"words": st.just(WORDS)},
        Act.SPLIT: {"parts": st.just([{"title": "另一件事"}]), "keep": st.just({})},
        Act.NEW_FACTS: {"of": st.sampled_from(numbers or ["0"]), "words": st.just(WORDS)},
        Act.HANDLE: {"words": st.just(WORDS)},
        Act.ANSWER: {"words": st.just(WORDS)},
        Act.EXEMPT: {
            "reason": st.sampled_from(
                ["refused", "merged", "terminated", "no_reply_wanted", "not_reached", "secret"]
            )
        },
        Act.SUPERVISE: {"rung": st.sampled_from(["sign_urge", "urge", "supervise", "notice"])},
        Act.FEED_BACK: {"rung": st.just("supervise"), "words": st.just(WORDS)},
        Act.URGE: {"unit": maybe_unit},
        Act.RAISE_PROBLEM: {"words": st.just(WORDS)},
        Act.DECIDE_PROBLEM: {
            "decision": st.sampled_from(["decide", "return", "raise"]),
            "words": st.just(WORDS),
            "unit": maybe_unit,
        },
        Act.RATE: {"level": st.one_of(st.none(), st.integers(1, 6))},
    }
    if act is Act.FOLLOW_UP:
        return st.sampled_from(
            [
                {"reached": False},
                {"reached": True, "contacted": True, "solved": True, "satisfied": True},
                {"reached": True, "contacted": True, "solved": False, "satisfied": False},
                {"reached": True},
            ]
        )
    return st.fixed_dictionaries(tables.get(act, {}))
