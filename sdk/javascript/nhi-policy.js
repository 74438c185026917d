/**
 * Policy modules in JavaScript: write rules as ordinary functions, test them with node, ship one sandboxed component.
 *
 * A module imports nothing: no clock, no randomness, no files, no network; all it knows it is handed.
 */

import { settingsErrors, soundSchema, withDefaults } from "./schema.js";

export { Graph } from "./graph.js";

/** The version of the contract. */
export const ABI = "1.0.0";
const SEVERITIES = ["info", "low", "medium", "high", "critical"];
const ACTIONS = ["no-op", "create", "read", "update", "delete", "forget"];
const MODES = ["managed", "data", "provider", "variable", "output"];
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A path as Terraform writes it: `path("tags", "cost-center")` is `tags["cost-center"]`. */
export function path(...parts) {
  let out = "";
  for (const part of parts) {
    if (typeof part === "number") out += `[${part}]`;
    else if (IDENTIFIER.test(part)) out += out ? `.${part}` : part;
    else out += `[${JSON.stringify(part)}]`;
  }
  return out;
}

/** One block of the plan, with the members of the contract in snake case, as a plan in JSON has them. */
export class Change {
  constructor(raw) {
    Object.assign(this, raw);
  }

  /** Whether the block is there after the apply: it is not deleted or forgotten, or it is created anew. */
  get remains() {
    const { actions } = this;
    return actions.includes("create") || !(actions.includes("delete") || actions.includes("forget"));
  }

  /** What stands in `after` at this place; `undefined` if there is nothing. */
  get(...parts) {
    let value = this.after;
    for (const part of parts) {
      if (value === null || typeof value !== "object" || !Object.hasOwn(value, part)) return undefined;
      value = value[part];
    }
    return value;
  }

  /** Whether the value at this place, or one around or inside it, is known only after apply. */
  isUnknown(...parts) {
    return touches(this.unknown_paths, path(...parts));
  }

  /** Whether the value at this place, or one around or inside it, is sensitive. */
  isSensitive(...parts) {
    return touches(this.sensitive_paths, path(...parts));
  }
}

function touches(paths, wanted) {
  const holds = (outer, inner) =>
    inner === outer || (inner.startsWith(outer) && (inner[outer.length] === "." || inner[outer.length] === "["));
  return paths.some((known) => holds(known, wanted) || holds(wanted, known));
}

/**
 * A change for tests and canaries: a resource that is created with the values `after`.
 *
 * Its type is read from the address. Every member of the contract's `change` may be given.
 */
export function change(address, after = {}, members = {}) {
  const pieces = piecesOf(address);
  const plain = pieces.map((piece) => piece.split("[", 1)[0]);
  const isData = plain.length > 2 && plain[plain.length - 3] === "data";
  const raw = {
    address,
    config_address: plain.join("."),
    resource_type: plain.length > 1 ? plain[plain.length - 2] : "",
    provider: "",
    module_address: pieces.slice(0, Math.max(pieces.length - (isData ? 3 : 2), 0)).join("."),
    mode: isData ? "data" : "managed",
    actions: [isData ? "read" : "create"],
    after,
    unknown_paths: [],
    sensitive_paths: [],
    references: [],
    attributes: [],
  };
  const known = new Set([...Object.keys(raw), "previous_address", "before", "configuration", "location"]);
  for (const name of Object.keys(members)) {
    if (!known.has(name)) throw new TypeError(`a change has no \`${name}\``);
  }
  return { ...raw, ...members };
}

/** The parts of an address between its dots; dots inside of keys do not count. */
function piecesOf(address) {
  const pieces = [""];
  let [depth, quoted, escaped] = [0, false, false];
  for (const character of address) {
    if (quoted) {
      quoted = character !== '"' || escaped;
      escaped = character === "\\" && !escaped;
    } else if (character === '"' && depth) quoted = true;
    else if (character === "[") depth += 1;
    else if (character === "]") depth -= 1;
    if (character === "." && !depth) pieces.push("");
    else pieces[pieces.length - 1] += character;
  }
  return pieces;
}

/** Makes a rule: what it says of itself, which changes it sees, and its functions. */
export function rule(says) {
  const made = {
    docs: "",
    controls: [],
    modes: ["managed"],
    actions: [],
    paths: [],
    needs: [],
    canaries: [],
    ...says,
  };
  for (const member of ["code", "name", "severity", "summary", "why", "resources"]) {
    if (made[member] === undefined) throw new TypeError(`a rule needs \`${member}\``);
  }
  oneOf(made.code, [made.severity], SEVERITIES);
  oneOf(made.code, made.modes, MODES);
  oneOf(made.code, made.actions, ACTIONS);
  const globs = made.resources.map(glob);
  made.wants = (mode, type) => made.modes.includes(mode) && globs.some((pattern) => pattern.test(type));
  return made;
}

function oneOf(code, words, known) {
  for (const word of words) {
    if (!known.includes(word)) throw new RangeError(`${code}: \`${word}\` is none of ${known.join(", ")}`);
  }
}

/** Only `*` stands for something else: any run of characters. */
function glob(pattern) {
  const pieces = pattern.split("*").map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pieces.join("[^]*")}$`);
}

/** Makes a module of rules. */
export function defineModule({ name, version, rules, settingsSchema, encoding = "json-lines" }) {
  const codes = new Set(rules.map((each) => each.code));
  if (rules.length === 0 || codes.size !== rules.length) {
    throw new RangeError("a module has at least one rule, and each its own code");
  }
  if (settingsSchema !== undefined) soundSchema(settingsSchema);
  const errors = (text) => {
    let value;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return [`the settings are not JSON: ${error.message}`];
    }
    if (settingsSchema === undefined) {
      return JSON.stringify(value) === "{}" ? [] : ["the module has no settings"];
    }
    return settingsErrors(settingsSchema, value);
  };
  return {
    name,
    version,
    rules,
    encoding,
    settingsSchema,
    /** `per-resource`, unless a rule has to see the whole plan. */
    sharding: rules.some((each) => each.finish) ? "whole-plan" : "per-resource",
    settingsErrors: errors,
    open(text, context) {
      const wrong = errors(text);
      if (wrong.length > 0) throw new Error(wrong.join("; "));
      return new Session(rules, withDefaults(settingsSchema, JSON.parse(text)), context);
    },
  };
}

/** The module at work on one plan. */
class Session {
  #runs;
  #wanted = new Map();

  constructor(rules, settings, context) {
    this.#runs = rules.map((each) => {
      const run = { settings, context, now: new Date(context.now), state: undefined };
      if (each.start) run.state = told(each, "", () => each.start(run));
      return [each, run];
    });
  }

  /** Hands each change to the rules that want it. */
  check(changes) {
    const findings = [];
    for (const change of changes) {
      const kind = `${change.mode} ${change.resource_type}`;
      let wanted = this.#wanted.get(kind);
      if (wanted === undefined) {
        wanted = this.#runs.filter(([each]) => each.wants(change.mode, change.resource_type));
        this.#wanted.set(kind, wanted);
      }
      for (const [each, run] of wanted) {
        const isAsked = each.actions.length === 0 || change.actions.some((action) => each.actions.includes(action));
        if (!isAsked || !each.check) continue;
        told(each, change.address, () => each.check(change, reporter(each, findings, change.address), run));
      }
    }
    return findings;
  }

  /** Judges the whole plan. */
  finish() {
    const findings = [];
    for (const [each, run] of this.#runs) {
      if (each.finish) told(each, "", () => each.finish(reporter(each, findings, ""), run));
    }
    return findings;
  }
}

const TAKES = ["message", "remediation", "path", "address", "unverified", "severity", "evidence", "patch"];

/** Takes the findings of one rule. */
function reporter(each, findings, at) {
  return (said) => {
    for (const member of Object.keys(said)) {
      if (!TAKES.includes(member)) throw new TypeError(`a finding has no \`${member}\``);
    }
    const { message, remediation, path: place = "", address = at, unverified = false, evidence = "planned" } = said;
    if (typeof message !== "string" || typeof remediation !== "string") {
      throw new TypeError("a finding needs `message` and `remediation`");
    }
    if (said.severity !== undefined) oneOf(each.code, [said.severity], SEVERITIES);
    findings.push({
      rule: each.code,
      outcome: unverified ? "unverified" : "violation",
      severity: said.severity,
      address,
      path: typeof place === "string" ? place : path(...place),
      message,
      remediation,
      evidence,
      patch: said.patch,
      attributes: [],
    });
  };
}

/** Says which rule could not decide, and where. */
function told(each, address, work) {
  try {
    return work();
  } catch (error) {
    const at = address ? ` at ${address}` : "";
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new Error(`${each.code}${at}: ${what}`);
  }
}
