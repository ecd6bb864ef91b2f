"""Personal text at rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, create_engine

from core.store.tables import RecordKeyRow
from core.store.vault import RecordErased, Vault, VaultBroken

MASTER = bytes(range(32))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    engine = create_engine(f"sqlite:///{tmp_path / 'vault.db'}")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as opened:
        yield opened
    engine.dispose()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text())
def test_what_is_sealed_opens_again_and_does_not_show(session: Session, text: str) -> None:
    vault = Vault(MASTER)
    sealed = vault.seal(session, "c1", text)
    assert vault.open(session, "c1", sealed) == text
    assert len(text.encode()) < 8 or text.encode() not in sealed


def test_the_same_text_never_looks_the_same(session: Session) -> None:
    vault = Vault(MASTER)
    assert vault.seal(session, "c1", "路灯") != vault.seal(session, "c1", "路灯")


def test_a_lawful_deletion_makes_one_record_unreadable_and_no_other(session: Session) -> None:
    vault = Vault(MASTER)
    first, second = vault.seal(session, "c1", "一"), vault.seal(session, "c2", "二")
    vault.erase(session, "c1")
    session.flush()
    for reader in (vault, Vault(MASTER)):
        with pytest.raises(RecordErased):
            reader.open(session, "c1", first)
        assert reader.open(session, "c2", second) == "二"
    with pytest.raises(RecordErased):
        vault.seal(session, "c1", "again")


def test_changed_bytes_and_a_wrong_master_key_are_told(session: Session) -> None:
    vault = Vault(MASTER)
    sealed = vault.seal(session, "c1", "路灯")
    with pytest.raises(VaultBroken):
        vault.open(session, "c1", sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(VaultBroken):
        Vault(bytes(32)).open(session, "c1", sealed)
    with pytest.raises(VaultBroken):
        vault.open(session, "never", sealed)


def test_text_of_one_record_does_not_open_as_anothers(session: Session) -> None:
    vault = Vault(MASTER)
    sealed = vault.seal(session, "c1", "路灯")
    vault.seal(session, "c2", "x")
    with pytest.raises(VaultBroken):
        vault.open(session, "c2", sealed)


def test_digests_find_equal_values_on_one_site_only() -> None:
    assert Vault(MASTER).digest("15400000001") == Vault(MASTER).digest("15400000001")
    assert Vault(MASTER).digest("15400000001") != Vault(bytes(32)).digest("15400000001")


def test_keys_rest_wrapped(session: Session) -> None:
    vault = Vault(MASTER)
    vault.seal(session, "c1", "x")
    row = session.get_one(RecordKeyRow, "c1")
    assert len(row.wrapped) == 12 + 32 + 16  # nonce, key, tag


def test_a_small_cache_forgets_keys_and_finds_them_again(session: Session) -> None:
    vault = Vault(MASTER, cached_keys=1)
    sealed = {name: vault.seal(session, name, name) for name in ("a", "b", "c")}
    for _ in range(2):
        assert [vault.open(session, name, text) for name, text in sealed.items()] == list(sealed)
