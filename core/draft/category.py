"""What a matter is about: the class of the taxonomy for which the most words speak."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.pack.phrase import Heard, Match, Phrase
from core.pack.taxonomy import Area, Branch, Leaf, Taxonomy

# A first sign decides over hints; further signs of one class mostly repeat the first.
SIGN = 3.0
MORE_SIGNS = 1.0
MOST_SIGNS = 4
WORD = 1.0
# A word out of a sign whose other words were not said; used by so many classes at most.
ALONE = 0.6
COMMON = 3
BY_SOUND = 0.5
BY_SHORT_SOUND = 0.25
MOST_HINTS = 2.0
ENOUGH = 0.9
# A long phrase says more than a short one, up to this many characters.
LENGTH_BONUS = 0.2
LONG = 8
# An enterprise's matter is rather one of the classes that are only there for enterprises.
OWN_AREA = 1.0
# Points lost per character that comes before the first word, up to so many.
LATENESS = 0.005
LATE = 100


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest class. ``leaf`` is None when only the branch is plain.

    ``confidence`` 0..1; ``matches`` are the words that speak for it.
    """

    area: Area
    branch: Branch
    leaf: Leaf | None
    confidence: float
    matches: tuple[Match, ...]

    @property
    def code(self) -> str:
        return self.leaf.code if self.leaf else self.branch.code

    @property
    def names(self) -> list[str]:
        names = [self.area.name, self.branch.name]
        return [*names, self.leaf.name] if self.leaf else names


@dataclass(frozen=True, slots=True)
class _Scored:
    area: Area
    branch: Branch
    leaf: Leaf | None
    score: float
    signed: bool
    matches: tuple[Match, ...]

    @property
    def first(self) -> int:
        return min((match.start for match in self.matches), default=1 << 30)


def guess_category(taxonomy: Taxonomy, heard: Heard, *, enterprise: bool) -> Guess | None:
    """The class of the matter, None if no word speaks for any.

    ``enterprise``: an enterprise calls, for which classes of their own exist.
    """
    single = _single_words(taxonomy, heard.text)
    begun = taxonomy.beginnings
    pairs = heard.pairs | heard.sound_pairs
    trying = frozenset(single).union(*(begun[pair] for pair in pairs if pair in begun))
    scored = [
        candidate
        for area in taxonomy.areas
        if enterprise or not area.enterprise_only
        for branch in area.branches
        for candidate in _scores(area, branch, heard, single, trying)
    ]
    ranked = sorted(scored, key=lambda s: (-round(s.score, 2), s.first))
    if not ranked or ranked[0].score < ENOUGH:
        return None
    best = ranked[0]
    rival = next((s.score for s in ranked[1:] if s.leaf is not best.leaf), 0.0)
    confidence = 0.3 + 0.07 * best.score + 0.1 * (best.score - rival)
    confidence = min(confidence, 0.95 if best.signed else 0.45)
    return Guess(best.area, best.branch, best.leaf, confidence, best.matches)


def guess_of(taxonomy: Taxonomy, code: str, confidence: float, match: Match) -> Guess | None:
    """The class of that code, when something else than the taxonomy's words decides."""
    for path in taxonomy.paths():
        if path.leaf.code == code:
            return Guess(path.area, path.branch, path.leaf, confidence, (match,))
    return None


def _single_words(taxonomy: Taxonomy, text: str) -> dict[str, list[Match]]:
    """Words of signs that stand alone, by leaf: half a phrase is a hint too.

    A word counts for a leaf only if few others use it.
    """
    standing: list[tuple[Match, frozenset[str]]] = []
    for place in range(len(text) - 1):
        for word, codes in taxonomy.vocabulary.get(text[place : place + 2], ()):
            if len(codes) <= COMMON and text.startswith(word, place):
                standing.append((Match(place, place + len(word), exact=True), codes))
    found_at: dict[str, list[Match]] = {}
    taken: set[int] = set()
    said: set[str] = set()
    for match, codes in sorted(standing, key=lambda s: (s[0].start - s[0].end, s[0].start)):
        word, places = text[match.start : match.end], range(match.start, match.end)
        if word in said or not taken.isdisjoint(places):
            continue
        said.add(word)
        taken.update(places)
        for code in codes:
            found_at.setdefault(code, []).append(match)
    return found_at


def _scores(
    area: Area,
    branch: Branch,
    heard: Heard,
    single: dict[str, list[Match]],
    trying: frozenset[str],
) -> Iterator[_Scored]:
    """``trying`` are the codes of which a word may have been said."""
    hints = _apart(_found(branch.words, heard)) if branch.code in trying else []
    hint_score = min(sum(_worth(match, WORD) for match in hints), MOST_HINTS)
    if hints:
        yield _Scored(area, branch, None, hint_score - 0.1, False, tuple(hints[:3]))
    for leaf in branch.leaves:
        if leaf.code not in trying:
            continue
        signs = sorted(_found(leaf.signs, heard), key=lambda m: (-m.exact, m.start - m.end))
        words = _apart(_found(leaf.words, heard), signs)
        alone = _apart(single.get(leaf.code, ()), [*signs, *words])
        if not (signs or words or alone) or any(_found(leaf.unless, heard)):
            continue
        score = hint_score + min(sum(_worth(match, WORD) for match in words), MOST_HINTS)
        if signs and area.enterprise_only:
            score += OWN_AREA
        score += min(sum(ALONE for _ in alone), MOST_HINTS)
        for place, match in enumerate(_apart(signs)[:MOST_SIGNS]):
            length = min(match.end - match.start, LONG)
            points = MORE_SIGNS if place else SIGN + LENGTH_BONUS * length
            score += _worth(match, points) * leaf.weight
        # What is said first is what he calls about.
        matches = [*signs, *words, *alone]
        first = min(match.start for match in matches)
        score -= LATENESS * min(first, LATE)
        yield _Scored(area, branch, leaf, score, bool(signs), tuple(matches[:MOST_SIGNS]))


def _apart(matches: Iterable[Match], taken: Iterable[Match] = ()) -> list[Match]:
    """Without those that overlap an earlier one: 公交 inside 公交车 is not said twice."""
    kept: list[Match] = []
    others = list(taken)
    for match in matches:
        if all(match.end <= m.start or m.end <= match.start for m in [*others, *kept]):
            kept.append(match)
    return kept


def _found(phrases: Iterable[Phrase], heard: Heard) -> Iterator[Match]:
    for phrase in phrases:
        match = phrase.first(heard)
        if match is not None:
            yield match


def _worth(match: Match, points: float) -> float:
    if match.exact:
        return points
    return points * (BY_SOUND if match.end - match.start > 3 else BY_SHORT_SOUND)
