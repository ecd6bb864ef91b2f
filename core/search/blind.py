"""The blind index: a ticket's words as keyed hashes, and the condition that asks for them.

Personal text lies sealed; whoever reads the database without the site's key sees which tickets
share a word, never the word. One table for both databases; what asks it differs (``ticket_fts`` is
SQLite's FTS5 over it, PostgreSQL has a GIN index on it).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping

from pydantic import JsonValue
from sqlalchemy import BigInteger, SQLColumnExpression, cast, column, func, literal, table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import Session, col

from core.search.words import words_asked, words_in
from core.store.loop_tables import WordsRow
from core.store.vault import Vault

FIELDS = ("title", "content", "address", "enterprise_name")
PURPOSE = "search"
HASH_BYTES = 5  # two of the 400,000 words of the language share one with a chance of 1 in 14

OPEN = "open"  # the word that FTS5 has for a ticket that is open; no hash is written so
FTS = table("ticket_fts", column("rowid", BigInteger), column("ticket_fts"))
_NUMBER = re.compile(r"([0-9]{8})([0-9]{5,7})\Z")


def place_of(number: str) -> int:
    """Where a ticket stands in the order of registration, from its number: day, then count."""
    found = _NUMBER.search(number)
    if found is None:
        raise ValueError("not the number of a ticket")
    return int(found[1]) * 10**7 + int(found[2])


def keep_words(
    session: Session,
    vault: Vault,
    number: str,
    fields: Mapping[str, JsonValue],
    *,
    new: bool = False,
) -> None:
    """Make the ticket found by the words of its form, and by no others, in this unit of work.

    ``new``: it had no words before.
    """
    text = "\n".join(str(fields[key]) for key in FIELDS if fields.get(key))
    words = " ".join(hashes(vault, words_in(text)))
    row = None if new else session.get(WordsRow, place_of(number))
    if not words:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(WordsRow(id=place_of(number), number=number, words=words))
    else:
        row.words = words
        session.add(row)
    session.flush()


def hashes(vault: Vault, words: Iterable[str]) -> list[str]:
    key = vault.key_for(PURPOSE)
    return sorted(
        hmac.digest(key, word.encode(), "sha256")[:HASH_BYTES].hex() for word in set(words)
    )


def asked_for(vault: Vault, text: str) -> list[str]:
    """The hashes of a question's words; empty when it holds none."""
    return hashes(vault, words_asked(text))


def all_of(
    wanted: list[str], sqlite: bool, only_open: bool, *, by_index: bool = True
) -> list[SQLColumnExpression[bool]]:
    """All words are there. On SQLite the statement has to join ``FTS`` by ``WordsRow.id``.

    Not ``by_index`` (PostgreSQL only): each ticket that comes by is looked at.
    """
    if sqlite:
        terms = [f'"{one}"' for one in ([*wanted, OPEN] if only_open else wanted)]
        return [FTS.c.ticket_fts.op("MATCH")(" ".join(terms))]
    words: SQLColumnExpression[str] = col(WordsRow.words)
    if not by_index:
        words = func.strip(words)  # the same words, which no index is kept of
    found = words.op("@@")(cast(literal(" & ".join(wanted)), TSQUERY))
    return [found, col(WordsRow.open)] if only_open else [found]


def each_of(wanted: list[str]) -> list[SQLColumnExpression[bool]]:
    """The same, looked up in the words of each ticket that comes by."""
    return [func.instr(col(WordsRow.words), one) > 0 for one in wanted]
