/** The rule under plain node: `node --test tests/`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Tester, change } from "../sdk/testing.js";
import { module } from "../src/module.js";

/** The outcome and the path of each finding. */
function check(changes, settings) {
  return new Tester(module, { settings }).changes(...changes).map(({ outcome, path }) => `${outcome} ${path}`);
}

test("flags", () => {
  for (const after of [{}, { tags: null }, { tags: {} }, { tags: { owner: " " } }, { tags: { Owner: "group:data" } }]) {
    assert.deepEqual(check([change("aws_s3_bucket.logs", after)]), ["violation tags.owner"], JSON.stringify(after));
  }
});

test("allows", () => {
  const own = { tags: { owner: "group:data" } };
  const inherited = { tags: null, tags_all: { owner: "group:web" } };
  const allowed = [
    change('module.a["b.c"].aws_iam_role.ci', own),
    change("aws_s3_bucket.logs", inherited),
    // Types that the rule does not cover, data sources, and what is going away.
    change("aws_s3_bucket_policy.logs"),
    change("data.aws_iam_role.ci"),
    change("aws_iam_role.ci", {}, { actions: ["delete"] }),
  ];
  for (const each of allowed) assert.deepEqual(check([each]), [], each.address);
});

test("a replacement counts as what it becomes", () => {
  assert.equal(check([change("aws_iam_role.ci", {}, { actions: ["delete", "create"] })]).length, 1);
});

test("what is unknown is unverified", () => {
  for (const path of ["tags", "tags_all", "tags.owner"]) {
    assert.deepEqual(check([change("aws_iam_role.ci", {}, { unknown_paths: [path] })]), ["unverified tags.owner"], path);
  }
  // Another tag's value being unknown says nothing about this one.
  assert.deepEqual(check([change("aws_iam_role.ci", {}, { unknown_paths: ["tags.team"] })]), ["violation tags.owner"]);
});

test("settings", () => {
  const bare = change("aws_s3_bucket.logs");
  assert.deepEqual(check([bare], { required_tags: ["cost-center", "a"] }), [
    'violation tags["cost-center"]',
    "violation tags.a",
  ]);
  for (const settings of [{ required_tags: [] }, { required_tags: "owner" }, { require_tags: ["owner"] }]) {
    assert.throws(() => check([bare], settings), JSON.stringify(settings));
  }
});
