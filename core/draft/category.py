"""What a matter is about: the class of the taxonomy for which the most words speak."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.pack.phrase import Heard, Match, Phrase
from core.pack.taxonomy import Area, Branch, Leaf, Taxonomy

# A first sign decides over hints; further signs of one class mostly repeat the first.
SIGN = 3.0
MORE_SIGNS = 1.0
WORD = 1.0
BRANCH_WORD = 1.0
BY_SOUND = 0.5
MOST_HINTS = 2.0
ENOUGH = 1.0
# A long phrase says more than a short one, up to this many characters.
LENGTH_BONUS = 0.1
LONG = 8


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
    scored = [
        candidate
        for area in taxonomy.areas
        if enterprise or not area.enterprise_only
        for branch in area.branches
        for candidate in _scores(area, branch, heard)
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


def _scores(area: Area, branch: Branch, heard: Heard) -> Iterator[_Scored]:
    hints = list(_found(branch.words, heard))
    hint_score = min(sum(_worth(match, BRANCH_WORD) for match in hints), MOST_HINTS)
    if hints:
        yield _Scored(area, branch, None, hint_score - 0.1, False, tuple(hints[:3]))
    for leaf in branch.leaves:
        signs = list(_found(leaf.signs, heard))
        words = list(_found(leaf.words, heard))
        if (not signs and not words) or any(_found(leaf.unless, heard)):
            continue
        signs.sort(key=lambda match: (-match.exact, match.start))
        score = hint_score + min(sum(_worth(match, WORD) for match in words), MOST_HINTS)
        for place, match in enumerate(signs[:4]):
            score += _worth(match, MORE_SIGNS if place else SIGN)
            score += LENGTH_BONUS * min(match.end - match.start, LONG) if not place else 0.0
        yield _Scored(area, branch, leaf, score, bool(signs), tuple([*signs, *words][:4]))


def _found(phrases: Iterable[Phrase], heard: Heard) -> Iterator[Match]:
    for phrase in phrases:
        match = phrase.first(heard)
        if match is not None:
            yield match


def _worth(match: Match, points: float) -> float:
    return points if match.exact else points * BY_SOUND
