"""The rule under plain python3: `PYTHONPATH=src:sdk python3 -m unittest discover tests`."""

import unittest

from module import module
from nhi_policy.testing import Tester, change


class MissingTag(unittest.TestCase):
    """What the rule flags, and the near misses that it does not."""

    def check(self, *changes, **settings):
        """The outcome and the path of each finding."""
        return [(finding.outcome, finding.path) for finding in Tester(module, settings).changes(*changes)]

    def test_flags(self):
        for after in ({}, {"tags": None}, {"tags": {}}, {"tags": {"owner": " "}}, {"tags": {"Owner": "group:data"}}):
            with self.subTest(after):
                self.assertEqual(self.check(change("aws_s3_bucket.logs", after)), [("violation", "tags.owner")])

    def test_allows(self):
        own = {"tags": {"owner": "group:data"}}
        inherited = {"tags": None, "tags_all": {"owner": "group:web"}}
        self.assertEqual(self.check(change('module.a["b.c"].aws_iam_role.ci', own)), [])
        self.assertEqual(self.check(change("aws_s3_bucket.logs", inherited)), [])
        # Types that the rule does not cover, data sources, and what is going away.
        self.assertEqual(self.check(change("aws_s3_bucket_policy.logs")), [])
        self.assertEqual(self.check(change("data.aws_iam_role.ci")), [])
        self.assertEqual(self.check(change("aws_iam_role.ci", actions=["delete"])), [])

    def test_a_replacement_counts_as_what_it_becomes(self):
        self.assertEqual(len(self.check(change("aws_iam_role.ci", actions=["delete", "create"]))), 1)

    def test_what_is_unknown_is_unverified(self):
        for path in ("tags", "tags_all", "tags.owner"):
            with self.subTest(path):
                found = self.check(change("aws_iam_role.ci", unknown_paths=[path]))
                self.assertEqual(found, [("unverified", "tags.owner")])
        # Another tag's value being unknown says nothing about this one.
        found = self.check(change("aws_iam_role.ci", unknown_paths=["tags.team"]))
        self.assertEqual(found, [("violation", "tags.owner")])

    def test_settings(self):
        bare = change("aws_s3_bucket.logs")
        self.assertEqual(
            self.check(bare, required_tags=["cost-center", "a"]),
            [("violation", 'tags["cost-center"]'), ("violation", "tags.a")],
        )
        for settings in ({"required_tags": []}, {"required_tags": "owner"}, {"require_tags": ["owner"]}):
            with self.subTest(settings), self.assertRaises(ValueError):
                self.check(bare, **settings)


if __name__ == "__main__":
    unittest.main()
