"""The format as JSON Schema, so that editors complete and check protocols while they are written.

python -m surveyapp.delphi.protocol.schema > questionnaires/protocol.schema.json
"""

from __future__ import annotations

import json
import sys
from typing import Any

from surveyapp.delphi.protocol.model import Protocol
from surveyapp.questionnaire.schema import DIALECT


def json_schema() -> dict[str, Any]:
    """The schema of protocol files, made from the model that reads them."""
    return {"$schema": DIALECT, "title": "Surveyapp protocol"} | Protocol.model_json_schema()


def schema_text() -> str:
    """What stands in ``questionnaires/protocol.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
