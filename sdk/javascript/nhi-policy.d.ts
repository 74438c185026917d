/** The types of the SDK: what `// @ts-check` and TypeScript go by. */

export declare const ABI: string;

export type Severity = "info" | "low" | "medium" | "high" | "critical";
export type Action = "no-op" | "create" | "read" | "update" | "delete" | "forget";
export type Mode = "managed" | "data" | "provider" | "variable" | "output";
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A change as the contract has it, in snake case. */
export interface RawChange {
  address: string;
  /** The block in the configuration: the address without instance keys. */
  config_address: string;
  previous_address?: string;
  resource_type: string;
  provider: string;
  module_address: string;
  mode: Mode;
  actions: Action[];
  before?: any;
  /** The planned values; unknown ones are absent or null and stand in `unknown_paths`. */
  after?: any;
  /** The block's expressions as in the plan's `configuration`. */
  configuration?: any;
  unknown_paths: string[];
  sensitive_paths: string[];
  references: { path: string; addresses: string[] }[];
  location?: { file: string; line: number; column: number };
  attributes: [string, string][];
}

/** One block of the plan. */
export interface Change extends RawChange {
  /** Whether the block is there after the apply. */
  readonly remains: boolean;
  /** What stands in `after` at this place; `undefined` if there is nothing. */
  get(...parts: (string | number)[]): any;
  /** Whether the value at this place, or one around or inside it, is known only after apply. */
  isUnknown(...parts: (string | number)[]): boolean;
  /** Whether the value at this place, or one around or inside it, is sensitive. */
  isSensitive(...parts: (string | number)[]): boolean;
}
export declare const Change: { new (raw: RawChange): Change };

export interface Context {
  now: string;
  format_version: string;
  terraform_version: string;
  policy?: string;
  exceptions: { rule: string; address: string; path: string; value_sha256: string; expires_at: string }[];
  graph?: string;
  attributes: [string, string][];
}

/** What a rule knows beside the change: the settings, the context, the only clock, and a state of its own. */
export interface Run<State = any> {
  settings: any;
  context: Context;
  now: Date;
  state: State;
}

/** What a rule says of a change. */
export interface Said {
  /** What is wrong; makes sense alone on one line. */
  message: string;
  /** What to do, addressed to the reader. */
  remediation: string;
  /** A path as Terraform writes it, or its parts. */
  path?: string | (string | number)[];
  /** Where it is; left out, the change's own address. */
  address?: string;
  /** The rule could not tell, because a value is unknown. */
  unverified?: boolean;
  /** Left out, the rule's own. */
  severity?: Severity;
  evidence?: "planned" | "configuration" | "references";
  /** A replacement of one attribute that is safe to apply: an expression in HCL, empty to take the attribute out. */
  patch?: { path: string; replacement: string };
}
export type Report = (said: Said) => void;

export interface RuleSays<State = any> {
  /** Stable and never reused, for example `TEAM001`. */
  code: string;
  /** Names the bad pattern and reads well after "allow": `missing-tag`. */
  name: string;
  severity: Severity;
  summary: string;
  why: string;
  /** The rule's page, Markdown. */
  docs?: string;
  controls?: string[];
  /** Globs over the resource type; `*` matches any run of characters. */
  resources: string[];
  modes?: Mode[];
  actions?: Action[];
  /** The attributes to deliver of `before` and `after`; left out, all of them. */
  paths?: string[];
  needs?: ("before" | "configuration" | "graph")[];
  /** Changes that the rule must flag; the host mixes them in. */
  canaries?: RawChange[];
  /** Makes `run.state` when a plan is opened. */
  start?(run: Run<State>): State;
  check?(change: Change, report: Report, run: Run<State>): void;
  /** Judges the whole plan when all changes were seen; one session then sees them all. */
  finish?(report: Report, run: Run<State>): void;
}
export interface Rule extends RuleSays {
  wants(mode: Mode, resourceType: string): boolean;
}

export interface Finding {
  rule: string;
  outcome: "violation" | "unverified";
  severity?: Severity;
  address: string;
  path: string;
  message: string;
  remediation: string;
  evidence: string;
  patch?: { path: string; replacement: string };
  attributes: [string, string][];
}

export interface Module {
  name: string;
  version: string;
  rules: Rule[];
  encoding: "records" | "json-lines";
  sharding: "per-resource" | "whole-plan";
  settingsSchema?: object;
  settingsErrors(text: string): string[];
  open(text: string, context: Context): { check(changes: Change[]): Finding[]; finish(): Finding[] };
}

/** Makes a rule. */
export declare function rule<State = any>(says: RuleSays<State>): Rule;
/** Makes a module of rules. */
export declare function defineModule(says: {
  name: string;
  version: string;
  rules: Rule[];
  settingsSchema?: object;
  encoding?: "records" | "json-lines";
}): Module;
/** A path as Terraform writes it: `path("tags", "cost-center")` is `tags["cost-center"]`. */
export declare function path(...parts: (string | number)[]): string;
/** A change for tests and canaries: a resource that is created with the values `after`. */
export declare function change(address: string, after?: Json, members?: Partial<RawChange>): RawChange;

/** One way from an identity to another, as `nhi graph --format json` writes it. */
export interface Edge {
  from: string;
  to: string;
  how: string;
  via: string;
  certain: boolean;
  address: string;
  message: string;
}
export interface Reach {
  to: string;
  steps: number;
  isCertain: boolean;
  last: Edge;
}
/** The identities of a plan and the ways between them. */
export declare class Graph {
  constructor(context: Context);
  nodes: { name: string; kind: string; admin: boolean }[];
  edges: Edge[];
  omitted: number;
  administrators: Set<string>;
  becomes(name: string): Reach[];
  becomeBy(name: string): Reach[];
  becomesAdministrator(name: string): boolean;
}
