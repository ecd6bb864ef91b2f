"""What callers, carriers and administrators get wrong: a clear error, the calls go on."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from asr.settings import AsrSettings
from core.calls import CallState
from core.errors import HotlineError
from hotline.app import Hotline
from hotline.console_client import ConsoleClient
from hotline.site import Site
from hotline.stage import Stage, serving
from pbx.phone import Phone
from tests.hotline.stagehands import (
    FIRST,
    NUMBER,
    PROJECT,
    SECOND,
    Desk,
    Talk,
    desk_of,
    each_is_written,
    goes_to_people,
    is_silent,
    popped,
    stands,
    talks,
    with_speech,
)

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


async def ends(console: ConsoleClient, talk: Talk) -> None:
    await talk.citizen.hang_up()
    await stands(console, talk.call_id, CallState.ENDED)


# Who calls.


async def test_two_calls_with_one_number_at_once_are_two_and_know_of_each_other(
    stage: Stage, hotline: Hotline, desk: Desk, citizen: Phone
) -> None:
    async with desk_of(stage, hotline.url, SECOND) as other, Phone(stage.citizen()) as again:
        first = await talks(citizen, desk, "15400000031")
        second = await talks(again, other, "15400000031")
        assert first.call_id != second.call_id
        await desk.console.set_field(first.call_id, "title", "路灯不亮")
        await other.console.set_field(second.call_id, "title", "噪声")
        assert other.console.calls[second.call_id].open_tickets == ()
        ticket = await desk.console.submit(first.call_id)
        assert ticket.fields["title"] == "路灯不亮"
        # Both still talk; who has the second call learns of the first one's ticket at once.
        await other.console.until(
            lambda: other.console.calls[second.call_id].open_tickets == (ticket.number,)
        )
        await ends(desk.console, first)
        await ends(other.console, second)
        assert (await other.console.submit(second.call_id)).fields["title"] == "噪声"
    await is_silent(stage)


async def test_a_withheld_number_stays_withheld_and_becomes_a_ticket(
    desk: Desk, citizen: Phone
) -> None:
    talk = await talks(citizen, desk, None)
    call = desk.console.calls[talk.call_id]
    assert call.caller_number is None
    assert call.open_tickets == ()  # not those of everybody else who withheld his number
    await ends(desk.console, talk)
    ticket = await desk.console.submit(talk.call_id)
    assert ticket.fields.get("caller_number") is None
    talk = await talks(citizen, desk, None)
    assert desk.console.calls[talk.call_id].open_tickets == ()
    await ends(desk.console, talk)


INJECTION = "\\r\\nAction: Originate\\r\\nChannel: PJSIP/802\\r\\n"


@pytest.mark.parametrize(
    ("number", "display", "shown"),
    [
        ("15400000041", "张三 😀🏮", "15400000041"),
        ("15400000042", "<b onmouseover='alert(1)'>李四</b><script>", "15400000042"),
        ("15400000043", f"王五{INJECTION}", "15400000043"),
        ("15400000044", '"; DROP TABLE call; -- ${SHELL(id)} \\', "15400000044"),
        ("15400000045%0D%0AAction%3A%20Hangup", "赵六", None),
        ("%E5%BC%A0%E4%B8%89", None, None),
        ("+8615400000046", "名" * 128, "+8615400000046"),
    ],
)
async def test_a_caller_with_any_name_becomes_a_ticket(
    desk: Desk, citizen: Phone, number: str, display: str | None, shown: str | None
) -> None:
    call = await citizen.dial("12345", caller=number, display=display)
    await call.answered()
    await call.hears_sound(10)
    await call.press("0")
    ringing = await desk.rings()
    call_id = await popped(desk)
    await ringing.answer()
    await stands(desk.console, call_id, CallState.CONNECTED)
    talk = Talk(call_id, call, ringing)
    await talk.carries_sound()
    await ends(desk.console, talk)
    ticket = await desk.console.submit(call_id)
    told = desk.console.calls[call_id].caller_number
    assert told == shown or (shown is None and (told is None or told.isdigit()))
    assert ticket.fields["caller_number"] == told
