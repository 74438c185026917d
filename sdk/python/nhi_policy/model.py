"""What a module is handed and what it answers with."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

ABI = "1.0.0"
SEVERITIES = ("info", "low", "medium", "high", "critical")
ACTIONS = ("no-op", "create", "read", "update", "delete", "forget")
MODES = ("managed", "data", "provider", "variable", "output")
OUTCOMES = ("violation", "unverified")

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_MISSING = object()


def path(*parts: str | int) -> str:
    """A path as Terraform writes it: `path("tags", "cost-center")` is `tags["cost-center"]`."""
    out = ""
    for part in parts:
        if isinstance(part, int):
            out += f"[{part}]"
        elif _IDENTIFIER.match(part):
            out += f".{part}" if out else part
        else:
            out += f"[{json.dumps(part, ensure_ascii=False)}]"
    return out


class Change:
    """One block of the plan: a resource instance, a data source, a provider, a variable or an output.

    `before`, `after` and `configuration` are parsed when they are looked at for the first time; `None` where the host
    handed nothing over.
    """

    __slots__ = (
        "_after",
        "_before",
        "_configuration",
        "actions",
        "address",
        "attributes",
        "config_address",
        "location",
        "mode",
        "module_address",
        "previous_address",
        "provider",
        "references",
        "resource_type",
        "sensitive_paths",
        "unknown_paths",
    )

    def __init__(self, raw: dict[str, Any]):
        """Takes a change as a line of `check-json` has it; texts under `before_json` and so on are parsed late."""
        self.address: str = raw["address"]
        self.config_address: str = raw["config_address"]
        self.previous_address: str | None = raw.get("previous_address")
        self.resource_type: str = raw["resource_type"]
        self.provider: str = raw["provider"]
        self.module_address: str = raw["module_address"]
        self.mode: str = raw["mode"]
        self.actions: list[str] = raw["actions"]
        self.unknown_paths: list[str] = raw["unknown_paths"]
        self.sensitive_paths: list[str] = raw["sensitive_paths"]
        self.references: list[dict[str, Any]] = raw["references"]
        self.location: dict[str, Any] | None = raw.get("location")
        self.attributes: list[tuple[str, str]] = [(name, value) for name, value in raw["attributes"]]
        self._before = Change._late(raw, "before")
        self._after = Change._late(raw, "after")
        self._configuration = Change._late(raw, "configuration")

    @staticmethod
    def _late(raw: dict[str, Any], name: str) -> tuple[bool, Any]:
        text = raw.get(name + "_json", _MISSING)
        return (True, raw.get(name)) if text is _MISSING or text is None else (False, text)

    @property
    def before(self) -> Any:
        """The values before the change."""
        is_parsed, value = self._before
        if not is_parsed:
            value = json.loads(value)
            self._before = (True, value)
        return value

    @property
    def after(self) -> Any:
        """The planned values; unknown ones are absent or null and stand in `unknown_paths`."""
        is_parsed, value = self._after
        if not is_parsed:
            value = json.loads(value)
            self._after = (True, value)
        return value

    @property
    def configuration(self) -> Any:
        """The block's expressions as in the plan's `configuration`."""
        is_parsed, value = self._configuration
        if not is_parsed:
            value = json.loads(value)
            self._configuration = (True, value)
        return value

    @property
    def remains(self) -> bool:
        """Whether the block is there after the apply: it is not deleted or forgotten, or it is created anew."""
        return "create" in self.actions or not ("delete" in self.actions or "forget" in self.actions)

    def get(self, *parts: str | int) -> Any:
        """What stands in `after` at this place; `None` if there is nothing."""
        value = self.after
        for part in parts:
            if isinstance(value, dict) and isinstance(part, str):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and -len(value) <= part < len(value):
                value = value[part]
            else:
                return None
        return value

    def is_unknown(self, *parts: str | int) -> bool:
        """Whether the value at this place, or one around or inside it, is known only after apply."""
        return _touches(self.unknown_paths, path(*parts))

    def is_sensitive(self, *parts: str | int) -> bool:
        """Whether the value at this place, or one around or inside it, is sensitive."""
        return _touches(self.sensitive_paths, path(*parts))


def _touches(paths: list[str], wanted: str) -> bool:
    def holds(outer: str, inner: str) -> bool:
        return inner == outer or inner.startswith((outer + ".", outer + "["))

    return any(holds(known, wanted) or holds(wanted, known) for known in paths)


@dataclass
class Context:
    """What a session knows beside the changes."""

    now: str = "2026-01-01T00:00:00Z"
    format_version: str = "1.2"
    terraform_version: str = "1.11.4"
    policy: str | None = None
    exceptions: list[dict[str, Any]] = field(default_factory=list)
    graph: str | None = None
    attributes: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Finding:
    """One judgement of one rule at one address."""

    rule: str
    address: str
    message: str
    remediation: str
    path: str = ""
    outcome: str = "violation"
    severity: str | None = None
    evidence: str = "planned"
    patch: tuple[str, str] | None = None
    attributes: list[tuple[str, str]] = field(default_factory=list)


def change(address: str, after: Any = None, **members: Any) -> dict[str, Any]:
    """A change for tests and canaries: a resource that is created with the values `after`.

    Its type is read from the address. Every member of the contract's `change` may be given by name.
    """
    plain = _without_keys(address)
    parts = plain.split(".")
    is_data = len(parts) > 2 and parts[-3] == "data"
    kept = len(parts) - (3 if is_data else 2)
    # Keys hold dots too, so the module's part is cut where its plain form ends.
    module_address = _first_parts(address, kept)
    raw: dict[str, Any] = {
        "address": address,
        "config_address": plain,
        "resource_type": parts[-2] if len(parts) > 1 else "",
        "provider": "",
        "module_address": module_address,
        "mode": "data" if is_data else "managed",
        "actions": ["read" if is_data else "create"],
        "after": {} if after is None else after,
        "unknown_paths": [],
        "sensitive_paths": [],
        "references": [],
        "attributes": [],
    }
    unknown = set(members) - set(raw) - {"previous_address", "before", "configuration", "location"}
    if unknown:
        raise TypeError(f"a change has no `{sorted(unknown)[0]}`")
    raw.update(members)
    return raw


def _pieces(address: str) -> list[str]:
    """The parts of an address between its dots; dots inside of keys do not count."""
    pieces, depth, quoted, escaped = [""], 0, False, False
    for character in address:
        if quoted:
            quoted = character != '"' or escaped
            escaped = character == "\\" and not escaped
        elif character == '"' and depth:
            quoted = True
        elif character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
        if character == "." and not depth:
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def _without_keys(address: str) -> str:
    return ".".join(piece.split("[", 1)[0] for piece in _pieces(address))


def _first_parts(address: str, count: int) -> str:
    return ".".join(_pieces(address)[: max(count, 0)])
