/** The SDK under plain node: `node --test sdk/javascript/tests/`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Change, Graph, change, defineModule, path, rule } from "../nhi-policy.js";
import { settingsErrors, soundSchema, withDefaults } from "../schema.js";
import { Tester, changesOfPlan } from "../testing.js";

/** A module with one rule. */
function moduleOf(says) {
  const made = rule({
    code: "TEAM001",
    name: "x",
    severity: "low",
    summary: "s",
    why: "w",
    resources: ["*"],
    ...says,
  });
  return defineModule({ name: "team", version: "1.0.0", rules: [made] });
}

test("paths", () => {
  for (const [parts, wanted] of [
    [["tags", "owner"], "tags.owner"],
    [["tags", "cost-center"], 'tags["cost-center"]'],
    [["a", 0, "b"], "a[0].b"],
    [["a", 'x"y'], 'a["x\\"y"]'],
  ]) {
    assert.equal(path(...parts), wanted);
  }
});

test("addresses", () => {
  for (const [address, type, module, mode] of [
    ["aws_iam_role.ci", "aws_iam_role", "", "managed"],
    ['aws_iam_role.ci["a.b"]', "aws_iam_role", "", "managed"],
    ['module.a["x.y"].module.b[0].aws_iam_role.ci', "aws_iam_role", 'module.a["x.y"].module.b[0]', "managed"],
    ["data.aws_iam_role.ci", "aws_iam_role", "", "data"],
    ["module.a.data.aws_iam_role.ci", "aws_iam_role", "module.a", "data"],
  ]) {
    const raw = change(address);
    assert.deepEqual([raw.resource_type, raw.module_address, raw.mode], [type, module, mode], address);
  }
  assert.equal(change('module.a["x"].b.c[0]').config_address, "module.a.b.c");
  assert.throws(() => change("a.b", {}, { afterwards: {} }), TypeError);
});

test("what is unknown, and what is there", () => {
  const block = new Change(change("a.b", { a: [{ b: null }, { b: 1 }] }, { unknown_paths: ["tags.owner", "policy"] }));
  for (const [parts, wanted] of [
    [["tags"], true],
    [["tags", "owner"], true],
    [["tags", "owners"], false],
    [["policy", "statement"], true],
    [["pol"], false],
  ]) {
    assert.equal(block.isUnknown(...parts), wanted, parts.join());
  }
  assert.deepEqual([block.get("a", 1, "b"), block.get("a", 0, "b"), block.get("a", 2), block.get("x", "y")], [
    1,
    null,
    undefined,
    undefined,
  ]);
  assert.equal(block.get("constructor"), undefined);
});

test("a rule sees what it asks for", () => {
  const changes = [
    change("aws_s3_bucket.a"),
    change("aws_s3_bucket_policy.b", {}, { actions: ["update"] }),
    change("data.aws_s3_bucket.c"),
    change("google_storage_bucket.d"),
  ];
  for (const [says, wanted] of [
    [{ resources: ["aws_s3_bucket"] }, ["aws_s3_bucket.a"]],
    [{ resources: ["aws_*"] }, ["aws_s3_bucket.a", "aws_s3_bucket_policy.b"]],
    [{ resources: ["*bucket"] }, ["aws_s3_bucket.a", "google_storage_bucket.d"]],
    [{ resources: ["aws_s3_bucke?"] }, []],
    [{ modes: ["data"] }, ["data.aws_s3_bucket.c"]],
    [{ actions: ["update", "delete"] }, ["aws_s3_bucket_policy.b"]],
  ]) {
    const seen = [];
    new Tester(moduleOf({ ...says, check: ({ address }) => seen.push(address) })).changes(...changes);
    assert.deepEqual(seen, wanted, JSON.stringify(says));
  }
});

test("a rule that fails is no verdict", () => {
  const judge = (check) => () => new Tester(moduleOf({ check })).changes(change("a.b"));
  assert.throws(
    judge(() => {
      throw new RangeError("x");
    }),
    /TEAM001 at a\.b: RangeError: x/,
  );
  assert.throws(judge((_, report) => report({ message: "m" })), /remediation/);
  assert.throws(judge((_, report) => report({ message: "m", remediation: "r", sevrity: "low" })), /sevrity/);
});

test("there is no clock and no chance, and afterwards there is", () => {
  for (const check of [
    () => Date.now(),
    () => new Date(),
    () => Math.random(),
    () => performance.now(),
    () => crypto.randomUUID(),
  ]) {
    assert.throws(() => new Tester(moduleOf({ check })).changes(change("a.b")), /no clock/, String(check));
  }
  let now;
  new Tester(moduleOf({ check: (_, report, run) => (now = [run.now.getTime(), new Date(0).getTime()]) })).changes(
    change("a.b"),
  );
  assert.deepEqual(now, [Date.UTC(2026, 0, 1), 0]);
  assert.ok(Date.now() > 0 && Math.random() < 1 && performance.now() > 0);
});

test("a whole plan", () => {
  const module = moduleOf({
    start: () => [],
    check: ({ address }, report, run) => run.state.push(address),
    finish(report, run) {
      if (run.state.length > 1) report({ message: "m", remediation: "r", address: run.state.at(-1) });
    },
  });
  assert.equal(module.sharding, "whole-plan");
  assert.deepEqual(new Tester(module).changes(change("a.b")), []);
  assert.deepEqual(
    new Tester(module).changes(change("a.b"), change("a.c")).map(({ address }) => address),
    ["a.c"],
  );
});

test("what no module can be", () => {
  for (const says of [{ modes: ["resource"] }, { actions: ["destroy"] }, { severity: "worst" }, { why: undefined }]) {
    assert.throws(() => moduleOf(says), JSON.stringify(says));
  }
  assert.throws(() => defineModule({ name: "a", version: "1", rules: [] }));
  assert.throws(
    () => defineModule({ name: "a", version: "1", rules: moduleOf({}).rules, settingsSchema: { oneOf: [] } }),
    /oneOf/,
  );
});

const SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: ["days"],
  properties: {
    days: { type: "integer", minimum: 1, maximum: 90 },
    tags: { type: "array", minItems: 1, uniqueItems: true, items: { type: "string", pattern: "^[a-z]" } },
    mode: { enum: ["a", "b"], default: "a" },
  },
};

test("settings", () => {
  soundSchema(SCHEMA);
  for (const [value, wanted] of [
    [{ days: 1 }, []],
    [{ days: 90, tags: ["a"], mode: "b" }, []],
    [{}, ["the settings must have `days`"]],
    [[], ["the settings must be an object"]],
    [null, ["the settings must be an object"]],
    [{ days: true }, ["`days` must be an integer"]],
    [{ days: 1.5 }, ["`days` must be an integer"]],
    [{ days: 0 }, ["`days` must be at least 1"]],
    [{ days: 91 }, ["`days` must be at most 90"]],
    [{ days: 1, day: 2 }, ["`day` is not a setting: only `days`, `tags`, `mode` is"]],
    [{ days: 1, tags: [] }, ["`tags` must have at least 1 items"]],
    [{ days: 1, tags: ["A"] }, ["`tags[0]` must match `^[a-z]`"]],
    [{ days: 1, tags: ["a", "a"] }, ["`tags` must not have an item twice"]],
    [{ days: 1, mode: "c" }, ['`mode` must be one of "a", "b"']],
  ]) {
    assert.deepEqual(settingsErrors(SCHEMA, value), wanted, JSON.stringify(value));
  }
  assert.deepEqual(withDefaults(SCHEMA, { days: 1 }), { days: 1, mode: "a" });
  const module = moduleOf({});
  assert.deepEqual([module.settingsErrors("{}"), module.settingsErrors('{"a":1}')], [[], ["the module has no settings"]]);
  assert.match(module.settingsErrors("{")[0], /not JSON/);
});

test("who can become whom", () => {
  const edge = (from, to, certain = true) => ({ from, to, how: "assumes", via: "", certain, address: to, message: "" });
  const nodes = ["ci", "deploy", "other", "root"].map((name) => ({ name, kind: "role", admin: name === "root" }));
  const edges = [
    edge("ci", "deploy", false),
    edge("ci", "other"),
    edge("deploy", "root"),
    edge("other", "root"),
    edge("root", "ci"),
  ];
  const graph = new Graph({ graph: JSON.stringify({ nodes, edges, omitted: 0 }) });
  assert.deepEqual(
    graph.becomes("ci").map(({ to, steps, isCertain }) => [to, steps, isCertain]),
    [
      ["deploy", 1, false],
      ["other", 1, true],
      ["root", 2, true],
    ],
  );
  assert.deepEqual([graph.becomesAdministrator("ci"), graph.becomesAdministrator("root")], [true, false]);
  assert.deepEqual(graph.becomeBy("root").map(({ to }) => to).sort(), ["ci", "deploy", "other"]);
  assert.throws(() => new Graph({}), /needs/);
});

test("the changes of a plan", () => {
  const [raw] = changesOfPlan({
    resource_changes: [
      {
        address: "module.a.aws_s3_bucket.b[0]",
        module_address: "module.a",
        mode: "managed",
        type: "aws_s3_bucket",
        provider_name: "aws",
        change: {
          actions: ["create"],
          before: null,
          after: { bucket: "b" },
          after_unknown: { id: true, tags: { "cost-center": true }, rule: [{ id: true }, {}] },
          after_sensitive: false,
        },
      },
    ],
  });
  assert.deepEqual(raw.unknown_paths, ["id", 'tags["cost-center"]', "rule[0].id"]);
  assert.deepEqual([raw.config_address, raw.module_address], ["module.a.aws_s3_bucket.b", "module.a"]);
});
