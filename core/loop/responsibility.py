"""Who handles a ticket by the directory, and who may not (articles 16 to 18, 33, 46, 48)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.loop.errors import AccusedHandles, PlaceMissing, UnitUnknown, WayClosed
from core.pack import CityPack
from core.pack.units import DISTRICT
from core.policy.book import Policy
from core.policy.directory import DirectoryLine
from core.store.tables import TicketRow


@dataclass(frozen=True, slots=True)
class Proposal:
    """The unit that the directory names, and the line by which it does."""

    unit: str
    line: DirectoryLine
    assist: tuple[str, ...] = ()


def propose(policy: Policy, ticket: TicketRow, day: date) -> Proposal:
    """The unit for a ticket by duty and place. Raises ``WayClosed``, ``PlaceMissing``."""
    directory = policy.directory
    line = directory.line(ticket.category, ticket.county)
    if line is None:
        raise WayClosed("no line of the directory leads to a unit", category=ticket.category)
    if DISTRICT in (line.unit, *line.assist) and not ticket.county:
        raise PlaceMissing(line=line.key)
    unit, *assist = (
        directory.heir(directory.at(ref, ticket.county), day) for ref in (line.unit, *line.assist)
    )
    return Proposal(unit, line, tuple(assist))


def checked_unit(policy: Policy, ticket: TicketRow, unit: str, day: date) -> str:
    """The unit that takes it over today. Raises ``UnitUnknown``, ``AccusedHandles``."""
    if not exists(policy.pack, unit):
        raise UnitUnknown(unit=unit)
    heir = policy.directory.heir(unit, day)
    if kept_from(policy, ticket, heir, day):
        raise AccusedHandles(unit=unit)
    return heir


def kept_from(policy: Policy, ticket: TicketRow, unit: str, day: date) -> bool:
    """Whether the unit is the accused one, its heir, or a part of it."""
    if not ticket.accused:
        return False
    directory, units = policy.directory, policy.pack.units
    accused = {ticket.accused, directory.heir(ticket.accused, day)}
    return any(one in accused or directory.heir(one, day) in accused for one in units.chain(unit))


def takes_over(policy: Policy, unit: str) -> bool:
    """Whether things are lawfully transferred to the unit: it supervises others (33, 46, 48)."""
    directory = policy.directory
    named = (directory.supervisor_of_enforcement, directory.supervisor_of_conduct)
    return unit in named or directory.facts(unit).rank == "supervisor"


def supervisor(policy: Policy, ticket: TicketRow, day: date) -> str:
    """Who supervises what is complained about (33, 46, 48); the other of the two supervisors where
    the first is itself the accused."""
    directory = policy.directory
    first, other = directory.supervisor_of_enforcement, directory.supervisor_of_conduct
    if ticket.retaliation:
        first, other = other, first
    return other if kept_from(policy, ticket, directory.heir(first, day), day) else first


def exists(pack: CityPack, unit: str) -> bool:
    """Units of ``units.yaml`` and the governments of the districts."""
    return any(one.key == unit for one in pack.units.units) or unit in district_units(pack)


def district_units(pack: CityPack) -> dict[str, str]:
    """Keys and names of the districts' governments."""
    return {government_of(district.code): district.government for district in pack.places.districts}


def government_of(county: str) -> str:
    """The key of the unit that a county's government is."""
    return f"district_{county}"


def name_of(pack: CityPack, unit: str) -> str:
    """The unit's name; its key where nobody names it any more."""
    districts = district_units(pack)
    if unit in districts:
        return districts[unit]
    return next((one.name for one in pack.units.units if one.key == unit), unit)


def pushes_down(policy: Policy, ticket: TicketRow, unit: str) -> bool:
    """Whether a department's duty would be given to the grass roots (国办函〔2025〕66号)."""
    directory = policy.directory
    line = directory.line(ticket.category, ticket.county)
    if line is None or directory.facts(unit).rank != "grassroots":
        return False
    owner = directory.facts(directory.at(line.unit, ticket.county))
    return owner.rank in ("department", "supervisor")
