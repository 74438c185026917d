"""Checks settings against the part of JSON Schema that settings need.

A keyword that is not known here is refused when the module starts, not passed over: a check that nobody makes would
look like one that holds.
"""

import re
from typing import Any, Iterator

_KNOWN = {
    "$schema", "title", "description", "examples", "default", "type", "enum", "const", "properties", "required",
    "additionalProperties", "items", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern",
    "minimum", "maximum",
}  # fmt: skip
_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


def sound(schema: Any, at: str = "the schema") -> None:
    """Refuses a schema that says more than is checked."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise ValueError(f"{at} must be an object")
    for keyword in schema:
        if keyword not in _KNOWN:
            raise ValueError(f"{at}: `{keyword}` is not supported in settings")
    if "type" in schema and schema["type"] not in _TYPES:
        raise ValueError(f"{at}: `{schema['type']}` is no type")
    for name, inner in schema.get("properties", {}).items():
        sound(inner, f"{at}.{name}")
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            sound(schema[keyword], f"{at}.{keyword}")


def errors(schema: Any, value: Any, at: str = "") -> Iterator[str]:
    """What is wrong with a value, as sentences."""
    shown = f"`{at}`" if at else "the settings"
    if schema is True or schema == {}:
        return
    if schema is False:
        yield f"{shown} may not be set"
        return
    kind = schema.get("type")
    if kind and not _is(kind, value):
        yield f"{shown} must be {_article(kind)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{shown} must be one of {', '.join(repr(word) for word in schema['enum'])}"
    if "const" in schema and value != schema["const"]:
        yield f"{shown} must be {schema['const']!r}"
    if isinstance(value, dict):
        yield from _object(schema, value, at, shown)
    elif isinstance(value, list):
        yield from _list(schema, value, at, shown)
    elif isinstance(value, str):
        yield from _text(schema, value, shown)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if "minimum" in schema and value < schema["minimum"]:
            yield f"{shown} must be at least {schema['minimum']}"
        if "maximum" in schema and value > schema["maximum"]:
            yield f"{shown} must be at most {schema['maximum']}"


def _object(schema: dict, value: dict, at: str, shown: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{shown} must have `{name}`"
    for name, inner in value.items():
        place = f"{at}.{name}" if at else name
        if name in properties:
            yield from errors(properties[name], inner, place)
        elif schema.get("additionalProperties", True) is False:
            yield f"`{place}` is not a setting: only {', '.join(f'`{known}`' for known in properties)} is"
        else:
            yield from errors(schema.get("additionalProperties", True), inner, place)


def _list(schema: dict, value: list, at: str, shown: str) -> Iterator[str]:
    if len(value) < schema.get("minItems", 0):
        yield f"{shown} must have at least {schema['minItems']} items"
    if len(value) > schema.get("maxItems", len(value)):
        yield f"{shown} must have at most {schema['maxItems']} items"
    if schema.get("uniqueItems") and any(item in value[:index] for index, item in enumerate(value)):
        yield f"{shown} must not have an item twice"
    for index, item in enumerate(value):
        yield from errors(schema.get("items", True), item, f"{at}[{index}]")


def _text(schema: dict, value: str, shown: str) -> Iterator[str]:
    if len(value) < schema.get("minLength", 0):
        yield f"{shown} must have at least {schema['minLength']} characters"
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{shown} must have at most {schema['maxLength']} characters"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{shown} must match `{schema['pattern']}`"


def with_defaults(schema: Any, value: Any) -> Any:
    """The settings, with what the schema says of settings that were left out."""
    if not isinstance(schema, dict) or not isinstance(value, dict):
        return value
    filled = dict(value)
    for name, inner in schema.get("properties", {}).items():
        if name in filled:
            filled[name] = with_defaults(inner, filled[name])
        elif isinstance(inner, dict) and "default" in inner:
            filled[name] = inner["default"]
    return filled


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def _article(kind: str) -> str:
    return "null" if kind == "null" else f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
