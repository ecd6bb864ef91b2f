"""From Chinese text to the words by which it is found, and from a question to those it asks for.

A text is kept under every word of the dictionary that stands in it and under each character, a
question is cut once, into words of the same dictionary. So whatever stands in a text in one piece
is found by it, however differently the two would be cut by themselves.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
_RUN = re.compile(rf"([{_HAN}]+)|((?:(?![{_HAN}])[^\W_])+)")
LONGEST = 64  # of a word that is not Chinese; what is longer is kept by its beginning
MOST = 20_000  # words of one text

_loading = threading.Lock()


def load() -> None:
    """Read the dictionary, which takes seconds the first time; call it in a thread."""
    _dictionary()


def words_in(text: str) -> set[str]:
    """Every word by which ``text`` is found."""
    return set(islice(_in(text), MOST))


def words_asked(text: str) -> list[str]:
    """The words of a question, each once, in its order."""
    return [*dict.fromkeys(_asked(text))]


def _in(text: str) -> Iterator[str]:
    for han, other in _runs(text):
        if other:
            yield other[:LONGEST]
        if han:
            yield from han
            for start, ends in _dictionary().get_DAG(han).items():
                for end in ends:
                    yield han[start : end + 1]


def _asked(text: str) -> Iterator[str]:
    for han, other in _runs(text):
        if other:
            yield other[:LONGEST]
        if han:
            yield from _dictionary().cut(han, HMM=False)  # no words that the dictionary lacks


def _runs(text: str) -> Iterator[tuple[str, str]]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return ((found[1] or "", found[2] or "") for found in _RUN.finditer(plain))


def _dictionary() -> Any:
    with _loading:  # whoever comes while it is read waits instead of reading it again
        return _read()


@cache
def _read() -> Any:
    """jieba's own dictionary, never changed; without its cache file, which any user of the machine
    could write before us."""
    import jieba

    cutter = jieba.Tokenizer()
    with cutter.get_dict_file() as file:
        cutter.FREQ, cutter.total = cutter.gen_pfdict(file)
    cutter.initialized = True
    return cutter
