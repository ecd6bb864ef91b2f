"""Asterisk: found, reachable, with our modules, queues and telephones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from core.errors import HotlineError
from hotline.doctor.finding import Finding, Verdict, broken, ok, warning
from hotline.doctor.manager import Manager, ManagerAway, away, booted, events, logged_in, rights
from hotline.doctor.sound import audio
from hotline.site import Site
from pbx.ami.api import AmiRefused
from pbx.ami.states import LinkFault
from pbx.asterisk.install import CACHE, ETC
from pbx.asterisk.locate import OLDEST_MAJOR, find_cached, find_installed
from pbx.asterisk.modules import in_use

RENDER = "`hotline asterisk render`, then reload Asterisk"
LOAD = "load them in modules.conf"
ASKED = "func_module"  # tells of the others
AWAY = ("UNAVAILABLE", "INVALID", "UNKNOWN")
CLOCK_SECONDS = 3  # Asterisk tells whole seconds


def _startable() -> Finding:
    """Whether there is an Asterisk that could be started. Blocks for a moment."""
    install = find_installed(ETC / "asterisk") or find_cached(CACHE)
    if install is None:
        return broken(
            "asterisk",
            f"none of version {OLDEST_MAJOR} or later is on PATH or in the cache",
            "`hotline asterisk install`, or install the package asterisk",
        )
    return ok("asterisk", f"Asterisk {install.version} can be started")


async def examine_asterisk(site: Site) -> list[Finding]:
    """Everything that is asked of a running Asterisk; if it is not, only that is said."""
    ami = site.pbx.ami
    findings: list[Finding] = []
    try:
        async with logged_in(ami) as manager:
            findings += [finding async for finding in _within(site, manager)]
    except ManagerAway as failed:
        findings.append(away(ami, failed.fault))
        if failed.fault is LinkFault.UNREACHABLE:
            findings.append(await asyncio.to_thread(_startable))
    except HotlineError as lost:
        findings.append(broken("ami", f"{lost.error_id} {lost}", "see Asterisk's log"))
    return findings


async def _within(site: Site, manager: Manager) -> AsyncIterator[Finding]:
    """What needs a right that is not there is left out: that right is named.

    Raises ``HotlineError`` when the session is lost.
    """
    place = f"{site.pbx.ami.host}:{site.pbx.ami.port}"
    if await booted(manager):
        yield ok("ami", f"{place} takes our log-in")
    else:
        advice = "wait for it; if it has, manager.conf lacks `read = system` for our user"
        yield broken("ami", f"{place} does not say that Asterisk has started", advice)
    yield await rights(manager)
    if "Getvar" in manager.known:
        yield await _version(manager)
        yield await _clock(manager)
        yield await _modules(site, manager)
    yield await _queues(site, manager)
    if "DeviceStateList" in manager.known:
        yield await _telephones(site, manager)
    if {"Originate", "CoreShowChannels"} <= manager.known:
        sound = await audio(site, manager)
        yield sound
        if sound.verdict is Verdict.OK:  # then there were channels to tell of
            yield events(manager, {"system", "call"})


async def _version(manager: Manager) -> Finding:
    version = (await manager.ask("CoreSettings")).get("AsteriskVersion")
    major = version.removeprefix("certified/").partition(".")[0]
    if major.isdecimal() and int(major) < OLDEST_MAJOR:
        return broken("asterisk", version, f"version {OLDEST_MAJOR} or later is needed")
    return ok("asterisk", f"{version} runs")


async def _clock(manager: Manager) -> Finding:
    """A call's times come from Asterisk, those of what is said from here."""
    told = await _value(manager, "EPOCH")
    ahead = int(told) - time.time() if told.isdecimal() else 0.0
    if abs(ahead) > CLOCK_SECONDS:
        return broken(
            "asterisk_clock",
            f"Asterisk's clock is {ahead:+.0f} s from ours",
            "let both machines follow one time server",
        )
    return ok("asterisk_clock", "Asterisk's clock is ours")


async def _modules(site: Site, manager: Manager) -> Finding:
    browser = any(agent.browser for agent in site.pbx.agents)
    wanted = in_use(browser, lambda codec: False)
    if not await _value(manager, f"IFMODULE({ASKED}.so)"):
        return broken("modules", f"{ASKED} is not loaded, so no other can be asked for", LOAD)
    missing = [
        module for module in wanted if await _value(manager, f"IFMODULE({module}.so)") != "1"
    ]
    if missing:
        return broken("modules", f"not loaded: {', '.join(missing)}", LOAD)
    return ok("modules", f"{len(wanted)} loaded")


async def _value(manager: Manager, expression: str) -> str:
    """What Asterisk makes of it; empty for a function that it does not have."""
    try:
        return (await manager.ask("Getvar", {"Variable": expression})).get("Value")
    except AmiRefused:
        return ""


async def _queues(site: Site, manager: Manager) -> Finding:
    try:
        listed = await manager.listing("QueueStatus")
    except AmiRefused:
        return broken("queues", "Asterisk has no queues", "load app_queue in modules.conf")
    there = {event.get("Queue") for event in listed if event.name == "QueueParams"}
    missing = [queue.key for queue in site.pack.queues if queue.key not in there]
    if missing:
        return broken("queues", f"missing: {', '.join(missing)}", RENDER)
    members = {event.get("Name") for event in listed if event.name == "QueueMember"}
    if not members:
        return warning("queues", "no agent is signed in", "callers wait until one signs in")
    return ok("queues", f"{len(there)} queues, {len(members)} agents signed in")


async def _telephones(site: Site, manager: Manager) -> Finding:
    listed = await manager.listing("DeviceStateList")
    states = {event.get("Device").removeprefix("PJSIP/"): event.get("State") for event in listed}
    agents = [agent.number for agent in site.pbx.agents]
    trunks = [trunk.name for trunk in site.pbx.trunks]
    missing = [name for name in (*trunks, *agents) if name not in states]
    if missing:
        return broken("telephones", f"Asterisk does not know {', '.join(missing)}", RENDER)
    if not trunks:
        return warning("telephones", "no trunk: nobody can call", "set `trunks` in site.yaml")
    here = sum(states[agent] not in AWAY for agent in agents)
    if not here:
        detail = f"0 of {len(agents)} telephones are signed on"
        return warning("telephones", detail, "sign the agents' telephones on")
    return ok("telephones", f"{here} of {len(agents)} telephones are signed on")
