"""Crowds of callers and agents by SIPp, on a real Asterisk."""

import shutil

import pytest

from pbx.phone import Phone, PhoneSettings
from pbx.phone.crowd import CrowdCounts, SippAgents, SippCallers, SippFailed, SippMissing
from pbx.phone.errors import NotInTime
from tests.pbx.conftest import agent

NUMBERS = [str(8001 + number) for number in range(6)]
needs_sipp = pytest.mark.skipif(
    shutil.which("sipp") is None, reason="SIPp is not installed (Debian: sip-tester)"
)


async def test_without_sipp_it_is_said_so(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SippMissing) as missing:
        async with SippAgents():
            pass
    assert missing.value.error_id == "sipp_missing"


@needs_sipp
async def test_sipp_that_ends_by_itself_is_told_and_why():
    agents = SippAgents()
    agents._arguments += ["-p", "no port"]
    async with agents:
        with pytest.raises(SippFailed) as failed:
            await agents.finished(10)
        with pytest.raises(SippFailed):
            await agents.until(1, 10)
    assert failed.value.details["status"] != 0
    assert "port" in str(failed.value)


@needs_sipp
async def test_callers_of_a_dead_line_fail_and_are_counted():
    async with SippCallers(3, 10, 1000, server_port=9, dialled="12345") as callers:
        with pytest.raises(NotInTime):
            await callers.finished(0.2)
        counts = await callers.finished(15)
    assert counts.succeeded == 0
    assert counts.created == 3


@needs_sipp
@pytest.mark.real
async def test_a_crowd_of_callers_reaches_a_crowd_of_agents(start_asterisk):
    async with SippAgents(answer_ms=100, seconds=60) as desks:
        asterisk = await start_asterisk(
            agents=[agent(number, contact=desks.contact(number)) for number in NUMBERS]
        )
        for number in NUMBERS:
            await asterisk.cli(f"queue add member PJSIP/{number} to common penalty 0 as {number}")
        port = asterisk.settings.sip.port
        callers = SippCallers(5, 10, 3000, server_port=port, dialled="12345", seconds=60)
        async with callers, Phone(PhoneSettings(server_port=port)) as citizen:
            busy = await desks.until(5, 20)
            assert busy.failed == 0
            # Among the crowd, one who listens hears an agent.
            call = await citizen.dial("12345", caller="15400001234")
            await call.hears_tone(1100, 20)
            await call.hang_up()
            counts = await callers.finished(30)
        assert (counts.created, counts.succeeded, counts.failed) == (5, 5, 0)
        assert counts.current == 0
        # The agents were answered, talked to and hung up on; none is left.
        after = await desks.stop()
        assert (after.succeeded, after.failed, after.current) == (6, 0, 0)


@needs_sipp
@pytest.mark.real
async def test_callers_who_give_up_are_no_failure_of_the_agents(start_asterisk):
    async with SippAgents(answer_ms=60_000, seconds=30) as desks:
        asterisk = await start_asterisk(agents=[agent("8001", contact=desks.contact("8001"))])
        await asterisk.cli("queue add member PJSIP/8001 to common penalty 0 as 8001")
        port = asterisk.settings.sip.port
        async with SippCallers(1, 1, 1500, server_port=port, dialled="12345") as callers:
            await desks.until(1, 10)
            assert (await callers.finished(15)).succeeded == 1
        after = await desks.stop()
        assert after == CrowdCounts(created=1, succeeded=1)
