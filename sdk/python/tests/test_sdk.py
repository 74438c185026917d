"""The SDK under plain python3: `PYTHONPATH=sdk/python python3 -m unittest discover sdk/python/tests`."""

import doctest
import json
import unittest

import nhi_policy
from nhi_policy import Change, Context, Graph, Module, change, path, rule, schema
from nhi_policy.testing import Tester, changes_of_plan


def module_of(check, **says):
    """A module with one rule."""
    made = rule("TEAM001", "x", severity="low", summary="s", why="w", resources=says.pop("resources", ["*"]), **says)
    return Module("team", "1.0.0", rules=[made(check)])


class Model(unittest.TestCase):
    """Paths, addresses, what is unknown."""

    def test_paths(self):
        table = [
            (("tags", "owner"), "tags.owner"),
            (("tags", "cost-center"), 'tags["cost-center"]'),
            (("a", 0, "b"), "a[0].b"),
            (("a", 'x"y'), 'a["x\\"y"]'),
        ]
        for parts, wanted in table:
            self.assertEqual(path(*parts), wanted)

    def test_addresses(self):
        table = [
            ("aws_iam_role.ci", "aws_iam_role", "", "managed"),
            ('aws_iam_role.ci["a.b"]', "aws_iam_role", "", "managed"),
            ('module.a["x.y"].module.b[0].aws_iam_role.ci', "aws_iam_role", 'module.a["x.y"].module.b[0]', "managed"),
            ("data.aws_iam_role.ci", "aws_iam_role", "", "data"),
            ("module.a.data.aws_iam_role.ci", "aws_iam_role", "module.a", "data"),
        ]
        for address, resource_type, module_address, mode in table:
            raw = change(address)
            self.assertEqual((raw["resource_type"], raw["module_address"], raw["mode"]), (resource_type, module_address, mode))
        self.assertEqual(change('module.a["x"].b.c[0]')["config_address"], "module.a.b.c")
        with self.assertRaises(TypeError):
            change("a.b", afterwards={})

    def test_what_is_unknown(self):
        known = Change(change("a.b", unknown_paths=["tags.owner", "policy"]))
        for parts, wanted in [
            (("tags",), True),
            (("tags", "owner"), True),
            (("tags", "owners"), False),
            (("policy", "statement"), True),
            (("pol",), False),
        ]:
            self.assertEqual(known.is_unknown(*parts), wanted, parts)

    def test_values(self):
        block = Change(change("a.b", {"a": [{"b": None}, {"b": 1}]}))
        self.assertEqual([block.get("a", 1, "b"), block.get("a", 0, "b"), block.get("a", 2), block.get("x", "y")], [1, None, None, None])
        self.assertEqual([block.get("a", "b"), block.get(0)], [None, None])


class Rules(unittest.TestCase):
    """Which changes a rule sees, and what its failures mean."""

    def seen(self, changes, **says):
        seen = []
        Tester(module_of(lambda change, report, run: seen.append(change.address), **says)).changes(*changes)
        return seen

    def test_interests(self):
        changes = [
            change("aws_s3_bucket.a"),
            change("aws_s3_bucket_policy.b", actions=["update"]),
            change("data.aws_s3_bucket.c"),
            change("google_storage_bucket.d"),
        ]
        table = [
            ({"resources": ["aws_s3_bucket"]}, ["aws_s3_bucket.a"]),
            ({"resources": ["aws_*"]}, ["aws_s3_bucket.a", "aws_s3_bucket_policy.b"]),
            ({"resources": ["*bucket"]}, ["aws_s3_bucket.a", "google_storage_bucket.d"]),
            ({"resources": ["aws_s3_bucke?"]}, []),
            ({"resources": ["*"], "modes": ["data"]}, ["data.aws_s3_bucket.c"]),
            ({"resources": ["*"], "actions": ["update", "delete"]}, ["aws_s3_bucket_policy.b"]),
        ]
        for says, wanted in table:
            self.assertEqual(self.seen(changes, **says), wanted, says)

    def test_a_rule_that_fails_is_no_verdict(self):
        with self.assertRaisesRegex(Exception, "TEAM001 at a.b: KeyError: 'x'"):
            Tester(module_of(lambda change, report, run: change.after["x"])).changes(change("a.b"))

    def test_a_whole_plan(self):
        @rule("TEAM001", "too-many", severity="low", summary="s", why="w", resources=["*"])
        def too_many(change, report, run):
            run.state.append(change.address)

        @too_many.start
        def none(run):
            return []

        @too_many.finish
        def count(report, run):
            if len(run.state) > 1:
                report("too many", "remove one", address=run.state[-1])

        module = Module("team", "1.0.0", rules=[too_many])
        self.assertEqual(module.sharding, "whole-plan")
        self.assertEqual(Tester(module).changes(change("a.b")), [])
        self.assertEqual([found.address for found in Tester(module).changes(change("a.b"), change("a.c"))], ["a.c"])

    def test_what_no_module_can_be(self):
        check = lambda change, report, run: None  # noqa: E731
        for says in ({"modes": ["resource"]}, {"actions": ["destroy"]}):
            with self.assertRaises(ValueError):
                module_of(check, **says)
        with self.assertRaises(ValueError):
            Module("team", "1.0.0", rules=[])
        with self.assertRaisesRegex(ValueError, "oneOf"):
            Module("team", "1.0.0", rules=module_of(check).rules, settings_schema={"oneOf": []})


class Settings(unittest.TestCase):
    """The schema: what it takes, what it refuses, and in which words."""

    SCHEMA = {
        "type": "object",
        "additionalProperties": False,
        "required": ["days"],
        "properties": {
            "days": {"type": "integer", "minimum": 1, "maximum": 90},
            "tags": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string", "pattern": "^[a-z]"}},
            "mode": {"enum": ["a", "b"], "default": "a"},
        },
    }

    def test_accepted_and_refused(self):
        schema.sound(self.SCHEMA)
        table = [
            ({"days": 1}, []),
            ({"days": 90, "tags": ["a"], "mode": "b"}, []),
            ({}, ["the settings must have `days`"]),
            ([], ["the settings must be an object"]),
            ({"days": True}, ["`days` must be an integer"]),
            ({"days": 0}, ["`days` must be at least 1"]),
            ({"days": 91}, ["`days` must be at most 90"]),
            ({"days": 1, "day": 2}, ["`day` is not a setting: only `days`, `tags`, `mode` is"]),
            ({"days": 1, "tags": []}, ["`tags` must have at least 1 items"]),
            ({"days": 1, "tags": ["A"]}, ["`tags[0]` must match `^[a-z]`"]),
            ({"days": 1, "tags": ["a", "a"]}, ["`tags` must not have an item twice"]),
            ({"days": 1, "mode": "c"}, ["`mode` must be one of 'a', 'b'"]),
        ]
        for value, wanted in table:
            self.assertEqual(list(schema.errors(self.SCHEMA, value)), wanted, value)

    def test_defaults(self):
        self.assertEqual(schema.with_defaults(self.SCHEMA, {"days": 1}), {"days": 1, "mode": "a"})

    def test_a_module_without_settings_takes_none(self):
        module = module_of(lambda change, report, run: None)
        self.assertEqual(module.settings_errors("{}"), [])
        self.assertEqual(module.settings_errors('{"a": 1}'), ["the module has no settings"])
        self.assertIn("not JSON", module.settings_errors("{")[0])


class Graphs(unittest.TestCase):
    """Who can become whom."""

    def edge(self, origin, to, certain=True):
        return {"from": origin, "to": to, "how": "assumes", "via": "", "certain": certain, "address": to, "message": ""}

    def test_ways(self):
        nodes = [{"name": name, "kind": "role", "admin": name == "root"} for name in ("ci", "deploy", "other", "root")]
        edges = [
            self.edge("ci", "deploy", False),
            self.edge("ci", "other"),
            self.edge("deploy", "root"),
            self.edge("other", "root"),
            self.edge("root", "ci"),
        ]
        graph = Graph(Context(graph=json.dumps({"nodes": nodes, "edges": edges, "omitted": 0})))
        told = [(reach.to, reach.steps, reach.is_certain) for reach in graph.becomes("ci")]
        self.assertEqual(told, [("deploy", 1, False), ("other", 1, True), ("root", 2, True)])
        self.assertTrue(graph.becomes_administrator("ci"))
        self.assertFalse(graph.becomes_administrator("root"))
        self.assertEqual({reach.to for reach in graph.become_by("root")}, {"ci", "deploy", "other"})
        with self.assertRaisesRegex(ValueError, "needs"):
            Graph(Context())


class Plans(unittest.TestCase):
    """A plan as `tofu show -json` writes it."""

    def test_changes(self):
        plan = {
            "resource_changes": [
                {
                    "address": "module.a.aws_s3_bucket.b[0]",
                    "module_address": "module.a",
                    "mode": "managed",
                    "type": "aws_s3_bucket",
                    "provider_name": "aws",
                    "change": {
                        "actions": ["create"],
                        "before": None,
                        "after": {"bucket": "b"},
                        "after_unknown": {"id": True, "tags": {"cost-center": True}, "rule": [{"id": True}, {}]},
                        "after_sensitive": False,
                    },
                }
            ]
        }
        [raw] = changes_of_plan(plan)
        self.assertEqual(raw["unknown_paths"], ["id", 'tags["cost-center"]', "rule[0].id"])
        self.assertEqual((raw["config_address"], raw["module_address"]), ("module.a.aws_s3_bucket.b", "module.a"))


def load_tests(loader, tests, pattern):
    """The example of the package's first screen."""
    tests.addTests(doctest.DocTestSuite(nhi_policy))
    return tests


if __name__ == "__main__":
    unittest.main()
