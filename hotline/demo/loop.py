"""After the call: the ticket goes its whole way to the archive, on a fast clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from core.loop.states import Act
from core.people.roles import Role
from core.policy import Policy
from core.ports import Viewer
from hotline.app import Hotline
from hotline.demo.fast_clock import FastClock
from hotline.demo.people import DemoRefused, People

DISPATCHER, WORKER, HEAD = "101", "201", "202"
STEPS = {
    "register": "登记", "amend": "补充", "classify": "分类", "dispatch": "派单",
    "answer_at_once": "即时答复", "transfer": "移交", "receipt": "移交回执",
    "transfer_result": "结果回填", "refuse": "不予受理", "sign": "签收", "handle": "办理",
    "countersign": "一把手签批", "answer": "答复", "follow_up": "回访", "rate": "评价",
    "exempt": "免回访", "archive": "办结归档",
}  # fmt: skip
_PLACE = "district"  # not every ticket needs one, but many a line of the directory does
_UNHEARD = "演示补录"


class LoopDemo:
    """``agent`` took the call and wrote the ticket; everybody else appears when he is needed."""

    def __init__(
        self, hotline: Hotline, clock: FastClock, screen: Console, agent: str, password: str
    ) -> None:
        self._hotline = hotline
        self._clock = clock
        self._screen = screen
        self._agent = agent
        self._people = People(hotline)
        self._people.known(agent, password)

    async def play(self, number: str) -> list[dict[str, Any]]:
        """The whole way; returns the finished history. Raises ``DemoRefused``."""
        agent = self._agent
        await self._people.person(DISPATCHER, "演示派单员", Role.DISPATCHER)
        ticket = await self._people.reads(agent, number)
        policy = self._hotline.rules.current.named(ticket["policy"])
        if missing := _missing(ticket["fields"], policy):
            await self._do(agent, number, Act.AMEND, fields=missing)
        await self._do(agent, number, Act.CLASSIFY)
        classified = (await self._people.history(agent, number))[-1]
        await self._decide(number, classified["details"]["ways"], policy)
        await self._close(number, policy)
        steps = await self._people.history(DISPATCHER, number)
        self._screen.print(_table(number, steps, policy))
        return steps

    async def _decide(self, number: str, ways: list[str], policy: Policy) -> None:
        """The way that the decision table opens; to the units where it can be."""
        match "dispatch" if "dispatch" in ways else ways[0]:
            case "dispatch":
                await self._through_the_unit(number)
            case "answer":
                await self._do(self._agent, number, Act.ANSWER_AT_ONCE, words="已当场答复")
            case "refuse":
                ground = policy.acceptance.grounds[0].key
                await self._do(self._agent, number, Act.REFUSE, ground=ground)
            case _:
                await self._through_an_organ(number, policy)

    async def _through_the_unit(self, number: str) -> None:
        given = await self._do(DISPATCHER, number, Act.DISPATCH)
        unit, fast = given["unit"], given["fast_track"]
        await self._people.person(WORKER, f"{given['unit_name']}经办人", Role.UNIT, unit)
        await self._people.person(HEAD, f"{given['unit_name']}负责人", Role.UNIT_HEAD, unit)
        self._clock.forward(timedelta(minutes=10))
        await self._do(HEAD if fast else WORKER, number, Act.SIGN)
        await self._helpers(number, unit)
        due = datetime.fromisoformat(given["handle_due"])
        self._clock.forward((due - self._clock.now()) / 2)
        await self._do(WORKER, number, Act.HANDLE, words="已到现场处理")
        if fast:
            await self._do(HEAD, number, Act.COUNTERSIGN)
        await self._do(WORKER, number, Act.ANSWER, words="已电话告知诉求人处理结果")

    async def _helpers(self, number: str, unit: str) -> None:
        """Units that assist conclude their parts before the main one does."""
        dispatcher = Viewer(DISPATCHER, "", Role.DISPATCHER)
        parts = await self._hotline.desk.offices.loop.parts(dispatcher, number)
        for count, part in enumerate(one for one in parts if one.unit != unit):
            helper = f"30{count}"
            await self._people.person(helper, f"{part.name}经办人", Role.UNIT, part.unit)
            await self._do(helper, number, Act.ASSIST_DONE, words="已配合办理")

    async def _through_an_organ(self, number: str, policy: Policy) -> None:
        """To an emergency line, unless only the one that supervises the accused may have it."""
        organ = next(iter(policy.pack.emergency.order))
        try:
            await self._do(self._agent, number, Act.TRANSFER, organ=organ)
        except DemoRefused as refused:
            if "organ" not in refused.details:
                raise
            await self._do(self._agent, number, Act.TRANSFER, organ=refused.details["organ"])
        await self._do(DISPATCHER, number, Act.RECEIPT, receipt="R-1")
        self._clock.forward(timedelta(days=1))
        await self._do(DISPATCHER, number, Act.TRANSFER_RESULT, words="已反馈处理结果")

    async def _close(self, number: str, policy: Policy) -> None:
        ticket = await self._people.reads(DISPATCHER, number)
        if ticket["state"] == "refused":
            await self._do(DISPATCHER, number, Act.EXEMPT, reason="refused")
        else:
            self._clock.forward(timedelta(days=1))
            answers = {"reached": True, "contacted": True, "solved": True, "satisfied": True}
            await self._do(self._agent, number, Act.FOLLOW_UP, **answers)
            await self._do(self._agent, number, Act.RATE, level=1)
        await self._do(DISPATCHER, number, Act.ARCHIVE)

    async def _do(self, who: str, number: str, act: Act, **given: Any) -> dict[str, Any]:
        after = await self._people.does(who, number, act.value, **given)
        step = (await self._people.history(DISPATCHER, number))[-1]
        when = self._clock.now().astimezone(self._hotline.rules.current.versions[0].calendar.zone)
        self._screen.print(
            f"  {when:%m-%d %H:%M}  {STEPS.get(act, act):　<6} 工号 {who:<5} 第{step['article']}条",
            highlight=False,
        )
        return after


def _missing(fields: dict[str, Any], policy: Policy) -> dict[str, Any]:
    """What the agent fills in after the call, so that the ticket may be dispatched: whether it is
    confidential was asked, and what nobody heard (the caller was silent) stands for itself."""
    filled: dict[str, Any] = {"confidential": False}
    for field in policy.pack.form.fields:
        if field.required or field.key == _PLACE:
            filled[field.key] = field.values[0] if field.values else _UNHEARD
    filled["category"] = next(policy.pack.taxonomy.paths()).names
    return {key: value for key, value in filled.items() if fields.get(key) in (None, "", [])}


def _table(number: str, steps: list[dict[str, Any]], policy: Policy) -> Table:
    table = Table(
        title=f"工单 {number} 办理全程（规则版本 {policy.version}）", title_justify="left"
    )
    for heading in ("步", "时间", "事项", "条款", "经办", "说明"):
        table.add_column(heading, overflow="fold")
    for step in steps:
        at = datetime.fromisoformat(step["at"]).astimezone(policy.calendar.zone)
        told = "；".join(f"{key}={value}" for key, value in step["details"].items())
        table.add_row(
            str(step["seq"]),
            f"{at:%Y-%m-%d %H:%M}",
            STEPS.get(step["act"], step["act"]),
            step["article"],
            step["actor"],
            told[:70],
        )
    return table
