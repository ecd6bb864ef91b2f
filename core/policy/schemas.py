"""JSON Schema of every file of the rules, for editors and for other tools.

The published ones are under ``cities/schema``; ``python -m core.policy.schemas FOLDER`` writes
them, a test keeps them in step with the models.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from core.policy.book import CALENDAR, FILES

SUFFIX = ".schema.json"


def schemas() -> dict[str, str]:
    """Content by file name: ``limits.schema.json`` is of ``limits.yaml``."""
    forms = dict([CALENDAR, *FILES.values()])
    return {
        file.removesuffix(".yaml") + SUFFIX: json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **_of(form)},
            ensure_ascii=False,
            indent=1,
        )
        + "\n"
        for file, form in forms.items()
    }


def _of(form: Any) -> dict[str, Any]:
    schema: dict[str, Any] = form.json_schema()
    return schema


if __name__ == "__main__":
    for name, content in schemas().items():
        (Path(sys.argv[1]) / name).write_text(content, encoding="utf-8")
