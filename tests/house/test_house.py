"""Rules that the whole house keeps: what stays out of it, licences, identities of errors."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

from core.errors import HotlineError

ROOT = Path(__file__).parents[2]
ROOMS = ("core", "pbx", "asr", "agent_console", "hotline")
TEXT = {
    ".py",
    ".md",
    ".yaml",
    ".yml",
    ".toml",
    ".in",
    ".lock",
    ".j2",
    ".js",
    ".css",
    ".html",
    ".sh",
    ".json",
    ".jsonl",
    ".example",
    ".xml",
    ".tsv",
    "",
}


def files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if Path(name).suffix in TEXT and (ROOT / name).exists()]


# Written in pieces, so that this file does not find itself.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.~/-])/(?:wor" + r"k|roo" + r"t|home/\w+)/[a-z.]",
    "the folder beside the project": r"\.\./share" + "d",
    "a package registry's host": r"pypi\.or"
    + r"g|pythonhosted\.or"
    + r"g|registry\.npmj"
    + r"s|deb\.debian\.or"
    + "g",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_stays_out_of_the_project_is_not_in_it(what: str) -> None:
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in files()
        if file.name != "LICENSE"
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(FORBIDDEN[what], line)
    ]
    assert found == []


def modules() -> list[str]:
    names = []
    for room in ROOMS:
        package = importlib.import_module(room)
        names += [m.name for m in pkgutil.walk_packages(package.__path__, f"{room}.")]
    return [
        name
        for name in names
        if not name.endswith(".env") and "migrations" not in name and not name.endswith("__main__")
    ]


def test_every_error_has_an_identity_of_its_own() -> None:
    for name in modules():
        importlib.import_module(name)

    def below(kind: type[HotlineError]) -> list[type[HotlineError]]:
        return [kind, *(deeper for sub in kind.__subclasses__() for deeper in below(sub))]

    owners: dict[str, set[str]] = {}
    for kind in below(HotlineError):
        if "error_id" in vars(kind):
            owners.setdefault(kind.error_id, set()).add(f"{kind.__module__}.{kind.__name__}")
        assert re.fullmatch(r"[a-z][a-z0-9_]*", kind.error_id), kind
        assert 400 <= kind.status < 600, kind
    assert {name: kinds for name, kinds in owners.items() if len(kinds) > 1} == {}


# GPL-3.0-or-later may include these; everything else has to be looked at by a person first.
FITTING = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|LGPL|GPL-3|GPLv3|"
    r"GNU General Public License v3|Unlicense|0BSD|HPND|Zlib|CC0",
    re.IGNORECASE,
)


def locked(lock: str) -> set[str]:
    return {
        re.sub(r"[-_.]+", "-", match.group(1)).lower()
        for line in (ROOT / lock).read_text().splitlines()
        if (match := re.match(r"([A-Za-z0-9_.-]+)(\[.*\])?==", line))
    }


def licence(package: Distribution) -> str:
    meta = package.metadata
    told = [meta.get("License-Expression") or "", (meta.get("License") or "")[:200]]
    told += [c for c in meta.get_all("Classifier") or [] if c.startswith("License")]
    return " ".join(told).strip()


def test_the_licence_fits_every_dependency_that_runs_with_us() -> None:
    wanted = locked("requirements.lock")
    assert "pyvoip" in wanted
    unfit = {}
    for package in distributions():
        name = re.sub(r"[-_.]+", "-", package.name).lower()
        if name in wanted and not FITTING.search(licence(package)):
            unfit[name] = licence(package)
    assert unfit == {}
    assert (ROOT / "LICENSE").read_text().split("\n", 2)[0].strip() == "GNU GENERAL PUBLIC LICENSE"
    assert 'license = "GPL-3.0-or-later"' in (ROOT / "pyproject.toml").read_text()


def test_every_locked_package_is_pinned_by_hash() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / lock).read_text().strip())
        assert len(blocks) > 30
        assert [block.split("\n")[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_python_names_no_number_and_no_city() -> None:
    """Numbers and names of a city are data: city packs and flows."""
    offenders = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in files()
        if file.suffix == ".py" and file.relative_to(ROOT).parts[0] in ROOMS[:4]
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"唐山|['\"](0315|12345|110|119|120|122)['\"]", line)
    ]
    assert offenders == []
