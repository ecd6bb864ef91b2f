"""Copies of the shipped city pack in which one thing is otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tests.core.conftest import ROOT

SHIPPED = ROOT / "cities" / "tangshan"
YEAR = "policy/2026"

Change = Callable[[Any], None]


def copy(to: Path, source: Path = SHIPPED) -> Path:
    return Path(shutil.copytree(source, to))


def rewrite(file: Path, change: Change) -> None:
    """Read a YAML file, let ``change`` alter it, write it."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def add_version(folder: Path, name: str, effective_from: str, version: str = "") -> Path:
    """One more version of the rules, a copy of the shipped one; returns its folder."""
    made = Path(shutil.copytree(folder / YEAR, folder / "policy" / name))
    day = date.fromisoformat(effective_from)
    rewrite(
        made / "policy.yaml",
        lambda meta: meta.update(version=version or name, effective_from=day),
    )
    return made


def entry(entries: list[Any], key: str, name: str = "key") -> Any:
    """The entry of that key in a list of a file."""
    return next(one for one in entries if one[name] == key)
