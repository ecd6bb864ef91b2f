"""Who handles a matter, and who else may come into question."""

from __future__ import annotations

from core.draft.category import Guess
from core.draft.emergencies import Hit
from core.draft.finding import NOTHING, by_rule, found
from core.pack import CityPack
from core.pack.places import District
from core.pack.rules import Ground, Region
from core.pack.units import DISTRICT
from core.views import FieldView


def units_of(
    pack: CityPack,
    *,
    guess: Guess | None,
    district: District | None,
    ground: Ground | None,
    situations: list[Hit],
    region: Region | None,
) -> tuple[FieldView, FieldView]:
    """The unit and the alternatives (a list); where nobody handles it, what the caller is told."""
    centre = pack.units.rule(_last_area(pack))
    fallback = [pack.units.name(centre.unit)] if centre else []
    if region is not None:
        return found(f"(转{region.name}12345)", 0.7, [by_rule(region.name)]), found(fallback, 0.5)
    if ground is not None and ground.notice is not None:
        others = [name for name in fallback if name != ground.notice]
        return found(ground.notice, 0.75, [by_rule(ground.name)]), found(others, 0.5)
    for hit in situations:
        if hit.situation.unit is not None:
            refs = (hit.situation.unit, *hit.situation.also)
            return _named(pack, refs, district, hit.confidence, hit.situation.name)
    if guess is None:
        return NOTHING, found([], 0.0)
    rule = pack.units.rule(guess.code)
    if rule is None:
        return NOTHING, found([], 0.0)
    refs = (rule.unit, *rule.also)
    return _named(pack, refs, district, 0.2 + 0.7 * guess.confidence, guess.names[-1])


def _named(
    pack: CityPack, refs: tuple[str, ...], district: District | None, confidence: float, why: str
) -> tuple[FieldView, FieldView]:
    """Names for references; the district's government falls away where the district is unknown."""
    names: list[str] = []
    for ref in refs:
        if ref != DISTRICT:
            names.append(pack.units.name(ref))
        elif district is not None:
            names.append(district.government)
    names = list(dict.fromkeys(names))
    if not names:
        return NOTHING, found([], 0.0)
    evidence = [by_rule(why)]
    return found(names[0], confidence, evidence), found([*names[1:]], confidence, evidence)


def _last_area(pack: CityPack) -> str:
    return pack.taxonomy.areas[-1].code
