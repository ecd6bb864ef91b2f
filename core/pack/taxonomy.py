"""``taxonomy.yaml``: what a matter is about, in three levels with stable codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated

from pydantic import Field, StringConstraints

from core.pack.base import Name, PackModel
from core.pack.phrase import Phrase

Code = Annotated[str, StringConstraints(pattern=r"^([0-9]{2}){1,3}$")]


# Digits, and the characters with which numbers are said.
_NUMBER = frozenset("0123456789零〇幺一二两三四五六七八九十百千万半")


class Leaf(PackModel):
    """A class of the third level.

    ``signs`` each speak for this class, ``words`` only hint at it, ``unless`` rule it out.
    ``weight`` is how much a sign counts: more for what callers hide behind another matter.
    ``matter`` is how a title calls it. ``type``, ``urgency`` and ``verdict`` are what such a matter
    usually is, where that differs from the ordinary (names of ``draft_rules.yaml``).
    """

    code: Code
    name: Name
    matter: Name
    signs: tuple[Phrase, ...] = ()
    words: tuple[Phrase, ...] = ()
    unless: tuple[Phrase, ...] = ()
    weight: float = Field(default=1.0, ge=0.1, le=5.0)
    type: Name | None = None
    urgency: Name | None = None
    verdict: Name | None = None


class Branch(PackModel):
    """A class of the second level; its ``words`` hint at all classes in it."""

    code: Code
    name: Name
    words: tuple[Phrase, ...] = ()
    leaves: tuple[Leaf, ...] = Field(min_length=1)
    type: Name | None = None
    urgency: Name | None = None
    verdict: Name | None = None


class Area(PackModel):
    """A class of the first level; ``enterprise_only``: for calls of enterprises."""

    code: Code
    name: Name
    enterprise_only: bool = False
    branches: tuple[Branch, ...] = Field(min_length=1)


class TaxonomyPath(PackModel):
    """One leaf with what it hangs on."""

    area: Area
    branch: Branch
    leaf: Leaf

    @property
    def names(self) -> list[str]:
        return [self.area.name, self.branch.name, self.leaf.name]


class Taxonomy(PackModel):
    """All of ``taxonomy.yaml``; ``version`` says by which tree a ticket was classified."""

    version: Name
    areas: tuple[Area, ...] = Field(min_length=1)

    def paths(self) -> Iterator[TaxonomyPath]:
        for area in self.areas:
            for branch in area.branches:
                for leaf in branch.leaves:
                    yield TaxonomyPath.model_construct(area=area, branch=branch, leaf=leaf)

    def path(self, names: tuple[str, ...]) -> TaxonomyPath | None:
        """The leaf with these names of the three levels."""
        return next((path for path in self.paths() if tuple(path.names) == names), None)

    @cached_property
    def vocabulary(self) -> Mapping[str, tuple[tuple[str, frozenset[str]], ...]]:
        """Every word of two or more characters in any sign or hint, with the codes of the leaves
        that use it; by its first two characters. A number alone tells nothing: every telephone
        number holds one.
        """
        users: dict[str, set[str]] = {}
        for path in self.paths():
            for phrase in (*path.leaf.signs, *path.leaf.words):
                for word in phrase.words:
                    if len(word) > 1 and not _NUMBER.issuperset(word):
                        users.setdefault(word, set()).add(path.leaf.code)
        words: dict[str, list[tuple[str, frozenset[str]]]] = {}
        for word in sorted(users):
            words.setdefault(word[:2], []).append((word, frozenset(users[word])))
        return {start: tuple(entries) for start, entries in words.items()}

    @cached_property
    def beginnings(self) -> Mapping[str, frozenset[str]]:
        """By a pair of characters, the codes of which a sign or a word may begin with it.

        Of hundreds of classes nearly none has a word in a sentence; these need be tried.
        """
        codes: dict[str, set[str]] = {}
        for area in self.areas:
            for branch in area.branches:
                owned = [(branch.code, branch.words)]
                owned += [(leaf.code, (*leaf.signs, *leaf.words)) for leaf in branch.leaves]
                for code, phrases in owned:
                    for start in frozenset[str]().union(*(phrase.starts for phrase in phrases)):
                        codes.setdefault(start, set()).add(code)
        return {start: frozenset(found) for start, found in codes.items()}
