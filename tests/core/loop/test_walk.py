"""Random walks keep every invariant, on both databases; the long ones belong to the long tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from core.pack import CityPack
from core.policy import PolicyBook
from tests.core.conftest import new_database
from tests.core.loop.walk import Walk

SHORT = settings(
    max_examples=5,
    stateful_step_count=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(SHORT, max_examples=100)


@pytest.fixture(params=["sqlite", "postgresql"])
def walks(
    request: pytest.FixtureRequest, tmp_path: Path, pack: CityPack, policies: PolicyBook
) -> Callable[[settings], None]:
    def copy() -> str:
        file = tmp_path / f"{uuid4().hex}.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        return f"sqlite:///{file}"

    if request.param == "sqlite":
        url = copy
    else:
        server = request.getfixturevalue("postgres")
        url = partial(new_database, server, request.getfixturevalue("postgres_template"))

    class OnThisDatabase(Walk):
        def url(self) -> str:
            return url()

    OnThisDatabase.pack, OnThisDatabase.policies = pack, policies

    def walk(how: settings) -> None:
        run_state_machine_as_test(OnThisDatabase, settings=how)

    return walk


@pytest.mark.timeout(600)
def test_five_hundred_steps_keep_what_must_hold(walks: Callable[[settings], None]) -> None:
    walks(SHORT)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_ten_thousand_steps_keep_what_must_hold(walks: Callable[[settings], None]) -> None:
    walks(LONG)
