/** What the component exports: the contract on one side, a module of `defineModule` on the other. */

import { module } from "../src/module.js";
import { hide, silence } from "./absent.js";
import { ABI, Change } from "./nhi-policy.js";

hide();
silence();

/** A failure is an answer too: the run then says what could not be decided, and fails. */
function decided(work) {
  try {
    return work();
  } catch (error) {
    throw { payload: error instanceof Error ? error.message : String(error) };
  }
}

class Session {
  #session;

  constructor(session) {
    this.#session = session;
  }

  static open(settings, context) {
    const known = {
      now: context.now,
      format_version: context.formatVersion,
      terraform_version: context.terraformVersion,
      policy: context.policy,
      exceptions: context.exceptions.map(({ rule, address, path, valueSha256, expiresAt }) => {
        return { rule, address, path, value_sha256: valueSha256, expires_at: expiresAt };
      }),
      graph: context.graph,
      attributes: context.attributes,
    };
    return new Session(decided(() => module.open(settings, known)));
  }

  check(changes) {
    return decided(() => this.#session.check(changes.map(lifted)));
  }

  checkJson(lines) {
    return decided(() => {
      const changes = lines.split("\n").filter((line) => line !== "");
      return this.#session.check(changes.map((line) => new Change(JSON.parse(line))));
    });
  }

  finish() {
    return decided(() => this.#session.finish());
  }
}

/** A record as a line of `check-json` would have it. */
function lifted(record) {
  const raw = {
    address: record.address,
    config_address: record.configAddress,
    previous_address: record.previousAddress,
    resource_type: record.resourceType,
    provider: record.provider,
    module_address: record.moduleAddress,
    mode: record.mode,
    actions: record.actions,
    unknown_paths: record.unknownPaths,
    sensitive_paths: record.sensitivePaths,
    references: record.references,
    location: record.location,
    attributes: record.attributes,
  };
  for (const name of ["before", "after", "configuration"]) {
    if (record[name] !== undefined) raw[name] = JSON.parse(record[name]);
  }
  return new Change(raw);
}

export const policy = {
  describe() {
    return {
      name: module.name,
      version: module.version,
      abi: ABI,
      rules: module.rules.map(({ code, name, severity, summary, why, docs, controls }) => {
        return { code, name, severity, summary, why, docs, controls, attributes: [] };
      }),
      interests: module.rules.map(({ modes, resources, actions, paths, needs }) => {
        return { modes, resourceTypes: resources, actions, paths, needs, attributes: [] };
      }),
      sharding: module.sharding,
      encoding: module.encoding,
      settingsSchema: module.settingsSchema === undefined ? "" : JSON.stringify(module.settingsSchema),
      canaries: module.rules.flatMap(({ code, canaries }) => {
        return canaries.map((raw) => ({ rule: code, change: JSON.stringify(raw) }));
      }),
      attributes: [],
    };
  },

  validateSettings(settings) {
    const errors = module.settingsErrors(settings);
    if (errors.length > 0) throw { payload: errors };
  },

  Session,
};
