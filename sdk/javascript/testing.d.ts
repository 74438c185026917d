/** The types of the tester. */

import { Context, Finding, Module, RawChange } from "./nhi-policy.js";

export { change } from "./nhi-policy.js";

/** Hands changes to a module and gives back what it found. */
export declare class Tester {
  constructor(module: Module, options?: { settings?: object; context?: Partial<Context> });
  changes(...changes: RawChange[]): Finding[];
  plan(file: string): Finding[];
}
export declare function changesOfPlan(plan: object): RawChange[];
