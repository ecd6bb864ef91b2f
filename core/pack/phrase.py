"""Phrases: the small pattern language in which a clerk writes what callers say.

- ``暖气`` is the word itself.
- ``暖气…不热`` has up to ten characters in between, inside one sentence.
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

GAP = 10
_GAP_PATTERN = f"[^。？！]{{0,{GAP}}}?"
# Two syllables that sound alike are everywhere; below this a phrase is matched as written only.
SOUND_CHARACTERS = 3
_TOKEN = re.compile(r"…|（[^（）…]*）|[^（）…]+")


@dataclass(frozen=True)
class Heard:
    """A text to search, with its sounds."""

    text: str

    @cached_property
    def sounds(self) -> str:
        return sounds(self.text)


@dataclass(frozen=True, slots=True)
class Match:
    """Where a phrase stands: ``text[start:end]``; ``exact`` is False if it only sounds so."""

    start: int
    end: int
    exact: bool


class Phrase:
    """One phrase, compiled. Raises ``ValueError`` for a text that is not a phrase."""

    __slots__ = ("_first", "_first_sounds", "_pattern", "_sound_pattern", "text")

    def __init__(self, text: str) -> None:
        parts = _parts(text)
        self.text = text
        self._first = parts[0]
        self._pattern = re.compile(_regex(parts))
        self._first_sounds: tuple[str, ...] = ()
        self._sound_pattern: re.Pattern[str] | None = None
        if _is_long_enough(parts):
            spoken = [tuple(map(sounds, part)) for part in parts]
            self._first_sounds = spoken[0]
            self._sound_pattern = re.compile(_regex(spoken))

    def matches(self, heard: Heard) -> Iterator[Match]:
        """Everywhere it is written so; only if nowhere, everywhere it sounds so."""
        exact = False
        if any(word in heard.text for word in self._first):
            for hit in self._pattern.finditer(heard.text):
                exact = True
                yield Match(hit.start(), hit.end(), exact=True)
        if exact or self._sound_pattern is None:
            return
        if any(word in heard.sounds for word in self._first_sounds):
            for hit in self._sound_pattern.finditer(heard.sounds):
                yield Match(hit.start(), hit.end(), exact=False)

    def first(self, heard: Heard) -> Match | None:
        """The first of ``matches``."""
        return next(self.matches(heard), None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phrase) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Phrase({self.text!r})"

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


def _parts(text: str) -> list[tuple[str, ...]]:
    """Each part is the words to choose from; a gap is the empty tuple."""
    tokens = _TOKEN.findall(text)
    if not text or "".join(tokens) != text:
        raise ValueError(f"not a phrase: {text}")
    parts: list[tuple[str, ...]] = []
    for token in tokens:
        if token == "…":
            parts.append(())
        elif token.startswith("（"):
            parts.append(tuple(token[1:-1].split("/")))
        else:
            parts.append((token,))
    gap_at_an_end = not parts[0] or not parts[-1]
    if gap_at_an_end or all("" in part for part in parts if part):
        raise ValueError(f"a phrase begins and ends with a word: {text}")
    return parts


def _regex(parts: list[tuple[str, ...]]) -> str:
    # The longest word first, so that 不热乎 is not cut to 不热.
    return "".join(
        "(?:" + "|".join(map(re.escape, sorted(part, key=len, reverse=True))) + ")"
        if part
        else _GAP_PATTERN
        for part in parts
    )


def _is_long_enough(parts: list[tuple[str, ...]]) -> bool:
    """Each stretch between gaps says at least two syllables, all together at least three."""
    stretches = [0]
    for part in parts:
        if part:
            stretches[-1] += min(len(word) for word in part)
        else:
            stretches.append(0)
    return min(stretches) >= 2 and sum(stretches) >= SOUND_CHARACTERS
