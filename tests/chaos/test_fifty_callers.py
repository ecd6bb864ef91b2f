"""Fifty talks at once when all our processes are killed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hotline.bench.kill import kill_scene
from hotline.bench.plan import Plan
from pbx.asterisk import AsteriskInstall
from tests.hotline.stagehands import PROJECT

pytestmark = pytest.mark.real


@pytest.mark.skipif(
    shutil.which("sipp") is None, reason="SIPp is not installed (Debian: sip-tester)"
)
async def test_fifty_callers_keep_their_audio_and_those_who_dial_then_reach_an_agent(
    install: AsteriskInstall, tmp_path: Path
) -> None:
    plan = Plan(
        folder=tmp_path,
        install=install,
        calls=50,
        seconds=10.0,
        engine="fake",
        dialogues=PROJECT / "tests/audio/dialogues",
        city="tangshan",
    )
    figures = await kill_scene(plan)
    judged = {figure.name: figure for figure in figures if figure.goal is not None}
    assert {
        "callers still talking after SIGKILL",
        "calls dropped",
        "callers heard on after SIGKILL",
        "callers who hear on after SIGKILL",
        "new callers who reach an agent's telephone",
    } <= judged.keys()
    assert {name: figure.spread.max for name, figure in judged.items() if not figure.reached} == {}
