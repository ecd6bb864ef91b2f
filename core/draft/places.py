"""Where: the district and town a caller names, however short or misheard."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.draft.finding import NOTHING, found
from core.draft.speech import Passage, Speech
from core.pack.phrase import Heard
from core.pack.places import District, PlaceName, Places
from core.pack.sound import nearly
from core.views import FieldView

_WEIGHTS = {
    "district": 0.92,
    "alias": 0.88,
    "short": 0.82,
    "heard": 0.6,
    "town": 0.75,
    "landmark": 0.72,
}
_NEARLY = 0.45
_SHORT_BY_SOUND = 0.35
_BY_SOUND = 0.65
_SHARED = 0.4
_ELSEWHERE = 0.3
_DENIED = 0.1
_AGENT = 0.5
_SOUND_LENGTH = 3
_PAUSES = "，。！？；"


@dataclass(frozen=True, slots=True)
class Mention:
    """A place named at ``text[start:end]`` of a passage; ``weight`` 0..1 how much it counts."""

    name: PlaceName
    start: int
    end: int
    weight: float
    exact: bool


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the words say of the place: the district, and the caller's mentions inside it."""

    district: FieldView
    town: FieldView
    chosen: District | None
    mentions: tuple[Mention, ...]


def whereabouts(places: Places, speech: Speech) -> Whereabouts:
    """The district that is best supported by what both have said, and its town."""
    heard = Heard(speech.caller.text)
    said = mentions(places, heard) or misheard(places, heard)
    repeated = mentions(places, Heard(speech.agent.text))
    support: dict[str, list[float]] = {}
    first: dict[str, int] = {}
    for mention in said:
        code = mention.name.district.code
        support.setdefault(code, []).append(mention.weight)
        first.setdefault(code, mention.start)
    for mention in repeated:
        support.setdefault(mention.name.district.code, []).append(mention.weight * _AGENT)
    if not support:
        return Whereabouts(NOTHING, NOTHING, None, ())
    # Several mentions support each other; of equals the first named is where the matter is.
    totals = {code: max(w) + min(0.1 * (len(w) - 1), 0.15) for code, w in support.items()}
    code = max(totals, key=lambda c: (round(totals[c], 3), -first.get(c, 1 << 30)))
    mine = tuple(m for m in said if m.name.district.code == code)
    theirs = tuple(m for m in repeated if m.name.district.code == code)
    chosen = (mine or theirs)[0].name.district
    rivals = [total for other, total in totals.items() if other != code]
    confidence = totals[code] - (0.1 if rivals and max(rivals) > totals[code] - 0.15 else 0.0)
    evidence = [e for m in mine[:2] for e in speech.caller.evidence(m.start, m.end)]
    if not mine:
        evidence = [e for m in theirs[:1] for e in speech.agent.evidence(m.start, m.end)]
    return Whereabouts(
        district=found(chosen.name, min(confidence, 0.98), evidence),
        town=_town(speech.caller, mine),
        chosen=chosen,
        mentions=mine,
    )


def mentions(places: Places, heard: Heard) -> list[Mention]:
    """All places named in a text, the longest wording at each spot, in order."""
    taken: list[tuple[int, int]] = []
    found_at: list[Mention] = []
    begun = places.by_start
    for exact in (True, False):
        pairs = heard.pairs if exact else heard.sound_pairs
        trying = frozenset[int]().union(*(begun[pair] for pair in pairs if pair in begun))
        for name in map(places.names.__getitem__, sorted(trying)):
            if not exact and len(name.text) < _SOUND_LENGTH:
                continue
            text, wanted = (heard.text, name.text) if exact else (heard.sounds, name.sounds)
            start = text.find(wanted)
            while start >= 0:
                end = start + len(wanted)
                free = all(end <= first or last <= start for first, last in taken)
                shared_spot = name.text in places.shared and (start, end) in taken
                if (free or shared_spot) and _counts(places, name, heard.text, start):
                    taken.append((start, end))
                    weight = _weight(places, name, heard.text, start, end, exact)
                    found_at.append(Mention(name, start, end, weight, exact))
                start = text.find(wanted, end)
    return sorted(found_at, key=lambda mention: mention.start)


def misheard(places: Places, heard: Heard) -> list[Mention]:
    """Places that only nearly sound like what was written down: weak, but better than nothing.

    Names with their rank, of which one sound is nearly right and all others are (开庭区), and short
    names that sound right where a place is named (我是千安的).
    """
    found_at: list[Mention] = []
    for end in range(_SOUND_LENGTH, len(heard.sounds) + 1):
        for name in places.by_last_sound.get(heard.sounds[end - 1], ()):
            start = end - len(name.sounds)
            if start >= 0 and _nearly_sounds(name.sounds, heard.sounds[start:end]):
                found_at.append(Mention(name, start, end, _WEIGHTS[name.kind] * _NEARLY, False))
    for name in places.names:
        if name.short is None or not name.short.by_sound:
            continue
        start = heard.sounds.find(name.sounds)
        if start > 0 and heard.text[start - 1] in places.lead_ins + _PAUSES:
            end = start + len(name.sounds)
            found_at.append(Mention(name, start, end, _SHORT_BY_SOUND, False))
    spots = [(m.start, m.end) for m in found_at]
    return sorted(
        # What may be either of two places is neither.
        (m for m in found_at if spots.count((m.start, m.end)) == 1),
        key=lambda mention: mention.start,
    )


def _nearly_sounds(wanted: str, given: str) -> bool:
    wrong = [pair for pair in zip(wanted, given, strict=True) if pair[0] != pair[1]]
    return len(wrong) == 1 and nearly(*wrong[0])


def _counts(places: Places, name: PlaceName, text: str, start: int) -> bool:
    before = text[start - 1 : start]
    if name.short is None or not before:
        return True
    if before in name.short.not_after:
        return False
    return not name.short.standing_alone or before in places.lead_ins + _PAUSES


def _weight(places: Places, name: PlaceName, text: str, start: int, end: int, exact: bool) -> float:
    weight = _WEIGHTS[name.kind]
    if not exact:
        weight *= _BY_SOUND
    if name.text in places.shared:
        weight *= _SHARED
    before = text[max(0, start - 4) : start]
    if any(before.endswith(words) for words in places.elsewhere) or text[end : end + 1] == "人":
        weight *= _ELSEWHERE
    if before.endswith("不是"):
        weight *= _DENIED
    return weight


def _town(passage: Passage, mine: Iterable[Mention]) -> FieldView:
    towns = [mention for mention in mine if mention.name.kind == "town"]
    if not towns:
        return NOTHING
    best = max(towns, key=lambda mention: mention.weight)
    # The district is known by now, so a name that others share is plain.
    confidence = 0.85 if best.exact else 0.5
    return found(best.name.place, confidence, passage.evidence(best.start, best.end))
