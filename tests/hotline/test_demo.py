"""`hotline demo` as its user runs it: real Asterisk, real telephones, real recognition."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pbx.asterisk import AsteriskInstall

# Long: on a busy machine recognition falls behind and the shipped caller's number is missed.
pytestmark = [
    pytest.mark.real,
    pytest.mark.speech,
    pytest.mark.long,
    pytest.mark.timeout(300),
]

CALLER_ID = "15400020002"
SPOKEN = "15490618920"


@pytest.fixture(scope="module")
def result(install: AsteriskInstall, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ``--json`` leaves behind of one call by the shipped caller."""
    file = tmp_path_factory.mktemp("demo") / "out.json"
    asked = ["--once", "--json", str(file), "--from", CALLER_ID, "--engine", "whisper"]
    done = subprocess.run(
        [sys.executable, "-m", "hotline", "demo", *asked],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "工单" in done.stdout
    written: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return written


def test_the_ticket_has_the_callers_district_class_and_kind(result: dict[str, Any]) -> None:
    fields = result["ticket"]["fields"]
    assert fields["district"] == "路北区"
    assert fields["category"][:3] == ["城市管理", "市政设施", "路灯"]
    assert fields["type"] == "投诉"
    assert result["ticket"]["number"]


def test_the_spoken_number_and_the_caller_id_are_both_kept_apart(result: dict[str, Any]) -> None:
    fields = result["ticket"]["fields"]
    assert fields["caller_number"] == CALLER_ID == result["call"]["caller_number"]
    assert fields["contact_phone"] == SPOKEN


def test_the_result_has_the_form_that_was_agreed(result: dict[str, Any]) -> None:
    assert {"call", "segments", "draft", "ticket", "timings"} <= set(result)
    ids = {part["id"] for part in result["segments"]}
    for part in result["segments"]:
        assert {"leg", "start", "end", "text", "engine", "id"} <= set(part)
        assert 0 <= part["start"] < part["end"]
    assert {part["leg"] for part in result["segments"]} == {"caller", "agent"}
    for field in result["draft"].values():
        assert {"value", "confidence", "evidence"} <= set(field)
        for evidence in field["evidence"]:
            assert evidence["segment_id"] is None or evidence["segment_id"] in ids
    assert result["timings"]["ticket"] > result["timings"]["connected"] > 0


def test_the_agents_question_is_in_the_transcript_too(result: dict[str, Any]) -> None:
    asked = 1000 * result["timings"]["caller_finished"] - 1000 * result["timings"]["answered"]
    assert any(
        part["leg"] == "agent" and 1000 * part["start"] > asked - 1500
        for part in result["segments"]
    )
