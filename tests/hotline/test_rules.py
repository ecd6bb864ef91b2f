"""New rules by SIGHUP: taken if they are sound, refused in a line if not; the hotline goes on."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import httpx
import pytest

from tests.core.policy.packs import YEAR, add_version
from tests.hotline.shell import running
from tests.hotline.stagehands import small_site


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return small_site(tmp_path).folder


def test_rules_are_taken_while_the_hotline_serves(site: Path) -> None:
    with running(site, "serve", "--site", site) as serving:
        url = serving.says("http://").split()[-1]
        add_version(site / "city", "2099.1", "2099-01-01")
        serving.send(signal.SIGHUP)
        assert "2026.1, 2099.1" in serving.says("new rules")
        (site / "city" / YEAR / "matrix.yaml").write_text("rows: [")
        serving.send(signal.SIGHUP)
        assert "pack_invalid" in serving.says("the rules stay as they were")
        shutil.rmtree(site / "city" / YEAR)
        serving.send(signal.SIGHUP)
        assert "policy_unsound" in serving.says("the rules stay as they were")
        assert httpx.get(f"{url}/api/health/live", trust_env=False).is_success
        assert serving.ends_by(signal.SIGTERM) == 0
