# SPDX-License-Identifier: Apache-2.0
"""A validator for the part of JSON Schema that the OpenAPI document uses.

Unknown keywords raise, so the document cannot grow past what is checked here.
"""

import base64
import binascii
import datetime
import json
import pathlib
import re
import uuid

DOCUMENT = pathlib.Path(__file__).resolve().parents[3] / "docs/protocol/connector-api.openapi.json"

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "null": lambda v: v is None,
}
KNOWN = {
    "$ref", "type", "enum", "pattern", "format", "minLength", "maxLength", "minimum", "maximum",
    "items", "minItems", "maxItems", "properties", "required", "additionalProperties", "oneOf",
    "anyOf", "description",
}


def _date_time(text):
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", text):
        raise ValueError
    datetime.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")


def _uuid(text):
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        raise ValueError
    uuid.UUID(text)


def _byte(text):
    if base64.b64encode(base64.b64decode(text, validate=True)).decode() != text:
        raise ValueError


FORMATS = {"date-time": _date_time, "uuid": _uuid, "byte": _byte}


class Schema:
    """The OpenAPI document with its schemas; problems() lists what is wrong with a value."""

    def __init__(self, path=DOCUMENT):
        self.document = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        self.paths = self.document["paths"]

    def resolve(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def operation(self, path):
        """The POST operation at a path below the service base, or None."""
        return self.paths.get(path, {}).get("post")

    def request_schema(self, path):
        return self.operation(path)["requestBody"]["content"]["application/json"]["schema"]

    def response_schema(self, path, status):
        answer = self.operation(path)["responses"].get(str(status))
        if answer is None:
            return None
        return self.resolve(answer)["content"]["application/json"]["schema"]

    def problems(self, schema, value, where="body"):
        found = []
        self._check(schema, value, where, found)
        return found

    def named(self, name, value):
        return self.problems({"$ref": "#/components/schemas/" + name}, value, name)

    def _check(self, schema, value, where, found):
        schema = self.resolve(schema)
        strange = set(schema) - KNOWN
        if strange:
            raise NotImplementedError(f"schema keyword {sorted(strange)} at {where}")
        types = schema.get("type")
        if types is not None:
            names = types if isinstance(types, list) else [types]
            if not any(TYPES[name](value) for name in names):
                found.append(f"{where}: {type(value).__name__} instead of {'/'.join(names)}")
                return
        if "enum" in schema and not any(
            value == allowed and isinstance(value, bool) == isinstance(allowed, bool)
            for allowed in schema["enum"]
        ):
            found.append(f"{where}: {value!r} is none of {schema['enum']}")
        if isinstance(value, str):
            self._check_string(schema, value, where, found)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            if value < schema.get("minimum", value) or value > schema.get("maximum", value):
                found.append(f"{where}: {value} out of range")
        elif isinstance(value, list):
            self._check_array(schema, value, where, found)
        elif isinstance(value, dict):
            self._check_object(schema, value, where, found)
        self._check_choices(schema, value, where, found)

    @staticmethod
    def _check_string(schema, value, where, found):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            found.append(f"{where}: {len(value)} characters")
        # A "$" in ECMA regular expressions does not match before a final newline.
        pattern = schema.get("pattern", "").replace("$", r"\Z")
        if not re.search(pattern, value):
            found.append(f"{where}: {value[:60]!r} does not match {schema['pattern']}")
        if "format" in schema:
            try:
                FORMATS[schema["format"]](value)
            except (ValueError, binascii.Error):
                found.append(f"{where}: {value[:60]!r} is no {schema['format']}")

    def _check_array(self, schema, value, where, found):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{where}: {len(value)} items")
        if "items" in schema:
            for index, item in enumerate(value):
                self._check(schema["items"], item, f"{where}[{index}]", found)

    def _check_object(self, schema, value, where, found):
        known = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                found.append(f"{where}: {name} is missing")
        others = schema.get("additionalProperties", True)
        for name, item in value.items():
            if name in known:
                self._check(known[name], item, f"{where}.{name}", found)
            elif others is False:
                found.append(f"{where}: unknown member {name}")
            elif isinstance(others, dict):
                self._check(others, item, f"{where}.{name}", found)

    def _check_choices(self, schema, value, where, found):
        for keyword in ("oneOf", "anyOf"):
            if keyword not in schema:
                continue
            tries = [self.problems(option, value, where) for option in schema[keyword]]
            fits = sum(not problems for problems in tries)
            if fits == 0:
                best = min(tries, key=len)
                found.append(f"{where}: fits no {keyword} choice; nearest: {'; '.join(best)}")
            elif fits > 1 and keyword == "oneOf":
                found.append(f"{where}: fits {fits} choices of oneOf")
