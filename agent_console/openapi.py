"""The published document of the HTTP API: ``docs/openapi.json``.

``python -m agent_console.openapi > docs/openapi.json`` renews it; a test keeps it in step.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from agent_console.app import create_api


def document() -> dict[str, Any]:
    """OpenAPI 3.1 of every route, each act of the closed loop among them."""
    return create_api().openapi()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), ensure_ascii=False, indent=1) + "\n")
