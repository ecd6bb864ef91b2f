"""``hotline demo --loop``: whatever became of the call, the ticket comes to its archive."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from rich.console import Console

from hotline.app import Hotline
from hotline.demo.fast_clock import FastClock
from hotline.demo.loop import LoopDemo
from hotline.stage import serving
from pbx.asterisk import AsteriskInstall
from tests.core.loop.city import LAMP
from tests.hotline.shell import running
from tests.hotline.stagehands import FIRST, small_site

TO_THE_UNIT = ["register", "classify", "dispatch", "sign", "handle", "answer"]
CLOSED = ["follow_up", "rate", "archive"]
WAYS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing was heard": (
        dict.fromkeys(("type", "title", "content", "category", "confidential", "district")),
        ["register", "amend", *TO_THE_UNIT[1:], *CLOSED],
    ),
    "the unit's head signs": (
        {"category": ["企业服务", "营商环境", "吃拿卡要"], "is_enterprise": True},
        [*TO_THE_UNIT[:-1], "countersign", "answer", *CLOSED],
    ),
    "to who supervises the accused": (
        {"category": ["企业服务", "涉企执法", "罚款不当"], "is_enterprise": True},
        ["register", "classify", "transfer", "receipt", "transfer_result", *CLOSED],
    ),
}


@pytest_asyncio.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[Hotline, FastClock]]:
    """Without a telephone: what follows a call needs none."""
    clock = FastClock()
    async with serving(small_site(tmp_path), clock) as hotline:
        yield hotline, clock


@pytest.mark.parametrize("case", WAYS)
async def test_a_ticket_goes_its_whole_way_on_the_fast_clock(
    served: tuple[Hotline, FastClock], case: str
) -> None:
    hotline, clock = served
    told, acts = WAYS[case]
    form = {key: value for key, value in (LAMP | told).items() if value is not None}
    password = hotline.site.secrets.agents[FIRST].console
    viewer = (await hotline.desk.log_in(FIRST, password))[1]
    ticket = await hotline.desk.offices.work.register(viewer, form)
    screen = io.StringIO()
    demo = LoopDemo(hotline, clock, Console(file=screen, width=160), FIRST, password)
    steps = await demo.play(ticket.number)
    assert [step["act"] for step in steps] == acts
    assert (await hotline.desk.offices.work.detail(viewer, ticket.number)).state == "archived"
    printed = screen.getvalue()
    for step in steps[1:]:  # the first was before
        assert f"第{step['article']}条" in printed


@pytest.mark.real
def test_the_command_plays_the_call_and_then_the_loop(
    install: AsteriskInstall, tmp_path: Path
) -> None:
    file = tmp_path / "out.json"
    words = ("demo", "--once", "--engine", "fake", "--loop", "--json", file)
    with running(tmp_path, *words) as demo:
        demo.says("办理闭环")
        assert demo.ends() == 0
    result = json.loads(file.read_text(encoding="utf-8"))
    assert result["history"][-1]["act"] == "archive"
    assert result["history"][0]["act"] == "register"
