"""Rules, and the module that they make up."""

import json
import re
from datetime import datetime
from typing import Any, Callable, Iterable

from . import schema as settings_schema
from .schema import sound as check_schema
from .model import ABI, ACTIONS, MODES, OUTCOMES, SEVERITIES, Change, Context, Finding, path as join
from .graph import Graph


class Run:
    """What a rule knows beside the change: the settings, the context, and a state of its own for this plan."""

    def __init__(self, settings: Any, context: Context):
        self.settings = settings
        self.context = context
        self.state: Any = None

    @property
    def now(self) -> datetime:
        """The only clock that a module has."""
        return datetime.fromisoformat(self.context.now.replace("Z", "+00:00"))

    @property
    def graph(self) -> Graph:
        """Who can become whom; for a rule with `needs=["graph"]`."""
        return Graph(self.context)


class Report:
    """Takes the findings of one rule; a rule calls it for each."""

    def __init__(self, rule: "Rule", findings: list[Finding], address: str = ""):
        self._rule, self._findings, self._address = rule, findings, address

    def __call__(
        self,
        message: str,
        remediation: str,
        *,
        path: str | Iterable[str | int] = "",
        address: str | None = None,
        unverified: bool = False,
        severity: str | None = None,
        evidence: str = "planned",
        patch: tuple[str, str] | None = None,
    ) -> None:
        """Adds a finding. `path` is one as Terraform writes it, or its parts; `patch` a path and an expression."""
        if severity is not None and severity not in SEVERITIES:
            raise ValueError(f"`{severity}` is no severity")
        self._findings.append(
            Finding(
                rule=self._rule.code,
                address=self._address if address is None else address,
                message=message,
                remediation=remediation,
                path=path if isinstance(path, str) else join(*path),
                outcome=OUTCOMES[1] if unverified else OUTCOMES[0],
                severity=severity,
                evidence=evidence,
                patch=patch,
            )
        )


class Rule:
    """A rule: what it says of itself, which changes it sees, and its function."""

    def __init__(self, check: Callable[[Change, Report, Run], None] | None, **says: Any):
        self.check = check
        self.code: str = says["code"]
        self.name: str = says["name"]
        self.severity: str = says["severity"]
        self.summary: str = says["summary"]
        self.why: str = says["why"]
        self.docs: str = says["docs"]
        self.controls = list(says["controls"])
        self.resources = list(says["resources"])
        self.modes = list(says["modes"])
        self.actions = list(says["actions"])
        self.paths = list(says["paths"])
        self.needs = list(says["needs"])
        self.canaries = list(says["canaries"])
        self._start: Callable[[Run], Any] | None = None
        self._finish: Callable[[Report, Run], None] | None = None
        for word, known in ((self.severity, SEVERITIES), *((mode, MODES) for mode in self.modes)):
            if word not in known:
                raise ValueError(f"{self.code}: `{word}` is none of {', '.join(known)}")
        for action in self.actions:
            if action not in ACTIONS:
                raise ValueError(f"{self.code}: `{action}` is none of {', '.join(ACTIONS)}")
        self._globs = [re.compile(_glob(pattern), re.DOTALL) for pattern in self.resources]

    def start(self, function: Callable[[Run], Any]) -> Callable[[Run], Any]:
        """Decorates what makes `run.state` when a plan is opened."""
        self._start = function
        return function

    def finish(self, function: Callable[[Report, Run], None]) -> Callable[[Report, Run], None]:
        """Decorates what judges the whole plan when all changes were seen; one session then sees them all."""
        self._finish = function
        return function

    def wants(self, mode: str, resource_type: str) -> bool:
        """Whether it sees blocks of that mode and type."""
        return mode in self.modes and any(glob.fullmatch(resource_type) for glob in self._globs)

    def wants_actions(self, change: Change) -> bool:
        """Whether one of the actions that it asks for happens to the block."""
        return not self.actions or any(action in self.actions for action in change.actions)

    @property
    def is_whole_plan(self) -> bool:
        """Whether it has to see all changes of a plan."""
        return self._finish is not None


def rule(
    code: str,
    name: str,
    *,
    severity: str,
    summary: str,
    why: str,
    resources: Iterable[str],
    docs: str | None = None,
    controls: Iterable[str] = (),
    modes: Iterable[str] = ("managed",),
    actions: Iterable[str] = (),
    paths: Iterable[str] = (),
    needs: Iterable[str] = (),
    canaries: Iterable[dict[str, Any]] = (),
) -> Callable[[Callable[[Change, Report, Run], None]], Rule]:
    """Makes a rule of a function that is called with a change, a report and the run.

    `resources` are globs over the resource type. `docs` is the rule's page; left out, it is the function's docstring.
    """

    def decorate(check: Callable[[Change, Report, Run], None]) -> Rule:
        page = docs if docs is not None else _dedent(check.__doc__ or "")
        return Rule(
            check, code=code, name=name, severity=severity, summary=summary, why=why, docs=page, controls=controls,
            resources=resources, modes=modes, actions=actions, paths=paths, needs=needs, canaries=canaries,
        )  # fmt: skip

    return decorate


class Module:
    """A policy module: its name, its version, its rules and the schema of its settings."""

    def __init__(
        self,
        name: str,
        version: str,
        *,
        rules: Iterable[Rule],
        settings_schema: dict[str, Any] | None = None,
        encoding: str = "records",
    ):
        self.name, self.version, self.encoding = name, version, encoding
        self.rules = list(rules)
        self.settings_schema = settings_schema
        codes = [rule.code for rule in self.rules]
        if not codes or len(set(codes)) != len(codes):
            raise ValueError("a module has at least one rule, and each its own code")
        if settings_schema is not None:
            check_schema(settings_schema)

    @property
    def sharding(self) -> str:
        """`per-resource`, unless a rule has to see the whole plan."""
        return "whole-plan" if any(rule.is_whole_plan for rule in self.rules) else "per-resource"

    def settings_errors(self, text: str) -> list[str]:
        """What is wrong with settings, for the operator."""
        try:
            value = json.loads(text)
        except ValueError as error:
            return [f"the settings are not JSON: {error}"]
        schema = {"type": "object", "additionalProperties": False} if self.settings_schema is None else self.settings_schema
        if self.settings_schema is None and value:
            return ["the module has no settings"]
        return list(settings_schema.errors(schema, value))

    def open(self, text: str, context: Context) -> "Session":
        """Starts the judgement of one plan."""
        errors = self.settings_errors(text)
        if errors:
            raise ValueError("; ".join(errors))
        return Session(self, settings_schema.with_defaults(self.settings_schema, json.loads(text)), context)


class Session:
    """The module at work on one plan."""

    def __init__(self, module: Module, settings: Any, context: Context):
        self._module = module
        self._runs = []
        for rule in module.rules:
            run = Run(settings, context)
            if rule._start is not None:
                try:
                    run.state = rule._start(run)
                except Exception as error:
                    raise _undecided(rule, "", error) from error
            self._runs.append((rule, run))
        self._wanted: dict[tuple[str, str], list[tuple[Rule, Run]]] = {}

    def check(self, changes: Iterable[Change]) -> list[Finding]:
        """Hands each change to the rules that want it."""
        findings: list[Finding] = []
        for change in changes:
            kind = (change.mode, change.resource_type)
            wanted = self._wanted.get(kind)
            if wanted is None:
                wanted = [pair for pair in self._runs if pair[0].wants(*kind)]
                self._wanted[kind] = wanted
            for rule, run in wanted:
                if rule.wants_actions(change) and rule.check is not None:
                    try:
                        rule.check(change, Report(rule, findings, change.address), run)
                    except Exception as error:
                        raise _undecided(rule, change.address, error) from error
        return findings

    def finish(self) -> list[Finding]:
        """Judges the whole plan."""
        findings: list[Finding] = []
        for rule, run in self._runs:
            if rule._finish is not None:
                try:
                    rule._finish(Report(rule, findings), run)
                except Exception as error:
                    raise _undecided(rule, "", error) from error
        return findings


class Undecided(Exception):
    """A rule came to no answer: the run fails, and says which rule and where."""


def _undecided(rule: Rule, address: str, error: Exception) -> Undecided:
    at = f" at {address}" if address else ""
    return Undecided(f"{rule.code}{at}: {type(error).__name__}: {error}")


def _glob(pattern: str) -> str:
    """Only `*` stands for something else: any run of characters."""
    return ".*".join(re.escape(piece) for piece in pattern.split("*"))


def _dedent(text: str) -> str:
    lines = text.expandtabs().splitlines()
    margins = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    margin = min(margins, default=0)
    return "\n".join([line.strip() if number == 0 else line[margin:].rstrip() for number, line in enumerate(lines)]).strip()
