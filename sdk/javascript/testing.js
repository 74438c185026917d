/** Runs a module under plain node, the way the host would: same interests, same order, no sandbox. */

import { readFileSync } from "node:fs";
import { hide } from "./absent.js";
import { Change, change, path } from "./nhi-policy.js";

export { change };

/** A run without settings, on 1 January 2026. */
const CONTEXT = {
  now: "2026-01-01T00:00:00Z",
  format_version: "1.2",
  terraform_version: "1.11.4",
  exceptions: [],
  attributes: [],
};

/** Hands changes to a module and gives back what it found. */
export class Tester {
  constructor(module, { settings = {}, context = {} } = {}) {
    this.module = module;
    this.settings = settings;
    this.context = { ...CONTEXT, ...context };
  }

  /** Judges these changes, which `change` makes, as one plan. */
  changes(...changes) {
    // Through JSON, as the host hands them over: what JSON cannot say, a rule cannot see.
    const lines = changes.map((raw) => JSON.stringify(raw));
    const bringBack = hide();
    try {
      const session = this.module.open(JSON.stringify(this.settings), this.context);
      return [...session.check(lines.map((line) => new Change(JSON.parse(line)))), ...session.finish()];
    } finally {
      bringBack();
    }
  }

  /**
   * Judges the managed and data resources of a plan, as `tofu show -json` writes it.
   *
   * What only the host works out is missing: references, locations and what unknown values will look like.
   */
  plan(file) {
    return this.changes(...changesOfPlan(JSON.parse(readFileSync(file, "utf8"))));
  }
}

/** The changes of a plan. */
export function changesOfPlan(plan) {
  const blocks = (plan.resource_changes ?? []).filter((block) => block.deposed === undefined);
  return blocks.map((block) => {
    const members = {
      resource_type: block.type,
      provider: block.provider_name ?? "",
      module_address: block.module_address ?? "",
      mode: block.mode,
      actions: block.change.actions,
      before: block.change.before,
      unknown_paths: marked(block.change.after_unknown ?? {}),
      sensitive_paths: marked(block.change.after_sensitive ?? {}),
    };
    if (block.previous_address !== undefined) members.previous_address = block.previous_address;
    return change(block.address, block.change.after, members);
  });
}

/** The paths that a mask of a plan marks. */
function marked(mask, parts = []) {
  if (mask === true) return [path(...parts)];
  if (mask === null || typeof mask !== "object") return [];
  const keys = Array.isArray(mask) ? mask.keys() : Object.keys(mask);
  return [...keys].flatMap((key) => marked(mask[key], [...parts, key]));
}
