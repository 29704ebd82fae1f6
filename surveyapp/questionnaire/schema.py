"""The format as JSON Schema, so that editors complete and check questionnaires while they are written.

python -m surveyapp.questionnaire.schema > questionnaires/questionnaire.schema.json
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from surveyapp.questionnaire.items_file import ItemsFile
from surveyapp.questionnaire.model import Questionnaire

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema of questionnaire files, made from the model that reads them."""
    schema = Questionnaire.model_json_schema()
    definitions = schema["$defs"]
    definitions["ItemsFile"] = ItemsFile.model_json_schema()
    items = schema["properties"]["items"]
    schema["properties"]["items"] = {"anyOf": [items, {"$ref": "#/$defs/ItemsFile"}]}
    return {"$schema": DIALECT, "title": "Surveyapp questionnaire"} | schema


def schema_text() -> str:
    """What stands in ``questionnaires/questionnaire.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
