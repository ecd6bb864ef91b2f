"""``hotline policy check`` as a person uses it; its rules are tested where they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.core.policy.packs import YEAR, copy, rewrite
from tests.hotline.shell import hotline
from tests.hotline.stagehands import small_site


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return copy(tmp_path / "pack")


def test_sound_rules_are_said_to_be_so(tmp_path: Path) -> None:
    """Without a site, the shipped pack; its gaps are warnings."""
    done = hotline(tmp_path, "policy", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("0 errors, ")


def test_an_error_is_told_with_its_place_and_what_to_do(tmp_path: Path, pack: Path) -> None:
    rewrite(pack / YEAR / "directory.yaml", lambda content: content["by_hand"].remove("women"))
    done = hotline(tmp_path, "policy", "check", "--pack", pack)
    assert done.returncode == 1
    [line] = [line for line in done.stdout.splitlines() if line.startswith("ERROR")]
    assert "unit_unled" in line
    assert f"{YEAR}/directory.yaml: lines: nothing leads to women" in line
    assert "-> add a line" in done.stdout
    told = json.loads(hotline(tmp_path, "policy", "check", "--pack", pack, "--json").stdout)
    assert [one["rule"] for one in told if one["level"] == "error"] == ["unit_unled"]


def test_what_cannot_be_read_is_one_line(tmp_path: Path, pack: Path) -> None:
    (pack / YEAR / "limits.yaml").write_text("sign: [", encoding="utf-8")
    done = hotline(tmp_path, "policy", "check", "--pack", pack)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("hotline: pack_invalid: limits.yaml ")
    assert done.stderr.count("\n") == 1


def test_a_site_is_checked_by_its_own_pack_even_if_it_does_not_load(tmp_path: Path) -> None:
    site = small_site(tmp_path).folder
    assert hotline(tmp_path, "policy", "check", "--site", site).returncode == 0
    assert (site / "schema" / "limits.schema.json").is_file()  # where the files say it is
    rewrite(
        site / "city" / YEAR / "conduct.yaml",
        lambda content: content.update(notices=content["notices"][1:]),
    )
    done = hotline(tmp_path, "policy", "check", "--site", site)
    assert done.returncode == 1
    assert "notice_missing" in done.stdout
    assert hotline(tmp_path, "serve", "--site", site).returncode == 2
