"""The JSON Schema of a flow file, for the designers' editors.

``python -m pbx.ivr.schema FILE`` writes it; a test keeps the published file in step.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pbx.ivr.model import Flow


def flow_schema() -> dict[str, Any]:
    """The schema, JSON Schema draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Flow.model_json_schema(),
    }


def flow_schema_text() -> str:
    """The schema as it stands in the file."""
    return json.dumps(flow_schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(flow_schema_text(), encoding="utf-8")
