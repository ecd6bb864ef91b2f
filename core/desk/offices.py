"""The offices of the work-order side, each wired once: everything about a ticket is done in one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.clock import Clock
from core.desk.sessions import Sessions
from core.loop.abuse_desk import AbuseDesk
from core.loop.clockwork import Clockwork
from core.loop.engine import Loop, Work
from core.loop.hearings import Hearings
from core.loop.heirs import Heirs
from core.loop.lists import TicketLists
from core.loop.meetings import Meetings
from core.loop.office import WorkOffice
from core.loop.rates import RateDesk
from core.loop.registration import Registrar
from core.loop.retention import Retention
from core.loop.waiting import WaitingDesk
from core.people.access import AccessLog
from core.people.accounts import Accounts
from core.people.audit import AuditOffice
from core.policy import PolicyBook
from core.store.database import Database
from core.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Offices:
    """Implements ``core.office_ports.ConsoleOffices``; the others are the house's own: the engine,
    its clock, and what runs by itself."""

    loop: Loop
    clockwork: Clockwork
    heirs: Heirs
    retention: Retention
    lists: TicketLists
    work: WorkOffice
    meetings: Meetings
    abuse: AbuseDesk
    hearings: Hearings
    rates: RateDesk
    waiting: WaitingDesk
    accounts: Accounts
    audit: AuditOffice


def open_offices(
    database: Database,
    write: Work[Any],
    registrar: Registrar,
    sessions: Sessions,
    vault: Vault,
    policies: Callable[[], PolicyBook],
    log: AccessLog,
    clock: Clock,
) -> Offices:
    """``write`` runs a unit of work whose changes are told to the consoles; what changes nothing
    that a console shows is written to ``database`` itself."""
    loop = Loop(write, database.read, registrar, vault, policies, log, clock)
    lists = TicketLists(write, database.read, vault, policies, log, clock)
    return Offices(
        loop=loop,
        clockwork=Clockwork(write, database.read, loop, clock),
        heirs=Heirs(write, database.read, loop, policies, clock),
        retention=Retention(database, loop, vault, policies, clock),
        lists=lists,
        work=WorkOffice(loop, lists, database.write, vault, policies, log, clock),
        meetings=Meetings(write, loop, vault, policies, log, clock),
        abuse=AbuseDesk(write, database.read, vault, policies, log, clock),
        hearings=Hearings(database.write, vault, policies, log, clock),
        rates=RateDesk(database.write, database.read, policies, log, clock),
        waiting=WaitingDesk(database.write, policies, log, clock),
        accounts=Accounts(database.write, sessions, policies, log),
        audit=AuditOffice(database.write, database.read, log),
    )
