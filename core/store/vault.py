"""Personal text at rest: sealed per record, so that destroying one key deletes one record lawfully.

Every record (a call, a ticket) has a data key of its own, stored wrapped by the site's master key.
Numbers that must be found again (a caller's earlier tickets) are kept as keyed digests beside the
sealed text; the digest cannot be turned back or compared between sites.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import threading
from collections import OrderedDict

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session, col, delete

from core.errors import HotlineError
from core.store.held import hold
from core.store.loop_tables import WordsRow
from core.store.tables import RecordKeyRow

log = logging.getLogger(__name__)

NONCE_BYTES = 12
KEY_BYTES = 32


class VaultBroken(HotlineError):
    """Sealed text does not open: wrong master key, or the bytes were changed."""

    error_id = "vault_broken"


class RecordErased(HotlineError):
    """The record's key was destroyed; its text is gone for good."""

    error_id = "record_erased"
    status = 410


class Vault:
    """Seals and opens text. ``master`` is 32 random bytes kept outside the database."""

    def __init__(self, master: bytes, cached_keys: int = 4096) -> None:
        if len(master) != KEY_BYTES:
            raise VaultBroken(f"the master key must be {KEY_BYTES} bytes")
        self._wrap = AESGCM(hashlib.sha256(b"wrap" + master).digest())
        self._digest_key = hashlib.sha256(b"digest" + master).digest()
        self._master = master
        self._cache: OrderedDict[str, AESGCM] = OrderedDict()
        self._cached_keys = cached_keys
        self._lock = threading.Lock()  # units of work run in several threads

    def seal(self, session: Session, record: str, text: str) -> bytes:
        """Seal ``text`` under the key of ``record``, made on first use."""
        nonce = os.urandom(NONCE_BYTES)
        # Never under a remembered key: it may have been destroyed since, by another process.
        key = self._fetched(session, record, create=True)
        return nonce + key.encrypt(nonce, text.encode(), record.encode())

    def open(self, session: Session, record: str, sealed: bytes) -> str:
        """Raises ``RecordErased`` or ``VaultBroken``."""
        with self._lock:
            key = self._cache.get(record)
            if key is not None:
                self._cache.move_to_end(record)
        if key is not None:
            try:
                return self._decrypt(key, sealed, record).decode()
            except VaultBroken:  # the record's key is another one by now, or the bytes are bad
                log.info("record %s: its remembered key does not fit", record)
        return self._decrypt(self._fetched(session, record, create=False), sealed, record).decode()

    def seal_loose(self, text: str) -> bytes:
        """Seal text that belongs to no record yet (a spooled line), under the site's key."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrap.encrypt(nonce, text.encode(), b"loose")

    def open_loose(self, sealed: bytes) -> str:
        """Raises ``VaultBroken``."""
        return self._decrypt(self._wrap, sealed, "loose").decode()

    def digest(self, value: str) -> str:
        """A keyed digest by which equal values can be found without being readable."""
        return hmac.new(self._digest_key, value.encode(), hashlib.sha256).hexdigest()

    def key_for(self, purpose: str) -> bytes:
        """A key of its own for another use of the site's secret (signing a log)."""
        return hmac.new(self._master, purpose.encode(), hashlib.sha256).digest()

    def erase(self, session: Session, record: str) -> None:
        """Destroy the record's key: its text can never be read again, nor found by its words."""
        session.exec(delete(WordsRow).where(col(WordsRow.number) == record))
        row = session.get(RecordKeyRow, record)
        if row is not None:
            row.wrapped = b""
            session.add(row)
        with self._lock:
            self._cache.pop(record, None)

    def erased(self, session: Session, record: str) -> bool:
        """Whether the record's key was destroyed: nothing can be sealed under it any more."""
        row = session.get(RecordKeyRow, record)
        hold(session, row)
        return row is not None and not row.wrapped

    def renew(self, session: Session, record: str) -> None:
        """Destroy the record's key and let it begin anew: only what is sealed next opens again."""
        row = session.get(RecordKeyRow, record)
        if row is not None:
            session.delete(row)
            session.flush()
        with self._lock:
            self._cache.pop(record, None)

    def _fetched(self, session: Session, record: str, *, create: bool) -> AESGCM:
        row = session.get(RecordKeyRow, record)
        if row is None:
            if not create:
                raise VaultBroken("no key for this record", record=record)
            data_key = AESGCM.generate_key(256)
            nonce = os.urandom(NONCE_BYTES)
            wrapped = nonce + self._wrap.encrypt(nonce, data_key, record.encode())
            row = RecordKeyRow(record=record, wrapped=wrapped)
            session.add(row)
            session.flush()
            hold(session, row)
            # Cached only when read back later: a key that is rolled back must not live on here.
            return AESGCM(data_key)
        if not row.wrapped:
            raise RecordErased(record=record)
        hold(session, row)
        key = AESGCM(self._decrypt(self._wrap, row.wrapped, record))
        with self._lock:
            self._cache[record] = key
            if len(self._cache) > self._cached_keys:
                self._cache.popitem(last=False)
        return key

    @staticmethod
    def _decrypt(key: AESGCM, sealed: bytes, record: str) -> bytes:
        try:
            return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], record.encode())
        except InvalidTag as tampered:
            raise VaultBroken("sealed text does not open", record=record) from tampered
