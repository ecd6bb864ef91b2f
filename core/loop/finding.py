"""The statement behind a list: which tickets, read along which index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import (
    Select,
    SQLColumnExpression,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from core.loop.columns import phone
from core.loop.query import Mark, QueryInvalid
from core.loop.secrecy import Mask
from core.people.roles import UNITS
from core.people.sight_clause import parts_of, seen_by
from core.ports import TicketQuery, Viewer
from core.search.blind import FIELDS, FTS, all_of, asked_for, each_of, place_of
from core.store.loop_tables import TaskRow, WordsRow
from core.store.tables import TicketRow
from core.store.vault import Vault

FEW = 5000  # tickets whose words are looked at one by one
NEAR = 10_000  # the newest tickets, among which a common word has a page
_SAME_TICKET = col(WordsRow.number) == col(TicketRow.number)
PHONES = ("caller_number", "contact_phone")
Condition = SQLColumnExpression[bool]
Along = Callable[[SQLColumnExpression[str]], SQLColumnExpression[str]]
Found = Select[*tuple[Any, ...]]
SHOWN: tuple[SQLColumnExpression[Any], ...] = (
    col(TicketRow.number),
    col(TicketRow.state),
    col(TicketRow.type),
    col(TicketRow.urgency),
    col(TicketRow.category),
    col(TicketRow.county),
    col(TicketRow.subject),
    col(TicketRow.unit),
    col(TicketRow.created_at),
    col(TicketRow.handle_due),
    col(TicketRow.secrecy),
    col(TicketRow.fields_sealed),
)


def looks_near(session: Session, viewer: Viewer, query: TicketQuery) -> bool:
    """Whether a page is first looked for among the newest tickets (``find`` with ``near``).

    PostgreSQL takes all tickets that have the words and sorts them, many thousands of a common
    word. Words that are not common enough to fill a page there are few enough for that.
    """
    if session.get_bind().dialect.name == "sqlite" or not query.text:
        return False
    return not (query.open or query.phone or query.unit or viewer.role in UNITS)


def find(
    session: Session,
    vault: Vault,
    viewer: Viewer,
    query: TicketQuery,
    mark: Mark | None,
    masks: Mapping[int, Mask],
    *,
    near: bool = False,
) -> Found:
    """All tickets that ``query`` asks for and ``viewer`` sees, the newest first, after ``mark``.

    ``masks`` by level of secrecy: what the viewer may not read he cannot find either (0235).
    ``near``: only those among the next ``NEAR`` tickets. Raises ``QueryInvalid``.
    """
    sqlite = session.get_bind().dialect.name == "sqlite"
    few = sqlite and query.text != "" and _few(session, viewer, query)
    along = _asis
    if sqlite and not query.phone and (query.open or (query.text and not few)):
        along = _aside
    county = along(col(TicketRow.county))
    if query.text and not few:
        found = _by_words(vault, query, mark, sqlite, near).where(seen_by(viewer, county))
    elif viewer.role in UNITS and not query.phone:
        found = _of_unit(viewer, query.open, mark)
    else:
        found = _of_all(mark).where(seen_by(viewer, county))
    if few:
        found = found.join(WordsRow, _SAME_TICKET).where(*each_of(_words(vault, query.text)))
    return found.where(*_filters(query, vault, along), *_findable(query, masks))


def _asis(column: SQLColumnExpression[str]) -> SQLColumnExpression[str]:
    return column


def _aside(column: SQLColumnExpression[str]) -> SQLColumnExpression[str]:
    """The same value, by which no index is looked up.

    SQLite takes any index of a column that is asked to equal something, without knowing that half
    the archive has this value. So it reads what is open, or what has the words, and compares.
    """
    return column.concat("")


def _of_all(mark: Mark | None) -> Found:
    order = (col(TicketRow.created_at), col(TicketRow.number))
    return _after(select(*SHOWN), order, mark)


def _of_unit(viewer: Viewer, open: bool | None, mark: Mark | None) -> Found:
    """Along the unit's parts. A unit may have two parts in one ticket: the older one stands for
    both."""
    older = aliased(TaskRow)
    twin = exists().where(
        col(older.number) == col(TaskRow.number),
        col(older.unit) == col(TaskRow.unit),
        col(older.state) != "withdrawn",
        col(older.id) < col(TaskRow.id),
    )
    found = (
        select(*SHOWN)
        .join(TaskRow, col(TaskRow.number) == col(TicketRow.number))
        .where(*parts_of(viewer), ~twin, col(TicketRow.accused) != viewer.unit)
    )
    if open is not None:
        found = found.where(_is(col(TaskRow.open), open))
    return _after(found, (col(TaskRow.created_at), col(TaskRow.number)), mark)


def _by_words(
    vault: Vault, query: TicketQuery, mark: Mark | None, sqlite: bool, near: bool
) -> Found:
    """Along the order of registration, which is the blind index's own."""
    found = select(*SHOWN).join(WordsRow, _SAME_TICKET)
    place: SQLColumnExpression[int] = col(WordsRow.id)
    if sqlite:
        found = found.join(FTS, FTS.c.rowid == col(WordsRow.id))
        place = FTS.c.rowid
    if mark is not None:
        found = found.where(place < place_of(mark.number))
    if near:
        found = found.where(place > _far(mark))
    words = _words(vault, query.text)
    wanted = all_of(words, sqlite, only_open=query.open is True, by_index=not near)
    return found.where(*wanted).order_by(place.desc())


def _far(mark: Mark | None) -> SQLColumnExpression[int]:
    """Where the next ``NEAR`` tickets that have words end."""
    place = col(WordsRow.id)
    older = select(place).order_by(place.desc()).offset(NEAR).limit(1)
    if mark is not None:
        older = older.where(place < place_of(mark.number))
    return func.coalesce(older.scalar_subquery(), 0)


def _words(vault: Vault, text: str) -> list[str]:
    wanted = asked_for(vault, text)
    if not wanted:
        raise QueryInvalid("no word to look for", field="text")
    return wanted


def _few(session: Session, viewer: Viewer, query: TicketQuery) -> bool:
    """Whether the other filters leave so little that each ticket's words can be looked at.

    For SQLite; PostgreSQL knows such things from its statistics.
    """
    if query.phone:
        return True
    if viewer.role in UNITS:
        some = select(literal(1)).select_from(TaskRow).where(*parts_of(viewer))
        if query.open is not None:
            some = some.where(_is(col(TaskRow.open), query.open))
    elif query.unit:
        some = select(literal(1)).select_from(TicketRow).where(col(TicketRow.unit) == query.unit)
    else:
        return False
    counted = select(func.count()).select_from(some.limit(FEW + 1).subquery())
    return bool(session.execute(counted).scalar_one() <= FEW)


def _after(found: Found, order: tuple[SQLColumnExpression[Any], ...], mark: Mark | None) -> Found:
    if mark is not None:
        found = found.where(tuple_(*order) < tuple_(mark.created_at, mark.number))
    return found.order_by(*(column.desc() for column in order))


def _filters(query: TicketQuery, vault: Vault, along: Along) -> Iterator[Condition]:
    row = TicketRow
    if query.open is not None:
        yield _is(col(row.open), query.open)
    for column, values in (
        (col(row.state), query.states),
        (col(row.type), query.types),
        (col(row.urgency), query.urgencies),
        (col(row.subject), query.subjects),
        (along(col(row.county)), (query.county,) if query.county else ()),
        (along(col(row.unit)), (query.unit,) if query.unit else ()),
    ):
        if values:
            yield column == values[0] if len(values) == 1 else column.in_(values)
    if query.category:
        yield from _begins(col(row.category), query.category)
    if query.created_from is not None:
        yield col(row.created_at) >= query.created_from
    if query.created_before is not None:
        yield col(row.created_at) < query.created_before
    if query.due_before is not None:
        yield col(row.handle_due) < query.due_before
    if query.phone:
        digest = _digest(query.phone, vault)
        yield or_(col(row.caller_digest) == digest, col(row.contact_digest) == digest)


def _is(flag: SQLColumnExpression[bool], wanted: bool) -> Condition:
    return flag if wanted else ~flag


def _begins(column: SQLColumnExpression[str], code: str) -> Iterator[Condition]:
    """A range, which an index can read; codes are digits only."""
    yield column >= code
    if code.strip("9"):
        yield column < str(int(code) + 1).zfill(len(code))


def _digest(number: str, vault: Vault) -> str:
    digits = phone(number)
    if not digits:
        raise QueryInvalid(field="phone")
    return vault.digest(digits)


def _findable(query: TicketQuery, masks: Mapping[int, Mask]) -> Iterator[Condition]:
    """Nobody asks his way to what is kept from him (articles 39, 48): where his mask alters the
    words, he finds nothing by a word or a number, read by him or not."""
    for asked, fields in ((query.phone, PHONES), (query.text, FIELDS)):
        if asked:
            shown = [
                level
                for level, mask in masks.items()
                if not mask.alters and not mask.hidden & set(fields)
            ]
            if len(shown) < len(masks):
                yield col(TicketRow.secrecy).in_(shown)
