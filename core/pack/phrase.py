"""Phrases: the small pattern language in which a clerk writes what callers say.

- ``暖气`` is the word itself.
- ``暖气…不热`` has up to ten characters in between, inside one sentence; ``……`` up to 24.
- ``（暖气/地暖）…（不热/冰凉）`` is any of each; an empty choice (``（儿/）``) may be left out.

Nothing else is special. A phrase also knows how it sounds: see ``core.pack.sound``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from core.pack.sound import sounds

# Most characters between two words, by how the gap is written.
GAPS = {"…": 10, "……": 24}
# Two syllables that sound alike are everywhere; below this a phrase is matched as written only.
SOUND_CHARACTERS = 3
_TOKEN = re.compile(r"…+|（[^（）…]*）|[^（）…]+")


@dataclass(frozen=True)
class Heard:
    """A text to search, with its sounds and the pairs of characters in either."""

    text: str

    @cached_property
    def sounds(self) -> str:
        return sounds(self.text)

    @cached_property
    def pairs(self) -> frozenset[str]:
        return _pairs(self.text)

    @cached_property
    def sound_pairs(self) -> frozenset[str]:
        return _pairs(self.sounds)


@dataclass(frozen=True, slots=True)
class Match:
    """Where a phrase stands: ``text[start:end]``; ``exact`` is False if it only sounds so."""

    start: int
    end: int
    exact: bool


class _Form:
    """A phrase as it is written, or as it sounds: compiled, with the pairs it may begin with."""

    __slots__ = ("_pattern", "starts")

    def __init__(self, parts: list[_Part]) -> None:
        self._pattern = re.compile("".join(part.pattern for part in parts))
        self.starts = frozenset(word[:2] for word in parts[0].words)

    def find(self, text: str, pairs: frozenset[str]) -> Iterator[re.Match[str]]:
        # Hundreds of phrases are tried on every sentence and nearly none begins in it.
        if self.starts.isdisjoint(pairs):
            return iter(())
        return self._pattern.finditer(text)

    def first(self, text: str, pairs: frozenset[str]) -> re.Match[str] | None:
        return None if self.starts.isdisjoint(pairs) else self._pattern.search(text)


class Phrase:
    """One phrase, compiled. Raises ``ValueError`` for a text that is not a phrase."""

    __slots__ = ("_heard", "_written", "text")

    def __init__(self, text: str) -> None:
        parts = _parts(text)
        self.text = text
        self._written = _Form(parts)
        self._heard = _Form([part.spoken for part in parts]) if _is_long_enough(parts) else None

    def matches(self, heard: Heard) -> Iterator[Match]:
        """Everywhere it is written so; only if nowhere, everywhere it sounds so."""
        exact = False
        for hit in self._written.find(heard.text, heard.pairs):
            exact = True
            yield Match(hit.start(), hit.end(), exact=True)
        if not exact and self._heard is not None:
            for hit in self._heard.find(heard.sounds, heard.sound_pairs):
                yield Match(hit.start(), hit.end(), exact=False)

    def first(self, heard: Heard) -> Match | None:
        """The first of ``matches``; asked thousands of times a sentence, so without iterators."""
        hit = self._written.first(heard.text, heard.pairs)
        if hit is not None:
            return Match(hit.start(), hit.end(), exact=True)
        if self._heard is not None:
            hit = self._heard.first(heard.sounds, heard.sound_pairs)
        return None if hit is None else Match(hit.start(), hit.end(), exact=False)

    @property
    def starts(self) -> frozenset[str]:
        """The pairs of characters it may begin with, as it is written or as it sounds."""
        return self._written.starts | (self._heard.starts if self._heard else frozenset())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phrase) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Phrase({self.text!r})"

    @property
    def words(self) -> frozenset[str]:
        """All the words it is made of."""
        return frozenset(word for part in _parts(self.text) for word in part.words)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(min_length=1, max_length=200),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda p: p.text),
        )


def first_match(phrases: Iterable[Phrase], heard: Heard) -> Match | None:
    """The match of the earliest phrase of the list that is found, written ones before sounds."""
    by_sound: Match | None = None
    for phrase in phrases:
        match = phrase.first(heard)
        if match is not None and match.exact:
            return match
        by_sound = by_sound or match
    return by_sound


@dataclass(frozen=True, slots=True)
class _Part:
    """The words to choose from, or (no words) a gap of at most so many characters."""

    words: tuple[str, ...] = ()
    gap: int = 0

    @property
    def pattern(self) -> str:
        if not self.words:
            return f"[^。？！]{{0,{self.gap}}}?"
        # The longest word first, so that 不热乎 is not cut to 不热.
        return f"(?:{'|'.join(map(re.escape, sorted(self.words, key=len, reverse=True)))})"

    @property
    def spoken(self) -> _Part:
        return _Part(tuple(map(sounds, self.words)), self.gap)


def _parts(text: str) -> list[_Part]:
    tokens = _TOKEN.findall(text)
    if not text or "".join(tokens) != text:
        raise ValueError(f"not a phrase: {text}")
    parts: list[_Part] = []
    for token in tokens:
        if token.startswith("…"):
            if token not in GAPS:
                raise ValueError(f"a gap is … or ……: {text}")
            parts.append(_Part(gap=GAPS[token]))
        elif token.startswith("（"):
            parts.append(_Part(tuple(token[1:-1].split("/"))))
        else:
            parts.append(_Part((token,)))
    if not parts[0].words or not parts[-1].words:
        raise ValueError(f"a phrase begins and ends with a word: {text}")
    if all("" in part.words for part in parts if part.words):
        raise ValueError(f"a phrase must not be empty: {text}")
    return parts


def _pairs(text: str) -> frozenset[str]:
    """All pairs of neighbours and all single characters; "" for phrases that may begin anywhere."""
    return frozenset({"", *text, *(text[i : i + 2] for i in range(len(text) - 1))})


def _is_long_enough(parts: list[_Part]) -> bool:
    """Each stretch between gaps says at least two syllables, all together at least three."""
    stretches = [0]
    for part in parts:
        if part.words:
            stretches[-1] += min(map(len, part.words))
        else:
            stretches.append(0)
    return min(stretches) >= 2 and sum(stretches) >= SOUND_CHARACTERS
