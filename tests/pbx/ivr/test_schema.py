"""The published JSON Schema is the one of the models."""

from __future__ import annotations

from pbx.ivr.schema import flow_schema_text
from tests.pbx.ivr.flows import FLOWS


def test_the_published_schema_is_in_step_with_the_models():
    published = (FLOWS / "schema/flow.schema.json").read_text(encoding="utf-8")
    assert published == flow_schema_text(), (
        "run: python -m pbx.ivr.schema ivr_flows/schema/flow.schema.json"
    )
