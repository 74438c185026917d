"""Policy modules in Python: write rules as ordinary functions, test them with python3, ship one sandboxed component.

A module imports nothing: no clock, no randomness, no files, no network; all it knows it is handed.

>>> from nhi_policy import Module, rule
>>> from nhi_policy.testing import Tester, change
>>> @rule("TEAM001", "long-lived-key", severity="high", summary="a static access key",
...       why="a static key works until somebody remembers to remove it", resources=["aws_iam_access_key"])
... def long_lived_key(change, report, run):
...     if change.remains:
...         report("a static access key", "use a role instead")
>>> module = Module("team", "1.0.0", rules=[long_lived_key])
>>> [finding.rule for finding in Tester(module).changes(change("aws_iam_access_key.ci"))]
['TEAM001']
"""

from .graph import Graph
from .model import ABI, Change, Context, Finding, change, path
from .module import Module, Rule, Run, rule

__all__ = ["ABI", "Change", "Context", "Finding", "Graph", "Module", "Rule", "Run", "change", "path", "rule"]
