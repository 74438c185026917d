"""What the component exports: the contract on one side, a `Module` on the other. It exists only inside of a component."""

import builtins
import json
import random
import time

from componentize_py_types import Err
from wit_world.exports import policy as wit

from module import module

from .model import ABI, Change, Context, Finding

_SEVERITIES = {severity.name.lower(): severity for severity in wit.Severity}
_ACTIONS = {action: action.name.lower().replace("_", "-") for action in wit.Action}
_ACTIONS_BACK = {word: action for action, word in _ACTIONS.items()}


def _without(owner, name: str, instead: str) -> None:
    def absent(*arguments, **options):
        raise RuntimeError(f"a module has no `{name}`: {instead}")

    setattr(owner, name, absent)


# Nothing of these is in the sandbox: without this a call would be a crash that says nothing, and `random` would give
# whatever was drawn when the module was built.
for _name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"):
    _without(time, _name, "`run.now` is its only clock")
for _name in ("random", "randint", "randrange", "choice", "choices", "shuffle", "sample", "uniform", "getrandbits"):
    _without(random, _name, "the same plan has to give the same findings")
_without(builtins, "open", "what it may know it is handed")
_without(builtins, "input", "what it may know it is handed")
_without(builtins, "print", "findings are all it can say")


def describe() -> wit.Description:
    """What the module says of itself."""
    rules = [
        wit.Rule(
            rule.code, rule.name, _SEVERITIES[rule.severity], rule.summary, rule.why, rule.docs, rule.controls, []
        )
        for rule in module.rules
    ]
    interests = [
        wit.Interest(
            rule.modes, rule.resources, [_ACTIONS_BACK[word] for word in rule.actions], rule.paths, rule.needs, []
        )
        for rule in module.rules
    ]
    canaries = [
        wit.Canary(rule.code, json.dumps(raw, ensure_ascii=False)) for rule in module.rules for raw in rule.canaries
    ]
    schema = "" if module.settings_schema is None else json.dumps(module.settings_schema, ensure_ascii=False)
    return wit.Description(
        module.name, module.version, ABI, rules, interests, module.sharding, module.encoding, schema, canaries, []
    )


def validate_settings(settings: str) -> None:
    """Refuses settings that the schema refuses."""
    errors = module.settings_errors(settings)
    if errors:
        raise Err(errors)


class Session(wit.Session):
    """The module at work on one plan."""

    def __init__(self, session):
        self._session = session

    @classmethod
    def open(cls, settings: str, context: wit.Context) -> "Session":
        """Starts the judgement of one plan."""
        exceptions = [
            {
                "rule": exception.rule,
                "address": exception.address,
                "path": exception.path,
                "value_sha256": exception.value_sha256,
                "expires_at": exception.expires_at,
            }
            for exception in context.exceptions
        ]
        known = Context(
            context.now,
            context.format_version,
            context.terraform_version,
            context.policy,
            exceptions,
            context.graph,
            context.attributes,
        )
        return cls(_decided(module.open, settings, known))

    def check(self, changes: list[wit.Change]) -> list[wit.Finding]:
        """Changes as records."""
        return _lowered(_decided(self._session.check, map(_lifted, changes)))

    def check_json(self, lines: str) -> list[wit.Finding]:
        """Changes as lines of JSON."""
        changes = (Change(json.loads(line)) for line in lines.split("\n") if line)
        return _lowered(_decided(self._session.check, changes))

    def finish(self) -> list[wit.Finding]:
        """What the whole plan is judged to be."""
        return _lowered(_decided(self._session.finish))


def _decided(work, *arguments):
    """A failure is an answer too: the run then says what could not be decided, and fails."""
    try:
        return work(*arguments)
    except Exception as error:
        raise Err(str(error)) from None


def _lifted(change: wit.Change) -> Change:
    location = change.location
    return Change(
        {
            "address": change.address,
            "config_address": change.config_address,
            "previous_address": change.previous_address,
            "resource_type": change.resource_type,
            "provider": change.provider,
            "module_address": change.module_address,
            "mode": change.mode,
            "actions": [_ACTIONS[action] for action in change.actions],
            "before_json": change.before,
            "after_json": change.after,
            "configuration_json": change.configuration,
            "unknown_paths": change.unknown_paths,
            "sensitive_paths": change.sensitive_paths,
            "references": [
                {"path": reference.path, "addresses": reference.addresses} for reference in change.references
            ],
            "location": location and {"file": location.file, "line": location.line, "column": location.column},
            "attributes": change.attributes,
        }
    )


def _lowered(findings: list[Finding]) -> list[wit.Finding]:
    return [
        wit.Finding(
            finding.rule,
            finding.outcome,
            finding.severity and _SEVERITIES[finding.severity],
            finding.address,
            finding.path,
            finding.message,
            finding.remediation,
            finding.evidence,
            finding.patch and wit.Patch(*finding.patch),
            finding.attributes,
        )
        for finding in findings
    ]
