"""A short session at Asterisk's manager, beside the hotline's own, and what it may do there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.clock import SystemClock
from core.errors import HotlineError, Unavailable
from hotline.doctor.finding import Finding, broken, ok, warning
from pbx.ami.actions import ActionIds, Ends
from pbx.ami.api import AmiEvent, AmiRefused
from pbx.ami.manager import LinkManager
from pbx.ami.session import PASSING_REFUSALS
from pbx.ami.states import LinkFault
from pbx.ami.stats import LinkStats
from pbx.settings import AmiSettings

SECONDS = 5.0
MAX_MESSAGE = 1 << 20

# What the hotline asks for (pbx), and the right in manager.conf's ``write`` that allows it.
ACTIONS = {
    "CoreStatus": "reporting",
    "CoreShowChannels": "reporting",
    "DeviceStateList": "reporting",
    "QueueAdd": "agent",
    "QueueRemove": "agent",
    "QueuePause": "agent",
    "Originate": "originate",
    "Hangup": "call",
}
# With one of these, whoever has the secret can do what Asterisk's own account can.
TOO_MUCH = {
    "ModuleLoad": "system",
    "Command": "command",
    "UpdateConfig": "config",
    "AGI": "agi",
}
DENIED = "Permission denied"

ADVICE = {
    LinkFault.UNREACHABLE: "start Asterisk (`hotline asterisk run`), or mend `ami` in site.yaml",
    LinkFault.NOT_ASTERISK: "another program has this port: set another one as `ami: port:` in "
    "site.yaml, and render",
    LinkFault.LOGIN_REFUSED: "manager.conf must have the user of site.yaml with the secret of "
    "secrets.yaml and permit this address: `hotline asterisk render`, then reload Asterisk",
    LinkFault.LOGIN_IN_USE: "the hotline is in, and manager.conf lets a user in only once: "
    "`allowmultiplelogin = yes` lets the doctor look",
    LinkFault.SHUTDOWN: "Asterisk is stopping: start it again",
}
STUCK = "Asterisk hangs or is overloaded: see its log, restart it"


class ManagerAway(Unavailable):
    """No session could be had; ``fault`` says why."""

    error_id = "doctor_manager_away"

    def __init__(self, fault: LinkFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Manager:
    """Logged in.

    ``known`` are the actions that this user may use on this Asterisk, ``classes`` the kinds of
    events that have come so far.
    """

    link: LinkManager
    user: str
    known: frozenset[str]
    classes: set[str]

    async def ask(self, name: str, fields: Mapping[str, str] | None = None) -> AmiEvent:
        """One action's response. Raises ``AmiRefused``, ``AmiTimeout``, ``AmiUnavailable``."""
        action = await self.link.ask(name, fields or {}, deadline=SECONDS)
        return action.reply or AmiEvent("Response", {})

    async def listing(self, name: str) -> list[AmiEvent]:
        """One action's list. Raises as ``ask``."""
        action = await self.link.ask(name, {}, deadline=SECONDS, ends=Ends.LIST_END)
        return action.collected


@asynccontextmanager
async def logged_in(settings: AmiSettings) -> AsyncIterator[Manager]:
    """Log in, and out at the end. Raises ``ManagerAway``."""
    classes: set[str] = set()
    link = LinkManager(
        host=str(settings.host),
        port=settings.port,
        limit=MAX_MESSAGE,
        ids=ActionIds(),
        stats=LinkStats(),
        clock=SystemClock(),
        on_event=lambda event: classes.update(event.get("Privilege").split(",")),
        on_messages_lost=lambda: None,
    )
    try:
        await _log_in(link, settings)
        commands = await link.ask("ListCommands", {}, deadline=SECONDS)
        known = commands.reply.fields if commands.reply else {}
        yield Manager(link, settings.user, frozenset(known), classes)
    finally:
        link.drop(LinkFault.STOPPED)


async def _log_in(link: LinkManager, settings: AmiSettings) -> None:
    try:
        await link.open(SECONDS)
    except (OSError, TimeoutError) as away:
        raise ManagerAway(LinkFault.UNREACHABLE) from away
    secret = settings.secret.get_secret_value()
    login = {"Username": settings.user, "Secret": secret, "Events": "on"}
    try:
        await link.ask("Login", login, deadline=SECONDS)
    except AmiRefused as refused:
        said = refused.details["asterisk"]
        raise ManagerAway(PASSING_REFUSALS.get(said, LinkFault.LOGIN_REFUSED)) from refused
    except HotlineError as silent:
        raise ManagerAway(link.fault or LinkFault.NO_LOGIN_ANSWER) from silent


def away(settings: AmiSettings, fault: LinkFault) -> Finding:
    """What a log-in that failed means."""
    place = f"{settings.host}:{settings.port}: {fault.value}"
    if fault is LinkFault.LOGIN_IN_USE:
        return warning("ami", place, ADVICE[fault])
    return broken("ami", place, ADVICE.get(fault, STUCK))


async def rights(manager: Manager) -> Finding:
    """Which rights our user lacks, by name. Raises ``HotlineError`` when the session is lost."""
    lacks = {
        ACTIONS[name] for name in ACTIONS.keys() - manager.known if await _denied(manager, name)
    }
    section = f"in manager.conf, section [{manager.user}], then `manager reload`"
    if lacks:
        named = ", ".join(sorted(lacks))
        return broken(
            "ami_rights", f"{manager.user} may not: {named}", f"add {named} to `write` {section}"
        )
    more = ", ".join(sorted({TOO_MUCH[name] for name in TOO_MUCH.keys() & manager.known}))
    if more:
        detail = f"{manager.user} has {more}: the secret is worth Asterisk's own account"
        return warning("ami_rights", detail, f"take {more} out of `write` {section}")
    return ok("ami_rights", f"{manager.user} may do what the hotline asks for, and no more")


async def _denied(manager: Manager, name: str) -> bool:
    """An action that is not there lacks its module and not the right."""
    try:
        await manager.ask(name)
    except AmiRefused as refused:
        return bool(refused.details["asterisk"] == DENIED)
    return False


def events(manager: Manager, wanted: set[str]) -> Finding:
    """Which kinds of events have not come, although there was reason."""
    missing = ", ".join(sorted(wanted - manager.classes))
    if missing:
        return broken(
            "ami_events",
            f"no events of class {missing} came",
            f"add {missing} to `read` in manager.conf, section [{manager.user}], then "
            "`manager reload`",
        )
    return ok("ami_events", f"events of class {', '.join(sorted(wanted))} come")


async def booted(manager: Manager) -> bool:
    """Whether Asterisk says, within a while, that it has finished its start."""
    try:
        async with asyncio.timeout(SECONDS):
            await manager.link.booted.wait()
    except TimeoutError:
        return False
    return True
