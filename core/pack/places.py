"""``districts.yaml``: counties and zones with the names by which callers call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.pack.base import Name, PackModel
from core.pack.sound import sounds

_TOWN_RANKS = ("满族乡", "街道", "镇", "乡")
# Shorter names without their rank are everyday words (广场, 友谊, 石门).
_SHORTEST_STEM = 3
# A shorter town has too many that nearly sound like it.
_SHORTEST_TOWN = 4


class ShortName(PackModel):
    """A district's name without its rank, as callers say it.

    ``not_after`` are characters which, standing before it, make it part of another word;
    ``standing_alone`` asks for a pause or one of the pack's lead-ins before it (for names that are
    also directions: "the road's north"). ``by_sound`` is False if everyday words sound like it.
    """

    text: Name
    not_after: str = ""
    standing_alone: bool = False
    by_sound: bool = True


class District(PackModel):
    """A county, city, district or zone. ``government`` is who answers for it.

    ``aliases`` mean the district itself; ``sounds_like`` are spellings a recogniser makes of it.
    ``towns`` are its towns, townships and sub-districts, ``landmarks`` places everybody knows.
    """

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    name: Name
    kind: Literal["county", "zone"]
    government: Name
    short: tuple[ShortName, ...] = ()
    aliases: tuple[Name, ...] = ()
    sounds_like: tuple[Name, ...] = ()
    towns: tuple[Name, ...] = ()
    landmarks: tuple[Name, ...] = ()


NameKind = Literal["district", "alias", "short", "heard", "town", "landmark"]


@dataclass(frozen=True, slots=True)
class PlaceName:
    """One wording that names a place: ``place`` is its full name, ``sounds`` how it sounds.

    ``short`` is set for a short name and says when it counts.
    """

    text: str
    sounds: str
    place: str
    district: District
    kind: NameKind
    short: ShortName | None = None


class Places(PackModel):
    """All of ``districts.yaml``.

    ``lead_ins`` are characters after which a place is named (in, at, to, of); ``elsewhere`` words
    after which a district is not where the matter is (registered residence, native place).
    """

    lead_ins: str
    elsewhere: tuple[Name, ...] = ()
    districts: tuple[District, ...] = Field(min_length=1)

    def district(self, name: str) -> District | None:
        """The district of that full name."""
        return next((d for d in self.districts if d.name == name), None)

    @cached_property
    def names(self) -> tuple[PlaceName, ...]:
        """Every wording, the longest first (路北区 is not 路北)."""
        found = [name for district in self.districts for name in _names_of(district)]
        return tuple(sorted(found, key=lambda name: -len(name.text)))

    @cached_property
    def by_start(self) -> Mapping[str, tuple[int, ...]]:
        """By the first two characters of a wording, written or as it sounds: which of ``names``."""
        found: dict[str, list[int]] = {}
        for index, name in enumerate(self.names):
            for start in {name.text[:2], name.sounds[:2]}:
                found.setdefault(start, []).append(index)
        return {start: tuple(indexes) for start, indexes in found.items()}

    @cached_property
    def by_last_sound(self) -> Mapping[str, tuple[PlaceName, ...]]:
        """The names that carry their rank (区, 县, 镇), by how that sounds."""
        found: dict[str, list[PlaceName]] = {}
        for name in self.names:
            ranked = name.text == name.place and name.kind in ("district", "town")
            if ranked and len(name.text) >= (_SHORTEST_TOWN if name.kind == "town" else 3):
                found.setdefault(name.sounds[-1], []).append(name)
        return {sound: tuple(names) for sound, names in found.items()}

    @cached_property
    def shared(self) -> frozenset[str]:
        """Wordings that name a place in more than one district."""
        owners: dict[str, set[str]] = {}
        for name in self.names:
            owners.setdefault(name.text, set()).add(name.district.code)
        return frozenset(text for text, codes in owners.items() if len(codes) > 1)


def _names_of(district: District) -> list[PlaceName]:
    def name(text: str, place: str, kind: NameKind, short: ShortName | None = None) -> PlaceName:
        return PlaceName(text, sounds(text), place, district, kind, short)

    found = [name(district.name, district.name, "district")]
    found += [name(alias, district.name, "alias") for alias in district.aliases]
    found += [name(heard, district.name, "heard") for heard in district.sounds_like]
    found += [name(short.text, district.name, "short", short) for short in district.short]
    found += [name(landmark, landmark, "landmark") for landmark in district.landmarks]
    for town in district.towns:
        found.append(name(town, town, "town"))
        rank = next((rank for rank in _TOWN_RANKS if town.endswith(rank)), "")
        stem = town.removesuffix(rank)
        # 文化路街道 is an office; 文化路 is a road that crosses the city.
        if len(stem) >= _SHORTEST_STEM and not (rank == "街道" and stem[-1] in "路道街"):
            found.append(name(stem, town, "town"))
    return found
