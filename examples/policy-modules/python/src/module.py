"""The module: its name, its rules and its settings. The component is made of the `module` in this file."""

from missing_tag import missing_tag
from nhi_policy import Module

module = Module(
    "team-policy",
    "0.1.0",
    rules=[missing_tag],
    settings_schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "required_tags": {
                "description": "Tags that every covered resource must carry with a value.",
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "minLength": 1},
                "default": ["owner"],
            }
        },
    },
)
