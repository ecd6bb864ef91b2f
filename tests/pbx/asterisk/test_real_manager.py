"""What our account at the manager may do, and that it leads no further."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.pbx.asterisk.conftest import AmiSession, ami_session
from tests.pbx.conftest import agent, free_ports
from tests.pbx.sip_peer import telephones

pytestmark = pytest.mark.real


def originate(application: str, data: str = "x") -> tuple[str, dict[str, str]]:
    fields = {"Channel": "PJSIP/none", "Application": application, "Data": data, "Async": "true"}
    return "Originate", fields


ALLOWED = (
    ("CoreShowChannels", {}),
    ("CoreStatus", {}),
    ("CoreSettings", {}),
    ("QueueStatus", {}),
    ("DeviceStateList", {}),
    ("Getvar", {"Variable": "IFMODULE(app_queue.so)"}),
    ("QueueAdd", {"Queue": "common", "Interface": "PJSIP/8001", "MemberName": "8001"}),
    ("QueuePause", {"Interface": "PJSIP/8001", "Paused": "true", "Reason": "wrap-up"}),
    ("QueueRemove", {"Queue": "common", "Interface": "PJSIP/8001"}),
    originate("ChanSpy", "PJSIP/none-00000001,qoESl"),
    originate("Wait", "5"),
    ("Hangup", {"Channel": "none"}),
    ("Redirect", {"Channel": "none", "Context": "hotline", "Exten": "call", "Priority": "1"}),
    ("MixMonitorMute", {"Channel": "none", "State": "1", "Direction": "both"}),
)
FORBIDDEN = (
    ("Command", {"Command": "core show uptime"}),
    ("GetConfig", {"Filename": "manager.conf"}),
    ("GetConfigJSON", {"Filename": "pjsip.conf"}),
    ("ListCategories", {"Filename": "pjsip.conf"}),
    ("CreateConfig", {"Filename": "more.conf"}),
    ("UpdateConfig", {"SrcFilename": "pjsip.conf", "DstFilename": "pjsip.conf"}),
    ("ModuleLoad", {"Module": "app_system", "LoadType": "load"}),
    ("Reload", {}),
    ("DialplanExtensionAdd", {"Context": "agents", "Extension": "1", "Application": "System"}),
    ("DialplanExtensionRemove", {"Context": "hotline", "Extension": "call"}),
    ("MixMonitor", {"Channel": "none", "File": "x.wav", "Command": "true"}),
    ("AGI", {"Channel": "none", "Command": "EXEC System true"}),
    ("DBPut", {"Family": "Queue", "Key": "x", "Val": "x"}),
    ("DBDel", {"Family": "Queue", "Key": "x"}),
    ("PJSIPShowAuths", {}),
    ("Getvar", {"Variable": "SHELL(true)"}),
    *map(originate, ("System", "TrySystem", "Exec", "TryExec", "ExecIf", "AGI", "EAGI")),
    *map(originate, ("MixMonitor", "ExternalIVR")),
    originate("Queue", "common,,,,5,/bin/true"),
    originate("Wait", "${SHELL(true)}"),
    originate("Wait", "${EVAL(${x})}"),
)


async def test_the_backend_may_do_what_it_needs_and_no_more(start_asterisk):
    asterisk = await start_asterisk()
    denied = re.compile("Permission denied|Access Forbidden")
    async with ami_session(asterisk) as ami:
        allowed = [
            (name, fields)
            for name, fields in (*ALLOWED, *FORBIDDEN)
            if not any(map(denied.search, await ami.action(name, **fields)))
        ]
    assert allowed == list(ALLOWED)


async def test_the_backend_may_ask_which_modules_run(start_asterisk):
    asterisk = await start_asterisk()
    async with ami_session(asterisk) as ami:
        told = [
            (await ami.action("Getvar", Variable=f"IFMODULE({module}.so)"))[-1]
            for module in ("app_queue", "app_system")
        ]
    assert told == ["Value: 1", "Value: 0"]


async def test_nobody_else_gets_in_at_the_manager(start_asterisk):
    asterisk = await start_asterisk(ami={"port": free_ports(1)[0], "secret": "right"})
    reader, writer = await asyncio.open_connection("127.0.0.1", asterisk.settings.ami.port)
    answer = await AmiSession(reader, writer).action("Login", Username="hotline", Secret="wrong")
    writer.close()
    await writer.wait_closed()
    assert answer[0] == "Response: Error"


# Some applications lead to the shell by their arguments (MixMonitor's command, Queue's AGI), and
# Setvar with Redirect hands any value to any line of the dialplan: a line, and values for it.
ROUNDABOUT = (
    ("ExecIf($[${REGEX", {"diverting": "1):MixMonitor({folder}/x.wav,,{command}"}),
    ("MixMonitor(", {"CALL_ID": "x.wav),{command} #"}),
    ("MixMonitor(", {"now": "../outside"}),
    ("Queue(", {"HOTLINE_QUEUE": "common", "HOTLINE_TIMEOUT": "60,{script}"}),
    ("Queue(", {"HOTLINE_QUEUE": "common,,,,60,{script}"}),
)
# What is seen when a command does run.
CONTROL = """
[control]
exten => call,1,MixMonitor({folder}/control.wav,,touch {folder}/control)
 same => n,Queue(common)
"""


async def test_no_roundabout_way_leads_to_the_shell(start_asterisk, tmp_path):
    script, owned = tmp_path / "script", tmp_path / "owned"
    words = {"folder": tmp_path, "script": script, "command": f"touch {owned}"}
    script.write_text("#!/bin/sh\n{command}\n".format(**words))
    script.chmod(0o755)
    numbers = [str(8001 + index) for index in range(len(ROUNDABOUT) + 1)]
    async with telephones(500, 900) as (_, desk):
        asterisk = await start_asterisk(agents=[agent(n, contact=desk.contact) for n in numbers])
        with (asterisk.folder / "etc/extensions.conf").open("a", encoding="utf-8") as dialplan:
            dialplan.write(CONTROL.format(**words))
        await asterisk.cli("dialplan reload")
        lines = await asterisk.cli("dialplan show call@hotline")
        async with ami_session(asterisk) as ami:
            for number, (line, values) in zip(numbers, ROUNDABOUT, strict=False):
                priority = re.search(rf"(\d+)\. {re.escape(line)}", lines).group(1)
                given = {name: value.format(**words) for name, value in values.items()}
                await talk_from(ami, number, "hotline", priority, given)
            await talk_from(ami, numbers[-1], "control", "1", {})
        async with asyncio.timeout(10):
            while not (tmp_path / "control").exists():  # noqa: ASYNC110 - a file tells no one
                await asyncio.sleep(0.02)
    assert not owned.exists()
    assert not list(asterisk.settings.recordings.parent.rglob("outside"))


async def talk_from(
    ami: AmiSession, number: str, context: str, priority: str, values: dict[str, str]
) -> None:
    """A call that is sent on from that line with those values, taken by the agent, and over."""
    dial_in = {"Channel": "Local/12345@from-trunk", "Application": "Wait", "Data": "60"}
    await ami.action("Originate", Async="true", **dial_in)
    joined = await ami.event("QueueCallerJoin")
    channel = next(line for line in joined if line.startswith("Channel: ")).partition(": ")[2]
    for name, value in values.items():
        await ami.action("Setvar", Channel=channel, Variable=name, Value=value)
    await ami.action("Redirect", Channel=channel, Context=context, Exten="call", Priority=priority)
    await ami.event("QueueCallerJoin")
    member = {"Queue": "common", "Interface": f"PJSIP/{number}"}
    await ami.action("QueueAdd", **member)
    await ami.event("AgentConnect")
    await ami.action("QueueRemove", **member)
    await ami.action("Hangup", Channel=channel)
    while "Event: Hangup" not in await ami.block(f"Channel: {channel}"):
        pass
