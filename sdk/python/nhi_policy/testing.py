"""Runs a module under plain python3, the way the host would: same interests, same order, no sandbox."""

import json
from pathlib import Path
from typing import Any

from .model import Change, Context, Finding, change
from .module import Module

__all__ = ["Tester", "change", "changes_of_plan"]


class Tester:
    """Hands changes to a module and gives back what it found."""

    def __init__(self, module: Module, settings: dict[str, Any] | None = None, context: Context | None = None):
        self.module, self.settings = module, settings or {}
        self.context = context or Context()

    def changes(self, *changes: dict[str, Any]) -> list[Finding]:
        """Judges these changes, which `change` makes, as one plan."""
        text = json.dumps(self.settings)
        errors = self.module.settings_errors(text)
        if errors:
            raise ValueError("; ".join(errors))
        session = self.module.open(text, self.context)
        # Through JSON, as the host hands them over: what JSON cannot say, a rule cannot see.
        judged = session.check(Change(json.loads(json.dumps(raw))) for raw in changes)
        return judged + session.finish()

    def plan(self, path: str | Path) -> list[Finding]:
        """Judges the managed and data resources of a plan, as `tofu show -json` writes it.

        What only the host works out is missing: references, locations and what unknown values will look like.
        """
        return self.changes(*changes_of_plan(json.loads(Path(path).read_text("utf-8"))))


def changes_of_plan(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The changes of a plan."""
    changes = []
    for block in plan.get("resource_changes", []):
        said = block["change"]
        deposed = {"deposed": block["deposed"]} if "deposed" in block else {}
        if deposed:
            continue
        changes.append(
            change(
                block["address"],
                said.get("after"),
                resource_type=block["type"],
                provider=block.get("provider_name", ""),
                module_address=block.get("module_address", ""),
                mode=block["mode"],
                actions=said["actions"],
                before=said.get("before"),
                previous_address=block.get("previous_address"),
                unknown_paths=_marked(said.get("after_unknown", {})),
                sensitive_paths=_marked(said.get("after_sensitive", {})),
            )
        )
    return changes


def _marked(mask: Any, at: str = "") -> list[str]:
    """The paths that a mask of a plan marks."""
    from .model import path

    if mask is True:
        return [at]
    if isinstance(mask, dict):
        items = [(at + (path(key) if not at or path(key).startswith("[") else "." + path(key)), value) for key, value in mask.items()]
    elif isinstance(mask, list):
        items = [(f"{at}[{index}]", value) for index, value in enumerate(mask)]
    else:
        return []
    return [found for place, value in items for found in _marked(value, place)]
