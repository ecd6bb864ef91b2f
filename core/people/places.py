"""Where a person of a role may sit (articles 4 to 6): at the city, in a county, in a unit."""

from __future__ import annotations

from core.loop.responsibility import exists
from core.pack import CityPack
from core.people.roles import UNITS, Role


def place_fault(role: str, county: str, unit: str, pack: CityPack) -> str:
    """What does not fit - ``role``, ``county`` or ``unit`` -; empty if everything does.

    Exactly the units' people have a unit; a county is one of the city's, or none.
    """
    if role == Role.SYSTEM or role not in set(Role):
        return "role"
    if county and all(district.code != county for district in pack.places.districts):
        return "county"
    if (role in UNITS) != bool(unit) or (unit and not exists(pack, unit)):
        return "unit"
    return ""
