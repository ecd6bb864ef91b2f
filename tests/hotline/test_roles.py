"""Accounts of every role in a site's file: who gets a telephone, and who sits where."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hotline.site import AgentEntry, SiteInvalid, SiteSettings, init_site, load_site
from tests.hotline.sites import rewrite

PEOPLE = (
    AgentEntry(number="1001", name="座席"),
    AgentEntry(number="1900", name="负责人", role="supervisor"),
    AgentEntry(number="1100", name="派单员", role="dispatcher"),
    AgentEntry(number="1300", name="路北派单员", role="dispatcher", county="130203"),
    AgentEntry(number="u1", name="经办人", role="unit", unit="housing"),
    AgentEntry(number="h1", name="主要负责人", role="unit_head", unit="housing"),
    AgentEntry(number="2000", name="主管机关", role="authority"),
    AgentEntry(number="3000", name="市政府", role="government"),
    AgentEntry(number="4000", name="审计", role="auditor"),
    AgentEntry(number="9000", name="管理员", role="admin"),
)


def test_only_the_telephones_people_get_a_telephone(tmp_path: Path) -> None:
    site = init_site(tmp_path / "site", SiteSettings(agents=PEOPLE), "tangshan")
    assert [agent.number for agent in site.pbx.agents] == ["1001", "1900"]
    assert set(site.secrets.agents) == {entry.number for entry in PEOPLE}
    assert load_site(site.folder).settings.agents == PEOPLE


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"role": "unit"}, "unit"),
        ({"role": "unit", "unit": "no_such"}, "unit"),
        ({"role": "agent", "unit": "housing"}, "unit"),
        ({"role": "dispatcher", "county": "999999"}, "county"),
        ({"role": "dispatcher", "queues": {"general": 0}}, "queues"),
        ({"role": "auditor", "browser": True}, "browser"),
    ],
)
def test_an_account_out_of_place_is_named(
    tmp_path: Path, entry: dict[str, object], field: str
) -> None:
    site = init_site(tmp_path / "site", SiteSettings(agents=PEOPLE[:1]), "tangshan")
    rewrite(site.folder / "site.yaml", agents=[{"number": "1001", "name": "x", **entry}])
    with pytest.raises(SiteInvalid) as wrong:
        load_site(site.folder)
    assert wrong.value.details == {"agent": "1001", "field": field}


@pytest.mark.parametrize("role", ["system", "root", ""])
def test_no_account_is_the_clock(tmp_path: Path, role: str) -> None:
    site = init_site(tmp_path / "site", SiteSettings(agents=PEOPLE[:1]), "tangshan")
    content = yaml.safe_load((site.folder / "site.yaml").read_text(encoding="utf-8"))
    content["agents"][0]["role"] = role
    rewrite(site.folder / "site.yaml", agents=content["agents"])
    with pytest.raises(SiteInvalid):
        load_site(site.folder)
